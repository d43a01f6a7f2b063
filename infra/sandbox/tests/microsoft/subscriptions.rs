//! Subscriptions: handshake, bounds of life, duplicates; notifications and lifecycle events.

use serde_json::{Value, json};

use super::house::{House, IMMUTABLE, Manner, booked, list, with};

const SOON: &str = "2026-11-29T15:00:00Z";

fn wish(resource: &str) -> Value {
    json!({"changeType": "created,updated,deleted", "notificationUrl": "https://hooks.test/graph?from=ms",
        "lifecycleNotificationUrl": "https://hooks.test/lifecycle", "resource": resource,
        "expirationDateTime": SOON, "clientState": "c_secret", "latestSupportedTlsVersion": "v1_2"})
}

async fn subscribed(house: &House, calendar: &str) -> String {
    let made = house.post("/subscriptions", wish(&format!("me/calendars/{calendar}/events"))).await.good();
    house.ear.take();
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn both_addresses_shake_hands_before_the_answer() {
    let house = House::new();
    let reply = house.post("/subscriptions", wish("me/events")).await;
    assert_eq!(reply.status, 201);
    let made = reply.good();
    assert_eq!((made["id"].as_str().unwrap().len(), &made["clientState"]), (36, &json!("c_secret")));
    assert_eq!((&made["resource"], &made["expirationDateTime"]), (&json!("me/events"), &json!(SOON)));
    let heard = house.ear.take();
    assert_eq!(heard.len(), 2);
    assert!(
        heard[0]
            .0
            .starts_with("https://hooks.test/graph?from=ms&validationToken=Validation%3A+Testing+client"),
        "{}",
        heard[0].0
    );
    assert!(heard[1].0.starts_with("https://hooks.test/lifecycle?validationToken="));
}

#[tokio::test]
async fn without_a_proper_handshake_there_is_no_subscription() {
    let house = House::new();
    for manner in [Manner::Html, Manner::Rude, Manner::Silent] {
        house.ear.behave(manner);
        let reply = house.post("/subscriptions", wish("me/events")).await;
        assert_eq!(reply.refusal(), (400, "ValidationError".to_owned()));
        assert_eq!(reply.text.contains("timed out"), manner == Manner::Silent);
    }
    assert_eq!(list(&house.get("/subscriptions").await.good()).len(), 0);
}

#[tokio::test]
async fn life_has_bounds() {
    let house = House::new();
    for (wanted, got) in [
        ("2026-11-26T15:10:00Z", Some("2026-11-26T15:45:00Z")),
        ("2026-12-03T15:00:00Z", Some("2026-12-03T15:00:00Z")),
        ("2026-12-03T15:01:00Z", None),
        ("2026-11-26T14:00:00Z", None),
        ("soon", None),
    ] {
        let reply = house
            .post("/subscriptions", with(wish("me/events"), json!({"expirationDateTime": wanted})))
            .await;
        match got {
            Some(got) => {
                let made = reply.good();
                assert_eq!(made["expirationDateTime"], got, "{wanted}");
                house.delete(&format!("/subscriptions/{}", made["id"].as_str().unwrap())).await;
            }
            None => assert_eq!(reply.refusal(), (400, "InvalidRequest".to_owned()), "{wanted}"),
        }
    }
    house.switch(json!({"max_subscription_minutes": 4230})).await;
    let long = json!({"expirationDateTime": "2026-12-03T15:00:00Z"});
    let reply = house.post("/subscriptions", with(wish("me/events"), long)).await;
    assert!(reply.text.contains("4230 minutes"), "{}", reply.text);
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused() {
    let house = House::new();
    for changes in [
        json!({"resource": "me/messages"}),
        json!({"resource": "me/events/AAMk"}),
        json!({"changeType": "moved"}),
        json!({"notificationUrl": "hooks"}),
        json!({"clientState": "x".repeat(129)}),
    ] {
        let reply = house.post("/subscriptions", with(wish("me/events"), changes.clone())).await;
        assert_eq!(reply.status, 400, "{changes}");
    }
    assert_eq!(house.post("/subscriptions", wish("me/calendars/unknown/events")).await.status, 404);
    assert!(house.ear.take().is_empty());
}

#[tokio::test]
async fn one_subscription_for_each_calendar_and_change() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = subscribed(&house, &calendar).await;
    let again = house.post("/subscriptions", wish(&format!("/me/calendars/{calendar}/events"))).await;
    assert_eq!(again.refusal(), (409, "conflict".to_owned()));
    let all = house.get("/subscriptions").await.good();
    assert_eq!(list(&all)[0]["id"], id);
    assert_eq!(house.delete(&format!("/subscriptions/{id}")).await.status, 204);
    assert_eq!(
        house.delete(&format!("/subscriptions/{id}")).await.refusal(),
        (404, "ResourceNotFound".to_owned())
    );
    subscribed(&house, &calendar).await;
}

#[tokio::test]
async fn renewing_extends_and_reauthorising_does_not() {
    let mut house = House::new();
    let calendar = house.calendar("Test").await;
    let path = format!("/subscriptions/{}", subscribed(&house, &calendar).await);
    assert_eq!(house.post(&format!("{path}/reauthorize"), Value::Null).await.status, 204);
    assert_eq!(house.get(&path).await.good()["expirationDateTime"], SOON);
    let renewed = house.patch(&path, json!({"expirationDateTime": "2026-12-01T00:00:00Z"})).await.good();
    assert_eq!(renewed["expirationDateTime"], "2026-12-01T00:00:00Z");
    assert!(house.ear.take().is_empty());
    let moved = json!({"notificationUrl": "https://hooks.test/other"});
    house.patch(&path, moved).await.good();
    assert_eq!(house.ear.take().len(), 1);
    house.pass(5 * 24 * 60);
    house.sign_in("ada@clinic.example");
    let late = house.patch(&path, json!({"expirationDateTime": "2026-12-04T00:00:00Z"})).await;
    assert_eq!(late.refusal(), (404, "ResourceNotFound".to_owned()));
    assert_eq!(house.post(&format!("{path}/reauthorize"), Value::Null).await.status, 404);
}

#[tokio::test]
async fn notifications_name_the_event_and_come_in_threes_for_an_edit() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let subscription = subscribed(&house, &calendar).await;
    let id = house.event(&calendar, booked()).await;
    house.graph.cloud().deliver_due().await;
    let heard = house.ear.take();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].0, "https://hooks.test/graph?from=ms");
    let body: Value = serde_json::from_str(&heard[0].1).unwrap();
    let one = &list(&body)[0];
    assert_eq!((&one["subscriptionId"], &one["clientState"]), (&json!(subscription), &json!("c_secret")));
    assert_eq!((&one["changeType"], &one["resourceData"]["id"]), (&json!("created"), &json!(id)));
    let event = house.get(&format!("/me/events/{id}")).await.good();
    assert_eq!(one["resourceData"]["@odata.etag"], event["@odata.etag"]);
    assert_eq!(one["subscriptionExpirationDateTime"], "2026-11-29T15:00:00+00:00");
    house.patch(&format!("/me/events/{id}"), json!({"subject": "Changed"})).await.good();
    house.delete(&format!("/me/events/{id}")).await;
    house.graph.cloud().deliver_due().await;
    let heard = house.ear.take();
    assert_eq!(heard.len(), 1, "several in one post");
    let body: Value = serde_json::from_str(&heard[0].1).unwrap();
    assert_eq!(super::house::each(list(&body), "changeType"), ["updated", "updated", "updated", "deleted"]);
}

#[tokio::test]
async fn only_the_wanted_changes_of_the_watched_calendar_are_told() {
    let house = House::new();
    let (here, there) = (house.calendar("Here").await, house.calendar("There").await);
    let only = json!({"changeType": "deleted"});
    let default = house
        .call("POST", "/v1.0/subscriptions", &[], with(wish(&format!("me/calendars/{here}/events")), only))
        .await;
    default.good();
    house.ear.take();
    let id = house.event(&here, booked()).await;
    house.event(&there, booked()).await;
    house.graph.cloud().deliver_due().await;
    assert!(house.ear.take().is_empty());
    house.delete(&format!("/me/events/{id}")).await;
    house.graph.cloud().deliver_due().await;
    let body: Value = serde_json::from_str(&house.ear.take()[0].1).unwrap();
    assert_ne!(
        list(&body)[0]["resourceData"]["id"],
        id,
        "the id has the form that the subscription asked for"
    );
}

#[tokio::test]
async fn lifecycle_events_go_to_their_own_address() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = subscribed(&house, &calendar).await;
    let account = json!({"account": "ada@clinic.example"});
    for event in ["reauthorizationRequired", "missed", "subscriptionRemoved"] {
        let wish = match event {
            "subscriptionRemoved" => json!({"forget_subscriptions": account}),
            _ => json!({"lifecycle": with(account.clone(), json!({"event": event}))}),
        };
        house.control(wish).await;
        house.graph.cloud().deliver_due().await;
        let heard = house.ear.take();
        assert_eq!(heard.len(), 1, "{event}");
        assert_eq!(heard[0].0, "https://hooks.test/lifecycle");
        let body: Value = serde_json::from_str(&heard[0].1).unwrap();
        let one = &list(&body)[0];
        assert_eq!((&one["lifecycleEvent"], &one["subscriptionId"]), (&json!(event), &json!(id)));
        assert_eq!(one["clientState"], "c_secret");
    }
    let gone = house.call("GET", &format!("/v1.0/subscriptions/{id}"), &[IMMUTABLE], Value::Null).await;
    assert_eq!(gone.status, 404);
}
