//! A VEVENT as parsed: the properties that say when it is and how it is shown, in our own types.
//! Nothing is expanded here, and what an event is called is not read.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarDuration, ICalendarEntry,
    ICalendarParameterName, ICalendarPeriod, ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue,
};
use jiff::{SignedDuration, Timestamp};

use super::moment::Moment;
use super::shown::{self, Attendee};
use super::zone::Zones;
use daybook_core::event::{EventStatus, ShownAs};

/// One VEVENT.
#[derive(Clone, Debug)]
pub struct Component {
    pub uid: Option<String>,
    pub start: Option<Moment>,
    pub lasts: Lasts,
    pub rules: Vec<Rule>,
    pub exception_rules: Vec<Rule>,
    pub added: Vec<Added>,
    pub removed: Vec<Moment>,
    pub recurrence: Recurrence,
    /// The newer of two says the same occurrence: by sequence, then by stamp.
    pub age: (i64, Timestamp),
    pub travel: SignedDuration,
    pub status: EventStatus,
    pub shown_as: ShownAs,
    pub attendees: Vec<Attendee>,
}

/// How its end is told.
#[derive(Clone, Debug)]
pub enum Lasts {
    Until(Moment),
    /// Whole days on the clock, then exact time.
    For {
        days: i64,
        exact: SignedDuration,
    },
    /// Nothing is told: no time, or one day.
    Nothing,
}

/// A recurrence rule, or one that the parser could not read.
#[derive(Clone, Debug)]
pub enum Rule {
    Read(Box<ICalendarRecurrenceRule>),
    Unread,
}

/// An RDATE, with an end of its own where it is a period.
#[derive(Clone, Debug)]
pub struct Added {
    pub start: Moment,
    pub lasts: Option<Lasts>,
}

/// Whether it stands for one occurrence of a series.
#[derive(Clone, Debug)]
pub enum Recurrence {
    Master,
    Override(Moment),
    /// RANGE=THISANDFUTURE: also for every later one.
    From(Moment),
    /// It does, and does not say which.
    Unread,
}

/// Every VEVENT of a calendar.
pub fn all(calendar: &ICalendar) -> Vec<Component> {
    let zones = Zones::of(calendar);
    let events =
        calendar.components.iter().filter(|one| one.component_type == ICalendarComponentType::VEvent);
    events.map(|event| Reader { event, zones: &zones }.component()).collect()
}

struct Reader<'a> {
    event: &'a ICalendarComponent,
    zones: &'a Zones<'a>,
}

impl Reader<'_> {
    fn component(&self) -> Component {
        Component {
            uid: self.event.uid().map(str::to_owned),
            start: self.moments(&ICalendarProperty::Dtstart).next(),
            lasts: self.lasts(),
            rules: self.rules(&ICalendarProperty::Rrule),
            exception_rules: self.rules(&ICalendarProperty::Exrule),
            added: self.added(),
            removed: self.moments(&ICalendarProperty::Exdate).collect(),
            recurrence: self.recurrence(),
            age: (self.sequence(), self.stamp()),
            travel: self.travel(),
            status: shown::status(self.event),
            shown_as: shown::shown_as(self.event),
            attendees: shown::attendees(self.event),
        }
    }

    fn moments<'s>(&'s self, name: &'s ICalendarProperty) -> impl Iterator<Item = Moment> + 's {
        self.event.properties(name).flat_map(|entry| {
            let dates = entry.values.iter().filter_map(ICalendarValue::as_partial_date_time);
            dates.filter_map(|parts| self.moment(entry, parts))
        })
    }

    fn moment(&self, entry: &ICalendarEntry, parts: &PartialDateTime) -> Option<Moment> {
        let tzid = entry.parameter(&ICalendarParameterName::Tzid).and_then(|value| value.as_text());
        Moment::from_parts(parts, tzid.and_then(|tzid| self.zones.find(tzid)))
    }

    fn lasts(&self) -> Lasts {
        if let Some(end) = self.moments(&ICalendarProperty::Dtend).next() {
            return Lasts::Until(end);
        }
        match self.first(&ICalendarProperty::Duration) {
            Some(ICalendarValue::Duration(duration)) => span_of(duration),
            _ => Lasts::Nothing,
        }
    }

    fn rules(&self, name: &ICalendarProperty) -> Vec<Rule> {
        let values = self.event.properties(name).flat_map(|entry| &entry.values);
        values
            .map(|value| match value {
                ICalendarValue::RecurrenceRule(rule) => Rule::Read(rule.clone()),
                _ => Rule::Unread,
            })
            .collect()
    }

    fn added(&self) -> Vec<Added> {
        let entries = self.event.properties(&ICalendarProperty::Rdate);
        entries
            .flat_map(|entry| entry.values.iter().filter_map(|value| self.added_one(entry, value)))
            .collect()
    }

    fn added_one(&self, entry: &ICalendarEntry, value: &ICalendarValue) -> Option<Added> {
        match value {
            ICalendarValue::PartialDateTime(parts) => {
                Some(Added { start: self.moment(entry, parts)?, lasts: None })
            }
            ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => Some(Added {
                start: self.moment(entry, start)?,
                lasts: Some(Lasts::Until(self.moment(entry, end)?)),
            }),
            ICalendarValue::Period(ICalendarPeriod::Duration { start, duration }) => {
                Some(Added { start: self.moment(entry, start)?, lasts: Some(span_of(duration)) })
            }
            _ => None,
        }
    }

    fn recurrence(&self) -> Recurrence {
        let Some(entry) = self.event.property(&ICalendarProperty::RecurrenceId) else {
            return Recurrence::Master;
        };
        let parts = entry.values.first().and_then(ICalendarValue::as_partial_date_time);
        match parts.and_then(|parts| self.moment(entry, parts)) {
            Some(at) if entry.has_parameter(&ICalendarParameterName::Range) => Recurrence::From(at),
            Some(at) => Recurrence::Override(at),
            None => Recurrence::Unread,
        }
    }

    fn sequence(&self) -> i64 {
        self.first(&ICalendarProperty::Sequence).and_then(ICalendarValue::as_integer).unwrap_or(0)
    }

    fn stamp(&self) -> Timestamp {
        let stamps =
            self.moments(&ICalendarProperty::LastModified).chain(self.moments(&ICalendarProperty::Dtstamp));
        stamps.filter_map(|stamp| stamp.instant()).max().unwrap_or(Timestamp::MIN)
    }

    /// Apple shows the way to an event as busy time before it.
    fn travel(&self) -> SignedDuration {
        let name = ICalendarProperty::Other("X-APPLE-TRAVEL-DURATION".into());
        let text = match self.first(&name) {
            Some(ICalendarValue::Duration(duration)) => return exact(duration).max(SignedDuration::ZERO),
            Some(ICalendarValue::Text(text)) => text,
            _ => return SignedDuration::ZERO,
        };
        text.parse::<SignedDuration>().unwrap_or_default().clamp(SignedDuration::ZERO, MAX_TRAVEL)
    }

    fn first(&self, name: &ICalendarProperty) -> Option<&ICalendarValue> {
        self.event.property(name).and_then(|entry| entry.values.first())
    }
}

const MAX_TRAVEL: SignedDuration = SignedDuration::from_hours(24);

fn span_of(duration: &ICalendarDuration) -> Lasts {
    if duration.neg {
        return Lasts::For { days: 0, exact: SignedDuration::ZERO };
    }
    let days = i64::from(duration.weeks) * 7 + i64::from(duration.days);
    Lasts::For { days, exact: exact_time(duration) }
}

fn exact(duration: &ICalendarDuration) -> SignedDuration {
    let days = i64::from(duration.weeks) * 7 + i64::from(duration.days);
    let whole = SignedDuration::from_hours(24 * days).saturating_add(exact_time(duration));
    if duration.neg { SignedDuration::ZERO } else { whole.min(MAX_TRAVEL) }
}

fn exact_time(duration: &ICalendarDuration) -> SignedDuration {
    let minutes = i64::from(duration.hours) * 60 + i64::from(duration.minutes);
    SignedDuration::from_secs(minutes * 60 + i64::from(duration.seconds))
}
