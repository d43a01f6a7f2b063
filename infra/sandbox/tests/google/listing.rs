//! Full listings: pages, hollow ones too, filters, windows, orders, and what a reader may see.

use serde_json::json;

use crate::house::{EVENTS, House, timed, weekly, with};

#[tokio::test]
async fn pages_may_be_hollow_and_only_the_last_one_has_a_sync_token() {
    let house = House::new();
    for number in 0..5 {
        house.insert(&timed(&format!("event{number}"), "03-03T09:00", "03-03T10:00")).await;
    }
    let (pages, last) = house.walk("maxResults=2").await;
    let filled: Vec<&str> = pages.iter().map(String::as_str).filter(|page| !page.is_empty()).collect();
    assert_eq!(filled, ["event0 event1", "event2 event3", "event4"]);
    assert!(pages.iter().any(String::is_empty), "{pages:?}");
    assert!(last["nextSyncToken"].is_string());
    assert_eq!(
        (&last["kind"], &last["accessRole"], &last["timeZone"]),
        (&json!("calendar#events"), &json!("owner"), &json!("Europe/Berlin"))
    );
    // At some state of the world even a short listing begins with nothing.
    let mut first_pages = Vec::new();
    for number in 0..5 {
        house.insert(&timed(&format!("more{number}"), "03-03T09:00", "03-03T10:00")).await;
        first_pages.push(house.get(EVENTS).await.ids().is_empty());
    }
    assert_eq!(first_pages.iter().filter(|hollow| **hollow).count(), 1);
}

#[tokio::test]
async fn a_page_token_wants_its_query() {
    let house = House::new();
    for number in 0..3 {
        house.insert(&timed(&format!("event{number}"), "03-03T09:00", "03-03T10:00")).await;
    }
    let first = house.get(&format!("{EVENTS}?maxResults=1&singleEvents=true")).await.json();
    let token = first["nextPageToken"].as_str().unwrap();
    let other = house.get(&format!("{EVENTS}?maxResults=1&pageToken={token}")).await;
    assert_eq!(other.refusal(), (400, "invalid".to_owned()));
    let nonsense = house.get(&format!("{EVENTS}?pageToken=nonsense")).await;
    assert_eq!(nonsense.refusal(), (400, "invalid".to_owned()));
}

#[tokio::test]
async fn filters_windows_and_orders() {
    let house = House::new();
    let marked =
        json!({"extendedProperties": {"private": {"src": "us", "n": "1"}}, "eventType": "focusTime"});
    house.insert(&with(timed("bbbbb", "03-03T09:00", "03-03T10:00"), &marked)).await;
    house
        .insert(&with(timed("aaaaa", "03-05T09:00", "03-05T10:00"), &json!({"description": "Long Walk"})))
        .await;
    house
        .insert(&json!({"id": "ccccc", "start": {"date": "2026-03-04"}, "end": {"date": "2026-03-05"}}))
        .await;
    house.insert(&timed("ddddd", "03-01T09:00", "03-01T10:00")).await;
    house.delete(&format!("{EVENTS}/ddddd")).await;
    house.insert(&weekly("series")).await;
    let cases = [
        ("", "aaaaa bbbbb ccccc series", true),
        ("showDeleted=true", "aaaaa bbbbb ccccc xddddd series", true),
        ("eventTypes=focusTime&eventTypes=outOfOffice", "bbbbb", true),
        ("privateExtendedProperty=src%3Dus&privateExtendedProperty=n%3D1", "bbbbb", false),
        ("privateExtendedProperty=src%3Dus&privateExtendedProperty=n%3D2", "", false),
        ("q=walk", "aaaaa", false),
        ("iCalUID=aaaaa%40google.com", "aaaaa", false),
        // The 4th of March in Berlin begins and ends at 23:00Z; both bounds are exclusive.
        ("timeMin=2026-03-03T23:00:00Z&timeMax=2026-03-05T08:00:00Z", "ccccc", true),
        ("timeMin=2026-03-04T22:59:59Z&timeMax=2026-03-05T08:00:01Z", "aaaaa ccccc", true),
        ("timeMin=2026-03-04T23:00:00Z&timeMax=2026-03-05T08:00:00Z", "", true),
        ("timeMax=2026-03-10T08:00:01Z&timeMin=2026-03-09T00:00:00Z", "series", true),
        (
            "singleEvents=true&orderBy=startTime&timeMax=2026-03-11T00:00:00Z",
            "bbbbb series_20260303T080000Z ccccc aaaaa series_20260310T080000Z",
            false,
        ),
        ("orderBy=updated", "bbbbb aaaaa ccccc series", false),
        ("updatedMin=2026-03-01T09:00:00Z&eventTypes=focusTime", "bbbbb", false),
    ];
    for (query, expected, syncs) in cases {
        let (ids, token) = house.full(query).await;
        assert_eq!((ids.as_str(), !token.is_empty()), (expected, syncs), "{query}");
    }
}

#[tokio::test]
async fn queries_that_google_refuses() {
    let house = House::new();
    let cases = [
        ("maxResults=0", 400, "invalid"),
        ("maxResults=2501", 400, "invalid"),
        ("singleEvents=yes", 400, "invalid"),
        ("orderBy=startTime", 400, "invalid"),
        ("orderBy=name", 400, "invalid"),
        ("timeMin=2026-03-03", 400, "invalid"),
        ("timeMin=2026-03-03T09:00:00", 400, "invalid"),
        ("timeMin=2026-03-03T09:00:00+01:00", 400, "invalid"),
        ("timeMin=2026-03-03T09:00:00Z&timeMax=2026-03-03T09:00:00Z", 400, "timeRangeEmpty"),
        ("timeZone=Mars", 400, "invalid"),
        ("privateExtendedProperty=src", 400, "invalid"),
        ("updatedMin=2026-01-01T00:00:00Z", 410, "updatedMinTooLongAgo"),
        ("fields=items(", 400, "invalid"),
    ];
    for (query, status, reason) in cases {
        let answer = house.get(&format!("{EVENTS}?{query}")).await;
        assert_eq!(answer.refusal(), (status, reason.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn views_cut_what_is_shown() {
    let house = House::new();
    let people = json!({"attendees": [{"email": "eve@x.example"}, {"email": "dora@clinic.example", "responseStatus": "accepted"}]});
    house.insert(&with(timed("abcde", "03-03T09:00", "03-03T10:00"), &people)).await;
    let path = format!("{EVENTS}/abcde");
    let read = house.get(&format!("{path}?maxAttendees=1")).await.json();
    assert_eq!(
        read["attendees"],
        json!([{"email": "dora@clinic.example", "responseStatus": "accepted", "self": true}])
    );
    let brief = house.get(&format!("{path}?fields=id,start/dateTime")).await.json();
    assert_eq!(brief, json!({"id": "abcde", "start": {"dateTime": "2026-03-03T09:00:00+01:00"}}));
    let (_, page) = house.walk("timeZone=UTC").await;
    assert_eq!(
        page["items"][0]["start"],
        json!({"dateTime": "2026-03-03T08:00:00Z", "timeZone": "Europe/Berlin"})
    );
}

#[tokio::test]
async fn a_calendar_of_another_shows_what_its_role_allows() {
    let house = House::new();
    let there = |calendar: &str| format!("/calendar/v3/calendars/{calendar}%40clinic.example/events/there");
    let cases = [("writer", Some("about there")), ("reader", None), ("times", None)];
    for (calendar, title) in cases {
        let read = house.get(&there(calendar)).await.json();
        assert_eq!((read["summary"].as_str(), &read["status"]), (title, &json!("confirmed")), "{calendar}");
        assert_eq!(read["start"]["dateTime"], "2026-03-04T09:00:00+01:00");
    }
    for calendar in ["reader", "times"] {
        let refused = house.delete(&there(calendar)).await;
        assert_eq!(refused.refusal(), (403, "requiredAccessLevel".to_owned()), "{calendar}");
    }
}
