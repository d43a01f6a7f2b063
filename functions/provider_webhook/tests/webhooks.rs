//! The webhooks from their outside: handshakes, who is believed, what is marked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use serde_json::{Value, json};
use world::{World, send};

fn google<'a>(channel: &'a str, token: &'a str, state: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("x-goog-channel-id", channel),
        ("x-goog-channel-token", token),
        ("x-goog-resource-state", state),
        ("x-goog-message-number", "7"),
    ]
}

fn element(subscription: &str, secret: &str) -> Value {
    json!({"subscriptionId": subscription, "clientState": secret, "changeType": "updated",
        "resource": "Users/u/Events/e", "resourceData": {"id": "e"}, "tenantId": "t"})
}

#[tokio::test]
async fn e_020_google_is_always_thanked_and_believed_only_with_the_secret() {
    let world = World::new().await;
    for (headers, signals) in [
        (google("g-home", "s3cret-g-home", "sync").to_vec(), 0),
        (google("g-home", "s3cret-g-work", "exists").to_vec(), 0),
        (google("g-home", "", "exists").to_vec(), 0),
        (google("m-home", "s3cret-m-home", "exists").to_vec(), 0),
        (google("unknown", "s3cret", "exists").to_vec(), 0),
        (vec![("x-goog-channel-id", "g-home")], 0),
        (vec![], 0),
        (google("g-home", "s3cret-g-home", "exists").to_vec(), 1),
        (google("g-home", "s3cret-g-home", "not_exists").to_vec(), 2),
    ] {
        let thanked = world.post("/webhooks/google", &headers, "whatever").await;
        assert_eq!((thanked.status.as_u16(), thanked.text.as_str()), (204, ""), "{headers:?}");
        let (calendars, subscriptions, received) = world.marks("g").await;
        assert_eq!(received, signals, "{headers:?}");
        assert_eq!(
            calendars.iter().map(String::as_str).collect::<Vec<_>>(),
            ["home"][..usize::from(signals > 0)]
        );
        assert!(subscriptions.is_empty());
    }
    assert_eq!(world.queued.len(), 1, "the second signal found a request waiting");
    assert_eq!(world.marks("m").await.2, 0);
}

#[tokio::test]
async fn the_handshake_is_answered_as_plain_text() {
    let world = World::new().await;
    for path in ["/webhooks/microsoft", "/webhooks/microsoft/lifecycle"] {
        for (query, answer) in [
            ("Validation%3A+Testing+1%2B1", Some("Validation: Testing 1+1")),
            ("%3Cscript%3Ealert(1)%3C%2Fscript%3E", Some("<script>alert(1)</script>")),
            (&"x".repeat(1024), Some(&*"x".repeat(1024))),
            (&"x".repeat(1025), None),
        ] {
            let answered = world.post(&format!("{path}?validationToken={query}"), &[], "").await;
            let Some(answer) = answer else {
                assert_eq!(answered.status, 400);
                continue;
            };
            assert_eq!((answered.status.as_u16(), answered.text.as_str()), (200, answer));
            assert_eq!(answered.headers["content-type"], "text/plain; charset=utf-8");
            assert_eq!(answered.headers["x-content-type-options"], "nosniff");
        }
    }
}

#[tokio::test]
async fn every_element_of_a_message_proves_itself() {
    let world = World::new().await;
    let message = json!({"value": [
        element("m-home", "s3cret-m-work"),
        element("m-work", "s3cret-m-work"),
        element("m-work", "s3cret-m-work"),
        element("g-home", "s3cret-g-home"),
        element("unknown", "s3cret"),
        {"subscriptionId": "m-home"},
        {"subscriptionId": 4, "clientState": {}},
        "nonsense",
    ], "validationTokens": ["x"]});
    let taken = world.post("/webhooks/microsoft", &[], message.to_string()).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    assert_eq!(world.marks("m").await, (vec!["work".to_owned()], vec![], 1));
    assert_eq!(world.marks("g").await.2, 0);
}

#[tokio::test]
async fn e_025_news_of_a_subscription_are_told_apart_on_either_address() {
    for path in ["/webhooks/microsoft", "/webhooks/microsoft/lifecycle"] {
        for (event, is_about_subscription) in [
            ("reauthorizationRequired", true),
            ("subscriptionRemoved", true),
            ("missed", false),
            ("somethingNew", false),
        ] {
            let world = World::new().await;
            let mut told = element("m-home", "s3cret-m-home");
            told["lifecycleEvent"] = json!(event);
            let taken = world.post(path, &[], json!({"value": [told]}).to_string()).await;
            assert_eq!(taken.status, 202);
            let subscriptions = if is_about_subscription { vec!["home".to_owned()] } else { vec![] };
            assert_eq!(world.marks("m").await, (vec!["home".to_owned()], subscriptions, 1), "{event}");
        }
    }
}

#[tokio::test]
async fn what_is_not_taken() {
    let world = World::new().await;
    let many = json!({"value": vec![element("m-home", "x"); 201]}).to_string();
    for (body, status, kind) in [
        (String::new(), 400, "malformed"),
        ("{".to_owned(), 400, "malformed"),
        ("[]".to_owned(), 400, "malformed"),
        (json!({"value": 1}).to_string(), 400, "malformed"),
        (json!({}).to_string(), 400, "malformed"),
        (many, 413, "too-large"),
        (" ".repeat(1024 * 1024 + 1), 413, "too-large"),
    ] {
        let refused = world.post("/webhooks/microsoft", &[], body).await;
        assert_eq!(refused.status, status);
        assert_eq!(refused.headers["content-type"], "application/problem+json");
        let document: Value = serde_json::from_str(&refused.text).unwrap();
        assert_eq!(document["type"], format!("/problems/{kind}"));
    }
    for path in ["/webhooks/microsoft", "/webhooks/microsoft/lifecycle"] {
        let query = "validationToken=a&validationToken=b";
        let refused = world.post(&format!("{path}?{query}"), &[], "").await;
        assert_eq!(
            (refused.status.as_u16(), &refused.headers["content-type"]),
            (400, &"application/problem+json".parse().unwrap())
        );
        let document: Value = serde_json::from_str(&refused.text).unwrap();
        assert_eq!(document["type"], "/problems/malformed");
    }
    let enough = json!({"value": vec![element("m-home", "x"); 200]}).to_string();
    assert_eq!(world.post("/webhooks/microsoft", &[], enough).await.status, 202);
    let asked = send(&world.router, "GET", "/webhooks/google", &[], "").await;
    assert_eq!(asked.status, 405);
    assert_eq!(world.queued.len(), 0);
}

#[tokio::test]
async fn a_table_that_cannot_be_reached_has_it_sent_again() {
    let (router, _embedded) = World::without_table();
    let body = json!({"value": [element("m-home", "s3cret-m-home")]}).to_string();
    for (path, headers) in [
        ("/webhooks/google", google("g-home", "s3cret-g-home", "exists").to_vec()),
        ("/webhooks/microsoft", vec![]),
    ] {
        let later = send(&router, "POST", path, &headers, body.clone()).await;
        assert_eq!(
            (later.status.as_u16(), &later.headers["retry-after"]),
            (503, &"5".parse().unwrap()),
            "{path}"
        );
    }
}
