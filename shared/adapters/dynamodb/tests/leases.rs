//! Leases against the embedded table: taken, kept, lost, given back; what doors and people write meanwhile stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::*;
use daybook_core::connection::*;
use daybook_engine::ports::store::Previous;
use daybook_engine::ports::{Connections, LeaseTerm, Named, StoreError};

fn is_stale(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Stale { .. }))
}

#[tokio::test]
async fn one_holds_it_until_it_runs_out_or_is_given_back() {
    let room = Room::with(&fresh("c1")).await;
    let c1 = name("c1");
    let acquire = async |holder: &str, now: i64, until: i64| {
        let taken = room.table.acquire(&c1, &term(holder, until), at(now)).await.unwrap();
        taken.map(|taken| (taken.generation, taken.previous))
    };
    let (reads, writes, first) = room.cost(acquire("a", 10, 100)).await;
    assert_eq!((reads, writes), (0, 1));
    assert_eq!(first, Some((1, Previous::Released)));
    assert_eq!(acquire("b", 11, 200).await, None, "held");
    assert_eq!(acquire("b", 100, 200).await, None, "held to its very end");
    assert_eq!(acquire("b", 101, 200).await, Some((2, Previous::Abandoned)), "ran out");
    let (reads, writes, released) = room.cost(room.table.release(&c1, 2, &left(&fresh("c1")))).await;
    released.unwrap();
    assert_eq!((reads, writes), (0, 1));
    assert_eq!(acquire("c", 102, 300).await, Some((3, Previous::Released)));
    assert_eq!(acquire("c", 103, 300).await, Some((4, Previous::Abandoned)), "its first answer was lost");
    let nobody = room.table.acquire(&name("c9"), &term("a", 9), at(1)).await;
    assert!(matches!(nobody, Err(StoreError::Missing { .. })), "{nobody:?}");
}

#[tokio::test]
async fn the_only_process_takes_over_from_the_dead_at_once() {
    let room = Room::with(&fresh("c1")).await;
    let c1 = name("c1");
    let acquire = async |process: &str, holder: &str| {
        let term =
            LeaseTerm { sole_process: Some(process.into()), ..term(&format!("{process}.{holder}"), 100) };
        let taken = room.table.acquire(&c1, &term, at(10)).await.unwrap();
        taken.map(|taken| (taken.generation, taken.previous))
    };
    assert_eq!(acquire("boot1", "a").await, Some((1, Previous::Released)));
    assert_eq!(acquire("boot1", "b").await, None, "held by this very process");
    assert_eq!(acquire("boot2", "a").await, Some((2, Previous::Abandoned)), "that process is dead");
}

#[tokio::test]
async fn of_two_that_race_one_wins() {
    let room = Room::with(&fresh("c1")).await;
    let c1 = name("c1");
    let (a_term, b_term) = (term("a", 100), term("b", 100));
    let (a, b) =
        tokio::join!(room.table.acquire(&c1, &a_term, at(10)), room.table.acquire(&c1, &b_term, at(10)),);
    assert_ne!(a.unwrap().is_some(), b.unwrap().is_some());
}

#[tokio::test]
async fn a_worker_that_was_overtaken_leaves_nothing() {
    let room = Room::with(&fresh("c1")).await;
    let c1 = name("c1");
    let old = room.table.acquire(&c1, &term("a", 100), at(10)).await.unwrap().unwrap();
    let new = room.table.acquire(&c1, &term("b", 300), at(101)).await.unwrap().unwrap();
    let mut results = left(&fresh("c1"));
    results.evidence.first_synced_at = Some(at(99));
    assert!(is_stale(&room.table.checkpoint(&c1, old.generation, at(400), &results).await));
    assert!(is_stale(&room.table.release(&c1, old.generation, &results).await));
    let stored = room.table.find_connection(&c1).await.unwrap().unwrap();
    assert_eq!(stored.evidence.first_synced_at, None);
    assert!(room.table.acquire(&c1, &term("c", 500), at(200)).await.unwrap().is_none(), "still b's");
    room.table.release(&c1, new.generation, &results).await.unwrap();
    let again = room.table.release(&c1, new.generation, &results).await;
    again.expect("a repeated release changes nothing");
}

#[tokio::test]
async fn a_checkpoint_keeps_the_lease_and_the_results() {
    let room = Room::with(&fresh("c1")).await;
    let c1 = name("c1");
    let taken = room.table.acquire(&c1, &term("a", 100), at(10)).await.unwrap().unwrap();
    let source = full("c1");
    let results = daybook_engine::ports::Release {
        progress: Some(Progress { done: 3, total: 9 }),
        problems: source.problems.clone(),
        schedule: source.schedule.clone(),
        ..left(&fresh("c1"))
    };
    let (reads, writes, done) =
        room.cost(room.table.checkpoint(&c1, taken.generation, at(500), &results)).await;
    done.unwrap();
    assert_eq!((reads, writes), (0, 1));
    let stored = room.table.find_connection(&c1).await.unwrap().unwrap();
    assert_eq!(stored.progress, results.progress);
    assert_eq!(stored.problems, results.problems);
    assert_eq!(stored.schedule, results.schedule);
    assert!(room.table.acquire(&c1, &term("b", 900), at(499)).await.unwrap().is_none());
    let next = room.table.acquire(&c1, &term("b", 900), at(501)).await.unwrap().unwrap();
    assert_eq!(next.previous, Previous::Abandoned);
}

#[tokio::test]
async fn only_marks_that_the_run_saw_are_cleared() {
    let room = Room::with(&fresh("c1")).await;
    let c1 = name("c1");
    let signal = async |id: &str, token: &str| {
        room.table.signal(&c1, &Named::appointments([id.into()]), token, at(1)).await.unwrap();
    };
    for id in ["a1", "a2", "a3"] {
        signal(id, "t1").await;
    }
    let taken = room.table.acquire(&c1, &term("w", 100), at(10)).await.unwrap().unwrap();
    signal("a2", "t2").await; // named again while the run works on it
    signal("a4", "t3").await; // new
    let mut results = left(&taken.connection);
    results.done_marks = taken.connection.signals.marks.clone();
    results.done_marks.everything = Some("seen earlier, gone since".into());
    results.answered = Some(taken.connection.signals.received);
    let (reads, writes, done) = room.cost(room.table.release(&c1, taken.generation, &results)).await;
    done.unwrap();
    assert_eq!((reads, writes), (0, 2), "a second write, since a mark had changed");
    let signals = room.table.find_connection(&c1).await.unwrap().unwrap().signals;
    let marks: Vec<_> = signals.marks.appointments.iter().map(|(id, t)| format!("{id} {t}")).collect();
    assert_eq!(marks, ["a2 t2", "a4 t3"]);
    assert_eq!((signals.answered, signals.received, signals.settled()), (3, 5, false));
    assert_eq!(signals.pending_since, Some(at(1)), "the door that came meanwhile has sent a request");
}

#[tokio::test]
async fn e_019_marks_of_calendars_and_subscriptions_are_cleared_as_they_were_seen() {
    let room = Room::with(&fresh("c1")).await;
    let c1 = name("c1");
    let signal = async |calendars: &[&str], subscriptions: &[&str], token: &str| {
        let named = Named {
            calendars: calendars.iter().map(|id| (*id).into()).collect(),
            subscriptions: subscriptions.iter().map(|id| (*id).into()).collect(),
            ..Named::default()
        };
        room.table.signal(&c1, &named, token, at(1)).await.unwrap();
    };
    signal(&["b", "c"], &["b", "c"], "t1").await;
    let taken = room.table.acquire(&c1, &term("w", 100), at(10)).await.unwrap().unwrap();
    signal(&["c"], &["b"], "t2").await;
    let results = daybook_engine::ports::Release {
        done_marks: taken.connection.signals.marks.clone(),
        ..left(&taken.connection)
    };
    room.table.release(&c1, taken.generation, &results).await.unwrap();
    let marks = room.table.find_connection(&c1).await.unwrap().unwrap().signals.marks;
    let expected = Marks {
        calendars: [("c".into(), "t2".into())].into(),
        subscriptions: [("b".into(), "t2".into())].into(),
        ..Marks::default()
    };
    assert_eq!(marks, expected);
    let taken = room.table.acquire(&c1, &term("w", 100), at(10)).await.unwrap().unwrap();
    let results = daybook_engine::ports::Release { done_marks: marks, ..left(&taken.connection) };
    let (reads, writes, done) = room.cost(room.table.release(&c1, taken.generation, &results)).await;
    done.unwrap();
    assert_eq!((reads, writes), (0, 1));
    let stored = room.table.find_connection(&c1).await.unwrap().unwrap();
    assert_eq!(stored.signals.marks, Marks::default());
}

#[tokio::test]
async fn everything_is_cleared_only_as_it_was_seen() {
    for (done, expected) in [("t1", None), ("t0", Some("t1"))] {
        let mut connection = fresh("c1");
        connection.signals.marks.everything = Some("t1".into());
        let room = Room::with(&connection).await;
        let taken = room.table.acquire(&name("c1"), &term("w", 100), at(10)).await.unwrap().unwrap();
        let mut results = left(&connection);
        results.done_marks.everything = Some(done.into());
        room.table.release(&name("c1"), taken.generation, &results).await.unwrap();
        let stored = room.table.find_connection(&name("c1")).await.unwrap().unwrap();
        assert_eq!(stored.signals.marks.everything.as_deref(), expected);
    }
}

#[tokio::test]
async fn all_done_marks_fit_into_one_write() {
    let room = Room::with(&fresh("c1")).await;
    let ids = |count: usize| (0..count).map(|n| format!("{n}-{}", "x".repeat(60)));
    let named = Named {
        appointments: ids(MOST_MARKS).map(|id| id.as_str().into()).collect(),
        calendars: ids(MOST_MARKS).map(|id| id.as_str().into()).collect(),
        subscriptions: ids(MOST_MARKS / 2).map(|id| id.as_str().into()).collect(),
    };
    room.table.signal(&name("c1"), &named, "a token of some length, as they are", at(1)).await.unwrap();
    let taken = room.table.acquire(&name("c1"), &term("w", 100), at(10)).await.unwrap().unwrap();
    let mut results = left(&full("c1"));
    results.evidence.disconnected_at = None;
    results.settled_settings = Some(full("c1").settings);
    results.answered = Some(1);
    results.done_marks = taken.connection.signals.marks;
    let (_, writes, done) = room.cost(room.table.release(&name("c1"), taken.generation, &results)).await;
    done.unwrap();
    assert_eq!(writes, 1);
    let stored = room.table.find_connection(&name("c1")).await.unwrap().unwrap();
    assert_eq!(stored.signals.marks, Marks::default());
    assert!(stored.signals.settled());
}

#[tokio::test]
async fn answered_never_goes_back() {
    let mut connection = fresh("c1");
    (connection.signals.received, connection.signals.answered) = (9, 7);
    let room = Room::with(&connection).await;
    let taken = room.table.acquire(&name("c1"), &term("w", 100), at(10)).await.unwrap().unwrap();
    for (answered, expected) in [(Some(5), 7), (None, 7), (Some(9), 9), (Some(8), 9)] {
        let results = daybook_engine::ports::Release { answered, ..left(&connection) };
        room.table.checkpoint(&name("c1"), taken.generation, at(200), &results).await.unwrap();
        let stored = room.table.find_connection(&name("c1")).await.unwrap().unwrap();
        assert_eq!(stored.signals.answered, expected, "{answered:?}");
    }
}

#[tokio::test]
async fn what_a_person_commands_during_a_run_wins() {
    for (commanded, settled, refused) in [(false, true, true), (true, false, false)] {
        let room = Room::with(&fresh("c1")).await;
        let c1 = name("c1");
        let taken = room.table.acquire(&c1, &term("w", 100), at(10)).await.unwrap().unwrap();
        if commanded {
            let mut signed_in = Connection { version: 2, ..fresh("c1") };
            signed_in.evidence.authorised_at = Some(at(20));
            room.table.command_connection(&signed_in).await.unwrap();
        }
        let mut results = left(&taken.connection);
        results.settled_settings = Some(full("c1").settings);
        results.evidence.refused_at = Some(at(15));
        results.evidence.last_synced_at = Some(at(16));
        results.schedule.due_at = Some(at(9_000));
        room.table.release(&c1, taken.generation, &results).await.unwrap();
        let stored = room.table.find_connection(&c1).await.unwrap().unwrap();
        assert_eq!(stored.settings == full("c1").settings, settled);
        assert_eq!(stored.evidence.refused_at.is_some(), refused);
        assert_eq!(stored.evidence.last_synced_at, Some(at(16)), "the worker's own either way");
        assert_eq!(stored.evidence.authorised_at.is_some(), commanded);
        let due = if commanded { at(1_000) } else { at(9_000) };
        assert_eq!(
            stored.schedule.due_at,
            Some(due),
            "a command is due at once, whatever the run before it planned"
        );
    }
}
