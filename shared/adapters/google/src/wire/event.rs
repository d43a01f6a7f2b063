//! An event as Google spells it: only the fields that tell when it is and how it is shown. Those that say what it is
//! (title, place, people, notes) have no place in [`Event`]; [`Dress`] is read of events whose names have the form of a
//! mirror's, and of no others.

use daybook_core::mirror::MirrorId;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// One event or one occurrence of a series.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: String,
    /// As the event is called wherever it came from; of one that was made here, its id at `google.com`.
    #[serde(rename = "iCalUID")]
    pub uid: Option<String>,
    /// With its quotes, as `If-Match` wants it.
    pub etag: Option<String>,
    pub status: Option<String>,
    /// What it is for: `default`, `outOfOffice`, `workingLocation`, and what may come.
    #[serde(rename = "eventType")]
    pub kind: Option<String>,
    /// Left out where it is `opaque`.
    pub transparency: Option<String>,
    pub start: Option<Moment>,
    pub end: Option<Moment>,
    /// The series that it is an occurrence of.
    pub recurring_event_id: Option<String>,
    /// There on the master of a series.
    pub recurrence: Option<Vec<IgnoredAny>>,
    pub attendees: Option<Vec<Attendee>>,
}

/// A date or an instant.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    pub date: Option<String>,
    /// RFC 3339, with its offset.
    pub date_time: Option<String>,
}

/// What is read of somebody who is invited: whether that is this account, and what it answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attendee {
    #[serde(rename = "self", default)]
    pub is_self: Option<bool>,
    pub response_status: Option<String>,
}

impl Event {
    /// A name of ours that came with the event from elsewhere: through a feed that the calendar subscribes to, or a file
    /// that somebody imported. A copy that a person makes gets another UID.
    pub fn named(&self) -> Option<MirrorId> {
        MirrorId::parse(self.uid.as_deref()?)
    }

    /// Deleted, or an occurrence that was taken out of its series.
    pub fn is_cancelled(&self) -> bool {
        self.status.as_deref() == Some("cancelled")
    }

    pub fn is_master(&self) -> bool {
        self.recurrence.as_ref().is_some_and(|lines| !lines.is_empty())
    }
}

/// What else a mirror says, and whether a person has added to it. It may be another practice's: whoever has the key
/// drops it then. Prints nothing of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dress {
    pub summary: Option<String>,
    pub location: Option<String>,
    pub visibility: Option<String>,
    pub reminders: Option<Reminders>,
    pub extended_properties: Option<Properties>,
    pub description: Option<IgnoredAny>,
    pub color_id: Option<IgnoredAny>,
    pub attachments: Option<IgnoredAny>,
    pub conference_data: Option<IgnoredAny>,
    pub source: Option<IgnoredAny>,
}

impl std::fmt::Debug for Dress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dress([redacted])")
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reminders {
    pub use_default: Option<bool>,
    #[serde(default)]
    pub overrides: Vec<Reminder>,
}

/// So many minutes before the start.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Reminder {
    pub method: String,
    pub minutes: u32,
}

#[derive(Clone, Deserialize)]
pub struct Properties {
    /// On this calendar's copy only.
    pub private: Option<Marks>,
}

/// What we note on a mirror.
#[derive(Clone, Deserialize)]
pub struct Marks {
    /// Which of the reminders is ours: its minutes, or `none`.
    #[serde(rename = "daybookReminder")]
    pub reminder: Option<String>,
}
