//! How an event is kept in an [`Item`](crate::cloud::Item)'s body: Graph's own members, times as they were written,
//! ids of ours. Reading only; what may be written is decided in `draft`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::zone::Moment;

/// When an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: Moment,
    pub end: Moment,
}

pub(super) fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn list<'a>(body: &'a Value, name: &str) -> &'a [Value] {
    body.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn is_all_day(body: &Value) -> bool {
    body.get("isAllDay") == Some(&Value::Bool(true))
}

pub(super) fn is_master(body: &Value) -> bool {
    text(body, "type") == "seriesMaster"
}

/// The series that an exception belongs to.
pub(super) fn master_of(body: &Value) -> Option<&str> {
    body.get("seriesMasterId").and_then(Value::as_str)
}

/// Was this occurrence deleted from its series, as opposed to an exception that the series took back?
pub(super) fn is_cut(body: &Value) -> bool {
    text(body, "type") == "cut"
}

pub(super) fn span(body: &Value) -> Option<Span> {
    let moment = |name| Moment::parse(body.get(name)?, name).ok();
    Some(Span { start: moment("start")?, end: moment("end")? })
}

/// The body with a kind of its own, and nothing else changed.
pub(super) fn retyped(body: &Value, kind: &str) -> Value {
    with(body, json!({"type": kind}))
}

/// The body with some members replaced.
pub(super) fn with(body: &Value, changes: Value) -> Value {
    let mut body = body.clone();
    if let (Some(fields), Value::Object(changes)) = (body.as_object_mut(), changes) {
        fields.extend(changes);
    }
    body
}

impl Span {
    /// An end before the start, and an all-day event that does not go from midnight to midnight, are refused
    /// (providers B.3.4).
    pub fn check(&self, body: &Value) -> Result<(), Refusal> {
        if self.end.instant() < self.start.instant() {
            let code = "ErrorCalendarEndDateIsEarlierThanStartDate";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, code, "The end is earlier than the start."));
        }
        if !is_all_day(body) {
            return Ok(());
        }
        for (moment, name) in [(&self.start, "Start"), (&self.end, "End")] {
            if !moment.is_midnight() {
                return Err(Refusal::bad(format!(
                    "The Event.{name} property for an all-day event needs to be set to midnight."
                )));
            }
        }
        if self.start.zone != self.end.zone {
            return Err(Refusal::bad(
                "The Event.Start and Event.End properties need to have the same time zone.",
            ));
        }
        if self.end.wall.date() <= self.start.wall.date() {
            return Err(Refusal::bad("The duration of an all-day event needs to be at least 24 hours."));
        }
        Ok(())
    }
}
