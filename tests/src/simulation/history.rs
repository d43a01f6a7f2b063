//! One history: who acts when. What people do is in `people`, what must hold at the end in `ending`.

use std::sync::Arc;

use daybook_engine::ports::{ConnectionRef, Practices};
use daybook_engine::{Engine, Pace};
use jiff::SignedDuration;

use super::hooks::Hook;
use crate::world::World;
use crate::world::fault::{Faults, Plant};
use crate::world::scene::{connection, practice, two_way};
use crate::world::worker::{Worker, run};

/// Whether the scheduled pass comes by. Without it nothing heals what a signal should have brought about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sweeping {
    On,
    Off,
}

/// How a history ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Broken promises; none, if all is well.
    pub broken: Vec<String>,
    /// Equal for equal histories.
    pub trace: u64,
    /// How many remote writes there were.
    pub writes: u64,
}

pub struct History {
    pub(super) world: Arc<World>,
    pub(super) engine: Engine,
    pub(super) workers: Vec<Worker>,
    pub(super) chance: fastrand::Rng,
    pub(super) sweeping: Sweeping,
    pub(super) connections: Vec<ConnectionRef>,
    pub(super) hooks: Vec<Hook>,
    /// Appointments and items made so far; names are numbers.
    pub(super) made: u32,
    /// How many owners may still vanish without evidence before the brake would have to be answered.
    pub(super) may_vanish: u32,
    pub(super) has_disconnected: bool,
}

/// Plays the history of a seed, with a bug planted if wanted.
pub fn play(seed: u64, plant: Option<Plant>) -> Ended {
    tell(seed, plant, Telling::Writes).0
}

/// As `play`, with everything that happened, line by line.
pub fn retell(seed: u64, plant: Option<Plant>) -> (Ended, Vec<String>) {
    tell(seed, plant, Telling::Everything)
}

/// How much of a history is put into words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    Writes,
    Everything,
}

fn tell(seed: u64, plant: Option<Plant>, telling: Telling) -> (Ended, Vec<String>) {
    let mut history = History::new(seed);
    history.world.lock().tells_reads = telling == Telling::Everything;
    history.world.lock().plant = plant;
    history.begin();
    let steps = history.chance.u32(25..75);
    for _ in 0..steps {
        history.step();
        if !history.world.lock().broken.is_empty() {
            break;
        }
    }
    if history.world.lock().broken.is_empty() {
        history.end();
    }
    let state = history.world.lock();
    let ended = Ended { broken: state.broken.clone(), trace: state.trace(), writes: state.writes };
    (ended, state.told.clone())
}

/// No worker is left without a turn for longer: a request has a deadline, and a process that lives goes on.
const LONGEST_PAUSE_S: i64 = 8;

impl History {
    fn new(seed: u64) -> Self {
        let world = World::new(seed, "2026-11-23T12:00Z".parse().unwrap());
        let mut chance = fastrand::Rng::with_seed(seed ^ 0x5eed);
        let lease = std::time::Duration::from_secs(chance.u64(45..130));
        let engine = world.engine(Pace { lease, ..Pace::default() });
        let workers = (0..2).map(|number| Worker::new(number, engine.clone())).collect();
        let sweeping = if chance.bool() { Sweeping::On } else { Sweeping::Off };
        Self {
            world,
            engine,
            workers,
            chance,
            sweeping,
            connections: Vec::new(),
            hooks: Vec::new(),
            made: 0,
            may_vanish: 4,
            has_disconnected: false,
        }
    }

    /// A world in which nothing goes wrong by chance, without the sweep; its lease outlasts a message's time.
    pub(super) fn quiet() -> Self {
        let mut history = Self::new(0);
        let pace = Pace { lease: std::time::Duration::from_mins(5), ..Pace::default() };
        history.engine = history.world.engine(pace);
        history.workers = (0..2).map(|number| Worker::new(number, history.engine.clone())).collect();
        history.sweeping = Sweeping::Off;
        history.settle_in();
        history
    }

    /// A practice, its people and calendars, and one or two connections. Nothing goes wrong yet.
    fn begin(&mut self) {
        self.settle_in();
        {
            let mut state = self.world.lock();
            // It may well be shorter than a run.
            state.visibility = SignedDuration::from_secs(self.chance.i64(10..130));
            state.skews = vec![self.chance.i64(-8..=8), self.chance.i64(-8..=8)];
            for id in ["main", "new", "private"] {
                state.calendar("work", id).tells_in_full = self.chance.bool();
            }
        }
        for _ in 0..self.chance.u32(0..5) {
            self.somebody_acts();
        }
        self.connect("ada", "work", "main", &["main", "private"]);
        if self.chance.u32(0..3) == 0 {
            self.connect("grace", "home", "diary", &["family"]);
        }
        self.world.lock().faults = self.weather();
    }

    fn settle_in(&mut self) {
        run(self.world.put_practice(&practice("demo"))).unwrap();
        {
            let mut state = self.world.lock();
            state.employ("demo", "ada", "ada-room");
            state.employ("demo", "grace", "grace-room");
            state.open_account("work", &["main", "new", "private"]);
            state.open_account("home", &["diary", "family"]);
        }
        run(self.engine.sweep(0, jiff::Timestamp::MAX)).unwrap();
    }

    pub(super) fn connect(&mut self, practitioner: &str, account: &str, main: &str, blocking: &[&str]) {
        let settings = two_way(main, blocking);
        // One whose answer is lost was made all the same.
        let _ = run(self.engine.connect(connection("demo", practitioner, account, settings)));
        self.connections = self.world.lock().rows.keys().cloned().collect();
    }

    /// How much goes wrong in this history.
    fn weather(&mut self) -> Faults {
        let level = [0, 10, 60][self.chance.usize(0..3)];
        let mut rate = || self.chance.u32(0..=level);
        Faults {
            table: rate() / 2,
            vault: rate() / 2,
            queue: rate(),
            reads: rate(),
            writes: rate() * 2,
            lost: rate() * 2,
            conflicts: rate() * 2,
            cursors: rate() * 2,
            scripted: None,
        }
    }

    fn step(&mut self) {
        match self.chance.u32(0..100) {
            0..30 => self.somebody_acts(),
            30..45 => self.deliver_hooks(),
            45..50 if self.sweeping == Sweeping::On => self.sweep(),
            50..53 => self.somebody_commands(),
            53..55 => self.bookmarks_expire(),
            55..59 => self.crash_one(),
            59..62 => self.time_passes(),
            _ => self.work_on(),
        }
    }

    /// Some worker goes on for some awaits; the other may be in the middle of something.
    pub(super) fn work_on(&mut self) {
        let which = self.chance.usize(0..self.workers.len());
        if self.workers[which].is_idle() && !self.workers[which].take(&self.world) {
            return;
        }
        let mut left_alone_s = 0;
        for _ in 0..self.chance.u32(1..40) {
            let seconds = if self.chance.u32(0..4) == 0 { self.chance.i64(0..4) } else { 0 };
            self.world.lock().now += SignedDuration::from_secs(seconds);
            left_alone_s += seconds;
            if left_alone_s >= LONGEST_PAUSE_S {
                left_alone_s = 0;
                for other in 0..self.workers.len() {
                    self.workers[other].poll(&self.world);
                }
            }
            if self.workers[which].poll(&self.world) {
                return;
            }
            // People do not wait for it.
            if self.chance.u32(0..15) == 0 {
                self.somebody_acts();
            }
        }
        // Whoever was left alone has a turn before time goes on.
        for other in 0..self.workers.len() {
            self.workers[other].poll(&self.world);
        }
    }

    fn crash_one(&mut self) {
        let which = self.chance.usize(0..self.workers.len());
        self.workers[which].crash(&self.world);
    }

    /// Nobody is at work while much time passes: workers end first, well or not.
    pub(super) fn rest(&mut self) {
        for worker in &mut self.workers {
            if self.chance.u32(0..3) == 0 {
                worker.crash(&self.world);
            } else {
                worker.finish(&self.world);
            }
        }
    }

    fn time_passes(&mut self) {
        self.rest();
        let longest_s = if self.sweeping == Sweeping::On { 12 * 3600 } else { 1200 };
        let seconds = self.chance.i64(1..longest_s);
        self.world.lock().now += SignedDuration::from_secs(seconds);
    }

    /// The scheduled pass, which may fail.
    pub(super) fn sweep(&mut self) {
        self.world.lock().now += SignedDuration::from_secs(1);
        self.world.lock().tell_read(|| "- the sweep".into());
        let _ = run(self.engine.sweep(0, jiff::Timestamp::MAX));
    }

    fn bookmarks_expire(&mut self) {
        let mut state = self.world.lock();
        for calendar in ["main", "private"] {
            let calendar = state.calendar("work", calendar);
            calendar.changes += 1;
            calendar.forgotten = calendar.changes;
        }
    }
}
