//! What a reference points at. Only what lives on the configured server is ever followed.

use crate::config::Base;
use crate::wire::Reference;

/// Who or what takes part in something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Actor {
    Practitioner(String),
    Role(String),
    /// Somebody treated, or on their behalf; with the id where the record is on our server.
    Patient(Option<String>),
    Location(String),
    Other,
}

/// Reads a reference by its address, or by its type where it has no address.
pub(crate) fn actor(base: &Base, reference: &Reference) -> Actor {
    let text = reference.reference.as_deref().unwrap_or_default();
    let parts = parts_of(base, text);
    let kind = parts.map(|parts| parts.kind).or(reference.kind.as_deref());
    let id = parts.filter(|parts| parts.is_here).map(|parts| parts.id.to_owned());
    match (kind, id) {
        (Some("Practitioner"), Some(id)) => Actor::Practitioner(id),
        (Some("PractitionerRole"), Some(id)) => Actor::Role(id),
        (Some("Location"), Some(id)) => Actor::Location(id),
        (Some("Patient"), id) => Actor::Patient(id),
        (Some("RelatedPerson" | "Group"), _) => Actor::Patient(None),
        // A record packed into the appointment itself is somebody who has none of their own.
        (None, _) if text.starts_with('#') => Actor::Patient(None),
        _ => Actor::Other,
    }
}

/// The id, if the reference is to something of this type on our server.
pub(crate) fn id_of<'a>(base: &Base, kind: &str, reference: Option<&'a Reference>) -> Option<&'a str> {
    let parts = parts_of(base, reference?.reference.as_deref()?)?;
    (parts.kind == kind && parts.is_here).then_some(parts.id)
}

#[derive(Clone, Copy)]
struct Parts<'a> {
    kind: &'a str,
    id: &'a str,
    is_here: bool,
}

/// `Practitioner/prac-12`, also absolute, also with `/_history/3` behind it.
fn parts_of<'a>(base: &Base, text: &'a str) -> Option<Parts<'a>> {
    let local = base.strip(text).unwrap_or(text);
    let is_here = !local.contains(':');
    let (before, last) = local.rsplit_once('/')?;
    let (rest, id) = match before.strip_suffix("/_history") {
        Some(path) => path.rsplit_once('/')?,
        None => (before, last),
    };
    let kind = rest.rsplit('/').next()?;
    let is_kind = kind.starts_with(|c: char| c.is_ascii_uppercase());
    (is_kind && !id.is_empty() && (!is_here || rest == kind)).then_some(Parts { kind, id, is_here })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn references_by_shape() {
        let base = Base::parse("https://ehr.example/fhir").unwrap();
        let role = Actor::Role("r".into());
        for (text, kind, expected) in [
            ("Practitioner/p", None, Actor::Practitioner("p".into())),
            ("Practitioner/p/_history/3", None, Actor::Practitioner("p".into())),
            ("https://ehr.example/fhir/Practitioner/p/_history/3", None, Actor::Practitioner("p".into())),
            ("https://other.example/Patient/x/_history/3", None, Actor::Patient(None)),
            ("Practitioner/_history/3", None, Actor::Other),
            ("_history/3", None, Actor::Other),
            ("https://ehr.example/fhir/Practitioner/p", None, Actor::Practitioner("p".into())),
            ("https://other.example/fhir/Practitioner/p", None, Actor::Other),
            ("PractitionerRole/r", None, role),
            ("Patient/x", None, Actor::Patient(Some("x".into()))),
            ("https://other.example/Patient/x", None, Actor::Patient(None)),
            ("RelatedPerson/x", None, Actor::Patient(None)),
            ("#p1", None, Actor::Patient(None)),
            ("", Some("Patient"), Actor::Patient(None)),
            ("", Some("Practitioner"), Actor::Other),
            ("Location/l", None, Actor::Location("l".into())),
            ("Device/d", None, Actor::Other),
            ("urn:uuid:1", None, Actor::Other),
            ("", None, Actor::Other),
        ] {
            let kind = kind.map(str::to_owned);
            let reference = Reference { reference: Some(text.to_owned()), kind };
            assert_eq!(actor(&base, &reference), expected, "{text}");
        }
    }
}
