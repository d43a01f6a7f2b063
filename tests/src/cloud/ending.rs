//! The end of a history: nothing goes wrong any more, a day passes with its sweeps, and both sides agree; then a further
//! look writes nothing.

use daybook_core::connection::{ProblemKind, State};
use daybook_engine::ports::ConnectionRef;
use jiff::SignedDuration;

use super::history::History;
use crate::world::fault::Faults;
use crate::world::worker::run;

const LAST: &str = "at the end";

impl History {
    pub(super) fn end(&mut self) {
        self.told("- the end");
        self.stage.house.world.lock().faults = Faults::default();
        self.stage.house.streets.set_hiccups(0);
        self.rest();
        for hook in std::mem::take(&mut self.hooks) {
            self.deliver_hook(hook);
        }
        self.quiet();
        // What deltas and polls bring about, before the daily comparison heals and so hides what they do not.
        self.pass([30; 12]);
        self.end_parks();
        self.compare("soon after");
        if self.is_broken() {
            return;
        }
        self.pass([25 * 60, 60, 60]);
        for at in self.stage.connections.clone() {
            self.release_brake(&at);
        }
        self.quiet();
        self.compare(LAST);
        self.look_again();
    }

    /// Time passes, so many minutes at once, and the sweep comes by each time.
    fn pass<const N: usize>(&mut self, minutes: [i64; N]) {
        for minutes in minutes {
            self.stage.wait(SignedDuration::from_mins(minutes));
            for _ in 0..2 {
                self.sweep();
                self.quiet();
                self.stage.wait(SignedDuration::from_secs(61));
            }
        }
    }

    /// Whatever is on its way arrives.
    fn quiet(&mut self) {
        for _ in 0..4 {
            self.stage.house.drain();
            self.stage.house.deliver();
        }
        self.stage.house.drain();
    }

    /// A person who is asked says yes.
    fn release_brake(&mut self, at: &ConnectionRef) {
        let problems = self.stage.connection(at).problems;
        if problems.values().any(|problem| problem.kind == ProblemKind::BrakeEngaged) {
            self.told("- a person lets deletions go");
            run(self.stage.house.engine.confirm_deletions(at)).unwrap();
        }
    }

    /// What was parked waits for a person, who now asks.
    fn end_parks(&mut self) {
        for at in self.stage.connections.clone() {
            let problems = self.stage.connection(&at).problems;
            if problems.values().any(|problem| problem.kind == ProblemKind::MirrorParked) {
                self.told("- a person asks for what is parked");
                run(self.stage.house.engine.sync_now(&at)).unwrap();
            }
        }
        self.quiet();
    }

    fn compare(&mut self, when: &str) {
        let mut faults = Vec::new();
        let is_last = when == LAST;
        for at in &self.stage.connections {
            let connection = self.stage.connection(at);
            let reached = connection.evidence.state();
            if reached != State::Active {
                faults.push(format!("a connection is {reached:?}"));
            }
            // What could not be read for a moment is told until the daily comparison.
            let mut problems = connection.problems;
            problems.retain(|_, problem| is_last || problem.kind != ProblemKind::ItemsUnreadable);
            if !problems.is_empty() {
                faults.push(format!("a connection has problems: {problems:?}"));
            }
            faults.extend(self.stage.house.differences(at, self.stage.hand.as_ref()));
        }
        if self.stage.house.cloud(self.stage.hand.provider()).is_some() {
            faults.extend(self.untold());
        }
        let mut state = self.stage.house.world.lock();
        for fault in faults {
            state.break_promise(format!("{when}, {fault}"));
        }
    }

    /// Calendars that are read and of which nobody tells, or of which somebody tells twice.
    fn untold(&self) -> Option<String> {
        let told = self.stage.subscriptions();
        let mut read: Vec<String> = Vec::new();
        for at in &self.stage.connections {
            let state = self.stage.house.world.lock();
            let mut of_one: Vec<String> =
                state.all_calendars(at).calendars.iter().map(ToString::to_string).collect();
            of_one.sort();
            of_one.dedup();
            read.extend(of_one);
        }
        read.sort();
        let missing: Vec<&String> = read.iter().filter(|id| !told.contains(id)).collect();
        (!missing.is_empty()).then(|| format!("nobody tells of {missing:?}"))
    }

    fn look_again(&mut self) {
        self.stage.written();
        for at in self.stage.connections.clone() {
            let _ = run(self.stage.house.engine.resume(&at));
        }
        self.quiet();
        let written = self.stage.peek_written();
        if !written.is_empty() {
            let line = format!("a further look wrote something: {}", written.join(", "));
            self.stage.house.world.lock().break_promise(line);
        }
    }
}
