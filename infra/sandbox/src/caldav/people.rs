//! Who has calendars here, and how they prove it. Everybody is invented, and their passwords are meant to be known.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Somebody with an account.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) password: &'static str,
}

pub(super) const PEOPLE: [Person; 2] = [
    Person { id: "ada", name: "Ada Marsh", email: "ada@clinic.example", password: "ada-sandbox" },
    Person { id: "carla", name: "Carla Winter", email: "carla@home.example", password: "carla-sandbox" },
];

pub(super) fn find(id: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.id == id)
}

/// Who sends this, by Basic authentication (RFC 7617) with the id or the address.
pub(super) fn signed_in(headers: &HeaderMap) -> Option<&'static Person> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let plain = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = plain.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let named = |person: &&Person| person.id == name || person.email.eq_ignore_ascii_case(name);
    PEOPLE.iter().find(named).filter(|person| person.password == password)
}
