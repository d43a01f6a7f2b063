//! The clinicians and clients of the practice, all invented, with numbers and addresses that are reserved
//! for examples.

use serde_json::json;

use super::Seeded;
use crate::ehr::kind::Kind;

/// Given and family name, title.
const CLINICIANS: [(&str, &str, &str); 3] =
    [("Maya", "Okafor", "Dr."), ("Daniel", "Reyes", "Dr."), ("Ingrid", "Halvorsen", "Dr.")];

/// Given and family name, gender, birth date.
const PATIENTS: [(&str, &str, &str, &str); 12] = [
    ("Amelia", "Hartwell", "female", "1989-04-17"),
    ("Marcus", "Delgado", "male", "1976-09-02"),
    ("Priya", "Raghunathan", "female", "1994-12-11"),
    ("Theodore", "Blackwood", "male", "1968-02-25"),
    ("Noor", "Al-Masri", "female", "2001-07-08"),
    ("Siobhan", "Gallagher", "female", "1983-10-30"),
    ("Kenji", "Watanabe", "male", "1991-05-14"),
    ("Lucille", "Fontaine", "female", "1959-01-19"),
    ("Emmanuel", "Adeyemi", "male", "1987-08-21"),
    ("Rosalind", "Whitcombe", "female", "1972-03-06"),
    ("Mateo", "Quintero", "male", "2004-11-28"),
    ("Beatrix", "Lindqvist", "female", "1996-06-03"),
];

/// How a clinician is shown; `number` counts from 1.
pub(super) fn clinician(number: u8) -> String {
    let found = CLINICIANS.get(usize::from(number.saturating_sub(1)));
    found.map(|(given, family, title)| format!("{title} {given} {family}")).unwrap_or_default()
}

/// How a client is shown; `number` counts from 1 and goes round.
pub(super) fn patient(number: usize) -> (String, String) {
    let number = (number.saturating_sub(1)) % PATIENTS.len();
    let (given, family, ..) = PATIENTS.get(number).copied().unwrap_or_default();
    (format!("Patient/pat-{}", number + 1), format!("{given} {family}"))
}

pub(super) fn practitioners() -> Vec<Seeded> {
    let one = |(number, (given, family, title)): (usize, (&str, &str, &str))| {
        let body = json!({
            "active": true,
            "identifier": [{"system": "https://riverside.example/staff", "value": format!("s-{number}")}],
            "name": [{"use": "official", "family": family, "given": [given], "prefix": [title]}],
            "telecom": [{"system": "email", "value": format!("{}@riverside.example", given.to_lowercase()), "use": "work"}],
        });
        Seeded::new(Kind::Practitioner, format!("prac-{number}"), body)
    };
    (1..).zip(CLINICIANS).map(one).collect()
}

pub(super) fn patients() -> Vec<Seeded> {
    let one = |(number, (given, family, gender, born)): (usize, (&str, &str, &str, &str))| {
        let body = json!({
            "active": true,
            "identifier": [{"system": "https://riverside.example/mrn", "value": format!("MRN-{}", 4400 + number)}],
            "name": [{"use": "official", "family": family, "given": [given]}],
            "gender": gender,
            "birthDate": born,
            "telecom": [
                {"system": "phone", "value": format!("+1-555-01{:02}", 10 + number), "use": "mobile"},
                {"system": "email", "value": format!("{}.{}@example.org", given.to_lowercase(), family.to_lowercase())},
            ],
        });
        Seeded::new(Kind::Patient, format!("pat-{number}"), body)
    };
    (1..).zip(PATIENTS).map(one).collect()
}
