//! Our mirrors as Google's events: the one body builder of create and update, and what a mirror says when it is read
//! back. Only fields that we write count; what a person adds (alerts, a colour, notes) is no difference and stays.
//!
//! Google keeps one list of reminders and does not tell whose each is. So we note beside them which one is ours.

use daybook_core::mirror::{Certainty, MirrorContent, MirrorId};
use daybook_core::time::{Interval, When};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::translate;
use crate::wire::event::{Dress, Event, Reminder, Reminders};

/// Stands before the title of a mirror that a person has made public, free, all-day or recurring: no title that we
/// write holds a control character, so such a mirror differs from whatever we want to stand.
const ALTERED: char = '\u{1}';
/// Google takes reminders of at most four weeks, and five of them.
const LONGEST_REMINDER_MINUTES: u32 = 40_320;
const MOST_REMINDERS: usize = 5;
const NO_REMINDER: &str = "none";

/// The whole event, as nobody has touched it.
pub fn fresh(mirror: &MirrorId, content: &MirrorContent) -> Value {
    let mut body = ours(mirror, content);
    set(&mut body, "reminders", reminders(content, &Reminders::default()));
    if let Some(location) = &content.location {
        set(&mut body, "location", location.as_str().into());
    }
    body
}

/// The whole event under its id, for making it.
pub fn new(mirror: &MirrorId, content: &MirrorContent) -> Value {
    let mut body = fresh(mirror, content);
    set(&mut body, "id", mirror.as_str().into());
    body
}

/// Only what is ours, for an event that a person has added to: theirs stays.
pub fn patch(mirror: &MirrorId, content: &MirrorContent, event: &Event, dress: &Dress) -> Value {
    let mut body = ours(mirror, content);
    for end in ["start", "end"] {
        if let Some(moment) = body.get_mut(end) {
            set(moment, "date", Value::Null);
        }
    }
    set(&mut body, "location", content.location.as_deref().into());
    set(&mut body, "reminders", reminders(content, &theirs(dress)));
    if event.is_master() {
        set(&mut body, "recurrence", Value::Null);
    }
    if event.attendees.as_ref().is_some_and(|guests| !guests.is_empty()) {
        set(&mut body, "attendees", json!([]));
    }
    body
}

fn ours(mirror: &MirrorId, content: &MirrorContent) -> Value {
    let status = match content.certainty {
        Certainty::Confirmed => "confirmed",
        Certainty::Tentative => "tentative",
    };
    json!({
        "summary": content.title,
        "start": { "dateTime": second(content.interval.start()) },
        "end": { "dateTime": second(content.interval.end()) },
        "status": status,
        "transparency": "opaque",
        "visibility": "private",
        "extendedProperties": { "private": {
            "daybook": mirror.as_str(),
            "daybookReminder": noted(content.reminder_minutes),
        } },
    })
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// Google keeps whole seconds, and so do our fingerprints.
fn second(instant: Timestamp) -> String {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant).to_string()
}

fn noted(reminder_minutes: Option<u32>) -> String {
    reminder_minutes.map_or_else(|| NO_REMINDER.to_owned(), |minutes| minutes.to_string())
}

/// Ours first, then a person's, as far as there is room.
fn reminders(content: &MirrorContent, theirs: &Reminders) -> Value {
    let ours = content.reminder_minutes.map(popup);
    let others = theirs.overrides.iter().filter(|other| ours.as_ref() != Some(*other));
    let all: Vec<Value> = ours
        .iter()
        .chain(others)
        .take(MOST_REMINDERS)
        .map(|reminder| json!({ "method": reminder.method, "minutes": reminder.minutes }))
        .collect();
    if all.is_empty() && theirs.use_default == Some(true) {
        return json!({ "useDefault": true });
    }
    json!({ "useDefault": false, "overrides": all })
}

fn popup(minutes: u32) -> Reminder {
    Reminder { method: "popup".into(), minutes: minutes.min(LONGEST_REMINDER_MINUTES) }
}

/// The minutes of our own reminder, as we noted them.
fn noted_minutes(dress: &Dress) -> Option<u32> {
    dress.extended_properties.as_ref()?.private.as_ref()?.reminder.as_ref()?.parse().ok()
}

/// The reminders without ours.
fn theirs(dress: &Dress) -> Reminders {
    let ours = noted_minutes(dress).map(popup);
    let mut all = dress.reminders.clone().unwrap_or_default();
    all.overrides.retain(|reminder| ours.as_ref() != Some(reminder));
    all
}

/// Whether anything on it is a person's.
pub fn is_decorated(dress: &Dress) -> bool {
    let theirs = theirs(dress);
    !theirs.overrides.is_empty()
        || theirs.use_default == Some(true)
        || [&dress.description, &dress.color_id, &dress.attachments, &dress.conference_data, &dress.source]
            .into_iter()
            .any(Option::is_some)
}

/// What a mirror says now.
pub fn content(event: &Event, dress: &Dress) -> MirrorContent {
    let when = translate::when(event);
    let interval = match when {
        Ok(When::Timed(interval)) => Some(interval),
        Ok(When::AllDay { .. } | When::Floating { .. }) | Err(_) => None,
    };
    let title = dress.summary.as_deref().unwrap_or_default().trim();
    let as_written = interval.is_some() && is_guarded(event, dress);
    MirrorContent {
        title: if as_written { title.to_owned() } else { format!("{ALTERED}{title}") },
        interval: interval.unwrap_or_else(nowhere),
        certainty: certainty(event),
        location: dress
            .location
            .as_deref()
            .map(str::trim)
            .filter(|place| !place.is_empty())
            .map(str::to_owned),
        reminder_minutes: reminder(dress),
    }
}

/// What stands where a mirror should, and cannot be read as one: it differs from everything that we write.
pub fn ruined() -> MirrorContent {
    MirrorContent {
        title: ALTERED.to_string(),
        interval: nowhere(),
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    }
}

fn nowhere() -> Interval {
    Interval::between(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)
}

/// Still private, still shown as busy, still once (E-088).
fn is_guarded(event: &Event, dress: &Dress) -> bool {
    matches!(dress.visibility.as_deref(), Some("private" | "confidential"))
        && event.transparency.as_deref() != Some("transparent")
        && !event.is_master()
        && event.recurring_event_id.is_none()
}

fn certainty(event: &Event) -> Certainty {
    match event.status.as_deref() {
        Some("tentative") => Certainty::Tentative,
        _ => Certainty::Confirmed,
    }
}

/// Our own reminder, if it is still among them.
fn reminder(dress: &Dress) -> Option<u32> {
    let minutes = noted_minutes(dress)?;
    let listed = dress.reminders.as_ref()?.overrides.contains(&popup(minutes));
    listed.then_some(minutes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn name() -> MirrorId {
        MirrorId::parse(&format!("db1{}", "0".repeat(40))).unwrap()
    }

    fn plain() -> MirrorContent {
        MirrorContent {
            title: "Busy".into(),
            interval: Interval::new(
                "2026-03-03T08:00:00Z".parse().unwrap(),
                "2026-03-03T08:30:00Z".parse().unwrap(),
            )
            .unwrap(),
            certainty: Certainty::Confirmed,
            location: None,
            reminder_minutes: None,
        }
    }

    fn read(body: &Value) -> (Event, Dress) {
        (serde_json::from_value(body.clone()).unwrap(), serde_json::from_value(body.clone()).unwrap())
    }

    /// As Google answers: values that are its defaults left out, fields of its own added.
    fn stored(content: &MirrorContent) -> Value {
        let mut body = new(&name(), content);
        let fields = body.as_object_mut().unwrap();
        fields.remove("transparency");
        fields.insert("etag".into(), "\"1\"".into());
        fields.insert("iCalUID".into(), format!("{}@google.com", name()).into());
        fields.insert(
            "start".into(),
            json!({ "dateTime": "2026-03-03T09:00:00+01:00", "timeZone": "Europe/Berlin" }),
        );
        fields.insert("eventType".into(), "default".into());
        body
    }

    #[test]
    fn e_088_e_089_the_whole_body() {
        let full = MirrorContent {
            certainty: Certainty::Tentative,
            location: Some("Room 2".into()),
            reminder_minutes: Some(15),
            ..plain()
        };
        let body = new(&name(), &full);
        let expected = format!(
            r#"{{"end":{{"dateTime":"2026-03-03T08:30:00Z"}},"extendedProperties":{{"private":{{"daybook":"{0}","daybookReminder":"15"}}}},"id":"{0}","location":"Room 2","reminders":{{"overrides":[{{"method":"popup","minutes":15}}],"useDefault":false}},"start":{{"dateTime":"2026-03-03T08:00:00Z"}},"status":"tentative","summary":"Busy","transparency":"opaque","visibility":"private"}}"#,
            name()
        );
        assert_eq!(body.to_string(), expected);
        let fields = new(&name(), &plain());
        assert_eq!(fields["reminders"], json!({ "useDefault": false, "overrides": [] }));
        assert!(fields.get("location").is_none() && fields.get("attendees").is_none());
    }

    #[test]
    fn what_is_written_is_read_back() {
        for content in [
            plain(),
            MirrorContent { certainty: Certainty::Tentative, ..plain() },
            MirrorContent { location: Some("Room 2".into()), ..plain() },
            MirrorContent { reminder_minutes: Some(0), ..plain() },
            MirrorContent { reminder_minutes: Some(90_000), ..plain() },
        ] {
            let (event, dress) = read(&stored(&content));
            assert_eq!(super::content(&event, &dress), content);
            assert!(!is_decorated(&dress), "{content:?}");
        }
    }

    #[test]
    fn a_mirror_that_says_more_than_busy_is_drift() {
        for (field, value) in [
            ("visibility", json!("public")),
            ("visibility", json!("default")),
            ("visibility", Value::Null),
            ("transparency", json!("transparent")),
            ("recurrence", json!(["RRULE:FREQ=DAILY"])),
            ("summary", json!("Other")),
            ("end", json!({ "date": "2026-03-04" })),
        ] {
            let mut body = stored(&plain());
            set(&mut body, field, value.clone());
            if field == "end" {
                set(&mut body, "start", json!({ "date": "2026-03-03" }));
            }
            let (event, dress) = read(&body);
            assert_ne!(content(&event, &dress), plain(), "{field} {value}");
        }
    }

    #[test]
    fn a_persons_additions_are_no_difference() {
        let wanted = MirrorContent { reminder_minutes: Some(15), ..plain() };
        let ours = json!({ "method": "popup", "minutes": 15 });
        let alarm = json!({ "method": "email", "minutes": 60 });
        for (field, value) in [
            ("description", json!("bring the key")),
            ("colorId", json!("3")),
            ("reminders", json!({ "useDefault": false, "overrides": [alarm, ours] })),
        ] {
            let mut body = stored(&wanted);
            set(&mut body, field, value);
            let (event, dress) = read(&body);
            assert_eq!(content(&event, &dress), wanted, "{field}");
            assert!(is_decorated(&dress), "{field}");
        }
        let mut body = stored(&plain());
        set(&mut body, "reminders", json!({ "useDefault": true }));
        let (event, dress) = read(&body);
        assert_eq!(content(&event, &dress), plain());
        assert!(is_decorated(&dress));
    }

    #[test]
    fn our_own_reminder_taken_away_is_drift() {
        let wanted = MirrorContent { reminder_minutes: Some(15), ..plain() };
        let mut body = stored(&wanted);
        set(&mut body, "reminders", json!({ "useDefault": false }));
        let (event, dress) = read(&body);
        assert_eq!(content(&event, &dress), plain());
    }

    #[test]
    fn a_patch_keeps_a_persons_reminders_and_clears_what_would_tell_more() {
        let wanted = MirrorContent { reminder_minutes: Some(15), location: Some("Room 2".into()), ..plain() };
        let mut body = stored(&wanted);
        let ours = json!({ "method": "popup", "minutes": 15 });
        let alarm = json!({ "method": "email", "minutes": 60 });
        set(&mut body, "reminders", json!({ "useDefault": false, "overrides": [alarm, ours] }));
        set(&mut body, "recurrence", json!(["RRULE:FREQ=DAILY"]));
        set(&mut body, "attendees", json!([{ "email": "eve@example.org" }]));
        let (event, dress) = read(&body);
        let moved = MirrorContent { reminder_minutes: Some(30), ..plain() };
        let patch = patch(&name(), &moved, &event, &dress);
        let half_hour = json!({ "method": "popup", "minutes": 30 });
        assert_eq!(patch["reminders"], json!({ "useDefault": false, "overrides": [half_hour, alarm] }));
        assert_eq!(patch["start"], json!({ "dateTime": "2026-03-03T08:00:00Z", "date": null }));
        assert_eq!((&patch["recurrence"], &patch["location"]), (&Value::Null, &Value::Null));
        assert!(patch.get("location").is_some() && patch.get("recurrence").is_some());
        assert_eq!(patch["attendees"], json!([]));
        assert!(patch.get("description").is_none() && patch.get("colorId").is_none());
    }
}
