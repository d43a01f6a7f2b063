//! When calendars are busy. The answer is 200 even where it holds nothing but errors, and an error is not free
//! (trap A-T19).

use std::collections::BTreeMap;

use bytes::Bytes;
use daybook_core::time::Interval;
use daybook_engine::ports::RemoteError;
use http::Request;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::reason;
use super::{Api, Operation, Reply, read, send_json};

/// Asks for at most 50 calendars and about two months: longer times are refused.
pub struct FreeBusy<'a> {
    pub calendars: &'a [&'a str],
    pub within: Interval,
}

/// By calendar, as it was asked for.
#[derive(Debug, Deserialize)]
pub struct Busy {
    #[serde(default)]
    pub calendars: BTreeMap<String, CalendarBusy>,
}

#[derive(Debug, Deserialize)]
pub struct CalendarBusy {
    #[serde(default)]
    pub busy: Vec<Span>,
    #[serde(default)]
    pub errors: Vec<CalendarError>,
}

#[derive(Debug, Deserialize)]
pub struct Span {
    pub start: Timestamp,
    pub end: Timestamp,
}

#[derive(Debug, Deserialize)]
pub struct CalendarError {
    pub reason: String,
}

impl Operation for FreeBusy<'_> {
    /// `None`: the clinician has not allowed us to ask.
    type Answer = Option<Busy>;

    fn what(&self) -> String {
        "the busy times of a Google account".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let items: Vec<Value> = self.calendars.iter().map(|id| json!({ "id": id })).collect();
        let body = json!({
            "timeMin": self.within.start(),
            "timeMax": self.within.end(),
            "timeZone": "UTC",
            "calendarExpansionMax": 50,
            "items": items,
        });
        send_json("POST", &api.calendar(["freeBusy"]), &body)
    }

    fn parse(&self, reply: &Reply) -> Result<Option<Busy>, RemoteError> {
        let word = reason(reply);
        match (reply.status.as_u16(), word.as_deref()) {
            (403, Some("insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT")) => Ok(None),
            _ => read(self.what(), reply).map(Some),
        }
    }
}
