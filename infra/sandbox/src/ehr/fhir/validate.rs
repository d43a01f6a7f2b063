//! The rules of R4 that scheduling rests on: required elements, codes, instants, the Appointment
//! invariants. Everything else that a client sends is kept as it came.

use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Time;
use serde_json::Value;

use super::outcome::Refusal;
use crate::ehr::instant::parse_instant;
use crate::ehr::kind::Kind;
use crate::ehr::params::values_at;

const APPOINTMENT_STATUS: &[&str] = &[
    "proposed",
    "pending",
    "booked",
    "arrived",
    "fulfilled",
    "cancelled",
    "noshow",
    "entered-in-error",
    "checked-in",
    "waitlist",
];
const PARTICIPANT_STATUS: &[&str] = &["accepted", "declined", "tentative", "needs-action"];
const REQUIRED: &[&str] = &["required", "optional", "information-only"];
const SLOT_STATUS: &[&str] = &["busy", "free", "busy-unavailable", "busy-tentative", "entered-in-error"];
const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const LOCATION_STATUS: &[&str] = &["active", "suspended", "inactive"];

/// Checks a resource that is to be written to `kind`, and hands it on unchanged.
pub(super) fn resource(kind: Kind, body: Option<Value>) -> Result<Value, Refusal> {
    let body = body.ok_or_else(|| Refusal::malformed("there is no resource in the body"))?;
    if !body.is_object() || body.get("resourceType").and_then(Value::as_str) != Some(kind.name()) {
        return Err(Refusal::malformed(format!("the body is no {}", kind.name())));
    }
    if body.get("meta").is_some_and(|meta| !meta.is_object()) {
        return Err(Refusal::malformed("meta is no object"));
    }
    match kind {
        Kind::Appointment => appointment(&body)?,
        Kind::Slot => slot(&body)?,
        Kind::Schedule => references(&body, "actor").and_then(|()| one_or_more(&body, "actor"))?,
        Kind::PractitionerRole | Kind::HealthcareService => hours(&body)?,
        Kind::Location => code(&body, "status", LOCATION_STATUS)?,
        Kind::Patient | Kind::Practitioner => {}
    }
    Ok(body)
}

fn appointment(body: &Value) -> Result<(), Refusal> {
    required(body, "status")?;
    code(body, "status", APPOINTMENT_STATUS)?;
    one_or_more(body, "participant")?;
    for participant in values_at(body, "participant") {
        required(participant, "status")?;
        code(participant, "status", PARTICIPANT_STATUS)?;
        code(participant, "required", REQUIRED)?;
        references(participant, "actor")?;
        if participant.get("type").is_none() && participant.get("actor").is_none() {
            return Err(Refusal::broken_rule("invariant", "app-1: a participant needs a type or an actor"));
        }
    }
    let (start, end) = (instant(body, "start")?, instant(body, "end")?);
    if start.is_some() != end.is_some() {
        return Err(Refusal::broken_rule("invariant", "app-2: start and end come together or not at all"));
    }
    let status = body.get("status").and_then(Value::as_str).unwrap_or_default();
    if start.is_none() && !["proposed", "cancelled", "waitlist"].contains(&status) {
        return Err(Refusal::broken_rule(
            "invariant",
            "app-3: only proposed, cancelled or waitlisted may lack times",
        ));
    }
    if body.get("cancelationReason").is_some() && !["cancelled", "noshow"].contains(&status) {
        return Err(Refusal::broken_rule(
            "invariant",
            "app-4: a cancelation reason needs a cancelled or noshow status",
        ));
    }
    in_order(start, end)
}

fn slot(body: &Value) -> Result<(), Refusal> {
    for name in Kind::Slot.required() {
        required(body, name)?;
    }
    references(body, "schedule")?;
    code(body, "status", SLOT_STATUS)?;
    in_order(instant(body, "start")?, instant(body, "end")?)
}

/// The weekly pattern of roles and services.
fn hours(body: &Value) -> Result<(), Refusal> {
    for window in values_at(body, "availableTime") {
        for day in values_at(window, "daysOfWeek") {
            if !day.as_str().is_some_and(|day| DAYS.contains(&day)) {
                return Err(unknown_code("daysOfWeek"));
            }
        }
        for name in ["availableStartTime", "availableEndTime"] {
            let Some(value) = window.get(name) else { continue };
            let time = value.as_str().filter(|text| text.len() >= 8);
            if time.is_none_or(|text| text.parse::<Time>().is_err()) {
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "value", format!("{name} is no time")));
            }
        }
    }
    values_at(body, "notAvailable").into_iter().try_for_each(|absence| required(absence, "description"))
}

fn required(value: &Value, name: &str) -> Result<(), Refusal> {
    match value.get(name) {
        Some(Value::Null) | None => Err(Refusal::broken_rule("required", format!("{name} is required"))),
        Some(_) => Ok(()),
    }
}

fn one_or_more(body: &Value, name: &str) -> Result<(), Refusal> {
    required(body, name)?;
    match body.get(name).and_then(Value::as_array) {
        Some(items) if !items.is_empty() => Ok(()),
        Some(_) => Err(Refusal::broken_rule("required", format!("{name} is required"))),
        None => Err(Refusal::malformed(format!("{name} is no list"))),
    }
}

fn code(value: &Value, name: &str, known: &[&str]) -> Result<(), Refusal> {
    match value.get(name) {
        None => Ok(()),
        Some(Value::String(code)) if known.contains(&code.as_str()) => Ok(()),
        Some(_) => Err(unknown_code(name)),
    }
}

fn unknown_code(name: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "code-invalid", format!("{name} is no code of R4"))
}

/// References must be objects that say something; whether they lead anywhere is not asked.
fn references(value: &Value, name: &str) -> Result<(), Refusal> {
    let speaks = |reference: &Value| {
        ["reference", "identifier", "display"].iter().any(|part| reference.get(part).is_some())
    };
    if values_at(value, name).into_iter().all(speaks) {
        return Ok(());
    }
    Err(Refusal::malformed(format!("{name} is no reference")))
}

fn instant(body: &Value, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(value) = body.get(name) else { return Ok(None) };
    let read = value.as_str().and_then(parse_instant);
    read.map(Some).ok_or_else(|| {
        let status = StatusCode::BAD_REQUEST;
        Refusal::new(status, "value", format!("{name} is no instant: date, time with seconds, and an offset"))
    })
}

fn in_order(start: Option<Timestamp>, end: Option<Timestamp>) -> Result<(), Refusal> {
    match (start, end) {
        (Some(start), Some(end)) if end < start => {
            Err(Refusal::broken_rule("business-rule", "the end is before the start"))
        }
        _ => Ok(()),
    }
}
