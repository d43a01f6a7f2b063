//! Two working weeks for each clinician, laid out by a fixed pattern so that every file made in the same
//! week is the same. Nothing overlaps.

use jiff::civil::{Date, DateTime, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::people::{clinician, patient};
use super::{Seeded, WEEKDAYS};
use crate::ehr::kind::Kind;

/// Starting hours per weekday; the second clinician begins an hour later, and stops early on Friday.
const HOURS: [&[i8]; 5] = [
    &[9, 10, 11, 13, 15],
    &[9, 10, 13, 14, 15, 16],
    &[9, 11, 14, 15],
    &[10, 11, 13, 14, 16],
    &[9, 10, 11, 14],
];
const SHORT_FRIDAY: &[i8] = &[9, 10, 11, 12];
const SESSION_MIN: i64 = 50;

/// What the front desk and the clinician wrote: description, comment, reason.
const WORDS: [(&str, &str, &str); 6] = [
    ("Follow-up on sleep and panic attacks", "Prefers the quiet waiting room", "Generalized anxiety"),
    ("CBT session 4, exposure homework", "Copay outstanding, remind at desk", "Panic disorder"),
    ("Grief work after loss of father", "Running late, called ahead", "Adjustment disorder"),
    (
        "Review of medication side effects",
        "Sister may join the last ten minutes",
        "Major depression, recurrent",
    ),
    ("Couple conflict, individual part", "Insurance changed to Evergreen Mutual", "Relationship distress"),
    ("Trauma narrative, second part", "Do not leave voicemail", "Post-traumatic stress"),
];

/// Everything in the diary of two weeks from `monday`.
pub(super) fn appointments(monday: Date, zone: &TimeZone) -> Result<Vec<Seeded>, jiff::Error> {
    let away = conference(monday)?;
    let mut all = Vec::new();
    let mut number = 1000;
    for clinician in 1..=3_u8 {
        for week in 0..2_i64 {
            for (day, hours) in (0_i64..).zip(HOURS) {
                let date = monday.checked_add((7 * week + day).days())?;
                if clinician == 2 && date == away {
                    continue;
                }
                for start in starts(date, clinician, day, hours, zone)? {
                    number += 1;
                    all.push(visit(number, clinician, start));
                }
            }
        }
    }
    all.extend(oddities(monday, zone)?);
    Ok(all)
}

/// The day in the second week on which the second clinician is away.
pub(super) fn conference(monday: Date) -> Result<Date, jiff::Error> {
    monday.checked_add(11.days())
}

fn starts(
    date: Date,
    clinician: u8,
    day: i64,
    hours: &[i8],
    zone: &TimeZone,
) -> Result<Vec<Timestamp>, jiff::Error> {
    let last = i64::try_from(WEEKDAYS.len()).unwrap_or(5) - 1;
    let (hours, later) = match (clinician, day == last) {
        (2, true) => (SHORT_FRIDAY, 0),
        (2, false) => (hours, 1),
        (_, _) => (hours, 0),
    };
    hours.iter().map(|hour| at(date.at(hour + later, 0, 0, 0), zone)).collect()
}

fn at(wall: DateTime, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    Ok(wall.to_zoned(zone.clone())?.timestamp())
}

fn visit(number: usize, clinician: u8, start: Timestamp) -> Seeded {
    let (service, code, name) = match number % 7 {
        0 => ("svc-2", "intake-50", "Intake interview"),
        _ => ("svc-1", "therapy-50", "Individual session"),
    };
    let (description, comment, reason) = WORDS.get(number % WORDS.len()).copied().unwrap_or_default();
    // Seven and twelve have no common factor, so that everybody comes and nobody comes twice a day.
    let (who, display) = patient(number * 7);
    let mut body = timed("booked", start, SESSION_MIN);
    extend(
        &mut body,
        json!({
            "identifier": [{"system": "https://riverside.example/appointment", "value": number.to_string()}],
            "serviceType": [{"coding": [{"system": "https://riverside.example/service", "code": code, "display": name}]}],
            "description": description,
            "comment": comment,
            "reasonCode": [{"text": reason}],
            "supportingInformation": [{"reference": format!("HealthcareService/{service}")}],
            "participant": [
                attends(&format!("Practitioner/prac-{clinician}"), &self::clinician(clinician)),
                attends(&who, &display),
                attends("Location/loc-1", "Riverside Counseling"),
            ],
        }),
    );
    Seeded::new(Kind::Appointment, format!("apt-{number}"), body)
}

/// What makes a real diary untidy: lunch, a meeting, a cancelled visit, a wish without a time.
fn oddities(monday: Date, zone: &TimeZone) -> Result<Vec<Seeded>, jiff::Error> {
    let on = |day: i64, hour: i8, minute: i8| {
        at(monday.checked_add(day.days())?.to_datetime(time(hour, minute, 0, 0)), zone)
    };
    let internal = |title: &str, clinician: u8, start: Timestamp, minutes: i64| {
        let mut body = timed("booked", start, minutes);
        let who = attends(&format!("Practitioner/prac-{clinician}"), &self::clinician(clinician));
        extend(&mut body, json!({"description": title, "participant": [who]}));
        body
    };
    let called_off = visit(1901, 1, on(2, 13, 0)?).body;
    let mut called_off = with_status(called_off, "cancelled");
    extend(&mut called_off, json!({"cancelationReason": {"text": "Client has influenza"}}));
    let mut wished = with_status(visit(1902, 3, on(1, 9, 0)?).body, "proposed");
    if let Some(fields) = wished.as_object_mut() {
        fields.retain(|name, _| !["start", "end", "minutesDuration"].contains(&name.as_str()));
    }
    Ok(vec![
        Seeded::new(Kind::Appointment, "apt-lunch-1", internal("Lunch", 1, on(0, 12, 0)?, 60)),
        Seeded::new(Kind::Appointment, "apt-meeting-1", internal("Team meeting", 3, on(2, 12, 30)?, 45)),
        Seeded::new(Kind::Appointment, "apt-1901", called_off),
        Seeded::new(Kind::Appointment, "apt-1902", wished),
    ])
}

fn timed(status: &str, start: Timestamp, minutes: i64) -> Value {
    let end = start + jiff::SignedDuration::from_mins(minutes);
    json!({"status": status, "start": start.to_string(), "end": end.to_string(), "minutesDuration": minutes})
}

fn attends(reference: &str, display: &str) -> Value {
    json!({"actor": {"reference": reference, "display": display}, "required": "required", "status": "accepted"})
}

fn with_status(mut body: Value, status: &str) -> Value {
    extend(&mut body, json!({"status": status}));
    body
}

fn extend(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}
