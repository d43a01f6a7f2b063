//! Series: expansion, exceptions, holes, instances.

use serde_json::json;

use crate::house::{EVENTS, House, timed, weekly, with};

const SECOND: &str = "series_20260310T080000Z";

#[tokio::test]
async fn a_series_is_one_event_or_many() {
    let house = House::new();
    house.insert(&weekly("series")).await;
    assert_eq!(house.full("").await.0, "series");
    let (ids, _) = house.full("singleEvents=true").await;
    // Nine o'clock in Berlin, also after the clocks have changed.
    assert_eq!(
        ids,
        "series_20260303T080000Z series_20260310T080000Z series_20260317T080000Z series_20260324T080000Z \
         series_20260331T070000Z"
    );
    let one = house.get(&format!("{EVENTS}/{SECOND}")).await.json();
    assert_eq!((&one["recurringEventId"], one.get("recurrence")), (&json!("series"), None));
    assert_eq!(one["originalStartTime"]["dateTime"], "2026-03-10T09:00:00+01:00");
    assert_eq!((&one["start"], &one["iCalUID"]), (&one["originalStartTime"], &json!("series@google.com")));
    let missing = house.get(&format!("{EVENTS}/series_20260311T080000Z")).await;
    assert_eq!(missing.refusal(), (404, "notFound".to_owned()));
}

#[tokio::test]
async fn an_occurrence_that_moves_is_an_event_of_its_own() {
    let house = House::new();
    house.insert(&weekly("series")).await;
    let (_, token) = house.full("").await;
    let (_, expanded) = house.full("singleEvents=true").await;
    let path = format!("{EVENTS}/{SECOND}");
    let moved = house.send("PUT", &path, &timed("", "03-11T14:00", "03-11T15:00")).await;
    assert_eq!(moved.code(), 200, "{}", moved.text);
    let (_, page) = house.walk(&format!("syncToken={token}")).await;
    let exception = &page["items"][0];
    assert_eq!((&exception["id"], &exception["recurringEventId"]), (&json!(SECOND), &json!("series")));
    assert_eq!(exception["originalStartTime"]["dateTime"], "2026-03-10T09:00:00+01:00");
    assert_eq!(exception["start"]["dateTime"], "2026-03-11T14:00:00+01:00");
    assert_eq!(house.news("singleEvents=true", &expanded).await.0, SECOND);
    assert_eq!(house.full("").await.0, format!("series {SECOND}"));
    let (ids, _) =
        house.full("singleEvents=true&timeMin=2026-03-09T00:00:00Z&timeMax=2026-03-12T00:00:00Z").await;
    assert_eq!(ids, SECOND);
}

#[tokio::test]
async fn a_cancelled_occurrence_is_a_hole() {
    let house = House::new();
    house.insert(&weekly("series")).await;
    let (_, token) = house.full("singleEvents=true").await;
    let path = format!("{EVENTS}/{SECOND}");
    assert_eq!(house.delete(&path).await.code(), 204);
    assert_eq!(house.delete(&path).await.refusal(), (410, "deleted".to_owned()));
    assert_eq!(house.news("singleEvents=true", &token).await.0, format!("x{SECOND}"));
    // Series need their holes, whatever was asked; occurrences do not.
    let (_, page) = house.walk("showDeleted=false").await;
    let hole = &page["items"][1];
    let keys: Vec<&str> = hole.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["etag", "id", "kind", "originalStartTime", "recurringEventId", "status"]);
    assert_eq!(
        hole["originalStartTime"],
        json!({"dateTime": "2026-03-10T09:00:00+01:00", "timeZone": "Europe/Berlin"})
    );
    assert!(!house.full("singleEvents=true").await.0.contains(SECOND));
    assert!(house.full("singleEvents=true&showDeleted=true").await.0.contains(&format!("x{SECOND}")));
    let back = with(timed("", "03-10T09:00", "03-10T10:00"), &json!({"status": "confirmed"}));
    assert_eq!(house.send("PUT", &path, &back).await.code(), 200);
    assert!(house.full("singleEvents=true").await.0.contains(SECOND));
}

#[tokio::test]
async fn exceptions_go_with_their_series_and_do_not_haunt_its_revival() {
    let house = House::new();
    house.insert(&weekly("series")).await;
    house.send("PATCH", &format!("{EVENTS}/{SECOND}"), &json!({"summary": "changed"})).await;
    let (before, token) = house.full("singleEvents=true").await;
    house.delete(&format!("{EVENTS}/series")).await;
    let (ids, next) = house.news("singleEvents=true", &token).await;
    assert_eq!(ids, before.split(' ').map(|id| format!("x{id}")).collect::<Vec<_>>().join(" "));
    assert_eq!(house.get(&format!("{EVENTS}/{SECOND}")).await.json()["status"], "cancelled");
    let revived = with(weekly(""), &json!({"status": "confirmed"}));
    assert_eq!(house.send("PUT", &format!("{EVENTS}/series"), &revived).await.code(), 200);
    assert_eq!(house.news("singleEvents=true", &next).await.0, before);
    assert_eq!(house.full("").await.0, "series");
    assert_eq!(house.get(&format!("{EVENTS}/{SECOND}")).await.json()["summary"], "about ");
}

#[tokio::test]
async fn instances_of_one_series() {
    let house = House::new();
    house.insert(&weekly("series")).await;
    house.insert(&timed("other", "03-03T09:00", "03-03T10:00")).await;
    house.delete(&format!("{EVENTS}/{SECOND}")).await;
    let cases = [
        ("timeMax=2026-03-20T00:00:00Z", "series_20260303T080000Z series_20260317T080000Z".to_owned()),
        (
            "timeMax=2026-03-20T00:00:00Z&showDeleted=true",
            format!("series_20260303T080000Z x{SECOND} series_20260317T080000Z"),
        ),
        ("originalStart=2026-03-17T09:00:00%2B01:00", "series_20260317T080000Z".to_owned()),
    ];
    for (query, expected) in cases {
        let answer = house.get(&format!("{EVENTS}/series/instances?{query}")).await;
        let answer = match answer.json()["nextPageToken"].as_str() {
            Some(next) => house.get(&format!("{EVENTS}/series/instances?{query}&pageToken={next}")).await,
            None => answer,
        };
        assert_eq!(answer.ids(), expected, "{query}");
    }
    assert_eq!(house.get(&format!("{EVENTS}/nothing/instances")).await.code(), 404);
    assert_eq!(house.get(&format!("{EVENTS}/other/instances")).await.code(), 400);
}

#[tokio::test]
async fn an_endless_series_ends_at_a_horizon() {
    let house = House::new();
    let daily =
        with(timed("endless", "03-03T09:00", "03-03T10:00"), &json!({"recurrence": ["RRULE:FREQ=DAILY"]}));
    house.insert(&daily).await;
    let (ids, token) = house.full("singleEvents=true&maxResults=2500").await;
    let count = ids.split(' ').count();
    assert!((360..=366).contains(&count), "{count}");
    assert!(!token.is_empty());
}
