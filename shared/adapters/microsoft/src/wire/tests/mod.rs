//! Literal bytes through every request and answer; those that write are in [`writes`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod writes;

use daybook_core::ids::ItemId;
use daybook_engine::ports::{NewSubscription, RemoteError};
use serde_json::json;

use super::batch::Batch;
use super::calendars::{
    CreateCalendar, Created, DeleteCalendar, HoldsAnything, HoldsOnlyOurs, ListCalendars,
};
use super::event::{Kind, Line};
use super::people::Me;
use super::read::{Delta, FindMarked, GetEvent, Instances, View};
use super::subscriptions::{Life, Renew, Subscribe, Subscribed, Unsubscribe};
use super::*;
use crate::testing::{ROOT, at, mirror, reply, window};
use daybook_engine::ports::Contents;

const SELECT: &str = "id,type,seriesMasterId,start,end,originalStart,isAllDay,isCancelled,showAs,responseStatus,\
                      transactionId,changeKey";
const BOUNDS: &str = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-01T00:00:00Z";

fn kind(error: &RemoteError) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{']).next().unwrap().to_owned()
}

#[test]
fn requests_that_read() {
    let calendar = "AA/M k=".into();
    let item = ItemId::new("AAk+1/=");
    let marker = "String%20%7B6f1d2b0e-8c4a-4e57-9a35-d0b7c1e2f483%7D%20Name%20Daybook";
    let requests = [
        (
            Delta::open(&calendar, window()).prepare(),
            format!("/me/calendars/AA%2FM%20k%3D/calendarView/delta?{BOUNDS}"),
        ),
        (
            View::open(&calendar, window()).prepare(),
            format!("/me/calendars/AA%2FM%20k%3D/calendarView?{BOUNDS}&$top=200&$select={SELECT}"),
        ),
        (
            Instances::open(&calendar, &item, window()).prepare(),
            format!("/me/events/AAk%2B1%2F%3D/instances?{BOUNDS}&$top=200&$select={SELECT}"),
        ),
        (
            GetEvent { calendar: &calendar, id: &item }.prepare(),
            format!(
                "/me/events/AAk%2B1%2F%3D?$select={SELECT},subject,location,sensitivity,isReminderOn,\
                 reminderMinutesBeforeStart&$expand=singleValueExtendedProperties%28%24filter%3Did%20eq%20%27{marker}\
                 Mirror%27%20or%20id%20eq%20%27{marker}Reminder%27%29"
            ),
        ),
        (
            FindMarked { calendar: &calendar, mirror: &mirror() }.prepare(),
            format!(
                "/me/calendars/AA%2FM%20k%3D/events?$filter=singleValueExtendedProperties%2FAny%28ep%3A%20ep%2Fid%20eq\
                 %20%27{marker}Mirror%27%20and%20ep%2Fvalue%20eq%20%27{}%27%29&$select=id,transactionId&$top=50",
                mirror()
            ),
        ),
        (Me.prepare(), "/me?$select=id,mail,userPrincipalName".into()),
        (
            ListCalendars::first().prepare(),
            "/me/calendars?$select=id,name,canEdit,canShare,isDefaultCalendar,owner&$top=100".into(),
        ),
        (
            ListCalendars::marked().prepare(),
            format!(
                "/me/calendars?$select=id,name,canEdit,canShare,isDefaultCalendar,owner&$top=100\
                 &$expand=singleValueExtendedProperties%28%24filter%3Did%20eq%20%27{marker}Calendar%27%29"
            ),
        ),
        (
            HoldsOnlyOurs { calendar: &calendar }.prepare(),
            "/me/calendars/AA%2FM%20k%3D/events?$select=id,transactionId&$top=100".into(),
        ),
        (
            HoldsAnything { calendar: &calendar }.prepare(),
            "/me/calendars/AA%2FM%20k%3D/events?$select=id&$top=1".into(),
        ),
    ];
    for (call, target) in requests {
        assert_eq!((call.method.as_str(), call.target.as_str()), ("GET", target.as_str()));
        assert!(call.prefer.starts_with(PREFER), "{target}");
        assert_eq!((call.body, call.if_match), (None, None));
    }
    assert_eq!(
        Delta::open(&calendar, window()).prepare().prefer,
        r#"IdType="ImmutableId", outlook.timezone="UTC", odata.maxpagesize=200"#
    );
}

/// The answers of the documentation: a master with foreign dates, a sparse occurrence, a tombstone.
const DELTA: &str = r##"{ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(event)",
  "@odata.nextLink": "https://graph.example/v1.0/me/calendars/AAMk/calendarView/delta?$skiptoken=dTok9a",
  "value": [
    { "@odata.type": "#microsoft.graph.event", "@odata.etag": "W/\"Kp3r\"", "id": "AAk1", "type": "singleInstance",
      "subject": "Dentist", "isAllDay": false, "isCancelled": false, "showAs": "busy", "sensitivity": "normal",
      "start": {"dateTime":"2026-03-03T12:00:00.0000000","timeZone":"UTC"}, "end": {"dateTime":"2026-03-03T13:00:00.0000000","timeZone":"UTC"} },
    { "@odata.type": "#microsoft.graph.event", "@odata.etag": "W/\"Kp3s\"", "id": "AAkM", "type": "seriesMaster",
      "subject": "Team", "showAs": "tentative", "recurrence": {"pattern":{},"range":{}},
      "start": {"dateTime":"2026-02-03T09:00:00.0000000","timeZone":"UTC"}, "end": {"dateTime":"2026-02-03T10:00:00.0000000","timeZone":"UTC"} },
    { "@odata.type": "#microsoft.graph.event", "id": "AAkO1", "type": "occurrence", "seriesMasterId": "AAkM",
      "start": {"dateTime":"2026-02-10T09:00:00.0000000","timeZone":"UTC"}, "end": {"dateTime":"2026-02-10T10:00:00.0000000","timeZone":"UTC"} },
    { "id": "AAkBad", "start": 7 },
    { "@removed": { "reason": "deleted" }, "id": "AAkX" } ] }"##;

#[test]
fn a_page_of_a_delta() {
    let calendar = "AAMk".into();
    let page = Delta::open(&calendar, window()).parse(&reply(200, DELTA)).unwrap();
    let told: Vec<String> = page
        .lines
        .iter()
        .map(|line| match line {
            Line::Event(event) => format!(
                "{} {:?} series {:?} removed {} sparse {}",
                event.id,
                event.kind(),
                event.series(),
                event.is_removed(),
                event.is_sparse()
            ),
            Line::Unreadable { id } => format!("{id} unreadable"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "AAk1 Single series None removed false sparse false",
            "AAkM Master series Some(\"AAkM\") removed false sparse false",
            "AAkO1 Occurrence series Some(\"AAkM\") removed false sparse true",
            "AAkBad unreadable",
            "AAkX Single series None removed true sparse false",
        ]
    );
    assert!(page.next.is_some() && page.delta.is_none());
}

#[test]
fn e_016_e_027_how_a_bookmark_is_lost() {
    let calendar = "AAMk".into();
    let opened =
        |status, body| kind(&Delta::open(&calendar, window()).parse(&reply(status, body)).unwrap_err());
    let followed =
        |status, body| kind(&Delta::follow(&calendar, "/x".into()).parse(&reply(status, body)).unwrap_err());
    for (status, body, first, later) in [
        (
            410,
            r#"{"error":{"code":"syncStateNotFound","message":"generation=149"}}"#,
            "CursorLost",
            "CursorLost",
        ),
        (410, r#"{"error":{"code":"SyncStateNotFound"}}"#, "CursorLost", "CursorLost"),
        (410, r#"{"error":{"code":"resyncRequired"}}"#, "CursorLost", "CursorLost"),
        (400, r#"{"error":{"code":"BadRequest","message":"Badly formed token."}}"#, "Rejected", "CursorLost"),
        (404, r#"{"error":{"code":"ErrorItemNotFound"}}"#, "Missing", "Missing"),
        (504, r#"{"error":{"code":"UnknownError"}}"#, "Later", "Later"),
        (200, "<html>", "Unintelligible", "Unintelligible"),
    ] {
        assert_eq!(
            (opened(status, body).as_str(), followed(status, body).as_str()),
            (first, later),
            "{status} {body}"
        );
    }
}

#[test]
fn what_failures_mean() {
    for (status, code, expected) in [
        (400, "ErrorPropertyValidationFailure", "Rejected"),
        (400, "ErrorOccurrenceCrossingBoundary", "Rejected"),
        (401, "InvalidAuthenticationToken", "Refused"),
        (403, "ErrorAccessDenied", "Forbidden"),
        (403, "accessDenied", "Forbidden"),
        (403, "Authorization_RequestDenied", "Refused"),
        (403, "MailboxNotEnabledForRESTAPI", "Missing"),
        (404, "MailboxNotEnabledForRESTAPI", "Missing"),
        (404, "ErrorItemNotFound", "Missing"),
        (409, "conflict", "Conflict"),
        (412, "ErrorIrresolvableConflict", "Conflict"),
        (423, "ErrorMailboxStoreUnavailable", "Later"),
        (429, "ApplicationThrottled", "Later"),
        (429, "", "Later"),
        (403, "MailboxConcurrency", "Later"),
        (503, "MailboxConcurrency", "Later"),
        (503, "serviceNotAvailable", "Later"),
        (504, "UnknownError", "Later"),
        (507, "ErrorQuotaExceeded", "Rejected"),
        (302, "", "Rejected"),
    ] {
        let body = json!({ "error": { "code": code, "message": "Ada's dentist" } }).to_string();
        let error = failure("calendar AAMk".into(), &reply(status, &body));
        assert_eq!(kind(&error), expected, "{status} {code}");
        assert!(!format!("{error} {error:?}").contains("dentist"), "sentences are not passed on");
    }
    let html = failure("calendar AAMk".into(), &reply(502, "<html><h1>Bad gateway</h1></html>"));
    assert_eq!(kind(&html), "Later");
    let patience = Reply { retry_after: Some(Duration::from_secs(7)), ..reply(429, "") };
    assert_eq!(failure(String::new(), &patience).retry_after(), Some(Duration::from_secs(7)));
    let odd = r#"{"error":{"code":"Ada's dentist"}}"#;
    assert!(!failure(String::new(), &reply(400, odd)).to_string().contains("dentist"));
}

#[test]
fn an_event_is_read_further_only_where_it_is_ours() {
    let (calendar, id) = ("AAMk=".into(), ItemId::new("AAk1="));
    let get = GetEvent { calendar: &calendar, id: &id };
    let body = |value: &str| {
        json!({
            "id": "AAk1=", "changeKey": "q1", "type": "singleInstance", "subject": "Dentist", "showAs": "busy",
            "singleValueExtendedProperties": [
                { "id": "String {6F1D2B0E-8C4A-4E57-9A35-D0B7C1E2F483} Name DaybookMirror", "value": value }],
        })
        .to_string()
    };
    let found = get.parse(&reply(200, &body("somebody else's"))).unwrap().unwrap();
    assert!(found.marked.is_none() && !format!("{found:?}").contains("Dentist"));
    assert_eq!((found.event.kind(), found.event.revision()), (Kind::Single, Some("W/\"q1\"".into())));
    let found = get.parse(&reply(200, &body(mirror().as_str()))).unwrap().unwrap();
    assert_eq!(found.marked.unwrap().mirror, mirror());
}

#[test]
fn mirrors_by_their_marker_lowest_first() {
    let calendar = "AAMk=".into();
    let find = FindMarked { calendar: &calendar, mirror: &mirror() };
    let name = mirror();
    let found = json!({ "value": [
        { "id": "b", "transactionId": name.as_str() }, { "id": "a", "transactionId": format!("{name}-2") },
        { "id": "b", "transactionId": name.as_str() },
        { "id": "A copy, e_047" }, { "id": "Another's, e_047", "transactionId": "7e0f6c2e-1c1e" } ] });
    let ids = find.parse(&reply(200, &found.to_string())).unwrap();
    assert_eq!(ids, ["a".into(), "b".into()]);
}

#[test]
fn what_cannot_be_read_is_not_repeated() {
    let calendar = "AAMk=".into();
    let id = ItemId::new("AAk1=");
    let get = GetEvent { calendar: &calendar, id: &id };
    for body in [r#"{"id":"AAk1=","isAllDay":"Ada's dentist"}"#, r#"{"id": Ada's dentist"#] {
        let error = get.parse(&reply(200, body)).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(kind(&error) == "Unintelligible" && !told.contains("dentist"), "{told}");
    }
    let people = Me.parse(&reply(200, r#"{"id":"u1","mail":["ada@clinic.example"],"id":7}"#)).unwrap_err();
    assert!(!format!("{people:?}").contains("clinic"), "{people:?}");
}

#[test]
fn e_032_what_was_moved_to_another_calendar_is_not_in_this_one() {
    let (calendar, id) = ("AAMk=".into(), ItemId::new("AAk1="));
    let get = GetEvent { calendar: &calendar, id: &id };
    for (parent, is_here) in [
        (json!("https://graph.example/v1.0/users('u1')/calendars('AAMk=')"), true),
        (json!("https://graph.example/v1.0/Users('u1')/Calendars('AAMk%3d')"), true),
        (json!("https://graph.example/v1.0/users('u1')/calendar"), true),
        (json!(null), true),
        (json!("https://graph.example/v1.0/users('u1')/calendars('AAMkOther=')"), false),
    ] {
        let body = json!({ "id": "AAk1=", "calendar@odata.navigationLink": parent }).to_string();
        assert_eq!(get.parse(&reply(200, &body)).unwrap().is_some(), is_here, "{parent}");
    }
}

#[test]
fn a_batch_and_its_answers_out_of_order() {
    let calls = [
        Call::send(http::Method::POST, "/me/calendars/AAMk/events".into(), json!({ "subject": "Booked" })),
        Call { if_match: Some("W/\"a\"".into()), ..Call::delete("/me/events/AAk1".into()) },
        Call::get("/me/events/AAk2".into()),
    ];
    let batch = Batch { calls: &calls, now: at("2026-03-02T08:00:00Z") };
    let call = batch.prepare();
    assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/$batch"));
    assert_eq!(
        call.body.unwrap(),
        json!({ "requests": [
            { "id": "1", "method": "POST", "url": "/me/calendars/AAMk/events", "body": { "subject": "Booked" },
              "headers": { "Content-Type": "application/json", "Prefer": PREFER } },
            { "id": "2", "method": "DELETE", "url": "/me/events/AAk1",
              "headers": { "If-Match": "W/\"a\"", "Prefer": PREFER } },
            { "id": "3", "method": "GET", "url": "/me/events/AAk2", "headers": { "Prefer": PREFER } },
        ] })
    );
    let answer = r#"{ "responses": [
        { "id": "2", "status": 204 },
        { "id": "1", "status": 429, "headers": {"Retry-After":"7"}, "body": {"error":{"code":"ApplicationThrottled"}} } ] }"#;
    let replies = batch.parse(&reply(200, answer)).unwrap();
    let first = replies[0].as_ref().unwrap();
    assert_eq!((first.status.as_u16(), first.retry_after), (429, Some(Duration::from_secs(7))));
    assert_eq!(failure::code(first), "applicationthrottled");
    assert_eq!(replies[1].as_ref().unwrap().status, 204);
    assert!(replies[2].is_none());
}

#[test]
fn links_are_followed_on_our_own_host_alone() {
    let root: Url = ROOT.parse().unwrap();
    for (link, expected) in [
        ("https://graph.example/v1.0/me/x?$deltatoken=a", Some("/me/x?$deltatoken=a")),
        ("https://graph.example:443/v1.0/me/x", Some("/me/x")),
        ("https://graph.example/v1.0evil/x", None),
        ("https://graph.example/beta/me/x", None),
        ("http://graph.example/v1.0/me/x", None),
        ("https://graph.example.evil/v1.0/me/x", None),
        ("https://ada@graph.example/v1.0/me/x", None),
        ("/me/x", None),
    ] {
        assert_eq!(target_of(&root, link).as_deref(), expected, "{link}");
    }
}

#[test]
fn an_empty_calendar_is_told_and_deleted() {
    let calendar = "AA/M k=".into();
    let holds = HoldsAnything { calendar: &calendar };
    for (body, expected) in [
        (r#"{"value":[]}"#, Contents::Nothing),
        (r#"{"value":[{"id":"a"}]}"#, Contents::Something),
        (r#"{"value":[],"@odata.nextLink":"https://graph.example/v1.0/me/more"}"#, Contents::Something),
    ] {
        assert_eq!(holds.parse(&reply(200, body)).unwrap(), expected, "{body}");
    }
    let delete = DeleteCalendar { calendar: &calendar };
    let call = delete.prepare();
    assert_eq!((call.method.as_str(), call.target.as_str()), ("DELETE", "/me/calendars/AA%2FM%20k%3D"));
    delete.parse(&reply(204, "")).unwrap();
    delete.parse(&reply(404, r#"{"error":{"code":"ErrorItemNotFound"}}"#)).unwrap();
    let no_mailbox = delete.parse(&reply(404, r#"{"error":{"code":"MailboxNotEnabledForRESTAPI"}}"#));
    assert!(matches!(no_mailbox, Err(RemoteError::Missing { .. })), "{no_mailbox:?}");
}

#[test]
fn making_a_calendar() {
    let create = CreateCalendar { name: "Work schedule", slug: Some("daybook-1") };
    let call = create.prepare();
    assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/me/calendars"));
    let mark = "String {6f1d2b0e-8c4a-4e57-9a35-d0b7c1e2f483} Name DaybookCalendar";
    assert_eq!(
        call.body.unwrap(),
        json!({ "name": "Work schedule", "singleValueExtendedProperties": [{ "id": mark, "value": "daybook-1" }] })
    );
    let plain = CreateCalendar { name: "Work schedule", slug: None }.prepare();
    assert_eq!(plain.body.unwrap(), json!({ "name": "Work schedule" }));
    let made = create.parse(&reply(201, r#"{"id":"AAMk","name":"Work schedule","canEdit":true}"#));
    assert!(matches!(made, Ok(Created::Now(calendar)) if calendar.id == "AAMk"));
    for status in [400, 409] {
        let before = create.parse(&reply(status, r#"{"error":{"code":"ErrorFolderExists"}}"#));
        assert!(matches!(before, Ok(Created::Before)), "{status}");
    }
    let denied = create.parse(&reply(403, r#"{"error":{"code":"ErrorAccessDenied"}}"#));
    assert!(matches!(denied, Err(RemoteError::Refused { .. })), "no consent: signing in again asks for it");
}

#[test]
fn e_019_subscriptions() {
    let calendar = "AAMk=".into();
    let wanted = NewSubscription {
        id: "ours".into(),
        secret: "c_01H".into(),
        url: "https://hooks.example/webhooks/microsoft".into(),
        lifecycle_url: "https://hooks.example/webhooks/microsoft/lifecycle".into(),
        now: at("2026-03-02T08:00:00Z"),
    };
    let subscribe = |life| Subscribe { calendar: &calendar, wanted: &wanted, life };
    let call = subscribe(Life::Long).prepare();
    assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/subscriptions"));
    assert!(call.prefer.contains("ImmutableId"));
    assert_eq!(
        call.body.unwrap(),
        json!({
            "changeType": "created,updated,deleted",
            "notificationUrl": "https://hooks.example/webhooks/microsoft",
            "lifecycleNotificationUrl": "https://hooks.example/webhooks/microsoft/lifecycle",
            "resource": "me/calendars/AAMk=/events",
            "expirationDateTime": "2026-03-09T07:50:00Z",
            "clientState": "c_01H",
            "latestSupportedTlsVersion": "v1_2",
        })
    );
    let word = |status, body: &str| match subscribe(Life::Long).parse(&reply(status, body)) {
        Ok(Subscribed::Until(standing)) => format!("until {}", standing.expiration_date_time.unwrap()),
        Ok(Subscribed::Unwelcome(_)) => "unwelcome".into(),
        Ok(Subscribed::Taken) => "taken".into(),
        Err(error) => kind(&error),
    };
    for (status, body, expected) in [
        (
            201,
            r#"{"id":"5b0c","expirationDateTime":"2026-03-05T08:00:00.1234567Z"}"#,
            "until 2026-03-05T08:00:00.1234567Z",
        ),
        (400, r#"{"error":{"code":"ExtensionError"}}"#, "unwelcome"),
        (400, r#"{"error":{"code":"ValidationError","message":"timed out"}}"#, "Rejected"),
        (403, r#"{"error":{"code":"ErrorAccessDenied"}}"#, "Forbidden"),
        (409, r#"{"error":{"code":"conflict"}}"#, "taken"),
    ] {
        assert_eq!(word(status, body), expected, "{status} {body}");
    }
    let id = "5b0c".into();
    let renew = Renew { id: &id, now: wanted.now, life: Life::Short };
    let call = renew.prepare();
    assert_eq!((call.method.as_str(), call.target.as_str()), ("PATCH", "/subscriptions/5b0c"));
    assert_eq!(call.body.unwrap(), json!({ "expirationDateTime": "2026-03-05T06:00:00Z" }));
    let gone = reply(404, r#"{"error":{"code":"ResourceNotFound"}}"#);
    assert_eq!(kind(&renew.parse(&gone).unwrap_err()), "Missing");
    assert!(Unsubscribe { id: &id }.parse(&gone).is_ok());
}

#[test]
fn people_without_mail_have_a_name_all_the_same() {
    for (body, label) in [
        (
            r#"{"id":"u1","displayName":"Ada","mail":"ada@clinic.example","userPrincipalName":"ada_c"}"#,
            "ada@clinic.example",
        ),
        (r#"{"id":"u1","mail":null,"userPrincipalName":"carla@home.example"}"#, "carla@home.example"),
        (r#"{"id":"u1"}"#, "a Microsoft account"),
    ] {
        assert_eq!(Me.parse(&reply(200, body)).unwrap().label(), label);
    }
}
