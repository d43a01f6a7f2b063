//! Dates as the week pages use them.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::grid::{Frame, Minutes};

/// The Monday of the week that holds a date.
pub(crate) fn monday_of(date: Date) -> Result<Date, jiff::Error> {
    match date.weekday() {
        Weekday::Monday => Ok(date),
        _ => date.nth_weekday(-1, Weekday::Monday),
    }
}

/// The first moment of a day in a zone.
pub(crate) fn midnight(date: Date, zone: &TimeZone) -> Timestamp {
    date.to_zoned(zone.clone()).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// Minutes since midnight.
pub(crate) fn minute_of(time: Time) -> i32 {
    i32::from(time.hour()) * 60 + i32::from(time.minute())
}

/// The part of a day that lies between two moments, in minutes since its midnight; `None` if it is not touched.
pub(crate) fn minutes_on(date: Date, from: Timestamp, to: Timestamp, zone: &TimeZone) -> Option<Minutes> {
    let (start, end) = (midnight(date, zone), midnight(date.saturating_add(1.day()), zone));
    let minute = |at: Timestamp| minute_of(at.to_zoned(zone.clone()).time());
    (from < end && start < to).then(|| Minutes {
        from: if from <= start { 0 } else { minute(from) },
        to: if to >= end { 24 * 60 } else { minute(to) },
    })
}

/// "November 23 – 29, 2026".
pub(crate) fn range_text(monday: Date) -> String {
    let sunday = monday.saturating_add(6.days());
    let last = if sunday.month() == monday.month() { "%-d, %Y" } else { "%B %-d, %Y" };
    format!("{} – {}", monday.strftime("%B %-d"), sunday.strftime(last))
}

/// "9:00 – 9:50 am", or the start alone where two times do not fit.
pub(crate) fn times_text(from: Timestamp, to: Timestamp, zone: &TimeZone, room: Room) -> String {
    let local = |at: Timestamp| at.to_zoned(zone.clone());
    match room {
        Room::Both => {
            format!("{} – {}", local(from).strftime("%-I:%M"), local(to).strftime("%-I:%M %P"))
        }
        Room::Start => local(from).strftime("%-I:%M %P").to_string(),
    }
}

/// How many times fit on an item in the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Both,
    Start,
}

impl Room {
    /// A short item has one line, which holds one time where it may be narrow.
    pub(crate) fn of(minutes: i64, lanes: usize) -> Self {
        let one_line = if lanes > 1 { 40 } else { 30 };
        if minutes < one_line { Self::Start } else { Self::Both }
    }
}

/// One label beside the grid.
pub(crate) struct Hour {
    pub(crate) place: String,
    pub(crate) label: String,
}

/// The labels beside the grid.
pub(crate) fn hours(frame: Frame) -> Vec<Hour> {
    let hour = |hour: i32| {
        let place = frame.place(Minutes { from: hour * 60, to: hour * 60 + 60 })?;
        let label = Time::constant(i8::try_from(hour).unwrap_or(0), 0, 0, 0).strftime("%-I %P").to_string();
        Some(Hour { place, label })
    };
    (frame.first_hour..frame.last_hour).filter_map(hour).collect()
}

/// Reads what a browser's `datetime-local` sends, and a length, in a zone.
pub(crate) fn read_time(start: &str, minutes: &str, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let wall: DateTime = start.parse().ok()?;
    let minutes: i64 = minutes.trim().parse().ok().filter(|minutes| (5..=480).contains(minutes))?;
    let from = wall.to_zoned(zone.clone()).ok()?.timestamp();
    Some((from, from.checked_add(SignedDuration::from_mins(minutes)).ok()?))
}

/// What a form for a new thing proposes: the next full hour, or the morning of another week's Monday.
pub(crate) fn next_start(now: Timestamp, monday: Date, this_monday: Date, zone: &TimeZone) -> String {
    let date_time = if monday == this_monday {
        let local = now.to_zoned(zone.clone()).datetime();
        local.date().at(local.hour(), 0, 0, 0).saturating_add(1.hour())
    } else {
        monday.at(9, 0, 0, 0)
    };
    date_time.strftime("%Y-%m-%dT%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_week_begins_on_monday() {
        for (day, monday) in [(22, 16), (23, 23), (24, 23), (29, 23), (30, 30)] {
            assert_eq!(monday_of(date(2026, 11, day)).unwrap(), date(2026, 11, monday));
        }
    }

    #[test]
    fn a_short_item_beside_others_says_its_start_alone() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (from, to) = (at("2026-11-23T14:00:00Z"), at("2026-11-23T14:30:00Z"));
        let zone = TimeZone::get("America/New_York").unwrap();
        for (minutes, lanes, text) in
            [(29, 1, "9:00 am"), (30, 1, "9:00 – 9:30 am"), (39, 2, "9:00 am"), (40, 2, "9:00 – 9:30 am")]
        {
            let said = times_text(from, to, &zone, Room::of(minutes, lanes));
            assert_eq!(said, text);
        }
    }
}
