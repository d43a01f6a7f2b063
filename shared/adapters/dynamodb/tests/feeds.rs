//! Feeds, against the embedded table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::lost_answers::room_that_loses_answers;
use common::*;
use daybook_core::detail::Detail;
use daybook_core::feed::{Feed, Shown};
use daybook_core::key::Fingerprint;
use daybook_core::proof::Proof;
use daybook_engine::ports::{Feeds, StoreError};

fn feed(practitioner: &str, secret: &str) -> Feed {
    Feed {
        practice: "a#b".into(),
        practitioner: practitioner.into(),
        secret: Proof::of(secret),
        detail: Detail::Appointment,
        made_at: at(1_000),
        fetched_at: None,
        shown: None,
    }
}

#[tokio::test]
async fn only_the_newest_secret_opens_a_feed() {
    let room = room().await;
    let of = |secret| room.table.feed_opened_by(Proof::of(secret));
    let (first, second) = (feed("p#1", "one"), feed("p#1", "two"));
    assert_eq!(of("one").await.unwrap(), None);
    room.table.put_feed(&first, None).await.unwrap();
    let (reads, writes, found) = room.cost(of("one")).await;
    assert_eq!((reads, writes, found.unwrap()), (2, 0, Some(first.clone())));
    assert_eq!(of("two").await.unwrap(), None);
    room.table.put_feed(&second, Some(first.secret)).await.unwrap();
    assert_eq!(of("one").await.unwrap(), None);
    assert_eq!(of("two").await.unwrap(), Some(second.clone()));
    room.table.put_feed(&feed("p", "three"), None).await.unwrap();
    room.table.remove_feed(&second).await.unwrap();
    assert_eq!(of("two").await.unwrap(), None);
    assert_eq!(room.table.find_feed(&"a#b".into(), &"p#1".into()).await.unwrap(), None);
    assert_eq!(of("three").await.unwrap(), Some(feed("p", "three")), "another's stays");
    room.table.put_feed(&feed("a#c", "four"), None).await.unwrap();
    let (reads, writes, all) = room.cost(room.table.list_feeds(&"a#b".into())).await;
    assert_eq!((reads, writes, all.unwrap()), (1, 0, vec![feed("a#c", "four"), feed("p", "three")]));
    assert_eq!(room.table.list_feeds(&"a".into()).await.unwrap(), []);
    room.table.remove_feed(&second).await.unwrap();
}

#[tokio::test]
async fn of_two_at_once_the_first_stays() {
    let room = room().await;
    let (one, two) = (feed("p", "one"), feed("p", "two"));
    room.table.put_feed(&one, None).await.unwrap();
    for replaces in [None, Some(Proof::of("three"))] {
        let late = room.table.put_feed(&two, replaces).await;
        assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    }
    let late = room.table.remove_feed(&two).await;
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    assert_eq!(room.table.feed_opened_by(Proof::of("two")).await.unwrap(), None);
    assert_eq!(room.table.feed_opened_by(Proof::of("one")).await.unwrap(), Some(one));
}

#[tokio::test]
async fn a_fetch_is_noted_on_the_feed_that_was_fetched() {
    let room = room().await;
    let made = feed("p", "one");
    room.table.put_feed(&made, None).await.unwrap();
    let print = Fingerprint::from_bytes(&[3; 17]).unwrap();
    let shown = Some(Shown { print, since: at(1_500) });
    let fetched = Feed { fetched_at: Some(at(1_501)), shown, ..made };
    let (reads, writes, noted) = room.cost(room.table.note_fetch(&fetched)).await;
    assert_eq!((reads, writes, noted.is_ok()), (0, 1, true));
    assert_eq!(room.table.find_feed(&"a#b".into(), &"p".into()).await.unwrap(), Some(fetched.clone()));
    room.table.put_feed(&feed("p", "two"), Some(fetched.secret)).await.unwrap();
    let late = room.table.note_fetch(&fetched).await;
    assert!(matches!(late, Err(StoreError::Missing { .. })), "{late:?}");
    room.table.remove_feed(&feed("p", "two")).await.unwrap();
    let gone = room.table.note_fetch(&fetched).await;
    assert!(matches!(gone, Err(StoreError::Missing { .. })), "and makes no row: {gone:?}");
}

#[tokio::test]
async fn a_feed_is_made_though_the_first_answer_was_lost() {
    let room = room_that_loses_answers().await;
    room.table.put_feed(&feed("p", "one"), None).await.unwrap();
    room.table.put_feed(&feed("p", "two"), Some(Proof::of("one"))).await.unwrap();
    assert_eq!(room.table.feed_opened_by(Proof::of("two")).await.unwrap(), Some(feed("p", "two")));
    let late = room.table.put_feed(&feed("p", "three"), Some(Proof::of("one"))).await;
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
}
