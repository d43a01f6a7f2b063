//! A sandbox provider as the binary runs it, and a person who uses its API from an app that is not ours, with a token
//! of that app. Google and Microsoft alike, so that a story is told once.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::browser::{Browser, allow};
use super::ehr::at;
use super::town::own_app;
use crate::canary::plant;

/// The clinician's account, as both sandboxes have it.
pub const ADA: &str = "ada@clinic.example";
/// A colleague's.
pub const BEN: &str = "ben@clinic.example";
/// How the sandboxes know Daybook, where a story tells them.
pub const CLIENT_SECRET: &str = "secret-of-the-test-client";
const APP: &str = "somebody-elses-app";
/// Nobody listens there: the browser stops before it.
const APP_REDIRECT: &str = "http://app.example/back";
/// More pages than any test fills.
const MOST_PAGES: usize = 50;
/// How often an app asks again that is told to wait.
const MOST_TRIES: usize = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
const ZONE: &str = "America/New_York";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Provider {
    Google,
    Microsoft,
}

impl Provider {
    pub const BOTH: [Self; 2] = [Self::Google, Self::Microsoft];

    /// As the API and addresses spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
        }
    }
}

/// What a Daybook is told in its environment, so that its providers are the sandboxes at this address.
pub fn settings(base: &str) -> Vec<(&'static str, String)> {
    let (google, microsoft) = (format!("{base}/sandbox/google"), format!("{base}/sandbox/microsoft"));
    vec![
        ("DAYBOOK_GOOGLE_AUTH_URL", format!("{google}/o/oauth2/v2/auth")),
        ("DAYBOOK_GOOGLE_TOKEN_URL", format!("{google}/token")),
        ("DAYBOOK_GOOGLE_REVOKE_URL", format!("{google}/revoke")),
        ("DAYBOOK_GOOGLE_API_URL", google),
        ("DAYBOOK_MICROSOFT_AUTH_URL", format!("{microsoft}/common/oauth2/v2.0/authorize")),
        ("DAYBOOK_MICROSOFT_TOKEN_URL", format!("{microsoft}/common/oauth2/v2.0/token")),
        ("DAYBOOK_MICROSOFT_API_URL", format!("{microsoft}/v1.0")),
    ]
}

/// A sandbox provider.
#[derive(Clone)]
pub struct Cloud {
    pub provider: Provider,
    base: String,
    client: reqwest::Client,
}

impl Cloud {
    /// The one in the Daybook at this address.
    pub fn of(provider: Provider, daybook: &str) -> Self {
        let client = own_app();
        Self { provider, base: format!("{daybook}/sandbox/{}", provider.word()), client }
    }

    /// Turns a switch.
    pub async fn control(&self, wish: &Value) {
        let answer = self.client.post(format!("{}/control", self.base)).json(wish).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200, "{wish}: {}", answer.text().await.unwrap_or_default());
    }

    /// How it stands: what was asked of it, mails, subscriptions.
    pub async fn standing(&self) -> Value {
        let answer = self.client.get(format!("{}/control", self.base)).send().await.expect("an answer");
        answer.json().await.expect("a document")
    }

    /// Daybook never has the provider write to people; a person who invites somebody does.
    pub async fn assert_no_mail(&self) {
        let mut mails = self.standing().await["mails"].as_array().expect("mails").clone();
        mails.retain(|mail| mail["client"] != APP);
        assert_eq!(mails, [Value::Null; 0], "{:?}", self.provider);
    }

    /// Lets a person sign in at an app of theirs.
    pub async fn person(&self, account: &str) -> Person {
        let (scope, page, token) = match self.provider {
            Provider::Google => ("https://www.googleapis.com/auth/calendar", "/o/oauth2/v2/auth", "/token"),
            Provider::Microsoft => {
                ("Calendars.ReadWrite", "/common/oauth2/v2.0/authorize", "/common/oauth2/v2.0/token")
            }
        };
        let asked = [
            ("client_id", APP),
            ("redirect_uri", APP_REDIRECT),
            ("response_type", "code"),
            ("scope", scope),
            ("login_hint", account),
        ];
        let page = Url::parse_with_params(&format!("{}{page}", self.base), asked).expect("an address");
        let browser = Browser::new();
        let back = allow(&browser, browser.open(page.as_str()).await, account).await.url;
        let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", APP),
            ("client_secret", "any"),
            ("redirect_uri", APP_REDIRECT),
            ("code", code.as_str()),
        ];
        let answer = self.client.post(format!("{}{token}", self.base)).form(&form).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("a document");
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}"));
        Person { cloud: self.clone(), token: token.to_owned() }
    }

    /// Answers the invitation that stands in an account from the first day, on the provider's own page.
    pub async fn decline_invitation(&self, account: &str) {
        let browser = Browser::new();
        let page = browser.open(&format!("{}/?account={account}", self.base)).await;
        let page = browser.follow(&page, "Next").await;
        let mut forms = page.forms();
        forms.retain(|form| form.has_button("Decline"));
        let page = browser.press(forms.first().expect("an invitation"), "Decline").await;
        assert_eq!(page.status, 200, "{}", page.text());
    }
}

/// A person with an app.
pub struct Person {
    cloud: Cloud,
    token: String,
}

/// What a person plans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan<'a> {
    /// Instants, as FHIR writes them.
    Once(&'a str, &'a str),
    /// A whole day, so many days from today.
    Day(i64),
    /// The same a week later, and once more.
    Thrice(&'a str, &'a str),
    /// Shown as free.
    Free(&'a str, &'a str),
    /// A whole day, so many days from today, and shown as free.
    FreeDay(i64),
}

/// What stands in a calendar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    pub id: String,
    /// As FHIR writes it.
    pub start: String,
    pub end: String,
    pub title: String,
    pub is_private: bool,
    pub is_busy: bool,
    pub has_alarm: bool,
    /// The whole of it.
    pub body: Value,
}

impl Person {
    pub async fn make_calendar(&self, name: &str) -> String {
        let (path, body) = match self.cloud.provider {
            Provider::Google => ("/calendars", json!({"summary": name})),
            Provider::Microsoft => ("/me/calendars", json!({"name": name})),
        };
        text(&self.ask(Method::POST, path, Some(body)).await["id"])
    }

    /// The ids and names of all calendars.
    pub async fn calendars(&self) -> Vec<(String, String)> {
        let (path, name) = match self.cloud.provider {
            Provider::Google => ("/users/me/calendarList", "summary"),
            Provider::Microsoft => ("/me/calendars?$top=100", "name"),
        };
        let all = self.all(path).await;
        all.iter().map(|calendar| (text(&calendar["id"]), text(&calendar[name]))).collect()
    }

    /// Plans something that is full of canaries; returns its id.
    pub async fn add(&self, calendar: &str, plan: Plan<'_>) -> String {
        let body = match self.cloud.provider {
            Provider::Google => google_body(plan),
            Provider::Microsoft => microsoft_body(plan),
        };
        self.add_body(calendar, body).await
    }

    /// Plans whatever the provider takes; returns its id.
    pub async fn add_body(&self, calendar: &str, body: Value) -> String {
        text(&self.ask(Method::POST, &self.events_path(calendar), Some(body)).await["id"])
    }

    pub async fn shift(&self, calendar: &str, id: &str, start: &str, end: &str) {
        let body = self.times(start, end);
        self.ask(Method::PATCH, &self.event_path(calendar, id), Some(body)).await;
    }

    pub async fn delete(&self, calendar: &str, id: &str) {
        self.ask(Method::DELETE, &self.event_path(calendar, id), None).await;
    }

    /// Everything that stands in a calendar, by start; a series is one.
    pub async fn events(&self, calendar: &str) -> Vec<Event> {
        let pages = match self.cloud.provider {
            Provider::Google => "?maxResults=2500",
            Provider::Microsoft => "?$top=100",
        };
        let all = self.all(&format!("{}{pages}", self.events_path(calendar))).await;
        let mut events: Vec<Event> = all.into_iter().map(|event| self.read(event)).collect();
        events.sort_by(|one, other| one.start.cmp(&other.start));
        events
    }

    fn times(&self, start: &str, end: &str) -> Value {
        match self.cloud.provider {
            Provider::Google => google_times(start, end),
            Provider::Microsoft => microsoft_times(start, end),
        }
    }

    fn read(&self, body: Value) -> Event {
        let (start, end) = (&body["start"], &body["end"]);
        let id = text(&body["id"]);
        match self.cloud.provider {
            Provider::Google => Event {
                id,
                start: instant(text(&start["dateTime"])),
                end: instant(text(&end["dateTime"])),
                title: text(&body["summary"]),
                is_private: body["visibility"] == "private",
                is_busy: body["transparency"] != "transparent",
                has_alarm: body["reminders"]["useDefault"] != false
                    || body["reminders"]["overrides"].as_array().is_some_and(|all| !all.is_empty()),
                body,
            },
            Provider::Microsoft => Event {
                id,
                start: instant(format!("{}Z", text(&start["dateTime"]))),
                end: instant(format!("{}Z", text(&end["dateTime"]))),
                title: text(&body["subject"]),
                is_private: body["sensitivity"] == "private",
                is_busy: body["showAs"] == "busy",
                has_alarm: body["isReminderOn"] == true,
                body,
            },
        }
    }

    fn events_path(&self, calendar: &str) -> String {
        match self.cloud.provider {
            Provider::Google => format!("/calendars/{}/events", segment(calendar)),
            Provider::Microsoft => format!("/me/calendars/{}/events", segment(calendar)),
        }
    }

    fn event_path(&self, calendar: &str, id: &str) -> String {
        match self.cloud.provider {
            Provider::Google => format!("/calendars/{}/events/{}", segment(calendar), segment(id)),
            Provider::Microsoft => format!("/me/events/{}", segment(id)),
        }
    }

    async fn all(&self, path: &str) -> Vec<Value> {
        let (mut path, mut all) = (path.to_owned(), Vec::new());
        for _ in 0..MOST_PAGES {
            let page = self.ask(Method::GET, &path, None).await;
            let items = page.get("items").or(page.get("value")).and_then(Value::as_array);
            all.extend(items.unwrap_or_else(|| panic!("{path}: {page}")).iter().cloned());
            match (page["nextPageToken"].as_str(), page["@odata.nextLink"].as_str()) {
                (Some(token), _) => {
                    let (bare, _) = path.split_once("&pageToken").unwrap_or((&path, ""));
                    path = format!("{bare}&pageToken={token}");
                }
                (None, Some(link)) => {
                    link.split_once("/v1.0").expect("a link into the API").1.clone_into(&mut path);
                }
                (None, None) => return all,
            }
        }
        panic!("the pages of {path} do not end")
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let api = match self.cloud.provider {
            Provider::Google => "/calendar/v3",
            Provider::Microsoft => "/v1.0",
        };
        let url = format!("{}{api}{path}", self.cloud.base);
        for _ in 0..MOST_TRIES {
            let mut request = self.cloud.client.request(method.clone(), &url).bearer_auth(&self.token);
            request = request.header("prefer", r#"IdType="ImmutableId", outlook.timezone="UTC""#);
            if let Some(body) = &body {
                request = request.json(body);
            }
            let answer = request.send().await.expect("an answer");
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            // Somebody else is asking the mailbox too much at once.
            if status == StatusCode::TOO_MANY_REQUESTS {
                tokio::time::sleep(BETWEEN_TRIES).await;
                continue;
            }
            assert!(status.is_success(), "{method} {path}: {status} {text}");
            return serde_json::from_str(&text).unwrap_or_default();
        }
        panic!("{method} {path}: too many requests, each time")
    }
}

fn google_body(plan: Plan<'_>) -> Value {
    let titled = |times| with(plant::google_words(), times);
    match plan {
        Plan::Once(start, end) => titled(google_times(start, end)),
        Plan::Day(days) => titled(json!({"start": {"date": date(days)}, "end": {"date": date(days + 1)}})),
        Plan::FreeDay(days) => with(google_body(Plan::Day(days)), json!({"transparency": "transparent"})),
        Plan::Thrice(start, end) => {
            with(titled(google_times(start, end)), json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}))
        }
        Plan::Free(start, end) => {
            with(titled(google_times(start, end)), json!({"transparency": "transparent"}))
        }
    }
}

fn google_times(start: &str, end: &str) -> Value {
    let moment = |at: &str| json!({"dateTime": at, "timeZone": "UTC"});
    json!({"start": moment(start), "end": moment(end)})
}

fn microsoft_body(plan: Plan<'_>) -> Value {
    let titled = |times| with(plant::microsoft_words(), times);
    match plan {
        Plan::Once(start, end) => titled(microsoft_times(start, end)),
        Plan::Day(days) => {
            let midnight = |days| json!({"dateTime": format!("{}T00:00:00", date(days)), "timeZone": ZONE});
            titled(json!({"isAllDay": true, "start": midnight(days), "end": midnight(days + 1)}))
        }
        Plan::FreeDay(days) => with(microsoft_body(Plan::Day(days)), json!({"showAs": "free"})),
        Plan::Thrice(start, end) => {
            with(titled(microsoft_times(start, end)), json!({"recurrence": thrice(start)}))
        }
        Plan::Free(start, end) => with(titled(microsoft_times(start, end)), json!({"showAs": "free"})),
    }
}

fn microsoft_times(start: &str, end: &str) -> Value {
    let moment = |at: &str| json!({"dateTime": at.trim_end_matches('Z'), "timeZone": "UTC"});
    json!({"start": moment(start), "end": moment(end)})
}

fn thrice(start: &str) -> Value {
    let first: jiff::civil::Date = start[..10].parse().expect("a date");
    let day = first.strftime("%A").to_string().to_lowercase();
    json!({
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [day], "firstDayOfWeek": "sunday"},
        "range": {"type": "numbered", "numberOfOccurrences": 3, "startDate": first.to_string(), "recurrenceTimeZone": "UTC"},
    })
}

fn date(days: i64) -> String {
    at(days, 0)[..10].to_owned()
}

fn with(mut body: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (body.as_object_mut(), more) {
        fields.extend(more);
    }
    body
}

/// As FHIR writes it; what is no instant stays as it is.
fn instant(text: String) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => text,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An id as one segment of a path.
fn segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}
