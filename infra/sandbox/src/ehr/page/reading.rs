//! Reads what the page needs out of FHIR resources. It decides nothing about how they look.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde_json::{Value, json};

use crate::ehr::instant::parse_instant;
use crate::ehr::kind::Kind;
use crate::ehr::params::values_at;
use crate::ehr::store::{Clause, Tx};
use crate::page::dates::minute_of;
use crate::page::grid::Minutes;

/// Slots in which a clinician cannot be booked, on any of their schedules.
pub(super) fn closed_slots(tx: &Tx<'_>, practitioner: &str, near: &Clause) -> rusqlite::Result<Vec<Value>> {
    let own = Clause::refers("actor", Kind::Practitioner, practitioner);
    let mut closed = Vec::new();
    for schedule in tx.bodies(Kind::Schedule, &[own])? {
        let of_schedule = Clause::refers("schedule", Kind::Schedule, &text(&schedule, "id"));
        closed.extend(tx.bodies(Kind::Slot, &[of_schedule, near.clone()])?);
    }
    closed.retain(|slot| slot.get("status").is_some_and(|status| status == "busy-unavailable"));
    Ok(closed)
}

/// Start and end, where a resource has both in the right order.
pub(super) fn interval(body: &Value) -> Option<(Timestamp, Timestamp)> {
    let (from, to) = (instant_of(body, "start")?, instant_of(body, "end")?);
    (from < to).then_some((from, to))
}

/// The concept that an appointment for a service carries.
pub(super) fn service_of(service: &Value) -> Value {
    service.get("type").cloned().unwrap_or_else(|| json!([{"text": name_of(service)}]))
}

/// How a person, place or service is called.
pub(in crate::ehr) fn name_of(body: &Value) -> String {
    let name = body.get("name");
    if let Some(plain) = name.and_then(Value::as_str) {
        return plain.to_owned();
    }
    let Some(person) = name.and_then(Value::as_array).and_then(|names| names.first()) else {
        return text(body, "id");
    };
    let parts = ["prefix", "given", "family"].into_iter().flat_map(|part| values_at(person, part));
    parts.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// How the client of an appointment is called, if it has one.
pub(super) fn patient_of(body: &Value) -> Option<String> {
    let is_patient = |actor: &&Value| text(actor, "reference").contains("Patient/");
    let actor = values_at(body, "participant.actor").into_iter().find(is_patient)?;
    let display = text(actor, "display");
    Some(if display.is_empty() { text(actor, "reference") } else { display })
}

/// Whom an appointment is with, or what it is.
pub(super) fn who(body: &Value) -> String {
    patient_of(body).unwrap_or_else(|| match text(body, "description") {
        empty if empty.is_empty() => "Not a visit".to_owned(),
        words => words,
    })
}

/// The service of an appointment.
pub(super) fn what(body: &Value) -> String {
    let mut named =
        ["serviceType.text", "serviceType.coding.display"].into_iter().flat_map(|path| values_at(body, path));
    named.find_map(Value::as_str).unwrap_or_default().to_owned()
}

/// Is a role away on a day?
pub(super) fn is_away(role: &Value, date: Date) -> bool {
    let day = |absence: &Value, end: &str| -> Option<Date> {
        absence.get("during")?.get(end)?.as_str()?.get(..10)?.parse().ok()
    };
    values_at(role, "notAvailable").into_iter().any(|absence| {
        let from = day(absence, "start").unwrap_or(Date::MIN);
        let to = day(absence, "end").unwrap_or(Date::MAX);
        absence.get("during").is_some() && from <= date && date <= to
    })
}

/// The part of a day that a window of operational hours opens.
pub(super) fn window_minutes(window: &Value) -> Minutes {
    let minute = |name: &str| text(window, name).parse::<Time>().ok().map(minute_of);
    if window.get("allDay").is_some_and(|all_day| all_day == true) {
        return Minutes { from: 0, to: 24 * 60 };
    }
    Minutes {
        from: minute("availableStartTime").unwrap_or(0),
        to: minute("availableEndTime").unwrap_or(24 * 60),
    }
}

/// A text element, or nothing.
pub(super) fn text(body: &Value, name: &str) -> String {
    body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Does an appointment take its time?
pub(super) fn is_on(appointment: &Value) -> bool {
    let status = appointment.get("status").and_then(Value::as_str);
    !matches!(status, Some("cancelled" | "noshow" | "entered-in-error"))
}

/// Reads an instant of a resource.
fn instant_of(body: &Value, name: &str) -> Option<Timestamp> {
    body.get(name).and_then(Value::as_str).and_then(parse_instant)
}
