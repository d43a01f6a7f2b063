//! What strangers and broken neighbours send: each gets its answer, nobody else notices, and nothing is lost.

use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use daybook_tests::outside::hook::{Message, another_secret, appointment_changed};
use serde_json::{Value, json};

use super::one_way;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_to_the_hook_gets_its_answer() {
    let Some(scene) = one_way::scene().await else { return };
    let url = &scene.daybook.url;
    let body = appointment_changed("a1", "prac-1").to_string();
    let taken = Message::new("once", &body);
    let mut old = Message::new("old", &body);
    old.at = "1700000000".into();
    let mut changed = Message::new("changed", &body);
    changed.body = appointment_changed("a2", "prac-1").to_string();
    let large = format!(r#"{{"type":"appointment.updated","more":"{}"}}"#, "x".repeat(2 << 20));
    for (what, message, practice, expected) in [
        ("as it should be", taken.clone(), "demo", 2),
        ("the same once more", taken.clone(), "demo", 2),
        ("another's signature", Message::signed_with(&another_secret(), "m1", &body), "demo", 401),
        ("a changed body", changed, "demo", 401),
        ("long ago", old, "demo", 401),
        ("an unknown practice", Message::new("m2", &body), "nobody", 401),
        ("no JSON", Message::new("m3", "{\"type\":"), "demo", 400),
        ("no message", Message::new("m4", "[1,2]"), "demo", 400),
        ("an unknown type", Message::new("m5", r#"{"type":"weather.changed","data":{"id":9}}"#), "demo", 2),
        ("two megabytes", Message::new("m6", &large), "demo", 413),
    ] {
        let (status, answer) = message.post(url, practice).await;
        let is_expected = if expected == 2 { (200..300).contains(&status) } else { status == expected };
        // A stranger need not learn which practices there are.
        let is_unknown = what == "an unknown practice" && status == 404;
        assert!(is_expected || is_unknown, "{what}: {status} {answer}");
        assert!(status < 400 || answer["type"].is_string(), "{what} is no problem document: {answer}");
    }
    // And all the while it works.
    let start = at(2, 900);
    scene.ehr.book("a1", &start, &at(2, 950)).await;
    let connection = scene.daybook.connect(&scene.meter.url(), &json!({})).await;
    scene.shows(&connection, &[&start]).await;
    assert_eq!(scene.daybook.stack().dead_letters().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_at_the_other_doors_are_refused() {
    let Some(scene) = one_way::scene().await else { return };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let large = "x".repeat(2 << 20);
    for (method, path, headers, body, expected) in [
        ("GET", "/v1/practices/demo/connections", &[][..], "", 401),
        ("GET", "/v1/practices/demo/connections", &[("authorization", "Bearer guess")], "", 401),
        ("GET", "/v1/practices/nobody/connections", &[("authorization", "Bearer guess")], "", 401),
        ("GET", "/nothing/here", &[], "", 404),
        ("GET", "/.env", &[], "", 404),
        ("POST", "/webhooks/microsoft?validationToken=a%20b", &[], "", 200),
        ("POST", "/webhooks/microsoft", &[("content-type", "application/json")], "{", 400),
        ("POST", "/webhooks/google", &[], "", 204),
        (
            "POST",
            "/webhooks/google",
            &[
                ("x-goog-channel-id", "guess"),
                ("x-goog-channel-token", "guess"),
                ("x-goog-resource-state", "exists"),
            ],
            "",
            204,
        ),
        ("POST", "/webhooks/microsoft", &[("content-type", "application/json")], &large, 413),
        ("GET", "/oauth/google/callback?state=guess&code=guess", &[], "", 410),
        ("GET", "/health", &[], "", 200),
        ("GET", "/openapi.json", &[], "", 200),
    ] {
        let mut request = client.request(method.parse().unwrap(), format!("{}{path}", scene.daybook.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body.to_owned()).send().await.unwrap();
        let status = answer.status().as_u16();
        assert_eq!(status, expected, "{method} {path}: {}", answer.text().await.unwrap());
    }
    assert_eq!(scene.daybook.stack().queue_depth().await, 0, "nobody was believed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_message_becomes_a_dead_letter_and_holds_up_nobody() {
    let Some(scene) = one_way::scene().await else { return };
    let stack = scene.daybook.stack();
    stack.hurry();
    let bodies =
        ["", "{", "[]", r#"{"v":1}"#, r#"{"v":99,"practice":"demo","connection":"c"}"#, "Quillfeather"];
    for (n, body) in bodies.iter().enumerate() {
        let body = if body.is_empty() { " " } else { body };
        let message = json!({
            "QueueUrl": stack.queue(), "MessageBody": body,
            "MessageGroupId": format!("demo/poison-{n}"), "MessageDeduplicationId": format!("poison-{n}"),
        });
        stack.client().call("sqs", "AmazonSQS.SendMessage", &message).await;
    }
    let start = at(2, 900);
    scene.ehr.book("a1", &start, &at(2, 950)).await;
    let connection = scene.daybook.connect(&scene.meter.url(), &json!({})).await;
    scene.shows(&connection, &[&start]).await;
    let count = u64::try_from(bodies.len()).unwrap();
    eventually("all are dead letters", || async { stack.dead_letters().await == count }).await;
    assert_eq!(stack.queue_depth().await, 0);
    let (status, _) = scene.daybook.call("GET", "/health", None).await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_no_known_shape_fail_and_hurt_nobody() {
    let Some(scene) = one_way::scene().await else { return };
    let stack = scene.daybook.stack();
    let odd = [
        json!(null),
        json!({}),
        json!([]),
        json!("text"),
        json!({"Records": [{}]}),
        json!({"shard": 99}),
        json!({"shard": "0"}),
    ];
    for function in [
        "availability",
        "ehr_change",
        "oauth_callback",
        "provider_webhook",
        "settings",
        "sync_worker",
        "window_sweep",
    ] {
        for event in &odd {
            let invoked = stack.invoke(function, event).await;
            let is_refused = invoked.failed || refuses(&invoked.answer);
            assert!(is_refused, "{function} took {event}: {}", invoked.answer);
        }
    }
    stack.sweep().await;
    assert_eq!(scene.daybook.call("GET", "/v1/practices/demo/connections", None).await.0, 200);
}

/// An error status, a message that is to come again, or nothing done where there was nothing to do.
fn refuses(answer: &Value) -> bool {
    let status = answer["statusCode"].as_u64().unwrap_or_default();
    let failures = answer["batchItemFailures"].as_array();
    status >= 400 || failures.is_some()
}
