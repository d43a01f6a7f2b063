//! The switches.

use std::convert::Infallible;

use axum::http::HeaderMap;
use daybook_sandbox::cloud::{BadToken, Fault, Operation};
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn planned_faults_meet_who_and_what_they_are_meant_for() {
    let house = House::google();
    let (ada, ben) = (house.account("ada@clinic.example"), house.account("ben@clinic.example"));
    let reply = house
        .control(json!({"faults": [
            {"account": "ada@clinic.example", "operation": "write", "times": 2, "answer": {"too_many": {"retry_after_s": 7}}},
            {"operation": "list", "answer": "cursor_expired"},
            {"answer": {"forbidden": {"reason": "quotaExceeded"}}}]}))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let too_many = Some(Fault::TooMany { retry_after_s: Some(7) });
    let forbidden = Some(Fault::Forbidden { reason: "quotaExceeded".to_owned() });
    for (account, operation, fault) in [
        (&ada, Operation::Write, too_many.clone()),
        (&ben, Operation::List, Some(Fault::CursorExpired)),
        (&ben, Operation::Write, forbidden),
        (&ben, Operation::Write, None),
        (&ada, Operation::List, None),
        (&ada, Operation::Write, too_many),
        (&ada, Operation::Write, None),
    ] {
        assert_eq!(house.cloud.fault(account, operation), fault);
    }
    assert_eq!(house.get("/control").await.json()["faults"], json!([]));
}

#[tokio::test]
async fn deeds_change_the_world() {
    let house = House::microsoft();
    let calendar = house.subscribe("one");
    let token = house.cloud.issue("ada@clinic.example", "app", &["openid"]).unwrap().access_token;
    let whose = || {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        house.cloud.bearer(&headers).map(|grant| grant.client)
    };
    house.control(json!({"expire_access_tokens": {"account": "ben@clinic.example"}})).await;
    assert!(whose().is_ok());
    house.control(json!({"expire_access_tokens": {"account": null}})).await;
    assert_eq!(whose(), Err(BadToken::Expired));
    let cursor = house.put(&calendar, "a").seq;
    assert!(house.cloud.read(|world| world.is_live_cursor(cursor)));
    house.control(json!({"expire_cursors": true})).await;
    let newest = house.cloud.read(|world| world.seq);
    assert!(house.cloud.read(|world| !world.is_live_cursor(cursor) && world.is_live_cursor(newest)));
    house.control(json!({"lifecycle": {"account": "ada@clinic.example", "event": "missed"}})).await;
    house.control(json!({"revoke": {"account": "ada@clinic.example"}})).await;
    assert_eq!(whose(), Err(BadToken::Unknown));
    house.control(json!({"forget_subscriptions": {"account": null}})).await;
    assert!(house.cloud.read(|world| world.subscriptions.is_empty()));
    let posts = house.delivered().await;
    let told: Vec<String> = posts
        .iter()
        .flat_map(|post| post.json()["value"].as_array().unwrap().clone())
        .map(|one| one["lifecycleEvent"].as_str().unwrap_or("change").to_owned())
        .collect();
    assert_eq!(told, ["change", "missed", "reauthorizationRequired", "subscriptionRemoved"]);
}

#[tokio::test]
async fn what_was_asked_is_counted_by_pattern() {
    let house = House::microsoft();
    house.get("/common/oauth2/v2.0/authorize").await;
    house.get("/consumers/oauth2/v2.0/authorize").await;
    house.get("/").await;
    let _: Result<(), Infallible> = house.cloud.change(|tx| {
        tx.mail("an-app", "ada@clinic.example", vec!["x@y.example".to_owned()], "invitation", "ev1");
        Ok(())
    });
    let standing = house.get("/control").await.json();
    assert_eq!(standing["requests"]["GET /{tenant}/oauth2/v2.0/authorize"], 2);
    assert_eq!(standing["requests"]["GET /"], 1);
    assert_eq!(standing["mails"][0]["kind"], "invitation");
    assert_eq!(standing["mails"][0]["client"], "an-app", "who caused it is told");
    let after = house.control(json!({"reset_counts": true})).await.json();
    assert_eq!(after["requests"], json!({}));
}

#[tokio::test]
async fn senseless_wishes_are_refused_whole() {
    let house = House::google();
    for wish in [
        json!({"unknown": 1}),
        json!({"notifications": "sometimes"}),
        json!({"notifications": "drop", "revoke": {"account": "nobody@clinic.example"}}),
    ] {
        assert_eq!(house.control(wish).await.status, 422);
    }
    assert_eq!(house.get("/control").await.json()["notifications"], "normal");
    let cross = [("sec-fetch-site", "cross-site")];
    assert_eq!(house.call("POST", "/control", &cross, "{}").await.status, 403);
}
