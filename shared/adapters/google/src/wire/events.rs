//! Reading events: listings with their pages, one event, the occurrences of one series.

use bytes::Bytes;
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use daybook_engine::ports::RemoteError;
use http::Request;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use url::Url;

use super::event::{Dress, Event};
use super::{Api, Operation, Reply, failure, get, read};

/// The most that Google puts on a page.
const PER_PAGE: &str = "2500";
/// What we read of an event that is not ours. What it is about stays at Google.
macro_rules! fields {
    () => {
        "id,iCalUID,etag,status,eventType,transparency,start,end,recurringEventId,recurrence,attendees(self,responseStatus)"
    };
}
const FIELDS: &str = fields!();
/// What is read beside that of an event whose name has the form of a mirror's. Of what a person may have added only so
/// much comes as shows that it is there.
const MIRROR_FIELDS: &str = concat!(
    fields!(),
    ",summary,location,visibility,reminders,extendedProperties(private),description,colorId,\
     attachments(fileUrl),conferenceData(conferenceId,createRequest),source(url)"
);
const PAGE_FIELDS: &str = concat!("nextPageToken,nextSyncToken,items(", fields!(), ")");

/// From where a listing starts.
#[derive(Clone, Copy, Debug)]
pub enum From<'a> {
    /// Everything that overlaps this time.
    Window(Interval),
    /// What changed since this token was given. The bounds of that listing hold on; naming them again is an error.
    Token(&'a str),
}

/// One page of a calendar's events, with series already expanded into occurrences.
pub struct ListEvents<'a> {
    pub calendar: &'a str,
    pub from: From<'a>,
    pub page: Option<&'a str>,
}

/// A page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<L = Line> {
    #[serde(default = "Vec::new")]
    pub items: Vec<L>,
    pub next_page_token: Option<String>,
    /// Only on the last page.
    pub next_sync_token: Option<String>,
}

/// One event of a page; one that cannot be read does not spoil the others (E-040).
#[derive(Debug)]
pub enum Line {
    Event(Box<Event>),
    Unreadable { id: String },
    Nameless,
}

/// What is left of an event that does not have its shape.
#[derive(Deserialize)]
struct Stub {
    id: String,
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match serde_json::from_str(text) {
            Ok(event) => Self::Event(event),
            Err(_) => {
                serde_json::from_str(text).map_or(Self::Nameless, |Stub { id }| Self::Unreadable { id })
            }
        })
    }
}

/// A page in order is read at one go; only where a line is broken is each read for itself.
fn read_page(what: String, reply: &Reply) -> Result<Page, RemoteError> {
    match read::<Page<Box<Event>>>(what.clone(), reply) {
        Ok(Page { items, next_page_token, next_sync_token }) => {
            let items = items.into_iter().map(Line::Event).collect();
            Ok(Page { items, next_page_token, next_sync_token })
        }
        Err(_) => read(what, reply),
    }
}

impl Operation for ListEvents<'_> {
    type Answer = Page;

    fn what(&self) -> String {
        "a Google calendar".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let mut url = api.calendar(["calendars", self.calendar, "events"]);
        only_what_we_read(&mut url);
        url.query_pairs_mut().append_pair("singleEvents", "true");
        match self.from {
            From::Window(within) => add_bounds(&mut url, within),
            From::Token(token) => drop(url.query_pairs_mut().append_pair("syncToken", token)),
        }
        add_page(&mut url, self.page);
        get(&url)
    }

    /// A token that Google cannot read is as good as one that has expired.
    fn parse(&self, reply: &Reply) -> Result<Page, RemoteError> {
        match (self.from, reply.status.as_u16()) {
            (From::Token(_), 400 | 410) => Err(RemoteError::CursorLost { what: self.what() }),
            _ => read_page(self.what(), reply),
        }
    }
}

/// The occurrences of one series.
pub struct ListInstances<'a> {
    pub calendar: &'a str,
    pub series: &'a str,
    pub within: Interval,
    pub page: Option<&'a str>,
}

impl Operation for ListInstances<'_> {
    /// `None`: there is no such series.
    type Answer = Option<Page>;

    fn what(&self) -> String {
        "a series in a Google calendar".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let mut url = api.calendar(["calendars", self.calendar, "events", self.series, "instances"]);
        only_what_we_read(&mut url);
        add_bounds(&mut url, self.within);
        add_page(&mut url, self.page);
        get(&url)
    }

    fn parse(&self, reply: &Reply) -> Result<Option<Page>, RemoteError> {
        match reply.status.as_u16() {
            404 | 410 => Ok(None),
            _ => read_page(self.what(), reply).map(Some),
        }
    }
}

/// One event by its id. Where the name has the form of a mirror's, its words are asked for: whether it is ours or one that
/// another practice's Daybook wrote into the same calendar, only the practice's key tells, and that is not here.
pub struct GetEvent<'a> {
    pub calendar: &'a str,
    pub event: &'a str,
}

/// What stands under an id.
#[derive(Debug)]
pub enum Looked {
    /// `dress` is there for names of our form alone.
    There { event: Box<Event>, dress: Option<Box<Dress>> },
    /// Deleted; the name stays taken.
    Deleted { etag: Option<String> },
    /// No such event, or no such calendar: the answers are the same.
    NotFound,
    /// Something that we cannot read.
    Unreadable,
}

impl Operation for GetEvent<'_> {
    type Answer = Looked;

    fn what(&self) -> String {
        "an event in a Google calendar".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let mut url = api.calendar(["calendars", self.calendar, "events", self.event]);
        let fields = if MirrorId::parse(self.event).is_some() { MIRROR_FIELDS } else { FIELDS };
        url.query_pairs_mut().append_pair("maxAttendees", "1").append_pair("fields", fields);
        get(&url)
    }

    fn parse(&self, reply: &Reply) -> Result<Looked, RemoteError> {
        match reply.status.as_u16() {
            200..=299 => Ok(self.look(&reply.body)),
            404 => Ok(Looked::NotFound),
            410 => Ok(Looked::Deleted { etag: None }),
            _ => Err(failure(self.what(), reply)),
        }
    }
}

impl GetEvent<'_> {
    fn look(&self, body: &[u8]) -> Looked {
        let Ok(event) = serde_json::from_slice::<Box<Event>>(body) else { return Looked::Unreadable };
        if event.is_cancelled() {
            return Looked::Deleted { etag: event.etag };
        }
        if MirrorId::parse(self.event).is_none() {
            return Looked::There { event, dress: None };
        }
        match serde_json::from_slice(body) {
            Ok(dress) => Looked::There { event, dress: Some(dress) },
            Err(_) => Looked::Unreadable,
        }
    }
}

/// Whether the calendar is there at all.
pub struct Probe<'a> {
    pub calendar: &'a str,
}

impl Operation for Probe<'_> {
    type Answer = ();

    fn what(&self) -> String {
        "a Google calendar".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let mut url = api.calendar(["calendars", self.calendar, "events"]);
        url.query_pairs_mut().append_pair("maxResults", "1").append_pair("fields", "kind");
        get(&url)
    }

    fn parse(&self, reply: &Reply) -> Result<(), RemoteError> {
        if reply.status.is_success() { Ok(()) } else { Err(failure(self.what(), reply)) }
    }
}

/// Of the guests only this account itself.
fn only_what_we_read(url: &mut Url) {
    url.query_pairs_mut()
        .append_pair("maxResults", PER_PAGE)
        .append_pair("maxAttendees", "1")
        .append_pair("fields", PAGE_FIELDS);
}

fn add_bounds(url: &mut Url, within: Interval) {
    let (from, to) = (within.start().to_string(), within.end().to_string());
    url.query_pairs_mut().append_pair("timeMin", &from).append_pair("timeMax", &to);
}

fn add_page(url: &mut Url, page: Option<&str>) {
    if let Some(token) = page {
        url.query_pairs_mut().append_pair("pageToken", token);
    }
}
