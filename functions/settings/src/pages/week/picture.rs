//! The week as a drawing: a column a day, the EHR on its left and the calendar on its right, free times behind both. It
//! decides nothing and shows times alone; the page says the same in words beside it.

use daybook_core::time::{Interval, start_of_day};
use daybook_core::week::{Counterpart, What};
use daybook_engine::week::Week;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

const GUTTER: i64 = 48;
const DAY: i64 = 100;
const HEAD: i64 = 26;
const HOUR: i64 = 30;
/// The last hour is written half below its line.
const FOOT: i64 = 8;
/// Shown also where nothing stands.
const USUAL: (i64, i64) = (8, 18);
/// Whatever lasts longer is cut off and does not stretch the drawing.
const LONG: SignedDuration = SignedDuration::from_hours(12);

/// Everything in the units of the drawing.
pub(super) struct Picture {
    pub width: i64,
    pub height: i64,
    pub heads: Vec<Label>,
    pub hours: Vec<Label>,
    pub pieces: Vec<Piece>,
}

pub(super) struct Label {
    pub x: i64,
    pub y: i64,
    pub text: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    pub x: i64,
    pub y: i64,
    pub width: i64,
    pub height: i64,
    /// Names its colour.
    pub kind: &'static str,
}

/// Where in its day's column something stands.
#[derive(Clone, Copy)]
enum Place {
    Behind,
    Ehr,
    Calendar,
}

pub(super) fn picture(week: &Week) -> Picture {
    let free = week.free.iter().map(|at| (*at, Place::Behind, "free"));
    let entries = week.entries.iter().map(|entry| {
        let (place, kind) = drawn(entry.what);
        (entry.at, place, kind)
    });
    let all: Vec<_> = free.chain(entries).collect();
    let days: Vec<Date> = (0..7).map(|day: i64| week.first.saturating_add(day.days())).collect();
    let cut = |at: Interval| {
        days.iter().enumerate().filter_map(move |(column, day)| Some((column, minutes(week, at, *day)?)))
    };
    let short = all.iter().filter(|(at, ..)| at.end().duration_since(at.start()) < LONG);
    let shown = short.flat_map(|(at, ..)| cut(*at)).fold(USUAL, |(from, to), (_, (start, end))| {
        (from.min(start.div_euclid(60)), to.max((end + 59).div_euclid(60)))
    });
    let pieces = all.iter().flat_map(|(at, place, kind)| {
        cut(*at).filter_map(move |(column, span)| piece(column, span, shown, *place, kind))
    });
    Picture {
        width: GUTTER + 7 * DAY,
        height: HEAD + (shown.1 - shown.0) * HOUR + FOOT,
        heads: days.iter().enumerate().map(|(column, day)| head(column, *day)).collect(),
        hours: (shown.0..=shown.1).map(|hour| tick(hour, shown.0)).collect(),
        pieces: pieces.collect(),
    }
}

fn drawn(what: What) -> (Place, &'static str) {
    match what {
        What::Appointment(Counterpart::Missing) => (Place::Ehr, "appointment missing"),
        What::Appointment(_) => (Place::Ehr, "appointment"),
        What::Mirror => (Place::Calendar, "appointment"),
        What::Event(Counterpart::Missing) => (Place::Calendar, "busy missing"),
        What::Event(_) => (Place::Calendar, "busy"),
        What::Block => (Place::Ehr, "busy"),
    }
}

/// From when to when it takes this day, in minutes of the clock on the wall.
fn minutes(week: &Week, at: Interval, day: Date) -> Option<(i64, i64)> {
    let start_of = |day: Date| start_of_day(day, &week.zone);
    let (begin, over) = (start_of(day), start_of(day.saturating_add(1.day())));
    let (from, to) = (at.start().max(begin), at.end().min(over));
    let clock = |instant: Timestamp| {
        let local = instant.to_zoned(week.zone.clone());
        i64::from(local.hour()) * 60 + i64::from(local.minute())
    };
    (from < to).then(|| (clock(from), if to == over { 24 * 60 } else { clock(to) }))
}

fn piece(
    column: usize,
    (start, end): (i64, i64),
    (from, to): (i64, i64),
    place: Place,
    kind: &'static str,
) -> Option<Piece> {
    let (offset, width) = match place {
        Place::Behind => (1, DAY - 2),
        Place::Ehr => (4, DAY / 2 - 6),
        Place::Calendar => (DAY / 2 + 2, DAY / 2 - 6),
    };
    let (start, end) = (start.max(from * 60), end.min(to * 60));
    let y = |minute: i64| HEAD + (minute - from * 60) * HOUR / 60;
    (start < end).then(|| Piece {
        x: left(column) + offset,
        y: y(start),
        width,
        height: (y(end) - y(start)).max(2),
        kind,
    })
}

fn left(column: usize) -> i64 {
    GUTTER + i64::try_from(column).unwrap_or_default() * DAY
}

fn head(column: usize, day: Date) -> Label {
    Label { x: left(column) + DAY / 2, y: HEAD - 10, text: day.strftime("%a %-d").to_string() }
}

fn tick(hour: i64, first: i64) -> Label {
    let text = match hour {
        0 | 24 => "12 am".to_owned(),
        12 => "12 pm".to_owned(),
        1..12 => format!("{hour} am"),
        _ => format!("{} pm", hour - 12),
    };
    Label { x: GUTTER - 8, y: HEAD + (hour - first) * HOUR, text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use daybook_core::week::Entry;
    use daybook_engine::week::HoursKnown;
    use jiff::tz::TimeZone;

    use super::*;

    fn week(entries: Vec<Entry>) -> Week {
        Week {
            first: "2026-03-02".parse().unwrap(),
            zone: TimeZone::get("America/New_York").unwrap(),
            read_at: Timestamp::UNIX_EPOCH,
            entries,
            free_days: Vec::new(),
            free: Vec::new(),
            hours: HoursKnown::Given,
        }
    }

    fn entry(from: &str, to: &str, what: What) -> Entry {
        Entry { at: Interval::between(from.parse().unwrap(), to.parse().unwrap()), what }
    }

    #[test]
    fn each_side_has_its_half_of_the_day() {
        let stands = What::Appointment(Counterpart::Stands);
        let at = ("2026-03-03T15:00:00Z", "2026-03-03T16:00:00Z");
        let drawn = picture(&week(vec![entry(at.0, at.1, stands), entry(at.0, at.1, What::Mirror)]));
        let found: Vec<_> = drawn.pieces.iter().map(|one| (one.x, one.y, one.height, one.kind)).collect();
        // Ten in the morning of the second day.
        assert_eq!(found, [(152, 86, 30, "appointment"), (200, 86, 30, "appointment")]);
        assert_eq!((drawn.height, drawn.hours.len()), (26 + 10 * 30 + 8, 11));
    }

    /// E-024: the night of the change has no hour between two and three.
    #[test]
    fn what_lasts_over_midnight_stands_on_both_days_and_long_things_are_cut_off() {
        let busy = What::Event(Counterpart::Missing);
        let night = entry("2026-03-08T04:30:00Z", "2026-03-08T07:30:00Z", busy);
        let drawn = picture(&week(vec![night]));
        // From half past eleven on Saturday to half past three on Sunday.
        let found: Vec<_> = drawn.pieces.iter().map(|one| (one.x, one.y, one.height)).collect();
        assert_eq!(found, [(600, 26 + 47 * 15, 15), (700, 26, 105)]);
        let all_day = entry("2026-03-04T05:00:00Z", "2026-03-05T05:00:00Z", busy);
        let drawn = picture(&week(vec![all_day]));
        assert_eq!((drawn.pieces.len(), drawn.pieces[0].y, drawn.pieces[0].height), (1, 26, 300));
    }
}
