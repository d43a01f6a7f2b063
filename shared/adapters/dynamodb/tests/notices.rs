//! The outbox of notices: what a run has to tell comes with its release or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::*;
use daybook_core::connection::{ProblemKind, State};
use daybook_core::notice::{KEPT_FOR, News, Notice, Told, id_since};
use daybook_engine::ports::{Connections, Delivery, Due, NewNotice, NoticeRef, Notices, Release, StoreError};

fn notice(number: u64, second: i64, news: News) -> Notice {
    Notice {
        practice: "demo".into(),
        connection: "c1".into(),
        practitioner: "prac-1".into(),
        number,
        at: at(second),
        state: State::ReconnectRequired,
        news,
    }
}

fn name_of(notice: &Notice) -> NoticeRef {
    NoticeRef { practice: notice.practice.clone(), id: notice.id() }
}

fn all() -> Vec<Notice> {
    let conflict = || "c0ff1c7".to_owned();
    let news = [
        News::StateChanged,
        News::ReconnectRequired(ProblemKind::CredentialsRefused),
        News::BrakeEngaged,
        News::MirrorRestored { count: 3 },
        News::ConflictFound { conflict: conflict() },
        News::ConflictCleared { conflict: conflict() },
        News::ReviewDue,
    ];
    (1..).zip(news).map(|(number, news)| notice(number, 20, news)).collect()
}

fn telling(notices: Vec<Notice>) -> Release {
    let told = Told { number: notices.len() as u64, state: State::ReconnectRequired, ..Told::default() };
    let new = |notice| NewNotice { notice, offer_at: Some(at(20)) };
    Release { told, notices: notices.into_iter().map(new).collect(), ..left(&fresh("c1")) }
}

#[tokio::test]
async fn notices_come_with_the_release() {
    let room = Room::with(&fresh("c1")).await;
    let taken = room.table.acquire(&name("c1"), &term("a", 100), at(10)).await.unwrap().unwrap();
    let release = telling(all());
    room.table.release(&name("c1"), taken.generation, &release).await.unwrap();
    let stored = room.table.find_connection(&name("c1")).await.unwrap().unwrap();
    assert_eq!(stored.told, release.told);
    assert_eq!(room.table.list_notices(&"demo".into(), None, 100).await.unwrap(), all());
    let again = room.table.acquire(&name("c1"), &term("b", 100), at(10)).await.unwrap().unwrap();
    assert_eq!(again.connection.told, release.told, "and the lease was given back");
}

#[tokio::test]
async fn a_worker_that_was_overtaken_tells_nothing() {
    let room = Room::with(&fresh("c1")).await;
    let old = room.table.acquire(&name("c1"), &term("a", 100), at(10)).await.unwrap().unwrap();
    room.table.acquire(&name("c1"), &term("b", 300), at(200)).await.unwrap().unwrap();
    let released = room.table.release(&name("c1"), old.generation, &telling(all())).await;
    assert!(matches!(released, Err(StoreError::Stale { .. })), "{released:?}");
    assert!(room.table.list_notices(&"demo".into(), None, 100).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_command_that_came_between_does_not_lose_them() {
    let room = Room::with(&fresh("c1")).await;
    let taken = room.table.acquire(&name("c1"), &term("a", 100), at(10)).await.unwrap().unwrap();
    let paused = daybook_core::connection::Connection { version: 2, ..fresh("c1") };
    room.table.command_connection(&paused).await.unwrap();
    room.table.release(&name("c1"), taken.generation, &telling(all())).await.unwrap();
    assert_eq!(room.table.list_notices(&"demo".into(), None, 100).await.unwrap().len(), 7);
    let missing = room.table.release(&name("c9"), 1, &telling(all())).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");
}

#[tokio::test]
async fn they_are_due_until_they_are_taken_and_read_until_they_expire() {
    let room = Room::with(&fresh("c1")).await;
    let taken = room.table.acquire(&name("c1"), &term("a", 100), at(10)).await.unwrap().unwrap();
    let (first, second) = (notice(1, 20, News::StateChanged), notice(2, 30, News::BrakeEngaged));
    let release = telling(vec![first.clone(), second.clone()]);
    room.table.release(&name("c1"), taken.generation, &release).await.unwrap();
    assert_eq!(due(&room, 19).await, []);
    assert_eq!(due(&room, 20).await, [name_of(&first), name_of(&second)]);
    let waits = Delivery { attempts: 1, offer_at: Some(at(80)), taken_at: None };
    room.table.note_delivery(&name_of(&first), waits).await.unwrap();
    let taken = Delivery { attempts: 1, offer_at: None, taken_at: Some(at(21)) };
    room.table.note_delivery(&name_of(&second), taken).await.unwrap();
    assert_eq!(due(&room, 79).await, []);
    assert_eq!(due(&room, 80).await, [name_of(&first)]);
    let stored = room.table.find_notice(&name_of(&second)).await.unwrap().unwrap();
    assert_eq!((stored.notice, stored.delivery), (second.clone(), taken));
    let after = |after: String| {
        let table = room.table.clone();
        async move { table.list_notices(&"demo".into(), Some(&after), 1).await.unwrap() }
    };
    assert_eq!(after(first.id()).await, std::slice::from_ref(&second));
    assert_eq!(after(id_since(at(21))).await, std::slice::from_ref(&second));
    assert!(after(second.id()).await.is_empty());
    assert!(room.table.list_notices(&"other".into(), None, 9).await.unwrap().is_empty());
    room.clock.set(31 + KEPT_FOR.as_secs());
    assert!(room.table.list_notices(&"demo".into(), None, 9).await.unwrap().is_empty());
}

async fn due(room: &Room, second: i64) -> Vec<NoticeRef> {
    let mut found = Vec::new();
    for shard in 0..room.table.due_shards() {
        found.extend(room.table.list_due(shard, at(second), 100).await.unwrap());
    }
    let notices = found.into_iter().filter_map(|due| match due {
        Due::Notice(at) => Some(at),
        Due::Connection(_) | Due::Practice(_) => None,
    });
    let mut notices: Vec<NoticeRef> = notices.collect();
    notices.sort();
    notices
}
