//! One occurrence: from when to when, in the forms in which iCalendar tells it (RFC 5545 sections 3.3.6, 3.8.2). Which
//! occurrences there are is [`super::expand`]'s business.

use daybook_core::time::{Interval, When};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::component::{Component, Lasts};
use super::moment::{Key, Moment, later};

/// One occurrence before it is put into our words.
pub struct Occurrence<'a> {
    pub key: Key,
    pub start: Moment,
    pub lasts: Lasts,
    pub says: &'a Component,
}

/// In our words; the way to it counts as part of it.
pub fn when(one: &Occurrence<'_>) -> When {
    let end = end_of(&one.start, &one.lasts);
    match (&one.start, one.start.instant()) {
        (_, Some(start)) => {
            let end = end.instant().unwrap_or(start).max(start);
            When::Timed(Interval::between(later(start, -one.says.travel), end))
        }
        (Moment::Day(first), _) => {
            let next = Moment::Day(*first).later_days(1).wall().date();
            When::AllDay { first: *first, end: end.wall().date().max(next) }
        }
        (start, _) => {
            let wall = start.wall();
            When::Floating { start: wall.saturating_add(-one.says.travel), end: end.wall().max(wall) }
        }
    }
}

/// The end in the form of the start.
fn end_of(start: &Moment, lasts: &Lasts) -> Moment {
    match lasts {
        Lasts::Nothing => start.clone(),
        Lasts::For { days, exact } => match start {
            Moment::Day(_) => start.later_days(days.saturating_add(whole_days(*exact))),
            _ => start.later_days(*days).later(*exact),
        },
        Lasts::Until(end) => match (start, end) {
            (Moment::Day(_), Moment::Day(_)) => end.clone(),
            (Moment::Day(_), other) => Moment::Day(other.wall().date()),
            (Moment::Floating(_), other) => Moment::Floating(other.wall()),
            (_, Moment::Utc(_) | Moment::Zoned(..)) => end.clone(),
            (_, other) => start.at_wall(other.wall()),
        },
    }
}

/// A time of less than a day on an all-day event fills it.
fn whole_days(exact: SignedDuration) -> i64 {
    exact.as_hours() / 24 + i64::from(exact.as_secs() % 86_400 > 0)
}

/// When an event that happens once, at a time on the absolute line, takes place; without the way to it.
pub fn interval_of(event: &Component) -> Option<Interval> {
    let start = event.start.as_ref()?;
    let (from, end) = (start.instant()?, end_of(start, &event.lasts).instant()?);
    Some(Interval::between(from, end.max(from)))
}

/// How long an occurrence is, told so that it holds for another start, too.
pub fn span_of(start: &Moment, lasts: &Lasts) -> Lasts {
    let Lasts::Until(_) = lasts else { return lasts.clone() };
    let end = end_of(start, lasts);
    let exact = match (start.instant(), end.instant()) {
        (Some(from), Some(to)) => to.duration_since(from),
        _ => end.wall().duration_since(start.wall()),
    };
    Lasts::For { days: 0, exact: exact.max(SignedDuration::ZERO) }
}

/// DTEND is told for the first occurrence: the others are as long as it exactly (RFC 5545 section 3.8.5.3).
pub fn sized(component: &Component) -> Lasts {
    match (&component.lasts, &component.start) {
        (Lasts::Until(_), Some(start)) => span_of(start, &component.lasts),
        (lasts, _) => lasts.clone(),
    }
}

/// Whether it touches a window. Events without a zone lie somewhere within a day of where UTC would put them.
pub fn overlaps(when: &When, within: Interval) -> bool {
    let (interval, within) = match when {
        When::Timed(interval) => (*interval, within),
        When::Floating { .. } | When::AllDay { .. } => (when.resolve(&TimeZone::UTC), roomy(within)),
    };
    interval.overlaps(&within) || within.contains(interval.start())
}

fn roomy(within: Interval) -> Interval {
    let day = Span::new().hours(24);
    let moved = |instant: Timestamp, by: Span| instant.checked_add(by).unwrap_or(instant);
    Interval::between(moved(within.start(), -day), moved(within.end(), day))
}
