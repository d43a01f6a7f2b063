//! Notifications: what is sent, when, and what an answer does.

use std::convert::Infallible;

use daybook_sandbox::cloud::Item;
use serde_json::json;

use crate::house::{House, Post};

fn numbers(posts: &[Post]) -> Vec<u64> {
    posts.iter().map(|post| post.header("X-Goog-Message-Number").parse().unwrap()).collect()
}

#[tokio::test]
async fn google_says_that_something_changed_and_nothing_else() {
    let house = House::google();
    let calendar = house.subscribe("ch-1");
    house.cloud.greet("ch-1");
    let greeting = house.delivered().await;
    assert_eq!((greeting[0].header("X-Goog-Resource-State"), numbers(&greeting)), ("sync", vec![1]));
    house.put(&calendar, "a");
    house.put(&calendar, "b");
    house.put(&house.primary("ben@clinic.example"), "c");
    let posts = house.delivered().await;
    assert_eq!(posts.len(), 1, "coalesced, and Ben's calendar is not watched");
    let post = &posts[0];
    for (name, value) in [
        ("X-Goog-Channel-ID", "ch-1"),
        ("X-Goog-Channel-Token", "s3cret"),
        ("X-Goog-Channel-Expiration", "Thu, 03 Dec 2026 15:00:00 GMT"),
        ("X-Goog-Resource-ID", "res-1"),
        ("X-Goog-Resource-URI", "the/resource"),
        ("X-Goog-Resource-State", "exists"),
    ] {
        assert_eq!(post.header(name), value);
    }
    assert_eq!((post.url.as_str(), post.body.as_str()), ("https://hooks.test/push", ""));
    for _ in 0..5 {
        house.put(&calendar, "a");
        let before = numbers(&posts)[0];
        assert!(numbers(&house.delivered().await)[0] > before);
    }
    let _: Result<(), Infallible> = house.cloud.change(|tx| {
        let mut gone = tx.world().calendars[&calendar].clone();
        gone.deleted = true;
        tx.put_calendar(gone);
        Ok(())
    });
    assert_eq!(house.delivered().await[0].header("X-Goog-Resource-State"), "not_exists");
}

#[tokio::test]
async fn microsoft_says_what_kind_of_change_in_one_post_and_says_updated_thrice() {
    let house = House::microsoft();
    let calendar = house.subscribe("sub-1");
    house.subscribe("sub-2");
    let item = house.put(&calendar, "a");
    house.put(&calendar, "a");
    let _: Result<Item, Infallible> =
        house.cloud.change(|tx| Ok(tx.put_item(Item { deleted: true, ..item })));
    let posts = house.delivered().await;
    assert_eq!(posts.len(), 1);
    let body = posts[0].json();
    let of = |subscription: &str| {
        let all =
            body["value"].as_array().unwrap().iter().filter(|one| one["subscriptionId"] == subscription);
        all.map(|one| one["changeType"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for subscription in ["sub-1", "sub-2"] {
        assert_eq!(of(subscription), ["created", "updated", "updated", "updated", "deleted"]);
    }
    let one = &body["value"][0];
    assert_eq!(
        (one["clientState"].as_str(), one["resourceData"]["@odata.type"].as_str()),
        (Some("s3cret"), Some("#Microsoft.Graph.Event"))
    );
    assert_eq!(one["subscriptionExpirationDateTime"], "2026-12-03T15:00:00+00:00");
    assert!(one["tenantId"].is_string());
}

#[tokio::test]
async fn answers_decide_about_another_attempt() {
    for (google, status, again) in [
        (true, 200, false),
        (true, 404, false),
        (true, 501, false),
        (true, 500, true),
        (true, 503, true),
        (true, 0, true),
        (false, 202, false),
        (false, 404, true),
        (false, 503, true),
        (false, 0, true),
    ] {
        let house = if google { House::google() } else { House::microsoft() };
        let calendar = house.subscribe("one");
        *house.receiver.status.lock().unwrap() = status;
        house.put(&calendar, "a");
        assert_eq!(house.delivered().await.len(), 1);
        assert_eq!(house.delivered().await.len(), 0, "not before its time");
        house.pass(1);
        assert_eq!(house.delivered().await.len(), usize::from(again), "google {google}, {status}");
    }
}

#[tokio::test]
async fn what_changes_while_a_message_waits_to_be_tried_again_is_told_anew() {
    let house = House::google();
    let calendar = house.subscribe("one");
    *house.receiver.status.lock().unwrap() = 503;
    house.put(&calendar, "a");
    house.delivered().await;
    house.put(&calendar, "b");
    assert_eq!(house.delivered().await.len(), 1);
}

#[tokio::test]
async fn microsoft_gives_up_after_four_hours_and_says_that_something_was_missed() {
    let house = House::microsoft();
    let calendar = house.subscribe("one");
    *house.receiver.status.lock().unwrap() = 503;
    house.put(&calendar, "a");
    house.delivered().await;
    house.pass(4 * 3600);
    house.delivered().await;
    *house.receiver.status.lock().unwrap() = 202;
    let posts = house.delivered().await;
    assert_eq!(posts[0].url, "https://hooks.test/lifecycle");
    assert_eq!(posts[0].json()["value"][0]["lifecycleEvent"], "missed");
}

#[tokio::test]
async fn nothing_is_sent_after_the_end_of_a_subscription() {
    let house = House::google();
    let calendar = house.subscribe("one");
    house.put(&calendar, "a");
    house.pass(7 * 24 * 3600);
    assert_eq!(house.delivered().await.len(), 0);
    house.put(&calendar, "b");
    assert_eq!(house.delivered().await.len(), 0);
}

#[tokio::test]
async fn a_failed_change_tells_nobody_and_leaves_nothing() {
    let house = House::google();
    let calendar = house.subscribe("one");
    let before = house.cloud.read(|world| (world.seq, world.items.clone()));
    let failed: Result<(), &str> = house.cloud.change(|tx| {
        tx.fresh("x");
        tx.put_item(Item::new(&calendar, "a", json!({})));
        tx.put_item(Item::new(&calendar, "a", json!({"again": true})));
        tx.remove_calendar(&calendar);
        Err("no")
    });
    assert_eq!(failed, Err("no"));
    assert!(house.cloud.read(|world| (world.seq, world.items.clone()) == before));
    assert!(house.cloud.read(|world| world.calendars.contains_key(&calendar)));
    assert_eq!(house.delivered().await.len(), 0);
}

#[tokio::test]
async fn notifications_can_be_lost_doubled_and_delayed() {
    for (switch, now, later) in [
        (json!("drop"), 0, 0),
        (json!("double"), 2, 0),
        (json!({"delay": 30}), 0, 1),
        (json!("normal"), 1, 0),
    ] {
        let house = House::google();
        let calendar = house.subscribe("one");
        house.control(json!({"notifications": switch})).await;
        house.put(&calendar, "a");
        assert_eq!(house.delivered().await.len(), now, "{switch}");
        house.pass(30);
        assert_eq!(house.delivered().await.len(), later, "{switch}");
    }
}
