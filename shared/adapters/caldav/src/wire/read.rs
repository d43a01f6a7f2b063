//! Requests that read: properties, listings, changes, resources.

use daybook_core::time::Interval;
use daybook_engine::ports::RemoteError;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::multistatus::{Multistatus, Response};
use super::xml::{self, PropertyName, XmlNode};
use super::{Depth, Operation, failure, is_passing, multistatus, parse_multistatus, request, request_xml};
use crate::http::Reply;

/// Properties of a resource, or of a collection and its members.
pub struct Propfind<'a> {
    pub path: &'a str,
    pub depth: Depth,
    pub properties: &'a [&'a PropertyName<'a, 'a>],
}

impl Operation for Propfind<'_> {
    type Answer = Multistatus;

    fn what(&self) -> String {
        self.path.to_owned()
    }

    fn prepare(&self, base: &Url) -> Result<Request<String>, http::Error> {
        let body = XmlNode::new(&xml::PROPFIND).with_children(vec![xml::prop(self.properties)]);
        request_xml("PROPFIND", base, self.path, self.depth, &body)
    }

    fn parse(&self, reply: &Reply) -> Result<Multistatus, RemoteError> {
        parse_multistatus(self.what(), reply)
    }
}

/// What changed in a calendar since a token (RFC 6578).
pub struct SyncCollection<'a> {
    pub path: &'a str,
    pub token: &'a str,
}

/// One pass of it. `more`: the server cut it short, and goes on from the new token.
#[derive(Debug)]
pub struct Delta {
    pub responses: Vec<Response>,
    pub token: String,
    pub more: bool,
}

impl Operation for SyncCollection<'_> {
    type Answer = Delta;

    fn what(&self) -> String {
        self.path.to_owned()
    }

    fn prepare(&self, base: &Url) -> Result<Request<String>, http::Error> {
        let body = XmlNode::new(&xml::SYNC_COLLECTION).with_children(vec![
            XmlNode::new(&xml::SYNC_TOKEN).with_text(self.token),
            XmlNode::new(&xml::SYNC_LEVEL).with_text("1"),
            xml::prop(&[&xml::GETETAG]),
        ]);
        request_xml("REPORT", base, self.path, Depth::Zero, &body)
    }

    fn parse(&self, reply: &Reply) -> Result<Delta, RemoteError> {
        if !reply.status.is_success() {
            return Err(self.refusal(reply));
        }
        let answer = parse_multistatus(self.what(), reply)?;
        let token = answer.sync_token.ok_or_else(|| RemoteError::CursorLost { what: self.what() })?;
        let (own, responses): (Vec<_>, Vec<_>) =
            answer.responses.into_iter().partition(|line| line.path == self.path);
        let more = own.iter().any(|line| line.status == Some(507));
        Ok(Delta { responses, token, more })
    }
}

impl SyncCollection<'_> {
    /// Servers say that a token is dead in many ways (trap C-T18): 403 and 409 with `valid-sync-token`, 412,
    /// 410, 400. Whatever blames neither the credentials, the calendar nor the moment, blames the token.
    fn refusal(&self, reply: &Reply) -> RemoteError {
        let privileges = multistatus::preconditions(&reply.body).iter().any(|name| name == "need-privileges");
        match reply.status.as_u16() {
            401 | 404 => failure(self.what(), reply),
            403 if privileges => failure(self.what(), reply),
            status if is_passing(status) => failure(self.what(), reply),
            _ => RemoteError::CursorLost { what: self.what() },
        }
    }
}

/// The events of a calendar that touch a time, by name and revision (RFC 4791 section 7.8).
pub struct Query<'a> {
    pub path: &'a str,
    pub within: Interval,
}

/// `cut_short`: the server left some out.
#[derive(Debug)]
pub struct Found {
    pub responses: Vec<Response>,
    pub cut_short: bool,
}

impl Operation for Query<'_> {
    type Answer = Found;

    fn what(&self) -> String {
        self.path.to_owned()
    }

    fn prepare(&self, base: &Url) -> Result<Request<String>, http::Error> {
        let (start, end) = (utc_text(self.within.start(), -1), utc_text(self.within.end(), 1));
        let range = XmlNode::new(&xml::TIME_RANGE).with_attributes(vec![("start", &start), ("end", &end)]);
        // iCloud answers nothing without the VEVENT filter (trap C-T5).
        let events = XmlNode::new(&xml::COMP_FILTER)
            .with_attributes(vec![("name", "VEVENT")])
            .with_children(vec![range]);
        let calendar = XmlNode::new(&xml::COMP_FILTER)
            .with_attributes(vec![("name", "VCALENDAR")])
            .with_children(vec![events]);
        let filter = XmlNode::new(&xml::FILTER).with_children(vec![calendar]);
        let body =
            XmlNode::new(&xml::CALENDAR_QUERY).with_children(vec![xml::prop(&[&xml::GETETAG]), filter]);
        request_xml("REPORT", base, self.path, Depth::One, &body)
    }

    fn parse(&self, reply: &Reply) -> Result<Found, RemoteError> {
        let answer = parse_multistatus(self.what(), reply)?;
        let (own, responses): (Vec<_>, Vec<_>) =
            answer.responses.into_iter().partition(|line| line.path == self.path);
        Ok(Found { responses, cut_short: own.iter().any(|line| line.status == Some(507)) })
    }
}

/// As RFC 4791 writes a bound, moved by whole days: the server reads all-day and floating events in a zone of
/// its own choice, so the range is a day wider on both sides.
fn utc_text(instant: Timestamp, days: i64) -> String {
    let moved = instant.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(instant);
    let floor: Timestamp = "0001-01-02T00:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH);
    moved.clamp(floor, Timestamp::MAX).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Several resources of a calendar in full (RFC 4791 section 7.9).
pub struct Multiget<'a> {
    pub path: &'a str,
    pub items: &'a [&'a str],
}

impl Operation for Multiget<'_> {
    type Answer = Vec<Response>;

    fn what(&self) -> String {
        self.path.to_owned()
    }

    fn prepare(&self, base: &Url) -> Result<Request<String>, http::Error> {
        let mut children = vec![xml::prop(&[&xml::GETETAG, &xml::CALENDAR_DATA])];
        children.extend(self.items.iter().map(|item| XmlNode::new(&xml::HREF).with_text(item)));
        let body = XmlNode::new(&xml::CALENDAR_MULTIGET).with_children(children);
        request_xml("REPORT", base, self.path, Depth::One, &body)
    }

    fn parse(&self, reply: &Reply) -> Result<Vec<Response>, RemoteError> {
        Ok(parse_multistatus(self.what(), reply)?.responses)
    }
}

/// One resource.
pub struct Get<'a> {
    pub path: &'a str,
}

/// A resource as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    pub etag: Option<String>,
    pub text: String,
}

impl Operation for Get<'_> {
    /// `None`: it does not exist.
    type Answer = Option<Resource>;

    fn what(&self) -> String {
        format!("an event in {}", crate::href::parent(self.path))
    }

    fn prepare(&self, base: &Url) -> Result<Request<String>, http::Error> {
        request("GET", base, self.path).header(http::header::ACCEPT, "text/calendar").body(String::new())
    }

    fn parse(&self, reply: &Reply) -> Result<Option<Resource>, RemoteError> {
        match reply.status.as_u16() {
            404 | 410 => Ok(None),
            200..=299 => Ok(Some(Resource {
                etag: super::header(reply, &http::header::ETAG).map(multistatus::revision_of),
                text: String::from_utf8_lossy(&reply.body).into_owned(),
            })),
            _ => Err(failure(self.what(), reply)),
        }
    }
}
