//! FHIR's two ways of writing time: the exact `instant` in resources, and dates of any precision in
//! searches. It does not know any resource.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Reads an R4 `instant`: full date, time with seconds, and `Z` or an offset with minutes.
pub(super) fn parse_instant(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T')?;
    let clock = time.strip_suffix('Z').or_else(|| split_offset(time).map(|(clock, _)| clock))?;
    let shaped = date.len() == 10 && clock.len() >= 8 && clock.is_ascii();
    shaped.then(|| text.parse().ok()).flatten()
}

/// The half-open range, in microseconds since 1970, that a search value of any precision covers. Values
/// without an offset are read in `zone`, the practice's.
pub(super) fn parse_range(text: &str, zone: &TimeZone) -> Option<(i64, i64)> {
    // An unescaped plus arrives as a space, from clients that forget to encode it.
    let text = text.replace(' ', "+");
    match text.split_once('T') {
        None => day_range(&text, zone),
        Some((date, time)) => time_range(date, time, zone),
    }
}

fn day_range(text: &str, zone: &TimeZone) -> Option<(i64, i64)> {
    let (first, next) = match text.len() {
        4 => {
            let first: Date = format!("{text}-01-01").parse().ok()?;
            (first, first.checked_add(1.year()).ok()?)
        }
        7 => {
            let first: Date = format!("{text}-01").parse().ok()?;
            (first, first.checked_add(1.month()).ok()?)
        }
        10 => {
            let first: Date = text.parse().ok()?;
            (first, first.tomorrow().ok()?)
        }
        _ => return None,
    };
    Some((midnight(first, zone)?, midnight(next, zone)?))
}

fn midnight(date: Date, zone: &TimeZone) -> Option<i64> {
    Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond())
}

fn time_range(date: &str, time: &str, zone: &TimeZone) -> Option<(i64, i64)> {
    let (clock, offset) = match (time.strip_suffix('Z'), split_offset(time)) {
        (Some(clock), _) => (clock, Some("Z")),
        (None, Some((clock, offset))) => (clock, Some(offset)),
        (None, None) => (time, None),
    };
    let whole = if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() };
    let start: Timestamp = if let Some(offset) = offset {
        format!("{date}T{whole}{offset}").parse().ok()?
    } else {
        let wall: DateTime = format!("{date}T{whole}").parse().ok()?;
        wall.to_zoned(zone.clone()).ok()?.timestamp()
    };
    let start_us = start.as_microsecond();
    Some((start_us, start_us + precision_us(clock)?))
}

/// How long the last written digit of a clock time lasts.
fn precision_us(clock: &str) -> Option<i64> {
    match (clock.len(), clock.split_once('.')) {
        (5, None) => Some(60_000_000),
        (8, None) => Some(1_000_000),
        (_, Some((_, fraction))) => {
            let digits = u32::try_from(fraction.len()).ok()?.min(6);
            Some(10_i64.pow(6 - digits))
        }
        _ => None,
    }
}

fn split_offset(time: &str) -> Option<(&str, &str)> {
    let at = time.rfind(['+', '-'])?;
    let (clock, offset) = time.split_at_checked(at)?;
    (offset.len() == 6 && offset.contains(':')).then_some((clock, offset))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn an_instant_needs_seconds_and_a_whole_offset() {
        for (text, fine) in [
            ("2026-10-27T14:00:00Z", true),
            ("2026-10-27T14:00:00.204123Z", true),
            ("2026-10-27T10:00:00-04:00", true),
            ("2026-10-27T10:00:00-04", false),
            ("2026-10-27T10:00:00", false),
            ("2026-10-27T10:00Z", false),
            ("2026-10-27", false),
            ("2026-13-27T10:00:00Z", false),
            ("tomorrow", false),
        ] {
            assert_eq!(parse_instant(text).is_some(), fine, "{text}");
        }
    }

    #[test]
    fn a_search_date_covers_what_its_precision_leaves_open() {
        let zone = TimeZone::get("America/New_York").unwrap();
        for (text, from, to) in [
            ("2026", "2026-01-01T05:00:00Z", "2027-01-01T05:00:00Z"),
            ("2026-11", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"),
            ("2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
            ("2026-11-02T09:30", "2026-11-02T14:30:00Z", "2026-11-02T14:31:00Z"),
            ("2026-11-02T09:30:00Z", "2026-11-02T09:30:00Z", "2026-11-02T09:30:01Z"),
            ("2026-11-02T09:30:00.5+01:00", "2026-11-02T08:30:00.5Z", "2026-11-02T08:30:00.6Z"),
            ("2026-11-02T09:30:00 01:00", "2026-11-02T08:30:00Z", "2026-11-02T08:30:01Z"),
        ] {
            let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
            assert_eq!(parse_range(text, &zone), Some((at(from), at(to))), "{text}");
        }
        for text in ["", "26", "2026-1-1", "2026-11-02T", "now", "2026-02-30"] {
            assert_eq!(parse_range(text, &zone), None, "{text}");
        }
    }
}
