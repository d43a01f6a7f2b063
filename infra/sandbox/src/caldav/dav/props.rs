//! What each resource has to say about itself. Everything is computed from what the file holds.

use crate::caldav::people::Person;
use crate::caldav::place::Place;
use crate::caldav::store::{Collection, Look, Object, Tx};
use crate::caldav::xml::{APPLE, CALDAV, CALENDAR_SERVER, DAV, Element, Name, caldav, dav};
use crate::caldav::{ical, people};

use super::answer::{Refusal, found};
use super::is_writable;

/// A resource as it is asked for its properties.
pub(super) enum Resource<'a> {
    Root,
    Principal,
    Home,
    Collection(&'a Collection),
    Object(&'a Collection, &'a Object),
}

/// Which properties a client wants.
pub(super) enum Wanted {
    Named(Vec<Name>),
    All,
}

const ALL: [Name; 8] = [
    Name::new(DAV, "resourcetype"),
    Name::new(DAV, "displayname"),
    Name::new(DAV, "getetag"),
    Name::new(DAV, "getcontenttype"),
    Name::new(DAV, "getcontentlength"),
    Name::new(DAV, "current-user-principal"),
    Name::new(DAV, "sync-token"),
    Name::new(CALENDAR_SERVER, "getctag"),
];

/// Reads properties for one person.
pub(super) struct Reader<'a> {
    pub(super) tx: &'a Tx<'a>,
    pub(super) person: &'static Person,
}

impl Reader<'_> {
    /// The line of a multistatus about a resource.
    pub(super) fn line(&self, resource: &Resource<'_>, wanted: &Wanted) -> Result<Element, Refusal> {
        let names: &[Name] = match wanted {
            Wanted::Named(names) => names,
            Wanted::All => &ALL,
        };
        let (mut has, mut has_not) = (Vec::new(), Vec::new());
        for name in names {
            match (self.property(resource, name)?, wanted) {
                (Some(element), _) => has.push(element),
                (None, Wanted::Named(_)) => has_not.push(name.clone()),
                (None, Wanted::All) => {}
            }
        }
        Ok(found(&self.place(resource).href(), has, has_not))
    }

    fn place(&self, resource: &Resource<'_>) -> Place {
        let person = self.person.id.to_owned();
        match resource {
            Resource::Root => Place::Root,
            Resource::Principal => Place::Principal { person },
            Resource::Home => Place::Home { person },
            Resource::Collection(one) => Place::calendar(&one.person, &one.slug),
            Resource::Object(inside, object) => Place::object(&inside.person, &inside.slug, &object.name),
        }
    }

    fn property(&self, resource: &Resource<'_>, name: &Name) -> Result<Option<Element>, Refusal> {
        let own = match resource {
            Resource::Root | Resource::Home => None,
            Resource::Principal => self.of_principal(name),
            Resource::Collection(one) => self.of_collection(one, name)?,
            Resource::Object(_, object) => of_object(object, name),
        };
        Ok(own.or_else(|| self.of_all(resource, name)))
    }

    fn of_all(&self, resource: &Resource<'_>, name: &Name) -> Option<Element> {
        let empty = Element::new(name.clone());
        match (name.space.as_ref(), name.local.as_ref()) {
            (DAV, "resourcetype") => Some(empty.with(types(resource))),
            (DAV, "current-user-principal") => Some(empty.with([self.principal()])),
            (DAV, "owner") => match resource {
                Resource::Root => None,
                Resource::Collection(one) | Resource::Object(one, _) => Some(empty.with([owner(one)])),
                Resource::Principal | Resource::Home => Some(empty.with([self.principal()])),
            },
            _ => None,
        }
    }

    fn principal(&self) -> Element {
        href(&Place::Principal { person: self.person.id.to_owned() })
    }

    fn of_principal(&self, name: &Name) -> Option<Element> {
        let empty = Element::new(name.clone());
        match (name.space.as_ref(), name.local.as_ref()) {
            (DAV, "displayname") => Some(empty.text(self.person.name)),
            (DAV, "principal-URL") => Some(empty.with([self.principal()])),
            (CALDAV, "calendar-home-set") => {
                Some(empty.with([href(&Place::Home { person: self.person.id.to_owned() })]))
            }
            (CALDAV, "calendar-user-address-set") => Some(
                empty.with([dav("href").text(format!("mailto:{}", self.person.email)), self.principal()]),
            ),
            _ => None,
        }
    }

    fn of_collection(&self, one: &Collection, name: &Name) -> Result<Option<Element>, Refusal> {
        let empty = Element::new(name.clone());
        let is_calendar = one.look != Look::Inbox;
        Ok(match (name.space.as_ref(), name.local.as_ref()) {
            (DAV, "displayname") => Some(empty.text(one.name.as_str())),
            (DAV, "sync-token") if is_calendar => Some(empty.text(sync_token(self.tx, one)?)),
            (CALENDAR_SERVER, "getctag") => Some(empty.text(format!("{}-{}", one.born, one.seq))),
            (APPLE, "calendar-color") => Some(empty.text(one.color.as_str())),
            (DAV, "current-user-privilege-set") => Some(empty.with(privileges(one))),
            (DAV, "supported-report-set") if is_calendar => Some(empty.with(reports())),
            (CALDAV, "supported-calendar-component-set") => {
                Some(empty.with([caldav("comp").attribute("name", &one.component)]))
            }
            (CALDAV, "calendar-timezone-id") => Some(empty.text(ical::ZONE)),
            _ => None,
        })
    }
}

fn of_object(object: &Object, name: &Name) -> Option<Element> {
    let empty = Element::new(name.clone());
    let text = object.text.as_deref().unwrap_or_default();
    match (name.space.as_ref(), name.local.as_ref()) {
        (DAV, "getetag") => Some(empty.text(object.etag())),
        (DAV, "getcontenttype") => Some(empty.text("text/calendar; charset=utf-8")),
        (DAV, "getcontentlength") => Some(empty.text(text.len().to_string())),
        (CALDAV, "calendar-data") => Some(empty.data(text)),
        _ => None,
    }
}

/// The collection's state as a token: the number of its making and of its last change. After an expiry it is the
/// number of that.
pub(super) fn sync_token(tx: &Tx<'_>, one: &Collection) -> Result<String, Refusal> {
    Ok(token_text(one, one.seq.max(tx.floor()?)))
}

/// A URI, as RFC 6578 section 4 asks for.
pub(super) fn token_text(one: &Collection, seq: i64) -> String {
    format!("urn:sandbox:sync:{}:{seq}", one.born)
}

/// The number in a token, if it is one of this collection's that is still honoured.
pub(super) fn since_of(tx: &Tx<'_>, one: &Collection, token: &str) -> Result<Option<i64>, Refusal> {
    let number = token.strip_prefix(&format!("urn:sandbox:sync:{}:", one.born));
    let floor = tx.floor()?;
    Ok(number.and_then(|number| number.parse().ok()).filter(|seq| *seq >= floor))
}

fn types(resource: &Resource<'_>) -> Vec<Element> {
    let calendar = || vec![dav("collection"), caldav("calendar")];
    let server = |local| Element::new(Name::new(CALENDAR_SERVER, local));
    match resource {
        Resource::Object(..) => Vec::new(),
        Resource::Root | Resource::Home => vec![dav("collection")],
        Resource::Principal => vec![dav("collection"), dav("principal")],
        Resource::Collection(one) => match one.look {
            Look::Own => calendar(),
            Look::Shared => [calendar(), vec![server("shared")]].concat(),
            Look::Subscribed => [calendar(), vec![server("subscribed")]].concat(),
            Look::Inbox => vec![dav("collection"), caldav("schedule-inbox")],
        },
    }
}

/// Whoever shares a calendar is the other one.
fn owner(one: &Collection) -> Element {
    let other = people::PEOPLE.iter().find(|person| person.id != one.person);
    let person = match one.look {
        Look::Shared => other.map_or(one.person.as_str(), |person| person.id),
        Look::Own | Look::Subscribed | Look::Inbox => &one.person,
    };
    href(&Place::Principal { person: person.to_owned() })
}

fn href(place: &Place) -> Element {
    dav("href").text(place.href())
}

fn privileges(one: &Collection) -> Vec<Element> {
    let names: &[&'static str] =
        if is_writable(one) { &["read", "write", "write-content", "bind", "unbind"] } else { &["read"] };
    names.iter().map(|name| dav("privilege").with([dav(name)])).collect()
}

fn reports() -> Vec<Element> {
    let report = |inner| dav("supported-report").with([dav("report").with([inner])]);
    vec![
        report(caldav("calendar-query")),
        report(caldav("calendar-multiget")),
        report(dav("sync-collection")),
    ]
}
