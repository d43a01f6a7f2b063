//! Series: instances and views, single occurrences changed and deleted.

use serde_json::{Value, json};

use super::house::{House, booked, each, list, weekly, with};

const MARCH: &str = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-30T00:00:00Z";

async fn instances(house: &House, id: &str) -> Vec<Value> {
    let body = house.get(&format!("/me/events/{id}/instances?{MARCH}&$top=100")).await.good();
    list(&body).to_vec()
}

fn starts(events: &[Value]) -> Vec<String> {
    let start = |event: &Value| event["start"]["dateTime"].as_str().unwrap()[5..16].to_owned();
    events.iter().map(start).collect()
}

#[tokio::test]
async fn a_series_keeps_its_clock_when_the_clocks_change() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = house.event(&calendar, weekly(4)).await;
    let all = instances(&house, &id).await;
    assert_eq!(starts(&all), ["03-17T08:00", "03-24T08:00", "03-31T07:00", "04-07T07:00"]);
    for one in &all {
        assert_eq!(
            (&one["type"], &one["subject"], &one["showAs"]),
            (&json!("occurrence"), &json!("Team"), &json!("tentative"))
        );
        assert_eq!((&one["seriesMasterId"], &one["recurrence"]), (&json!(id), &Value::Null));
        assert_eq!(one["uid"], all[0]["uid"]);
    }
    assert_ne!(all[0]["iCalUId"], all[1]["iCalUId"]);
    let master = house.get(&format!("/me/events/{id}")).await.good();
    assert_eq!(master["type"], "seriesMaster");
    assert_eq!(master["recurrence"]["range"]["recurrenceTimeZone"], "W. Europe Standard Time");
}

#[tokio::test]
async fn a_view_shows_occurrences_and_never_a_master() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    house.event(&calendar, weekly(4)).await;
    house.event(&calendar, booked()).await;
    let path = format!("/me/calendars/{calendar}/calendarView");
    let view = house.get(&format!("{path}?{MARCH}&$top=3&$select=type,start")).await.good();
    assert_eq!(each(list(&view), "type"), ["singleInstance", "occurrence", "occurrence"]);
    assert!(list(&view)[0].get("subject").is_none());
    let next = view["@odata.nextLink"].as_str().unwrap();
    let rest = house.call("GET", next, &[super::house::IMMUTABLE], Value::Null).await.good();
    assert_eq!(starts(list(&rest)), ["03-31T07:00", "04-07T07:00"]);
    assert!(rest.get("@odata.nextLink").is_none());
    let events = house.get(&format!("/me/calendars/{calendar}/events")).await.good();
    assert_eq!(each(list(&events), "type"), ["singleInstance", "seriesMaster"]);
    for query in [
        "",
        "?startDateTime=2026-03-01T00:00:00Z",
        "?startDateTime=2020-01-01T00:00:00Z&endDateTime=2026-01-01T00:00:00Z",
    ] {
        assert_eq!(house.get(&format!("{path}{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_view_touches_its_bounds_only_inside() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    house.event(&calendar, booked()).await;
    for (from, to, found) in [
        ("2026-03-03T08:30:00Z", "2026-03-03T09:00:00Z", 0),
        ("2026-03-03T07:00:00Z", "2026-03-03T08:00:00Z", 0),
        ("2026-03-03T08:29:00Z", "2026-03-03T09:00:00Z", 1),
        ("2026-03-03T09:00:00%2B01:00", "2026-03-03T09:10:00%2B01:00", 1),
        ("2026-03-03T08:00:00", "2026-03-03T08:10:00", 1),
    ] {
        let path = format!("/me/calendars/{calendar}/calendarView?startDateTime={from}&endDateTime={to}");
        assert_eq!(list(&house.get(&path).await.good()).len(), found, "{from} {to}");
    }
}

#[tokio::test]
async fn a_changed_occurrence_becomes_an_exception_in_its_place() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = house.event(&calendar, weekly(4)).await;
    let second = instances(&house, &id).await[1]["id"].as_str().unwrap().to_owned();
    let moved = json!({"subject": "Team, later",
        "start": {"dateTime": "2026-03-25T13:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-25T14:00:00", "timeZone": "UTC"}});
    let patched = house.patch(&format!("/me/events/{second}"), moved).await.good();
    assert_eq!((&patched["type"], &patched["id"]), (&json!("exception"), &json!(second)));
    assert_eq!(patched["originalStart"], "2026-03-24T08:00:00.0000000Z");
    let all = instances(&house, &id).await;
    assert_eq!(starts(&all), ["03-17T08:00", "03-25T13:00", "03-31T07:00", "04-07T07:00"]);
    assert_eq!(each(&all, "type")[1], "exception");
    let crossing = json!({"start": {"dateTime": "2026-04-01T13:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-04-01T14:00:00", "timeZone": "UTC"}});
    let reply = house.patch(&format!("/me/events/{second}"), crossing).await;
    assert_eq!(reply.refusal(), (400, "ErrorOccurrenceCrossingBoundary".to_owned()));
}

#[tokio::test]
async fn a_deleted_occurrence_is_gone_and_the_rest_stays() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = house.event(&calendar, weekly(4)).await;
    let second = instances(&house, &id).await[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(house.delete(&format!("/me/events/{second}")).await.status, 204);
    assert_eq!(house.get(&format!("/me/events/{second}")).await.status, 404);
    assert_eq!(starts(&instances(&house, &id).await), ["03-17T08:00", "03-31T07:00", "04-07T07:00"]);
}

#[tokio::test]
async fn a_moved_series_forgets_its_exceptions() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = house.event(&calendar, weekly(3)).await;
    let all = instances(&house, &id).await;
    let (first, second) = (all[0]["id"].as_str().unwrap(), all[1]["id"].as_str().unwrap());
    house.patch(&format!("/me/events/{first}"), json!({"subject": "Other"})).await.good();
    house.delete(&format!("/me/events/{second}")).await;
    let later = json!({"start": {"dateTime": "2026-03-17T10:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-17T11:00:00", "timeZone": "Europe/Berlin"}});
    house.patch(&format!("/me/events/{id}"), later).await.good();
    let all = instances(&house, &id).await;
    assert_eq!(starts(&all), ["03-17T09:00", "03-24T09:00", "03-31T08:00"]);
    assert_eq!(each(&all, "type"), ["occurrence"; 3]);
}

#[tokio::test]
async fn deleting_a_master_takes_everything() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = house.event(&calendar, weekly(3)).await;
    let first = instances(&house, &id).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(house.delete(&format!("/me/events/{id}")).await.status, 204);
    assert_eq!(house.get(&format!("/me/events/{first}")).await.status, 404);
    let view = house.get(&format!("/me/calendars/{calendar}/calendarView?{MARCH}")).await.good();
    assert_eq!(list(&view).len(), 0);
}

#[tokio::test]
async fn a_series_must_begin_where_it_starts() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let mut body = weekly(3);
    body["recurrence"]["range"]["startDate"] = json!("2026-03-18");
    let reply = house.post(&format!("/me/calendars/{calendar}/events"), body).await;
    assert_eq!(reply.refusal(), (400, "ErrorPropertyValidationFailure".to_owned()));
    let monthly = json!({"recurrence": {"pattern": {"type": "absoluteMonthly", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-17"}}});
    let reply = house.post(&format!("/me/calendars/{calendar}/events"), with(weekly(3), monthly)).await;
    assert_eq!(reply.status, 400);
}
