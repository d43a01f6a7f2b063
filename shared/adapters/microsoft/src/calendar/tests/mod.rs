//! Whole conversations about one calendar, against a script: what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod reading;
mod writing;

use daybook_core::event::{Seen, Sighting};
use daybook_engine::ports::{Entry, Listing, RemoteError};
use serde_json::{Value, json};

use crate::testing::mirror;
use crate::wire::event::{MARKER, REMINDER};

const DELTA: &str = "https://graph.example/v1.0/me/calendars/AAMk/calendarView/delta";

#[expect(clippy::needless_pass_by_value, reason = "a literal is handed over")]
fn told(id: &str, start: &str, end: &str, more: Value) -> Value {
    let mut event = json!({
        "id": id, "type": "singleInstance", "showAs": "busy", "isAllDay": false, "isCancelled": false,
        "@odata.etag": format!("W/\"{id}\""),
        "start": { "dateTime": start, "timeZone": "UTC" }, "end": { "dateTime": end, "timeZone": "UTC" },
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn dentist() -> Value {
    told("AAk1", "2026-03-03T12:00:00.0000000", "2026-03-03T13:00:00.0000000", json!({}))
}

#[expect(clippy::needless_pass_by_value, reason = "a literal is handed over")]
fn master(more: Value) -> Value {
    let mut event =
        told("AAkM", "2026-02-03T09:00:00", "2026-02-03T10:00:00", json!({ "type": "seriesMaster" }));
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

/// As sparse as a delta tells it.
fn occurrence(id: &str, day: u8) -> Value {
    json!({
        "id": id, "type": "occurrence", "seriesMasterId": "AAkM",
        "start": { "dateTime": format!("2026-03-{day:02}T09:00:00.0000000"), "timeZone": "UTC" },
        "end": { "dateTime": format!("2026-03-{day:02}T10:00:00.0000000"), "timeZone": "UTC" },
    })
}

fn exception(id: &str) -> Value {
    let more = json!({ "type": "exception", "seriesMasterId": "AAkM", "originalStart": "2026-03-24T09:00:00Z", "showAs": "oof" });
    told(id, "2026-03-25T15:00:00", "2026-03-25T16:00:00", more)
}

fn page(lines: &[Value], link: &str) -> String {
    let name = if link.contains("skip") { "@odata.nextLink" } else { "@odata.deltaLink" };
    json!({ "value": lines, name: format!("{DELTA}?{link}") }).to_string()
}

fn words(listing: &Listing) -> Vec<String> {
    let sighting = |one: &Sighting| match &one.seen {
        Seen::Events(events) => {
            let names: Vec<String> =
                events.iter().map(|event| format!("{}:{:?}", event.occurrence, event.shown_as)).collect();
            format!("{} events {}", one.item, names.join(" "))
        }
        Seen::Named { mirror, content, .. } => format!("{} {mirror} {}", one.item, content.title),
        Seen::Gone => format!("{} gone", one.item),
        Seen::Unreadable { .. } => format!("{} unreadable", one.item),
    };
    let word = |entry: &Entry| match entry {
        Entry::Seen(one) => sighting(one),
        Entry::Touched { item, revision, name } => {
            let revision = revision.as_ref().map_or("", |revision| revision.as_str());
            format!("{item} touched {revision}{}", if name.is_some() { " named" } else { "" })
        }
    };
    listing.entries.iter().map(word).collect()
}

fn kind(error: &RemoteError) -> String {
    format!("{error:?}").split([' ', '{']).next().unwrap().to_owned()
}

#[expect(clippy::needless_pass_by_value, reason = "a literal is handed over")]
fn stored(more: Value) -> Value {
    let mut event = told(
        "AAk2",
        "2026-03-03T08:00:00.0000000",
        "2026-03-03T08:30:00.0000000",
        json!({
            "subject": "Busy", "sensitivity": "private", "location": { "displayName": "" }, "isReminderOn": false,
            "transactionId": mirror().as_str(),
            "singleValueExtendedProperties": [{ "id": MARKER, "value": mirror().as_str() }, { "id": REMINDER, "value": "none" }],
        }),
    );
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn batch(parts: &[(&str, u16, Value)]) -> String {
    let parts: Vec<Value> =
        parts.iter().map(|(id, status, body)| json!({ "id": id, "status": status, "body": body })).collect();
    json!({ "responses": parts }).to_string()
}

/// What a search for our marker brings: events made by us, and by a person.
fn hits(ours: &[&str], copies: &[&str]) -> String {
    let hit = |id: &&str| json!({ "id": id, "transactionId": format!("{}-2", mirror()) });
    let copy = |id: &&str| json!({ "id": id });
    let value: Vec<Value> = ours.iter().map(hit).chain(copies.iter().map(copy)).collect();
    json!({ "value": value }).to_string()
}

fn missing() -> Value {
    json!({ "error": { "code": "ErrorItemNotFound" } })
}
