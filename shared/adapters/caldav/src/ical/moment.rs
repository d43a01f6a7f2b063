//! A point in time as iCalendar writes it, and how two such points compare.

use calcard::common::PartialDateTime;
use daybook_core::ids::OccurrenceId;
use daybook_core::time::instant_of;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};

/// The four forms of RFC 5545 sections 3.3.4 and 3.3.5.
#[derive(Clone, PartialEq, Debug)]
pub enum Moment {
    Utc(Timestamp),
    Zoned(DateTime, TimeZone),
    Floating(DateTime),
    Day(Date),
}

/// What makes two moments of one series the same occurrence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    Instant(Timestamp),
    Wall(DateTime),
    Day(Date),
}

impl Moment {
    /// A value as parsed, with the zone that its TZID names; a zone that nobody knows leaves it floating.
    pub fn from_parts(parts: &PartialDateTime, zone: Option<TimeZone>) -> Option<Self> {
        let date = date_of(parts)?;
        let (Some(hour), Some(minute)) = (parts.hour, parts.minute) else { return Some(Self::Day(date)) };
        let second = parts.second.unwrap_or(0).min(59);
        let time = Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, 0);
        let wall = DateTime::from_parts(date, time.ok()?);
        Some(match (parts.tz_hour, zone) {
            (Some(_), _) => Self::Utc(instant_of(wall, &TimeZone::fixed(offset_of(parts)?))),
            (None, Some(zone)) => Self::Zoned(wall, zone),
            (None, None) => Self::Floating(wall),
        })
    }

    /// What a clock there shows.
    pub fn wall(&self) -> DateTime {
        match self {
            Self::Utc(instant) => TimeZone::UTC.to_datetime(*instant),
            Self::Zoned(wall, _) | Self::Floating(wall) => *wall,
            Self::Day(date) => date.to_datetime(Time::midnight()),
        }
    }

    /// The same form at another wall time.
    pub fn at_wall(&self, wall: DateTime) -> Self {
        match self {
            Self::Utc(_) => Self::Utc(instant_of(wall, &TimeZone::UTC)),
            Self::Zoned(_, zone) => Self::Zoned(wall, zone.clone()),
            Self::Floating(_) => Self::Floating(wall),
            Self::Day(_) => Self::Day(wall.date()),
        }
    }

    /// The wall time that another moment has in this one's zone.
    pub fn wall_of(&self, other: &Key) -> DateTime {
        match other {
            Key::Instant(instant) => self.zone().unwrap_or(TimeZone::UTC).to_datetime(*instant),
            Key::Wall(wall) => *wall,
            Key::Day(date) => date.to_datetime(Time::midnight()),
        }
    }

    pub fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Utc(instant) => Some(*instant),
            Self::Zoned(wall, zone) => Some(instant_of(*wall, zone)),
            Self::Floating(_) | Self::Day(_) => None,
        }
    }

    pub fn key(&self) -> Key {
        match self {
            Self::Utc(_) | Self::Zoned(..) => Key::Instant(self.instant().unwrap_or_default()),
            Self::Floating(wall) => Key::Wall(*wall),
            Self::Day(date) => Key::Day(*date),
        }
    }

    /// Which occurrence of a series that starts with `start` this names. Forms that do not fit, which are
    /// common in EXDATE, are read as they were meant: a date is the occurrence of that day.
    pub fn key_in(&self, start: &Moment) -> Key {
        match (start, self) {
            (Self::Day(_), other) => Key::Day(other.wall().date()),
            (Self::Floating(_), other) if !matches!(other, Self::Day(_)) => Key::Wall(other.wall()),
            (Self::Utc(_) | Self::Zoned(..), Self::Utc(_) | Self::Zoned(..)) => self.key(),
            (_, Self::Day(date)) => start.at_wall(date.to_datetime(start.wall().time())).key(),
            (_, other) => start.at_wall(other.wall()).key(),
        }
    }

    /// Later by an exact duration.
    pub fn later(&self, by: SignedDuration) -> Self {
        match self {
            Self::Day(_) | Self::Floating(_) => self.at_wall(self.wall().saturating_add(by)),
            _ => Self::Utc(later(self.instant().unwrap_or_default(), by)),
        }
    }

    /// Later by whole days on the clock (RFC 5545 section 3.3.6: nominal).
    pub fn later_days(&self, days: i64) -> Self {
        let span = Span::new().try_days(days).unwrap_or_default();
        self.at_wall(self.wall().saturating_add(span))
    }

    fn zone(&self) -> Option<TimeZone> {
        match self {
            Self::Zoned(_, zone) => Some(zone.clone()),
            _ => None,
        }
    }
}

impl Key {
    /// `20250303T140000Z`, `20250303T140000` or `20250303`.
    pub fn occurrence(&self) -> OccurrenceId {
        OccurrenceId::new(match self {
            Self::Instant(instant) => instant.strftime("%Y%m%dT%H%M%SZ").to_string(),
            Self::Wall(wall) => wall.strftime("%Y%m%dT%H%M%S").to_string(),
            Self::Day(date) => date.strftime("%Y%m%d").to_string(),
        })
    }
}

pub fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_add(by).unwrap_or(instant)
}

fn date_of(parts: &PartialDateTime) -> Option<Date> {
    let year = i16::try_from(parts.year?).ok()?;
    Date::new(year, parts.month?.try_into().ok()?, parts.day?.try_into().ok()?).ok()
}

/// The offset of a value from UTC.
pub fn offset_of(parts: &PartialDateTime) -> Option<Offset> {
    let seconds = i32::from(parts.tz_hour?) * 3600 + i32::from(parts.tz_minute.unwrap_or(0)) * 60;
    Offset::from_seconds(if parts.tz_minus { -seconds } else { seconds }).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn forms_that_do_not_fit_name_the_occurrence_that_was_meant() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let start = Moment::Zoned("2025-03-24T09:00".parse().unwrap(), berlin.clone());
        let eight = Key::Instant("2025-03-31T07:00:00Z".parse().unwrap());
        for named in [
            Moment::Zoned("2025-03-31T09:00".parse().unwrap(), berlin),
            Moment::Utc("2025-03-31T07:00:00Z".parse().unwrap()),
            Moment::Floating("2025-03-31T09:00".parse().unwrap()),
            Moment::Day("2025-03-31".parse().unwrap()),
        ] {
            assert_eq!(named.key_in(&start), eight, "{named:?}");
        }
        assert_eq!(eight.occurrence().as_str(), "20250331T070000Z");
        let day = Moment::Day("2025-03-24".parse().unwrap());
        let midnight = Moment::Utc("2025-03-31T00:00:00Z".parse().unwrap());
        assert_eq!(midnight.key_in(&day).occurrence().as_str(), "20250331");
    }
}
