//! Requests that change something: put, delete, make a calendar. The condition is visible at each call.

use daybook_core::ids::Revision;
use daybook_engine::ports::RemoteError;
use http::Request;
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use url::Url;

use super::xml::{self, XmlNode};
use super::{Operation, failure, multistatus, request};
use crate::href;
use crate::http::Reply;

/// On what condition the server is to carry it out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Nothing stands there yet.
    Absent,
    /// This state stands there.
    Unchanged(Revision),
    /// Whatever stands there.
    Always,
}

impl Condition {
    fn apply(&self, builder: http::request::Builder) -> http::request::Builder {
        match self {
            Condition::Absent => builder.header(IF_NONE_MATCH, "*"),
            Condition::Unchanged(revision) => builder.header(IF_MATCH, revision.as_str()),
            Condition::Always => builder,
        }
    }
}

/// Writes a whole resource.
pub struct Put<'a> {
    pub path: &'a str,
    pub condition: Condition,
    pub body: &'a str,
}

impl Operation for Put<'_> {
    /// The new revision, where the server tells it.
    type Answer = Option<Revision>;

    fn what(&self) -> String {
        format!("a mirror in {}", href::parent(self.path))
    }

    fn prepare(&self, base: &Url) -> Result<Request<String>, http::Error> {
        self.condition
            .apply(request("PUT", base, self.path))
            .header(CONTENT_TYPE, "text/calendar; charset=utf-8")
            .body(self.body.to_owned())
    }

    fn parse(&self, reply: &Reply) -> Result<Option<Revision>, RemoteError> {
        if !reply.status.is_success() {
            return Err(failure(self.what(), reply));
        }
        Ok(super::header(reply, &ETAG).map(|etag| Revision::new(multistatus::revision_of(etag))))
    }
}

/// Removes a resource, or a calendar with all that stands in it. Removing what is not there succeeds.
pub struct Delete<'a> {
    pub path: &'a str,
    pub condition: Condition,
}

impl Operation for Delete<'_> {
    type Answer = ();

    fn what(&self) -> String {
        format!("a mirror in {}", href::parent(self.path))
    }

    fn prepare(&self, base: &Url) -> Result<Request<String>, http::Error> {
        self.condition.apply(request("DELETE", base, self.path)).body(String::new())
    }

    fn parse(&self, reply: &Reply) -> Result<(), RemoteError> {
        match reply.status.as_u16() {
            200..=299 | 404 | 410 => Ok(()),
            _ => Err(failure(self.what(), reply)),
        }
    }
}

/// Which request makes a calendar: RFC 4791's own, or the extended MKCOL of RFC 5689.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    Mkcalendar,
    Mkcol,
}

/// Makes a calendar for events.
pub struct MakeCalendar<'a> {
    pub path: &'a str,
    pub name: &'a str,
    pub dialect: Dialect,
}

/// What became of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    Now,
    /// Perhaps it exists already: look.
    Perhaps,
}

impl Operation for MakeCalendar<'_> {
    type Answer = Made;

    fn what(&self) -> String {
        format!("a new calendar in {}", href::parent(self.path))
    }

    fn prepare(&self, base: &Url) -> Result<Request<String>, http::Error> {
        let (method, root) = match self.dialect {
            Dialect::Mkcalendar => ("MKCALENDAR", &xml::MKCALENDAR),
            Dialect::Mkcol => ("MKCOL", &xml::MKCOL),
        };
        let set = XmlNode::new(&xml::SET).with_children(vec![self.properties()]);
        let body = XmlNode::new(root).with_children(vec![set]);
        request(method, base, self.path)
            .header(CONTENT_TYPE, "application/xml; charset=utf-8")
            .body(xml::document(&body))
    }

    fn parse(&self, reply: &Reply) -> Result<Made, RemoteError> {
        match reply.status.as_u16() {
            200..=299 => Ok(Made::Now),
            400 | 403 | 405 | 409 | 415 | 501 => Ok(Made::Perhaps),
            _ => Err(failure(self.what(), reply)),
        }
    }
}

impl MakeCalendar<'_> {
    fn properties(&self) -> XmlNode<'_> {
        let events = XmlNode::new(&xml::COMP).with_attributes(vec![("name", "VEVENT")]);
        let mut properties = vec![
            XmlNode::new(&xml::DISPLAY_NAME).with_text(self.name),
            XmlNode::new(&xml::SUPPORTED_CALENDAR_COMPONENT_SET).with_children(vec![events]),
        ];
        if self.dialect == Dialect::Mkcol {
            let types = vec![XmlNode::new(&xml::COLLECTION), XmlNode::new(&xml::CALENDAR)];
            properties.insert(0, XmlNode::new(&xml::RESOURCETYPE).with_children(types));
        }
        XmlNode::new(&xml::PROP).with_children(properties)
    }
}
