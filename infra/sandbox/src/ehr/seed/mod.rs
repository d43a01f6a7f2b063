//! The practice's first day: Riverside Counseling, its people, and two weeks of appointments. Everything
//! is invented. It runs once per file; later the file alone counts.

mod diary;
mod people;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::OpenError;
use super::kind::Kind;
use super::store::Tx;
use crate::page::dates::monday_of;

pub(super) const ZONE: &str = "America/New_York";
const WEEKDAYS: [&str; 5] = ["mon", "tue", "wed", "thu", "fri"];

/// One resource of the first day.
struct Seeded {
    kind: Kind,
    id: String,
    body: Value,
}

impl Seeded {
    fn new(kind: Kind, id: impl Into<String>, body: Value) -> Self {
        Self { kind, id: id.into(), body }
    }
}

/// Fills a file that has never held anything.
pub(super) fn plant(tx: &Tx<'_>, now: Timestamp) -> Result<(), OpenError> {
    if !tx.is_fresh()? {
        return Ok(());
    }
    let zone = TimeZone::get(ZONE)?;
    let monday = monday_of(now.to_zoned(zone.clone()).date())?;
    let mut all = vec![location()];
    all.extend(services());
    all.extend(people::practitioners());
    all.extend(roles(monday)?);
    all.extend(schedules(monday, &zone)?);
    all.extend(people::patients());
    all.extend(diary::appointments(monday, &zone)?);
    for Seeded { kind, id, mut body } in all {
        if let Some(fields) = body.as_object_mut() {
            fields.insert("resourceType".to_owned(), json!(kind.name()));
        }
        tx.put(kind, &id, body)?;
    }
    Ok(())
}

fn location() -> Seeded {
    Seeded::new(
        Kind::Location,
        "loc-1",
        json!({
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": ZONE}],
            "status": "active",
            "name": "Riverside Counseling",
            "telecom": [{"system": "phone", "value": "+1-555-0100", "use": "work"}],
            "address": {"line": ["12 River Walk"], "city": "Albany", "state": "NY", "postalCode": "12207"},
        }),
    )
}

fn services() -> [Seeded; 2] {
    let service = |id: &str, name: &str, code: &str, minutes: i64| {
        let body = json!({
            "active": true,
            "name": name,
            "type": [{"coding": [{"system": "https://riverside.example/service", "code": code, "display": name}]}],
            "location": [{"reference": "Location/loc-1"}],
            "comment": format!("{minutes} minutes"),
            "availableTime": [{"daysOfWeek": WEEKDAYS, "availableStartTime": "08:00:00", "availableEndTime": "19:00:00"}],
        });
        Seeded::new(Kind::HealthcareService, id, body)
    };
    [
        service("svc-1", "Individual session", "therapy-50", 50),
        service("svc-2", "Intake interview", "intake-50", 50),
    ]
}

fn roles(monday: Date) -> Result<[Seeded; 3], jiff::Error> {
    let office =
        json!([{"daysOfWeek": WEEKDAYS, "availableStartTime": "09:00:00", "availableEndTime": "17:00:00"}]);
    let late = json!([
        {"daysOfWeek": ["mon", "tue", "wed", "thu"], "availableStartTime": "10:00:00", "availableEndTime": "18:00:00"},
        {"daysOfWeek": ["fri"], "availableStartTime": "09:00:00", "availableEndTime": "13:00:00"},
    ]);
    let away = diary::conference(monday)?.to_string();
    let role = |number: u8, hours: Value| {
        json!({
            "active": true,
            "practitioner": {"reference": format!("Practitioner/prac-{number}"), "display": people::clinician(number)},
            "location": [{"reference": "Location/loc-1"}],
            "healthcareService": [{"reference": "HealthcareService/svc-1"}, {"reference": "HealthcareService/svc-2"}],
            "availableTime": hours,
        })
    };
    let mut second = role(2, late);
    if let Some(fields) = second.as_object_mut() {
        let absence = json!([{"description": "Conference", "during": {"start": away, "end": away}}]);
        fields.insert("notAvailable".to_owned(), absence);
    }
    Ok([
        Seeded::new(Kind::PractitionerRole, "role-1", role(1, office.clone())),
        Seeded::new(Kind::PractitionerRole, "role-2", second),
        Seeded::new(Kind::PractitionerRole, "role-3", role(3, office)),
    ])
}

fn schedules(monday: Date, zone: &TimeZone) -> Result<Vec<Seeded>, jiff::Error> {
    let start = monday.to_zoned(zone.clone())?.timestamp();
    let end = monday.saturating_add(jiff::Span::new().years(1)).to_zoned(zone.clone())?.timestamp();
    let schedule = |number: u8| {
        let body = json!({
            "active": true,
            "actor": [{"reference": format!("Practitioner/prac-{number}"), "display": people::clinician(number)}],
            "planningHorizon": {"start": start.to_string(), "end": end.to_string()},
        });
        Seeded::new(Kind::Schedule, format!("sch-{number}"), body)
    };
    Ok((1..=3).map(schedule).collect())
}
