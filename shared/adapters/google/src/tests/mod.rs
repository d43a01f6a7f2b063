//! Whole conversations: what is asked, in which order, and what comes of the answers. Each answer is scripted; asking
//! more or less than the script fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod account;
mod reading;
mod writing;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use daybook_core::access::Access;
use daybook_core::event::Seen;
use daybook_core::ids::{CalendarId, Cursor, ItemId};
use daybook_core::link::Touch;
use daybook_core::mirror::{Certainty, Content, MirrorContent, MirrorId};
use daybook_core::subscription::Subscription;
use daybook_core::time::Interval;
use daybook_engine::ports::{
    Calendar, Code, Completeness, Entry, Expected, Listing, MirrorRef, Naming, NewSubscription, PageSignIn,
    Step, Visit, Written,
};
use daybook_http::TransportError;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use super::*;

/// One exchange: a word that the request must hold in its line or body, and the answer.
struct Turn {
    asked: String,
    status: u16,
    kind: &'static str,
    body: String,
}

fn turn(asked: &str, status: u16, body: impl Into<String>) -> Turn {
    Turn { asked: asked.into(), status, kind: "application/json", body: body.into() }
}

/// A batch of which each part has a status and a body; told in reverse order.
fn batch(asked: &str, parts: &[(u16, &str)]) -> Turn {
    let part = |(number, (status, text)): (usize, &(u16, &str))| {
        format!(
            "--b\r\nContent-Type: application/http\r\nContent-ID: <response-item{number}>\r\n\r\n\
             HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\r\n{text}\r\n"
        )
    };
    let body: String = parts.iter().enumerate().rev().map(part).collect();
    Turn { asked: asked.into(), status: 200, kind: "multipart/mixed; boundary=b", body: body + "--b--" }
}

struct Script {
    turns: Mutex<VecDeque<Turn>>,
    /// Method, target and body of each request, and who asked.
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let bearer = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let line = format!("{} {} {body} {}", request.method(), request.uri(), bearer.unwrap_or_default());
        let turn = self.turns.lock().unwrap().pop_front().unwrap_or_else(|| panic!("unexpected: {line}"));
        assert!(line.contains(&turn.asked), "{line} instead of {}", turn.asked);
        self.asked.lock().unwrap().push(line);
        if turn.status == 0 {
            return Err(TransportError::Connection("cut".into()));
        }
        let answer = Response::builder().status(turn.status).header("content-type", turn.kind);
        Ok(answer.body(turn.body.into()).unwrap())
    }
}

impl Script {
    fn new(turns: Vec<Turn>) -> Arc<Self> {
        Arc::new(Self { turns: Mutex::new(turns.into()), asked: Mutex::default() })
    }

    fn is_over(&self) -> bool {
        self.turns.lock().unwrap().is_empty()
    }
}

struct Tokens;

#[async_trait]
impl AccessTokens for Tokens {
    async fn token(&self) -> Result<SecretString, RemoteError> {
        Ok("at-1".into())
    }

    async fn instead_of(&self, refused: &SecretString) -> Result<SecretString, RemoteError> {
        assert_eq!(refused.expose_secret(), "at-1");
        Ok("at-2".into())
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        at("2026-03-01T12:00:00Z")
    }
}

fn google(script: Arc<Script>) -> Google {
    let url = |path: &str| format!("https://g.example{path}").parse().unwrap();
    let config = GoogleConfig {
        client_id: "client".into(),
        client_secret: "s3cret".into(),
        auth_url: url("/auth"),
        token_url: url("/token"),
        revoke_url: url("/revoke"),
        api_url: url(""),
    };
    Google::new(config, script, Arc::new(Noon))
}

fn account(script: &Arc<Script>) -> Arc<dyn Account> {
    let credentials = Credentials::Granted { provider: Provider::Google, refresh_token: "rt".into() };
    google(script.clone()).open(&credentials, Arc::new(Tokens)).unwrap()
}

fn calendar(script: &Arc<Script>) -> Arc<dyn Calendar> {
    account(script).calendar(&CalendarId::from("cal"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn march() -> Interval {
    Interval::new(at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z")).unwrap()
}

fn name(letter: char) -> MirrorId {
    MirrorId::parse(&format!("db1{}", letter.to_string().repeat(40))).unwrap()
}

fn timed(id: &str, day: u8, more: &str) -> String {
    format!(
        r#"{{"id":"{id}","etag":"\"{id}-1\"","status":"confirmed",
            "start":{{"dateTime":"2026-03-{day:02}T09:00:00Z"}},"end":{{"dateTime":"2026-03-{day:02}T10:00:00Z"}}{more}}}"#
    )
}

fn instance(series: &str, day: u8) -> String {
    timed(&format!("{series}_202603{day:02}T090000Z"), day, &format!(r#","recurringEventId":"{series}""#))
}

fn page(items: &[String], last: &str) -> String {
    format!(r#"{{"items":[{}],{last}}}"#, items.join(","))
}

fn sync(token: &str) -> String {
    format!(r#""nextSyncToken":"{token}""#)
}

fn cursor() -> Cursor {
    let bounds = Interval::new(at("2026-01-30T00:00:00Z"), at("2026-05-01T00:00:00Z")).unwrap();
    Cursor::new(format!(r#"{{"token":"t1","from":"{}","to":"{}"}}"#, bounds.start(), bounds.end()))
}

/// One word an entry.
fn told(listing: &Listing) -> Vec<String> {
    listing.entries.iter().map(told_of).collect()
}

fn told_of(entry: &Entry) -> String {
    match entry {
        Entry::Touched { item, revision, name } => {
            let named = if name.is_some() { "our " } else { "" };
            format!("{named}{item} touched {}", revision.as_ref().map_or("-", |revision| revision.as_str()))
        }
        Entry::Seen(sighting) => format!("{} {}", sighting.item, what(&sighting.seen)),
    }
}

fn what(seen: &Seen) -> String {
    match seen {
        Seen::Events(events) => {
            let names = events.iter().map(|event| event.occurrence.as_str());
            format!("events[{}]", names.collect::<Vec<_>>().join(" "))
        }
        Seen::Named { content, events, .. } => format!("named {:?} {}", content.title, events.len()),
        Seen::Gone => "gone".into(),
        Seen::Unreadable { .. } => "unreadable".into(),
    }
}

fn content() -> MirrorContent {
    MirrorContent {
        title: "Busy".into(),
        interval: Interval::new(at("2026-03-03T08:00:00Z"), at("2026-03-03T08:30:00Z")).unwrap(),
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    }
}

fn at_name(letter: char) -> MirrorRef {
    MirrorRef { mirror: name(letter), remote: None }
}

fn put(letter: char, expected: Expected) -> Step {
    Step::Put { at: at_name(letter), expected, content: Content::Mirror(content()) }
}

fn delete(letter: char) -> Step {
    Step::Delete { at: at_name(letter), expected: Expected::Revision("\"1\"".into(), Touch::OursAlone) }
}

/// A mirror as it stands there.
fn standing(letter: char, more: &str) -> String {
    format!(
        r#"{{"id":"{}","etag":"\"1\"","status":"confirmed","summary":"Busy","visibility":"private",
            "start":{{"dateTime":"2026-03-03T08:00:00Z"}},"end":{{"dateTime":"2026-03-03T08:30:00Z"}},
            "reminders":{{"useDefault":false}},"extendedProperties":{{"private":{{"daybookReminder":"none"}}}}{more}}}"#,
        name(letter)
    )
}

fn deleted(id: &str, etag: &str) -> String {
    format!(r#"{{"kind":"calendar#event","id":"{id}","etag":"\"{etag}\"","status":"cancelled"}}"#)
}

fn refusal(status: u16, reason: &str) -> String {
    format!(r#"{{"error":{{"errors":[{{"domain":"global","reason":"{reason}"}}],"code":{status}}}}}"#)
}

fn outcome(result: &Result<Written, RemoteError>) -> String {
    match result {
        Ok(Written { remote: None, .. }) => "removed".into(),
        Ok(Written { revision, touch, .. }) => {
            format!("{} {:?}", revision.as_ref().map_or("-", |revision| revision.as_str()), touch.unwrap())
        }
        Err(error) => word(error).into(),
    }
}

fn word(error: &RemoteError) -> &'static str {
    match error {
        RemoteError::Later { .. } => "later",
        RemoteError::Refused { .. } => "refused",
        RemoteError::CursorLost { .. } => "cursor lost",
        RemoteError::Conflict { .. } => "conflict",
        RemoteError::Missing { .. } => "missing",
        RemoteError::Rejected { .. } => "rejected",
        RemoteError::Forbidden { .. } => "forbidden",
        RemoteError::Unconfigured { .. } => "unconfigured",
        RemoteError::Unintelligible { .. } => "unintelligible",
    }
}

async fn carried_out(turns: Vec<Turn>, steps: &[Step]) -> Vec<String> {
    let script = Script::new(turns);
    let results = calendar(&script).carry_out(steps).await;
    assert!(script.is_over());
    results.iter().map(outcome).collect()
}
