//! A whole outside world in memory: table, vault, queue, EHR, calendars, clock and chance, behind the engine's own
//! ports. Every call passes a fault point; one seed decides everything. It decides nothing about syncing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]
#![allow(clippy::missing_panics_doc, reason = "a test that panics says so")]

pub mod accounts;
pub mod calendar;
mod claims;
pub mod ehr;
pub mod fault;
mod keep;
mod links;
pub mod notices;
pub(crate) mod rules;
pub mod scene;
mod table;
mod trail;
pub mod truth;
mod visits;
pub mod worker;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use daybook_core::audit::Entry;
use daybook_core::connection::Provider;
use daybook_core::ids::PracticeId;
use daybook_core::key::PracticeKey;
use daybook_engine::ports::{CalendarProvider, ConnectionRef, NoticeRef, Offered};
use daybook_engine::{Engine, Pace, Providers};
use jiff::{SignedDuration, Timestamp};

use accounts::AccountState;
use claims::Claim;
use ehr::EhrState;
use fault::{Faults, Plant, Point};
use keep::Kept;
use table::Row;
use truth::Truth;
use visits::Outside;
use worker::Message;

/// Everything outside the engine. Ports are implemented on it.
pub struct World {
    itself: Weak<World>,
    state: Mutex<State>,
}

/// Where the calendars stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calendars {
    /// In this world, which knows what ought to stand in them.
    Here,
    /// At stand-ins that keep them: whoever opened those judges them.
    Elsewhere,
}

/// What the world holds. Public to stories and simulations, which look and change; the engine sees ports only.
pub struct State {
    pub now: Timestamp,
    pub chance: fastrand::Rng,
    tokens: u64,
    pub faults: Faults,
    pub plant: Option<Plant>,
    /// How many fault points were passed.
    pub points: u64,
    trace: DefaultHasher,
    /// Remote requests that were carried out since last asked, in words.
    pub told: Vec<String>,
    /// How many of them somebody has looked at.
    pub seen: usize,
    /// Whether reads are told too.
    pub tells_reads: bool,
    /// How many remote writes there ever were.
    pub writes: u64,
    /// Promises that were broken, in words.
    pub broken: Vec<String>,
    /// Which worker is being polled.
    pub worker: Option<usize>,
    /// What each worker last began to wait for.
    pub waits_at: BTreeMap<usize, Point>,
    claims: BTreeMap<usize, Claim>,
    /// By how many seconds each worker's clock is wrong.
    pub skews: Vec<i64>,
    pub(crate) rows: BTreeMap<ConnectionRef, Row>,
    kept: Kept,
    pub queue: Vec<Message>,
    /// How long a message is not handed out again.
    pub visibility: SignedDuration,
    pub ehrs: BTreeMap<PracticeId, EhrState>,
    pub accounts: BTreeMap<String, AccountState>,
    pub calendars: Calendars,
    outside: Outside,
    pub outbox: BTreeMap<NoticeRef, Offered>,
    /// What the audit trails hold, by [`Entry::id`].
    pub trail: BTreeMap<(PracticeId, String), Entry>,
    truth: Truth,
}

impl World {
    /// A world at `now`, with one practice `demo` and nobody in it.
    pub fn new(seed: u64, now: Timestamp) -> Arc<Self> {
        let state = State {
            now,
            chance: fastrand::Rng::with_seed(seed),
            tokens: 0,
            faults: Faults::default(),
            plant: None,
            points: 0,
            trace: DefaultHasher::new(),
            told: Vec::new(),
            seen: 0,
            tells_reads: false,
            writes: 0,
            broken: Vec::new(),
            worker: None,
            waits_at: BTreeMap::new(),
            claims: BTreeMap::new(),
            skews: Vec::new(),
            rows: BTreeMap::new(),
            kept: Kept::default(),
            queue: Vec::new(),
            visibility: SignedDuration::from_secs(120),
            ehrs: BTreeMap::new(),
            accounts: BTreeMap::new(),
            calendars: Calendars::Here,
            outside: Outside::default(),
            outbox: BTreeMap::new(),
            trail: BTreeMap::new(),
            truth: Truth::default(),
        };
        Arc::new_cyclic(|itself| Self { itself: itself.clone(), state: Mutex::new(state) })
    }

    /// The production engine over this world.
    pub fn engine(&self, pace: Pace) -> Engine {
        let provider: Arc<dyn CalendarProvider> = self.arc();
        self.engine_with(pace, Providers::from([(Provider::Caldav, provider)]))
    }

    /// The production engine over this world, with calendars at these providers.
    pub fn engine_with(&self, pace: Pace, providers: Providers) -> Engine {
        let me = self.arc();
        let mut engine =
            Engine::new(me.clone(), me.clone(), me.clone(), me.clone(), providers, me.clone(), me);
        engine.pace = pace;
        engine
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn arc(&self) -> Arc<Self> {
        self.itself.upgrade().expect("a world outlives its ports")
    }
}

impl State {
    /// Folds something into the trace; equal seeds must give equal traces.
    pub fn mix(&mut self, what: impl Hash) {
        what.hash(&mut self.trace);
    }

    pub fn trace(&self) -> u64 {
        self.trace.clone().finish()
    }

    /// Notes a remote request.
    pub(crate) fn tell(&mut self, line: String) {
        self.mix(&line);
        self.told.push(line);
    }

    /// Notes a remote read, where a reader wants to know.
    pub(crate) fn tell_read(&mut self, line: impl FnOnce() -> String) {
        if self.tells_reads {
            self.told.push(line());
        }
    }

    /// Notes a broken promise.
    pub fn break_promise(&mut self, what: impl Into<String>) {
        self.broken.push(what.into());
    }

    pub(crate) fn token(&mut self) -> String {
        self.tokens += 1;
        format!("t{:05}", self.tokens)
    }

    pub fn is_planted(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    /// The time as the worker that is being polled sees it.
    pub(crate) fn clock(&self) -> Timestamp {
        let skew = self.worker.and_then(|worker| self.skews.get(worker)).copied().unwrap_or_default();
        self.now + SignedDuration::from_secs(skew)
    }
}

/// One practice, one key.
pub fn key_of(practice: &PracticeId) -> PracticeKey {
    let mut secret = [7; 32];
    for (to, from) in secret.iter_mut().zip(practice.as_str().bytes()) {
        *to ^= from;
    }
    PracticeKey::new(&secret)
}
