//! Channels: opening, what comes through them, stopping.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::house::{BASE, CLIENT, EVENTS, House, timed};

const STOP: &str = "/calendar/v3/channels/stop";

fn channel(id: &str) -> Value {
    json!({"id": id, "type": "web_hook", "address": "https://hooks.example.org/google", "token": "secret",
        "params": {"ttl": "604800"}})
}

async fn open(house: &House, body: &Value) -> Value {
    let answer = house.post(&format!("{EVENTS}/watch"), body).await;
    assert_eq!(answer.code(), 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn a_channel_is_greeted_and_then_told_of_changes() {
    let house = House::new();
    let opened = open(&house, &channel("c-1")).await;
    let six_days = 1_772_359_200_000_i64 + 6 * 86_400_000;
    assert_eq!(
        opened,
        json!({"kind": "api#channel", "id": "c-1", "resourceId": opened["resourceId"], "token": "secret",
            "resourceUri": format!("{BASE}/calendar/v3/calendars/primary/events?alt=json"),
            "expiration": six_days.to_string()})
    );
    house.google.cloud().deliver_due().await;
    house.insert(&timed("abcde", "03-03T09:00", "03-03T10:00")).await;
    house.pass(SignedDuration::from_mins(1));
    house.google.cloud().deliver_due().await;
    let posted = house.ear.posted.lock().unwrap().clone();
    let header = |at: usize, name: &str| posted[at].1.get(name).cloned().unwrap_or_default();
    assert_eq!(posted.len(), 2, "{posted:?}");
    assert_eq!(
        (posted[0].0.as_str(), header(0, "X-Goog-Resource-State").as_str()),
        ("https://hooks.example.org/google", "sync")
    );
    assert_eq!(header(0, "X-Goog-Message-Number"), "1");
    assert_eq!(header(1, "X-Goog-Resource-State"), "exists");
    assert!(header(1, "X-Goog-Message-Number").parse::<u64>().unwrap() > 1);
    for at in 0..2 {
        assert_eq!(
            (header(at, "X-Goog-Channel-ID"), header(at, "X-Goog-Channel-Token")),
            ("c-1".to_owned(), "secret".to_owned())
        );
        assert_eq!(json!(header(at, "X-Goog-Resource-ID")), opened["resourceId"]);
    }
}

#[tokio::test]
async fn channels_that_google_refuses() {
    let house = House::new();
    let watch = format!("{EVENTS}/watch");
    let over = |more: Value| crate::house::with(channel("c-2"), &more);
    let holiday = "/calendar/v3/calendars/de.german%23holiday%40group.v.calendar.google.com/events/watch";
    let feed = "/calendar/v3/calendars/feed%40import.calendar.google.com/events/watch";
    open(&house, &channel("c-1")).await;
    let cases = [
        (watch.as_str(), channel("c-1"), 400, "channelIdNotUnique"),
        (&watch, over(json!({"id": "no blanks"})), 400, "invalid"),
        (&watch, over(json!({"id": "x".repeat(65)})), 400, "invalid"),
        (&watch, over(json!({"id": null})), 400, "required"),
        (&watch, over(json!({"type": "mail"})), 400, "invalid"),
        (&watch, over(json!({"token": "x".repeat(257)})), 400, "invalid"),
        (&watch, over(json!({"address": null})), 400, "push.webhookUrlNotHttps"),
        (&watch, over(json!({"address": "http://hooks.example.org/google"})), 400, "push.webhookUrlNotHttps"),
        (&watch, over(json!({"params": {"ttl": "0"}})), 400, "invalid"),
        (holiday, channel("c-2"), 400, "pushNotSupportedForRequestedResource"),
        (feed, channel("c-2"), 400, "pushNotSupportedForRequestedResource"),
        ("/calendar/v3/calendars/nothing/events/watch", channel("c-2"), 404, "notFound"),
    ];
    for (path, body, status, reason) in cases {
        assert_eq!(house.post(path, &body).await.refusal(), (status, reason.to_owned()), "{path} {body}");
    }
    for local in ["http://127.0.0.1:8787/google", "http://localhost:1/x", "http://[::1]:1/x"] {
        let id = format!("local{}", local.len());
        open(&house, &over(json!({"id": id, "address": local}))).await;
    }
    let short = open(&house, &over(json!({"params": {"ttl": "60"}}))).await;
    assert_eq!(short["expiration"], (1_772_359_200_000_i64 + 60_000).to_string());
}

#[tokio::test]
async fn only_who_opened_a_channel_stops_it() {
    let house = House::new();
    let opened = open(&house, &channel("c-1")).await;
    let again = open(&house, &channel("c-2")).await;
    assert_eq!(again["resourceId"], opened["resourceId"]);
    let pair = json!({"id": "c-1", "resourceId": opened["resourceId"]});
    let wrong = json!({"id": "c-1", "resourceId": "other"});
    assert_eq!(house.post(STOP, &wrong).await.refusal(), (404, "notFound".to_owned()));
    let token = house.token_for("another.apps.googleusercontent.com", &["calendar"]);
    let other = [("authorization", format!("Bearer {token}"))];
    let other = house.ask("POST", STOP, &[("authorization", other[0].1.as_str())], pair.to_string()).await;
    assert_eq!(other.refusal(), (404, "notFound".to_owned()));
    assert_eq!(house.post(STOP, &pair).await.code(), 204);
    let twice = house.post(STOP, &pair).await;
    assert_eq!(twice.json()["error"]["message"], format!("Channel 'c-1' not found for project '{CLIENT}'"));
    house.google.cloud().deliver_due().await;
    house.ear.posted.lock().unwrap().clear();
    house.insert(&timed("abcde", "03-03T09:00", "03-03T10:00")).await;
    house.pass(SignedDuration::from_mins(1));
    house.google.cloud().deliver_due().await;
    let posted = house.ear.posted.lock().unwrap().clone();
    let ids: Vec<&String> = posted.iter().map(|(_, headers)| &headers["X-Goog-Channel-ID"]).collect();
    assert_eq!(ids, ["c-2"]);
}
