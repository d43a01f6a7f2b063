//! The plain JSON message: its type, and the ids that it names. There is no field for anything else, so that whatever
//! else a sender tells is dropped while it is read.

use daybook_core::ids::{AppointmentId, PractitionerId};
use daybook_engine::receive::EhrSignal;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// More ids than this in one message are more than a hook is for; what is left out is found by the poll.
const MOST_NAMED: usize = 500;

#[derive(Deserialize)]
struct Notice {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    data: Named,
}

#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Named {
    One(Ids),
    Several(Vec<Ids>),
    #[default]
    Absent,
    /// Types that we do not know may tell anything.
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Ids {
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    practitioner_id: Option<Id>,
}

/// Some EHRs number their rows.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

/// What a message asks us to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    /// These appointments, and these practitioners' connections.
    Look(EhrSignal),
    /// Everything of the practice.
    Practice,
    /// Nothing: a ping, or a type that we do not know.
    Nothing,
}

/// `None` where the body is no JSON object with a `type`.
pub(crate) fn hear(body: &[u8]) -> Option<Heard> {
    let message: Notice = serde_json::from_slice(body).ok()?;
    let told = match message.data {
        Named::One(ids) => vec![ids],
        Named::Several(several) => several,
        Named::Absent | Named::Other(IgnoredAny) => Vec::new(),
    };
    Some(match message.kind.as_str() {
        "appointment.created"
        | "appointment.updated"
        | "appointment.cancelled"
        | "appointment.deleted"
        | "appointment.restored" => Heard::Look(appointments(told)),
        "practitioner.updated" | "practitioner.deactivated" => Heard::Look(practitioners(told, own_id)),
        "schedule.hours_changed" | "availability.changed" => {
            match practitioners(told, |ids| ids.practitioner_id) {
                signal if signal.practitioners.is_empty() => Heard::Practice,
                signal => Heard::Look(signal),
            }
        }
        "practice.timezone_changed" => Heard::Practice,
        _ => Heard::Nothing,
    })
}

fn appointments(named: Vec<Ids>) -> EhrSignal {
    let mut signal = EhrSignal::default();
    for ids in named.into_iter().take(MOST_NAMED) {
        signal.appointments.extend(ids.id.and_then(fitting).map(AppointmentId::new));
        signal.practitioners.extend(ids.practitioner_id.and_then(fitting).map(PractitionerId::new));
    }
    signal
}

fn practitioners(told: Vec<Ids>, who: impl Fn(Ids) -> Option<Id>) -> EhrSignal {
    let whom = told.into_iter().take(MOST_NAMED).filter_map(|ids| who(ids).and_then(fitting));
    EhrSignal { appointments: Vec::new(), practitioners: whom.map(PractitionerId::new).collect() }
}

/// In a message about a practitioner, `id` is the practitioner's own.
fn own_id(ids: Ids) -> Option<Id> {
    ids.practitioner_id.or(ids.id)
}

/// An id that an EHR could have given: short, and fit for a URL.
fn fitting(id: Id) -> Option<String> {
    let id = match id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    ((1..=64).contains(&id.len()) && id.chars().all(plain)).then_some(id)
}

/// As [`fitting`], for an id found in a path or a reference.
pub(crate) fn appointment_id(id: &str) -> Option<AppointmentId> {
    fitting(Id::Text(id.to_owned())).map(AppointmentId::new)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn look(appointments: &[&str], practitioners: &[&str]) -> Heard {
        Heard::Look(EhrSignal {
            appointments: appointments.iter().map(|id| (*id).into()).collect(),
            practitioners: practitioners.iter().map(|id| (*id).into()).collect(),
        })
    }

    #[test]
    fn types_and_ids() {
        for (body, expected) in [
            (
                r#"{"type":"appointment.updated","data":{"id":"7001","practitioner_id":"12"}}"#,
                Some(look(&["7001"], &["12"])),
            ),
            (
                r#"{"type":"appointment.created","data":{"id":7001,"practitioner_id":12}}"#,
                Some(look(&["7001"], &["12"])),
            ),
            (r#"{"type":"appointment.deleted","data":{"id":"7001"}}"#, Some(look(&["7001"], &[]))),
            (
                r#"{"type":"appointment.cancelled","data":[{"id":"1","practitioner_id":"a"},{"id":"2"}]}"#,
                Some(look(&["1", "2"], &["a"])),
            ),
            (
                r#"{"type":"appointment.restored","data":{"id":"1","patient":{"name":"x"},"start":[]}}"#,
                Some(look(&["1"], &[])),
            ),
            (r#"{"type":"appointment.updated","data":{"id":"../Patient/1"}}"#, Some(look(&[], &[]))),
            (
                r#"{"type":"schedule.hours_changed","data":{"id":"s","practitioner_id":"12"}}"#,
                Some(look(&[], &["12"])),
            ),
            (r#"{"type":"schedule.hours_changed","data":{"id":"s"}}"#, Some(Heard::Practice)),
            (r#"{"type":"practitioner.updated","data":{"id":"12"}}"#, Some(look(&[], &["12"]))),
            (r#"{"type":"practitioner.updated","data":{"practitioner_id":"12"}}"#, Some(look(&[], &["12"]))),
            (r#"{"type":"practice.timezone_changed","data":{}}"#, Some(Heard::Practice)),
            (r#"{"type":"ping"}"#, Some(Heard::Nothing)),
            (r#"{"type":"ping","data":null}"#, Some(Heard::Nothing)),
            (r#"{"type":"weather.changed","data":"rain"}"#, Some(Heard::Nothing)),
            (r"{}", Some(Heard::Nothing)),
            ("not json", None),
            ("[1]", None),
            ("", None),
        ] {
            assert_eq!(hear(body.as_bytes()), expected, "{body}");
        }
    }
}
