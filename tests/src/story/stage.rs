//! The stage: a world, the engine, one worker, and what a line of a script makes them do.

use std::collections::BTreeMap;
use std::sync::Arc;

use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, CalendarRef, Connection, Direction, MainCalendar, Mirrors,
    Settings, Start,
};
use daybook_core::detail::Detail;
use daybook_core::window::WindowDays;
use daybook_engine::command::Patch;
use daybook_engine::ports::{ConnectionRef, Practices};
use daybook_engine::receive::EhrSignal;
use daybook_engine::view::state_word;
use daybook_engine::{Engine, EngineError, Pace};
use jiff::{SignedDuration, Timestamp};

use crate::world::scene::{connection, practice, two_way};
use crate::world::worker::{Worker, run};
use crate::world::{World, scene};

pub struct Stage {
    pub world: Arc<World>,
    pub engine: Engine,
    worker: Worker,
    pub connections: BTreeMap<String, ConnectionRef>,
}

/// A Monday morning in New York.
const BEGINNING: &str = "2026-11-23T12:00Z";

impl Stage {
    /// A practice with two clinicians, ada and grace, and two accounts, each with three calendars.
    pub fn new() -> Self {
        let world = World::new(1, BEGINNING.parse().unwrap());
        let engine = world.engine(Pace::default());
        run(world.put_practice(&practice("demo"))).unwrap();
        {
            let mut state = world.lock();
            state.tells_reads = true;
            state.employ("demo", "ada", "ada-room");
            state.employ("demo", "grace", "grace-room");
            state.employ("other", "ada", "other-room");
            state.open_account("work", &["main", "new", "private"]);
            state.open_account("home", &["family", "diary"]);
        }
        // The sweep has been by since the practice was set up.
        run(engine.sweep(0, jiff::Timestamp::MAX)).unwrap();
        world.lock().told.clear();
        let worker = Worker::new(0, engine.clone());
        Self { world, engine, worker, connections: BTreeMap::new() }
    }

    /// Does what one line says, and tells what followed.
    pub fn act(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(who) = words[0].strip_suffix(':') {
            self.people(who, &words[1..]);
            return Vec::new();
        }
        match words[0] {
            "connect" => self.connect(&words[1..]),
            "sync" => self.sync(),
            "sweep" => self.sweep(),
            "hook" => self.hook(&words[1..]),
            "sign-in" => self.sign_in(),
            "wait" => self.wait(words[1]),
            "days" => self.days(words[1].parse().unwrap()),
            "show" => self.show(words[1]),
            "state" => self.state(),
            "preview" => self.preview(),
            _ => self.command(&words),
        }
    }

    /// `connect [PRACTITIONER [ACCOUNT [PRACTICE]]] [one-way] [main=..] [blocking=a,b] [keep] [window=7,60]`
    fn connect(&mut self, words: &[&str]) -> Vec<String> {
        let mut names = Vec::new();
        let mut settings = two_way("main", &["main", "private"]);
        settings.start = Start::WhenAuthorised;
        for word in words {
            if !set(&mut settings, word) {
                names.push(*word);
            }
        }
        let practitioner = names.first().copied().unwrap_or("ada");
        let account = names.get(1).copied().unwrap_or("work");
        let practice = names.get(2).copied().unwrap_or("demo");
        if practice != "demo" {
            run(self.world.put_practice(&scene::practice(practice))).unwrap();
        }
        match run(self.engine.connect(connection(practice, practitioner, account, settings))) {
            Ok(made) => {
                let of = if practice == "demo" { String::new() } else { format!("@{practice}") };
                let name = format!("{practitioner}@{account}{of}");
                let at = ConnectionRef { practice: made.practice, id: made.id };
                self.connections.insert(name, at);
            }
            Err(error) => return self.refused(&error),
        }
        self.work()
    }

    /// The clinician signs in again.
    fn sign_in(&mut self) -> Vec<String> {
        let at = self.all()[0].clone();
        let signed_in = run(self.engine.reconnect(&at, scene::login("work")));
        signed_in.unwrap();
        self.work()
    }

    fn refused(&mut self, error: &EngineError) -> Vec<String> {
        self.world.lock().told.clear();
        vec![format!("refused: {error}")]
    }

    /// A person asks for a sync, and everything in the queue is done.
    fn sync(&mut self) -> Vec<String> {
        for at in self.all() {
            // One that leaves has been told already.
            let _ = run(self.engine.sync_now(&at));
        }
        self.work()
    }

    /// A minute later the sweep comes by.
    fn sweep(&mut self) -> Vec<String> {
        self.world.lock().now += SignedDuration::from_secs(61);
        run(self.engine.sweep(0, jiff::Timestamp::MAX)).unwrap();
        self.work()
    }

    fn hook(&mut self, words: &[&str]) -> Vec<String> {
        let practitioners = words[1..].iter().map(|id| (*id).into()).collect();
        let signal = EhrSignal { appointments: vec![words[0].into()], practitioners };
        run(self.engine.receive_ehr(&scene::demo(), &signal)).unwrap();
        self.work()
    }

    fn wait(&mut self, how_long: &str) -> Vec<String> {
        let how_long: SignedDuration = how_long.parse().unwrap();
        self.world.lock().now += how_long;
        Vec::new()
    }

    /// So many days pass, each with one sweep; only writes are told.
    fn days(&mut self, days: u32) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..days {
            self.world.lock().now += SignedDuration::from_hours(24);
            run(self.engine.sweep(0, jiff::Timestamp::MAX)).unwrap();
            told.extend(self.work());
        }
        told.retain(|line| line.starts_with("put") || line.starts_with("delete"));
        if told.is_empty() { vec!["no writes".into()] } else { told }
    }

    /// Everything in the queue, and what it made us ask of the outside world.
    fn work(&mut self) -> Vec<String> {
        while self.worker.take(&self.world) {
            self.worker.finish(&self.world);
        }
        let mut state = self.world.lock();
        assert_eq!(state.broken, [""; 0], "a promise was broken");
        let mut told = std::mem::take(&mut state.told);
        // Requests only; what people and workers did stands in the script.
        told.retain(|line| !line.starts_with(['*', '-', '!']));
        if told.is_empty() { vec!["nothing".into()] } else { told.iter().map(|line| unnamed(line)).collect() }
    }

    fn preview(&mut self) -> Vec<String> {
        let found = run(self.engine.preview(&self.all()[0])).unwrap();
        self.world.lock().told.clear();
        let lane = |name: &str, lane: daybook_engine::preview::LanePreview| {
            format!("{name}: {} to create, {} to change, {} to delete", lane.create, lane.change, lane.delete)
        };
        vec![lane("appointments", found.appointments), lane("blocks", found.blocks)]
    }

    fn command(&mut self, words: &[&str]) -> Vec<String> {
        let ats = self.all();
        let at = words.get(1).and_then(|name| self.connections.get(*name)).unwrap_or(&ats[0]).clone();
        let engine = self.engine.clone();
        let done = match words[0] {
            "pause" => run(engine.pause(&at)),
            "resume" => run(engine.resume(&at)),
            "confirm" => run(engine.confirm_deletions(&at)),
            "disconnect" if words.contains(&"keep") => run(engine.disconnect(&at, Mirrors::Keep)),
            "disconnect" => run(engine.disconnect(&at, Mirrors::Remove)),
            "settings" => run(engine.change(&at, None, &self.patch(&at, &words[1..]))),
            other => panic!("what is {other}?"),
        };
        self.world.lock().told.clear();
        match done {
            Ok(_) => self.work(),
            Err(error) => self.refused(&error),
        }
    }

    fn patch(&self, at: &ConnectionRef, words: &[&str]) -> Patch {
        let mut settings = self.world.lock().rows[at].connection.settings.clone();
        let before = settings.clone();
        for word in words {
            set(&mut settings, word);
        }
        Patch {
            direction: Some(settings.direction),
            window: Some(settings.window),
            detail: Some(settings.detail),
            main_calendar: (settings.main_calendar != before.main_calendar).then_some(settings.main_calendar),
            blocking_calendars: (settings.blocking_calendars != before.blocking_calendars)
                .then_some(settings.blocking_calendars),
            aged_out: Some(settings.aged_out),
            block_scope: Some(settings.block_scope),
            reminder_minutes: Some(settings.reminder_minutes),
        }
    }

    /// As it stands now.
    pub fn connection(&self, at: &ConnectionRef) -> Connection {
        run(self.engine.find(at)).unwrap()
    }

    fn all(&self) -> Vec<ConnectionRef> {
        self.connections.values().cloned().collect()
    }

    /// What each connection is, and what a person is told about it.
    fn state(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for (name, at) in self.connections.clone() {
            let view = run(self.engine.view(&at)).unwrap();
            let counts = view.counts;
            told.push(format!(
                "{name} is {}, {} mirrors, {} blocks, {} owing",
                state_word(view.state),
                counts.mirrored_events,
                counts.busy_blocks,
                counts.owing
            ));
            told.extend(
                view.connection
                    .problems
                    .values()
                    .map(|problem| format!("{name} has a problem: {:?}: {}", problem.kind, problem.detail)),
            );
        }
        told
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

/// Applies one word of settings; says whether it was one.
fn set(settings: &mut Settings, word: &str) -> bool {
    let calendar = |id: &str| CalendarRef { id: id.into(), name: id.into() };
    match word.split_once('=') {
        None => match word {
            "one-way" => settings.direction = Direction::EhrToCalendar,
            "two-way" => settings.direction = Direction::TwoWay,
            "keep" => settings.aged_out = AgedOut::Keep,
            "hours" => settings.block_scope = BlockScope::Hours,
            _ => return false,
        },
        Some(("main", "none")) => settings.main_calendar = MainCalendar::None,
        Some(("main", "create")) => settings.main_calendar = MainCalendar::Create("Work schedule".into()),
        Some(("main", id)) => settings.main_calendar = MainCalendar::Existing(calendar(id)),
        Some(("blocking", "owned")) => settings.blocking_calendars = BlockingCalendars::Owned,
        Some(("blocking", ids)) => {
            let ids = ids.split(',').filter(|id| *id != "none");
            settings.blocking_calendars = BlockingCalendars::Chosen(ids.map(calendar).collect());
        }
        Some(("window", days)) => {
            let (past, future) = days.split_once(',').unwrap();
            settings.window = WindowDays::new(past.parse().unwrap(), future.parse().unwrap()).unwrap();
        }
        Some(("detail", "appointment")) => settings.detail = Detail::Appointment,
        Some(("detail", _)) => settings.detail = Detail::Busy,
        Some(("reminder", minutes)) => settings.reminder_minutes = minutes.parse().ok(),
        Some(_) => return false,
    }
    true
}

/// How the calendars that we make begin.
pub(super) const MADE: &str = "daybook-";

/// Our names are long and tell a reader nothing.
fn unnamed(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let bare = word.trim_end_matches(',');
        let is_ours = bare.len() == 43 && bare.starts_with("db1");
        let calendar = word.trim_end_matches(':');
        match calendar.starts_with(MADE) {
            true => word.replace(calendar, "ours"),
            false if is_ours => word.replace(bare, "a mirror"),
            false => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A time of a script.
pub fn time(word: &str) -> Timestamp {
    word.parse().unwrap_or_else(|error| panic!("{word}: {error}"))
}
