//! Sign-ins, subscriptions, accounts and the right to refresh, against the embedded table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::lost_answers::room_that_loses_answers;
use common::*;
use daybook_core::connection::{AccountName, Provider};
use daybook_core::proof::Proof;
use daybook_engine::ports::vault::{SealedRow, SealedRows};
use daybook_engine::ports::{
    ConnectionRef, Connections, SignInVisit, SignIns, Stage, StoreError, SubscriptionRow, Subscriptions,
};

const DAY: i64 = 86_400;

fn visit(nonce: &str) -> SignInVisit {
    SignInVisit {
        nonce: nonce.into(),
        at: ConnectionRef { practice: "a#b".into(), id: "c1".into() },
        browser: Proof::of("cookie"),
        stage: Stage::Opened,
        expires_at: "1970-01-01T00:26:40.123456789Z".parse().unwrap(), // second 1,600
    }
}

fn subscription(provider: Provider, id: &str) -> SubscriptionRow {
    SubscriptionRow {
        provider,
        id: id.into(),
        at: name("c1"),
        calendar: "ada@example.test".into(),
        secret: Proof::of("secret"),
        expires_at: at(1_600),
    }
}

#[tokio::test]
async fn a_link_is_opened_once_and_goes_forward_only() {
    let room = room().await;
    assert_eq!(room.table.find_visit("n#1").await.unwrap(), None);
    room.table.begin_visit(&visit("n#1")).await.unwrap();
    let thief = SignInVisit { browser: Proof::of("other"), ..visit("n#1") };
    let again = room.table.begin_visit(&thief).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    assert_eq!(room.table.find_visit("n#1").await.unwrap(), Some(visit("n#1")));
    assert_eq!(room.table.find_visit("n").await.unwrap(), None);
    for (from, to, moved, stands) in [
        (Stage::Sent, Stage::Ended, false, Stage::Opened),
        (Stage::Opened, Stage::Sent, true, Stage::Sent),
        (Stage::Opened, Stage::Sent, false, Stage::Sent),
        (Stage::Sent, Stage::Ended, true, Stage::Ended),
        (Stage::Sent, Stage::Ended, false, Stage::Ended),
    ] {
        let (reads, writes, done) = room.cost(room.table.move_visit("n#1", from, to)).await;
        let looked = u64::from(!moved);
        assert_eq!((reads, writes, done.is_ok()), (looked, 1, moved), "{from:?} {to:?}");
        assert!(moved || matches!(done, Err(StoreError::Stale { .. })), "{done:?}");
        assert_eq!(room.table.find_visit("n#1").await.unwrap().unwrap().stage, stands);
    }
    let nobody = room.table.move_visit("n#9", Stage::Opened, Stage::Sent).await;
    assert!(matches!(nobody, Err(StoreError::Stale { .. })), "{nobody:?}");
}

#[tokio::test]
async fn of_two_browsers_that_race_one_begins() {
    let room = room().await;
    let other = SignInVisit { browser: Proof::of("other"), ..visit("n") };
    let first = visit("n");
    let (one, two) = tokio::join!(room.table.begin_visit(&first), room.table.begin_visit(&other));
    assert_ne!(one.is_ok(), two.is_ok());
}

#[tokio::test]
async fn a_visit_outlives_its_link_and_is_then_forgotten() {
    let room = room().await;
    room.table.begin_visit(&visit("n")).await.unwrap();
    for (second, there) in [(1_601, true), (1_599 + DAY, true), (1_600 + DAY, false)] {
        room.clock.set(second);
        assert_eq!(room.table.find_visit("n").await.unwrap().is_some(), there, "{second}");
    }
    assert_eq!(room.embedded.delete_expired().unwrap(), 1);
}

#[tokio::test]
async fn e_019_a_subscription_is_found_in_one_read_until_some_days_after_its_end() {
    let room = room().await;
    let (google, microsoft) = (Provider::Google, Provider::Microsoft);
    room.table.put_subscription(&subscription(google, "s#1")).await.unwrap();
    let found = room.cost(room.table.find_subscription(google, &"s#1".into())).await;
    assert!(matches!(&found, (1, 0, Ok(Some(row))) if *row == subscription(google, "s#1")), "{found:?}");
    assert_eq!(room.table.find_subscription(microsoft, &"s#1".into()).await.unwrap(), None);
    assert_eq!(room.table.find_subscription(google, &"s".into()).await.unwrap(), None);

    let renewed =
        SubscriptionRow { expires_at: at(9_000), secret: Proof::of("newer"), ..subscription(google, "s#1") };
    room.table.put_subscription(&renewed).await.unwrap();
    assert_eq!(room.table.find_subscription(google, &"s#1".into()).await.unwrap(), Some(renewed));
    for (second, there) in [(9_001, true), (8_999 + 3 * DAY, true), (9_000 + 3 * DAY, false)] {
        room.clock.set(second);
        let found = room.table.find_subscription(google, &"s#1".into()).await.unwrap();
        assert_eq!(found.is_some(), there, "{second}");
    }
    room.clock.set(1_000);
    room.table.remove_subscription(google, &"s#1".into()).await.unwrap();
    room.table.remove_subscription(google, &"s#1".into()).await.unwrap();
    assert_eq!(room.table.find_subscription(google, &"s#1".into()).await.unwrap(), None);
}

/// They come with requests from anybody, before anything is proved.
#[tokio::test]
async fn names_of_any_form_are_looked_for_without_an_error() {
    let room = room().await;
    for name in ["", "#", "%", "ä", "\0", &"x".repeat(100_000)] {
        assert_eq!(room.table.find_visit(name).await.unwrap(), None, "{} bytes", name.len());
        let found = room.table.find_subscription(Provider::Google, &name.into()).await.unwrap();
        assert_eq!(found, None, "{} bytes", name.len());
    }
}

#[tokio::test]
async fn an_account_tells_who_uses_it_across_practices() {
    let room = room().await;
    let ada = account("ada#1");
    let renamed = AccountName { label: "new name".into(), ..ada.clone() };
    let elsewhere = ConnectionRef { practice: "other#".into(), id: "c1".into() };
    let note = async |at: &ConnectionRef, provider, account: &AccountName| {
        let (reads, writes, done) = room.cost(room.table.note_account(at, provider, account)).await;
        done.unwrap();
        assert_eq!((reads, writes), (0, 1));
    };
    note(&name("c1"), Provider::Google, &ada).await;
    note(&name("c1"), Provider::Google, &renamed).await;
    note(&elsewhere, Provider::Google, &ada).await;
    note(&name("c2"), Provider::Microsoft, &ada).await;
    note(&name("c3"), Provider::Google, &account("ada")).await;
    let using = async |provider, account: &AccountName| {
        let mut found = room.table.connections_using(provider, account).await.unwrap();
        found.sort();
        found
    };
    assert_eq!(using(Provider::Google, &renamed).await, [name("c1"), elsewhere.clone()]);
    assert_eq!(using(Provider::Microsoft, &ada).await, [name("c2")]);
    assert_eq!(using(Provider::Caldav, &ada).await, []);
    let (reads, ..) = room.cost(room.table.connections_using(Provider::Google, &ada)).await;
    assert_eq!(reads, 1);

    room.tamper("A#google#ada%231", "C#demo#c1", "v", 2).await;
    note(&name("c1"), Provider::Google, &ada).await;
    assert_eq!(using(Provider::Google, &ada).await.len(), 2, "a newer program's name counts too");
    for _ in 0..2 {
        room.table.forget_account(&elsewhere, Provider::Google, &ada).await.unwrap();
        assert_eq!(using(Provider::Google, &ada).await, [name("c1")]);
    }
}

#[tokio::test]
async fn e_003_one_refreshes_at_a_time() {
    let room = Room::with(&fresh("c1")).await;
    let c1 = name("c1");
    room.table.put_sealed(&c1, &SealedRow { version: 1, sealed: vec![1] }, None).await.unwrap();
    let claim = async |holder: &str, now: i64, until: i64| {
        let (reads, writes, claimed) =
            room.cost(room.table.claim_refresh(&c1, holder, at(now), at(until))).await;
        assert_eq!((reads, writes), (0, 1));
        claimed.unwrap()
    };
    assert!(claim("a", 10, 50).await);
    assert!(!claim("b", 11, 60).await, "held");
    assert!(claim("a", 12, 50).await, "its own answer was lost");
    assert!(!claim("b", 50, 90).await, "held to its very end");
    assert!(claim("b", 51, 90).await, "ran out");
    room.table.give_refresh_back(&c1, "a").await.unwrap();
    assert!(!claim("c", 52, 90).await, "a no longer holds it");
    room.table.give_refresh_back(&c1, "b").await.unwrap();
    room.table.give_refresh_back(&c1, "b").await.unwrap();
    assert!(claim("c", 53, 90).await);
    assert!(room.table.claim_refresh(&name("c2"), "d", at(54), at(90)).await.unwrap(), "each its own");
    assert!(room.table.acquire(&c1, &term("w", 90), at(54)).await.unwrap().is_some(), "apart from the lease");
    room.tamper("C#demo#c1", "REFRESH", "v", 2).await;
    assert!(!claim("e", 900, 990).await, "a newer program's claim is left alone");

    room.clock.set(90 + 60);
    assert_eq!(room.embedded.delete_expired().unwrap(), 2);
    assert!(room.table.find_sealed(&c1).await.unwrap().is_some());
}

#[tokio::test]
async fn of_two_that_refresh_at_once_one_may() {
    let room = room().await;
    let c1 = name("c1");
    let (one, two) = tokio::join!(
        room.table.claim_refresh(&c1, "a", at(1), at(50)),
        room.table.claim_refresh(&c1, "b", at(1), at(50)),
    );
    assert_ne!(one.unwrap(), two.unwrap());
}

#[tokio::test]
async fn rows_of_a_newer_version_are_left_alone() {
    let room = room().await;
    room.table.begin_visit(&visit("n")).await.unwrap();
    room.table.put_subscription(&subscription(Provider::Google, "s")).await.unwrap();
    room.tamper("S#n", "VISIT", "v", 2).await;
    room.tamper("W#google#s", "SUB", "v", 2).await;
    let found = room.table.find_visit("n").await;
    assert!(matches!(found, Err(StoreError::Unreadable { .. })), "{found:?}");
    let moved = room.table.move_visit("n", Stage::Opened, Stage::Sent).await;
    assert!(matches!(moved, Err(StoreError::Stale { .. })), "{moved:?}");
    let found = room.table.find_subscription(Provider::Google, &"s".into()).await;
    assert!(matches!(found, Err(StoreError::Unreadable { .. })), "{found:?}");
    let put = room.table.put_subscription(&subscription(Provider::Google, "s")).await;
    assert!(matches!(put, Err(StoreError::Unreadable { .. })), "{put:?}");
}

#[tokio::test]
async fn a_browser_whose_first_answer_was_lost_goes_on() {
    let room = room_that_loses_answers().await;
    room.table.begin_visit(&visit("n")).await.unwrap();
    let again = room.table.begin_visit(&visit("n")).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    for (from, to) in [(Stage::Opened, Stage::Sent), (Stage::Sent, Stage::Ended)] {
        room.table.move_visit("n", from, to).await.unwrap();
        let twice = room.table.move_visit("n", from, to).await;
        assert!(matches!(twice, Err(StoreError::Stale { .. })), "{twice:?}");
    }
}
