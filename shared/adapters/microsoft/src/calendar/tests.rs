//! Whole conversations about one calendar, against a script.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use daybook_core::event::{Seen, Sighting};
use daybook_core::link::Touch;
use daybook_core::mirror::{Content, MirrorContent};
use daybook_engine::ports::{Calendar, Entry, Expected, Listing, MirrorRef, RemoteError, Step, Written};
use serde_json::{Value, json};

use crate::testing::{Script, at, calendar, content, mirror, window};
use crate::wire::event::{MARKER, REMINDER};

const DELTA: &str = "https://graph.example/v1.0/me/calendars/AAMk/calendarView/delta";

fn told(id: &str, start: &str, end: &str, more: Value) -> Value {
    let mut event = json!({
        "id": id, "type": "singleInstance", "showAs": "busy", "isAllDay": false, "isCancelled": false,
        "@odata.etag": format!("W/\"{id}\""),
        "start": { "dateTime": start, "timeZone": "UTC" }, "end": { "dateTime": end, "timeZone": "UTC" },
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn dentist() -> Value {
    told("AAk1", "2026-03-03T12:00:00.0000000", "2026-03-03T13:00:00.0000000", json!({}))
}

fn master(more: Value) -> Value {
    let mut event =
        told("AAkM", "2026-02-03T09:00:00", "2026-02-03T10:00:00", json!({ "type": "seriesMaster" }));
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

/// As sparse as a delta tells it.
fn occurrence(id: &str, day: u8) -> Value {
    json!({
        "id": id, "type": "occurrence", "seriesMasterId": "AAkM",
        "start": { "dateTime": format!("2026-03-{day:02}T09:00:00.0000000"), "timeZone": "UTC" },
        "end": { "dateTime": format!("2026-03-{day:02}T10:00:00.0000000"), "timeZone": "UTC" },
    })
}

fn exception(id: &str) -> Value {
    let more = json!({ "type": "exception", "seriesMasterId": "AAkM", "originalStart": "2026-03-24T09:00:00Z", "showAs": "oof" });
    told(id, "2026-03-25T15:00:00", "2026-03-25T16:00:00", more)
}

fn page(lines: &[Value], link: &str) -> String {
    let name = if link.contains("skip") { "@odata.nextLink" } else { "@odata.deltaLink" };
    json!({ "value": lines, name: format!("{DELTA}?{link}") }).to_string()
}

fn words(listing: &Listing) -> Vec<String> {
    let sighting = |one: &Sighting| match &one.seen {
        Seen::Events(events) => {
            let names: Vec<String> =
                events.iter().map(|event| format!("{}:{:?}", event.occurrence, event.shown_as)).collect();
            format!("{} events {}", one.item, names.join(" "))
        }
        Seen::Named { mirror, content, .. } => format!("{} {mirror} {}", one.item, content.title),
        Seen::Gone => format!("{} gone", one.item),
        Seen::Unreadable { .. } => format!("{} unreadable", one.item),
    };
    let word = |entry: &Entry| match entry {
        Entry::Seen(one) => sighting(one),
        Entry::Touched { item, revision, name } => {
            let revision = revision.as_ref().map_or("", |revision| revision.as_str());
            format!("{item} touched {revision}{}", if name.is_some() { " named" } else { "" })
        }
    };
    listing.entries.iter().map(word).collect()
}

fn kind(error: &RemoteError) -> String {
    format!("{error:?}").split([' ', '{']).next().unwrap().to_owned()
}

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
async fn a_part_is_a_view_without_a_cursor() {
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
    let listing = calendar(&script).list_part(window()).await.unwrap();
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

fn stored(more: Value) -> Value {
    let mut event = told(
        "AAk2",
        "2026-03-03T08:00:00.0000000",
        "2026-03-03T08:30:00.0000000",
        json!({
            "subject": "Busy", "sensitivity": "private", "location": { "displayName": "" }, "isReminderOn": false,
            "singleValueExtendedProperties": [{ "id": MARKER, "value": mirror().as_str() }, { "id": REMINDER, "value": "none" }],
        }),
    );
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn batch(parts: &[(&str, u16, Value)]) -> String {
    let parts: Vec<Value> =
        parts.iter().map(|(id, status, body)| json!({ "id": id, "status": status, "body": body })).collect();
    json!({ "responses": parts }).to_string()
}

fn missing() -> Value {
    json!({ "error": { "code": "ErrorItemNotFound" } })
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
async fn e_040_what_has_no_answer_is_left_out_and_throttling_is_not_hidden() {
    let items = ["AAk1", "AAk2"].map(Into::into);
    let denied = json!({ "error": { "code": "ErrorAccessDenied" } });
    let script = Script::new(&[(200, &batch(&[("1", 403, denied), ("2", 404, missing())]))]);
    assert_eq!(calendar(&script).get(&items, window()).await.unwrap().len(), 1);
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

fn put(remote: Option<&str>, expected: Expected, content: MirrorContent) -> Step {
    let at = MirrorRef { mirror: mirror(), remote: remote.map(Into::into) };
    Step::Put { at, expected, content: Content::Mirror(content) }
}

async fn write(script: &std::sync::Arc<Script>, step: Step) -> Result<Written, RemoteError> {
    let calendar: std::sync::Arc<dyn Calendar> = calendar(script);
    calendar.carry_out(&[step]).await.remove(0)
}

fn line(written: &Written) -> String {
    let text = |part: Option<&str>| part.unwrap_or("-").to_owned();
    format!(
        "{} {} {:?}",
        text(written.remote.as_ref().map(|id| id.as_str())),
        text(written.revision.as_ref().map(|revision| revision.as_str())),
        written.touch
    )
}

const OURS: &str = "AAk2 W/\"AAk2\" Some(OursAlone)";

#[tokio::test]
async fn a_new_mirror_costs_one_request() {
    let script = Script::new(&[(201, &stored(json!({})).to_string())]);
    let written = write(&script, put(None, Expected::Absent, content())).await.unwrap();
    assert_eq!(line(&written), OURS);
    assert_eq!(script.lines(), ["POST /me/calendars/AAMk%3D/events"]);
    assert!(script.body(0).get("attendees").is_none() && script.body(0).get("body").is_none());
}

#[tokio::test]
async fn e_048_a_repeated_insert_that_is_answered_with_other_content_is_mended() {
    let old = stored(json!({ "subject": "Older" })).to_string();
    let script = Script::new(&[(201, &old), (200, &old), (200, &stored(json!({})).to_string())]);
    let written = write(&script, put(None, Expected::Absent, content())).await.unwrap();
    assert_eq!(line(&written), OURS);
    assert_eq!(script.lines()[2], "PATCH /me/events/AAk2");
    assert_eq!(script.header(2, "if-match").unwrap(), "W/\"AAk2\"");
}

#[tokio::test]
async fn e_048_a_repeated_insert_of_what_was_deleted_is_made_anew() {
    let old = stored(json!({ "createdDateTime": "2026-02-01T08:00:00Z" })).to_string();
    let script = Script::new(&[]);
    script.then(201, &[("date", "Mon, 02 Mar 2026 08:00:00 GMT")], &old);
    script.then(404, &[], &missing().to_string());
    script.then(201, &[], &stored(json!({})).to_string());
    let written = write(&script, put(None, Expected::Absent, content())).await.unwrap();
    assert_eq!(line(&written), OURS);
    assert_eq!(script.body(2)["transactionId"], format!("{}-2", mirror()));
}

#[tokio::test]
async fn e_048_a_duplicate_transaction_is_a_conflict_where_the_mirror_stands() {
    let duplicate = r#"{"error":{"code":"ErrorDuplicateTransactionId"}}"#;
    let script = Script::new(&[(409, duplicate), (200, r#"{"value":[{"id":"AAk2"}]}"#)]);
    let error = write(&script, put(None, Expected::Absent, content())).await.unwrap_err();
    assert_eq!(kind(&error), "Conflict");
}

#[tokio::test]
async fn e_048_a_duplicate_transaction_of_what_was_deleted_is_tried_under_further_names() {
    let duplicate = r#"{"error":{"code":"ErrorDuplicateTransactionId"}}"#;
    let none = r#"{"value":[]}"#;
    let script = Script::new(&[
        (400, duplicate),
        (200, none),
        (409, duplicate),
        (200, none),
        (201, &stored(json!({})).to_string()),
    ]);
    let written = write(&script, put(None, Expected::Absent, content())).await.unwrap();
    assert_eq!(line(&written), OURS);
    assert_eq!(script.body(4)["transactionId"], format!("{}-3", mirror()));
    let script = Script::new(&[
        (409, duplicate),
        (200, none),
        (409, duplicate),
        (200, none),
        (409, duplicate),
        (200, none),
        (409, duplicate),
        (200, none),
    ]);
    let error = write(&script, put(None, Expected::Absent, content())).await.unwrap_err();
    assert_eq!((kind(&error).as_str(), script.is_done()), ("Later", true));
}

#[tokio::test]
async fn e_050_our_own_state_is_written_over_unseen() {
    let script = Script::new(&[(200, &stored(json!({})).to_string())]);
    let expected = Expected::Revision("W/\"old\"".into(), Touch::OursAlone);
    let written = write(&script, put(Some("AAk2"), expected.clone(), content())).await.unwrap();
    assert_eq!(line(&written), OURS);
    assert_eq!(script.header(0, "if-match").unwrap(), "W/\"old\"");
    for status in [404, 412] {
        let script = Script::new(&[(status, "")]);
        let error = write(&script, put(Some("AAk2"), expected.clone(), content())).await.unwrap_err();
        assert_eq!(kind(&error), "Conflict", "{status}");
    }
}

#[tokio::test]
async fn a_persons_reminder_survives_a_move() {
    let theirs = stored(json!({ "isReminderOn": true, "reminderMinutesBeforeStart": 30 })).to_string();
    let script = Script::new(&[(200, &theirs), (200, &theirs)]);
    let expected = Expected::Revision("W/\"AAk2\"".into(), Touch::Decorated);
    let written = write(&script, put(Some("AAk2"), expected, content())).await.unwrap();
    assert_eq!(written.touch, Some(Touch::Decorated));
    assert!(script.body(1).get("isReminderOn").is_none());
    let script = Script::new(&[(200, &theirs)]);
    let stale = Expected::Revision("W/\"old\"".into(), Touch::Decorated);
    assert_eq!(kind(&write(&script, put(Some("AAk2"), stale, content())).await.unwrap_err()), "Conflict");
}

#[tokio::test]
async fn a_mirror_in_an_unknown_state_is_read_first() {
    let found = stored(json!({ "sensitivity": "normal" })).to_string();
    let fresh = stored(json!({})).to_string();
    let script = Script::new(&[(200, r#"{"value":[{"id":"AAk2"}]}"#), (200, &found), (200, &fresh)]);
    assert_eq!(line(&write(&script, put(None, Expected::Unversioned, content())).await.unwrap()), OURS);
    let script = Script::new(&[(200, r#"{"value":[]}"#)]);
    let error = write(&script, put(None, Expected::Unversioned, content())).await.unwrap_err();
    assert_eq!(kind(&error), "Conflict");
}

#[tokio::test]
async fn removing_by_id_or_by_marker() {
    let delete = |remote: Option<&str>, expected| Step::Delete {
        at: MirrorRef { mirror: mirror(), remote: remote.map(Into::into) },
        expected,
    };
    let script = Script::new(&[(204, "")]);
    let known = Expected::Revision("W/\"a\"".into(), Touch::OursAlone);
    assert_eq!(write(&script, delete(Some("AAk2"), known)).await.unwrap(), Written::default());
    assert_eq!(script.header(0, "if-match").unwrap(), "W/\"a\"");
    let script = Script::new(&[(200, r#"{"value":[{"id":"b"},{"id":"a"}]}"#), (204, ""), (404, "")]);
    assert!(write(&script, delete(None, Expected::Unversioned)).await.is_ok());
    assert_eq!(script.lines()[1..], ["DELETE /me/events/a", "DELETE /me/events/b"]);
}

#[tokio::test]
async fn several_writes_are_one_request_with_a_result_each() {
    let known = Expected::Revision("W/\"a\"".into(), Touch::OursAlone);
    let steps = [
        put(None, Expected::Absent, content()),
        put(Some("AAk2"), known.clone(), content()),
        Step::Delete { at: MirrorRef { mirror: mirror(), remote: Some("AAk3".into()) }, expected: known },
    ];
    let throttled = json!({ "error": { "code": "ApplicationThrottled" } });
    let answer = batch(&[("3", 204, Value::Null), ("1", 201, stored(json!({}))), ("2", 429, throttled)]);
    let script = Script::new(&[(200, &answer)]);
    let results = calendar(&script).carry_out(&steps).await;
    assert_eq!(line(results[0].as_ref().unwrap()), OURS);
    assert_eq!(kind(results[1].as_ref().unwrap_err()), "Later");
    assert_eq!(results[2].as_ref().unwrap(), &Written::default());
    assert_eq!(script.lines(), ["POST /$batch"]);
    let lost = calendar(&Script::new(&[])).carry_out(&steps).await;
    assert!(lost.iter().all(|one| kind(one.as_ref().unwrap_err()) == "Later"));
}

#[tokio::test]
async fn e_048_of_doubled_mirrors_the_lowest_stays() {
    let script = Script::new(&[
        (200, r#"{"value":[{"id":"AAk9"},{"id":"AAk2"}]}"#),
        (204, ""),
        (200, &stored(json!({})).to_string()),
    ]);
    let found = calendar(&script).find(&[MirrorRef { mirror: mirror(), remote: None }]).await.unwrap();
    assert_eq!(script.lines()[1..2], ["DELETE /me/events/AAk9"]);
    assert_eq!(found[0].remote, Some("AAk2".into()));
    assert_eq!(found[0].content, Some(Content::Mirror(content())));
}

#[tokio::test]
async fn looking_mirrors_up() {
    let known = MirrorRef { mirror: mirror(), remote: Some("AAk2".into()) };
    let script = Script::new(&[(404, &missing().to_string())]);
    assert_eq!(calendar(&script).find(&[known.clone()]).await.unwrap()[0].content, None);
    let script = Script::new(&[(200, &dentist().to_string())]);
    let ruined = calendar(&script).find(&[known]).await.unwrap();
    assert_ne!(ruined[0].content, Some(Content::Mirror(content())));
    let script = Script::new(&[(200, r#"{"value":[]}"#)]);
    let none = calendar(&script).find(&[MirrorRef { mirror: mirror(), remote: None }]).await.unwrap();
    assert_eq!((none.len(), &none[0].content), (1, &None));
}
