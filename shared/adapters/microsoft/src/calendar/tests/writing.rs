//! Writing mirrors and looking them up.

use daybook_core::ids::{ItemId, Revision};
use daybook_core::link::Touch;
use daybook_core::mirror::{Content, MirrorContent};
use daybook_engine::ports::{Calendar, Expected, MirrorRef, RemoteError, Step, Written};
use serde_json::{Value, json};

use super::{batch, dentist, kind, missing, stored};
use crate::testing::{Script, calendar, content, mirror};

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
        text(written.remote.as_ref().map(ItemId::as_str)),
        text(written.revision.as_ref().map(Revision::as_str)),
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
    assert_eq!(calendar(&script).find(std::slice::from_ref(&known)).await.unwrap()[0].content, None);
    let script = Script::new(&[(200, &dentist().to_string())]);
    let ruined = calendar(&script).find(&[known]).await.unwrap();
    assert_ne!(ruined[0].content, Some(Content::Mirror(content())));
    let script = Script::new(&[(200, r#"{"value":[]}"#)]);
    let none = calendar(&script).find(&[MirrorRef { mirror: mirror(), remote: None }]).await.unwrap();
    assert_eq!((none.len(), &none[0].content), (1, &None));
}
