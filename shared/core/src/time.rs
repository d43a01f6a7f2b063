//! Intervals of absolute time, and how dates and wall times become instants in a zone.
//! It holds no calendar arithmetic of its own: `jiff` knows the zones.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Half-open: the end does not belong to it. Never backwards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Interval {
    start: Timestamp,
    end: Timestamp,
}

impl Interval {
    /// `None` where the end lies before the start. Empty intervals exist; they overlap nothing.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start <= end).then_some(Self { start, end })
    }

    /// The smallest interval that holds both instants, whichever comes first.
    pub fn between(one: Timestamp, other: Timestamp) -> Self {
        Self { start: one.min(other), end: one.max(other) }
    }

    pub fn start(&self) -> Timestamp {
        self.start
    }

    pub fn end(&self) -> Timestamp {
        self.end
    }

    /// A zero-length event blocks nothing.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether the two share an instant; an empty interval counts as its start.
    pub fn overlaps(&self, other: &Self) -> bool {
        let touches_empty = |point: &Self, span: &Self| span.start <= point.start && point.start < span.end;
        match (self.is_empty(), other.is_empty()) {
            (false, false) => self.start < other.end && other.start < self.end,
            (true, false) => touches_empty(self, other),
            (false, true) => touches_empty(other, self),
            (true, true) => false,
        }
    }

    pub fn contains(&self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }
}

/// When an event happens, as its owner wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Fixed on the absolute time line.
    Timed(Interval),
    /// Wall times without a zone (RFC 5545 section 3.3.5, form 1): the practice's zone decides.
    Floating { start: DateTime, end: DateTime },
    /// Whole days, the last one excluded.
    AllDay { first: Date, end: Date },
}

impl When {
    /// The absolute interval, with dates and floating times read in the practice's zone (E-069).
    /// An end before the start counts as the start: the event takes no time.
    pub fn resolve(&self, zone: &TimeZone) -> Interval {
        match self {
            When::Timed(interval) => *interval,
            When::Floating { start, end } => forwards(instant_of(*start, zone), instant_of(*end, zone)),
            When::AllDay { first, end } => forwards(start_of_day(*first, zone), start_of_day(*end, zone)),
        }
    }

    pub fn is_all_day(&self) -> bool {
        matches!(self, When::AllDay { .. })
    }
}

fn forwards(start: Timestamp, end: Timestamp) -> Interval {
    Interval { start, end: end.max(start) }
}

/// A wall time as an instant. In a gap the offset before it holds, in an overlap the first reading
/// (RFC 5545 section 3.3.5). A time beyond what can be represented is the end of time.
pub fn instant_of(wall: DateTime, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_timestamp(wall).compatible().unwrap_or(if wall.year() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// The first instant of a day, which in some zones is not midnight.
pub fn start_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_zoned(zone.clone()).map_or_else(
        |_| if day.year() < 0 { Timestamp::MIN } else { Timestamp::MAX },
        |midnight| midnight.timestamp(),
    )
}

/// The date that a clock on the practice's wall shows.
pub fn date_of(instant: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(instant).date()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    /// RFC 5545 readings, instants recomputed with another library's zone data.
    #[test]
    fn e_063_e_076_wall_times_in_gaps_and_overlaps() {
        for (wall, name, instant) in [
            ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00Z"),
            ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z"),
            ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00Z"),
            ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"),
            ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00Z"),
            ("2026-06-01T09:00", "America/Sao_Paulo", "2026-06-01T12:00:00Z"),
            ("2026-06-01T09:00", "Asia/Kathmandu", "2026-06-01T03:15:00Z"),
        ] {
            let read = instant_of(wall.parse().unwrap(), &zone(name));
            assert_eq!(read, instant.parse::<Timestamp>().unwrap(), "{wall} in {name}");
        }
    }

    /// Zone rules that changed in 2026: an outdated copy of the zone data fails here.
    #[test]
    fn zone_data_knows_the_changes_of_2026() {
        for (name, instant) in [
            ("America/Edmonton", "2026-12-01T15:00:00Z"),
            ("America/Vancouver", "2026-12-01T16:00:00Z"),
            ("Africa/Casablanca", "2026-12-01T09:00:00Z"),
        ] {
            let read = instant_of("2026-12-01T09:00".parse().unwrap(), &zone(name));
            assert_eq!(read, instant.parse::<Timestamp>().unwrap(), "{name}");
        }
    }

    #[test]
    fn e_069_all_day_is_the_whole_practice_day() {
        for (first, end, from, to) in [
            ("2026-03-08", "2026-03-09", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
            ("2026-11-01", "2026-11-02", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
        ] {
            let when = When::AllDay { first: first.parse().unwrap(), end: end.parse().unwrap() };
            let whole = Interval::new(from.parse().unwrap(), to.parse().unwrap()).unwrap();
            assert_eq!(when.resolve(&zone("America/New_York")), whole);
        }
    }

    #[test]
    fn an_end_before_the_start_takes_no_time() {
        let when = When::AllDay { first: "2026-03-08".parse().unwrap(), end: "2026-03-01".parse().unwrap() };
        assert!(when.resolve(&TimeZone::UTC).is_empty());
    }
}
