//! Puts the canaries in their places: into every text field of the EHR's resources and of a clinician's own events, as
//! each provider has them.

use daybook_tests::outside::ehr::{Ehr, at};
use serde_json::{Value, json};

use super::words::{ID_OF_EVENT, NEVER_TOLD, OF_EVENTS, TOLD, missing};

/// The patient, the clinician, their room and their schedule.
pub async fn plant_people(ehr: &Ehr) {
    for (path, body) in [
        ("Patient/pat-canary", patient()),
        ("Location/loc-canary", room()),
        ("Practitioner/prac-1", clinician(standing(ehr, "Practitioner/prac-1").await)),
        ("Schedule/sch-1", schedule(standing(ehr, "Schedule/sch-1").await)),
    ] {
        let (status, answer) = ehr.fhir("PUT", path, Some(&body)).await;
        assert!(matches!(status, 200 | 201), "{path}: {answer}");
    }
}

/// Time that somebody else closed in the EHR, with a note.
pub async fn plant_slot(ehr: &Ehr, (start, end): &(String, String)) {
    let slot = json!({
        "resourceType": "Slot", "id": "slot-canary", "schedule": {"reference": "Schedule/sch-1", "display": "Slotcanary"},
        "status": "busy-unavailable", "start": start, "end": end, "comment": "Slotcanary",
        "identifier": [{"system": "https://ehr.example/slot", "value": "Slotcanary"}],
    });
    let (status, answer) = ehr.fhir("PUT", "Slot/slot-canary", Some(&slot)).await;
    assert!(matches!(status, 200 | 201), "{answer}");
}

async fn standing(ehr: &Ehr, path: &str) -> Value {
    let (status, resource) = ehr.fhir("GET", path, None).await;
    assert_eq!(status, 200, "{path}: {resource}");
    resource
}

/// Books it; a second time at another time, it moves.
pub async fn book(ehr: &Ehr, id: &str, (start, end): &(String, String)) {
    let (status, answer) =
        ehr.fhir("PUT", &format!("Appointment/{id}"), Some(&appointment(id, start, end))).await;
    assert!(matches!(status, 200 | 201), "{answer}");
}

/// One that nobody can understand, with words where numbers and codes should be.
pub async fn book_broken(ehr: &Ehr, id: &str, (start, end): &(String, String)) {
    let mut body = appointment(id, start, end);
    body["minutesDuration"] = json!("Minutescanary");
    body["participant"][2]["actor"] = json!({"reference": {"Brokencanary": "Brokencanary"}});
    body["identifier"] = json!("Brokencanary");
    body["serviceType"] = json!("Brokencanary");
    let (status, answer) = ehr.fhir("PUT", &format!("Appointment/{id}"), Some(&body)).await;
    assert!(matches!(status, 200 | 201), "{answer}");
}

pub async fn cancel(ehr: &Ehr, id: &str) {
    let mut body = standing(ehr, &format!("Appointment/{id}")).await;
    body["status"] = json!("cancelled");
    body["cancelationReason"] = json!({"text": "Cancelcanary"});
    let (status, answer) = ehr.fhir("PUT", &format!("Appointment/{id}"), Some(&body)).await;
    assert_eq!(status, 200, "{answer}");
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "pat-canary", "active": true, "birthDate": "1961-07-19",
        "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Narrativecanary</div>"},
        "identifier": [{"system": "https://payer.example", "value": "Insurancecanary"}],
        "name": [
            {"use": "maiden", "family": "Maidencanary", "given": ["Maidencanary"]},
            {"use": "nickname", "text": "Nickcanary"},
            {"use": "official", "family": "Quillanary", "given": ["Zephyrine", "Maidencanary"], "prefix": ["Prefixcanary"]},
        ],
        "telecom": [{"system": "phone", "value": "5550199"}, {"system": "email", "value": "Mailcanary@patients.example"}],
        "address": [{"line": ["77 Addresscanary"], "city": "Citycanary", "postalCode": "Zipcanary", "text": "Addresscanary"}],
        "contact": [{"name": {"family": "Kincanary"}, "telecom": [{"system": "phone", "value": "Kincanary"}]}],
        "photo": [{"title": "Photocanary"}],
        "communication": [{"language": {"text": "Languagecanary"}}],
        "maritalStatus": {"text": "Maritalcanary"},
        "link": [{"other": {"display": "Relativecanary"}, "type": "seealso"}],
        "extension": [{"url": "https://ehr.example/x", "valueString": "Extensioncanary"}],
    })
}

fn room() -> Value {
    json!({
        "resourceType": "Location", "id": "loc-canary", "status": "active", "name": "Canaryroom",
        "description": "Roomnotecanary", "telecom": [{"system": "phone", "value": "Roomphonecanary"}],
        "address": {"line": ["Roomaddresscanary"], "city": "Roomaddresscanary"},
    })
}

fn clinician(mut body: Value) -> Value {
    body["telecom"] = json!([
        {"system": "phone", "value": "Doctorphonecanary", "use": "home"},
        {"system": "email", "value": "Doctormailcanary@home.example"},
    ]);
    body["address"] = json!([{"line": ["Doctoraddresscanary"], "text": "Doctoraddresscanary"}]);
    body
}

fn schedule(mut body: Value) -> Value {
    body["comment"] = json!("Schedulecanary");
    body
}

fn appointment(id: &str, start: &str, end: &str) -> Value {
    json!({
        "resourceType": "Appointment", "id": id, "status": "booked", "start": start, "end": end, "minutesDuration": 50,
        "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Narrativecanary</div>"},
        "contained": [{"resourceType": "Patient", "id": "inside", "name": [{"text": "Containedcanary"}]}],
        "meta": {"tag": [{"display": "Tagcanary"}]},
        "identifier": [
            {"use": "old", "value": "Oldnumbercanary7"},
            {"system": "https://ehr.example/text", "value": "Textnumbercanary of Zephyrine Quillanary"},
            {"system": "https://ehr.example/number", "value": "CN-904217"},
        ],
        "description": "Descriptioncanary", "comment": "Commentcanary", "patientInstruction": "Instructioncanary",
        "reasonCode": [{"text": "Reasoncanary", "coding": [{"code": "F10.20canary", "display": "Diagnosiscanary"}]}],
        "reasonReference": [{"display": "Referencedcanary"}],
        "appointmentType": {"text": "Typecanary", "coding": [{"code": "telehealth", "display": "Typecanary"}]},
        "serviceCategory": [{"text": "Categorycanary", "coding": [{"code": "c", "display": "Categorycanary"}]}],
        "serviceType": [{"text": "Canaryservice", "coding": [{"code": "Servicecodecanary", "display": "Servicecodecanary"}]}],
        "specialty": [{"text": "Specialtycanary"}],
        "supportingInformation": [{"reference": "DocumentReference/d", "display": "Supportcanary"}],
        "basedOn": [{"reference": "ServiceRequest/s", "display": "Basedoncanary"}],
        "extension": [{"url": "https://ehr.example/x", "valueString": "Extensioncanary"}],
        "participant": [
            {"actor": {"reference": "Practitioner/prac-1", "display": "Participantcanary"}, "status": "accepted"},
            {"actor": {"reference": "Patient/pat-canary", "display": "Displaycanary"}, "status": "accepted",
             "type": [{"text": "Participantcanary"}]},
            {"actor": {"reference": "Location/loc-canary", "display": "Displaycanary"}, "status": "accepted"},
        ],
    })
}

/// An event of the clinician's own, as Google takes it.
pub fn google_event((start, end): &(String, String)) -> Value {
    let moment = |at: &str| json!({"dateTime": at, "timeZone": "UTC"});
    json!({
        "summary": "Titlecanary", "description": "Bodycanary", "location": "Placecanary",
        "start": moment(start), "end": moment(end),
        "attendees": [{"email": "Guestcanary@example.org", "displayName": "Guestnamecanary", "comment": "Notecanary"}],
        "attachments": [{"title": "Filecanary", "fileUrl": "https://files.example/Filelinkcanary"}],
        "conferenceData": {"conferenceId": "Meetingcanary", "entryPoints": [{"entryPointType": "video", "uri": "https://meet.example/Meetingcanary"}]},
        "extendedProperties": {"private": {"note": "Propertycanary"}, "shared": {"note": "Propertycanary"}},
        "source": {"title": "Linkcanary", "url": "https://pages.example/Linkcanary"},
    })
}

/// The same, as Microsoft takes it.
pub fn microsoft_event((start, end): &(String, String)) -> Value {
    let moment = |at: &str| json!({"dateTime": at.trim_end_matches('Z'), "timeZone": "UTC"});
    json!({
        "subject": "Titlecanary", "body": {"contentType": "text", "content": "Bodycanary"},
        "location": {"displayName": "Placecanary"}, "start": moment(start), "end": moment(end),
        "attendees": [{"emailAddress": {"address": "Guestcanary@example.org", "name": "Guestnamecanary"}, "type": "required"}],
        "categories": ["Colourcanary"],
    })
}

/// The same, as CalDAV servers take it.
pub fn caldav_event((start, end): &(String, String)) -> String {
    let plain = |at: &str| at.replace(['-', ':'], "");
    [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Test//Test//EN",
        "BEGIN:VEVENT",
        "UID:Uidcanary-1@example.org",
        "DTSTAMP:20260101T000000Z",
        &format!("DTSTART:{}", plain(start)),
        &format!("DTEND:{}", plain(end)),
        "SUMMARY:Titlecanary",
        "DESCRIPTION:Bodycanary",
        "LOCATION:Placecanary",
        "COMMENT:Notecanary",
        "CONTACT:Contactcanary",
        "CATEGORIES:Colourcanary",
        "URL:https://pages.example/Linkcanary",
        "ATTACH;FMTTYPE=text/plain;FILENAME=Filecanary:https://files.example/Filelinkcanary",
        "CONFERENCE;VALUE=URI;LABEL=Meetingcanary:https://meet.example/Meetingcanary",
        "ORGANIZER;CN=Hostnamecanary:mailto:Hostcanary@example.org",
        "ATTENDEE;CN=Guestnamecanary;PARTSTAT=ACCEPTED:mailto:Guestcanary@example.org",
        "X-NOTE:Propertycanary",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER:-PT15M",
        "DESCRIPTION:Alarmcanary",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    .join("\r\n")
}

/// A whole day of the same, marked free, as Google takes it.
pub fn google_free_day(days: i64) -> Value {
    let mut body = google_event(&(date(days), date(days + 1)));
    for (end, day) in [("start", days), ("end", days + 1)] {
        body[end] = json!({"date": date(day)});
    }
    body["transparency"] = json!("transparent");
    body
}

/// The same, as Microsoft takes it.
pub fn microsoft_free_day(days: i64) -> Value {
    let mut body = microsoft_event(&(date(days), date(days + 1)));
    for (end, day) in [("start", days), ("end", days + 1)] {
        body[end] = json!({"dateTime": format!("{}T00:00:00", date(day)), "timeZone": "America/New_York"});
    }
    body["isAllDay"] = json!(true);
    body["showAs"] = json!("free");
    body
}

/// The same, as CalDAV servers take it.
pub fn caldav_free_day(days: i64) -> String {
    let plain = |days| date(days).replace('-', "");
    caldav_event(&(plain(days), plain(days + 1)))
        .replace("DTSTART:", "TRANSP:TRANSPARENT\r\nDTSTART;VALUE=DATE:")
        .replace("DTEND:", "DTEND;VALUE=DATE:")
}

fn date(days: i64) -> String {
    at(days, 0)[..10].to_owned()
}

/// Every canary has its place: a word of the tables that is planted nowhere would be looked for in vain.
#[test]
fn every_canary_is_planted() {
    let hour = ("2026-01-01T00:00:00Z".to_owned(), "2026-01-01T01:00:00Z".to_owned());
    let ehr = json!([
        patient(),
        room(),
        clinician(json!({})),
        schedule(json!({})),
        appointment("a", &hour.0, &hour.1),
        // Those that the stories write elsewhere.
        ["Cancelcanary", "Minutescanary", "Brokencanary", "Slotcanary", "Z.Q.", "(telehealth)"],
    ]);
    let told: Vec<&str> = TOLD.iter().map(|(word, _)| *word).collect();
    assert_eq!(missing(&ehr, &NEVER_TOLD), Vec::<&str>::new());
    assert_eq!(missing(&ehr, &told), Vec::<&str>::new());
    let events = json!([google_event(&hour), microsoft_event(&hour), caldav_event(&hour)]);
    assert_eq!(missing(&events, &OF_EVENTS), Vec::<&str>::new());
    assert_eq!(missing(&events, &[ID_OF_EVENT]), Vec::<&str>::new());
}
