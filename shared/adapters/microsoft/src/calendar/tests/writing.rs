//! Writing mirrors and looking them up.

use daybook_core::ids::{ItemId, Revision};
use daybook_core::link::Touch;
use daybook_core::mirror::{Content, MirrorContent};
use daybook_engine::ports::{Calendar, Expected, MirrorRef, RemoteError, Step, Written};
use serde_json::{Value, json};

use super::{batch, dentist, hits, kind, missing, stored};
use crate::testing::{Script, at, calendar, content, mirror};

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
    assert_eq!(script.body(2)["transactionId"], format!("{}-AAk2", mirror()));
}

#[tokio::test]
async fn e_048_a_duplicate_transaction_is_a_conflict_where_the_mirror_stands() {
    let duplicate = r#"{"error":{"code":"ErrorDuplicateTransactionId"}}"#;
    let script = Script::new(&[(409, duplicate), (200, &hits(&["AAk2"], &[]))]);
    let error = write(&script, put(None, Expected::Absent, content())).await.unwrap_err();
    assert_eq!(kind(&error), "Conflict");
    let named = r#"{"error":{"code":"ErrorDuplicateTransactionId","@event.existingEventId":"AAk2"}}"#;
    let script = Script::new(&[(400, named), (200, &stored(json!({})).to_string())]);
    let error = write(&script, put(None, Expected::Absent, content())).await.unwrap_err();
    assert_eq!((kind(&error).as_str(), script.is_done()), ("Conflict", true));
}

#[tokio::test]
async fn e_048_a_duplicate_transaction_of_what_was_deleted_is_tried_under_further_names() {
    let duplicate = r#"{"error":{"code":"ErrorDuplicateTransactionId"}}"#;
    let none = hits(&[], &["a person's copy"]);
    let fresh = stored(json!({})).to_string();
    let script =
        Script::new(&[(400, duplicate), (200, &none), (409, duplicate), (200, &none), (201, &fresh)]);
    let written = write(&script, put(None, Expected::Absent, content())).await.unwrap();
    assert_eq!(line(&written), OURS);
    let used = [0, 2, 4].map(|at| script.body(at)["transactionId"].as_str().unwrap().to_owned());
    let seconds = at("2026-03-02T08:00:00Z").as_second();
    let name = mirror();
    assert_eq!(used, [name.to_string(), format!("{name}-{seconds}-2"), format!("{name}-{seconds}-3")]);
    let named = r#"{"error":{"code":"ErrorDuplicateTransactionId","@event.existingEventId":"AAk9="}}"#;
    let script = Script::new(&[(409, named), (404, &missing().to_string()), (201, &fresh)]);
    assert_eq!(line(&write(&script, put(None, Expected::Absent, content())).await.unwrap()), OURS);
    assert_eq!(script.body(2)["transactionId"], format!("{name}-AAk9"));
    let script = Script::new(&[]);
    for _ in 0..4 {
        script.then(409, &[], duplicate);
        script.then(200, &[], &none);
    }
    let error = write(&script, put(None, Expected::Absent, content())).await.unwrap_err();
    assert_eq!((kind(&error).as_str(), script.is_done()), ("Later", true));
}

#[tokio::test]
async fn e_043_however_often_a_mirror_is_deleted_it_is_made_again_under_another_transaction() {
    let (gone, none) = (missing().to_string(), hits(&[], &[]));
    let mut used = std::collections::BTreeSet::new();
    for cycle in 0..9 {
        let (before, after) = (format!("AAkALg{cycle}=="), format!("AAkALg{}==", cycle + 1));
        let fresh = stored(json!({ "id": after })).to_string();
        let script = Script::new(&[(404, &gone), (200, &none), (201, &fresh), (200, &fresh)]);
        let written = write(&script, put(Some(&before), Expected::Absent, content())).await.unwrap();
        assert_eq!((written.remote.unwrap().as_str(), script.is_done()), (after.as_str(), true));
        let transaction = script.body(2)["transactionId"].as_str().unwrap().to_owned();
        assert!(transaction.starts_with(mirror().as_str()), "{transaction}");
        used.insert(transaction);
    }
    assert_eq!(used.len(), 9);
    // One that stands after all is no second one.
    let script = Script::new(&[(200, &stored(json!({})).to_string())]);
    let error = write(&script, put(Some("AAk2"), Expected::Absent, content())).await.unwrap_err();
    assert_eq!((kind(&error).as_str(), script.is_done()), ("Conflict", true));
}

#[tokio::test]
async fn e_048_a_doubtful_write_is_looked_for_first() {
    let (same, gone) = (stored(json!({})).to_string(), missing().to_string());
    let other = stored(json!({ "subject": "Older", "isReminderOn": true, "reminderMinutesBeforeStart": 30 }));
    let other = other.to_string();
    let found = hits(&["AAk2"], &["AAk1"]);
    let none = hits(&[], &["AAk1"]);
    let posted = "POST /me/calendars/AAMk%3D/events";
    for (remote, answers, last) in [
        (Some("AAk2"), vec![(200, &same)], "GET"),
        (Some("AAk2"), vec![(200, &other), (200, &same)], "PATCH /me/events/AAk2"),
        (Some("AAk0"), vec![(404, &gone), (200, &found), (200, &same)], "GET"),
        (None, vec![(200, &found), (200, &other), (200, &same)], "PATCH /me/events/AAk2"),
        (None, vec![(200, &found), (404, &gone), (201, &same), (200, &same)], "GET"),
        (None, vec![(200, &none), (201, &same), (200, &same)], "GET"),
    ] {
        let answers: Vec<(u16, &str)> =
            answers.iter().map(|(status, body)| (*status, body.as_str())).collect();
        let script = Script::new(&answers);
        let written = write(&script, put(remote, Expected::Doubtful, content())).await.unwrap();
        assert_eq!(written.remote.as_ref().map(ItemId::as_str), Some("AAk2"));
        let lines = script.lines();
        assert!(lines.last().unwrap().starts_with(last) && script.is_done(), "{lines:?}");
        assert_eq!(lines.iter().any(|line| line == posted), answers.iter().any(|(status, _)| *status == 201));
        assert!(!lines.iter().any(|line| line.starts_with("DELETE")), "{lines:?}");
        if last.starts_with("PATCH") {
            let at = lines.len() - 1;
            assert!(script.body(at).get("isReminderOn").is_none(), "a person's reminder stays");
            assert_eq!(script.header(at, "if-match").unwrap(), "W/\"AAk2\"");
        }
    }
}

#[tokio::test]
async fn e_048_a_fresh_answer_for_what_was_deleted_a_moment_ago_is_not_believed() {
    let replay = stored(json!({ "createdDateTime": "2026-03-02T08:00:00Z" })).to_string();
    let second = stored(json!({ "id": "AAk3" })).to_string();
    let (none, gone) = (hits(&[], &[]), missing().to_string());
    let script = Script::new(&[(200, &none), (201, &replay), (404, &gone), (201, &second)]);
    let written = write(&script, put(None, Expected::Doubtful, content())).await.unwrap();
    assert_eq!(written.remote, Some("AAk3".into()));
    assert_eq!(script.body(3)["transactionId"], format!("{}-AAk2", mirror()));
}

#[tokio::test]
async fn e_047_e_048_doubles_go_where_one_is_written_and_copies_stay() {
    let found = hits(&["AAk9", "AAk2"], &["AAk1", "AAk5"]);
    let script = Script::new(&[(200, &found), (200, &stored(json!({})).to_string()), (204, "")]);
    let written = write(&script, put(None, Expected::Doubtful, content())).await.unwrap();
    assert_eq!(line(&written), OURS);
    assert_eq!((script.lines()[2].as_str(), script.is_done()), ("DELETE /me/events/AAk9", true));
}

#[tokio::test]
async fn e_050_our_own_state_is_written_over_unseen() {
    let script = Script::new(&[(200, &stored(json!({})).to_string())]);
    let expected = Expected::Revision("W/\"old\"".into(), Touch::OursAlone);
    let written = write(&script, put(Some("AAk2"), expected.clone(), content())).await.unwrap();
    assert_eq!(line(&written), OURS);
    assert_eq!(script.header(0, "if-match").unwrap(), "W/\"old\"");
    for status in [404, 412] {
        let script = Script::new(&[(status, &missing().to_string())]);
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
    let script = Script::new(&[(200, &hits(&["AAk2"], &[])), (200, &found), (200, &fresh)]);
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
    let script = Script::new(&[
        (200, &hits(&["b", "a"], &["a person's copy"])),
        (204, ""),
        (404, &missing().to_string()),
    ]);
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
async fn a_token_refused_inside_a_batch_is_replaced_once() {
    let delete = |remote: &str| Step::Delete {
        at: MirrorRef { mirror: mirror(), remote: Some(remote.into()) },
        expected: Expected::Unversioned,
    };
    let steps = [delete("AAk1"), delete("AAk2"), delete("AAk3")];
    let refused = || json!({ "error": { "code": "InvalidAuthenticationToken" } });
    let first = batch(&[("1", 204, Value::Null), ("2", 401, refused()), ("3", 401, refused())]);
    let second = batch(&[("1", 204, Value::Null), ("2", 401, refused())]);
    let script = Script::new(&[(200, &first), (200, &second)]);
    let results = calendar(&script).carry_out(&steps).await;
    assert_eq!(script.header(1, "authorization").unwrap(), "Bearer second");
    assert_eq!(script.body(1)["requests"].as_array().unwrap().len(), 2);
    assert!(results[0].is_ok() && results[1].is_ok());
    assert_eq!(kind(results[2].as_ref().unwrap_err()), "Refused");
}

#[tokio::test]
async fn e_047_e_048_looking_removes_nothing_and_tells_the_lowest_that_is_ours() {
    let found = hits(&["AAk9", "AAk2"], &["AAk1"]);
    let script = Script::new(&[(200, &found), (200, &stored(json!({})).to_string())]);
    let found = calendar(&script).find(&[MirrorRef { mirror: mirror(), remote: None }]).await.unwrap();
    assert!(script.lines().iter().all(|line| line.starts_with("GET")) && script.is_done());
    assert_eq!(found[0].remote, Some("AAk2".into()));
    assert_eq!(found[0].content, Some(Content::Mirror(content())));
}

#[tokio::test]
async fn looking_mirrors_up() {
    let known = MirrorRef { mirror: mirror(), remote: Some("AAk2".into()) };
    let (gone, none) = (missing().to_string(), hits(&[], &["AAk1"]));
    let script = Script::new(&[(404, &gone), (200, &none)]);
    assert_eq!(calendar(&script).find(std::slice::from_ref(&known)).await.unwrap()[0].content, None);
    let again = stored(json!({ "id": "AAk3" })).to_string();
    let script = Script::new(&[(404, &gone), (200, &hits(&["AAk3"], &[])), (200, &again)]);
    let found = calendar(&script).find(std::slice::from_ref(&known)).await.unwrap();
    assert_eq!(found[0].remote, Some("AAk3".into()), "made anew by a write whose answer was lost");
    let script = Script::new(&[(200, &dentist().to_string())]);
    let ruined = calendar(&script).find(std::slice::from_ref(&known)).await.unwrap();
    assert_ne!(ruined[0].content, Some(Content::Mirror(content())));
    let script = Script::new(&[(200, &none)]);
    let none = calendar(&script).find(&[MirrorRef { mirror: mirror(), remote: None }]).await.unwrap();
    assert_eq!((none.len(), &none[0].content), (1, &None));
    // One that is refused for good keeps nobody else from an answer.
    let denied = json!({ "error": { "code": "ErrorAccessDenied" } });
    let script = Script::new(&[(200, &batch(&[("1", 403, denied), ("2", 200, stored(json!({})))]))]);
    let found = calendar(&script).find(&[known.clone(), known]).await.unwrap();
    assert_eq!(found.len(), 1);
}
