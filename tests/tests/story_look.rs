//! What a clinician looks at beside the sync: the check of both sides, a week, the review, entries made by hand. Each part is driven through the production engine
//! over a world in memory, which checks its promises meanwhile; and each may die at any await.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use daybook_core::connection::{Verified, Went};
use daybook_core::policy::Audience;
use daybook_core::time::Interval;
use daybook_core::week::{Counterpart, What};
use daybook_engine::ports::ConnectionRef;
use daybook_engine::verify::{Failure, Outcome, ProbeStep, Trial, Tried, Verdict, Verification};
use daybook_engine::week::HoursKnown;
use daybook_tests::story::Stage;
use daybook_tests::world::scene::demo;
use daybook_tests::world::worker::{run, work};
use jiff::SignedDuration;

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
    use ProbeStep::{Delete, Move, ReadBack, ReadMoved, Write};

    let (mut stage, at) = stage();
    let before = standing(&mut stage);
    let trial = trial(&stage, &at);
    assert_eq!(trial.verdict(), Verdict::BothWork, "{trial:?}");
    let steps: Vec<ProbeStep> = trial.calendar.iter().map(|tried| tried.step).collect();
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
fn only_what_was_tried_is_said_to_work() {
    for (chosen, verdict, went) in [
        ("connect ada work", Verdict::BothWork, Some(Went::Well)),
        ("connect ada work one-way", Verdict::CalendarWorks, Some(Went::Well)),
        ("connect ada work main=none", Verdict::EhrWorks, Some(Went::Well)),
        ("connect ada work one-way main=none", Verdict::NothingTried, None),
    ] {
        let mut stage = Stage::new();
        stage.act(chosen);
        let at = stage.connections.values().next().unwrap().clone();
        let trial = trial(&stage, &at);
        assert_eq!(trial.verdict(), verdict, "{chosen}: {trial:?}");
        assert_eq!(remembered(&stage, &at).map(|last| last.went), went, "{chosen}");
    }
}

/// No time can be closed there, whatever the calendar does.
#[test]
fn an_ehr_without_a_schedule_does_not_work() {
    let mut stage = Stage::new();
    stage
        .world
        .lock()
        .ehrs
        .get_mut(&demo())
        .unwrap()
        .practitioners
        .get_mut(&"ada".into())
        .unwrap()
        .schedules
        .clear();
    stage.act("connect");
    let at = stage.connections.values().next().unwrap().clone();
    let trial = trial(&stage, &at);
    assert_eq!(trial.verdict(), Verdict::Fails);
    assert!(trial.calendar.iter().all(|tried| tried.outcome == Outcome::Done), "{trial:?}");
    let [Tried { step: ProbeStep::Find, outcome: Outcome::Failed(Failure::Closed) }] = trial.ehr[..] else {
        panic!("{trial:?}")
    };
    assert_eq!(remembered(&stage, &at).map(|last| last.went), Some(Went::Badly));
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

/// A page is cut off after a while: the sweep need not wait for the next poll.
#[test]
fn what_a_death_leaves_standing_is_due_within_a_minute() {
    let before = standing(&mut stage().0);
    let mut awaits = 1;
    let mut left = 0;
    loop {
        let (mut stage, at) = stage();
        let ended = verify(&stage, &at, awaits).is_some();
        let owing = stage.connection(&at).schedule.owing_at;
        let soon = stage.world.lock().now + SignedDuration::from_mins(1);
        if standing(&mut stage) != before {
            left += 1;
            assert!(owing.is_some_and(|at| at <= soon), "after a death at await {awaits}: {owing:?}");
        }
        if ended {
            assert_eq!(owing, None);
            break;
        }
        awaits += 1;
    }
    assert!(left > 5, "it stood only {left} times");
}

#[test]
fn while_a_sync_is_at_work_it_waits_its_turn() {
    let (mut stage, at) = stage();
    // Somebody holds the lease.
    assert_eq!(verify(&stage, &at, 3), None);
    assert_eq!(verify(&stage, &at, FOREVER), Some(Verification::Busy));
    stage.act("wait 5m");
    stage.act("sync");
    assert_eq!(trial(&stage, &at).verdict(), Verdict::BothWork);
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
    assert_eq!(remembered(&stage, &at), Some(Verified { at: failed.at, went: Went::Badly }));
    let again = trial(&stage, &at);
    assert_eq!(again.verdict(), Verdict::BothWork);
    let well = Some(Verified { at: again.at, went: Went::Well });
    assert_eq!(remembered(&stage, &at), well);
    stage.act("sync");
    assert_eq!(remembered(&stage, &at), well, "a sync does not forget it");
}

fn remembered(stage: &Stage, at: &ConnectionRef) -> Option<Verified> {
    let found = work(&stage.world, PERSON, stage.engine.find(at), FOREVER).unwrap();
    found.unwrap().evidence.verified
}

#[test]
fn before_the_yes_nothing_is_tried() {
    let (mut stage, at) = stage();
    stage.act("pause");
    assert!(work(&stage.world, PERSON, stage.engine.verify(&at), FOREVER).unwrap().is_err());
}

fn at(entry: &Interval) -> String {
    entry.start().strftime("%a %H:%M").to_string()
}

#[test]
fn the_week_shows_both_sides_as_they_stand() {
    let (mut stage, at_) = stage();
    stage.act("private: add birthday 2026-11-26 all-day free");
    stage.act("ehr: book new 2026-11-25T15:00Z 50m");
    stage.act("private: add dentist 2026-11-25T20:00Z 1h");
    let week = run(stage.engine.week(stage.connection(&at_), None)).unwrap();
    assert_eq!(week.first, "2026-11-23".parse().unwrap());
    let told: Vec<String> =
        week.entries.iter().map(|entry| format!("{} {:?}", at(&entry.at), entry.what)).collect();
    assert_eq!(
        told,
        [
            "Tue 15:00 Appointment(Stands)",
            "Tue 15:00 Mirror",
            "Tue 22:00 Event(Stands)",
            "Tue 22:00 Block",
            "Wed 15:00 Appointment(Missing)",
            "Wed 20:00 Event(Missing)",
        ]
    );
    let free: Vec<String> =
        week.free_days.iter().map(|day| format!("{} {}", day.calendar, day.first)).collect();
    assert_eq!(free, ["private 2026-11-26"]);
    assert_eq!((week.hours, week.free), (HoursKnown::NotGiven, vec![]), "this EHR gives no hours");
    assert_eq!(writes(stage.world.lock().told.drain(..).collect()), [""; 0], "a look writes nothing");
    stage.act("sync");
    let week = run(stage.engine.week(stage.connection(&at_), Some("2026-11-28".parse().unwrap()))).unwrap();
    let missing = |what: What| {
        matches!(what, What::Appointment(Counterpart::Missing) | What::Event(Counterpart::Missing))
    };
    assert!(!week.entries.iter().any(|entry| missing(entry.what)), "{:?}", week.entries);
    assert_eq!(week.entries.len(), 8);
    let next = run(stage.engine.week(stage.connection(&at_), Some("2026-11-30".parse().unwrap()))).unwrap();
    assert!(next.entries.is_empty() && next.free_days.is_empty(), "{next:?}");
}

#[test]
fn a_week_leaves_no_time_free_that_another_connection_has_closed() {
    let (mut stage, at_) = stage();
    stage.act("diary: add choir 2026-11-25T20:00Z 1h");
    stage.act("connect ada home main=none blocking=diary");
    let week = run(stage.engine.week(stage.connection(&at_), None)).unwrap();
    let blocks = week.entries.iter().filter(|entry| entry.what == What::Block);
    let blocks: Vec<String> = blocks.map(|entry| at(&entry.at)).collect();
    assert_eq!(blocks, ["Tue 22:00", "Wed 20:00"]);
}

#[test]
fn the_review_shows_five_entries_as_they_stand_and_is_due_after_ninety_days() {
    let mut stage = Stage::new();
    for day in 24..=30 {
        stage.act(&format!("ehr: book a{day} 2026-11-{day}T15:00Z 50m"));
    }
    stage.act("connect ada work one-way");
    let at_ = stage.connections.values().next().unwrap().clone();
    stage.act("main: drag a24 +1h");
    stage.act("main: delete a25");
    // Nothing has been written for it yet.
    stage.act("ehr: book new 2026-11-26T20:00Z 50m");
    let review = run(stage.engine.review(stage.connection(&at_))).unwrap();
    let entries = review.entries.unwrap();
    let told: Vec<String> = entries
        .iter()
        .map(|entry| match &entry.found {
            Some(found) => format!("{}: {} {}", at(&entry.at), at(&found.at), found.title),
            None => format!("{}: nothing", at(&entry.at)),
        })
        .collect();
    assert_eq!(
        told,
        [
            "Tue 15:00: Tue 16:00 Busy",
            "Wed 15:00: nothing",
            "Thu 15:00: Thu 15:00 Busy",
            "Thu 20:00: nothing",
            "Fri 15:00: Fri 15:00 Busy",
        ]
    );
    assert_eq!(review.counts.mirrored_events, 7);
    stage.act("ehr: down");
    assert_eq!(
        run(stage.engine.review(stage.connection(&at_))).unwrap().entries,
        None,
        "nobody tells what should stand"
    );
    stage.act("ehr: up");
    let main = review.main_calendar.unwrap();
    assert_eq!((main.name.as_str(), main.seen_by), ("main", Audience::Own));
    let is_due = |stage: &Stage| {
        let due_at = run(stage.engine.review(stage.connection(&at_))).unwrap().due_at;
        due_at.unwrap() <= stage.world.lock().now
    };
    assert!(!is_due(&stage));
    stage.act("wait 2161h");
    assert!(is_due(&stage));
    run(stage.engine.reviewed(&at_)).unwrap();
    assert!(!is_due(&stage));
}

#[test]
fn entries_made_by_hand_are_listed_by_time() {
    for settings in ["connect", "connect ada work one-way", "connect ada work blocking=private"] {
        let mut stage = Stage::new();
        stage.act("ehr: book a1 2026-11-24T15:00Z 50m");
        stage.act("ehr: book a2 2026-11-25T15:00Z 50m");
        stage.act("ehr: book a3 2026-11-26T15:00Z 50m");
        stage.act("main: add jane 2026-11-24T15:00Z 50m");
        stage.act("main: add lunch 2026-11-25T15:00Z 1h");
        stage.act("main: add maybe 2026-11-26T15:00Z 50m free");
        stage.act(settings);
        let at_ = stage.connections.values().next().unwrap().clone();
        let preview = run(stage.engine.preview(&at_)).unwrap();
        let told: Vec<String> = preview.coincidences.iter().map(at).collect();
        assert_eq!(told, ["Tue 15:00"], "{settings}");
    }
}
