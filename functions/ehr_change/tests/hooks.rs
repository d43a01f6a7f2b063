//! The hook from its outside: who is let in, and what is left behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use std::sync::atomic::Ordering;

use serde_json::json;
use world::{NOW, SECRET, World, signed};

const HOOK: &str = "/hooks/ehr/demo";
const BODY: &str = r#"{"type":"appointment.updated","timestamp":"2026-10-12T13:05:11.204Z","data":{"id":"7001","version":"4","practitioner_id":"12","changed_fields":["start","end"]}}"#;
const BEARER: (&str, &str) = ("authorization", "Bearer MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

async fn post(world: &World, id: &str, body: &str) -> (u16, serde_json::Value) {
    let headers = signed(id, body);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, answer) = world.send("POST", HOOK, &headers, body.to_owned()).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn a_signed_hook_marks_the_practitioners_connection_once() {
    let world = World::new().await;
    let headers = [
        ("webhook-id", "evt_01JA0V3M8E7Q"),
        ("webhook-timestamp", "1791810312"),
        ("webhook-signature", "v1,NmYye+atm07GtYj3CwJUU97IPDkIVnMZTFMG/8XSLXk="),
    ];
    for _ in 0..2 {
        let (status, answer) = world.send("POST", HOOK, &headers, BODY).await;
        assert_eq!(status, 202);
        assert_eq!(answer, json!({"accepted": true, "id": "evt_01JA0V3M8E7Q"}));
    }
    assert_eq!(world.marks("one").await, (vec!["7001".to_owned()], 1));
    assert_eq!(world.marks("two").await, (vec![], 0));
    assert_eq!(world.queued.0.lock().unwrap().len(), 1);
    assert_eq!(world.polls(), 0, "nobody reads anything before the answer");
}

#[tokio::test]
async fn who_is_not_let_in() {
    let world = World::new().await;
    let good = signed("m", BODY);
    let headers: Vec<_> = good.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (wrong, _) = world.send("POST", HOOK, &headers, BODY.replace("7001", "7002")).await;
    assert_eq!(wrong, 401);
    assert_eq!(world.send("POST", HOOK, &[], BODY).await.0, 401);
    let (nowhere, problem) = world.send("POST", "/hooks/ehr/nobody", &headers, BODY).await;
    assert_eq!((nowhere.as_u16(), &problem["type"]), (404, &json!("/problems/not-found")));
    let large = " ".repeat(1024 * 1024 + 1);
    assert_eq!(world.send("POST", HOOK, &headers, large).await.0, 413);
    assert_eq!(world.send("GET", HOOK, &headers, BODY).await.0, 405);
    assert_eq!(post(&world, "n", "not json").await.0, 400);
    world.clock.0.store(NOW + 301, Ordering::Relaxed);
    assert_eq!(world.send("POST", HOOK, &headers, BODY).await.0, 401);
    assert_eq!(world.marks("one").await.1, 0);
}

#[tokio::test]
async fn what_each_type_does() {
    for (body, one, two, polls) in [
        (json!({"type": "ping"}), 0, 0, 0),
        (json!({"type": "tea.ready", "data": {"id": "1"}}), 0, 0, 0),
        (json!({"type": "appointment.created", "data": {"id": "1", "practitioner_id": "13"}}), 0, 1, 0),
        (json!({"type": "appointment.created", "data": {"id": "1"}}), 0, 0, 1),
        (json!({"type": "schedule.hours_changed", "data": {"practitioner_id": "12"}}), 1, 0, 0),
        (json!({"type": "practitioner.updated", "data": {"id": "12"}}), 1, 0, 0),
        (json!({"type": "practice.timezone_changed", "data": {}}), 1, 1, 0),
        (
            json!({"type": "appointment.updated", "data": [{"id": "1", "practitioner_id": "12"}, {"id": "2", "practitioner_id": "13"}]}),
            1,
            1,
            0,
        ),
    ] {
        let world = World::new().await;
        assert_eq!(post(&world, "m", &body.to_string()).await.0, 202, "{body}");
        let found = (world.marks("one").await.1, world.marks("two").await.1, world.polls());
        assert_eq!(found, (one, two, polls), "{body}");
    }
}

#[tokio::test]
async fn fhir_routes_take_the_secret_as_a_bearer_token() {
    let world = World::new().await;
    let handshake = json!({"resourceType": "Bundle", "type": "history", "entry": [{"resource":
        {"resourceType": "Parameters", "parameter": [
            {"name": "status", "valueCode": "requested"}, {"name": "type", "valueCode": "handshake"}]}}]});
    let changed = json!({"resourceType": "Bundle", "type": "subscription-notification", "entry": [{"resource":
        {"resourceType": "SubscriptionStatus", "status": "active", "type": "event-notification",
         "notificationEvent": [{"focus": {"reference": "Appointment/apt-1"}}]}}]});
    let put = "/hooks/ehr/demo/r4/s-12/Appointment/apt-9";
    for (method, path, body, status, polls) in [
        ("POST", "/hooks/ehr/demo/fhir", handshake.to_string(), 200, 0),
        ("POST", "/hooks/ehr/demo/fhir", changed.to_string(), 200, 1),
        ("POST", "/hooks/ehr/demo/fhir", "{}".into(), 400, 0),
        ("POST", "/hooks/ehr/nobody/fhir", handshake.to_string(), 404, 0),
        ("POST", "/hooks/ehr/demo/r4/s-12", String::new(), 202, 1),
        (
            "POST",
            "/hooks/ehr/demo/r4/s-12",
            json!({"resourceType": "Appointment", "id": "a"}).to_string(),
            202,
            1,
        ),
        ("PUT", put, "whatever".into(), 202, 1),
        ("POST", put, String::new(), 202, 1),
        ("DELETE", put, String::new(), 202, 1),
        ("GET", put, String::new(), 405, 0),
    ] {
        let before = world.polls();
        let (found, answer) = world.send(method, path, &[BEARER], body.clone()).await;
        assert_eq!(found, status, "{method} {path} {answer}");
        assert_eq!(world.polls() - before, polls, "{method} {path}");
        let (stranger, _) =
            world.send(method, path, &[("authorization", &format!("Bearer {SECRET}"))], body).await;
        assert!(matches!(stranger.as_u16(), 401 | 404 | 405), "{method} {path}");
    }
}
