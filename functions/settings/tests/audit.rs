//! The audit trail at the door: who did what, how it went, and what never stands in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use serde_json::{Value, json};
use world::launch::{claims, token};
use world::{CONNECTIONS, PASSWORD, PLATFORM, World};

const AUDIT: &str = "/v1/practices/demo/audit";

async fn entries(world: &World) -> Vec<Value> {
    let answer = world.ask("GET", AUDIT, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["items"].as_array().unwrap().clone()
}

/// Actor, deed, outcome.
fn lines(entries: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |one: &Value| {
        format!(
            "{} {} {} {}",
            text(&one["actor"]),
            text(&one["actor_id"]),
            text(&one["deed"]),
            text(&one["outcome"])
        )
    };
    entries.iter().map(line).collect()
}

#[tokio::test]
async fn what_the_api_is_asked_to_do_is_kept() {
    let world = World::new().await;
    let made = world.connected(json!({"start": "when_confirmed"})).await;
    let actor = [("daybook-actor", "User/9")];
    for command in ["start", "pause", "resume", "sync", "confirm-deletions"] {
        world.ask_with("POST", &format!("{made}/{command}"), None, &actor).await;
    }
    let patch = json!({"detail": "appointment", "window": {"past_days": 1, "future_days": 30}});
    world.ask_with("PATCH", &made, Some(patch), &[("daybook-actor", "ada@example.org")]).await;
    world.ask("GET", &made, None).await;
    world.ask("POST", &format!("{made}/preview"), None).await;
    world.ask("DELETE", &format!("{CONNECTIONS}/Jane-Doe"), None).await;
    world.ask("DELETE", &made, None).await;
    world.ask("POST", &format!("{made}/pause"), None).await;
    let kept = entries(&world).await;
    let expected = [
        "practice_key - connection.made done",
        "practice_key - connection.signed_in done",
        "practice_key User/9 connection.started done",
        "practice_key User/9 connection.paused done",
        "practice_key User/9 connection.resumed done",
        "practice_key User/9 connection.sync_asked done",
        "practice_key User/9 connection.deletions_confirmed done",
        "practice_key - connection.settings_changed done",
        "practice_key - connection.disconnected refused",
        "practice_key - connection.disconnected done",
        "practice_key - connection.paused refused",
    ];
    let mut found = lines(&kept);
    // The clock of this world stands still, so that only the chance in their names orders them.
    found.sort_unstable();
    let mut sorted = expected.map(str::to_owned);
    sorted.sort_unstable();
    assert_eq!(found, sorted);
    let changed = kept.iter().find(|one| one["deed"] == "connection.settings_changed").unwrap();
    assert_eq!(changed["changed"], json!(["window", "detail"]));
    assert_eq!(changed["practitioner_id"], "prac-1");
    let id = made.rsplit('/').next().unwrap();
    assert_eq!(changed["connection_id"], id);
    let whole = Value::from(kept).to_string();
    for word in ["Jane", "ada", PASSWORD, "127.0.0.1", "calendars.example.org", "@"] {
        assert!(!whole.contains(word), "{word} in {whole}");
    }
}

#[tokio::test]
async fn a_repetition_under_one_key_is_one_deed() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    let before = entries(&world).await.len();
    for _ in 0..2 {
        world.ask_with("POST", &format!("{made}/pause"), None, &[("idempotency-key", "k1")]).await;
    }
    assert_eq!(entries(&world).await.len(), before + 1);
}

#[tokio::test]
async fn a_policy_is_told_by_its_parts() {
    let world = World::new().await;
    let platform = format!("Bearer {PLATFORM}");
    let headers = [("authorization", platform.as_str()), ("daybook-actor", "op-1")];
    let attested = json!([{"domain": "clinic.example", "attested_by": "Ada Lovelace"}]);
    let capped = json!({"policy": {"detail_cap": "busy", "attestations": attested}});
    for (practice, body) in
        [("demo", capped), ("demo", json!({"policy": {}})), ("nobody", json!({"policy": {}}))]
    {
        world.ask_with("PUT", &format!("/v1/practices/{practice}"), Some(body), &headers).await;
    }
    let kept = entries(&world).await;
    let mut found = lines(&kept);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "platform_key op-1 attestation.given done",
            "platform_key op-1 attestation.withdrawn done",
            "platform_key op-1 policy.changed done",
            "platform_key op-1 policy.changed done",
            "platform_key op-1 practice.set done",
            "platform_key op-1 practice.set done",
        ]
    );
    let changes = kept.iter().filter(|one| one["deed"] == "policy.changed");
    assert!(changes.clone().all(|one| one["changed"] == json!(["detail_cap", "attestations"])), "{kept:?}");
    assert!(kept.iter().filter(|one| one["domain"] == "clinic.example").count() == 2, "{kept:?}");
    assert!(!Value::from(kept).to_string().contains("Ada"));
}

#[tokio::test]
async fn launches_are_kept_where_the_ehr_has_signed_them() {
    let world = World::new().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let good = token("demo", &claims(json!({})));
    for signed in [
        good.clone(),
        good,
        token("demo", &claims(json!({"role": "delegate", "act": {"sub": "User/9"}}))),
        token("demo", &claims(json!({"role": "practice_admin", "sub": "User/1"}))),
        token("demo", &claims(json!({"sub": "Practitioner/stranger"}))),
        token("demo", &claims(json!({"iat": 1, "nbf": 1, "exp": 100}))),
        token("other", &claims(json!({"role": "owner"}))),
        "a.b.c".into(),
    ] {
        world.ask_raw("POST", "/launch", format!("launch_token={signed}"), &form).await;
    }
    let mut found = lines(&entries(&world).await);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "administrator User/1 launch.opened done",
            "clinician Practitioner/prac-1 launch.opened done",
            "delegate User/9 launch.opened done",
            "stranger - launch.refused refused",
        ]
    );
}

#[tokio::test]
async fn the_trail_is_read_page_by_page_and_only_by_its_practice() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    for _ in 0..101 {
        world.ask("POST", &format!("{made}/sync"), None).await;
    }
    let first = world.ask("GET", AUDIT, None).await;
    let next = first.body["next"].as_str().unwrap();
    let second = world.ask("GET", &format!("{AUDIT}?after={next}"), None).await;
    let (some, rest) = (first.body["items"].as_array().unwrap(), second.body["items"].as_array().unwrap());
    assert_eq!((some.len(), rest.len(), &second.body["next"]), (100, 4, &Value::Null));
    assert!(rest.iter().all(|one| !some.contains(one)));
    for (query, status) in [
        ("?after=2026-10-12T13:05:11Z", 200),
        ("?after=yesterday", 422),
        ("?before=2026-10-12T13:05:11Z", 422),
    ] {
        assert_eq!(world.ask("GET", &format!("{AUDIT}{query}"), None).await.status, status, "{query}");
    }
    let later = world.ask("GET", &format!("{AUDIT}?after=2026-10-13T00:00:00Z"), None).await;
    assert_eq!(later.body, json!({"items": [], "next": null}));
    assert_eq!(world.ask("GET", "/v1/practices/other/audit", None).await.status, 404);
}
