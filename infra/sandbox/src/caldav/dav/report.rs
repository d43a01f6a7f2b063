//! REPORT: what touches a time, several by name, what changed (RFC 4791 sections 7.8 and 7.9, RFC 6578). The server
//! filters by component and time alone and expands nothing.

use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use roxmltree::Node;

use super::answer::{Refusal, cut_short, gone, multistatus};
use super::props::{Reader, Resource, Wanted, since_of, sync_token, token_text};
use super::{Call, names_in};
use crate::caldav::control::Manners;
use crate::caldav::ical;
use crate::caldav::place::Place;
use crate::caldav::store::{Collection, Look, Tx};
use crate::caldav::xml::{self, CALDAV, DAV, Element, dav};

/// What is asked for.
enum Report {
    Query(Filter),
    Multiget(Vec<String>),
    /// An empty token asks for everything.
    Changes {
        token: String,
        limit: usize,
    },
}

/// Which component, and which time it touches.
#[derive(Default)]
struct Filter {
    component: Option<String>,
    within: Option<(Timestamp, Timestamp)>,
}

pub(super) fn report(call: &Call<'_>) -> Result<Response, Refusal> {
    let bad = || Refusal::bare(StatusCode::BAD_REQUEST);
    let document = xml::parse(call.body).ok_or_else(bad)?;
    let root = document.root_element();
    let manners = call.server.control().manners();
    let report = read(root, manners)?;
    let wanted = Wanted::Named(xml::child(root, DAV, "prop").map(names_in).unwrap_or_default());
    let lines = call.server.transact(|tx| {
        let inside = call.collection(tx)?.ok_or_else(Refusal::missing)?;
        if inside.look == Look::Inbox || matches!(call.place, Place::Object { .. }) {
            return Err(Refusal::dav("supported-report"));
        }
        let desk =
            Desk { call, reader: Reader { tx, person: call.person }, inside: &inside, wanted: &wanted };
        match &report {
            Report::Query(filter) => desk.query(filter),
            Report::Multiget(hrefs) => desk.multiget(hrefs),
            Report::Changes { token, limit } => desk.changes(token, *limit),
        }
    })?;
    Ok(multistatus(lines, manners))
}

fn read(root: Node<'_, '_>, manners: Manners) -> Result<Report, Refusal> {
    if xml::is(&root, CALDAV, "calendar-query") {
        return filter(root, manners).map(Report::Query);
    }
    if xml::is(&root, CALDAV, "calendar-multiget") {
        let hrefs = root.children().filter(|node| xml::is(node, DAV, "href")).map(xml::text_of);
        return Ok(Report::Multiget(hrefs.collect()));
    }
    if xml::is(&root, DAV, "sync-collection") {
        let token = xml::child(root, DAV, "sync-token").map(xml::text_of).unwrap_or_default();
        let limit = xml::child(root, DAV, "limit").and_then(|limit| xml::child(limit, DAV, "nresults"));
        let limit = limit.and_then(|count| xml::text_of(count).parse().ok()).unwrap_or(usize::MAX);
        return Ok(Report::Changes { token, limit: limit.max(1) });
    }
    Err(Refusal::dav("supported-report"))
}

/// iCloud answers nothing useful without a filter inside VCALENDAR.
fn filter(root: Node<'_, '_>, manners: Manners) -> Result<Filter, Refusal> {
    let inner = |node| xml::child(node, CALDAV, "comp-filter");
    let outer = xml::child(root, CALDAV, "filter").and_then(inner);
    let outer = outer.filter(|node| node.attribute("name") == Some("VCALENDAR"));
    let outer = outer.ok_or_else(|| Refusal::caldav("valid-filter"))?;
    let Some(component) = inner(outer) else {
        let strict = manners == Manners::Apple;
        return if strict { Err(Refusal::caldav("supported-filter")) } else { Ok(Filter::default()) };
    };
    let others = |node: &Node<'_, '_>| node.is_element() && !xml::is(node, CALDAV, "time-range");
    if component.children().any(|node| others(&node)) {
        return Err(Refusal::caldav("supported-filter"));
    }
    let within = xml::child(component, CALDAV, "time-range").map(range).transpose()?;
    Ok(Filter { component: component.attribute("name").map(str::to_owned), within })
}

/// Either end may be open, not both (RFC 4791 section 9.9).
fn range(node: Node<'_, '_>) -> Result<(Timestamp, Timestamp), Refusal> {
    let bad = || Refusal::caldav("valid-filter");
    let end = |name, open| match node.attribute(name) {
        Some(text) => utc(text).ok_or_else(bad),
        None => Ok(open),
    };
    let (from, to) = (end("start", Timestamp::MIN)?, end("end", Timestamp::MAX)?);
    let is_open = node.attribute("start").is_none() && node.attribute("end").is_none();
    if from < to && !is_open { Ok((from, to)) } else { Err(bad()) }
}

fn utc(text: &str) -> Option<Timestamp> {
    let wall = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    TimeZone::UTC.to_timestamp(wall).ok()
}

/// One report at work.
struct Desk<'a> {
    call: &'a Call<'a>,
    reader: Reader<'a>,
    inside: &'a Collection,
    wanted: &'a Wanted,
}

impl Desk<'_> {
    fn tx(&self) -> &Tx<'_> {
        self.reader.tx
    }

    fn query(&self, filter: &Filter) -> Result<Vec<Element>, Refusal> {
        let mut lines = Vec::new();
        for object in self.tx().list_objects(self.inside)? {
            let facts = ical::read(object.text.as_deref().unwrap_or_default()).ok();
            let meets = facts.is_none_or(|facts| {
                filter.component.as_ref().is_none_or(|component| *component == facts.component)
                    && filter.within.is_none_or(|(from, to)| facts.when.touches(from, to))
            });
            if meets {
                lines.push(self.reader.line(&Resource::Object(self.inside, &object), self.wanted)?);
            }
        }
        Ok(lines)
    }

    /// In the order of the request. What is asked for elsewhere is not here.
    fn multiget(&self, hrefs: &[String]) -> Result<Vec<Element>, Refusal> {
        let drops = self.call.server.control().take_drops();
        let kept = hrefs.len().saturating_sub(drops);
        hrefs.iter().take(kept).map(|href| self.by_href(href)).collect()
    }

    fn by_href(&self, href: &str) -> Result<Element, Refusal> {
        let name = match Place::parse(href) {
            Some(Place::Object { person, slug, name })
                if person == self.inside.person && slug == self.inside.slug =>
            {
                name
            }
            _ => return Ok(gone(href)),
        };
        match self.tx().find_object(self.inside, &name)? {
            Some(object) => self.reader.line(&Resource::Object(self.inside, &object), self.wanted),
            None => Ok(gone(href)),
        }
    }

    /// The oldest changes first, so that what is left out comes after the token that is given.
    fn changes(&self, token: &str, limit: usize) -> Result<Vec<Element>, Refusal> {
        let since = match token {
            "" => 0,
            token => {
                since_of(self.tx(), self.inside, token)?.ok_or_else(|| Refusal::dav("valid-sync-token"))?
            }
        };
        let limit = limit.min(self.call.server.control().page_size());
        let mut changed = self.tx().list_changes(self.inside, since, limit.saturating_add(1))?;
        let has_more = changed.len() > limit;
        changed.truncate(limit);
        let reached = changed.last().map(|object| object.seq);
        if token.is_empty() {
            changed.retain(|object| object.text.is_some());
        }
        let mut lines = Vec::new();
        for object in &changed {
            lines.push(match object.text {
                Some(_) => self.reader.line(&Resource::Object(self.inside, object), self.wanted)?,
                None => gone(&Place::object(&self.inside.person, &self.inside.slug, &object.name).href()),
            });
        }
        let token = match reached.filter(|_| has_more) {
            Some(seq) => {
                lines.push(cut_short(&Place::calendar(&self.inside.person, &self.inside.slug).href()));
                token_text(self.inside, seq.max(self.tx().floor()?))
            }
            None => sync_token(self.tx(), self.inside)?,
        };
        lines.push(dav("sync-token").text(token));
        Ok(lines)
    }
}
