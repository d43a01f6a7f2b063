//! When an event takes place. Times come in UTC because we ask for it; where a server answers in another zone, its
//! name is IANA's or Windows' (trap B-T13).

use daybook_core::ids::OccurrenceId;
use daybook_core::time::{Interval, When, instant_of};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use windows_timezones::WindowsTimezone;

use crate::wire::event::{Event, Kind, Moment};

/// `None` where a time is missing or is none.
pub fn when(event: &Event) -> Option<When> {
    let (start, end) = (event.start.as_ref()?, event.end.as_ref()?);
    if event.is_all_day == Some(true) {
        return all_day(start, end);
    }
    Some(match (instant(start), instant(end)) {
        (Some(start), Some(end)) => When::Timed(Interval::between(start, end.max(start))),
        // A zone that only its author knows: the practice's zone decides.
        _ => When::Floating { start: wall(start)?, end: wall(end)? },
    })
}

/// Only the dates count: midnight in which zone, servers disagree (trap B-T11, E-069).
fn all_day(start: &Moment, end: &Moment) -> Option<When> {
    let first: Date = wall(start)?.date();
    let after: Date = wall(end)?.date();
    Some(When::AllDay { first, end: after.max(first.saturating_add(1.day())) })
}

/// `None` where only a clock at an unknown place is told.
fn instant(at: &Moment) -> Option<Timestamp> {
    let with_offset = at.date_time.parse::<Timestamp>().ok();
    with_offset.or_else(|| Some(instant_of(wall(at)?, &zone(at.time_zone.as_deref())?)))
}

fn wall(at: &Moment) -> Option<DateTime> {
    at.date_time.trim_end_matches('Z').parse().ok()
}

/// `UTC`, an IANA name or a Windows name. `None` for a zone of somebody's own (`tzone://Microsoft/Custom`).
fn zone(name: Option<&str>) -> Option<TimeZone> {
    let name = name.unwrap_or("UTC").trim();
    if name.eq_ignore_ascii_case("utc") {
        return Some(TimeZone::UTC);
    }
    let windows = || TimeZone::get(name.parse::<WindowsTimezone>().ok()?.tzdb_id()).ok();
    TimeZone::get(name).ok().or_else(windows)
}

/// What names an occurrence for ever: when it was first meant to be. Where it was never moved, that is its start,
/// which a delta tells and no more (trap B-T6).
pub fn occurrence(event: &Event, when: &When) -> OccurrenceId {
    match event.kind() {
        Kind::Single | Kind::Master => OccurrenceId::single(),
        Kind::Occurrence => start_of(when),
        Kind::Exception => original(event, when).unwrap_or_else(|| OccurrenceId::new(event.id.as_str())),
    }
}

fn start_of(when: &When) -> OccurrenceId {
    OccurrenceId::new(match when {
        When::Timed(interval) => interval.start().to_string(),
        When::Floating { start, .. } => start.to_string(),
        When::AllDay { first, .. } => first.to_string(),
    })
}

fn original(event: &Event, when: &When) -> Option<OccurrenceId> {
    let text = event.original_start.as_ref()?;
    let civil = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    let at: Timestamp = text.parse().ok().or_else(civil)?;
    Some(OccurrenceId::new(if when.is_all_day() { nearest_day(at).to_string() } else { at.to_string() }))
}

/// A day's midnight in the mailbox's zone, as the day that it begins.
fn nearest_day(midnight: Timestamp) -> Date {
    let noon = midnight.checked_add(SignedDuration::from_hours(12)).unwrap_or(midnight);
    TimeZone::UTC.to_datetime(noon).date()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "a literal is handed over")]
    fn event(fields: Value) -> Event {
        let mut event = json!({ "id": "AAk1" });
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    fn told(start: &str, end: &str, zone: &str) -> Value {
        json!({
            "start": { "dateTime": start, "timeZone": zone },
            "end": { "dateTime": end, "timeZone": zone },
        })
    }

    #[test]
    fn e_074_times_in_every_zone_that_graph_names() {
        for (zone, expected) in [
            ("UTC", "2026-03-03T12:00:00Z 2026-03-03T13:00:00Z"),
            ("W. Europe Standard Time", "2026-03-03T11:00:00Z 2026-03-03T12:00:00Z"),
            ("Europe/Berlin", "2026-03-03T11:00:00Z 2026-03-03T12:00:00Z"),
            ("Pacific Standard Time", "2026-03-03T20:00:00Z 2026-03-03T21:00:00Z"),
            ("tzone://Microsoft/Custom", "2026-03-03T12:00:00 2026-03-03T13:00:00"),
            ("Customized Time Zone", "2026-03-03T12:00:00 2026-03-03T13:00:00"),
        ] {
            let read = when(&event(told("2026-03-03T12:00:00.0000000", "2026-03-03T13:00:00.0000000", zone)));
            let text = match read.unwrap() {
                When::Timed(interval) => format!("{} {}", interval.start(), interval.end()),
                When::Floating { start, end } => format!("{start} {end}"),
                When::AllDay { first, end } => format!("{first} {end}"),
            };
            assert_eq!(text, expected, "{zone}");
        }
    }

    #[test]
    fn e_069_all_day_is_dates_whatever_the_zone() {
        let day = |first: &str, end: &str| When::AllDay {
            first: first.parse().unwrap(),
            end: end.parse().unwrap(),
        };
        for (start, end, expected) in [
            ("2026-03-03T00:00:00.0000000", "2026-03-04T00:00:00.0000000", day("2026-03-03", "2026-03-04")),
            ("2026-03-03T00:00:00.0000000", "2026-03-06T00:00:00.0000000", day("2026-03-03", "2026-03-06")),
            ("2026-03-03T00:00:00.0000000", "2026-03-03T00:00:00.0000000", day("2026-03-03", "2026-03-04")),
        ] {
            let mut fields = told(start, end, "Tokyo Standard Time");
            fields["isAllDay"] = true.into();
            assert_eq!(when(&event(fields)), Some(expected), "{start}");
        }
    }

    #[test]
    fn a_time_that_is_none_is_no_time() {
        for fields in [
            json!({}),
            json!({ "start": { "dateTime": "2026-03-03T12:00:00" } }),
            told("soon", "2026-03-03T12:00:00", "UTC"),
        ] {
            assert_eq!(when(&event(fields.clone())), None, "{fields}");
        }
        let backwards = when(&event(told("2026-03-03T12:00:00", "2026-03-03T11:00:00", "UTC"))).unwrap();
        assert!(matches!(backwards, When::Timed(interval) if interval.is_empty()));
        let with_offset = when(&event(told("2026-03-03T12:00:00Z", "2026-03-03T13:00:00Z", "UTC"))).unwrap();
        assert!(matches!(with_offset, When::Timed(_)));
    }

    #[test]
    fn e_059_an_occurrence_keeps_its_name_when_it_moves() {
        let series = |kind: &str, hour: u8, more: Value| {
            let mut fields =
                told(&format!("2026-03-10T{hour:02}:00:00"), &format!("2026-03-10T{hour:02}:30:00"), "UTC");
            fields["type"] = kind.into();
            fields["seriesMasterId"] = "AAkM".into();
            fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            event(fields)
        };
        let name = |event: &Event| occurrence(event, &when(event).unwrap()).to_string();
        let original = json!({ "originalStart": "2026-03-10T08:00:00Z" });
        assert_eq!(name(&series("occurrence", 8, json!({}))), "2026-03-10T08:00:00Z");
        assert_eq!(name(&series("occurrence", 8, original.clone())), "2026-03-10T08:00:00Z");
        assert_eq!(name(&series("exception", 15, original)), "2026-03-10T08:00:00Z");
        assert_eq!(name(&series("exception", 15, json!({}))), "AAk1");
        let single = event(told("2026-03-10T08:00:00", "2026-03-10T09:00:00", "UTC"));
        assert_eq!(name(&single), "");
    }

    #[test]
    fn e_064_an_all_day_occurrence_is_named_by_its_day() {
        for original in ["2026-03-10T00:00:00Z", "2026-03-09T23:00:00Z", "2026-03-10T05:00:00Z"] {
            let mut fields = told("2026-03-12T00:00:00", "2026-03-13T00:00:00", "UTC");
            fields["isAllDay"] = true.into();
            fields["type"] = "exception".into();
            fields["seriesMasterId"] = "AAkM".into();
            fields["originalStart"] = original.into();
            let event = event(fields);
            assert_eq!(occurrence(&event, &when(&event).unwrap()).as_str(), "2026-03-10", "{original}");
        }
    }
}
