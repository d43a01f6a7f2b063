//! The range of days that a connection covers, and what passes out of it as days go by.
//! It moves once a day, at the practice's midnight, so that nothing at its edges flaps.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::time::{Interval, date_of, start_of_day};

/// How many days before and after today the clinician wants synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowDays {
    past_days: u16,
    future_days: u16,
}

impl WindowDays {
    /// As far as anybody may look.
    pub const WIDEST: Self = Self { past_days: 3650, future_days: 1826 };

    /// `None` outside 0 to 3650 past days and 1 to 1826 future days.
    pub fn new(past_days: u32, future_days: u32) -> Option<Self> {
        let within = past_days <= 3650 && (1..=1826).contains(&future_days);
        within.then_some(Self {
            past_days: u16::try_from(past_days).unwrap_or(u16::MAX),
            future_days: u16::try_from(future_days).unwrap_or(u16::MAX),
        })
    }

    pub fn past_days(&self) -> u16 {
        self.past_days
    }

    pub fn future_days(&self) -> u16 {
        self.future_days
    }

    /// The same, cut to these bounds.
    #[must_use]
    pub fn within(self, bounds: Self) -> Self {
        Self {
            past_days: self.past_days.min(bounds.past_days),
            future_days: self.future_days.min(bounds.future_days),
        }
    }

    /// Whether these bounds cut nothing off.
    pub fn fits(self, bounds: Self) -> bool {
        self.within(bounds) == self
    }

    /// The window as it stands on `day`: from the start of the first day to the end of the last.
    pub fn on(&self, day: Date, zone: &TimeZone) -> Interval {
        let first = day.saturating_sub(i64::from(self.past_days).days());
        let after_last = day.saturating_add((i64::from(self.future_days) + 1).days());
        Interval::between(start_of_day(first, zone), start_of_day(after_last, zone))
    }
}

impl Default for WindowDays {
    fn default() -> Self {
        Self { past_days: 7, future_days: 365 }
    }
}

/// What became of the window since it was last looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Roll {
    /// Still the same practice-local day, or the clock went backwards.
    None,
    /// A new day: items in `strip` enter only because time passed (E-099).
    To { day: Date, strip: Interval },
}

/// Whether midnight has passed at the practice since `last`, and which strip of time came in.
pub fn roll(days: WindowDays, last: Date, now: Timestamp, zone: &TimeZone) -> Roll {
    let today = date_of(now, zone);
    if today <= last {
        return Roll::None;
    }
    let strip = Interval::between(days.on(last, zone).end(), days.on(today, zone).end());
    Roll::To { day: today, strip }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn bounds() {
        assert!(WindowDays::new(0, 1).is_some());
        assert!(WindowDays::new(3650, 1826).is_some());
        assert!(WindowDays::new(3651, 1).is_none());
        assert!(WindowDays::new(0, 0).is_none());
        assert!(WindowDays::new(0, 1827).is_none());
        assert_eq!(WindowDays::new(3650, 1826), Some(WindowDays::WIDEST));
    }

    #[test]
    fn bounds_cut_each_side_by_itself() {
        let days = |past, future| WindowDays::new(past, future).unwrap();
        assert_eq!(days(30, 365).within(days(7, 400)), days(7, 365));
        assert_eq!(days(30, 365).within(WindowDays::WIDEST), days(30, 365));
        for (wanted, fits) in [(days(7, 400), true), (days(8, 1), false), (days(0, 401), false)] {
            assert_eq!(wanted.fits(days(7, 400)), fits, "{wanted:?}");
        }
    }

    #[test]
    fn e_099_rolls_once_a_practice_day_and_brings_in_one_day() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let days = WindowDays::new(7, 1).unwrap();
        let last: Date = "2026-10-31".parse().unwrap();
        // 23:59 in New York is already tomorrow in UTC.
        assert_eq!(roll(days, last, "2026-11-01T03:59:00Z".parse().unwrap(), &zone), Roll::None);
        let Roll::To { day, strip } = roll(days, last, "2026-11-01T04:00:00Z".parse().unwrap(), &zone) else {
            panic!("midnight has passed")
        };
        assert_eq!(day, "2026-11-01".parse().unwrap());
        assert_eq!(strip.start(), "2026-11-02T05:00:00Z".parse().unwrap());
        assert_eq!(strip.end(), "2026-11-03T05:00:00Z".parse().unwrap());
    }

    #[test]
    fn a_clock_that_goes_back_rolls_nothing() {
        let last: Date = "2026-10-31".parse().unwrap();
        let now = "2026-10-30T12:00:00Z".parse().unwrap();
        assert_eq!(roll(WindowDays::default(), last, now, &TimeZone::UTC), Roll::None);
    }
}
