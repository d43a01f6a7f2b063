//! The canaries in their places: in every text field of the EHR's resources and of a clinician's own events, as each
//! provider has them.

use serde_json::{Value, json};

use super::words::ID_OF_EVENT;

/// As an EHR writes two instants.
pub type Hour = (String, String);

/// Time that somebody else closed in the EHR, with a note.
pub fn slot((start, end): &Hour) -> Value {
    json!({
        "resourceType": "Slot", "id": "slot-canary", "schedule": {"reference": "Schedule/sch-1", "display": "Slotcanary"},
        "status": "busy-unavailable", "start": start, "end": end, "comment": "Slotcanary",
        "identifier": [{"system": "https://ehr.example/slot", "value": "Slotcanary"}],
    })
}

/// One that nobody can understand, with words where numbers and codes should be.
pub fn broken_appointment(id: &str, (start, end): &Hour) -> Value {
    let mut body = appointment(id, start, end, "booked");
    body["minutesDuration"] = json!("Minutescanary");
    body["participant"][2]["actor"] = json!({"reference": {"Brokencanary": "Brokencanary"}});
    body["identifier"] = json!("Brokencanary");
    body["serviceType"] = json!("Brokencanary");
    body
}

/// The same appointment, called off for a reason.
pub fn cancelled(mut appointment: Value) -> Value {
    appointment["status"] = json!("cancelled");
    appointment["cancelationReason"] = json!({"text": "Cancelcanary"});
    appointment
}

/// With the id `pat-canary`.
pub fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "pat-canary", "active": true, "birthDate": "1961-07-19",
        "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Narrativecanary</div>"},
        "identifier": [{"system": "https://payer.example", "value": "Insurancecanary"}],
        "name": [
            {"use": "maiden", "family": "Maidencanary", "given": ["Maidencanary"]},
            {"use": "nickname", "text": "Nickcanary"},
            {"use": "official", "family": "Quillanary", "given": ["Zephyrine", "Maidencanary"], "prefix": ["Prefixcanary"]},
        ],
        "telecom": [{"system": "phone", "value": "555-0199-Phonecanary"}, {"system": "email", "value": "Mailcanary@patients.example"}],
        "address": [{"line": ["77 Addresscanary"], "city": "Citycanary", "postalCode": "Zipcanary", "text": "Addresscanary"}],
        "contact": [{"name": {"family": "Kincanary"}, "telecom": [{"system": "phone", "value": "Kincanary"}]}],
        "photo": [{"title": "Photocanary"}],
        "communication": [{"language": {"text": "Languagecanary"}}],
        "maritalStatus": {"text": "Maritalcanary"},
        "link": [{"other": {"display": "Relativecanary"}, "type": "seealso"}],
        "extension": [{"url": "https://ehr.example/x", "valueString": "Extensioncanary"}],
    })
}

/// With the id `loc-canary`.
pub fn room() -> Value {
    json!({
        "resourceType": "Location", "id": "loc-canary", "status": "active", "name": "Canaryroom",
        "description": "Roomnotecanary", "telecom": [{"system": "phone", "value": "Roomphonecanary"}],
        "address": {"line": ["Roomaddresscanary"], "city": "Roomaddresscanary"},
    })
}

/// What stands in the EHR already, and the fields of a private person.
pub fn clinician(mut body: Value) -> Value {
    body["telecom"] = json!([
        {"system": "phone", "value": "Doctorphonecanary", "use": "home"},
        {"system": "email", "value": "Doctormailcanary@home.example"},
    ]);
    body["address"] = json!([{"line": ["Doctoraddresscanary"], "text": "Doctoraddresscanary"}]);
    body
}

/// What stands in the EHR already, and a note.
pub fn schedule(mut body: Value) -> Value {
    body["comment"] = json!("Schedulecanary");
    body
}

/// An appointment of `prac-1` with every field that FHIR has for words.
pub fn appointment(id: &str, start: &str, end: &str, status: &str) -> Value {
    json!({
        "resourceType": "Appointment", "id": id, "status": status, "start": start, "end": end, "minutesDuration": 50,
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

/// What a clinician's own event says, as Google takes it; when it is, is missing.
pub fn google_words() -> Value {
    json!({
        "summary": "Titlecanary", "description": "Bodycanary", "location": "Placecanary",
        "attendees": [{"email": "Guestcanary@example.org", "displayName": "Guestnamecanary", "comment": "Notecanary"}],
        "attachments": [{"title": "Filecanary", "fileUrl": "https://files.example/Filelinkcanary"}],
        "conferenceData": {"conferenceId": "Meetingcanary", "entryPoints": [{"entryPointType": "video", "uri": "https://meet.example/Meetingcanary"}]},
        "extendedProperties": {"private": {"note": "Propertycanary"}, "shared": {"note": "Propertycanary"}},
        "source": {"title": "Linkcanary", "url": "https://pages.example/Linkcanary"},
    })
}

/// The same, as Microsoft takes it.
pub fn microsoft_words() -> Value {
    json!({
        "subject": "Titlecanary", "body": {"contentType": "text", "content": "Bodycanary"},
        "location": {"displayName": "Placecanary"},
        "attendees": [{"emailAddress": {"address": "Guestcanary@example.org", "name": "Guestnamecanary"}, "type": "required"}],
        "categories": ["Colourcanary"],
    })
}

/// The same as a whole resource, as CalDAV servers take it: called `name`, with these lines for when it is and whatever else
/// is special about it.
pub fn caldav_event(name: &str, lines: &str) -> String {
    let uid = format!("UID:{ID_OF_EVENT}-{name}@example.org");
    let mut event = vec!["BEGIN:VEVENT", &uid, "DTSTAMP:20260101T000000Z"];
    event.extend(lines.lines().map(str::trim));
    event.extend(CALDAV_WORDS);
    // An event has one organiser only.
    let guests = if lines.contains("ORGANIZER") { &[] } else { CALDAV_GUESTS };
    event.extend(guests);
    event.extend(CALDAV_ALARM);
    let head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//Test//EN"];
    [&head, event.as_slice(), &["END:VEVENT", "END:VCALENDAR", ""]].concat().join("\r\n")
}

const CALDAV_WORDS: [&str; 9] = [
    "SUMMARY:Titlecanary",
    "DESCRIPTION:Bodycanary",
    "LOCATION:Placecanary",
    "COMMENT:Notecanary",
    "CONTACT:Contactcanary",
    "CATEGORIES:Colourcanary",
    "URL:https://pages.example/Linkcanary",
    "ATTACH;FMTTYPE=text/plain;FILENAME=Filecanary:https://files.example/Filelinkcanary",
    "CONFERENCE;VALUE=URI;LABEL=Meetingcanary:https://meet.example/Meetingcanary",
];
const CALDAV_GUESTS: &[&str] = &[
    "ORGANIZER;CN=Hostnamecanary:mailto:Hostcanary@example.org",
    "ATTENDEE;CN=Guestnamecanary;PARTSTAT=ACCEPTED:mailto:Guestcanary@example.org",
];
const CALDAV_ALARM: [&str; 6] = [
    "X-NOTE:Propertycanary",
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    "TRIGGER:-PT15M",
    "DESCRIPTION:Alarmcanary",
    "END:VALARM",
];

#[cfg(test)]
mod tests {
    use super::super::words::{NEVER_TOLD, OF_EVENTS, TOLD};
    use super::*;

    /// Every canary has its place: a word of the tables that is planted nowhere would be looked for in vain.
    #[test]
    fn every_canary_is_planted() {
        let (from, to) = ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
        let hour = (from.to_owned(), to.to_owned());
        let booked = appointment("a", from, to, "booked");
        let broken = broken_appointment("b", &hour);
        let ehr = json!([
            patient(),
            room(),
            clinician(json!({})),
            schedule(json!({})),
            slot(&hour),
            broken,
            cancelled(booked),
        ]);
        // How a level tells of a name and a form, which stand there in other words.
        let made = ["Z.Q.", "(telehealth)"];
        let told = TOLD.iter().map(|(word, _)| *word).filter(|word| !made.contains(word));
        let all: Vec<&str> = told.chain(NEVER_TOLD).collect();
        assert_eq!(missing(&ehr, &all), [""; 0]);
        let events = json!([google_words(), microsoft_words(), caldav_event("e", "")]);
        assert_eq!(missing(&events, &OF_EVENTS), [""; 0]);
        assert_eq!(missing(&events, &[ID_OF_EVENT]), [""; 0]);
    }

    fn missing(value: &Value, words: &[&'static str]) -> Vec<&'static str> {
        let text = value.to_string();
        words.iter().copied().filter(|word| !text.contains(word)).collect()
    }
}
