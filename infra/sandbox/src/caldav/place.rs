//! What a path names. Two spellings of one path (RFC 3986) name the same place, and an answer spells it one way.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::MOUNT;

/// What need not be encoded in a segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':');

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Root,
    Principal { person: String },
    Home { person: String },
    Calendar { person: String, slug: String },
    Object { person: String, slug: String, name: String },
}

impl Place {
    /// Reads a path of a request or a href of a body, which may be a whole URL.
    pub(super) fn parse(href: &str) -> Option<Self> {
        let path = path_of(href.trim());
        let inside = path.strip_prefix(MOUNT).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        let segments: Option<Vec<String>> = inside.trim_matches('/').split('/').map(decoded).collect();
        match segments?.as_slice() {
            [only] if only.is_empty() => Some(Self::Root),
            [kind, person] if kind == "principals" => Some(Self::Principal { person: person.clone() }),
            [kind, person] if kind == "calendars" => Some(Self::Home { person: person.clone() }),
            [kind, person, slug] if kind == "calendars" => Some(Self::calendar(person, slug)),
            [kind, person, slug, name] if kind == "calendars" => Some(Self::object(person, slug, name)),
            _ => None,
        }
    }

    pub(super) fn calendar(person: &str, slug: &str) -> Self {
        Self::Calendar { person: person.to_owned(), slug: slug.to_owned() }
    }

    pub(super) fn object(person: &str, slug: &str, name: &str) -> Self {
        Self::Object { person: person.to_owned(), slug: slug.to_owned(), name: name.to_owned() }
    }

    /// The path as answers spell it.
    pub(super) fn href(&self) -> String {
        match self {
            Self::Root => format!("{MOUNT}/"),
            Self::Principal { person } => format!("{MOUNT}/principals/{}/", encoded(person)),
            Self::Home { person } => format!("{MOUNT}/calendars/{}/", encoded(person)),
            Self::Calendar { person, slug } => {
                format!("{MOUNT}/calendars/{}/{}/", encoded(person), encoded(slug))
            }
            Self::Object { person, slug, name } => {
                format!("{MOUNT}/calendars/{}/{}/{}", encoded(person), encoded(slug), encoded(name))
            }
        }
    }

    /// Whose it is; nobody's is everybody's.
    pub(super) fn person(&self) -> Option<&str> {
        match self {
            Self::Root => None,
            Self::Principal { person }
            | Self::Home { person }
            | Self::Calendar { person, .. }
            | Self::Object { person, .. } => Some(person),
        }
    }

    /// The kind of place, for counting requests.
    pub(super) fn pattern(&self) -> &'static str {
        match self {
            Self::Root => "/",
            Self::Principal { .. } => "/principals/{person}/",
            Self::Home { .. } => "/calendars/{person}/",
            Self::Calendar { .. } => "/calendars/{person}/{calendar}/",
            Self::Object { .. } => "/calendars/{person}/{calendar}/{event}",
        }
    }
}

fn path_of(href: &str) -> &str {
    let after_host =
        href.split_once("://").map(|(_, rest)| rest.find('/').map_or("/", |at| rest.split_at(at).1));
    after_host.unwrap_or(href).split(['?', '#']).next().unwrap_or_default()
}

fn decoded(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    (text != "." && text != "..").then(|| text.into_owned())
}

fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn paths_and_places() {
        let home = Place::Home { person: "ada".into() };
        for (path, place) in [
            ("/sandbox/caldav", Some(Place::Root)),
            ("/sandbox/caldav/", Some(Place::Root)),
            ("/sandbox/caldav/calendars/ada", Some(home.clone())),
            ("http://x.example:1/sandbox/caldav/calendars/ada/", Some(home)),
            ("/sandbox/caldav/calendars/ada/a%20b/", Some(Place::calendar("ada", "a b"))),
            ("/sandbox/caldav/calendars/ada/c/x%40y.ics", Some(Place::object("ada", "c", "x@y.ics"))),
            ("/sandbox/caldavs/", None),
            ("/sandbox/caldav/calendars/ada/../x", None),
            ("/sandbox/caldav/calendars/ada/c/d/e.ics", None),
        ] {
            assert_eq!(Place::parse(path), place, "{path}");
        }
        assert_eq!(
            Place::object("ada", "a b", "x@é.ics").href(),
            "/sandbox/caldav/calendars/ada/a%20b/x@%C3%A9.ics"
        );
    }
}
