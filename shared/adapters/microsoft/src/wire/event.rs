//! An event as Graph writes it, as far as we read it. Titles and places are read of our own mirrors alone.

use daybook_core::ids::{CalendarId, Revision};
use daybook_core::mirror::MirrorId;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::encoded;

/// Our own namespace of extended properties, fixed for ever (providers B.3.7).
macro_rules! property {
    ($name:literal) => {
        concat!("String {6f1d2b0e-8c4a-4e57-9a35-d0b7c1e2f483} Name ", $name)
    };
}

/// Holds the name of our mirror.
pub const MARKER: &str = property!("DaybookMirror");
/// Holds the reminder that we wrote (`none`, or minutes): any other is a person's.
pub const REMINDER: &str = property!("DaybookReminder");

/// Holds the slug of a calendar that we made.
pub const CALENDAR: &str = property!("DaybookCalendar");

/// What everybody's events are asked for.
pub const FIELDS: &str = "id,type,seriesMasterId,start,end,originalStart,isAllDay,isCancelled,showAs,\
                          responseStatus,transactionId,changeKey";
/// What is asked for besides where it may be a mirror of ours.
pub const MIRROR_FIELDS: &str = "subject,location,sensitivity,isReminderOn,reminderMinutesBeforeStart";

/// When an event is and how it is shown. In a delta, occurrences hold little more than their times (trap B-T6).
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: String,
    #[serde(rename = "@odata.etag")]
    etag: Option<String>,
    change_key: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    pub series_master_id: Option<String>,
    pub start: Option<Moment>,
    pub end: Option<Moment>,
    pub original_start: Option<String>,
    pub is_all_day: Option<bool>,
    pub is_cancelled: Option<bool>,
    pub show_as: Option<String>,
    pub response_status: Option<ResponseStatus>,
    transaction_id: Option<String>,
    #[serde(rename = "calendar@odata.navigationLink")]
    parent: Option<String>,
    #[serde(rename = "@removed")]
    removed: Option<IgnoredAny>,
}

/// The mirror that a transaction made: transactions begin with its name, and what follows a hyphen tells several
/// attempts apart.
pub fn named(transaction: &str) -> Option<MirrorId> {
    MirrorId::parse(transaction.split('-').next()?)
}

/// A time on a clock, in a zone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    pub date_time: String,
    pub time_zone: Option<String>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct ResponseStatus {
    pub response: Option<String>,
}

/// What an event is in its series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Single,
    Occurrence,
    Exception,
    Master,
}

impl Event {
    pub fn kind(&self) -> Kind {
        match self.kind.as_deref() {
            Some("seriesMaster") => Kind::Master,
            Some("exception") => Kind::Exception,
            Some("occurrence") => Kind::Occurrence,
            _ if self.series_master_id.is_some() => Kind::Occurrence,
            _ => Kind::Single,
        }
    }

    /// The series that it belongs to, or is.
    pub fn series(&self) -> Option<&str> {
        match self.kind() {
            Kind::Master => Some(&self.id),
            Kind::Occurrence | Kind::Exception => self.series_master_id.as_deref(),
            Kind::Single => None,
        }
    }

    pub fn is_removed(&self) -> bool {
        self.removed.is_some()
    }

    /// The entity tag, which is made of the change key.
    pub fn revision(&self) -> Option<Revision> {
        let made = || self.change_key.as_ref().map(|key| format!("W/\"{key}\""));
        self.etag.clone().or_else(made).map(Revision::new)
    }

    /// The mirror's name that we made it under: its transaction, before the number of the attempt.
    pub fn name(&self) -> Option<MirrorId> {
        named(self.transaction_id.as_ref()?)
    }

    /// Whether it says that it stands in another calendar. Silence says nothing.
    pub fn is_elsewhere(&self, calendar: &CalendarId) -> bool {
        let within = |link: &'_ str| {
            let (_, rest) = link.rsplit_once("alendars('")?;
            let (parent, _) = rest.split_once("')")?;
            Some(parent == calendar.as_str() || parent.eq_ignore_ascii_case(&encoded(calendar.as_str())))
        };
        self.parent.as_deref().and_then(within) == Some(false)
    }

    /// Whether it says how it is shown, or leaves that to its series.
    pub fn is_sparse(&self) -> bool {
        self.kind() == Kind::Occurrence && self.show_as.is_none()
    }

    /// With what it leaves to its series.
    pub fn filled_from(self, master: &Event) -> Event {
        Event {
            is_all_day: self.is_all_day.or(master.is_all_day),
            is_cancelled: self.is_cancelled.or(master.is_cancelled),
            show_as: self.show_as.or_else(|| master.show_as.clone()),
            response_status: self.response_status.or_else(|| master.response_status.clone()),
            ..self
        }
    }
}

/// One line of a listing. One that cannot be read hides none of the others (E-040).
#[derive(Clone, PartialEq, Debug)]
pub enum Line {
    Event(Box<Event>),
    Unreadable { id: String },
}

/// What is left of an event that does not have its shape.
#[derive(Deserialize)]
struct Stub {
    id: String,
}

impl Line {
    /// `None`: not even an id.
    pub fn read(text: &str) -> Option<Self> {
        match serde_json::from_str(text) {
            Ok(event) => Some(Self::Event(event)),
            Err(_) => serde_json::from_str(text).ok().map(|Stub { id }| Self::Unreadable { id }),
        }
    }

    /// Whether it says no more than that something is not there.
    pub fn is_removal(&self) -> bool {
        matches!(self, Line::Event(event) if event.is_removed())
    }

    pub fn id(&self) -> &str {
        match self {
            Line::Event(event) => &event.id,
            Line::Unreadable { id } => id,
        }
    }
}

/// What we write into a mirror and everybody else's events keep to themselves.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MirrorFields {
    pub subject: Option<String>,
    pub location: Option<Location>,
    pub sensitivity: Option<String>,
    pub is_reminder_on: Option<bool>,
    pub reminder_minutes_before_start: Option<i64>,
    pub created_date_time: Option<String>,
    #[serde(default)]
    single_value_extended_properties: Vec<Property>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    pub display_name: Option<String>,
}

/// One of the properties that we add to Graph's own.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Property {
    id: String,
    value: Option<String>,
}

/// A property's value. Servers may write the namespace in other letters.
pub fn property<'a>(all: &'a [Property], id: &str) -> Option<&'a str> {
    all.iter().find(|one| one.id.eq_ignore_ascii_case(id))?.value.as_deref()
}

impl MirrorFields {
    pub fn property(&self, id: &str) -> Option<&str> {
        property(&self.single_value_extended_properties, id)
    }
}

/// The properties alone: whether the rest may be read depends on them.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    single_value_extended_properties: Vec<Property>,
}

/// An event that was read by id.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    pub event: Event,
    /// Where it carries our marker, which a person's copy does too: whose it is, its name tells, or a known id.
    pub marked: Option<Marked>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Marked {
    pub mirror: MirrorId,
    pub fields: MirrorFields,
}

impl Found {
    pub fn read(value: &Value) -> Result<Self, serde_json::Error> {
        let properties: Properties = Properties::deserialize(value).unwrap_or_default();
        let mirror = property(&properties.single_value_extended_properties, MARKER).and_then(MirrorId::parse);
        let marked = mirror.map(|mirror| Ok(Marked { mirror, fields: MirrorFields::deserialize(value)? }));
        Ok(Self { event: Event::deserialize(value)?, marked: marked.transpose()? })
    }
}
