//! A Microsoft of its own for every test, one way to call it, and an ear that hears what it posts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use daybook_sandbox::cloud::{Answered, Caller, Opening, Unreachable};
use daybook_sandbox::microsoft::Microsoft;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt;

pub const IMMUTABLE: (&str, &str) = ("Prefer", "IdType=\"ImmutableId\"");
/// The root of the API as others reach it.
pub const ROOT: &str = "http://graph.test:1/sandbox/microsoft/v1.0";

pub struct House {
    pub graph: Microsoft,
    pub ear: Arc<Ear>,
    now: Arc<Mutex<Timestamp>>,
    token: String,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The body of a success.
    pub fn good(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        self.json()
    }
}

impl House {
    /// Ada, signed in with what a calendar client asks for, on Thursday, 26 November 2026.
    pub fn new() -> Self {
        Self::of("ada@clinic.example", &["Calendars.ReadWrite", "User.Read"])
    }

    pub fn of(account: &str, scopes: &[&str]) -> Self {
        Self::open(account, scopes, None)
    }

    /// The same people, kept in a file.
    pub fn in_file(file: &Path) -> Self {
        Self::open("ada@clinic.example", &["Calendars.ReadWrite", "User.Read"], Some(file.to_owned()))
    }

    fn open(account: &str, scopes: &[&str], file: Option<PathBuf>) -> Self {
        let now = Arc::new(Mutex::new("2026-11-26T15:00:00Z".parse().unwrap()));
        let ear = Arc::new(Ear::default());
        let clock = Arc::clone(&now);
        let graph = Microsoft::open(Opening {
            file,
            base: "http://graph.test:1/sandbox/microsoft".parse().unwrap(),
            clock: Arc::new(move || *clock.lock().unwrap()),
            caller: Arc::clone(&ear) as Arc<dyn Caller>,
        })
        .unwrap();
        let token = graph.cloud().issue(account, "client-1", scopes).unwrap().access_token;
        Self { graph, ear, now, token }
    }

    pub fn pass(&self, minutes: i64) {
        *self.now.lock().unwrap() += SignedDuration::from_mins(minutes);
    }

    /// Signs in again, as a client does when its token has expired.
    pub fn sign_in(&mut self, account: &str) {
        let scopes = ["Calendars.ReadWrite", "User.Read"];
        self.token = self.graph.cloud().issue(account, "client-1", &scopes).unwrap().access_token;
    }

    /// A path below the mount, or a link.
    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Reply {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let path = path.strip_prefix("http://graph.test:1/sandbox/microsoft").unwrap_or(path);
        let uri = format!("/sandbox/microsoft{path}");
        let mut request = Request::builder().method(method).uri(uri);
        request = request.header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.graph.router().oneshot(request.body(Body::from(text)).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Reply { status: head.status, headers: head.headers, text }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", &format!("/v1.0{path}"), &[IMMUTABLE], Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", &format!("/v1.0{path}"), &[IMMUTABLE], body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call("PATCH", &format!("/v1.0{path}"), &[IMMUTABLE], body).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", &format!("/v1.0{path}"), &[IMMUTABLE], Value::Null).await
    }

    /// An empty calendar of Ada's; its id.
    pub async fn calendar(&self, name: &str) -> String {
        let made = self.post("/me/calendars", json!({"name": name})).await.good();
        made["id"].as_str().unwrap().to_owned()
    }

    /// An event in a calendar; its immutable id.
    pub async fn event(&self, calendar: &str, body: Value) -> String {
        let made = self.post(&format!("/me/calendars/{calendar}/events"), body).await.good();
        made["id"].as_str().unwrap().to_owned()
    }

    pub async fn switch(&self, switches: Value) {
        self.call("PUT", "/control/graph", &[], switches).await.good();
    }

    pub async fn control(&self, wish: Value) -> Value {
        self.call("POST", "/control", &[], wish).await.good()
    }

    /// A whole round of a delta from a link or path: what it told, and the link to the next one.
    pub async fn round(&self, link: &str, page_size: usize) -> (Vec<Value>, String) {
        let prefer =
            format!("IdType=\"ImmutableId\", outlook.timezone=\"UTC\", odata.maxpagesize={page_size}");
        let (mut told, mut link) = (Vec::new(), link.to_owned());
        for _ in 0..100 {
            let page = self.call("GET", &link, &[("Prefer", &prefer)], Value::Null).await.good();
            told.extend(page["value"].as_array().unwrap().iter().cloned());
            match page["@odata.nextLink"].as_str() {
                Some(next) => next.clone_into(&mut link),
                None => return (told, page["@odata.deltaLink"].as_str().unwrap().to_owned()),
            }
        }
        panic!("the round has no end");
    }
}

/// Half an hour on Tuesday, 3 March 2026.
pub fn booked() -> Value {
    json!({
        "subject": "Booked",
        "start": {"dateTime": "2026-03-03T08:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-03T08:30:00", "timeZone": "UTC"},
    })
}

/// Every Tuesday at nine in Berlin, across the clocks' change of 29 March.
pub fn weekly(count: u32) -> Value {
    json!({
        "subject": "Team", "showAs": "tentative",
        "start": {"dateTime": "2026-03-17T09:00:00", "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": "2026-03-17T10:00:00", "timeZone": "W. Europe Standard Time"},
        "recurrence": {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
            "range": {"type": "numbered", "startDate": "2026-03-17", "numberOfOccurrences": count},
        },
    })
}

/// A body with some members replaced.
pub fn with(mut body: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("not an object") };
    body.as_object_mut().unwrap().extend(changes);
    body
}

pub fn each<'a>(values: &'a [Value], name: &str) -> Vec<&'a str> {
    values.iter().map(|one| one[name].as_str().unwrap_or("-")).collect()
}

pub fn list(body: &Value) -> &[Value] {
    body["value"].as_array().unwrap()
}

/// How the other side answers a handshake.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    /// The token, as plain text.
    #[default]
    Polite,
    /// The token, as a web page.
    Html,
    Rude,
    Silent,
    /// Never.
    Waits,
}

/// Hears everything that is posted.
#[derive(Default)]
pub struct Ear {
    pub heard: Mutex<Vec<(String, String)>>,
    pub manner: Mutex<Manner>,
}

impl Ear {
    pub fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }
}

#[async_trait]
impl Caller for Ear {
    async fn post(
        &self,
        url: &str,
        _headers: &[(String, String)],
        body: String,
    ) -> Result<Answered, Unreachable> {
        self.heard.lock().unwrap().push((url.to_owned(), body));
        let sent = url::Url::parse(url).unwrap();
        let token = sent.query_pairs().find(|(name, _)| name == "validationToken");
        let token = token.map(|(_, value)| value.into_owned());
        let manner = *self.manner.lock().unwrap();
        let answered = |status, kind: &str| Answered {
            status,
            content_type: kind.to_owned(),
            body: token.clone().unwrap_or_default(),
        };
        match manner {
            Manner::Polite if token.is_some() => Ok(answered(200, "text/plain; charset=utf-8")),
            Manner::Polite => Ok(answered(202, "")),
            Manner::Html => Ok(answered(200, "text/html")),
            Manner::Rude => Ok(answered(403, "text/plain")),
            Manner::Silent => Err(Unreachable),
            Manner::Waits => std::future::pending().await,
        }
    }
}

/// As one path segment or one value of a query.
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
