//! Connections against the embedded table: made, found, listed, commanded, signalled, due, forgotten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::lost_answers::room_that_loses_answers;
use common::*;
use daybook_core::connection::*;
use daybook_core::ids::{AppointmentId, CalendarId};
use daybook_engine::ports::{Connections, Due, Named, Signalled, StoreError};
use jiff::Timestamp;

#[tokio::test]
async fn every_field_comes_back() {
    let room = room().await;
    for connection in [fresh("c1"), full("c2"), Connection { practice: "a#b%".into(), ..full("c3") }] {
        room.table.create_connection(&connection).await.unwrap();
        let at = daybook_engine::ports::ConnectionRef {
            practice: connection.practice.clone(),
            id: connection.id.clone(),
        };
        assert_eq!(room.table.find_connection(&at).await.unwrap(), Some(connection));
    }
    for nobody in ["c9", &"c".repeat(2_000), &"c".repeat(2_048), &"c".repeat(8_000), &"#".repeat(1_000)] {
        assert_eq!(room.table.find_connection(&name(nobody)).await.unwrap(), None);
    }
    room.table.create_if_missing().await.unwrap();
}

#[tokio::test]
async fn an_id_is_given_once() {
    let room = Room::with(&fresh("c1")).await;
    let again = room.table.create_connection(&full("c1")).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    assert_eq!(room.table.find_connection(&name("c1")).await.unwrap(), Some(fresh("c1")));
}

#[tokio::test]
async fn lists_by_practice_and_by_practitioner() {
    let room = room().await;
    for (id, practitioner) in [("c3", "p"), ("c1", "p"), ("c2", "p#q"), ("c4", "q")] {
        let connection = Connection { practitioner: practitioner.into(), ..fresh(id) };
        room.table.create_connection(&connection).await.unwrap();
    }
    for (practitioner, expected) in
        [(None, "c1 c2 c3 c4"), (Some("p"), "c1 c3"), (Some("p#q"), "c2"), (Some("x"), "")]
    {
        let practitioner = practitioner.map(Into::into);
        let found = room.table.list_connections(&"demo".into(), practitioner.as_ref()).await.unwrap();
        let ids: Vec<_> = found.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids.join(" "), expected);
    }
    let (reads, writes, names) = room.cost(room.table.connections_of(&"demo".into(), &"p".into())).await;
    assert_eq!((reads, writes, names.unwrap()), (1, 0, vec![name("c1"), name("c3")]));
}

#[tokio::test]
async fn e_008_a_disconnected_one_is_listed_but_not_named_to_doors() {
    let connection = fresh("c1");
    let room = Room::with(&connection).await;
    let acquired = room.table.acquire(&name("c1"), &term("w", 2_000), at(1)).await.unwrap().unwrap();
    let mut gone = left(&connection);
    gone.evidence.disconnected_at = Some(at(50));
    room.table.release(&name("c1"), acquired.generation, &gone).await.unwrap();
    let names = room.table.connections_of(&"demo".into(), &"prac-1".into()).await.unwrap();
    assert_eq!(names, []);
    assert_eq!(room.table.list_connections(&"demo".into(), None).await.unwrap().len(), 1);
    let signalled = room.table.signal(&name("c1"), &Named::default(), "t", at(60)).await;
    assert!(matches!(signalled, Err(StoreError::Missing { .. })), "{signalled:?}");

    room.table.expire_connection(&name("c1"), at(1_500)).await.unwrap();
    assert!(room.table.find_connection(&name("c1")).await.unwrap().is_some());
    room.clock.set(1_500);
    assert_eq!(room.table.find_connection(&name("c1")).await.unwrap(), None);
    assert_eq!(room.table.list_connections(&"demo".into(), None).await.unwrap(), []);
    assert_eq!(room.embedded.delete_expired().unwrap(), 2);
}

#[tokio::test]
async fn a_command_names_the_version_that_it_changes() {
    let room = Room::with(&fresh("c1")).await;
    let second = Connection { version: 2, account: Some(account("me")), ..fresh("c1") };
    let (reads, writes, done) = room.cost(room.table.command_connection(&second)).await;
    done.unwrap();
    assert_eq!((reads, writes), (0, 1));
    let late = room.table.command_connection(&second).await;
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    let nobody = room.table.command_connection(&Connection { version: 2, ..fresh("c9") }).await;
    assert!(matches!(nobody, Err(StoreError::Missing { .. })), "{nobody:?}");
    let mut expected = second;
    expected.schedule.due_at = Some(at(1_000)); // at once
    assert_eq!(room.table.find_connection(&name("c1")).await.unwrap(), Some(expected));
}

#[tokio::test]
async fn a_command_leaves_the_hands_of_others_alone() {
    let mut connection = full("c1");
    connection.evidence.disconnected_at = None;
    let room = Room::with(&connection).await;
    room.table.signal(&name("c1"), &Named::appointments(["a9".into()]), "t9", at(70)).await.unwrap();
    let command = Connection { version: 8, ..fresh("c1") };
    room.table.command_connection(&command).await.unwrap();
    let now = room.table.find_connection(&name("c1")).await.unwrap().unwrap();
    assert_eq!(now.settings, command.settings);
    assert_eq!((now.evidence.paused_at, now.evidence.granted, now.evidence.needed), (None, None, None));
    assert_eq!(now.account, None);
    assert_eq!(now.evidence.last_synced_at, connection.evidence.last_synced_at);
    assert_eq!(now.schedule, Schedule { due_at: Some(at(1_000)), ..connection.schedule });
    assert_eq!(now.signals.received, 6);
    assert_eq!(now.signals.marks.appointments.len(), 3);
    assert_eq!(now.problems, connection.problems);
}

#[tokio::test]
async fn signing_in_clears_a_refusal_but_not_a_later_one() {
    for (refused, signed_in, expected) in [(7, Some(9), None), (9, Some(7), Some(9)), (7, None, Some(7))] {
        let mut connection = fresh("c1");
        connection.evidence.refused_at = Some(at(refused));
        let room = Room::with(&connection).await;
        connection.version = 2;
        connection.evidence.refused_at = None;
        connection.evidence.authorised_at = signed_in.map(at);
        room.table.command_connection(&connection).await.unwrap();
        let now = room.table.find_connection(&name("c1")).await.unwrap().unwrap();
        assert_eq!(now.evidence.refused_at, expected.map(at), "{refused} {signed_in:?}");
        assert_eq!(now.version, 2);
    }
}

#[tokio::test]
async fn signals_coalesce_until_a_worker_takes_them_up() {
    let room = Room::with(&fresh("c1")).await;
    let c1 = name("c1");
    let signal = async |token: &str, second| {
        let named = Named::appointments([AppointmentId::new("a1")]);
        room.table.signal(&c1, &named, token, at(second)).await.unwrap()
    };
    let (reads, writes, first) = room.cost(signal("t1", 100)).await;
    assert_eq!((reads, writes, first), (0, 1, Signalled::Send));
    assert_eq!(signal("t2", 110).await, Signalled::Coalesced);
    assert_eq!(signal("t1", 120).await, Signalled::Send, "its own answer was lost");
    assert_eq!(signal("t3", 400).await, Signalled::Coalesced);
    assert_eq!(signal("t4", 401).await, Signalled::Send, "the request must be lost");
    assert_eq!(signal("t5", 402).await, Signalled::Coalesced, "it was just sent again");
    let stored = room.table.find_connection(&c1).await.unwrap().unwrap();
    assert_eq!(stored.signals.pending_since, Some(at(401)));
    assert_eq!(stored.signals.received, 6);
    assert!(!room.table.take_up_request(&c1, at(100), at(500)).await.unwrap(), "somebody was first");
    assert!(room.table.take_up_request(&c1, at(401), at(501)).await.unwrap());
    assert!(!room.table.take_up_request(&c1, at(401), at(502)).await.unwrap());
    assert!(!stored.signals.settled());
    let acquired = room.table.acquire(&c1, &term("w", 900), at(602)).await.unwrap().unwrap();
    assert_eq!(acquired.connection.signals.pending_since, None);
    assert_eq!(acquired.connection.signals.marks.appointments[&"a1".into()], "t5");
    assert!(!room.table.take_up_request(&c1, at(501), at(603)).await.unwrap(), "a worker has it");
    assert_eq!(signal("t6", 603).await, Signalled::Send);
}

#[tokio::test]
async fn too_many_marks_mean_everything() {
    let room = Room::with(&fresh("c1")).await;
    let ids = |from: usize, to: usize| -> Vec<AppointmentId> {
        (from..to).map(|n| AppointmentId::new(format!("appointment-{n}"))).collect()
    };
    for (marks, expected_writes, expected_marks, everything) in [
        (ids(0, 30), 1, 30, None),
        (ids(30, 50), 1, 50, None),
        (ids(0, 1), 2, 50, Some("t2")),
        (vec![], 1, 50, Some("t2")),
        (ids(100, 151), 1, 50, Some("t4")),
    ] {
        let named = Named::appointments(marks);
        let token =
            format!("t{}", room.table.find_connection(&name("c1")).await.unwrap().unwrap().signals.received);
        let (_, writes, _) = room.cost(room.table.signal(&name("c1"), &named, &token, at(100))).await;
        let signals = room.table.find_connection(&name("c1")).await.unwrap().unwrap().signals;
        assert_eq!(writes, expected_writes, "{} marks", named.appointments.len());
        assert_eq!(signals.marks.appointments.len(), expected_marks);
        assert_eq!(signals.marks.everything.as_deref(), everything);
    }
    let missing = room.table.signal(&name("c9"), &Named::appointments(ids(0, 1)), "t", at(1)).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");
}

#[tokio::test]
async fn e_019_a_signal_names_calendars_and_subscriptions_in_one_write() {
    let room = Room::with(&fresh("c1")).await;
    let calendars = |from: usize, to: usize| -> Vec<CalendarId> {
        (from..to).map(|n| CalendarId::new(format!("calendar #{n}"))).collect()
    };
    let named = Named {
        appointments: vec!["a1".into()],
        calendars: ["b".into(), "b".into(), "c".into(), "".into()].into(),
        subscriptions: vec!["b".into()],
    };
    let (reads, writes, done) = room.cost(room.table.signal(&name("c1"), &named, "t1", at(1))).await;
    assert_eq!((reads, writes, done.unwrap()), (0, 1, Signalled::Send));
    room.table.signal(&name("c1"), &Named::calendars(["c".into()]), "t2", at(2)).await.unwrap();
    let marks = |signals: &Signals| signals.marks.clone();
    let stored = marks(&room.table.find_connection(&name("c1")).await.unwrap().unwrap().signals);
    let expected = Marks {
        appointments: [("a1".into(), "t1".into())].into(),
        calendars: [("b".into(), "t1".into()), ("c".into(), "t2".into())].into(),
        subscriptions: [("b".into(), "t1".into())].into(),
        everything: None,
    };
    assert_eq!(stored, expected);
    for (named, expected_writes, everything) in [
        (Named::calendars(calendars(0, 48)), 1, None),
        (Named { subscriptions: calendars(0, 24), ..Named::default() }, 1, None),
        (Named::appointments(["a2".into()]), 1, None),
        (Named::calendars(calendars(48, 49)), 2, Some("t")),
        (Named { subscriptions: calendars(48, 49), ..Named::default() }, 2, Some("t")),
        (Named::calendars(calendars(0, 51)), 1, Some("t")),
    ] {
        let (_, writes, _) = room.cost(room.table.signal(&name("c1"), &named, "t", at(3))).await;
        let stored = marks(&room.table.find_connection(&name("c1")).await.unwrap().unwrap().signals);
        assert_eq!((writes, stored.everything.as_deref()), (expected_writes, everything), "{named:?}");
        assert!(stored.calendars.len() <= 50 && stored.subscriptions.len() <= 25);
    }
}

#[tokio::test]
async fn what_is_due_is_found_in_its_shard_until_it_is_not() {
    let room = room().await;
    for (id, due) in [("c1", Some(300)), ("c2", Some(100)), ("c3", None), ("c4", Some(900))] {
        let mut connection = fresh(id);
        connection.schedule.due_at = due.map(at);
        room.table.create_connection(&connection).await.unwrap();
    }
    let all_due = async |now: Timestamp| {
        let mut found = Vec::new();
        for shard in 0..room.table.due_shards() {
            found.extend(room.table.list_due(shard, now, 10).await.unwrap());
        }
        found.sort_by_key(|due| format!("{due:?}"));
        found
    };
    let due = |ids: &[&str]| -> Vec<Due> { ids.iter().map(|id| Due::Connection(name(id))).collect() };
    assert_eq!(all_due(at(99)).await, []);
    assert_eq!(all_due(at(300)).await, due(&["c1", "c2"]));
    let acquired = room.table.acquire(&name("c2"), &term("w", 900), at(300)).await.unwrap().unwrap();
    room.table.release(&name("c2"), acquired.generation, &left(&fresh("c2"))).await.unwrap();
    assert_eq!(all_due(at(300)).await, due(&["c1"]));
}

#[tokio::test]
async fn what_is_due_comes_oldest_first_and_no_more_than_asked() {
    let room = room().await;
    for n in 0..40 {
        let mut connection = fresh(&format!("c{n}"));
        connection.schedule.due_at = Some(at(1_000 - n));
        room.table.create_connection(&connection).await.unwrap();
    }
    for shard in 0..room.table.due_shards() {
        let all = room.table.list_due(shard, at(2_000), 100).await.unwrap();
        let numbers: Vec<i64> = all
            .iter()
            .map(|due| match due {
                Due::Connection(at) => at.id.as_str()[1..].parse().unwrap(),
                Due::Practice(_) | Due::Notice(_) => panic!("only connections are due"),
            })
            .collect();
        assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
        let two = room.table.list_due(shard, at(2_000), 2).await.unwrap();
        assert_eq!(two[..], all[..all.len().min(2)]);
    }
}

#[tokio::test]
async fn a_row_of_a_newer_version_is_left_alone() {
    let room = Room::with(&fresh("c1")).await;
    room.table.create_connection(&fresh("c2")).await.unwrap();
    room.tamper("C#demo#c1", "CONN", "v", 2).await;
    let c1 = name("c1");
    let unreadable = |result: Result<(), StoreError>| {
        assert!(matches!(result, Err(StoreError::Unreadable { .. })), "{result:?}");
    };
    unreadable(room.table.find_connection(&c1).await.map(drop));
    unreadable(room.table.signal(&c1, &Named::appointments(["a".into()]), "t", at(1)).await.map(drop));
    unreadable(room.table.acquire(&c1, &term("w", 9), at(1)).await.map(drop));
    unreadable(room.table.command_connection(&Connection { version: 2, ..fresh("c1") }).await);
    unreadable(room.table.release(&c1, 0, &left(&fresh("c1"))).await);
    unreadable(room.table.expire_connection(&c1, at(9)).await);
    let listed = room.table.list_connections(&"demo".into(), None).await.unwrap();
    assert_eq!(listed, [fresh("c2")]);
    room.tamper("C#demo#c1", "CONN", "v", 1).await;
    assert_eq!(room.table.find_connection(&c1).await.unwrap(), Some(fresh("c1")));
    room.tamper("C#demo#c1", "CONN", "v", 0).await;
    assert_eq!(room.table.find_connection(&c1).await.unwrap(), Some(fresh("c1")), "the one before");
}

/// No runtime at all: the simulation polls by hand.
#[test]
fn works_without_a_runtime() {
    let mut work = std::pin::pin!(async {
        let room = Room::with(&fresh("c1")).await;
        room.table.signal(&name("c1"), &Named::default(), "t", at(1)).await.unwrap();
        room.table.find_connection(&name("c1")).await.unwrap().unwrap()
    });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let found = (0..1_000).find_map(|_| match work.as_mut().poll(&mut context) {
        std::task::Poll::Ready(found) => Some(found),
        std::task::Poll::Pending => None,
    });
    assert_eq!(found.unwrap().signals.received, 1);
}

#[tokio::test]
async fn a_person_whose_first_answer_was_lost_is_told_the_same() {
    let room = room_that_loses_answers().await;
    room.table.create_connection(&fresh("c1")).await.unwrap();
    let again = room.table.create_connection(&fresh("c1")).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    let second = Connection { version: 2, ..fresh("c1") };
    room.table.command_connection(&second).await.unwrap();
    let late = room.table.command_connection(&second).await;
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
}
