//! What people do in a simulated history: the practice's staff, and ada in her calendar app.

use daybook_core::appointment::Status;
use daybook_core::ids::CalendarId;
use daybook_core::time::Interval;
use jiff::SignedDuration;

use super::hand::{Shown, Standing, Weeks};
use super::history::History;
use crate::world::scene::appointment;

/// Small worlds meet every case sooner.
const MOST_APPOINTMENTS: u32 = 4;
const MOST_EVENTS: usize = 3;
const WEEKS: u32 = 4;

/// An event or a series of ada's own.
#[derive(Clone, Debug)]
pub struct Owned {
    calendar: CalendarId,
    item: String,
    at: Interval,
    weeks: Weeks,
    /// Which of a series are no longer as the rule has them.
    changed: Vec<u32>,
}

impl Owned {
    fn nth(&self, n: u32) -> Interval {
        let by = SignedDuration::from_hours(7 * 24) * i32::try_from(n).unwrap();
        Interval::between(self.at.start() + by, self.at.end() + by)
    }
}

impl History {
    /// A time that nothing has had before, mostly well inside the window.
    fn some_time(&mut self) -> Interval {
        self.made += 1;
        let day = if self.chance.u32(0..8) == 0 { self.chance.i64(-9..80) } else { self.chance.i64(3..12) };
        let now = self.stage.now();
        let midnight = now.as_second() - now.as_second() % 86_400;
        let start = midnight + day * 86_400 + i64::from(self.made) * 60 + 14 * 3600;
        let start = jiff::Timestamp::from_second(start).unwrap();
        Interval::between(start, start + SignedDuration::from_mins(50))
    }

    pub(super) fn somebody_acts(&mut self) {
        match self.chance.u32(0..20) {
            0..9 => self.staff_acts(),
            9..17 => self.ada_acts(),
            _ => self.reader_acts(),
        }
    }

    fn staff_acts(&mut self) {
        let practice = if self.chance.u32(0..4) == 0 { "other" } else { "demo" };
        let id = format!("{practice}{}", self.chance.u32(0..MOST_APPOINTMENTS));
        let (at, what) = (self.some_time(), self.chance.u32(0..8));
        let mut state = self.stage.house.world.lock();
        let stands = state.booked(&practice.into(), &id.as_str().into()).is_some();
        match what {
            _ if !stands => state.book(&practice.into(), appointment(&id, "ada", at)),
            0..4 => state.change(&practice.into(), &id.as_str().into(), |a| a.when = Some(Ok(at))),
            4..7 => state.change(&practice.into(), &id.as_str().into(), |a| a.status = Status::Cancelled),
            _ => state.change(&practice.into(), &id.as_str().into(), |a| a.status = Status::Booked),
        }
        drop(state);
        self.hooks.push((id, practice));
    }

    fn ada_acts(&mut self) {
        let at = self.some_time();
        if self.owned.len() < MOST_EVENTS && self.chance.bool() || self.owned.is_empty() {
            return self.ada_adds(at);
        }
        let which = self.chance.usize(0..self.owned.len());
        let mut event = self.owned.swap_remove(which);
        self.told(&format!("* ada has {event:?}"));
        let (house, hand) = (&self.stage.house, self.stage.hand.as_ref());
        match (self.chance.u32(0..10), event.weeks) {
            (0..3, _) => return hand.delete(house, &event.calendar, &event.item),
            (3..6, Weeks::Times(_)) => self.change_one(&mut event),
            (6..8, Weeks::Once) => {
                let shown = if self.chance.bool() { Shown::Free } else { Shown::Busy };
                hand.show_as(house, &event.calendar, &event.item, shown);
            }
            _ => {
                hand.shift(house, &event.calendar, &event.item, at);
                (event.at, event.changed) = (at, Vec::new());
            }
        }
        self.told(&format!("* and now {event:?}"));
        self.owned.push(event);
    }

    fn ada_adds(&mut self, at: Interval) {
        let calendar =
            if self.chance.u32(0..4) == 0 { self.stage.main.clone() } else { self.stage.private.clone() };
        let weeks = if self.chance.u32(0..3) == 0 { Weeks::Times(WEEKS) } else { Weeks::Once };
        let item = self.stage.hand.add(&self.stage.house, &calendar, at, weeks);
        self.told(&format!("* ada adds {item} at {} {weeks:?}", at.start()));
        self.owned.push(Owned { calendar, item, at, weeks, changed: Vec::new() });
    }

    /// One of a series is moved by some hours, or deleted.
    fn change_one(&mut self, event: &mut Owned) {
        let n = self.chance.u32(0..WEEKS);
        // The last one stays: a series of none is another story.
        if event.changed.contains(&n) || event.changed.len() + 1 >= usize::try_from(WEEKS).unwrap() {
            return;
        }
        event.changed.push(n);
        let from = event.nth(n);
        let by = SignedDuration::from_mins(self.chance.i64(60..600));
        let to = self.chance.bool().then(|| Interval::between(from.start() + by, from.end() + by));
        self.stage.hand.change_one(&self.stage.house, &event.calendar, &event.item, from, to);
    }

    /// Ada does something to a mirror of ours.
    fn reader_acts(&mut self) {
        let to = self.some_time();
        let Some((calendar, mirror)) = self.some_mirror() else { return };
        self.told(&format!("* ada takes the mirror {} at {}", mirror.item, mirror.at.start()));
        let what = self.chance.u32(0..6);
        let (house, hand) = (&self.stage.house, self.stage.hand.as_ref());
        match what {
            0..2 => hand.shift(house, &calendar, &mirror.item, to),
            2..4 => hand.delete(house, &calendar, &mirror.item),
            4 => hand.show_as(house, &calendar, &mirror.item, Shown::Free),
            _ if self.owned.len() < MOST_EVENTS => {
                let item = hand.copy(house, &calendar, &mirror.item, to);
                let copy = Owned { calendar, item, at: to, weeks: Weeks::Once, changed: Vec::new() };
                self.owned.push(copy);
            }
            _ => {}
        }
    }

    fn some_mirror(&mut self) -> Option<(CalendarId, Standing)> {
        let first = self.stage.connections.first()?;
        let calendar = {
            let state = self.stage.house.world.lock();
            state.rows[first].connection.settings.main_calendar.known()?.id.clone()
        };
        let mut mirrors = self.stage.hand.mirrors(&self.stage.house, &calendar);
        let which = (!mirrors.is_empty()).then(|| self.chance.usize(0..mirrors.len()))?;
        Some((calendar, mirrors.swap_remove(which)))
    }
}
