//! Requests that change mirrors.

use daybook_core::ids::{ItemId, Revision};
use daybook_core::mirror::{Certainty, MirrorContent};
use serde_json::json;

use super::kind;
use crate::testing::{at, content, mirror, reply};
use crate::wire::read::GetEvent;
use crate::wire::write::{Delete, Draft, Insert, Inserted, Patch, Reminder, Shape};
use crate::wire::{Call, Operation, Reply};

#[test]
fn e_088_e_089_a_new_mirror() {
    let calendar = "AAMk=".into();
    let (mirror, content) = (mirror(), content());
    let draft = || Draft { mirror: &mirror, content: &content, reminder: Reminder::Ours, shape: Shape::Once };
    let insert = |transaction| Insert { calendar: &calendar, draft: draft(), transaction };
    let call = insert(mirror.as_str()).prepare();
    assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/me/calendars/AAMk%3D/events"));
    assert_eq!(call.prefer, r#"IdType="ImmutableId", outlook.timezone="UTC""#);
    assert_eq!(
        call.body.unwrap(),
        json!({
            "subject": "Busy",
            "start": { "dateTime": "2026-03-03T08:00:00", "timeZone": "UTC" },
            "end": { "dateTime": "2026-03-03T08:30:00", "timeZone": "UTC" },
            "isAllDay": false, "showAs": "busy", "sensitivity": "private",
            "location": { "displayName": "" },
            "isReminderOn": false, "reminderMinutesBeforeStart": 0,
            "responseRequested": false, "allowNewTimeProposals": false,
            "transactionId": mirror.as_str(),
            "singleValueExtendedProperties": [
                { "id": "String {6f1d2b0e-8c4a-4e57-9a35-d0b7c1e2f483} Name DaybookMirror", "value": mirror.as_str() },
                { "id": "String {6f1d2b0e-8c4a-4e57-9a35-d0b7c1e2f483} Name DaybookReminder", "value": "none" },
            ],
        })
    );
    assert_eq!(insert("another").prepare().body.unwrap()["transactionId"], "another");
}

#[test]
fn what_is_written_over_keeps_what_is_not_ours() {
    let calendar = "AAMk=".into();
    let (mirror, id, revision) = (mirror(), ItemId::new("AAk1="), Revision::new("W/\"a\""));
    let content = MirrorContent {
        certainty: Certainty::Tentative,
        location: Some("Room 2".into()),
        reminder_minutes: Some(10),
        ..content()
    };
    let call = |reminder, shape| {
        let draft = Draft { mirror: &mirror, content: &content, reminder, shape };
        Patch { calendar: &calendar, id: &id, draft, revision: Some(&revision) }.prepare()
    };
    let ours = call(Reminder::Ours, Shape::Once);
    assert_eq!((ours.method.as_str(), ours.target.as_str()), ("PATCH", "/me/events/AAk1%3D"));
    assert_eq!(ours.if_match.as_deref(), Some("W/\"a\""));
    let body = ours.body.unwrap();
    let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "end",
            "isAllDay",
            "isReminderOn",
            "location",
            "reminderMinutesBeforeStart",
            "sensitivity",
            "showAs",
            "singleValueExtendedProperties",
            "start",
            "subject"
        ]
    );
    assert_eq!((&body["showAs"], &body["isReminderOn"]), (&json!("tentative"), &json!(true)));
    assert_eq!(
        (&body["reminderMinutesBeforeStart"], &body["location"]["displayName"]),
        (&json!(10), &json!("Room 2"))
    );
    let theirs = call(Reminder::Theirs, Shape::Series).body.unwrap();
    assert!(theirs.get("isReminderOn").is_none() && theirs.get("reminderMinutesBeforeStart").is_none());
    assert_eq!(theirs["recurrence"], json!(null));
    assert!(theirs.as_object().unwrap().contains_key("recurrence"));
}

const CREATED: &str = r#"{ "@odata.etag": "W/\"q1Zc\"", "id": "AAkALg=", "changeKey": "q1Zc",
  "createdDateTime": "2026-03-02T08:00:00.1234567Z", "transactionId": "x", "subject": "Busy", "type": "singleInstance",
  "start": { "dateTime": "2026-03-03T08:00:00.0000000", "timeZone": "UTC" },
  "end": { "dateTime": "2026-03-03T08:30:00.0000000", "timeZone": "UTC" } }"#;

#[test]
fn e_048_answers_to_a_new_mirror() {
    let calendar = "AAMk=".into();
    let (mirror, content) = (mirror(), content());
    let draft = Draft { mirror: &mirror, content: &content, reminder: Reminder::Ours, shape: Shape::Once };
    let insert = Insert { calendar: &calendar, draft, transaction: mirror.as_str() };
    let word = |reply: &Reply| match insert.parse(reply) {
        Ok(Inserted::Now(sent)) => format!("now {} {}", sent.event.id, sent.event.revision().unwrap()),
        Ok(Inserted::Before(id)) => format!("before {id}"),
        Ok(Inserted::Duplicate(None)) => "duplicate".into(),
        Ok(Inserted::Duplicate(Some(id))) => format!("duplicate of {id}"),
        Err(error) => kind(&error),
    };
    let later = |answered_at: &str| Reply { answered_at: at(answered_at), ..reply(201, CREATED) };
    let duplicate =
        r#"{"error":{"code":"ErrorDuplicateTransactionId","@event.existingEventId":"AAkALg..."}}"#;
    for (answer, expected) in [
        (reply(201, CREATED), "now AAkALg= W/\"q1Zc\""),
        (later("2026-03-02T08:00:02Z"), "now AAkALg= W/\"q1Zc\""),
        (later("2026-03-02T09:00:02Z"), "before AAkALg="),
        (later("2026-03-02T08:00:09Z"), "before AAkALg="),
        (reply(409, duplicate), "duplicate of AAkALg..."),
        (reply(400, duplicate), "duplicate of AAkALg..."),
        (reply(409, r#"{"error":{"code":"ErrorDuplicateTransactionId"}}"#), "duplicate"),
        (reply(404, r#"{"error":{"code":"ErrorItemNotFound"}}"#), "Missing"),
        (reply(400, r#"{"error":{"code":"ErrorInvalidRequest"}}"#), "Rejected"),
        (reply(201, "{}"), "Unintelligible"),
    ] {
        assert_eq!(word(&answer), expected, "{answer:?}");
    }
}

#[test]
fn what_is_gone_is_deleted_and_has_changed() {
    let (calendar, id) = ("AAMk=".into(), ItemId::new("AAk1="));
    let delete = Delete { calendar: &calendar, id: &id, revision: None };
    assert_eq!(delete.prepare(), Call::delete("/me/events/AAk1%3D".into()));
    let gone = r#"{"error":{"code":"ErrorItemNotFound"}}"#;
    for status in [204, 404, 410] {
        assert!(delete.parse(&reply(status, gone)).is_ok(), "{status}");
    }
    // The calendar, the mailbox, or nobody knows what: the event may well stand.
    for code in ["MailboxNotEnabledForRESTAPI", "ResourceNotFound", "ErrorFolderNotFound", ""] {
        let other = reply(404, &json!({ "error": { "code": code } }).to_string());
        assert_eq!(kind(&delete.parse(&other).unwrap_err()), "Missing", "{code}");
    }
    assert_eq!(kind(&delete.parse(&reply(404, "<html>")).unwrap_err()), "Missing");
    assert_eq!(kind(&delete.parse(&reply(412, "")).unwrap_err()), "Conflict");
    let (mirror, content) = (mirror(), content());
    let draft = Draft { mirror: &mirror, content: &content, reminder: Reminder::Ours, shape: Shape::Once };
    let patch = Patch { calendar: &calendar, id: &id, draft, revision: None };
    assert_eq!(kind(&patch.parse(&reply(404, gone)).unwrap_err()), "Conflict");
    let get = GetEvent { calendar: &calendar, id: &id };
    assert_eq!(get.parse(&reply(404, gone)).unwrap(), None);
    let no_mailbox = r#"{"error":{"code":"MailboxNotEnabledForRESTAPI"}}"#;
    assert_eq!(kind(&get.parse(&reply(404, no_mailbox)).unwrap_err()), "Missing");
}
