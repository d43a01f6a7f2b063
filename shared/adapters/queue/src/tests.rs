//! The rules of the queue, on a clock that only moves when everybody waits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::time::Duration;

use daybook_engine::ports::{Cause, ConnectionRef};
use tokio::time::timeout;

use super::*;

fn request(connection: &str, correlation: &str) -> Request {
    Request {
        connection: ConnectionRef { practice: "demo".into(), id: connection.into() },
        cause: Cause::Ehr,
        correlation: correlation.into(),
        since: jiff::Timestamp::UNIX_EPOCH,
    }
}

async fn filled(requests: &[(&str, &str)]) -> InProcessQueue {
    let queue = InProcessQueue::new();
    for (connection, correlation) in requests {
        queue.send(request(connection, correlation)).await.unwrap();
    }
    queue
}

async fn next(queue: &InProcessQueue) -> Option<Delivery> {
    timeout(Duration::from_millis(100), queue.receive()).await.ok()
}

fn name(delivery: &Delivery) -> String {
    format!("{} {}", delivery.request().connection.id, delivery.request().correlation)
}

#[tokio::test(start_paused = true)]
async fn in_order_and_one_at_a_time_within_a_connection() {
    let queue = filled(&[("a", "1"), ("a", "2"), ("a", "3")]).await;
    for expected in ["a 1", "a 2", "a 3"] {
        let delivery = next(&queue).await.unwrap();
        assert_eq!(name(&delivery), expected);
        assert!(next(&queue).await.is_none(), "{expected} is in flight");
        delivery.done();
    }
    assert_eq!(queue.depth(), 0);
    assert!(next(&queue).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn connections_go_side_by_side_and_take_turns() {
    let queue = filled(&[("a", "1"), ("a", "2"), ("b", "1"), ("c", "1")]).await;
    let (a, b, c) = (queue.receive().await, queue.receive().await, queue.receive().await);
    assert_eq!([&a, &b, &c].map(name), ["a 1", "b 1", "c 1"]);
    queue.send(request("b", "2")).await.unwrap();
    b.done();
    a.done();
    assert_eq!([queue.receive().await, queue.receive().await].map(|d| name(&d)), ["b 2", "a 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_dropped_comes_again_before_those_behind_it() {
    let queue = filled(&[("a", "1"), ("a", "2"), ("b", "1")]).await;
    drop(queue.receive().await);
    let other = next(&queue).await.unwrap();
    assert_eq!(name(&other), "b 1", "others do not wait for it");
    assert!(next(&queue).await.is_none(), "not at once");
    let again = queue.receive().await;
    assert_eq!(name(&again), "a 1");
    again.done();
    assert_eq!(name(&queue.receive().await), "a 2");
}

#[tokio::test(start_paused = true)]
async fn after_five_receives_it_is_given_up_and_the_next_one_comes() {
    let queue = filled(&[("a", "1"), ("a", "2")]).await;
    let started = Instant::now();
    let mut pauses = Vec::new();
    for _ in 0..5 {
        let delivery = queue.receive().await;
        assert_eq!(name(&delivery), "a 1");
        pauses.push(started.elapsed().as_secs());
    }
    assert_eq!(pauses, [0, 1, 3, 7, 15], "each pause is twice as long");
    assert_eq!(queue.dead_letters(), 1);
    assert_eq!(name(&next(&queue).await.unwrap()), "a 2");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_woken() {
    let queue = InProcessQueue::new();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { name(&queue.receive().await) })
        })
        .collect();
    tokio::task::yield_now().await;
    for connection in ["a", "b", "c"] {
        queue.send(request(connection, "1")).await.unwrap();
    }
    let mut got = Vec::new();
    for task in waiting {
        got.push(timeout(Duration::from_mins(1), task).await.unwrap().unwrap());
    }
    got.sort();
    assert_eq!(got, ["a 1", "b 1", "c 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_loses_nothing() {
    let queue = InProcessQueue::new();
    for n in 0..10 {
        assert!(timeout(Duration::from_millis(1), queue.receive()).await.is_err());
        queue.send(request("a", &n.to_string())).await.unwrap();
        queue.receive().await.done();
    }
    assert_eq!(queue.depth(), 0);
}
