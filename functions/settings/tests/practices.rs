//! A practice's policy over the API, with the platform's key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use serde_json::{Value, json};
use world::{Answer, CONNECTIONS, KEY, PLATFORM, World};

const DEMO: &str = "/v1/practices/demo";

async fn ask(world: &World, method: &str, path: &str, body: Option<Value>) -> Answer {
    world.ask_with(method, path, body, &[("authorization", &format!("Bearer {PLATFORM}"))]).await
}

#[tokio::test]
async fn a_policy_is_set_shown_and_set_again_without_effect() {
    let world = World::new().await;
    let before = ask(&world, "GET", DEMO, None).await;
    assert_eq!(
        (before.status.as_u16(), &before.body["policy"]["detail_cap"]),
        (200, &json!("full")),
        "{}",
        before.text
    );
    assert_eq!(before.body["policy_set_at"], Value::Null);
    let policy = json!({"policy": {"detail_cap": "initials", "providers": ["caldav"], "account_domains": ["127.0.0.1", "Clinic.Example"],
        "window": {"past_days": 30, "future_days": 400},
        "attestations": [{"domain": "clinic.example", "attested_by": "Avery Admin"}]}});
    let set = ask(&world, "PUT", DEMO, Some(policy.clone())).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let expected = json!({"detail_cap": "initials", "part2": false, "providers": ["caldav"],
        "account_domains": ["127.0.0.1", "clinic.example"], "window": {"past_days": 30, "future_days": 400},
        "feed": "allowed", "attestations": [{"domain": "clinic.example", "attested_by": "Avery Admin",
        "text_version": 1, "given_at": "2026-10-12T13:05:12.4Z", "expires_at": "2027-10-12T13:05:12.4Z"}]});
    assert_eq!(set.body["policy"], expected);
    assert_eq!(ask(&world, "PUT", DEMO, Some(policy)).await.body, set.body, "idempotent");
    assert_eq!(ask(&world, "GET", DEMO, None).await.body, set.body);
}

#[tokio::test]
async fn what_a_policy_forbids_is_refused_with_its_name() {
    let world = World::new().await;
    ask(&world, "PUT", DEMO, Some(json!({"policy": {"providers": ["google"]}}))).await;
    let refused = world.ask("POST", CONNECTIONS, Some(world::body(json!({})))).await;
    assert_eq!((refused.status.as_u16(), &refused.body["type"]), (403, &json!("/problems/not-allowed")));
    ask(&world, "PUT", DEMO, Some(json!({"policy": {"account_domains": ["clinic.example"]}}))).await;
    let refused = world.ask("POST", CONNECTIONS, Some(world::body(json!({})))).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    ask(&world, "PUT", DEMO, Some(json!({"policy": {"window": {"past_days": 7, "future_days": 90}}}))).await;
    let wider = json!({"window": {"past_days": 7, "future_days": 91}});
    let refused = world.ask("POST", CONNECTIONS, Some(world::body(wider))).await;
    assert_eq!((refused.status.as_u16(), &refused.body["errors"][0]["pointer"]), (422, &json!("/window")));
    ask(&world, "PUT", DEMO, Some(json!({"policy": {}}))).await;
    assert_eq!(world.ask("POST", CONNECTIONS, Some(world::body(json!({})))).await.status, 201);
}

#[tokio::test]
async fn part_2_is_told_with_its_reason() {
    let world = World::new().await;
    let path = world.connected(json!({"detail": "full"})).await;
    ask(&world, "PUT", DEMO, Some(json!({"policy": {"part2": true}}))).await;
    let seen = world.ask("GET", &path, None).await.body;
    assert_eq!((&seen["detail"], &seen["effective_detail"]), (&json!("full"), &json!("busy")));
    assert!(seen["effective_detail_reason"].as_str().unwrap().contains("Part 2"));
}

#[tokio::test]
async fn only_the_platforms_key_opens_it() {
    let world = World::new().await;
    for (key, path, status) in [
        (PLATFORM, DEMO, 200),
        (KEY, DEMO, 401),
        ("", DEMO, 401),
        ("nonsense", DEMO, 401),
        (PLATFORM, "/v1/practices/nobody", 404),
        (PLATFORM, CONNECTIONS, 401),
    ] {
        let bearer = format!("Bearer {key}");
        let answer = world.ask_with("GET", path, None, &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, status, "{key} {path} {}", answer.text);
    }
}

#[tokio::test]
async fn every_fault_of_a_policy_is_named() {
    let world = World::new().await;
    for (policy, pointer) in [
        (json!({"detail_cap": "everything"}), "/policy/detail_cap"),
        (json!({"bogus": 1}), "/policy/bogus"),
        (json!({"window": {"past_days": 0, "future_days": 0}}), "/policy/window"),
        (json!({"account_domains": ["a b"]}), "/policy/account_domains/0"),
        (
            json!({"attestations": [{"domain": "x.org", "attested_by": " "}]}),
            "/policy/attestations/0/attested_by",
        ),
        (
            json!({"attestations": [{"domain": "x.org", "attested_by": "A", "expires_at": "2020-01-01T00:00:00Z"}]}),
            "/policy/attestations/0/expires_at",
        ),
        (
            json!({"attestations": [{"domain": "x.org", "attested_by": "A"}, {"domain": "X.org", "attested_by": "B"}]}),
            "/policy/attestations/1/domain",
        ),
    ] {
        let refused = ask(&world, "PUT", DEMO, Some(json!({"policy": policy}))).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        let pointers: Vec<_> =
            refused.body["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
        assert!(pointers.contains(&json!(pointer)), "{pointers:?} {pointer}");
    }
}

#[tokio::test]
async fn who_asks_for_no_window_gets_what_the_practice_allows_of_the_usual_one() {
    let world = World::new().await;
    let narrow = json!({"policy": {"window": {"past_days": 3, "future_days": 45}}});
    ask(&world, "PUT", DEMO, Some(narrow)).await;
    let body = |id: &str, window: Value| {
        let mut body = json!({"practitioner_id": id, "provider": "google"});
        body.as_object_mut().unwrap().extend(window.as_object().cloned().unwrap());
        body
    };
    for (window, made) in [
        (json!({}), Some(json!({"past_days": 3, "future_days": 45}))),
        (json!({"window": {"past_days": 1}}), Some(json!({"past_days": 1, "future_days": 45}))),
        (json!({"window": {"past_days": 3, "future_days": 46}}), None),
        (json!({"window": {"past_days": 7, "future_days": 365}}), None),
    ] {
        let answer = world.ask("POST", CONNECTIONS, Some(body("prac-1", window.clone()))).await;
        let expected = if made.is_some() { 201 } else { 422 };
        assert_eq!(answer.status, expected, "{window}: {}", answer.text);
        assert_eq!(answer.body.get("window").cloned(), made, "{window}");
    }
}
