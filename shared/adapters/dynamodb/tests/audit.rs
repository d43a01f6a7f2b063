//! The audit trail: it only grows, and is read from either end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeSet;

use common::lost_answers::room_that_loses_answers;
use common::*;
use daybook_core::audit::{Deed, Entry, Hand, KEPT_FOR, Outcome, Part, Who};
use daybook_engine::ports::{Reading, StoreError, Trail};

fn entry(practice: &str, second: i64, deed: Deed) -> Entry {
    Entry {
        practice: practice.into(),
        at: at(second),
        nonce: format!("n{second}"),
        who: Who::new(Hand::Clinician, "prac-1"),
        deed,
        parts: BTreeSet::from([Part::Detail, Part::Window]),
        domain: Some("clinic.example".into()),
        connection: Some("c1".into()),
        practitioner: Some("prac-1".into()),
        outcome: Outcome::Done,
    }
}

fn bare(second: i64) -> Entry {
    Entry {
        who: Who::daybook(),
        parts: BTreeSet::new(),
        domain: None,
        connection: None,
        practitioner: None,
        outcome: Outcome::Refused,
        ..entry("demo", second, Deed::LaunchRefused)
    }
}

#[tokio::test]
async fn every_deed_comes_back_as_it_went_in() {
    let room = room().await;
    let deeds = (0..).zip(Deed::ALL).map(|(second, deed)| entry("demo", second, *deed));
    let all: Vec<Entry> = deeds.chain([bare(99)]).collect();
    for one in &all {
        room.table.add_entry(one).await.unwrap();
    }
    let read = |reading: Reading, limit| {
        let table = room.table.clone();
        async move { table.list_entries(&"demo".into(), &reading, limit).await.unwrap().entries }
    };
    assert_eq!(read(Reading::After(None), 100).await, all);
    let backwards: Vec<Entry> = all.iter().rev().cloned().collect();
    assert_eq!(read(Reading::Before(None), 100).await, backwards);
    assert_eq!(read(Reading::Before(Some(all[2].id())), 1).await, [all[1].clone()]);
    assert_eq!(read(Reading::After(Some(all[2].id())), 1).await, [all[3].clone()]);
    assert_eq!(read(Reading::Before(Some(all[0].id())), 9).await, []);
}

#[tokio::test]
async fn an_entry_is_never_written_over_and_lasts_six_years() {
    let room = room().await;
    let first = entry("demo", 20, Deed::Paused);
    room.table.add_entry(&first).await.unwrap();
    let other = Entry { deed: Deed::Resumed, ..first.clone() };
    let again = room.table.add_entry(&other).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    room.table.add_entry(&entry("other", 20, Deed::Started)).await.unwrap();
    let list = || async {
        room.table.list_entries(&"demo".into(), &Reading::Before(None), 9).await.unwrap().entries
    };
    assert_eq!(list().await, [first]);
    room.clock.set(19 + KEPT_FOR.as_secs());
    assert_eq!(list().await.len(), 1);
    room.clock.set(21 + KEPT_FOR.as_secs());
    assert!(list().await.is_empty());
}

/// One of a newer version, say: what comes after it is read all the same.
#[tokio::test]
async fn an_entry_that_cannot_be_read_ends_nothing() {
    let room = room().await;
    let all: Vec<Entry> = (1..=3).map(|second| entry("demo", second, Deed::Paused)).collect();
    for one in &all {
        room.table.add_entry(one).await.unwrap();
    }
    room.tamper("T#demo", &all[1].id(), "v", 2).await;
    let first = room.table.list_entries(&"demo".into(), &Reading::After(None), 2).await.unwrap();
    assert_eq!((first.entries, first.more.clone()), (vec![all[0].clone()], Some(all[1].id())));
    let rest = Reading::After(first.more);
    let rest = room.table.list_entries(&"demo".into(), &rest, 2).await.unwrap();
    assert_eq!((rest.entries, rest.more), (vec![all[2].clone()], None));
}

#[tokio::test]
async fn an_entry_is_kept_once_though_the_first_answer_was_lost() {
    let room = room_that_loses_answers().await;
    room.table.add_entry(&bare(1)).await.unwrap();
    let again = room.table.add_entry(&bare(1)).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
}
