//! An appointment in our words, apart from what its level may tell.

use daybook_core::appointment::{Backwards, Kind, Participation, Status};
use daybook_core::ids::{AppointmentId, PractitionerId};
use daybook_core::time::Interval;
use jiff::Timestamp;

use crate::config::Base;
use crate::instant::{after, parse_instant};
use crate::reference::{Actor, actor};
use crate::wire::{Appointment, ParticipationCode, StatusCode};

/// What every level knows.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) id: AppointmentId,
    pub(crate) status: Status,
    pub(crate) when: Option<Result<Interval, Backwards>>,
    /// Also where it ends before it starts.
    pub(crate) start: Option<Timestamp>,
    pub(crate) practitioners: Vec<(PractitionerId, Participation)>,
    /// Clinicians whom the EHR names by a role, which somebody has to look up.
    pub(crate) roles: Vec<(String, Participation)>,
    pub(crate) kind: Kind,
    pub(crate) last_updated: Option<Timestamp>,
}

/// `None` where it cannot be understood: no id, no status, or a time that is none.
pub(crate) fn draft_from(base: &Base, wire: &Appointment) -> Option<Draft> {
    let (start, when) = when_from(wire)?;
    let (practitioners, roles, kind) = participants_from(base, wire);
    let updated = wire.meta.as_ref().and_then(|meta| meta.last_updated.as_deref());
    Some(Draft {
        id: AppointmentId::new(wire.id.as_deref()?),
        status: status_from(wire.status?),
        when,
        start,
        practitioners,
        roles,
        kind,
        last_updated: updated.and_then(parse_instant),
    })
}

fn status_from(code: StatusCode) -> Status {
    match code {
        StatusCode::Proposed => Status::Proposed,
        StatusCode::Pending => Status::Pending,
        StatusCode::Booked => Status::Booked,
        StatusCode::Arrived => Status::Arrived,
        StatusCode::Fulfilled => Status::Fulfilled,
        StatusCode::Cancelled => Status::Cancelled,
        StatusCode::Noshow => Status::NoShow,
        StatusCode::EnteredInError => Status::EnteredInError,
        StatusCode::CheckedIn => Status::CheckedIn,
        StatusCode::Waitlist => Status::Waitlist,
        StatusCode::Unknown => Status::Unknown,
    }
}

/// R4 requires an answer of each participant; who has none, or one that we do not know, has not refused.
fn participation_from(code: Option<ParticipationCode>) -> Participation {
    match code {
        None | Some(ParticipationCode::Accepted) => Participation::Accepted,
        Some(ParticipationCode::Declined) => Participation::Declined,
        Some(ParticipationCode::Tentative) => Participation::Tentative,
        Some(ParticipationCode::NeedsAction | ParticipationCode::Unknown) => Participation::NeedsAction,
    }
}

type Time = (Option<Timestamp>, Option<Result<Interval, Backwards>>);

/// The start, and the whole. An end may also be told as a duration. `None` where a time cannot be read.
fn when_from(wire: &Appointment) -> Option<Time> {
    let read = |text: &Option<String>| text.as_deref().map(parse_instant);
    let (start, end) = match (read(&wire.start), read(&wire.end)) {
        (Some(None), _) | (_, Some(None)) => return None,
        (start, end) => (start.flatten(), end.flatten()),
    };
    let lasting = || Some(after(start?, wire.minutes_duration?.checked_mul(60)?));
    let when = match (start, end.or_else(lasting)) {
        (Some(start), Some(end)) => Some(Interval::new(start, end).ok_or(Backwards)),
        _ => None,
    };
    Some((start, when))
}

type Participants = (Vec<(PractitionerId, Participation)>, Vec<(String, Participation)>, Kind);

fn participants_from(base: &Base, wire: &Appointment) -> Participants {
    let (mut practitioners, mut roles, mut kind) = (Vec::new(), Vec::new(), Kind::Internal);
    for participant in wire.participant.iter().flatten() {
        let answer = participation_from(participant.status);
        match participant.actor.as_ref().map(|reference| actor(base, reference)) {
            Some(Actor::Practitioner(id)) => practitioners.push((PractitionerId::new(id), answer)),
            Some(Actor::Role(id)) => roles.push((id, answer)),
            Some(Actor::Patient(_)) => kind = Kind::Patient,
            Some(Actor::Location(_) | Actor::Other) | None => {}
        }
    }
    (practitioners, roles, kind)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn base() -> Base {
        Base::parse("https://ehr.example/fhir").unwrap()
    }

    fn draft(json: &str) -> Option<Draft> {
        draft_from(&base(), &serde_json::from_str(json).unwrap())
    }

    #[test]
    fn statuses_by_their_code() {
        for (code, expected) in [
            ("proposed", Status::Proposed),
            ("pending", Status::Pending),
            ("booked", Status::Booked),
            ("arrived", Status::Arrived),
            ("fulfilled", Status::Fulfilled),
            ("cancelled", Status::Cancelled),
            ("noshow", Status::NoShow),
            ("entered-in-error", Status::EnteredInError),
            ("checked-in", Status::CheckedIn),
            ("waitlist", Status::Waitlist),
            ("-", Status::Unknown),
            ("Booked", Status::Unknown),
        ] {
            let read = draft(&format!(r#"{{"id":"a","status":"{code}"}}"#)).unwrap();
            assert_eq!(read.status, expected, "{code}");
        }
        assert!(draft(r#"{"id":"a"}"#).is_none(), "no status is not an unknown status");
        assert!(draft(r#"{"status":"booked"}"#).is_none(), "no id");
    }

    #[test]
    fn answers_by_their_code() {
        for (status, expected) in [
            (r#","status":"accepted""#, Participation::Accepted),
            (r#","status":"declined""#, Participation::Declined),
            (r#","status":"tentative""#, Participation::Tentative),
            (r#","status":"needs-action""#, Participation::NeedsAction),
            (r#","status":"maybe""#, Participation::NeedsAction),
            ("", Participation::Accepted),
        ] {
            let read = draft(&format!(
                r#"{{"id":"a","status":"booked","participant":[{{"actor":{{"reference":"Practitioner/p"}}{status}}}]}}"#
            ));
            assert_eq!(read.unwrap().practitioners, [("p".into(), expected)], "{status}");
        }
    }

    #[test]
    fn times_however_they_are_told() {
        let at = |start: &str, end: &str| {
            Some(Ok(Interval::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()))
        };
        let fifty = at("2026-10-27T14:00:00Z", "2026-10-27T14:50:00Z");
        for (fields, expected) in [
            (r#","start":"2026-10-27T14:00:00Z","end":"2026-10-27T14:50:00Z""#, fifty),
            (r#","start":"2026-10-27T09:00:00-05","end":"2026-10-27T09:50-05:00""#, fifty),
            (r#","start":"2026-10-27T14:00:00Z","minutesDuration":50"#, fifty),
            (r#","start":"2026-10-27T14:00:00Z""#, None),
            (r#","end":"2026-10-27T14:00:00Z""#, None),
            ("", None),
            (r#","start":"2026-10-27T14:00:00Z","end":"2026-10-27T13:00:00Z""#, Some(Err(Backwards))),
        ] {
            let read = draft(&format!(r#"{{"id":"a","status":"booked"{fields}}}"#)).unwrap();
            assert_eq!(read.when, expected, "{fields}");
        }
        let local =
            r#"{"id":"a","status":"booked","start":"2026-10-27T14:00:00","end":"2026-10-27T14:50:00Z"}"#;
        assert!(draft(local).is_none(), "a time without an offset is no instant");
    }

    #[test]
    fn patients_make_it_an_appointment_with_a_patient() {
        for (participant, expected) in [
            (r#"{"actor":{"reference":"Patient/x","display":"Jane Doe"}}"#, Kind::Patient),
            (r#"{"actor":{"type":"Patient","identifier":{"value":"7"}}}"#, Kind::Patient),
            (r##"{"actor":{"reference":"#p1"}}"##, Kind::Patient),
            (r#"{"actor":{"reference":"Location/l"}}"#, Kind::Internal),
            (r#"{"type":[]}"#, Kind::Internal),
        ] {
            let read = draft(&format!(r#"{{"id":"a","status":"booked","participant":[{participant}]}}"#));
            assert_eq!(read.unwrap().kind, expected, "{participant}");
        }
    }
}
