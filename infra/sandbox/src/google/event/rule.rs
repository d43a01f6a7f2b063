//! The `recurrence` lines of a series: which wall times they give. Rules run on the clock, as if there were no
//! zones, so that nine o'clock stays nine o'clock over a change of summer time. Knows nothing of exceptions that
//! were written as events of their own.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use recurrence::RRuleSet;

use super::moment::Moment;

/// Occurrences that are looked at, in and before the window.
const MAX_STEPS: usize = 50_000;
const MAX_LINES: usize = 50;
const MAX_RULE_BYTES: usize = 1_000;

/// A line that Google would refuse, or that means something we do not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recurrence rule cannot be read")]
pub struct BadRule;

/// The lines of one series, read.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// `FREQ=...` without `UNTIL`, and `UNTIL` by itself.
    repeats: Vec<(String, Option<Until>)>,
    removed: Vec<Mark>,
    added: Vec<Mark>,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    Instant(Timestamp),
    Day(Date),
}

/// One value of `EXDATE` or `RDATE`.
#[derive(Clone, Copy, Debug)]
enum Mark {
    Day(Date),
    Wall(DateTime),
    Instant(Timestamp),
}

impl Mark {
    fn wall(self, zone: &TimeZone) -> DateTime {
        match self {
            Self::Day(day) => day.to_datetime(jiff::civil::Time::midnight()),
            Self::Wall(wall) => wall,
            Self::Instant(at) => zone.to_datetime(at),
        }
    }
}

impl Rules {
    /// Reads the lines. Google takes no `DTSTART` and no `DTEND` here.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, BadRule> {
        let mut read = Self::default();
        for (count, line) in lines.into_iter().enumerate() {
            if count >= MAX_LINES || line.len() > MAX_RULE_BYTES {
                return Err(BadRule);
            }
            read.take(line)?;
        }
        if read.repeats.is_empty() && read.added.is_empty() { Err(BadRule) } else { Ok(read) }
    }

    fn take(&mut self, line: &str) -> Result<(), BadRule> {
        let (head, value) = line.split_once(':').ok_or(BadRule)?;
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        match name.to_ascii_uppercase().as_str() {
            "RRULE" => self.repeats.push(rule(value)?),
            "EXDATE" => self.removed.extend(marks(parameters, value)?),
            "RDATE" => self.added.extend(marks(parameters, value)?),
            _ => return Err(BadRule),
        }
        Ok(())
    }

    /// The starts from `from` to `to` (wall times, both included), in order. The first start counts even where
    /// no rule leads to it.
    pub fn starts(&self, first: &Moment, calendar: &TimeZone, from: DateTime, to: DateTime) -> Vec<Moment> {
        let (zone, start) = (first.zone(calendar), first.wall(calendar));
        let mut walls: BTreeSet<DateTime> = BTreeSet::new();
        walls.insert(start);
        for (rule, until) in &self.repeats {
            walls.extend(run(rule, until.map(|until| until_wall(until, first, &zone)), start, to));
        }
        walls.extend(self.added.iter().map(|mark| mark.wall(&zone)));
        for mark in &self.removed {
            match (mark, first) {
                (Mark::Day(day), Moment::Time { .. }) => walls.retain(|wall| wall.date() != *day),
                _ => {
                    walls.remove(&mark.wall(&zone));
                }
            }
        }
        walls.range(from..=to).map(|wall| first.at_wall(*wall, calendar)).collect()
    }
}

/// `UNTIL` as a wall time that is still included.
fn until_wall(until: Until, first: &Moment, zone: &TimeZone) -> DateTime {
    match (until, first) {
        (Until::Instant(at), Moment::Day(_)) => TimeZone::UTC.to_datetime(at),
        (Until::Instant(at), Moment::Time { .. }) => zone.to_datetime(at),
        (Until::Day(day), _) => day.to_datetime(jiff::civil::time(23, 59, 59, 0)),
    }
}

fn rule(value: &str) -> Result<(String, Option<Until>), BadRule> {
    let (mut kept, mut until) = (Vec::new(), None);
    let mut frequency = None;
    for part in value.split(';') {
        let (key, value) = part.split_once('=').ok_or(BadRule)?;
        match key.to_ascii_uppercase().as_str() {
            "UNTIL" => until = Some(until_from(value)?),
            "FREQ" => {
                frequency = Some(value.to_ascii_uppercase());
                kept.push(part);
            }
            _ => kept.push(part),
        }
    }
    if !matches!(frequency.as_deref(), Some("DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY")) {
        return Err(BadRule);
    }
    let bare = kept.join(";");
    set(&bare, DateTime::constant(2026, 1, 1, 0, 0, 0, 0), None)?;
    Ok((bare, until))
}

fn until_from(value: &str) -> Result<Until, BadRule> {
    if let Ok(wall) = DateTime::strptime("%Y%m%dT%H%M%SZ", value) {
        return TimeZone::UTC.to_timestamp(wall).map(Until::Instant).map_err(|_| BadRule);
    }
    Date::strptime("%Y%m%d", value).map(Until::Day).map_err(|_| BadRule)
}

fn marks(parameters: &str, value: &str) -> Result<Vec<Mark>, BadRule> {
    let zone = parameters.split(';').find_map(|one| one.strip_prefix("TZID="));
    let zone = zone.map(TimeZone::get).transpose().map_err(|_| BadRule)?;
    value.split(',').map(|one| mark(one, zone.as_ref())).collect()
}

fn mark(text: &str, zone: Option<&TimeZone>) -> Result<Mark, BadRule> {
    if let Ok(wall) = DateTime::strptime("%Y%m%dT%H%M%SZ", text) {
        return TimeZone::UTC.to_timestamp(wall).map(Mark::Instant).map_err(|_| BadRule);
    }
    if let Ok(wall) = DateTime::strptime("%Y%m%dT%H%M%S", text) {
        return match zone {
            Some(zone) => zone.to_timestamp(wall).map(Mark::Instant).map_err(|_| BadRule),
            None => Ok(Mark::Wall(wall)),
        };
    }
    Date::strptime("%Y%m%d", text).map(Mark::Day).map_err(|_| BadRule)
}

/// The rule, set up to run in UTC, which stands for "on the clock".
fn set(rule: &str, start: DateTime, until: Option<DateTime>) -> Result<RRuleSet, BadRule> {
    let text = |wall: DateTime| wall.strftime("%Y%m%dT%H%M%SZ").to_string();
    let bound = until.map(|until| format!(";UNTIL={}", text(until))).unwrap_or_default();
    format!("DTSTART:{}\nRRULE:{rule}{bound}", text(start)).parse().map_err(|_| BadRule)
}

fn run(rule: &str, until: Option<DateTime>, start: DateTime, to: DateTime) -> Vec<DateTime> {
    if until.is_some_and(|until| until < start) || start > to {
        return Vec::new();
    }
    let Ok(set) = set(rule, start, until) else { return Vec::new() };
    let walls =
        set.limit().into_iter().take(MAX_STEPS).filter_map(|at| {
            Timestamp::from_second(at.timestamp()).ok().map(|at| TimeZone::UTC.to_datetime(at))
        });
    walls.take_while(|wall| *wall <= to).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::{Value, json};

    fn starts(lines: &[&str], first: &Value) -> String {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let first = Moment::parse(first).unwrap();
        let rules = Rules::parse(lines.iter().copied()).unwrap();
        let (from, to) = ("2026-03-01T00:00:00".parse().unwrap(), "2026-06-30T00:00:00".parse().unwrap());
        let found = rules.starts(&first, &berlin, from, to);
        found.iter().map(Moment::suffix).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rules_run_on_the_clock() {
        let timed = json!({"dateTime": "2026-03-24T09:00:00+01:00", "timeZone": "Europe/Berlin"});
        let day = json!({"date": "2026-03-02"});
        let cases: [(&[&str], &Value, &str); 9] = [
            (&["RRULE:FREQ=WEEKLY;COUNT=3"], &timed, "20260324T080000Z 20260331T070000Z 20260407T070000Z"),
            (&["RRULE:FREQ=WEEKLY;UNTIL=20260331T070000Z"], &timed, "20260324T080000Z 20260331T070000Z"),
            (&["RRULE:FREQ=WEEKLY;UNTIL=20260331T065959Z"], &timed, "20260324T080000Z"),
            (&["RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20260326"], &timed, "20260324T080000Z 20260326T080000Z"),
            (
                &["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20260331T090000"],
                &timed,
                "20260324T080000Z 20260407T070000Z",
            ),
            (
                &["RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:20260331T070000Z", "RDATE:20260402T100000Z"],
                &timed,
                "20260324T080000Z 20260402T100000Z",
            ),
            (&["RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=3"], &day, "20260302 20260406 20260504"),
            (&["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260303"], &day, "20260302 20260304"),
            (&["RDATE;VALUE=DATE:20260310"], &day, "20260302 20260310"),
        ];
        for (lines, first, expected) in cases {
            assert_eq!(starts(lines, first), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_google_refuses_is_refused() {
        let cases: [&[&str]; 6] = [
            &[],
            &["DTSTART:20260324T080000Z", "RRULE:FREQ=DAILY"],
            &["RRULE:FREQ=SECONDLY"],
            &["RRULE:BYDAY=MO"],
            &["EXDATE:20260324T080000Z"],
            &["RRULE:FREQ=WEEKLY;UNTIL=tomorrow"],
        ];
        for lines in cases {
            assert!(Rules::parse(lines.iter().copied()).is_err(), "{lines:?}");
        }
    }
}
