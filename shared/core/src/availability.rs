//! Free times: the hours, minus appointments and blocks, cut into offers.
//! Whether the evidence is fresh enough to offer anything is the caller's to know; see `known_until`.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::hours::{Hours, subtract};
use crate::time::{Interval, date_of, start_of_day};

/// What an offer must be like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    pub within: Interval,
    pub duration_minutes: u32,
    /// Offers start on a grid of so many minutes, anchored at local midnight so that a change of the clocks
    /// does not shift it.
    pub step_minutes: u32,
    /// Kept free behind each offer.
    pub buffer_after_minutes: u32,
}

/// At most this many offers are made.
const MOST_OFFERS: usize = 10_000;

/// Offers in order. `taken` are appointments and blocks in any order; they may overlap.
pub fn offers(hours: &Hours, taken: &[Interval], request: Request, zone: &TimeZone) -> Vec<Interval> {
    let open = hours.open(request.within, zone);
    let free = subtract(&open, taken);
    // The buffer must be free of other engagements but may reach past closing time.
    let duration = seconds(request.duration_minutes);
    let buffer = seconds(request.buffer_after_minutes);
    let mut offers = Vec::new();
    for stretch in &free {
        let mut start = on_grid(stretch.start(), request.step_minutes, zone);
        while let Some(offer) = plus(start, duration).and_then(|end| Interval::new(start, end)) {
            if offer.end() > stretch.end() || offers.len() >= MOST_OFFERS {
                break;
            }
            let with_buffer = plus(offer.end(), buffer).map(|end| Interval::between(start, end));
            if with_buffer.is_some_and(|wanted| !taken.iter().any(|taken| taken.overlaps(&wanted))) {
                offers.push(offer);
            }
            let Some(next) = plus(start, seconds(request.step_minutes.max(1))) else { break };
            start = next;
        }
    }
    offers
}

fn on_grid(from: Timestamp, step_minutes: u32, zone: &TimeZone) -> Timestamp {
    let midnight = start_of_day(date_of(from, zone), zone);
    let step = seconds(step_minutes.max(1));
    let since = from.as_second() - midnight.as_second();
    let rounded = (since + step - 1).div_euclid(step) * step;
    plus(midnight, rounded).unwrap_or(from)
}

fn seconds(minutes: u32) -> i64 {
    i64::from(minutes) * 60
}

fn plus(instant: Timestamp, seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(instant.as_second().checked_add(seconds)?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::hours::{Closure, Opening};
    use jiff::civil::{Weekday, time};

    fn new_york() -> TimeZone {
        TimeZone::get("America/New_York").unwrap()
    }

    fn interval(from: &str, to: &str) -> Interval {
        Interval::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
    }

    fn nine_to_five() -> Hours {
        let days =
            [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let openings = days.map(|day| Opening { day, from: time(9, 0, 0, 0), to: time(17, 0, 0, 0) });
        Hours { openings: openings.to_vec(), closures: vec![] }
    }

    fn starts(taken: &[Interval]) -> String {
        let request = Request {
            within: interval("2026-10-27T04:00:00Z", "2026-10-28T04:00:00Z"),
            duration_minutes: 50,
            step_minutes: 30,
            buffer_after_minutes: 10,
        };
        let zone = new_york();
        let local = |offer: &Interval| zone.to_datetime(offer.start()).strftime("%H:%M").to_string();
        offers(&nine_to_five(), taken, request, &zone).iter().map(local).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn offers_around_an_appointment_and_a_block() {
        let appointment = interval("2026-10-27T14:00:00Z", "2026-10-27T14:50:00Z");
        let block = interval("2026-10-27T17:30:00Z", "2026-10-27T18:15:00Z");
        assert_eq!(
            starts(&[appointment]),
            "09:00 11:00 11:30 12:00 12:30 13:00 13:30 14:00 14:30 15:00 15:30 16:00"
        );
        assert_eq!(starts(&[appointment, block]), "09:00 11:00 11:30 12:00 12:30 14:30 15:00 15:30 16:00");
        assert_eq!(starts(&[block, appointment, block]), starts(&[appointment, block]), "E-053");
    }

    #[test]
    fn hours_follow_the_wall_clock_across_dst() {
        let within = interval("2026-10-30T00:00:00Z", "2026-11-03T05:00:00Z");
        let open = nine_to_five().open(within, &new_york());
        assert_eq!(
            open,
            [
                interval("2026-10-30T13:00:00Z", "2026-10-30T21:00:00Z"),
                interval("2026-11-02T14:00:00Z", "2026-11-02T22:00:00Z"),
            ]
        );
    }

    #[test]
    fn closures_and_openings_past_midnight() {
        let night = Opening { day: Weekday::Tuesday, from: time(22, 0, 0, 0), to: time(2, 0, 0, 0) };
        let first = "2026-11-26".parse().unwrap();
        let mut hours = Hours { openings: vec![night], closures: vec![] };
        let within = interval("2026-10-28T04:00:00Z", "2026-10-29T04:00:00Z");
        assert_eq!(
            hours.open(within, &new_york()),
            [interval("2026-10-28T04:00:00Z", "2026-10-28T06:00:00Z")]
        );
        hours = Hours { closures: vec![Closure::Days { first, last: first }], ..nine_to_five() };
        let thanksgiving = interval("2026-11-26T05:00:00Z", "2026-11-27T05:00:00Z");
        assert_eq!(hours.open(thanksgiving, &new_york()), []);
        assert!(hours.cover(interval("2026-11-25T14:00:00Z", "2026-11-25T22:00:00Z"), &new_york()));
        assert!(!hours.cover(interval("2026-11-25T21:30:00Z", "2026-11-25T22:30:00Z"), &new_york()));
    }
}
