//! One sandbox Google in memory, with a clock that stands still until it is told and a person of our own.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use daybook_sandbox::cloud::{
    Account, Answered, Calendar, Caller, Item, Opening, Organisation, Role, Unreachable,
};
use daybook_sandbox::google::Google;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt;

pub const BASE: &str = "http://google.test/sandbox/google";
pub const CLIENT: &str = "app.apps.googleusercontent.com";
pub const EVENTS: &str = "/calendar/v3/calendars/primary/events";

/// What was posted: address and headers.
pub type Posted = (String, BTreeMap<String, String>);

#[derive(Default)]
pub struct Ear {
    pub posted: Mutex<Vec<Posted>>,
}

#[async_trait]
impl Caller for Ear {
    async fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        _body: String,
    ) -> Result<Answered, Unreachable> {
        let headers = headers.iter().cloned().collect();
        self.posted.lock().unwrap().push((url.to_owned(), headers));
        Ok(Answered { status: 204, content_type: String::new(), body: String::new() })
    }
}

pub struct House {
    pub google: Google,
    pub ear: Arc<Ear>,
    router: Router,
    now: Arc<Mutex<Timestamp>>,
    pub token: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub retry_after: String,
    pub text: String,
}

impl Answer {
    pub fn code(&self) -> u16 {
        self.status.as_u16()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// Status and `error.errors[0].reason`.
    pub fn refusal(&self) -> (u16, String) {
        let reason = self.json()["error"]["errors"][0]["reason"].as_str().unwrap_or_default().to_owned();
        (self.code(), reason)
    }

    /// The ids of the items, cancelled ones with a cross.
    pub fn ids(&self) -> String {
        let body = self.json();
        let id = |item: &Value| {
            let cross = if item["status"] == "cancelled" { "x" } else { "" };
            format!("{cross}{}", item["id"].as_str().unwrap())
        };
        body["items"].as_array().unwrap().iter().map(id).collect::<Vec<_>>().join(" ")
    }
}

impl House {
    /// Dora, in Berlin, with a calendar of every role; the token may do everything.
    pub fn new() -> Self {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let now = Arc::new(Mutex::new(now));
        let (clock, ear) = (now.clone(), Arc::new(Ear::default()));
        let opening = Opening {
            file: None,
            base: BASE.parse().unwrap(),
            clock: Arc::new(move || *clock.lock().unwrap()),
            caller: ear.clone(),
        };
        let google = Google::open(opening).unwrap();
        plant(&google);
        let router = google.router();
        let mut house = Self { google, ear, router, now, token: String::new() };
        house.token = house.token_for(CLIENT, &["calendar"]);
        house
    }

    pub fn token_for(&self, client: &str, scopes: &[&str]) -> String {
        let full: Vec<String> =
            scopes.iter().map(|scope| format!("https://www.googleapis.com/auth/{scope}")).collect();
        let full: Vec<&str> = full.iter().map(String::as_str).collect();
        self.google.cloud().issue("dora", client, &full).unwrap().access_token
    }

    pub fn with_scopes(mut self, scopes: &[&str]) -> Self {
        self.token = self.token_for(CLIENT, scopes);
        self
    }

    pub fn pass(&self, time: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }

    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/sandbox/google{path}"));
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let (status, content_type, retry_after) =
            (response.status(), header("content-type"), header("retry-after"));
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, content_type, retry_after, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], Body::empty()).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask(method, path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body).await
    }

    /// An event in the main calendar.
    pub async fn insert(&self, body: &Value) -> Value {
        let answer = self.post(EVENTS, body).await;
        assert_eq!(answer.code(), 200, "{}", answer.text);
        answer.json()
    }

    /// All pages of a listing: the ids of each page, and the last page's body.
    pub async fn walk(&self, query: &str) -> (Vec<String>, Value) {
        self.walk_on(query, "").await
    }

    /// As `walk`, beginning with a later page.
    pub async fn walk_on(&self, query: &str, page: &str) -> (Vec<String>, Value) {
        let mut token = if page.is_empty() { String::new() } else { format!("&pageToken={page}") };
        let mut pages = Vec::new();
        for _ in 0..50 {
            let answer = self.get(&format!("{EVENTS}?{query}{token}")).await;
            assert_eq!(answer.code(), 200, "{}", answer.text);
            pages.push(answer.ids());
            let body = answer.json();
            match body["nextPageToken"].as_str() {
                Some(next) => {
                    assert!(body.get("nextSyncToken").is_none());
                    token = format!("&pageToken={next}");
                }
                None => return (pages, body),
            }
        }
        panic!("a listing without an end");
    }

    /// The ids of a listing, and its sync token.
    pub async fn full(&self, query: &str) -> (String, String) {
        let (pages, last) = self.walk(query).await;
        let ids: Vec<String> = pages.into_iter().filter(|page| !page.is_empty()).collect();
        (ids.join(" "), last["nextSyncToken"].as_str().unwrap_or_default().to_owned())
    }

    /// What is new, and the next sync token.
    pub async fn news(&self, query: &str, token: &str) -> (String, String) {
        self.full(&format!("{query}&syncToken={token}")).await
    }

    pub async fn control(&self, wish: Value) -> Value {
        let answer = self.post("/control", &wish).await;
        assert_eq!(answer.code(), 200, "{}", answer.text);
        answer.json()
    }

    pub async fn mails(&self) -> usize {
        self.get("/control").await.json()["mails"].as_array().unwrap().len()
    }
}

/// A timed event in Berlin.
pub fn timed(id: &str, start: &str, end: &str) -> Value {
    let at = |time: &str| json!({"dateTime": format!("2026-{time}:00+01:00"), "timeZone": "Europe/Berlin"});
    json!({"id": id, "summary": format!("about {id}"), "start": at(start), "end": at(end)})
}

/// The body with other fields on top.
pub fn with(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Every Tuesday at nine, in Berlin.
pub fn weekly(id: &str) -> Value {
    with(timed(id, "03-03T09:00", "03-03T10:00"), &json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"]}))
}

fn plant(google: &Google) {
    let done: Result<(), Infallible> = google.cloud().change(|tx| {
        tx.put_account(Account {
            id: "dora".to_owned(),
            email: "dora@clinic.example".to_owned(),
            name: "Dora Lind".to_owned(),
            kind: Organisation::Organisation,
            time_zone: "Europe/Berlin".to_owned(),
        });
        let own = [
            ("dora@clinic.example", Role::Primary),
            ("own@group.calendar.google.com", Role::Own),
            ("de.german#holiday@group.v.calendar.google.com", Role::Holiday),
            ("feed@import.calendar.google.com", Role::Subscribed),
        ];
        for (id, role) in own {
            tx.put_calendar(calendar(id, "dora", role));
        }
        let shared = [
            ("writer@clinic.example", Role::SharedWriter),
            ("reader@clinic.example", Role::SharedReader),
            ("times@clinic.example", Role::FreeBusyOnly),
        ];
        for (id, role) in shared {
            let mut found = calendar(id, "nobody", Role::Primary);
            found.shared_with.insert("dora".to_owned(), role);
            tx.put_calendar(found);
            let body = with(timed("there", "03-04T09:00", "03-04T10:00"), &json!({"visibility": "private"}));
            tx.put_item(Item::new(id, "there", body));
        }
        Ok(())
    });
    done.unwrap();
}

fn calendar(id: &str, account: &str, role: Role) -> Calendar {
    Calendar {
        id: id.to_owned(),
        account: account.to_owned(),
        name: id.to_owned(),
        role,
        time_zone: "Europe/Berlin".to_owned(),
        made_by_client: None,
        shared_with: BTreeMap::new(),
        extra: json!({}),
        seq: 0,
        deleted: false,
    }
}
