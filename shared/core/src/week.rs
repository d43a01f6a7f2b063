//! The picture of one week: what stands in the EHR and in the calendars, which of it has its mirror, and which times are
//! free. It knows when something is, never what it is.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::hours::{Hours, subtract};
use crate::time::{Interval, start_of_day};

/// The Monday of a day's week.
pub fn monday_of(day: Date) -> Date {
    day.saturating_sub(i64::from(day.weekday().since(Weekday::Monday)).days())
}

/// The seven practice-local days from `first` on.
pub fn interval(first: Date, zone: &TimeZone) -> Interval {
    Interval::between(start_of_day(first, zone), start_of_day(first.saturating_add(7.days()), zone))
}

/// What was read of one week.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Read {
    pub appointments: Vec<Interval>,
    /// What the clinician's own events close.
    pub events: Vec<Interval>,
    pub mirrors: Vec<Interval>,
    pub blocks: Vec<Interval>,
}

/// One thing in the picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    pub at: Interval,
    pub what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum What {
    Appointment(Counterpart),
    Mirror,
    Event(Counterpart),
    Block,
}

/// Whether the other side shows it too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Counterpart {
    Stands,
    Missing,
    /// The settings ask for none.
    NotWanted,
}

/// Which mirrors the settings ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    pub mirrors: Wish,
    pub blocks: Wish,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    Yes,
    No,
}

/// Everything in order of time, each with whether its counterpart stands.
pub fn entries(read: &Read, wanted: Wanted) -> Vec<Entry> {
    let counterpart = |at: &Interval, wish: Wish, others: &[Interval]| match wish {
        Wish::No => Counterpart::NotWanted,
        Wish::Yes if others.contains(at) => Counterpart::Stands,
        Wish::Yes => Counterpart::Missing,
    };
    let appointments = read.appointments.iter().map(|at| {
        let what = What::Appointment(counterpart(at, wanted.mirrors, &read.mirrors));
        Entry { at: *at, what }
    });
    let events = read.events.iter().map(|at| {
        let what = What::Event(counterpart(at, wanted.blocks, &read.blocks));
        Entry { at: *at, what }
    });
    let mirrors = read.mirrors.iter().map(|at| Entry { at: *at, what: What::Mirror });
    let blocks = read.blocks.iter().map(|at| Entry { at: *at, what: What::Block });
    let mut entries: Vec<Entry> = appointments.chain(events).chain(mirrors).chain(blocks).collect();
    entries.sort_unstable();
    entries
}

/// When clients could be seen: inside the hours, minus appointments, blocks, and what should be a block already.
pub fn free(read: &Read, hours: &Hours, within: Interval, wanted: Wanted, zone: &TimeZone) -> Vec<Interval> {
    let mut taken: Vec<Interval> = read.appointments.iter().chain(&read.blocks).copied().collect();
    if wanted.blocks == Wish::Yes {
        taken.extend(&read.events);
    }
    subtract(&hours.open(within, zone), &taken)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::hours::Opening;
    use jiff::civil::time;

    fn hours_of(from: i8, to: i8) -> Interval {
        let at =
            |hour: i8| start_of_day("2026-11-23".parse().unwrap(), &TimeZone::UTC) + i64::from(hour).hours();
        Interval::between(at(from), at(to))
    }

    #[test]
    fn a_week_begins_on_monday_and_has_seven_local_days() {
        for day in ["2026-11-23", "2026-11-26", "2026-11-29"] {
            assert_eq!(monday_of(day.parse().unwrap()), "2026-11-23".parse().unwrap(), "{day}");
        }
        let zone = TimeZone::get("America/New_York").unwrap();
        let autumn = interval("2026-10-26".parse().unwrap(), &zone);
        assert_eq!(autumn.end().duration_since(autumn.start()).as_hours(), 7 * 24 + 1);
    }

    #[test]
    fn each_thing_with_its_counterpart_and_what_is_left() {
        let read = Read {
            appointments: vec![hours_of(9, 10), hours_of(11, 12)],
            events: vec![hours_of(14, 15)],
            mirrors: vec![hours_of(9, 10)],
            blocks: vec![],
        };
        let two_way = Wanted { mirrors: Wish::Yes, blocks: Wish::Yes };
        let told: Vec<String> =
            entries(&read, two_way).iter().map(|entry| format!("{:?}", entry.what)).collect();
        assert_eq!(told, ["Appointment(Stands)", "Mirror", "Appointment(Missing)", "Event(Missing)"]);
        let opening = Opening { day: Weekday::Monday, from: time(9, 0, 0, 0), to: time(16, 0, 0, 0) };
        let hours = Hours { openings: vec![opening], closures: vec![] };
        let within = interval("2026-11-23".parse().unwrap(), &TimeZone::UTC);
        let closed = free(&read, &hours, within, two_way, &TimeZone::UTC);
        assert_eq!(closed, [hours_of(10, 11), hours_of(12, 14), hours_of(15, 16)]);
        let one_way = Wanted { blocks: Wish::No, ..two_way };
        let open = free(&read, &hours, within, one_way, &TimeZone::UTC);
        assert_eq!(open, [hours_of(10, 11), hours_of(12, 16)], "an event closes nothing one-way");
    }
}
