//! What a client may write into an event, and what Graph fills in. Pure: one body and one request become another
//! body. Knows no calendar and no series but the event's own.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::recurrence::Recurrence;
use super::refusal::Refusal;
use super::stored::{self, span};
use super::zone::Moment;
use crate::cloud::Account;

const MAX_ATTENDEES: usize = 500;
const NEVER: &str = "0001-01-01T00:00:00Z";
/// What Graph answers about an event and does not let anybody write. Sent back, it is ignored.
const READ_ONLY: [&str; 20] = [
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "changeKey",
    "iCalUId",
    "uid",
    "webLink",
    "bodyPreview",
    "hasAttachments",
    "isCancelled",
    "isOrganizer",
    "isDraft",
    "organizer",
    "responseStatus",
    "seriesMasterId",
    "type",
    "originalStart",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "onlineMeeting",
];

/// The body of a new event that an account organises.
pub(super) fn created(request: &Value, account: &Account) -> Result<Value, Refusal> {
    let mut body = json!({
        "subject": "", "body": {"contentType": "text", "content": ""}, "isAllDay": false, "showAs": "busy",
        "sensitivity": "normal", "importance": "normal", "isReminderOn": true, "reminderMinutesBeforeStart": 15,
        "responseRequested": true, "allowNewTimeProposals": true, "hideAttendees": false, "categories": [],
        "attendees": [], "isCancelled": false, "isOrganizer": true, "isOnlineMeeting": false,
        "onlineMeetingProvider": "unknown", "seriesMasterId": null, "recurrence": null,
        "location": {"displayName": "", "locationType": "default", "uniqueIdType": "unknown",
            "address": {}, "coordinates": {}},
        "locations": [], "singleValueExtendedProperties": [],
        "responseStatus": {"response": "organizer", "time": NEVER},
        "organizer": {"emailAddress": {"name": account.name, "address": account.email}},
    });
    take(&mut body, request, Stage::New)?;
    settle(body)
}

/// The body after a PATCH: what is not named is kept.
pub(super) fn changed(body: &Value, request: &Value) -> Result<Value, Refusal> {
    let mut body = body.clone();
    take(&mut body, request, Stage::Kept)?;
    if request.get("recurrence").is_none() {
        follow_start(&mut body);
    }
    settle(body)
}

/// A series whose start is moved begins on the new day.
fn follow_start(body: &mut Value) {
    let day = span(body).map(|span| span.start.wall.date().to_string());
    if let (Some(day), Some(first)) = (day, body.pointer_mut("/recurrence/range/startDate")) {
        *first = day.into();
    }
}

/// Does the request touch when the event is? A series then forgets its exceptions.
pub(super) fn moves(request: &Value) -> bool {
    ["start", "end", "recurrence", "isAllDay"].iter().any(|name| request.get(name).is_some())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Kept,
}

fn take(body: &mut Value, request: &Value, stage: Stage) -> Result<(), Refusal> {
    let (Some(fields), Some(wishes)) = (body.as_object_mut(), request.as_object()) else { return Ok(()) };
    for (name, value) in wishes {
        if name.starts_with("@odata.") || READ_ONLY.contains(&name.as_str()) {
            continue;
        }
        if let Some(value) = read(name, value, fields, stage)? {
            fields.insert(name.clone(), value);
        }
    }
    Ok(())
}

/// The member's value as it is kept; `None` leaves what is there.
fn read(
    name: &str,
    value: &Value,
    fields: &Map<String, Value>,
    stage: Stage,
) -> Result<Option<Value>, Refusal> {
    let wrong = || Refusal::bad_value(name);
    Ok(Some(match name {
        "subject" => value
            .as_str()
            .map(Value::from)
            .or_else(|| value.is_null().then(|| "".into()))
            .ok_or_else(wrong)?,
        "start" => Moment::parse(value, "Event.Start")?.json(),
        "end" => Moment::parse(value, "Event.End")?.json(),
        "isAllDay"
        | "isReminderOn"
        | "responseRequested"
        | "allowNewTimeProposals"
        | "hideAttendees"
        | "isOnlineMeeting" => value.as_bool().ok_or_else(wrong)?.into(),
        "reminderMinutesBeforeStart" => value.as_i64().ok_or_else(wrong)?.into(),
        "showAs" => word(name, value, &["free", "tentative", "busy", "oof", "workingElsewhere", "unknown"])?,
        "sensitivity" => word(name, value, &["normal", "personal", "private", "confidential"])?,
        "importance" => word(name, value, &["low", "normal", "high"])?,
        "body" => text_body(value)?,
        "categories" => strings(name, value)?,
        "attendees" => attendees(value)?,
        "recurrence" => value.clone(),
        "location" => placed(fields.get("location"), value).ok_or_else(wrong)?,
        "locations" => Value::Array(value.as_array().cloned().ok_or_else(wrong)?),
        "onlineMeetingProvider" => value.as_str().ok_or_else(wrong)?.into(),
        "transactionId" => return transaction(value, fields, stage),
        "singleValueExtendedProperties" => properties(fields.get(name), value)?,
        _ => return Err(unknown(name)),
    }))
}

fn unknown(name: &str) -> Refusal {
    let message = format!(
        "The property '{name}' does not exist on type 'microsoft.graph.event'. Make sure to only use property \
         names that are defined by the type."
    );
    Refusal::new(StatusCode::BAD_REQUEST, "RequestBodyRead", message)
}

fn word(name: &str, value: &Value, known: &[&str]) -> Result<Value, Refusal> {
    let found = value.as_str().filter(|word| known.contains(word));
    found.map(Value::from).ok_or_else(|| Refusal::bad_value(name))
}

fn strings(name: &str, value: &Value) -> Result<Value, Refusal> {
    let all = value.as_array().filter(|all| all.iter().all(Value::is_string));
    all.cloned().map(Value::Array).ok_or_else(|| Refusal::bad_value(name))
}

fn text_body(value: &Value) -> Result<Value, Refusal> {
    let kind = stored::text(value, "contentType").to_ascii_lowercase();
    let kind = if kind.is_empty() { "text" } else { kind.as_str() };
    if !["text", "html"].contains(&kind) {
        return Err(Refusal::bad_value("body"));
    }
    Ok(json!({"contentType": kind, "content": stored::text(value, "content")}))
}

fn placed(before: Option<&Value>, value: &Value) -> Option<Value> {
    let empty = json!({});
    value.is_object().then(|| stored::with(before.unwrap_or(&empty), value.clone()))
}

fn attendees(value: &Value) -> Result<Value, Refusal> {
    let all = value.as_array().filter(|all| all.len() <= MAX_ATTENDEES);
    let all = all.ok_or_else(|| Refusal::bad_value("attendees"))?;
    let one = |one: &Value| {
        let address = one.get("emailAddress").filter(|address| !stored::text(address, "address").is_empty());
        let address = address.ok_or_else(|| Refusal::bad_value("attendees"))?;
        let kind = one.get("type").and_then(Value::as_str).unwrap_or("required");
        Ok(json!({"type": kind, "emailAddress": address, "status": {"response": "none", "time": NEVER}}))
    };
    all.iter().map(one).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// The marker of a repeated POST cannot be changed afterwards (providers B.3.2).
fn transaction(value: &Value, fields: &Map<String, Value>, stage: Stage) -> Result<Option<Value>, Refusal> {
    let same = fields.get("transactionId") == Some(value);
    match (stage, value) {
        (_, Value::Null) => Ok(None),
        (Stage::New, Value::String(_)) => Ok(Some(value.clone())),
        (Stage::Kept, Value::String(_)) if same => Ok(None),
        _ => Err(Refusal::bad_value("transactionId")),
    }
}

/// Those named replace those of the same id; others stay.
pub(super) fn properties(before: Option<&Value>, value: &Value) -> Result<Value, Refusal> {
    let wrong = || Refusal::bad_value("singleValueExtendedProperties");
    let new = value.as_array().ok_or_else(wrong)?;
    if !new.iter().all(is_property) {
        return Err(wrong());
    }
    let id = |one: &Value| stored::text(one, "id").to_owned();
    let named = |old: &&Value| new.iter().any(|one| super::filter::same_property(&id(one), &id(old)));
    let kept = before.and_then(Value::as_array).into_iter().flatten().filter(|old| !named(old));
    Ok(kept.chain(new).cloned().collect())
}

/// `String {GUID} Name name`, `Integer {GUID} Id 0x8012`.
fn is_property(one: &Value) -> bool {
    let id = stored::text(one, "id");
    let parts = id.split_once(" {").and_then(|(kind, rest)| Some((kind, rest.split_once("} ")?)));
    let valid = parts.is_some_and(|(kind, (namespace, name))| {
        let known =
            ["String", "Integer", "Boolean", "SystemTime", "Double", "Long", "Short", "CLSID", "Binary"];
        known.contains(&kind)
            && namespace.len() == 36
            && (name.starts_with("Name ") || name.starts_with("Id "))
    });
    valid && one.get("value").is_some_and(Value::is_string)
}

/// Checks what belongs together, and completes what follows from it.
fn settle(mut body: Value) -> Result<Value, Refusal> {
    let span = span(&body).ok_or_else(|| Refusal::bad_value("Event.Start, Event.End"))?;
    span.check(&body)?;
    let recurrence = body.get("recurrence").filter(|value| !value.is_null());
    let recurrence = recurrence.map(|value| Recurrence::parse(value, &span.start)).transpose()?;
    let kind = match (&recurrence, stored::master_of(&body)) {
        (Some(_), Some(_)) => return Err(Refusal::bad_value("Recurrence")),
        (Some(_), None) => "seriesMaster",
        (None, Some(_)) => "exception",
        (None, None) => "singleInstance",
    };
    body = stored::with(
        &body,
        json!({
            "type": kind,
            "recurrence": recurrence.map(|recurrence| recurrence.json()),
            "originalStartTimeZone": span.start.zone.name(),
            "originalEndTimeZone": span.end.zone.name(),
        }),
    );
    Ok(body)
}
