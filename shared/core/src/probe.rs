//! The probe by which a clinician sees that both sides can be written: an event and a block of ours, at a time when
//! nobody is likely to look, each gone again in a moment. What it is called, when it takes place, and how its names are
//! told from those of appointments. It writes nothing.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::event::EventRef;
use crate::ids::OccurrenceId;
use crate::key::Owner;
use crate::link::Lane;
use crate::mirror::{Certainty, MirrorContent};
use crate::time::{Interval, date_of, instant_of};

/// What the event says; it holds nothing of any appointment.
pub const TITLE: &str = "Daybook check";

/// The name under which the probe owns its mirrors. No EHR and no calendar is asked for it.
const NAME: &str = "daybook-check";

const START_HOUR: i8 = 3;
const LASTS_MINUTES: i64 = 10;
/// By so much the event is moved.
const MOVED_MINUTES: i64 = 20;
/// Nothing else may be so near.
const APART_MINUTES: i64 = 60;
/// So many nights are tried, the last of the window first.
const MOST_NIGHTS: usize = 14;

/// When the probe takes place, and where it is moved to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    pub first: Interval,
    pub moved: Interval,
}

/// Who owns the probe's mirror in this lane.
pub fn owner(lane: Lane) -> Owner {
    match lane {
        Lane::Appointments => Owner::Appointment(NAME.into()),
        Lane::Busy => Owner::Event(EventRef {
            calendar: NAME.into(),
            item: NAME.into(),
            series: NAME.into(),
            occurrence: OccurrenceId::single(),
        }),
    }
}

/// Whether a link is the probe's: then its mirror is left over, and goes.
pub fn is_probe(owner: &Owner) -> bool {
    match owner {
        Owner::Appointment(id) => id.as_str() == NAME,
        Owner::Event(event) => event.calendar.as_str() == NAME,
    }
}

/// Three at night, practice time, on the last night of the window that has nothing near. Inside the window, so that what
/// a crash leaves is seen. `None` where every night is taken.
pub fn times(window: Interval, taken: &[Interval], now: Timestamp, zone: &TimeZone) -> Option<Times> {
    let mut night = date_of(window.end(), zone);
    for _ in 0..MOST_NIGHTS {
        night = night.saturating_sub(1.day());
        let times = on(night, zone);
        let near = Interval::between(
            shifted(times.first.start(), -APART_MINUTES),
            shifted(times.moved.end(), APART_MINUTES),
        );
        let is_inside = window.start() <= near.start() && near.end() <= window.end() && now < near.start();
        if is_inside && !taken.iter().any(|taken| taken.overlaps(&near)) {
            return Some(times);
        }
    }
    None
}

/// What is written: private and without anybody, as every mirror is.
pub fn event(at: Interval) -> MirrorContent {
    MirrorContent {
        title: TITLE.to_owned(),
        interval: at,
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    }
}

fn on(night: Date, zone: &TimeZone) -> Times {
    let start = instant_of(night.at(START_HOUR, 0, 0, 0), zone);
    let lasting = |from: Timestamp| Interval::between(from, shifted(from, LASTS_MINUTES));
    Times { first: lasting(start), moved: lasting(shifted(start, MOVED_MINUTES)) }
}

fn shifted(at: Timestamp, minutes: i64) -> Timestamp {
    at.saturating_add(minutes.minutes()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::window::WindowDays;

    fn interval(from: &str, to: &str) -> Interval {
        Interval::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
    }

    #[test]
    fn at_three_in_the_last_night_that_is_free() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let emergency = interval("2026-11-30T08:50:00Z", "2026-11-30T09:30:00Z");
        let always = interval("2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z");
        for (future_days, taken, expected) in [
            (7, vec![], Some("2026-11-30T08:00:00Z")),
            (7, vec![emergency], Some("2026-11-29T08:00:00Z")),
            (1, vec![], Some("2026-11-24T08:00:00Z")),
            (7, vec![always], None),
        ] {
            let window = WindowDays::new(7, future_days).unwrap().on(date_of(now, &zone), &zone);
            let found = times(window, &taken, now, &zone);
            let expected = expected.map(|at| at.parse::<Timestamp>().unwrap());
            assert_eq!(found.map(|times| times.first.start()), expected, "{future_days} {taken:?}");
            if let Some(Times { first, moved }) = found {
                assert!(!first.overlaps(&moved) && window.contains(first.start()) && now < first.start());
            }
        }
    }

    #[test]
    fn the_probe_is_told_from_an_appointment() {
        for lane in [Lane::Appointments, Lane::Busy] {
            assert_eq!(owner(lane).lane(), lane);
            assert!(is_probe(&owner(lane)));
        }
        assert!(!is_probe(&Owner::Appointment("a1".into())));
    }
}
