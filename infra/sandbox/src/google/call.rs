//! A request, read: which method of the API it means, its query, its conditions, its body. Whether it is allowed, and
//! what it does, is decided elsewhere.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use axum::http::{HeaderMap, HeaderName, Method, header};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::cloud::Operation;

/// The methods of the API, with the ids from the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Api {
    CalendarListList,
    CalendarListGet(String),
    CalendarsInsert,
    CalendarsGet(String),
    CalendarsPatch(String),
    CalendarsDelete(String),
    AclList(String),
    EventsList(String),
    EventsInsert(String),
    EventsGet(String, String),
    EventsUpdate(String, String),
    EventsPatch(String, String),
    EventsDelete(String, String),
    EventsInstances(String, String),
    EventsWatch(String),
    ChannelsStop,
    FreeBusy,
}

impl Api {
    /// Reads method and path; the path begins after `/calendar/v3/`. `None`: there is no such method.
    pub fn parse(method: &Method, path: &str) -> Option<Self> {
        let parts: Vec<String> = path.split('/').map(decoded).collect::<Option<_>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let own = |text: &str| text.to_owned();
        let found = match (method.as_str(), parts.as_slice()) {
            ("GET", ["users", "me", "calendarList"]) => Self::CalendarListList,
            ("GET", ["users", "me", "calendarList", id]) => Self::CalendarListGet(own(id)),
            ("POST", ["calendars"]) => Self::CalendarsInsert,
            ("GET", ["calendars", id]) => Self::CalendarsGet(own(id)),
            ("PATCH", ["calendars", id]) => Self::CalendarsPatch(own(id)),
            ("DELETE", ["calendars", id]) => Self::CalendarsDelete(own(id)),
            ("GET", ["calendars", id, "acl"]) => Self::AclList(own(id)),
            ("GET", ["calendars", id, "events"]) => Self::EventsList(own(id)),
            ("POST", ["calendars", id, "events"]) => Self::EventsInsert(own(id)),
            ("POST", ["calendars", id, "events", "watch"]) => Self::EventsWatch(own(id)),
            ("GET", ["calendars", id, "events", event]) => Self::EventsGet(own(id), own(event)),
            ("PUT", ["calendars", id, "events", event]) => Self::EventsUpdate(own(id), own(event)),
            ("PATCH", ["calendars", id, "events", event]) => Self::EventsPatch(own(id), own(event)),
            ("DELETE", ["calendars", id, "events", event]) => Self::EventsDelete(own(id), own(event)),
            ("GET", ["calendars", id, "events", event, "instances"]) => {
                Self::EventsInstances(own(id), own(event))
            }
            ("POST", ["channels", "stop"]) => Self::ChannelsStop,
            ("POST", ["freeBusy"]) => Self::FreeBusy,
            _ => return None,
        };
        Some(found)
    }

    /// What a planned fault would have to be for.
    pub fn operation(&self) -> Operation {
        match self {
            Self::CalendarListList
            | Self::CalendarListGet(_)
            | Self::CalendarsInsert
            | Self::CalendarsGet(_)
            | Self::CalendarsPatch(_)
            | Self::CalendarsDelete(_)
            | Self::AclList(_) => Operation::Account,
            Self::EventsGet(..) => Operation::Get,
            Self::EventsList(_) | Self::EventsInstances(..) | Self::FreeBusy => Operation::List,
            Self::EventsInsert(_)
            | Self::EventsUpdate(..)
            | Self::EventsPatch(..)
            | Self::EventsDelete(..) => Operation::Write,
            Self::EventsWatch(_) | Self::ChannelsStop => Operation::Subscribe,
        }
    }
}

/// One call, alone or as part of a batch.
#[derive(Clone)]
pub struct Call {
    pub api: Api,
    pub query: Query,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Call {
    /// Reads a request whose target (path and query) begins after `/calendar/v3/`.
    pub fn parse(method: &Method, target: &str, headers: HeaderMap, body: Vec<u8>) -> Result<Self, Refusal> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let api = Api::parse(method, path).ok_or_else(Refusal::not_found)?;
        Ok(Self { api, query: Query::parse(query), headers, body })
    }

    /// The body as a JSON object.
    pub fn json(&self) -> Result<Map<String, Value>, Refusal> {
        serde_json::from_slice(&self.body).map_err(|_| Refusal::parse_error())
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// 412 unless the version is the one that the client knows, where it names one.
    pub fn check_if_match(&self, etag: &str) -> Result<(), Refusal> {
        match self.header(&header::IF_MATCH) {
            Some(wanted) if wanted != "*" && wanted != etag => Err(Refusal::condition_not_met()),
            _ => Ok(()),
        }
    }

    /// Does the client already have this version?
    pub fn has(&self, etag: &str) -> bool {
        self.header(&header::IF_NONE_MATCH).is_some_and(|known| known == "*" || known == etag)
    }
}

/// Names and values, in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

/// What may differ from page to page.
const PASSING: [&str; 8] =
    ["pageToken", "maxResults", "fields", "quotaUser", "alt", "key", "prettyPrint", "syncToken"];

impl Query {
    pub fn parse(text: &str) -> Self {
        Self { pairs: url::form_urlencoded::parse(text.as_bytes()).into_owned().collect() }
    }

    /// The value of a parameter that is given once.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of one that may be repeated.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `true` or `false`; absent is `false`.
    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.one(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::parameter(name, &format!("Invalid value for: {name}"))),
        }
    }

    /// A number within limits.
    pub fn number(&self, name: &str, within: RangeInclusive<usize>) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.one(name) else { return Ok(None) };
        let read = text.parse().ok().filter(|number| within.contains(number));
        read.map(Some).ok_or_else(|| Refusal::parameter(name, &format!("Invalid value for: {name}")))
    }

    /// RFC 3339 with an offset.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let read = self.one(name).map(str::parse).transpose();
        read.map_err(|_| Refusal::parameter(name, "Bad Request"))
    }

    /// What must be the same on every page of a listing.
    pub fn lasting(&self) -> String {
        let mut kept: Vec<_> =
            self.pairs.iter().filter(|(name, _)| !PASSING.contains(&name.as_str())).collect();
        kept.sort();
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }
}

/// A path segment without its `%` signs.
fn decoded(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn paths_are_decoded_once() {
        let id = "c_8f%40group.calendar.google.com";
        let found = Api::parse(&Method::GET, &format!("calendars/{id}/events/a+b%2Bc")).unwrap();
        assert_eq!(found, Api::EventsGet("c_8f@group.calendar.google.com".to_owned(), "a+b+c".to_owned()));
        let holiday = Api::parse(&Method::GET, "calendars/en.german%23holiday%40x/events").unwrap();
        assert_eq!(holiday, Api::EventsList("en.german#holiday@x".to_owned()));
        assert_eq!(Api::parse(&Method::POST, "calendars/x/clear"), None);
    }

    #[test]
    fn only_what_is_the_listing_must_come_again() {
        let first = Query::parse("singleEvents=true&maxResults=5&timeMin=2026-01-01T00%3A00%3A00Z");
        let next = Query::parse("timeMin=2026-01-01T00:00:00Z&pageToken=x&singleEvents=true&fields=items");
        assert_eq!(first.lasting(), next.lasting());
        assert!(Query::parse("singleEvents=maybe").flag("singleEvents").is_err());
        // A plus sign that was not escaped is a blank.
        assert!(Query::parse("timeMin=2026-01-01T00:00:00+01:00").time("timeMin").is_err());
    }
}
