//! The notices again, at the door of the API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use world::World;

const NOTICES: &str = "/v1/practices/demo/notices";

#[tokio::test]
async fn where_to_go_on_is_a_notice_or_a_time() {
    let world = World::new().await;
    for (query, status) in [
        ("", 200),
        ("?after=2026-10-12T13:05:11Z", 200),
        ("?after=ntc_01791810311204_c1_00000007", 200),
        ("?after=yesterday", 422),
        ("?after=ntc_%23", 422),
        ("?before=ntc_01791810311204_c1_00000007", 422),
    ] {
        let answer = world.ask("GET", &format!("{NOTICES}{query}"), None).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
        if status == 200 {
            assert_eq!(answer.body, serde_json::json!({"items": [], "next": null}), "{query}");
        }
    }
    let others = world.ask("GET", "/v1/practices/other/notices", None).await;
    assert_eq!(others.status, 404, "{}", others.text);
}
