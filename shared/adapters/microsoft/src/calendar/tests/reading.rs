//! Listings, deltas, reading by id.

use daybook_core::event::Seen;
use daybook_engine::ports::{Entry, Listing};
use serde_json::json;

use super::{batch, dentist, exception, kind, master, missing, occurrence, page, stored, told, words};
use crate::testing::{Script, at, calendar, mirror, window};

#[tokio::test]
async fn e_058_e_068_a_full_listing_fills_occurrences_and_joins_pages() {
    let ours = told(
        "AAk2",
        "2026-03-03T08:00:00",
        "2026-03-03T08:30:00",
        json!({ "transactionId": format!("{}-2", mirror()) }),
    );
    let script = Script::new(&[
        (200, &page(&[occurrence("AAkO1", 10), dentist(), dentist()], "$skiptoken=1")),
        (200, &page(&[], "$skiptoken=2")),
        (
            200,
            &page(
                &[
                    master(json!({ "showAs": "tentative" })),
                    exception("AAkO2"),
                    ours,
                    json!({ "@removed": {}, "id": "AAkX" }),
                ],
                "$deltatoken=3",
            ),
        ),
    ]);
    let listing = calendar(&script).list(window()).await.unwrap();
    assert_eq!(
        words(&listing),
        [
            "AAk1 events :Busy",
            "AAk2 touched W/\"AAk2\" named",
            "AAkM events 2026-03-10T09:00:00Z:Tentative 2026-03-24T09:00:00Z:OutOfOffice",
        ]
    );
    assert_eq!(
        script.lines()[0],
        "GET /me/calendars/AAMk%3D/calendarView/delta?startDateTime=2026-01-30T00:00:00Z&endDateTime=2026-05-01T00:00:00Z"
    );
    for at in 0..3 {
        assert_eq!(script.headers_named(at, "prefer"), 1, "one list of preferences on each page");
        assert_eq!(
            script.header(at, "prefer").unwrap(),
            r#"IdType="ImmutableId", outlook.timezone="UTC", odata.maxpagesize=200"#
        );
    }
    assert_eq!(script.header(0, "authorization").unwrap(), "Bearer first");
    assert!(script.is_done() && listing.cursor.is_some());
}

#[tokio::test]
async fn occurrences_without_their_series_are_read() {
    let script = Script::new(&[(200, &page(&[occurrence("AAkO1", 10)], "$deltatoken=1"))]);
    assert_eq!(words(&calendar(&script).list(window()).await.unwrap()), ["AAkM touched "]);
}

async fn cursor() -> daybook_core::ids::Cursor {
    let script = Script::new(&[(200, &page(&[], "$deltatoken=1"))]);
    calendar(&script).list(window()).await.unwrap().cursor.unwrap()
}

#[tokio::test]
async fn e_030_a_delta_tells_singles_in_full_and_series_by_name() {
    let script = Script::new(&[
        (
            200,
            &page(
                &[
                    dentist(),
                    occurrence("AAkO1", 10),
                    json!({ "@removed": { "reason": "deleted" }, "id": "AAkX" }),
                ],
                "$skiptoken=2",
            ),
        ),
        (
            200,
            &page(
                &[
                    exception("AAkO2"),
                    master(json!({})),
                    json!({ "@removed": {}, "id": "AAkM" }),
                    json!({ "id": "AAkBad", "start": 1 }),
                ],
                "$deltatoken=3",
            ),
        ),
    ]);
    let listing = calendar(&script).list_changes(&cursor().await, window()).await.unwrap();
    assert_eq!(words(&listing), ["AAk1 events :Busy", "AAkBad unreadable", "AAkM touched ", "AAkX gone"]);
    assert_eq!(script.lines()[0], "GET /me/calendars/AAMk/calendarView/delta?$deltatoken=1");
    assert!(listing.cursor.unwrap().as_str().contains("$deltatoken=3"));
}

#[tokio::test]
async fn a_series_that_went_with_its_tombstone_alone_is_gone() {
    let script = Script::new(&[(200, &page(&[json!({ "@removed": {}, "id": "AAkM" })], "$deltatoken=3"))]);
    let listing = calendar(&script).list_changes(&cursor().await, window()).await.unwrap();
    assert_eq!(words(&listing), ["AAkM gone"]);
}

#[tokio::test]
async fn an_idle_poll_is_one_request() {
    let script = Script::new(&[(200, &page(&[], "$deltatoken=2"))]);
    let listing = calendar(&script).list_changes(&cursor().await, window()).await.unwrap();
    assert_eq!((listing.entries.len(), script.lines().len()), (0, 1));
}

#[tokio::test]
async fn e_027_a_cursor_is_lost_with_its_token_its_window_or_its_format() {
    let gone = r#"{"error":{"code":"SyncStateNotFound"}}"#;
    let expired = calendar(&Script::new(&[(410, gone)])).list_changes(&cursor().await, window()).await;
    assert_eq!(kind(&expired.unwrap_err()), "CursorLost");
    let later = daybook_core::time::Interval::new(window().start(), at("2026-05-02T00:00:00Z")).unwrap();
    let beyond = calendar(&Script::new(&[])).list_changes(&cursor().await, later).await;
    assert_eq!(kind(&beyond.unwrap_err()), "CursorLost");
    let foreign = calendar(&Script::new(&[])).list_changes(&"ctag:1".into(), window()).await;
    assert_eq!(kind(&foreign.unwrap_err()), "CursorLost");
    let listing = calendar(&Script::new(&[(410, gone)])).list(window()).await;
    assert_eq!(kind(&listing.unwrap_err()), "Later");
}

#[tokio::test]
async fn a_link_to_elsewhere_gets_no_token() {
    let script = Script::new(&[(200, r#"{"value":[],"@odata.nextLink":"https://evil.example/v1.0/x"}"#)]);
    let error = calendar(&script).list(window()).await.unwrap_err();
    assert_eq!((kind(&error).as_str(), script.lines().len()), ("Unintelligible", 1));
}

#[tokio::test]
async fn pages_have_an_end() {
    let script = Script::new(&[]);
    for _ in 0..600 {
        script.then(200, &[], &page(&[], "$skiptoken=1"));
    }
    let error = calendar(&script).list(window()).await.unwrap_err();
    assert_eq!((kind(&error).as_str(), script.lines().len()), ("Unintelligible", 500));
}

#[tokio::test]
async fn a_listing_for_once_is_a_view_without_a_cursor() {
    let full = |id: &str, day: u8| {
        let mut one = occurrence(id, day);
        one.as_object_mut()
            .unwrap()
            .extend(json!({ "showAs": "busy", "isAllDay": false }).as_object().unwrap().clone());
        one
    };
    let first = json!({ "value": [dentist(), full("AAkO1", 10)],
        "@odata.nextLink": "https://graph.example/v1.0/me/calendars/AAMk/calendarView?$skip=2" });
    let script = Script::new(&[
        (200, &first.to_string()),
        (200, &json!({ "value": [full("AAkO2", 17)] }).to_string()),
    ]);
    let listing = calendar(&script).list_once(window()).await.unwrap();
    assert_eq!(
        words(&listing),
        ["AAk1 events :Busy", "AAkM events 2026-03-10T09:00:00Z:Busy 2026-03-17T09:00:00Z:Busy"]
    );
    assert_eq!(listing.cursor, None);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let refused = r#"{"error":{"code":"InvalidAuthenticationToken"}}"#;
    let script = Script::new(&[(401, refused), (200, &page(&[], "$deltatoken=1"))]);
    assert!(calendar(&script).list(window()).await.is_ok());
    assert_eq!(script.header(1, "authorization").unwrap(), "Bearer second");
    let script = Script::new(&[(401, refused), (401, refused)]);
    assert_eq!(kind(&calendar(&script).list(window()).await.unwrap_err()), "Refused");
}

#[tokio::test]
async fn reading_by_id_goes_together() {
    let items = ["AAk1", "AAk2", "AAkM", "AAkX"].map(Into::into);
    let instances = json!({ "value": [exception("AAkO2")] });
    let script = Script::new(&[
        (
            200,
            &batch(&[
                ("4", 404, missing()),
                ("3", 200, master(json!({}))),
                ("2", 200, stored(json!({}))),
                ("1", 200, dentist()),
            ]),
        ),
        (200, &instances.to_string()),
    ]);
    let read = calendar(&script).get(&items, window()).await.unwrap();
    let listing = Listing {
        entries: read.into_iter().map(Entry::Seen).collect(),
        cursor: None,
        completeness: daybook_engine::ports::Completeness::Complete,
    };
    assert_eq!(
        words(&listing),
        [
            "AAk1 events :Busy".to_owned(),
            format!("AAk2 {} Busy", mirror()),
            "AAkX gone".to_owned(),
            "AAkM events 2026-03-24T09:00:00Z:OutOfOffice".to_owned(),
        ]
    );
    assert_eq!(script.lines()[0], "POST /$batch");
    assert!(
        script.lines()[1].starts_with("GET /me/events/AAkM/instances?startDateTime=2026-03-01T00:00:00Z")
    );
}

#[tokio::test]
async fn e_040_what_is_refused_for_good_is_unreadable_and_throttling_is_not_hidden() {
    let items = ["AAk1", "AAk2"].map(Into::into);
    let denied = json!({ "error": { "code": "ErrorAccessDenied" } });
    let script = Script::new(&[(200, &batch(&[("1", 403, denied), ("2", 404, missing())]))]);
    let read = calendar(&script).get(&items, window()).await.unwrap();
    assert!(matches!(read[0].seen, Seen::Unreadable { .. }) && read[1].seen == Seen::Gone, "e_040: {read:?}");
    let malformed = json!({ "error": { "code": "ErrorInvalidIdMalformed" } });
    let script = Script::new(&[(200, &batch(&[("1", 400, malformed), ("2", 200, json!({ "id": 7 }))]))]);
    let read = calendar(&script).get(&items, window()).await.unwrap();
    assert!(read.iter().all(|one| matches!(one.seen, Seen::Unreadable { .. })), "e_040: {read:?}");
    let script = Script::new(&[(200, &batch(&[("1", 200, dentist()), ("2", 429, json!({}))]))]);
    assert_eq!(kind(&calendar(&script).get(&items, window()).await.unwrap_err()), "Later");
    let script = Script::new(&[(200, &batch(&[("1", 200, dentist())]))]);
    assert_eq!(kind(&calendar(&script).get(&items, window()).await.unwrap_err()), "Later");
    let script = Script::new(&[(404, &missing().to_string())]);
    let gone = calendar(&script).get(&["AAk1".into()], window()).await.unwrap();
    assert_eq!(gone[0].seen, Seen::Gone);
}

#[tokio::test]
async fn e_047_a_copy_that_carries_our_marker_is_an_event() {
    let mut copy = stored(json!({ "id": "AAk7" }));
    copy.as_object_mut().unwrap().remove("transactionId");
    let script = Script::new(&[(200, &copy.to_string())]);
    let read = calendar(&script).get(&["AAk7".into()], window()).await.unwrap();
    assert!(matches!(&read[0].seen, Seen::Events(events) if events.len() == 1), "{read:?}");
    // Made by us and stripped of its marker, it is ours and to be written anew.
    let bare = stored(json!({ "singleValueExtendedProperties": [] }));
    let script = Script::new(&[(200, &bare.to_string())]);
    let read = calendar(&script).get(&["AAk2".into()], window()).await.unwrap();
    assert!(matches!(&read[0].seen, Seen::Named { content, .. } if content.title != "Busy"), "{read:?}");
}

/// A round of changes over a window that is cut into strips.
async fn told_by_strips(strips: &[Vec<serde_json::Value>]) -> Vec<String> {
    let window =
        daybook_core::time::Interval::new(at("2026-01-01T00:00:00Z"), at("2032-01-01T00:00:00Z")).unwrap();
    let opening: Vec<String> = strips.iter().map(|_| page(&[], "$deltatoken=1")).collect();
    let opening: Vec<(u16, &str)> = opening.iter().map(|page| (200, page.as_str())).collect();
    let cursor = calendar(&Script::new(&opening)).list(window).await.unwrap().cursor.unwrap();
    let round: Vec<String> = strips.iter().map(|lines| page(lines, "$deltatoken=2")).collect();
    let round: Vec<(u16, &str)> = round.iter().map(|page| (200, page.as_str())).collect();
    let script = Script::new(&round);
    let listing = calendar(&script).list_changes(&cursor, window).await.unwrap();
    assert!(script.is_done());
    words(&listing)
}

#[tokio::test]
async fn e_028_what_leaves_one_strip_of_a_long_window_may_stand_in_another() {
    let gone = || json!({ "@removed": { "reason": "deleted" }, "id": "AAk1" });
    assert_eq!(told_by_strips(&[vec![dentist()], vec![gone()]]).await, ["AAk1 events :Busy"]);
    assert_eq!(told_by_strips(&[vec![gone()], vec![dentist()]]).await, ["AAk1 events :Busy"]);
    assert_eq!(told_by_strips(&[vec![gone()], vec![gone()]]).await, ["AAk1 gone"]);
    assert_eq!(told_by_strips(&[vec![dentist(), gone()], vec![]]).await, ["AAk1 gone"], "its last word");
    assert_eq!(told_by_strips(&[vec![gone(), dentist()], vec![gone()]]).await, ["AAk1 events :Busy"]);
}
