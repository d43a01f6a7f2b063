//! A year passes: twenty appointments a week, some moved, some cancelled, one sweep a day and nothing that goes wrong.

use daybook_core::appointment::Status;
use daybook_core::connection::State;
use daybook_core::time::Interval;
use jiff::SignedDuration;

use super::history::History;
use crate::world::scene::{appointment, demo};

/// What a year was like.
#[derive(Default, Debug)]
pub struct Year {
    pub days: u32,
    pub booked: u32,
    pub writes: u64,
    pub broken: Vec<String>,
}

const DAYS: u32 = 365;
const A_WEEK: i64 = 20;

/// Lets the year pass.
pub fn pass() -> Year {
    let mut history = History::quiet();
    let mut year = Year::default();
    history.connect("ada", "work", "main", &["main", "private"]);
    history.drain();
    for day in 0..DAYS {
        if day % 7 == 0 {
            year.booked += history.book_a_week();
        }
        history.world.lock().now += SignedDuration::from_hours(24);
        for _ in 0..2 {
            history.world.lock().now += SignedDuration::from_secs(61);
            history.sweep();
            history.drain();
        }
        year.days += 1;
        history.check_day();
    }
    let state = history.world.lock();
    (year.writes, year.broken) = (state.writes, state.broken.clone());
    year
}

impl History {
    /// Appointments three weeks ahead; one in five is cancelled later, one in five moved.
    fn book_a_week(&mut self) -> u32 {
        let mut state = self.world.lock();
        let monday = state.now + SignedDuration::from_hours(21 * 24);
        for number in 0..A_WEEK {
            self.made += 1;
            let start = monday + SignedDuration::from_hours(number / 4 * 24 + number % 4);
            let at = Interval::between(start, start + SignedDuration::from_mins(50));
            state.book(&demo(), appointment(&format!("a{}", self.made), "ada", at));
        }
        for earlier in 0..10_u32 {
            let id = format!("a{}", self.made.saturating_sub(40 + earlier));
            let by = SignedDuration::from_hours(4);
            state.change(&demo(), &id.as_str().into(), |a| match earlier % 2 {
                0 => a.status = Status::Cancelled,
                _ => a.when = a.when.map(|at| at.map(|at| Interval::between(at.start() + by, at.end() + by))),
            });
        }
        20
    }

    /// No mirror is older than the past edge, none is of a cancelled appointment, and links equal mirrors.
    fn check_day(&mut self) {
        let mut state = self.world.lock();
        let edge = state.now - SignedDuration::from_hours(8 * 24 + 1);
        let mirrors = state.mirrors("work", "main");
        let at = &self.connections[0];
        assert_eq!(state.rows[at].connection.evidence.state(), State::Active);
        let links = state.rows[at].links.len();
        if mirrors.iter().any(|(_, span)| span.end() < edge) {
            state.break_promise("a mirror is older than the past edge");
        }
        if links != mirrors.len() {
            state.break_promise(format!("{links} links and {} mirrors", mirrors.len()));
        }
        drop(state);
        self.compare();
    }
}
