//! A small world, exhaustively: two appointments and an event change, two workers, a crash or a fault at every await.

use daybook_core::appointment::Status;
use daybook_engine::ports::Cause;
use jiff::SignedDuration;

use super::history::History;
use crate::world::calendar::single;
use crate::world::fault::{Fate, Plant, Point};
use crate::world::scene::{appointment, demo};
use crate::world::worker::run;
use daybook_core::time::Interval;

/// What happens to the first worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum First {
    /// It goes through.
    Ends,
    /// It dies after so many turns; the second takes over.
    Dies(u32),
    /// It dies, and before the second takes over everything is again as it was.
    DiesForNothing(u32),
    /// It rests after so many turns while its message is handed out again, and its lease lasts or not.
    Rests(u32, Lease),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lease {
    Lasts,
    RunsOut,
}

/// What became of one crossing.
pub struct Crossed {
    pub broken: Vec<String>,
    /// How many turns the first worker took.
    pub turns: u32,
    /// How many fault points were passed after the changes.
    pub points: u64,
}

pub const FATES: [Fate; 4] = [Fate::Later(None), Fate::Lost, Fate::Conflict, Fate::CursorLost];

/// Plays one crossing, with one fault at the n-th point after the changes.
pub fn cross(first: First, fault: Option<(u64, Fate)>, plant: Option<Plant>) -> Crossed {
    let mut history = History::quiet();
    history.set_up();
    history.world.lock().plant = plant;
    history.everything_changes();
    let before = history.world.lock().points;
    history.world.lock().faults.scripted = fault.map(|(n, fate)| (before + n, fate));
    let turns = history.first_worker(first);
    history.drain();
    let points = history.world.lock().points - before;
    if history.world.lock().broken.is_empty() {
        history.end();
    }
    let broken = history.world.lock().broken.clone();
    Crossed { broken, turns, points }
}

impl History {
    fn hours(&self, from: i64) -> Interval {
        let start = self.world.lock().now + SignedDuration::from_hours(96 + from);
        Interval::between(start, start + SignedDuration::from_mins(50))
    }

    fn set_up(&mut self) {
        for (id, from) in [("a1", 0), ("a2", 1)] {
            let at = self.hours(from);
            self.world.lock().book(&demo(), appointment(id, "ada", at));
        }
        let at = self.hours(2);
        self.world.lock().put_event("work", "private", "gym", vec![single(at)]);
        self.connect("ada", "work", "main", &["main", "private"]);
        self.drain();
    }

    /// One appointment moves, one is cancelled, one is booked; an event moves, one comes; a mirror is dragged.
    fn everything_changes(&mut self) {
        let times = [3, 4, 5, 6, 7].map(|from| self.hours(from));
        {
            let mut state = self.world.lock();
            state.change(&demo(), &"a1".into(), |a| a.when = Some(Ok(times[0])));
            state.change(&demo(), &"a2".into(), |a| a.status = Status::Cancelled);
            state.book(&demo(), appointment("a3", "ada", times[1]));
            state.put_event("work", "private", "gym", vec![single(times[2])]);
            state.put_event("work", "private", "swim", vec![single(times[3])]);
            let mirrors = state.mirrors("work", "main");
            state.touch_mirror("work", "main", &mirrors[0].0, Some(times[4]), None);
        }
        self.signals();
    }

    fn signals(&mut self) {
        for id in ["a1", "a2", "a3"] {
            let signal = daybook_engine::receive::EhrSignal {
                appointments: vec![id.into()],
                practitioners: vec!["ada".into()],
            };
            // A sender that gets no answer sends again.
            while run(self.engine.receive_ehr(&demo(), &signal)).is_err() {}
        }
        let at = self.connections[0].clone();
        let named = self.world.lock().all_calendars(&at);
        while run(self.engine.signal(&at, &named, Cause::Provider)).is_err() {}
    }

    fn everything_is_as_before(&mut self) {
        let times = [0, 1, 2].map(|from| self.hours(from));
        {
            let mut state = self.world.lock();
            state.change(&demo(), &"a1".into(), |a| a.when = Some(Ok(times[0])));
            state.change(&demo(), &"a2".into(), |a| a.status = Status::Booked);
            state.change(&demo(), &"a3".into(), |a| a.status = Status::Cancelled);
            state.put_event("work", "private", "gym", vec![single(times[2])]);
            state.remove_event("work", "private", "swim");
        }
        self.signals();
    }

    fn first_worker(&mut self, first: First) -> u32 {
        let world = self.world.clone();
        self.workers[0].take(&world);
        let stop = match first {
            First::Ends => u32::MAX,
            First::Dies(turns) | First::DiesForNothing(turns) | First::Rests(turns, _) => turns,
        };
        let mut turns = 0;
        while turns < stop && !self.workers[0].poll(&world) {
            turns += 1;
        }
        match first {
            First::Ends => {}
            First::Dies(_) => {
                self.workers[0].crash(&world);
                world.lock().now += SignedDuration::from_secs(301);
            }
            First::DiesForNothing(_) => {
                self.workers[0].crash(&world);
                self.everything_is_as_before();
                world.lock().now += SignedDuration::from_secs(301);
            }
            First::Rests(_, lease) => self.second_worker(lease),
        }
        turns
    }

    fn second_worker(&mut self, lease: Lease) {
        let world = self.world.clone();
        let waits_at = world.lock().waits_at.get(&0).copied();
        // A remote write that has begun ends before the lease does: it has a deadline.
        let writes = matches!(waits_at, Some(Point::CalendarWrite | Point::EhrWrite));
        let seconds = if lease == Lease::RunsOut && !writes { 301 } else { 121 };
        world.lock().now += SignedDuration::from_secs(seconds);
        self.workers[1].take(&world);
        self.workers[1].finish(&world);
        self.workers[0].finish(&world);
    }
}
