//! Requests that read events: a delta, a view, the occurrences of a series, one event, our mirrors by their marker.

use daybook_core::ids::{CalendarId, ItemId};
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use daybook_engine::ports::RemoteError;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::event::{Event, FIELDS, Found, Line, MARKER, MIRROR_FIELDS, REMINDER, named};
use super::{Call, Operation, PREFER_PAGES, Reply, encoded, failure, parse_json, unintelligible};

/// One page of a listing, and what follows it.
#[derive(Debug)]
pub struct Page {
    pub lines: Vec<Line>,
    /// Graph's own links, in full.
    pub next: Option<String>,
    /// Only on the last page of a delta.
    pub delta: Option<String>,
}

#[derive(Deserialize)]
struct WirePage<L> {
    value: Vec<L>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta: Option<String>,
}

/// A page in order is read at one go; only where a line is broken is each read for itself.
fn parse_page(what: String, reply: &Reply) -> Result<Page, RemoteError> {
    if let Ok(WirePage { value, next, delta }) = parse_json::<WirePage<Box<Event>>>(what.clone(), reply) {
        return Ok(Page { lines: value.into_iter().map(Line::Event).collect(), next, delta });
    }
    let WirePage { value, next, delta } = parse_json::<WirePage<Box<RawValue>>>(what, reply)?;
    Ok(Page { lines: value.iter().filter_map(|line| Line::read(line.get())).collect(), next, delta })
}

/// A page of the changes of a calendar inside a window, which is frozen in the links that follow (trap B-T8).
/// It takes no `$select` and no `$expand`.
pub struct Delta<'a> {
    pub calendar: &'a CalendarId,
    pub target: String,
    pub from: Bookmark,
}

/// Whether a request names a place in a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bookmark {
    /// It opens the stream.
    None,
    /// It goes on from a link.
    Link,
}

impl<'a> Delta<'a> {
    pub fn open(calendar: &'a CalendarId, window: Interval) -> Self {
        let target =
            format!("/me/calendars/{}/calendarView/delta?{}", encoded(calendar.as_str()), bounds(window));
        Self { calendar, target, from: Bookmark::None }
    }

    pub fn follow(calendar: &'a CalendarId, target: String) -> Self {
        Self { calendar, target, from: Bookmark::Link }
    }
}

impl Operation for Delta<'_> {
    type Answer = Page;

    fn what(&self) -> String {
        format!("calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        Call { prefer: PREFER_PAGES, ..Call::get(self.target.clone()) }
    }

    /// A link is all that a following request says, so one that is called bad or unknown is the link.
    fn parse(&self, reply: &Reply) -> Result<Page, RemoteError> {
        match reply.status {
            StatusCode::BAD_REQUEST | StatusCode::GONE if self.from == Bookmark::Link => {
                Err(RemoteError::CursorLost { what: self.what() })
            }
            _ => parse_page(self.what(), reply),
        }
    }
}

/// A page of what a calendar holds inside a window: series come as their occurrences.
pub struct View<'a> {
    pub calendar: &'a CalendarId,
    pub target: String,
}

impl<'a> View<'a> {
    pub fn open(calendar: &'a CalendarId, window: Interval) -> Self {
        let path = format!("/me/calendars/{}/calendarView", encoded(calendar.as_str()));
        Self { calendar, target: format!("{path}?{}&$top=200&$select={FIELDS}", bounds(window)) }
    }
}

impl Operation for View<'_> {
    type Answer = Page;

    fn what(&self) -> String {
        format!("calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        Call::get(self.target.clone())
    }

    fn parse(&self, reply: &Reply) -> Result<Page, RemoteError> {
        parse_page(self.what(), reply)
    }
}

/// A page of the occurrences of a series inside a window.
pub struct Instances<'a> {
    pub calendar: &'a CalendarId,
    pub target: String,
}

impl<'a> Instances<'a> {
    pub fn open(calendar: &'a CalendarId, master: &ItemId, window: Interval) -> Self {
        let path = format!("/me/events/{}/instances", encoded(master.as_str()));
        Self { calendar, target: format!("{path}?{}&$top=200&$select={FIELDS}", bounds(window)) }
    }
}

impl Operation for Instances<'_> {
    /// `None`: the series is not there.
    type Answer = Option<Page>;

    fn what(&self) -> String {
        format!("a series in calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        Call::get(self.target.clone())
    }

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError> {
        absent(parse_page(self.what(), reply), reply)
    }
}

/// One event, with our marker if it has one.
pub struct GetEvent<'a> {
    pub calendar: &'a CalendarId,
    pub id: &'a ItemId,
}

impl Operation for GetEvent<'_> {
    /// `None`: it is not there.
    type Answer = Option<Found>;

    fn what(&self) -> String {
        format!("an event in calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        let properties = format!("id eq '{MARKER}' or id eq '{REMINDER}'");
        let expand = encoded(&format!("singleValueExtendedProperties($filter={properties})"));
        let id = encoded(self.id.as_str());
        Call::get(format!("/me/events/{id}?$select={FIELDS},{MIRROR_FIELDS}&$expand={expand}"))
    }

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError> {
        let value: Result<Value, RemoteError> = parse_json(self.what(), reply);
        let unclear = |error| unintelligible(self.what(), &error);
        let found = absent(value.and_then(|value| Found::read(&value).map_err(unclear)), reply)?;
        // The path names no calendar: it may have been moved to another.
        Ok(found.filter(|found| !found.event.is_elsewhere(self.calendar)))
    }
}

/// The ids of the events that carry a mirror's marker and were made under its name, lowest first. The marker alone
/// proves nothing: a person's copy has it too (E-047).
pub struct FindMarked<'a> {
    pub calendar: &'a CalendarId,
    pub mirror: &'a MirrorId,
}

#[derive(Deserialize)]
struct Ids {
    value: Vec<Id>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
    #[serde(rename = "transactionId")]
    transaction: Option<String>,
}

impl Operation for FindMarked<'_> {
    type Answer = Vec<ItemId>;

    fn what(&self) -> String {
        format!("a mirror in calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        let marked = format!("ep/id eq '{MARKER}' and ep/value eq '{}'", self.mirror);
        let filter = encoded(&format!("singleValueExtendedProperties/Any(ep: {marked})"));
        let calendar = encoded(self.calendar.as_str());
        Call::get(format!(
            "/me/calendars/{calendar}/events?$filter={filter}&$select=id,transactionId&$top=50"
        ))
    }

    fn parse(&self, reply: &Reply) -> Result<Vec<ItemId>, RemoteError> {
        let found: Ids = parse_json(self.what(), reply)?;
        let is_ours = |one: &Id| one.transaction.as_deref().and_then(named).as_ref() == Some(self.mirror);
        let mut ids: Vec<ItemId> =
            found.value.into_iter().filter(is_ours).map(|one| ItemId::new(one.id)).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}

/// Bounds carry an offset of their own: without one they mean UTC, whatever is preferred (E-074).
fn bounds(window: Interval) -> String {
    format!("startDateTime={}&endDateTime={}", window.start(), window.end())
}

/// Not there is an answer too, unless it is the calendar or the mailbox that is not there.
fn absent<T>(parsed: Result<T, RemoteError>, reply: &Reply) -> Result<Option<T>, RemoteError> {
    if failure::is_item_gone(reply) { Ok(None) } else { parsed.map(Some) }
}
