//! Each function alone under AWS's own Runtime Interface Emulator, with events in the shape that AWS documents them
//! (`tests/data/lambda-events`). Its table, queue and secrets are a deployed stack's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::Path;

use daybook_tests::aws::{Alone, Stack};
use daybook_tests::outside::daybook::API_KEY;
use daybook_tests::outside::ehr::Ehr;
use daybook_tests::outside::hook::{Message, appointment_changed};
use daybook_tests::outside::town::Town;
use serde_json::{Value, json};

const BY_ORDER: [(&str, &str); 1] = [("DAYBOOK_SWEEP_SECONDS", "3600")];

struct Scene {
    stack: Stack,
    _ehr: Ehr,
    _data: tempfile::TempDir,
}

async fn scene() -> Option<Scene> {
    let data = tempfile::tempdir().unwrap();
    let ehr = Ehr::start(data.path()).await;
    let stack = Stack::open(&Town::open().await, &ehr.fhir_url(), &BY_ORDER).await?;
    Some(Scene { stack, _ehr: ehr, _data: data })
}

/// An event of the folder, with changes.
fn event(name: &str, changes: &Value) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/lambda-events/{name}.json"));
    let mut event: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    merge(&mut event, changes);
    event
}

fn merge(into: &mut Value, changes: &Value) {
    match changes.as_object() {
        Some(changes) => changes.iter().for_each(|(name, change)| merge(&mut into[name], change)),
        None => into.clone_from(changes),
    }
}

/// A request as the HTTP API hands it on.
fn request(method: &str, path: &str, changes: &Value) -> Value {
    let mut event = event(
        "http-api",
        &json!({
            "rawPath": path, "requestContext": {"http": {"method": method, "path": path}},
        }),
    );
    merge(&mut event, changes);
    event
}

/// The door answers these with these; afterwards it still does.
async fn answers(function: &str, cases: Vec<(Value, u64)>) {
    let Some(scene) = scene().await else { return };
    let Some(alone) = Alone::start(&scene.stack, function).await else { return };
    for (event, expected) in cases {
        let answer = alone.invoke(&event).await;
        assert_eq!(answer["statusCode"], expected, "{function}, {}: {answer}", event["rawPath"]);
    }
    for odd in [json!(null), json!({"version": "2.0"}), json!([1]), json!("text")] {
        let answer = alone.invoke(&odd).await;
        let is_refused = answer["errorType"].is_string() || answer["statusCode"].as_u64() >= Some(400);
        assert!(is_refused, "{function} took {odd}: {answer}");
    }
    alone.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_answers() {
    let key = json!({"headers": {"authorization": format!("Bearer {API_KEY}")}});
    let body = json!({
        "headers": {"authorization": format!("Bearer {API_KEY}"), "content-type": "application/json"},
        "isBase64Encoded": true, "body": "eyJwcmFjdGl0aW9uZXJfaWQiOiI/In0=",
    });
    let list = "/v1/practices/demo/connections";
    answers(
        "settings",
        vec![
            (request("GET", "/health", &json!({})), 200),
            (request("GET", "/openapi.json", &json!({})), 200),
            (request("GET", list, &json!({})), 401),
            (request("GET", list, &key), 200),
            (request("POST", list, &body), 422),
            (request("GET", &format!("{list}/nobody"), &key), 404),
            (request("GET", "/v1/nothing", &key), 404),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn availability_answers() {
    let key = json!({"headers": {"authorization": format!("Bearer {API_KEY}")}});
    let free = "/v1/practices/demo/practitioners/prac-1/availability";
    answers("availability", vec![(request("GET", free, &json!({})), 401), (request("GET", free, &key), 404)])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ehr_change_answers() {
    let body = appointment_changed("a1", "prac-1").to_string();
    let signed = |message: &Message| {
        json!({"body": message.body, "isBase64Encoded": false, "headers": {
            "content-type": "application/json", "webhook-id": message.id,
            "webhook-timestamp": message.at, "webhook-signature": message.signature,
        }})
    };
    let good = Message::new("m1", &body);
    let large = Message::new("m2", &format!("{{\"type\":\"{}\"}}", "x".repeat(2 << 20)));
    let hook = "/hooks/ehr/demo";
    answers(
        "ehr_change",
        vec![
            (request("POST", hook, &json!({})), 401),
            (request("POST", hook, &signed(&good)), 202),
            (request("POST", hook, &signed(&good)), 202),
            (request("POST", hook, &signed(&Message::new("m3", "{"))), 400),
            (request("POST", hook, &signed(&large)), 413),
            (request("GET", hook, &json!({})), 405),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_webhook_answers() {
    let handshake = json!({"rawQueryString": "validationToken=a%20b%3C", "queryStringParameters": {"validationToken": "a b<"}});
    let json =
        json!({"headers": {"content-type": "application/json"}, "body": "{", "isBase64Encoded": false});
    answers(
        "provider_webhook",
        vec![
            (request("POST", "/webhooks/google", &json!({})), 204),
            (request("POST", "/webhooks/microsoft", &handshake), 200),
            (request("POST", "/webhooks/microsoft", &json), 400),
            (request("POST", "/webhooks/microsoft/lifecycle", &handshake), 200),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_callback_answers() {
    let guess = json!({
        "rawQueryString": "state=guess&code=guess", "queryStringParameters": {"state": "guess", "code": "guess"},
        "cookies": ["daybook_sign_in_guess=guess", "theme=dark"],
    });
    answers(
        "oauth_callback",
        vec![
            (request("GET", "/oauth/google/callback", &guess), 410),
            (request("GET", "/oauth/google/callback", &json!({})), 410),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn window_sweep_takes_its_shard_and_no_other() {
    let Some(scene) = scene().await else { return };
    let Some(alone) = Alone::start(&scene.stack, "window_sweep").await else { return };
    for shard in 0..8 {
        let answer = alone.invoke(&event("schedule", &json!({"shard": shard}))).await;
        assert_eq!(answer, json!(null), "{shard}");
    }
    for odd in [json!({"shard": 8}), json!({"shard": "0"}), json!({}), json!(null)] {
        let answer = alone.invoke(&odd).await;
        assert!(answer["errorMessage"].is_string(), "{odd}: {answer}");
    }
    alone.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_worker_names_the_messages_that_are_to_come_again() {
    let Some(scene) = scene().await else { return };
    let Some(alone) = Alone::start(&scene.stack, "sync_worker").await else { return };
    let gone = json!({
        "v": 1, "practice": "demo", "connection": "gone", "cause": "ehr",
        "correlation": "c-1", "since": "2026-01-01T00:00:00Z",
    });
    for (body, failures) in
        [(gone.to_string(), 0), ("{".to_owned(), 1), (String::new(), 1), (json!({"v": 99}).to_string(), 1)]
    {
        let mut event = event("queue", &json!({}));
        event["Records"][0]["body"] = json!(body);
        let answer = alone.invoke(&event).await;
        let named = answer["batchItemFailures"].as_array().unwrap_or_else(|| panic!("{body}: {answer}"));
        assert_eq!(named.len(), failures, "{body}: {answer}");
        assert!(
            named.iter().all(|one| one["itemIdentifier"] == event["Records"][0]["messageId"]),
            "{answer}"
        );
    }
    let answer = alone.invoke(&json!({"Records": "many"})).await;
    assert!(answer["errorMessage"].is_string(), "{answer}");
    alone.assert_calm();
}
