//! MKCALENDAR, the extended MKCOL (RFC 5689) and PROPPATCH: making a calendar, and how it is called.

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use roxmltree::Node;

use super::answer::{Refusal, multistatus, propstat};
use super::{Call, is_writable};
use crate::caldav::place::Place;
use crate::caldav::store::{Collection, Look};
use crate::caldav::xml::{self, APPLE, CALDAV, DAV, Element, Name, dav};

/// iCloud's limit (Apple Support 103188).
const MAX_COLLECTIONS: usize = 100;
const COLOR: &str = "#1BADF8FF";

/// What a client sets on a collection.
#[derive(Default)]
struct Wish {
    name: Option<String>,
    color: Option<String>,
    component: Option<String>,
    /// Whether `resourcetype` says that it is a calendar.
    is_calendar: bool,
    /// Everything that it sets.
    all: Vec<Name>,
}

pub(super) fn make(call: &Call<'_>, method: &Method) -> Result<Response, Refusal> {
    let wish = Wish::read(call.body)?;
    let Place::Calendar { person, slug } = &call.place else {
        return Err(Refusal::caldav("calendar-collection-location-ok"));
    };
    if method.as_str() == "MKCOL" && !wish.is_calendar {
        return Err(Refusal::dav("valid-resourcetype"));
    }
    call.server.transact(|tx| {
        if call.collection(tx)?.is_some() {
            return Err(Refusal::not_allowed());
        }
        if tx.list_collections(person)?.len() >= MAX_COLLECTIONS {
            return Err(Refusal::bare(StatusCode::INSUFFICIENT_STORAGE));
        }
        tx.add_collection(Collection {
            born: 0,
            person: person.clone(),
            slug: slug.clone(),
            name: wish.name.clone().unwrap_or_else(|| slug.clone()),
            color: wish.color.clone().unwrap_or_else(|| COLOR.to_owned()),
            look: Look::Own,
            component: wish.component.clone().unwrap_or_else(|| "VEVENT".to_owned()),
            seq: 0,
        })?;
        Ok(())
    })?;
    Ok(StatusCode::CREATED.into_response())
}

/// A name and a color can be changed; where anything else is to be, nothing is (RFC 4918 section 9.2).
pub(super) fn change(call: &Call<'_>) -> Result<Response, Refusal> {
    let wish = Wish::read(call.body)?;
    let known = [Name::new(DAV, "displayname"), Name::new(APPLE, "calendar-color")];
    let others: Vec<&Name> = wish.all.iter().filter(|name| !known.contains(name)).collect();
    call.server.transact(|tx| {
        let one = call.collection(tx)?.ok_or_else(Refusal::missing)?;
        if !is_writable(&one) || !matches!(call.place, Place::Calendar { .. }) {
            return Err(Refusal::needs_privileges());
        }
        if others.is_empty() {
            let (name, color) = (wish.name.as_ref().unwrap_or(&one.name), wish.color.as_ref());
            tx.rename(&one, name, color.unwrap_or(&one.color))?;
        }
        Ok(())
    })?;
    let status = |name: &Name| match (others.is_empty(), known.contains(name)) {
        (true, _) => "HTTP/1.1 200 OK",
        (false, true) => "HTTP/1.1 424 Failed Dependency",
        (false, false) => "HTTP/1.1 403 Forbidden",
    };
    let told = wish.all.iter().map(|name| propstat(vec![Element::new(name.clone())], status(name)));
    let line = dav("response").with([dav("href").text(call.place.href())].into_iter().chain(told));
    Ok(multistatus(vec![line], call.server.control().manners()))
}

impl Wish {
    /// No body wishes nothing in particular.
    fn read(body: &str) -> Result<Self, Refusal> {
        if body.trim().is_empty() {
            return Ok(Self::default());
        }
        let document = xml::parse(body).ok_or_else(|| Refusal::bare(StatusCode::BAD_REQUEST))?;
        let mut wish = Self::default();
        for set in document.root_element().children().filter(|node| xml::is(node, DAV, "set")) {
            let props = xml::child(set, DAV, "prop").into_iter().flat_map(|prop| prop.children());
            props.filter(Node::is_element).for_each(|prop| wish.take(prop));
        }
        Ok(wish)
    }

    fn take(&mut self, prop: Node<'_, '_>) {
        match (prop.tag_name().namespace().unwrap_or_default(), prop.tag_name().name()) {
            (DAV, "displayname") => self.name = Some(xml::text_of(prop)),
            (APPLE, "calendar-color") => self.color = Some(xml::text_of(prop)),
            (CALDAV, "supported-calendar-component-set") => {
                let component = xml::child(prop, CALDAV, "comp").and_then(|comp| comp.attribute("name"));
                self.component = component.map(str::to_ascii_uppercase);
            }
            (DAV, "resourcetype") => self.is_calendar = xml::child(prop, CALDAV, "calendar").is_some(),
            _ => {}
        }
        self.all.push(Name::of(prop));
    }
}
