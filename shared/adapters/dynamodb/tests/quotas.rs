//! The common budget of a provider, drawn minute by minute.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::*;
use daybook_core::connection::Provider;
use daybook_core::quota::Quota;
use daybook_engine::ports::Quotas;

/// Draws one after the other: who, how much, when, and whether it was given.
async fn check(per_minute: u32, draws: &[(Provider, &str, u32, i64, bool)]) {
    let room = room().await;
    for (index, (provider, practice, wanted, second, expected)) in draws.iter().enumerate() {
        room.clock.set(*second);
        let practice = (*practice).into();
        let asked = room.table.draw(*provider, &practice, Quota { per_minute }, *wanted, at(*second));
        let (_, writes, answer) = room.cost(asked).await;
        assert_eq!(answer.unwrap(), *expected, "draw {index} of {per_minute} a minute");
        assert!(writes <= 1, "draw {index}: {writes} writes");
    }
}

#[tokio::test]
async fn one_practice_cannot_draw_all() {
    use Provider::{Google, Microsoft};
    check(
        200,
        &[
            (Google, "bulk", 80, 1_200, true),
            (Google, "bulk", 80, 1_201, true),
            (Google, "bulk", 50, 1_202, false),
            (Google, "bulk", 1, 1_202, false),
            (Google, "small", 30, 1_203, true),
            (Google, "other", 10, 1_204, true),
            (Google, "third", 1, 1_204, false),
            (Microsoft, "third", 100, 1_204, true),
            (Google, "bulk", 1, 1_259, false),
            (Google, "bulk", 160, 1_260, true),
            (Google, "third", 40, 1_319, true),
            (Google, "small", 1, 1_319, false),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_was_refused_is_not_counted() {
    let refused = (Provider::Google, "p", 90, 1_200, false);
    check(100, &[refused, refused, (Provider::Google, "p", 50, 1_200, true), refused]).await;
    check(1, &[(Provider::Google, "p", 50, 1_200, false), (Provider::Google, "p", 1, 1_200, true)]).await;
}

#[tokio::test]
async fn any_practice_s_name_is_a_part_of_its_own() {
    let draw = |practice| (Provider::Google, practice, 50, 1_200, true);
    check(1_000, &["total", "v", "expires_at", "p#total", "#", ":x", "a b"].map(draw)).await;
}

#[tokio::test]
async fn a_minute_is_forgotten_by_itself() {
    let room = room().await;
    room.table.draw(Provider::Google, &"p".into(), Quota { per_minute: 100 }, 1, at(1_200)).await.unwrap();
    assert_eq!(room.stored_number("Q#google#20", "QUOTA", "expires_at").await, Some(1_500));
    assert_eq!(room.stored_number("Q#google#20", "QUOTA", "total").await, Some(1));
}
