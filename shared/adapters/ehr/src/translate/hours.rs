//! Operational hours from `availableTime` and `notAvailable`, which are wall times without a zone.

use daybook_core::hours::{Closure, Opening};
use daybook_core::time::{Interval, start_of_day};
use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::instant::{Bound, parse_bound};
use crate::wire::{AvailableTime, NotAvailable, Period};

/// One opening for each day; no days named are all days, no times are the whole day.
pub(crate) fn openings_from(times: &[AvailableTime]) -> Vec<Opening> {
    times.iter().flat_map(|time| opening_from(time).unwrap_or_default()).collect()
}

fn opening_from(time: &AvailableTime) -> Option<Vec<Opening>> {
    let (from, to) = match (&time.start, &time.end) {
        _ if time.all_day == Some(true) => (Time::midnight(), Time::midnight()),
        (None, None) => (Time::midnight(), Time::midnight()),
        (Some(start), Some(end)) => (time_from(start)?, time_from(end)?),
        (Some(_), None) | (None, Some(_)) => return None,
    };
    let days = match &time.days_of_week {
        None => Weekday::Monday.cycle_forward().take(7).collect(),
        Some(days) => days.iter().filter_map(|day| weekday_from(day)).collect::<Vec<_>>(),
    };
    Some(days.into_iter().map(|day| Opening { day, from, to }).collect())
}

/// `09:00:00`; `24:00:00` is the midnight that ends the day.
fn time_from(text: &str) -> Option<Time> {
    match text.trim() {
        "24:00:00" | "24:00" => Some(Time::midnight()),
        text => text.parse().ok(),
    }
}

fn weekday_from(code: &str) -> Option<Weekday> {
    match code {
        "mon" => Some(Weekday::Monday),
        "tue" => Some(Weekday::Tuesday),
        "wed" => Some(Weekday::Wednesday),
        "thu" => Some(Weekday::Thursday),
        "fri" => Some(Weekday::Friday),
        "sat" => Some(Weekday::Saturday),
        "sun" => Some(Weekday::Sunday),
        _ => None,
    }
}

/// Absences. Days stay days; where one end is a date and the other an instant, the zone decides.
pub(crate) fn closures_from(absences: &[NotAvailable], zone: Option<&str>) -> Vec<Closure> {
    let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let periods = absences.iter().filter_map(|absence| absence.during.as_ref());
    periods.filter_map(|period| closure_from(period, &zone)).collect()
}

/// An end that is missing is far away. `None` where neither end can be read.
fn closure_from(period: &Period, zone: &TimeZone) -> Option<Closure> {
    let read = |text: &Option<String>| text.as_deref().and_then(parse_bound);
    match (read(&period.start), read(&period.end)) {
        (None, None) => None,
        (Some(Bound::Days(first, _)), Some(Bound::Days(_, last))) => Some(Closure::Days { first, last }),
        (Some(Bound::Days(first, _)), None) => Some(Closure::Days { first, last: Date::MAX }),
        (None, Some(Bound::Days(_, last))) => Some(Closure::Days { first: Date::MIN, last }),
        (start, end) => {
            let start = start.map_or(Timestamp::MIN, |bound| match bound {
                Bound::At(at) => at,
                Bound::Days(first, _) => start_of_day(first, zone),
            });
            let end = end.map_or(Timestamp::MAX, |bound| match bound {
                Bound::At(at) => at,
                Bound::Days(_, last) => last.tomorrow().map_or(Timestamp::MAX, |day| start_of_day(day, zone)),
            });
            Interval::new(start, end).map(Closure::Span)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn hours(json: &str) -> Vec<String> {
        let times: Vec<AvailableTime> = serde_json::from_str(json).unwrap();
        let text = |opening: &Opening| format!("{:?} {}-{}", opening.day, opening.from, opening.to);
        openings_from(&times).iter().map(text).collect()
    }

    #[test]
    fn openings_by_shape() {
        for (json, expected) in [
            (
                r#"[{"daysOfWeek":["tue","thu"],"availableStartTime":"10:00:00","availableEndTime":"18:00:00"}]"#,
                vec!["Tuesday 10:00:00-18:00:00", "Thursday 10:00:00-18:00:00"],
            ),
            (
                r#"[{"daysOfWeek":["fri"],"availableStartTime":"22:00:00","availableEndTime":"02:00:00"}]"#,
                vec!["Friday 22:00:00-02:00:00"],
            ),
            (r#"[{"daysOfWeek":["sun"],"allDay":true}]"#, vec!["Sunday 00:00:00-00:00:00"]),
            (r#"[{"daysOfWeek":["sun"]}]"#, vec!["Sunday 00:00:00-00:00:00"]),
            (
                r#"[{"daysOfWeek":["sat"],"availableStartTime":"18:00","availableEndTime":"24:00:00"}]"#,
                vec!["Saturday 18:00:00-00:00:00"],
            ),
            (r#"[{"daysOfWeek":["mon"],"availableStartTime":"09:00:00"}]"#, vec![]),
            (r#"[{"daysOfWeek":["someday"],"allDay":true}]"#, vec![]),
            (r#"[{"daysOfWeek":["mon"],"availableStartTime":"x","availableEndTime":"18:00:00"}]"#, vec![]),
        ] {
            assert_eq!(hours(json), expected, "{json}");
        }
        assert_eq!(hours(r#"[{"allDay":true}]"#).len(), 7);
    }

    #[test]
    fn a_date_only_end_includes_its_day() {
        let days = |first: &str, last: &str| {
            vec![Closure::Days { first: first.parse().unwrap(), last: last.parse().unwrap() }]
        };
        let span = |start: &str, end: &str| {
            vec![Closure::Span(Interval::new(start.parse().unwrap(), end.parse().unwrap()).unwrap())]
        };
        for (period, expected) in [
            (r#"{"start":"2026-11-26","end":"2026-11-27"}"#, days("2026-11-26", "2026-11-27")),
            (r#"{"start":"2026-12","end":"2026-12"}"#, days("2026-12-01", "2026-12-31")),
            (
                r#"{"start":"2026-11-26T12:00:00-05:00","end":"2026-11-27"}"#,
                span("2026-11-26T17:00:00Z", "2026-11-28T05:00:00Z"),
            ),
            (r#"{"end":"soon"}"#, vec![]),
            (r#"{"start":"2026-11-27T12:00:00Z","end":"2026-11-26T12:00:00Z"}"#, vec![]),
        ] {
            let absence: Vec<NotAvailable> =
                serde_json::from_str(&format!(r#"[{{"description":"x","during":{period}}}]"#)).unwrap();
            assert_eq!(closures_from(&absence, Some("America/New_York")), expected, "{period}");
        }
    }
}
