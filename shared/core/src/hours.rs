//! Operational hours: when a clinician may be booked at all, in the practice's wall time.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::time::{Interval, date_of, instant_of, start_of_day};

/// One opening a week. An end at or before the start lies on the next day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    pub day: Weekday,
    pub from: Time,
    pub to: Time,
}

/// The week as the EHR gives it, and the days on which it does not hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hours {
    pub openings: Vec<Opening>,
    pub closures: Vec<Closure>,
}

/// A stretch without bookings. FHIR's `Period.end` given as a date includes that day: `last` is inclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closure {
    Days { first: Date, last: Date },
    Span(Interval),
}

/// A window of at most this many days is walked; nothing asks for more than a few weeks at once.
const LONGEST_WALK_DAYS: i32 = 3700;

impl Hours {
    /// Open stretches inside `within`, in order, neither overlapping nor touching.
    pub fn open(&self, within: Interval, zone: &TimeZone) -> Vec<Interval> {
        let mut open = Vec::new();
        // An opening of the evening before may reach past midnight.
        let mut day = date_of(within.start(), zone).saturating_sub(1.day());
        for _ in 0..LONGEST_WALK_DAYS {
            if start_of_day(day, zone) >= within.end() {
                break;
            }
            let todays = self.openings.iter().filter(|opening| opening.day == day.weekday());
            open.extend(todays.map(|opening| opening.on(day, zone)));
            day = day.saturating_add(1.day());
        }
        let closed: Vec<Interval> = self.closures.iter().map(|closure| closure.interval(zone)).collect();
        subtract(&clip(&union(open), within), &closed)
    }

    /// Whether all of `wanted` lies inside the hours.
    pub fn cover(&self, wanted: Interval, zone: &TimeZone) -> bool {
        self.open(wanted, zone) == [wanted]
    }
}

impl Opening {
    fn on(&self, day: Date, zone: &TimeZone) -> Interval {
        let last = if self.to <= self.from { day.saturating_add(1.day()) } else { day };
        let at = |day: Date, time| instant_of(DateTime::from_parts(day, time), zone);
        Interval::between(at(day, self.from), at(last, self.to))
    }
}

impl Closure {
    fn interval(&self, zone: &TimeZone) -> Interval {
        match self {
            Closure::Span(span) => *span,
            Closure::Days { first, last } => {
                let end = last.saturating_add(1.day());
                Interval::between(start_of_day(*first, zone), start_of_day(end, zone))
            }
        }
    }
}

/// The same time, sorted and merged: what overlaps or touches becomes one (E-053).
pub fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|interval| !interval.is_empty());
    intervals.sort_unstable();
    let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
    for next in intervals {
        match merged.last_mut() {
            Some(last) if next.start() <= last.end() => {
                *last = Interval::between(last.start(), last.end().max(next.end()));
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// What of `open` is left after everything in `taken` is cut out.
pub fn subtract(open: &[Interval], taken: &[Interval]) -> Vec<Interval> {
    let taken = union(taken.to_vec());
    let mut left = Vec::new();
    for stretch in open {
        let mut from: Timestamp = stretch.start();
        let first = taken.partition_point(|cut| cut.end() <= from);
        for cut in taken.iter().skip(first).take_while(|cut| cut.start() < stretch.end()) {
            left.extend(Interval::new(from, cut.start()).filter(|rest| !rest.is_empty()));
            from = from.max(cut.end());
        }
        left.extend(Interval::new(from, stretch.end()).filter(|rest| !rest.is_empty()));
    }
    left
}

fn clip(intervals: &[Interval], within: Interval) -> Vec<Interval> {
    let cut = |i: &Interval| Interval::new(i.start().max(within.start()), i.end().min(within.end()));
    intervals.iter().filter_map(cut).filter(|i| !i.is_empty()).collect()
}
