//! One history at one provider, by seed: who acts when, who dies where, what is lost on the way. What people do is in
//! `people`, what must hold at the end in `ending`.

use std::time::Duration;

use daybook_core::connection::{MainCalendar, Provider, Settings};
use daybook_engine::Pace;
use daybook_engine::ports::ConnectionRef;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::people::Owned;
use super::stage::Stage;
use crate::world::fault::Faults;
use crate::world::worker::{Worker, run};

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
    pub(super) stage: Stage,
    pub(super) chance: fastrand::Rng,
    /// Signals of the EHR on their way: appointment and practice.
    pub(super) hooks: Vec<(String, &'static str)>,
    /// What ada put into her calendars herself.
    pub(super) owned: Vec<Owned>,
    pub(super) made: u32,
}

/// Which provider a seed is about.
pub fn provider_of(seed: u64) -> Provider {
    [Provider::Google, Provider::Microsoft, Provider::Caldav][usize::try_from(seed % 3).unwrap()]
}

/// Plays the history of a seed.
pub fn play(seed: u64) -> Ended {
    tell(seed, Telling::Writes).0
}

/// As `play`, with everything that happened, line by line.
pub fn retell(seed: u64) -> (Ended, Vec<String>) {
    tell(seed, Telling::Everything)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    Writes,
    Everything,
}

fn tell(seed: u64, telling: Telling) -> (Ended, Vec<String>) {
    let mut history = History::new(seed);
    history.stage.house.world.lock().tells_reads = telling == Telling::Everything;
    history.begin();
    for _ in 0..history.chance.u32(25..75) {
        history.step();
        if history.is_broken() {
            break;
        }
    }
    if !history.is_broken() {
        history.end();
    }
    let state = history.stage.house.world.lock();
    let ended = Ended { broken: state.broken.clone(), trace: state.trace(), writes: state.writes };
    (ended, state.told.clone())
}

/// No worker is left without a turn for longer: a request has a deadline, and a process that lives goes on.
const LONGEST_PAUSE_S: i64 = 8;

impl History {
    fn new(seed: u64) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed ^ 0xc10d);
        let lease = Duration::from_secs(chance.u64(45..130));
        let stage = Stage::over(provider_of(seed), seed, Pace { lease, ..Pace::default() });
        Self { stage, chance, hooks: Vec::new(), owned: Vec::new(), made: 0 }
    }

    pub(super) fn is_broken(&self) -> bool {
        !self.stage.house.world.lock().broken.is_empty()
    }

    /// A connection or two. Nothing goes wrong yet.
    fn begin(&mut self) {
        if self.stage.hand.provider() == Provider::Microsoft {
            let manners = self.some_manners();
            self.told(&format!("* {manners}"));
            self.stage.house.set_manners(&manners);
        }
        {
            let mut state = self.stage.house.world.lock();
            // It may well be shorter than a run.
            state.visibility = SignedDuration::from_secs(self.chance.i64(10..130));
            state.skews = vec![self.chance.i64(-8..=8), self.chance.i64(-8..=8)];
        }
        for _ in 0..self.chance.u32(0..5) {
            self.somebody_acts();
        }
        let settings = self.some_settings();
        self.stage.connect("demo", "ada", settings);
        if self.chance.u32(0..4) == 0 {
            let settings = self.some_settings();
            self.stage.connect("other", "ada", settings);
        }
        let weather = self.weather();
        self.stage.house.world.lock().faults = weather;
        self.stage.house.streets.set_hiccups([0, 20, 80][self.chance.usize(0..3)]);
    }

    /// Graph answers in one of the ways that its documents leave open.
    fn some_manners(&mut self) -> Value {
        let mut one = |words: &[&str]| words[self.chance.usize(0..words.len())].to_owned();
        json!({
            "transactions": one(&["original", "conflict", "bad_request", "remembered", "forgotten"]),
            "if_match": one(&["checked", "checked", "ignored"]),
            "cuts": one(&["told", "silent"]),
            "pages": one(&["noisy", "plain"]),
            "sync_state": one(&["syncStateNotFound", "SyncStateNotFound", "resyncRequired"]),
        })
    }

    fn some_settings(&mut self) -> Settings {
        let mut settings = self.stage.settings();
        if self.chance.bool() {
            settings.main_calendar = MainCalendar::Create("Work schedule".into());
        }
        settings
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
            conflicts: rate(),
            cursors: 0,
            scripted: None,
        }
    }

    fn step(&mut self) {
        match self.chance.u32(0..100) {
            0..28 => self.somebody_acts(),
            28..38 => self.deliver_hooks(),
            38..48 => self.deliver_letters(),
            48..53 => self.sweep(),
            53..55 => self.stage.hand.expire_bookmarks(&self.stage.house),
            55..57 => self.tokens_end(),
            57..61 => self.crash_one(),
            61..64 => self.time_passes(),
            64..66 => self.somebody_asks(),
            _ => self.work_on(),
        }
    }

    /// Some worker goes on for some awaits; the other may be in the middle of something.
    pub(super) fn work_on(&mut self) {
        let world = self.stage.house.world.clone();
        let which = self.chance.usize(0..2);
        if self.stage.house.workers[which].is_idle() && !self.stage.house.workers[which].take(&world) {
            return;
        }
        let mut left_alone_s = 0;
        for _ in 0..self.chance.u32(1..40) {
            let seconds = if self.chance.u32(0..4) == 0 { self.chance.i64(0..4) } else { 0 };
            world.lock().now += SignedDuration::from_secs(seconds);
            left_alone_s += seconds;
            if left_alone_s >= LONGEST_PAUSE_S {
                left_alone_s = 0;
                self.a_turn_for_all();
            }
            if self.stage.house.workers[which].poll(&world) {
                return;
            }
            // People do not wait for it.
            if self.chance.u32(0..15) == 0 {
                self.somebody_acts();
            }
        }
        // Whoever was left alone has a turn before time goes on.
        self.a_turn_for_all();
    }

    fn a_turn_for_all(&mut self) {
        for worker in &mut self.stage.house.workers {
            worker.poll(&self.stage.house.world);
        }
    }

    /// A run dies, or its whole process with everything that it had in memory.
    fn crash_one(&mut self) {
        let which = self.chance.usize(0..2);
        if self.chance.bool() {
            self.stage.house.restart(which);
        } else {
            self.stage.house.workers[which].crash(&self.stage.house.world);
        }
    }

    /// Nobody is at work while much time passes: workers end first, well or not.
    pub(super) fn rest(&mut self) {
        for which in 0..2 {
            let (worker, world) = (&mut self.stage.house.workers[which], &self.stage.house.world);
            if self.chance.u32(0..3) == 0 {
                worker.crash(world);
            } else {
                worker.finish(world);
            }
        }
    }

    fn time_passes(&mut self) {
        self.rest();
        let seconds = self.chance.i64(1..12 * 3600);
        self.stage.wait(SignedDuration::from_secs(seconds));
    }

    /// The scheduled pass, which may fail.
    pub(super) fn sweep(&mut self) {
        self.stage.wait(SignedDuration::from_secs(1));
        self.told("- the sweep");
        let _ = run(self.stage.house.engine.sweep(0, jiff::Timestamp::MAX));
    }

    pub(super) fn told(&self, what: &str) {
        self.stage.house.world.lock().tell_read(|| what.to_owned());
    }

    /// No access token that was given out so far holds any longer. Not while somebody is at work: a token that has
    /// just been refreshed is not refused again.
    fn tokens_end(&mut self) {
        let provider = self.stage.hand.provider();
        let is_idle = self.stage.house.workers.iter().all(Worker::is_idle);
        if provider != Provider::Caldav && is_idle {
            self.told("* access tokens end");
            self.stage.house.control(provider, &json!({"expire_access_tokens": {"account": null}}));
        }
    }

    /// A person presses a button; it may fail.
    fn somebody_asks(&mut self) {
        let at = self.some_connection();
        let engine = &self.stage.house.engine;
        let done = match self.chance.u32(0..3) {
            0 => run(engine.resume(&at)).map(drop),
            1 => run(async { engine.list_calendars(&engine.find(&at).await?).await }).map(drop),
            _ => run(engine.sync_now(&at)).map(drop),
        };
        self.told(&format!("- somebody asks: {done:?}"));
    }

    fn some_connection(&mut self) -> ConnectionRef {
        let which = self.chance.usize(0..self.stage.connections.len());
        self.stage.connections[which].clone()
    }

    /// Signals of the EHR: late, doubled, lost, in any order.
    fn deliver_hooks(&mut self) {
        for _ in 0..self.chance.u32(1..4) {
            if self.hooks.is_empty() {
                return;
            }
            let which = self.chance.usize(0..self.hooks.len());
            let hook = self.hooks.swap_remove(which);
            match self.chance.u32(0..10) {
                0 => {}
                1 => self.hooks.extend([hook.clone(), hook]),
                _ => self.deliver_hook(hook),
            }
        }
    }

    /// A sender that gets no answer sends again.
    pub(super) fn deliver_hook(&mut self, hook: (String, &'static str)) {
        let (id, practice) = &hook;
        let signal = daybook_engine::receive::EhrSignal {
            appointments: vec![id.as_str().into()],
            practitioners: vec!["ada".into()],
        };
        if run(self.stage.house.engine.receive_ehr(&(*practice).into(), &signal)).is_err() {
            self.hooks.push(hook);
        }
    }

    /// Notifications of the provider, likewise.
    fn deliver_letters(&mut self) {
        self.stage.house.collect_letters();
        let mut letters = self.stage.house.postman.take();
        for _ in 0..self.chance.u32(1..4) {
            if letters.is_empty() {
                break;
            }
            let letter = letters.swap_remove(self.chance.usize(0..letters.len()));
            match self.chance.u32(0..10) {
                0 => self.told("* a notification is lost"),
                1 => letters.extend([letter.clone(), letter]),
                _ => self.stage.house.hand_over(letter),
            }
        }
        for letter in letters {
            self.stage.house.postman.put_back(letter);
        }
    }
}
