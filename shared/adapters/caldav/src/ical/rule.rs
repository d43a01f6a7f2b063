//! Runs one recurrence rule in wall time, as if there were no zones: the rules of RFC 5545 are about clocks, and
//! instants follow from the wall times afterwards. Bounded, whatever a stranger wrote into the rule.

use calcard::common::CalendarScale;
use calcard::icalendar::{ICalendarFrequency, ICalendarRecurrenceRule, ICalendarSkip};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use recurrence::RRuleSet;

use super::Unreadable;

/// Occurrences that are looked at, in and before the window.
const MAX_STEPS: usize = 100_000;
/// More than one an hour for a year.
pub const MAX_OCCURRENCES: usize = 10_000;
/// Times of one day that a rule may name with BYHOUR, BYMINUTE and BYSECOND.
const MAX_TIMES_OF_DAY: usize = 100;
const MAX_RULE_BYTES: usize = 1_000;
/// Rules of one event; the standard advises against more than one.
pub const MAX_RULES: usize = 8;

/// Wall times, the first and last that matter included.
#[derive(Clone, Copy, Debug)]
pub struct Walls {
    pub from: DateTime,
    pub to: DateTime,
}

/// The occurrences of a rule inside `walls`. `until` is the rule's UNTIL as a wall time in the start's zone.
pub fn run(
    rule: &ICalendarRecurrenceRule,
    start: DateTime,
    until: Option<DateTime>,
    walls: Walls,
) -> Result<Vec<DateTime>, Unreadable> {
    check(rule)?;
    let start = advanced(rule, start, walls.from);
    if until.is_some_and(|until| until < start) || start > walls.to {
        return Ok(Vec::new());
    }
    collect(set(rule, start, until)?, walls)
}

fn collect(set: RRuleSet, walls: Walls) -> Result<Vec<DateTime>, Unreadable> {
    let mut found = Vec::new();
    for (step, at) in set.limit().into_iter().enumerate() {
        let wall = Timestamp::from_second(at.timestamp()).map_err(|_| Unreadable::Rule)?;
        let wall = TimeZone::UTC.to_datetime(wall);
        if wall > walls.to {
            break;
        }
        if step >= MAX_STEPS || found.len() >= MAX_OCCURRENCES {
            return Err(Unreadable::TooOften);
        }
        if wall >= walls.from {
            found.push(wall);
        }
    }
    Ok(found)
}

/// Refuses what would cost too much or mean something else than we would make of it.
fn check(rule: &ICalendarRecurrenceRule) -> Result<(), Unreadable> {
    let times = [&rule.byhour, &rule.byminute, &rule.bysecond];
    let times_of_day: usize = times.iter().map(|list| list.len().max(1)).product();
    let frequent = matches!(rule.freq, ICalendarFrequency::Minutely | ICalendarFrequency::Secondly);
    if frequent || times_of_day > MAX_TIMES_OF_DAY {
        return Err(Unreadable::TooOften);
    }
    let foreign = !matches!(rule.rscale, None | Some(CalendarScale::Gregorian))
        || !matches!(rule.skip, None | Some(ICalendarSkip::Omit))
        || rule.bymonth.iter().any(calcard::icalendar::ICalendarMonth::is_leap);
    if foreign { Err(Unreadable::Rule) } else { Ok(()) }
}

/// The rule, set up to run in UTC, which stands for "on the clock".
fn set(
    rule: &ICalendarRecurrenceRule,
    start: DateTime,
    until: Option<DateTime>,
) -> Result<RRuleSet, Unreadable> {
    let text = |wall: DateTime| wall.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut bare = rule.clone();
    (bare.until, bare.rscale, bare.skip) = (None, None, None);
    let bound = until.map(|until| format!(";UNTIL={}", text(until))).unwrap_or_default();
    let rule = format!("DTSTART:{}\nRRULE:{bare}{bound}", text(start));
    if rule.len() > MAX_RULE_BYTES {
        return Err(Unreadable::Rule);
    }
    rule.parse().map_err(|_| Unreadable::Rule)
}

/// A rule that is not counted may start anywhere in its own rhythm: near the window, instead of in 1900.
fn advanced(rule: &ICalendarRecurrenceRule, start: DateTime, from: DateTime) -> DateTime {
    let hours = match rule.freq {
        ICalendarFrequency::Hourly => 1,
        ICalendarFrequency::Daily => 24,
        ICalendarFrequency::Weekly => 7 * 24,
        _ => return start,
    };
    let rhythm = hours * i64::from(rule.interval.unwrap_or(1).max(1));
    let ahead = from.duration_since(start).as_hours();
    let beats = ahead / rhythm - 1;
    if rule.count.is_some() || beats <= 0 {
        return start;
    }
    let days = Span::new().try_days(beats * rhythm / 24);
    let rest = SignedDuration::from_hours(beats * rhythm % 24);
    days.ok().and_then(|days| start.checked_add(days).ok()).map_or(start, |near| near.saturating_add(rest))
}
