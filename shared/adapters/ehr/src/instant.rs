//! FHIR's times, read leniently and written strictly. It knows no zone but the offset in the text.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

/// An instant. Servers write hour-only offsets and leave out seconds, which FHIR forbids and is clear
/// all the same; without an offset it is no instant.
pub(crate) fn parse_instant(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok()
}

/// `2026-10-27T17:30:00Z`: whole seconds, which every server reads.
pub(crate) fn write_instant(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// One end of a period, as precise as it was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bound {
    At(Timestamp),
    /// All days from the first to the last, both included: one day, a month or a year.
    Days(Date, Date),
}

/// A FHIR `dateTime`: `2026`, `2026-11`, `2026-11-26` or an instant.
pub(crate) fn parse_bound(text: &str) -> Option<Bound> {
    let text = text.trim();
    if let Some(at) = parse_instant(text) {
        return Some(Bound::At(at));
    }
    if text.contains('T') {
        return None;
    }
    let numbers: Option<Vec<i16>> = text.split('-').map(|part| part.parse().ok()).collect();
    let small = |number: i16| i8::try_from(number).ok();
    match numbers?.as_slice() {
        [year] => Some(Bound::Days(Date::new(*year, 1, 1).ok()?, Date::new(*year, 12, 31).ok()?)),
        [year, month] => {
            let first = Date::new(*year, small(*month)?, 1).ok()?;
            Some(Bound::Days(first, first.last_of_month()))
        }
        [year, month, day] => {
            let date = Date::new(*year, small(*month)?, small(*day)?).ok()?;
            Some(Bound::Days(date, date))
        }
        _ => None,
    }
}

/// Earlier by so many seconds, or the beginning of time.
pub(crate) fn before(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_sub(seconds.seconds()).unwrap_or(Timestamp::MIN)
}

/// Later by so many seconds, or the end of time.
pub(crate) fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(seconds.seconds()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn instants_are_read_leniently() {
        for (text, instant) in [
            ("2026-10-27T14:00:00Z", Some("2026-10-27T14:00:00Z")),
            ("2026-10-27T09:00:00-05", Some("2026-10-27T14:00:00Z")),
            ("2026-10-27T09:00:00-0500", Some("2026-10-27T14:00:00Z")),
            ("2026-10-27T09:00-05:00", Some("2026-10-27T14:00:00Z")),
            (" 2026-10-27T14:00:00.250+00:00 ", Some("2026-10-27T14:00:00.25Z")),
            ("2026-10-27T14:00:00", None),
            ("2026-10-27", None),
            ("", None),
            ("tomorrow", None),
        ] {
            assert_eq!(parse_instant(text), instant.map(|text| text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn instants_are_written_strictly() {
        for (at, text) in [
            ("2026-10-27T13:30:00-04:00", "2026-10-27T17:30:00Z"),
            ("2026-10-27T17:30:00.999Z", "2026-10-27T17:30:00Z"),
        ] {
            assert_eq!(write_instant(at.parse().unwrap()), text);
        }
    }

    #[test]
    fn dates_may_be_partial() {
        let days = |first: &str, last: &str| Some(Bound::Days(first.parse().unwrap(), last.parse().unwrap()));
        for (text, bound) in [
            ("2026", days("2026-01-01", "2026-12-31")),
            ("2026-02", days("2026-02-01", "2026-02-28")),
            ("2026-11-26", days("2026-11-26", "2026-11-26")),
            ("2026-11-26T10:00:00Z", Some(Bound::At("2026-11-26T10:00:00Z".parse().unwrap()))),
            ("2026-11-26T10:00:00", None),
            ("2026-13", None),
            ("soon", None),
        ] {
            assert_eq!(parse_bound(text), bound, "{text}");
        }
    }
}
