//! Switching to another account: 120 mirrors and 40 blocks move from `work` to `home`, and a worker dies at any await. At
//! every moment each appointment is in one calendar at least and each busy time closed; at the end nothing is left behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use daybook_core::connection::{BlockingCalendars, CalendarRef, MainCalendar, Mirrors, Provider, State};
use daybook_core::succession::Afterwards;
use daybook_engine::command::Patch;
use daybook_engine::ports::ConnectionRef;
use daybook_engine::switch::Switch;
use daybook_tests::story::Stage;
use daybook_tests::world::scene::login;
use daybook_tests::world::worker::{Worker, run};

const NEW: &str = "ada@home";
/// What a story says of a calendar that we made and that is there no longer.
const GONE: &str = "no such calendar";
/// No switch takes longer.
const MOST_STEPS: usize = 60_000;

/// So many appointments, and so many events that stand in both accounts, as after somebody copied them.
fn stage(appointments: usize, events: usize) -> Stage {
    let mut stage = Stage::new();
    for number in 0..appointments {
        let (day, hour) = (24 + number % 6, 12 + number / 6 % 10);
        let minute = number / 60 * 30;
        stage.act(&format!("ehr: book a{number} 2026-11-{day}T{hour}:{minute:02}Z 20m"));
    }
    for number in 0..events {
        let (day, hour) = (1 + number % 20, 12 + number / 20);
        stage.act(&format!("private: add gym{number} 2026-12-{day:02}T{hour}:00Z 40m"));
        stage.act(&format!("diary: add gym{number} 2026-12-{day:02}T{hour}:00Z 40m"));
    }
    stage.act("connect main=create");
    stage
}

fn switch(stage: &mut Stage, afterwards: Afterwards) -> (ConnectionRef, ConnectionRef) {
    let old = stage.connections.values().next().unwrap().clone();
    let calendar = |id: &str| CalendarRef { id: id.into(), name: id.into() };
    let switch = Switch {
        provider: Provider::Caldav,
        main_calendar: MainCalendar::Existing(calendar("family")),
        blocking_calendars: BlockingCalendars::Chosen(vec![calendar("diary")]),
        afterwards,
        login: Some(login("home")),
    };
    let made = run(stage.engine.switch(&old, switch)).unwrap();
    let new = ConnectionRef { practice: made.practice, id: made.id };
    stage.connections.insert(NEW.into(), new.clone());
    (old, new)
}

/// Times at which a mirror stands somewhere, and times that are closed.
fn covered(stage: &mut Stage) -> (BTreeSet<String>, usize) {
    let mirrors = [stage.act("show ours"), stage.act("show family")].concat();
    let times = mirrors.into_iter().filter(|line| !line.starts_with("no ")).collect();
    let closed: BTreeSet<String> = stage.act("show blocks").into_iter().collect();
    (times, closed.len())
}

fn state(stage: &Stage, at: &ConnectionRef) -> State {
    stage.connection(at).evidence.state()
}

/// How many awaits a switch takes.
struct Steps {
    /// Until the old account has left; what comes then are sweeps that find nothing.
    until_left: usize,
    in_all: usize,
}

/// Works until nothing is left to do; the worker dies after so many awaits, once.
fn work(
    stage: &mut Stage,
    dies_at: usize,
    expected: &(BTreeSet<String>, usize),
    looks_every: usize,
) -> Steps {
    let mut worker = Worker::new(7, stage.engine.clone());
    let (mut steps, mut until_left) = (0, None);
    for _ in 0..40 {
        while worker.take(&stage.world) {
            loop {
                steps += 1;
                assert!(steps < MOST_STEPS, "the switch does not end");
                if steps == dies_at {
                    worker.crash(&stage.world);
                    break;
                }
                if steps % looks_every == 0 {
                    assert_eq!(
                        covered(stage),
                        *expected,
                        "a gap at step {steps}, after a death at {dies_at}"
                    );
                }
                if worker.poll(&stage.world) {
                    break;
                }
            }
            if until_left.is_none() && has_left(stage) {
                until_left = Some(steps);
            }
        }
        stage.world.lock().now += jiff::SignedDuration::from_secs(61);
        let _ = run(stage.engine.sweep(0, jiff::Timestamp::MAX));
    }
    Steps { until_left: until_left.unwrap_or(steps), in_all: steps }
}

fn has_left(stage: &Stage) -> bool {
    stage.connections.values().any(|at| state(stage, at) == State::Disconnected)
}

fn check(appointments: usize, events: usize, dies_at: usize) -> Steps {
    let mut stage = stage(appointments, events);
    let expected = covered(&mut stage);
    assert_eq!((expected.0.len(), expected.1), (appointments, events));
    let (old, new) = switch(&mut stage, Afterwards::Leaves);
    let preview = run(stage.engine.preview_switch(&stage.connection(&new), &Patch::default())).unwrap();
    assert_eq!(preview.writes.appointments.create, appointments as u64);
    assert_eq!(
        (preview.removes.mirrored_events, preview.removes.busy_blocks),
        (appointments as u64, events as u64)
    );
    assert_eq!((preview.closed.stays, preview.closed.opens), (events as u64, 0));
    assert_eq!(state(&stage, &new), State::Ready, "nothing before the yes");
    run(stage.engine.start(&new)).unwrap();
    let steps = work(&mut stage, dies_at, &expected, 7);
    let ours = stage.act("show ours");
    assert_eq!(ours, [GONE], "what we made in the old is gone, after a death at {dies_at}");
    assert_eq!(stage.act("show family").len(), appointments);
    assert_eq!(covered(&mut stage), expected);
    assert_eq!((state(&stage, &old), state(&stage, &new)), (State::Disconnected, State::Active));
    stage.world.lock().told.clear();
    run(stage.engine.resume(&new)).unwrap();
    let mut told = stage.act("sweep");
    told.retain(|line| line.starts_with("put") || line.starts_with("delete"));
    assert_eq!(told, [""; 0], "a second run plans nothing");
    steps
}

#[test]
fn a_hundred_and_twenty_mirrors_and_forty_blocks_with_deaths_at_ten_points() {
    let Steps { until_left, in_all } = check(120, 40, usize::MAX);
    assert!(until_left < in_all, "the sweeps after it are no part of the work");
    for tenth in 1..=10 {
        check(120, 40, until_left * tenth / 11);
    }
}

#[test]
fn a_small_switch_with_a_death_at_every_await() {
    let steps = check(3, 2, usize::MAX);
    for dies_at in 1..steps.in_all {
        check(3, 2, dies_at);
    }
}

#[test]
fn the_old_account_may_go_on_closing_time() {
    let mut stage = stage(3, 2);
    stage.act("private: add choir 2026-12-30T18:00Z 1h");
    stage.act("sync");
    let expected = covered(&mut stage);
    let (old, new) = switch(&mut stage, Afterwards::ClosesTime);
    run(stage.engine.start(&new)).unwrap();
    work(&mut stage, usize::MAX, &expected, 1);
    assert_eq!(covered(&mut stage), expected, "the choir's evening stays closed");
    assert_eq!(stage.act("show ours"), [GONE]);
    assert_eq!((state(&stage, &old), state(&stage, &new)), (State::Active, State::Active));
}

#[test]
fn while_the_new_account_is_down_the_old_one_stays() {
    let mut stage = stage(3, 2);
    let expected = covered(&mut stage);
    let (old, new) = switch(&mut stage, Afterwards::Leaves);
    stage.act("home: down");
    run(stage.engine.start(&new)).unwrap();
    work(&mut stage, usize::MAX, &expected, 1);
    assert_eq!(state(&stage, &old), State::Active);
    assert_eq!(stage.act("show ours").len(), 3);
    stage.act("home: up");
    work(&mut stage, usize::MAX, &expected, 1);
    assert_eq!((state(&stage, &old), state(&stage, &new)), (State::Disconnected, State::Active));
}

/// The new one is left by its clinician at each await of the switch. Until it has taken over, the old one stays; only in the
/// last moment, between a look at that command and the old one's leaving, may both go.
#[test]
fn whoever_leaves_the_new_one_before_it_took_over_keeps_the_old() {
    let mut both_left = Vec::new();
    for at in 1.. {
        let mut stage = stage(2, 1);
        let (old, new) = switch(&mut stage, Afterwards::Leaves);
        run(stage.engine.start(&new)).unwrap();
        let Some(stood) = leave_new_at(&mut stage, [&old, &new], at) else { break };
        if stood == State::Active && state(&stage, &old) != State::Active {
            both_left.push(at);
        }
    }
    let is_a_moment = both_left.windows(2).all(|pair| pair[1] == pair[0] + 1) && both_left.len() <= 3;
    assert!(is_a_moment, "both go after a command at {both_left:?}");
}

/// Works on, with that command at that await; how the old one stood by then. `None`: it never comes to that.
fn leave_new_at(stage: &mut Stage, [old, new]: [&ConnectionRef; 2], at: usize) -> Option<State> {
    let mut worker = Worker::new(7, stage.engine.clone());
    let (mut steps, mut stood) = (0, None);
    for _ in 0..20 {
        while worker.take(&stage.world) {
            loop {
                steps += 1;
                if steps == at {
                    stood = Some(state(stage, old));
                    run(stage.engine.disconnect(new, Mirrors::Remove)).unwrap();
                }
                if worker.poll(&stage.world) {
                    break;
                }
            }
        }
        stage.world.lock().now += jiff::SignedDuration::from_secs(61);
        let _ = run(stage.engine.sweep(0, jiff::Timestamp::MAX));
    }
    stood
}
