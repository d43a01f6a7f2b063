//! Sync tokens: what they remember, what they tell, what must not stand beside them, and when they end.

use serde_json::{Value, json};

use crate::house::{EVENTS, House, timed, weekly, with};

#[tokio::test]
async fn changes_are_told_once_in_their_latest_state() {
    let house = House::new();
    let (empty, token) = house.full("").await;
    assert_eq!(empty, "");
    house.insert(&timed("aaaaa", "03-03T09:00", "03-03T10:00")).await;
    house.insert(&timed("bbbbb", "03-03T09:00", "03-03T10:00")).await;
    house.send("PATCH", &format!("{EVENTS}/aaaaa"), &json!({"summary": "twice"})).await;
    let (ids, next) = house.news("", &token).await;
    assert_eq!(ids, "aaaaa bbbbb");
    house.delete(&format!("{EVENTS}/bbbbb")).await;
    let (_, page) = house.walk(&format!("syncToken={next}")).await;
    let gone = &page["items"][0];
    let keys: Vec<&str> = gone.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((keys, &gone["status"]), (vec!["etag", "id", "kind", "status"], &json!("cancelled")));
    // The old token tells the same story again, up to now.
    assert_eq!(house.news("", &token).await.0, "aaaaa xbbbbb");
    let (nothing, last) = house.news("", page["nextSyncToken"].as_str().unwrap()).await;
    assert_eq!((nothing.as_str(), last.is_empty()), ("", false));
}

#[tokio::test]
async fn incremental_answers_have_pages_too() {
    let house = House::new();
    let (_, token) = house.full("").await;
    for number in 0..3 {
        house.insert(&timed(&format!("event{number}"), "03-03T09:00", "03-03T10:00")).await;
    }
    let (pages, last) = house.walk(&format!("maxResults=2&syncToken={token}")).await;
    assert_eq!(pages, ["event0 event1", "", "event2"]);
    // What changes between two pages is told by the token of the last one.
    let first = house.get(&format!("{EVENTS}?maxResults=2&syncToken={token}")).await.json();
    house.delete(&format!("{EVENTS}/event0")).await;
    let page = first["nextPageToken"].as_str().unwrap();
    let (_, end) = house.walk_on(&format!("maxResults=2&syncToken={token}"), page).await;
    assert_eq!(house.news("", end["nextSyncToken"].as_str().unwrap()).await.0, "xevent0");
    assert_eq!(house.news("", last["nextSyncToken"].as_str().unwrap()).await.0, "xevent0");
}

#[tokio::test]
async fn a_token_keeps_its_window_and_its_filters() {
    let house = House::new();
    let march = "timeMin=2026-03-01T00:00:00Z&timeMax=2026-04-01T00:00:00Z";
    house.insert(&timed("inside", "03-03T09:00", "03-03T10:00")).await;
    house.insert(&timed("outside0", "05-03T09:00", "05-03T10:00")).await;
    let (ids, token) = house.full(march).await;
    assert_eq!(ids, "inside");
    house.insert(&timed("outside1", "05-03T09:00", "05-03T10:00")).await;
    house.send("PATCH", &format!("{EVENTS}/outside0"), &json!({"summary": "still outside"})).await;
    assert_eq!(house.news("", &token).await.0, "");
    // What left the window is told where it is now; what came in is told, too.
    house.send("PUT", &format!("{EVENTS}/inside"), &timed("", "05-04T09:00", "05-04T10:00")).await;
    house.send("PUT", &format!("{EVENTS}/outside1"), &timed("", "03-04T09:00", "03-04T10:00")).await;
    let (ids, next) = house.news("", &token).await;
    assert_eq!(ids, "inside outside1");
    house.delete(&format!("{EVENTS}/inside")).await;
    house.delete(&format!("{EVENTS}/outside1")).await;
    assert_eq!(house.news("", &next).await.0, "xoutside1");
    assert_eq!(house.news("", &token).await.0, "xinside xoutside1");

    let (_, typed) = house.full("eventTypes=focusTime").await;
    house.insert(&timed("plain", "03-03T09:00", "03-03T10:00")).await;
    house
        .insert(&with(timed("focus", "03-03T09:00", "03-03T10:00"), &json!({"eventType": "focusTime"})))
        .await;
    assert_eq!(house.news("eventTypes=focusTime", &typed).await.0, "focus");
    let changed = house.get(&format!("{EVENTS}?singleEvents=true&syncToken={token}")).await;
    assert_eq!(changed.refusal(), (400, "invalid".to_owned()));
}

#[tokio::test]
async fn nothing_restrictive_stands_beside_a_token() {
    let house = House::new();
    let (_, token) = house.full("").await;
    let cases = [
        "iCalUID=x",
        "orderBy=updated",
        "privateExtendedProperty=a%3Db",
        "sharedExtendedProperty=a%3Db",
        "q=x",
        "timeMin=2026-03-01T00:00:00Z",
        "timeMax=2026-03-01T00:00:00Z",
        "updatedMin=2026-03-01T00:00:00Z",
        "showDeleted=false",
    ];
    for restriction in cases {
        let answer = house.get(&format!("{EVENTS}?syncToken={token}&{restriction}")).await;
        assert_eq!(answer.refusal(), (400, "invalid".to_owned()), "{restriction}");
    }
    for fine in ["showDeleted=true", "maxResults=10", "maxAttendees=1", "timeZone=UTC", "fields=items"] {
        assert_eq!(house.get(&format!("{EVENTS}?syncToken={token}&{fine}")).await.code(), 200, "{fine}");
    }
}

#[tokio::test]
async fn tokens_end() {
    let house = House::new();
    let (_, token) = house.full("").await;
    let other = format!("/calendar/v3/calendars/own%40group.calendar.google.com/events?syncToken={token}");
    assert_eq!(house.get(&other).await.refusal(), (410, "fullSyncRequired".to_owned()));
    assert_eq!(
        house.get(&format!("{EVENTS}?syncToken=nonsense")).await.refusal(),
        (400, "invalid".to_owned())
    );
    house.control(json!({"expire_cursors": true})).await;
    let expired = house.get(&format!("{EVENTS}?syncToken={token}")).await;
    assert_eq!(
        expired.json(),
        json!({"error": {"errors": [{"domain": "calendar", "reason": "fullSyncRequired",
            "message": "Sync token is no longer valid, a full sync is required.",
            "locationType": "parameter", "location": "syncToken"}],
            "code": 410, "message": "Sync token is no longer valid, a full sync is required."}})
    );
    let (_, fresh) = house.full("").await;
    assert_eq!(house.news("", &fresh).await.0, "");
}

#[tokio::test]
async fn a_deleted_series_leaves_a_tombstone_for_each_occurrence() {
    let house = House::new();
    house.insert(&weekly("series")).await;
    let window = "timeMax=2026-03-20T00:00:00Z";
    let (_, expanded) = house.full(&format!("singleEvents=true&{window}")).await;
    let (_, whole) = house.full(window).await;
    house.delete(&format!("{EVENTS}/series")).await;
    let (ids, _) = house.news("singleEvents=true", &expanded).await;
    assert_eq!(ids, "xseries_20260303T080000Z xseries_20260310T080000Z xseries_20260317T080000Z");
    let (_, page) = house.walk(&format!("singleEvents=true&syncToken={expanded}")).await;
    let gone: &Value = &page["items"][1];
    assert_eq!(gone["recurringEventId"], "series");
    assert_eq!(
        gone["originalStartTime"],
        json!({"dateTime": "2026-03-10T09:00:00+01:00", "timeZone": "Europe/Berlin"})
    );
    assert_eq!((gone.get("start"), gone.get("summary")), (None, None));
    assert_eq!(house.news("", &whole).await.0, "xseries");
}

#[tokio::test]
async fn a_changed_series_tells_what_stands_and_what_went() {
    let house = House::new();
    house.insert(&weekly("series")).await;
    let (_, token) = house.full("singleEvents=true").await;
    let shorter = json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]});
    house.send("PATCH", &format!("{EVENTS}/series"), &shorter).await;
    let (ids, next) = house.news("singleEvents=true", &token).await;
    let stand = "series_20260303T080000Z series_20260310T080000Z";
    assert_eq!(
        ids,
        format!("{stand} xseries_20260317T080000Z xseries_20260324T080000Z xseries_20260331T070000Z")
    );
    // A token from after the cut does not hear of it again.
    house.send("PATCH", &format!("{EVENTS}/series"), &json!({"summary": "renamed"})).await;
    assert_eq!(house.news("singleEvents=true", &next).await.0, stand);
    // Not recurring any more: one event under the series' own id.
    house.send("PATCH", &format!("{EVENTS}/series"), &json!({"recurrence": null})).await;
    let (ids, _) = house.news("singleEvents=true", &next).await;
    assert_eq!(ids, "series xseries_20260303T080000Z xseries_20260310T080000Z");
}

#[tokio::test]
async fn a_meeting_cancelled_by_its_organizer_keeps_its_details() {
    let house = House::new();
    let meeting = with(
        timed("abcde", "03-03T09:00", "03-03T10:00"),
        &json!({"attendees": [{"email": "eve@x.example"}]}),
    );
    house.insert(&meeting).await;
    let (_, token) = house.full("").await;
    house.delete(&format!("{EVENTS}/abcde")).await;
    let (_, page) = house.walk(&format!("syncToken={token}")).await;
    let gone = &page["items"][0];
    assert_eq!((&gone["status"], &gone["summary"]), (&json!("cancelled"), &json!("about abcde")));
    assert_eq!(gone["start"]["dateTime"], "2026-03-03T09:00:00+01:00");
}
