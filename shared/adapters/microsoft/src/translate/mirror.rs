//! What our own mirror says now: exactly the fields that we write, so that whatever else a person adds (an alert,
//! notes, a category) is no difference.

use daybook_core::link::Touch;
use daybook_core::mirror::{Certainty, MirrorContent};
use daybook_core::time::{Interval, When};
use jiff::Timestamp;

use super::time::when;
use crate::wire::event::{Event, Kind, MirrorFields, REMINDER};

/// Stands before the title of a mirror that a person has made public, free, all-day, recurring or cancelled: no
/// title that we write holds a control character, so such a mirror differs from whatever we want to stand.
const ALTERED: char = '\u{1}';

/// What a mirror says now.
pub fn content(event: &Event, fields: &MirrorFields) -> MirrorContent {
    let (interval, as_written) = match when(event) {
        Some(When::Timed(interval)) => (interval, is_guarded(event, fields)),
        Some(_) | None => (ruined().interval, false),
    };
    let title = fields.subject.as_deref().unwrap_or_default().trim();
    let place = fields.location.as_ref().and_then(|location| location.display_name.as_deref());
    MirrorContent {
        title: if as_written { title.to_owned() } else { format!("{ALTERED}{title}") },
        interval,
        certainty: certainty(event),
        location: place.map(str::trim).filter(|place| !place.is_empty()).map(str::to_owned),
        reminder_minutes: match written_reminder(fields) {
            Recorded::Reminder(written) => written,
            Recorded::Nothing => standing_reminder(fields),
        },
    }
}

/// What stands where a mirror should, and is none: it differs from everything that we write.
pub fn ruined() -> MirrorContent {
    MirrorContent {
        title: ALTERED.to_string(),
        interval: Interval::between(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH),
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    }
}

/// Whether a person has set another reminder than the one that we wrote.
pub fn touch(fields: &MirrorFields) -> Touch {
    match written_reminder(fields) {
        Recorded::Reminder(written) if written != standing_reminder(fields) => Touch::Decorated,
        Recorded::Reminder(_) | Recorded::Nothing => Touch::OursAlone,
    }
}

/// Still one private event that takes place and is shown as busy (E-088).
fn is_guarded(event: &Event, fields: &MirrorFields) -> bool {
    matches!(fields.sensitivity.as_deref(), Some("private" | "confidential"))
        && matches!(event.show_as.as_deref(), Some("busy" | "tentative"))
        && event.is_cancelled != Some(true)
        && event.kind() == Kind::Single
}

fn certainty(event: &Event) -> Certainty {
    match event.show_as.as_deref() {
        Some("tentative") => Certainty::Tentative,
        _ => Certainty::Confirmed,
    }
}

/// What our own property keeps of the reminder that we wrote last.
enum Recorded {
    Reminder(Option<u32>),
    Nothing,
}

fn written_reminder(fields: &MirrorFields) -> Recorded {
    match fields.property(REMINDER) {
        Some("none") => Recorded::Reminder(None),
        Some(minutes) => {
            minutes.parse().map_or(Recorded::Nothing, |minutes| Recorded::Reminder(Some(minutes)))
        }
        None => Recorded::Nothing,
    }
}

/// The reminder that stands.
fn standing_reminder(fields: &MirrorFields) -> Option<u32> {
    let minutes = fields.reminder_minutes_before_start.filter(|_| fields.is_reminder_on == Some(true))?;
    u32::try_from(minutes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "a literal is handed over")]
    fn read(changed: Value) -> (MirrorContent, Touch) {
        let mut value = json!({
            "id": "AAk1", "type": "singleInstance", "subject": "Busy", "isAllDay": false, "isCancelled": false,
            "start": { "dateTime": "2026-03-03T08:00:00.0000000", "timeZone": "UTC" },
            "end": { "dateTime": "2026-03-03T08:30:00.0000000", "timeZone": "UTC" },
            "showAs": "busy", "sensitivity": "private", "location": { "displayName": "" },
            "isReminderOn": false, "reminderMinutesBeforeStart": 15,
            "singleValueExtendedProperties": [{ "id": REMINDER, "value": "none" }],
        });
        value.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        let fields: MirrorFields = serde_json::from_value(value.clone()).unwrap();
        let event: Event = serde_json::from_value(value).unwrap();
        (content(&event, &fields), touch(&fields))
    }

    fn plain() -> MirrorContent {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        MirrorContent {
            title: "Busy".into(),
            interval: Interval::new(at("2026-03-03T08:00:00Z"), at("2026-03-03T08:30:00Z")).unwrap(),
            certainty: Certainty::Confirmed,
            location: None,
            reminder_minutes: None,
        }
    }

    #[test]
    fn what_we_write_is_what_we_read() {
        assert_eq!(read(json!({})), (plain(), Touch::OursAlone));
        let held = MirrorContent { certainty: Certainty::Tentative, ..plain() };
        assert_eq!(read(json!({ "showAs": "tentative" })).0, held);
        let placed = MirrorContent { location: Some("Room 2".into()), ..plain() };
        assert_eq!(read(json!({ "location": { "displayName": "Room 2" } })).0, placed);
    }

    #[test]
    fn e_088_a_mirror_made_into_something_else_is_a_difference() {
        for changed in [
            json!({ "sensitivity": "normal" }),
            json!({ "showAs": "free" }),
            json!({ "showAs": "oof" }),
            json!({ "isCancelled": true }),
            json!({ "type": "seriesMaster" }),
            json!({ "isAllDay": true }),
            json!({ "start": null }),
        ] {
            assert_ne!(read(changed.clone()).0.title, "Busy", "{changed}");
        }
    }

    #[test]
    fn a_persons_own_reminder_is_no_difference() {
        let theirs = read(json!({ "isReminderOn": true, "reminderMinutesBeforeStart": 10 }));
        assert_eq!(theirs, (plain(), Touch::Decorated));
        let ours = json!([{ "id": REMINDER.to_uppercase(), "value": "10" }]);
        let on = json!({ "isReminderOn": true, "reminderMinutesBeforeStart": 10, "singleValueExtendedProperties": ours });
        assert_eq!(read(on).0.reminder_minutes, Some(10));
        let off = read(json!({ "singleValueExtendedProperties": ours }));
        assert_eq!((off.0.reminder_minutes, off.1), (Some(10), Touch::Decorated));
        let unknown = json!({ "isReminderOn": true, "singleValueExtendedProperties": [] });
        assert_eq!(
            read(unknown),
            (MirrorContent { reminder_minutes: Some(15), ..plain() }, Touch::OursAlone)
        );
    }
}
