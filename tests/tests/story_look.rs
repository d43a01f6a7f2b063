//! What a clinician looks at beside the sync: the check of both sides. Each part is driven through the production engine
//! over a world in memory, which checks its promises meanwhile; and each may die at any await.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use daybook_engine::ports::ConnectionRef;
use daybook_engine::verify::{Outcome, ProbeStep, Trial, Verification};
use daybook_tests::story::Stage;
use daybook_tests::world::worker::work;

/// Nobody else's number.
const PERSON: usize = 9;
const FOREVER: usize = 100_000;

/// Ada, two-way, with an appointment at three in the last night, and a busy evening.
fn stage() -> (Stage, ConnectionRef) {
    let mut stage = Stage::new();
    stage.act("ehr: book a1 2026-11-24T15:00Z 50m");
    stage.act("ehr: book night 2027-01-22T08:00Z 50m");
    stage.act("private: add gym 2026-11-24T22:00Z 1h");
    stage.act("connect");
    let at = stage.connections.values().next().unwrap().clone();
    (stage, at)
}

fn verify(stage: &Stage, at: &ConnectionRef, awaits: usize) -> Option<Verification> {
    work(&stage.world, PERSON, stage.engine.verify(at), awaits).map(Result::unwrap)
}

fn trial(stage: &Stage, at: &ConnectionRef) -> Trial {
    match verify(stage, at, FOREVER) {
        Some(Verification::Tried(trial)) => trial,
        other => panic!("{other:?}"),
    }
}

fn standing(stage: &mut Stage) -> Vec<String> {
    [stage.act("show main"), stage.act("show blocks"), stage.act("state")].concat()
}

fn writes(told: Vec<String>) -> Vec<String> {
    told.into_iter().filter(|line| line.starts_with("put") || line.starts_with("delete")).collect()
}

#[test]
fn the_check_writes_reads_moves_and_removes_and_leaves_nothing() {
    let (mut stage, at) = stage();
    let before = standing(&mut stage);
    let trial = trial(&stage, &at);
    assert!(trial.is_well(), "{trial:?}");
    let steps: Vec<ProbeStep> = trial.calendar.iter().map(|tried| tried.step).collect();
    use ProbeStep::{Delete, Move, ReadBack, ReadMoved, Write};
    assert_eq!(steps, [Write, ReadBack, Move, ReadMoved, Delete]);
    let steps: Vec<ProbeStep> = trial.ehr.iter().map(|tried| tried.step).collect();
    assert_eq!(steps, [Write, ReadBack, Delete]);
    let told = writes(stage.world.lock().told.drain(..).collect());
    assert!(told[0].ends_with("in main at 2027-01-21T08:00Z"), "away from the night's appointment: {told:?}");
    assert_eq!(standing(&mut stage), before);
    assert_eq!(writes(stage.act("sweep")), [""; 0], "a further look has nothing to do");
    assert_eq!(standing(&mut stage), before);
}

#[test]
fn one_way_tries_the_calendar_alone() {
    let mut stage = Stage::new();
    stage.act("connect ada work one-way");
    let at = stage.connections.values().next().unwrap().clone();
    let trial = trial(&stage, &at);
    assert!(trial.is_well() && trial.ehr.is_empty() && !trial.calendar.is_empty(), "{trial:?}");
}

#[test]
fn a_death_at_any_await_leaves_nothing_for_long() {
    let mut awaits = 1;
    loop {
        let (mut stage, at) = stage();
        let before = standing(&mut stage);
        let ended = verify(&stage, &at, awaits).is_some();
        // The lease runs out, and the sweep comes by.
        stage.act("wait 5m");
        stage.act("sync");
        stage.act("sweep");
        assert_eq!(standing(&mut stage), before, "after a death at await {awaits}");
        if ended {
            break;
        }
        awaits += 1;
    }
    assert!(awaits > 10, "it awaited only {awaits} times");
}

#[test]
fn while_a_sync_is_at_work_it_waits_its_turn() {
    let (mut stage, at) = stage();
    // Somebody holds the lease.
    assert_eq!(verify(&stage, &at, 3), None);
    assert_eq!(verify(&stage, &at, FOREVER), Some(Verification::Busy));
    stage.act("wait 5m");
    stage.act("sync");
    assert!(trial(&stage, &at).is_well());
}

#[test]
fn a_step_that_fails_is_told_and_the_rest_is_not_tried() {
    let (mut stage, at) = stage();
    let before = standing(&mut stage);
    stage.act("work: down");
    let failed = trial(&stage, &at);
    assert!(matches!(failed.calendar[0].outcome, Outcome::Failed(_)), "{failed:?}");
    assert_eq!(failed.calendar[1].outcome, Outcome::NotTried);
    assert!(
        failed.ehr.iter().all(|tried| tried.outcome == Outcome::Done),
        "the other side is tried all the same"
    );
    stage.act("work: up");
    stage.act("wait 5m");
    stage.act("sweep");
    assert_eq!(standing(&mut stage), before, "what was owed is gone");
    assert!(trial(&stage, &at).is_well());
}

#[test]
fn before_the_yes_nothing_is_tried() {
    let (mut stage, at) = stage();
    stage.act("pause");
    assert!(work(&stage.world, PERSON, stage.engine.verify(&at), FOREVER).unwrap().is_err());
}
