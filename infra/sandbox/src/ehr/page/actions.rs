//! What the forms do: book, move, cancel. A time that is taken or closed is refused here, as a careful
//! EHR does; the FHIR door leaves that to its clients.

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::reading::{closed_slots, interval, is_on, name_of, service_of};
use crate::ehr::kind::Kind;
use crate::ehr::params::{split_reference, values_at};
use crate::ehr::store::{Clause, Tx, random_hex};
use crate::ehr::{MOUNT, Sandbox, zone};
use crate::page::answer::is_cross_site;
use crate::page::dates::{monday_of, read_time};

/// What the page says after a form was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Booked,
    Moved,
    Cancelled,
    Taken,
    Closed,
    BadTime,
    Missing,
}

impl Notice {
    const ALL: [Self; 7] =
        [Self::Booked, Self::Moved, Self::Cancelled, Self::Taken, Self::Closed, Self::BadTime, Self::Missing];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Moved => "moved",
            Self::Cancelled => "cancelled",
            Self::Taken => "taken",
            Self::Closed => "closed",
            Self::BadTime => "bad-time",
            Self::Missing => "missing",
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Booked => "Booked.",
            Self::Moved => "Moved.",
            Self::Cancelled => "Cancelled.",
            Self::Taken => "Not saved: there is another appointment at that time.",
            Self::Closed => "Not saved: that time is closed by the clinician's own calendar.",
            Self::BadTime => "Not saved: please give a date, a time, and 5 to 480 minutes.",
            Self::Missing => "Not saved: that person, service or appointment is not known.",
        }
    }

    pub(super) fn is_refusal(self) -> bool {
        !matches!(self, Self::Booked | Self::Moved | Self::Cancelled)
    }
}

#[derive(Deserialize)]
pub(super) struct Booking {
    practitioner: String,
    patient: String,
    service: String,
    start: String,
    minutes: String,
}

#[derive(Deserialize)]
pub(super) struct NewTime {
    start: String,
    minutes: String,
}

/// Where the browser goes next: whose week, which week, and what to say.
struct Next {
    practitioner: String,
    at: Option<Timestamp>,
    notice: Notice,
}

/// A wish to use a practitioner's time.
struct Hold<'a> {
    practitioner: &'a str,
    from: Timestamp,
    to: Timestamp,
    /// The appointment that is being moved, which is not in its own way.
    besides: Option<&'a str>,
}

pub(super) async fn book(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    Form(form): Form<Booking>,
) -> Response {
    act(&sandbox, &headers, |tx, zone| {
        let next = |at, notice| Next { practitioner: form.practitioner.clone(), at, notice };
        let Some((from, to)) = read_time(&form.start, &form.minutes, zone) else {
            return Ok(next(None, Notice::BadTime));
        };
        let Some(body) = new_appointment(tx, &form, from, to)? else {
            return Ok(next(Some(from), Notice::Missing));
        };
        let hold = Hold { practitioner: &form.practitioner, from, to, besides: None };
        if let Some(notice) = obstacle(tx, &hold)? {
            return Ok(next(Some(from), notice));
        }
        tx.put(Kind::Appointment, &format!("apt-{}", random_hex()), body)?;
        Ok(next(Some(from), Notice::Booked))
    })
}

pub(super) async fn reschedule(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<NewTime>,
) -> Response {
    act(&sandbox, &headers, |tx, zone| {
        change(tx, &id, |body, practitioner| {
            let Some((from, to)) = read_time(&form.start, &form.minutes, zone) else {
                return Ok(Notice::BadTime);
            };
            let hold = Hold { practitioner, from, to, besides: Some(&id) };
            if let Some(notice) = obstacle(tx, &hold)? {
                return Ok(notice);
            }
            set(body, times(from, to));
            Ok(Notice::Moved)
        })
    })
}

pub(super) async fn cancel(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    act(&sandbox, &headers, |tx, _| {
        change(tx, &id, |body, _| {
            set(
                body,
                json!({"status": "cancelled", "cancelationReason": {"text": "Cancelled at the front desk"}}),
            );
            Ok(Notice::Cancelled)
        })
    })
}

/// Does what a form asks in one transaction and sends the browser back to the week.
fn act(
    sandbox: &Sandbox,
    headers: &HeaderMap,
    work: impl FnOnce(&Tx<'_>, &TimeZone) -> rusqlite::Result<Next>,
) -> Response {
    if is_cross_site(headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let done = sandbox.transact(|tx| {
        let zone = zone::of_practice(tx)?;
        Ok::<_, rusqlite::Error>((work(tx, &zone)?, zone))
    });
    match done {
        Ok((next, zone)) => Redirect::to(&next.address(&zone)).into_response(),
        Err(error) => {
            tracing::error!(%error, "the sandbox EHR could not save a form");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Next {
    fn address(&self, zone: &TimeZone) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("practitioner", &self.practitioner);
        let monday = self.at.and_then(|at| monday_of(at.to_zoned(zone.clone()).date()).ok());
        if let Some(monday) = monday {
            query.append_pair("week", &monday.to_string());
        }
        query.append_pair("notice", self.notice.name());
        format!("{MOUNT}/?{}", query.finish())
    }
}

/// Changes one appointment that is still on, unless `work` gives a reason not to.
fn change(
    tx: &Tx<'_>,
    id: &str,
    work: impl FnOnce(&mut Value, &str) -> rusqlite::Result<Notice>,
) -> rusqlite::Result<Next> {
    let found = tx.find(Kind::Appointment, id)?.and_then(|stored| stored.body);
    let Some(mut body) = found.filter(is_on) else {
        return Ok(Next { practitioner: String::new(), at: None, notice: Notice::Missing });
    };
    let practitioner = practitioner_of(&body);
    let at_before = interval(&body).map(|(from, _)| from);
    let notice = work(&mut body, &practitioner)?;
    let at = if notice.is_refusal() { at_before } else { interval(&body).map(|(from, _)| from) };
    if !notice.is_refusal() {
        tx.put(Kind::Appointment, id, body)?;
    }
    Ok(Next { practitioner, at, notice })
}

fn new_appointment(
    tx: &Tx<'_>,
    form: &Booking,
    from: Timestamp,
    to: Timestamp,
) -> rusqlite::Result<Option<Value>> {
    let find = |kind, id: &str| Ok::<_, rusqlite::Error>(tx.find(kind, id)?.and_then(|stored| stored.body));
    let practitioner = find(Kind::Practitioner, &form.practitioner)?;
    let patient = find(Kind::Patient, &form.patient)?;
    let service = find(Kind::HealthcareService, &form.service)?;
    let (Some(practitioner), Some(patient), Some(service)) = (practitioner, patient, service) else {
        return Ok(None);
    };
    let attends = |kind: Kind, id: &str, body: &Value| {
        let actor = json!({"reference": format!("{}/{id}", kind.name()), "display": name_of(body)});
        json!({"actor": actor, "required": "required", "status": "accepted"})
    };
    let mut body = json!({
        "resourceType": "Appointment",
        "status": "booked",
        "serviceType": service_of(&service),
        "participant": [
            attends(Kind::Practitioner, &form.practitioner, &practitioner),
            attends(Kind::Patient, &form.patient, &patient),
        ],
    });
    set(&mut body, times(from, to));
    Ok(Some(body))
}

/// What is in the way, if anything.
fn obstacle(tx: &Tx<'_>, hold: &Hold<'_>) -> rusqlite::Result<Option<Notice>> {
    let near = Clause::starts_within(hold.from - SignedDuration::from_hours(24 * 40), hold.to);
    let meets = |body: &Value| interval(body).is_some_and(|(from, to)| from < hold.to && hold.from < to);
    let own = Clause::refers("practitioner", Kind::Practitioner, hold.practitioner);
    let appointments = tx.bodies(Kind::Appointment, &[own, near.clone()])?;
    let others = appointments.iter().filter(|body| body.get("id").and_then(Value::as_str) != hold.besides);
    if others.filter(|body| is_on(body)).any(meets) {
        return Ok(Some(Notice::Taken));
    }
    let closed = closed_slots(tx, hold.practitioner, &near)?;
    Ok(closed.iter().any(meets).then_some(Notice::Closed))
}

fn practitioner_of(body: &Value) -> String {
    let references = values_at(body, "participant.actor.reference").into_iter().filter_map(Value::as_str);
    let mut named = references.map(split_reference).filter(|(kind, _)| kind == Kind::Practitioner.name());
    named.next().map(|(_, id)| id).unwrap_or_default()
}

fn times(from: Timestamp, to: Timestamp) -> Value {
    let minutes = from.duration_until(to).as_mins();
    json!({"start": from.to_string(), "end": to.to_string(), "minutesDuration": minutes})
}

fn set(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}
