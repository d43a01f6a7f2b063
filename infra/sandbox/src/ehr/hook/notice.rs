//! Which messages a change owes, as pure data. It does not know when or whether they are sent.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::ehr::kind::Kind;
use crate::ehr::params::{split_reference, values_at};
use crate::ehr::store::Stored;
use crate::ehr::zone;

/// The body of one message, in the convention of Standard Webhooks.
#[derive(Debug, Serialize)]
pub(in crate::ehr) struct Notice {
    #[serde(rename = "type")]
    event: &'static str,
    timestamp: String,
    data: Data,
}

#[derive(Debug, Serialize)]
struct Data {
    id: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner_id: Option<String>,
    changed_fields: Vec<String>,
}

/// One message for each practitioner concerned, before or after; one without a name if there is none.
pub(in crate::ehr) fn notices(kind: Kind, before: Option<&Value>, after: &Stored) -> Vec<Notice> {
    let Some(event) = event_for(kind, before, after.body.as_ref()) else { return Vec::new() };
    let concerned: BTreeSet<String> = [before, after.body.as_ref()]
        .into_iter()
        .flatten()
        .flat_map(|body| practitioners(kind, body))
        .collect();
    let fields = changed_fields(before, after.body.as_ref());
    let notice = |practitioner_id| Notice {
        event,
        timestamp: after.updated.to_string(),
        data: Data {
            id: after.id.clone(),
            version: after.version.to_string(),
            practitioner_id,
            changed_fields: fields.clone(),
        },
    };
    if concerned.is_empty() {
        return vec![notice(None)];
    }
    concerned.into_iter().map(|practitioner| notice(Some(practitioner))).collect()
}

fn event_for(kind: Kind, before: Option<&Value>, after: Option<&Value>) -> Option<&'static str> {
    match kind {
        Kind::Appointment => Some(appointment_event(before, after)),
        Kind::Location if zone::named_by(before) != zone::named_by(after) => {
            Some("practice.timezone_changed")
        }
        Kind::Location | Kind::Schedule | Kind::PractitionerRole | Kind::HealthcareService => {
            Some("schedule.hours_changed")
        }
        Kind::Patient | Kind::Practitioner | Kind::Slot => None,
    }
}

fn appointment_event(before: Option<&Value>, after: Option<&Value>) -> &'static str {
    match (before, after) {
        (_, None) => "appointment.deleted",
        (None, Some(_)) => "appointment.created",
        (Some(before), Some(after)) => match (is_off(before), is_off(after)) {
            (false, true) => "appointment.cancelled",
            (true, false) => "appointment.restored",
            (false, false) | (true, true) => "appointment.updated",
        },
    }
}

fn is_off(appointment: &Value) -> bool {
    let status = appointment.get("status").and_then(Value::as_str);
    matches!(status, Some("cancelled" | "entered-in-error"))
}

fn practitioners(kind: Kind, body: &Value) -> Vec<String> {
    let path = match kind {
        Kind::Appointment => "participant.actor.reference",
        Kind::Schedule => "actor.reference",
        Kind::PractitionerRole => "practitioner.reference",
        _ => return Vec::new(),
    };
    let references = values_at(body, path).into_iter().filter_map(Value::as_str).map(split_reference);
    references.filter(|(kind, _)| kind == Kind::Practitioner.name()).map(|(_, id)| id).collect()
}

/// Names of the elements that differ, without the server's own.
fn changed_fields(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    let (Some(before), Some(after)) = (before.and_then(Value::as_object), after.and_then(Value::as_object))
    else {
        return Vec::new();
    };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs = |name: &str| before.get(name) != after.get(name);
    names.into_iter().filter(|name| *name != "meta" && is_plain(name) && differs(name)).cloned().collect()
}

/// A client may invent element names; one that is no plain word could say anything, so it is not told.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn appointment(status: &str, practitioner: &str) -> Value {
        json!({"status": status, "description": "Panic", "participant": [
            {"actor": {"reference": format!("Practitioner/{practitioner}")}},
            {"actor": {"reference": "Patient/pat-1", "display": "Jane Doe"}}]})
    }

    fn told(kind: Kind, before: Option<&Value>, body: Option<Value>) -> Vec<String> {
        let updated = "2026-10-12T13:05:11.204Z".parse().unwrap();
        let after = Stored { id: "7001".into(), version: 4, updated, body };
        notices(kind, before, &after).iter().map(|notice| serde_json::to_string(notice).unwrap()).collect()
    }

    #[test]
    fn the_event_follows_from_both_sides() {
        let (booked, cancelled) = (appointment("booked", "p"), appointment("cancelled", "p"));
        for (before, after, event) in [
            (None, Some(&booked), "appointment.created"),
            (Some(&booked), Some(&booked), "appointment.updated"),
            (Some(&booked), Some(&cancelled), "appointment.cancelled"),
            (Some(&cancelled), Some(&booked), "appointment.restored"),
            (Some(&booked), None, "appointment.deleted"),
        ] {
            let told = told(Kind::Appointment, before, after.cloned());
            assert_eq!(told.len(), 1);
            assert!(told[0].starts_with(&format!(r#"{{"type":"{event}""#)), "{told:?}");
        }
    }

    #[test]
    fn a_move_is_told_by_ids_and_element_names_alone() {
        let mut moved = appointment("booked", "12");
        moved["start"] = json!("2026-10-27T14:00:00Z");
        let told = told(Kind::Appointment, Some(&appointment("booked", "12")), Some(moved));
        assert_eq!(
            told,
            [concat!(
                r#"{"type":"appointment.updated","timestamp":"2026-10-12T13:05:11.204Z","data":{"id":"7001","#,
                r#""version":"4","practitioner_id":"12","changed_fields":["start"]}}"#
            )]
        );
    }

    #[test]
    fn a_new_clinician_and_the_old_one_are_both_told() {
        let told =
            told(Kind::Appointment, Some(&appointment("booked", "a")), Some(appointment("booked", "b")));
        assert_eq!(told.len(), 2);
        assert!(told[0].contains(r#""practitioner_id":"a""#) && told[1].contains(r#""practitioner_id":"b""#));
    }

    #[test]
    fn hours_and_zones_are_told_and_people_and_slots_are_not() {
        let place = |zone: &str| json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": zone}]});
        let zone = told(Kind::Location, Some(&place("America/New_York")), Some(place("Europe/London")));
        assert!(zone[0].contains("practice.timezone_changed"));
        let role = told(
            Kind::PractitionerRole,
            None,
            Some(json!({"practitioner": {"reference": "Practitioner/p"}})),
        );
        assert!(role[0].contains("schedule.hours_changed") && role[0].contains(r#""practitioner_id":"p""#));
        assert!(told(Kind::Slot, None, Some(json!({}))).is_empty());
        assert!(told(Kind::Patient, None, Some(json!({}))).is_empty());
    }
}
