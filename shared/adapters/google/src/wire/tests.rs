//! Literal bytes of requests and answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use daybook_core::time::Interval;
use daybook_engine::ports::NewSubscription;
use http::HeaderMap;
use http::header::IF_MATCH;
use serde_json::json;

use super::calendars::{DeleteCalendar, ListAny, ListCalendars, MakeCalendar};
use super::change::{Change, Outcome, Write};
use super::channels::{Stop, Watch};
use super::events::{From, GetEvent, Line, ListEvents, ListInstances, Looked, Probe};
use super::free_busy::FreeBusy;
use super::person::{GetPerson, GetPrimary, PLACES};
use super::*;

const CALENDAR: &str = "c_8f@group.calendar.google.com";
const EVENTS: &str = "/calendar/v3/calendars/c_8f@group.calendar.google.com/events";
const MIRROR: &str = "db10000000000000000000000000000000000000000";
const FIELDS: &str = "fields=nextPageToken%2CnextSyncToken%2Citems%28id%2CiCalUID%2Cetag%2Cstatus%2CeventType%2Ctransparency%2C\
    start%2Cend%2CrecurringEventId%2Crecurrence%2Cattendees%28self%2CresponseStatus%29%29";

/// What is asked of an event whose name is a mirror's.
const MIRROR_FIELDS: &str = "maxAttendees=1&fields=id%2CiCalUID%2Cetag%2Cstatus%2CeventType%2Ctransparency%2Cstart%2Cend%2C\
    recurringEventId%2Crecurrence%2Cattendees%28self%2CresponseStatus%29%2Csummary%2Clocation%2Cvisibility%2C\
    reminders%2CextendedProperties%28private%29%2Cdescription%2CcolorId%2Cattachments%28fileUrl%29%2C\
    conferenceData%28conferenceId%2CcreateRequest%29%2Csource%28url%29";

fn api() -> Api {
    Api::new("https://www.googleapis.com".parse().unwrap())
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status: StatusCode::from_u16(status).unwrap(), retry_after: None, body: body.to_owned().into() }
}

/// Google's envelope.
fn envelope(status: u16, reason: &str) -> Reply {
    let fault = json!({ "domain": "global", "reason": reason, "message": "For people" });
    reply(
        status,
        &json!({ "error": { "errors": [fault], "code": status, "message": "For people" } }).to_string(),
    )
}

fn line(operation: &impl Operation) -> String {
    let request = operation.prepare(&api()).unwrap();
    let target = request.uri().to_string();
    format!("{} {}", request.method(), target.strip_prefix("https://www.googleapis.com").unwrap())
}

fn body(operation: &impl Operation) -> String {
    let request = operation.prepare(&api()).unwrap();
    assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
    String::from_utf8(request.body().to_vec()).unwrap()
}

fn word(error: &RemoteError) -> String {
    match error {
        RemoteError::Later { retry_after: None, .. } => "later".into(),
        RemoteError::Later { retry_after: Some(wait), .. } => format!("later {}", wait.as_secs()),
        RemoteError::Refused { .. } => "refused".into(),
        RemoteError::CursorLost { .. } => "cursor lost".into(),
        RemoteError::Conflict { .. } => "conflict".into(),
        RemoteError::Missing { .. } => "missing".into(),
        RemoteError::Forbidden { .. } => "forbidden".into(),
        RemoteError::Unconfigured { .. } => "unconfigured".into(),
        RemoteError::Rejected { why, .. } => format!("rejected {why}"),
        RemoteError::Unintelligible { .. } => "unintelligible".into(),
    }
}

fn week() -> Interval {
    Interval::new("2026-03-01T00:00:00Z".parse().unwrap(), "2026-03-08T00:00:00Z".parse().unwrap()).unwrap()
}

#[test]
fn a_calendar_is_looked_into_by_ids_alone_and_deleted() {
    let any = ListAny { calendar: CALENDAR, page: Some("p=") };
    assert_eq!(
        line(&any),
        format!("GET {EVENTS}?maxResults=10&fields=nextPageToken%2Citems%28id%29&pageToken=p%3D")
    );
    let page = any.parse(&reply(200, r#"{"nextPageToken":"q"}"#)).unwrap();
    assert_eq!((page.items.len(), page.next_page_token.as_deref()), (0, Some("q")));
    assert_eq!(any.parse(&reply(200, r#"{"items":[{"id":"a"}]}"#)).unwrap().items.len(), 1);
    assert_eq!(word(&any.parse(&envelope(404, "notFound")).unwrap_err()), "missing");
    let delete = DeleteCalendar { calendar: CALENDAR };
    assert_eq!(line(&delete), "DELETE /calendar/v3/calendars/c_8f@group.calendar.google.com");
    for gone in [reply(204, ""), envelope(404, "notFound"), envelope(410, "deleted")] {
        delete.parse(&gone).unwrap();
    }
    for (status, reason, expected) in
        [(403, "insufficientPermissions", "refused"), (403, "forbidden", "forbidden"), (500, "", "later")]
    {
        assert_eq!(word(&delete.parse(&envelope(status, reason)).unwrap_err()), expected, "{reason}");
    }
}

#[test]
fn listings_ask_for_times_and_nothing_else() {
    let window = ListEvents { calendar: CALENDAR, from: From::Window(week()), page: Some("p/1=") };
    assert_eq!(
        line(&window),
        format!(
            "GET {EVENTS}?maxResults=2500&maxAttendees=1&{FIELDS}&singleEvents=true\
             &timeMin=2026-03-01T00%3A00%3A00Z&timeMax=2026-03-08T00%3A00%3A00Z&pageToken=p%2F1%3D"
        )
    );
    let delta = ListEvents { calendar: "en.german#holiday@x", from: From::Token("CKj1="), page: None };
    assert_eq!(
        line(&delta),
        format!(
            "GET /calendar/v3/calendars/en.german%23holiday@x/events?maxResults=2500&maxAttendees=1&{FIELDS}\
             &singleEvents=true&syncToken=CKj1%3D"
        )
    );
    let series = ListInstances { calendar: CALENDAR, series: "abc", within: week(), page: None };
    assert_eq!(
        line(&series),
        format!(
            "GET {EVENTS}/abc/instances?maxResults=2500&maxAttendees=1&{FIELDS}\
             &timeMin=2026-03-01T00%3A00%3A00Z&timeMax=2026-03-08T00%3A00%3A00Z"
        )
    );
    assert_eq!(line(&Probe { calendar: CALENDAR }), format!("GET {EVENTS}?maxResults=1&fields=kind"));
}

#[test]
fn a_base_with_a_path_keeps_it_except_inside_a_batch() {
    let api = Api::new("http://127.0.0.1:8787/sandbox/google/".parse().unwrap());
    let request = GetEvent { calendar: "a/b", event: MIRROR }.prepare(&api).unwrap();
    let below = format!("/calendar/v3/calendars/a%2Fb/events/{MIRROR}?{MIRROR_FIELDS}");
    assert_eq!(request.uri().to_string(), format!("http://127.0.0.1:8787/sandbox/google{below}"));
    assert_eq!(api.below_base(&request), below);
}

#[test]
fn e_040_one_event_that_cannot_be_read_does_not_spoil_a_page() {
    let page = r#"{"kind":"calendar#events","summary":"ada@example.org","nextSyncToken":"CNEW=","items":[
        {"kind":"calendar#event","etag":"\"3530\"","id":"a","status":"confirmed","summary":"Secret","newField":[1],
         "start":{"dateTime":"2026-03-03T09:00:00+01:00"},"end":{"dateTime":"2026-03-03T10:00:00+01:00"}},
        {"id":"b","start":"tomorrow"},
        {"status":"cancelled"},
        {"kind":"calendar#event","etag":"\"3531\"","id":"c","status":"cancelled"}]}"#;
    let delta = ListEvents { calendar: CALENDAR, from: From::Token("t"), page: None };
    let page = delta.parse(&reply(200, page)).unwrap();
    assert_eq!((page.next_page_token, page.next_sync_token.as_deref()), (None, Some("CNEW=")));
    let [Line::Event(first), Line::Unreadable { id }, Line::Nameless, Line::Event(last)] = &page.items[..]
    else {
        panic!("{:?}", page.items)
    };
    assert_eq!((first.etag.as_deref(), id.as_str(), last.is_cancelled()), (Some("\"3530\""), "b", true));
    assert!(!format!("{first:?}").contains("Secret"));
    let empty = delta.parse(&reply(200, r#"{"nextPageToken":"p"}"#)).unwrap();
    assert!(empty.items.is_empty() && empty.next_page_token.as_deref() == Some("p"));
}

#[test]
fn e_016_expired_and_damaged_tokens() {
    let delta = ListEvents { calendar: CALENDAR, from: From::Token("t"), page: None };
    let full = ListEvents { from: From::Window(week()), ..delta };
    for (answer, of_delta, of_full) in [
        (envelope(410, "fullSyncRequired"), "cursor lost", "cursor lost"),
        (envelope(410, "updatedMinTooLongAgo"), "cursor lost", "cursor lost"),
        (reply(410, ""), "cursor lost", "missing"),
        (envelope(400, "invalid"), "cursor lost", "rejected status 400, invalid"),
        (envelope(404, "notFound"), "missing", "missing"),
        (reply(200, "<html>"), "unintelligible", "unintelligible"),
    ] {
        assert_eq!(word(&delta.parse(&answer).unwrap_err()), of_delta, "{answer:?}");
        assert_eq!(word(&full.parse(&answer).unwrap_err()), of_full, "{answer:?}");
    }
}

#[test]
fn e_094_what_refusals_mean() {
    let scope = r#"{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED","details":[
        {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#;
    for (answer, expected) in [
        (envelope(400, "timeRangeEmpty"), "rejected status 400, timeRangeEmpty"),
        (
            envelope(400, "pushNotSupportedForRequestedResource"),
            "rejected status 400, pushNotSupportedForRequestedResource",
        ),
        (envelope(400, "Ada <ada@example.org>"), "rejected status 400"),
        (envelope(401, "authError"), "refused"),
        (envelope(401, "push.webhookUrlUnauthorized"), "rejected status 401, push.webhookUrlUnauthorized"),
        (envelope(403, "userRateLimitExceeded"), "later 30"),
        (envelope(403, "rateLimitExceeded"), "later 30"),
        (envelope(403, "quotaExceeded"), "later 3600"),
        (envelope(403, "forbiddenForNonOrganizer"), "rejected status 403, forbiddenForNonOrganizer"),
        (envelope(403, "insufficientPermissions"), "refused"),
        (reply(403, scope), "refused"),
        (envelope(403, "forbidden"), "forbidden"),
        (envelope(403, "requiredAccessLevel"), "forbidden"),
        (envelope(403, "accessNotConfigured"), "unconfigured"),
        (envelope(403, "notACalendarUser"), "missing"),
        (reply(403, "<html>"), "later"),
        (envelope(404, "notFound"), "missing"),
        (envelope(409, "duplicate"), "conflict"),
        (envelope(409, "conflict"), "later"),
        (envelope(410, "deleted"), "missing"),
        (envelope(412, "conditionNotMet"), "conflict"),
        (envelope(429, "rateLimitExceeded"), "later"),
        (envelope(500, "backendError"), "later"),
        (reply(502, "<html>Bad Gateway</html>"), "later"),
        (reply(302, ""), "rejected status 302"),
    ] {
        assert_eq!(word(&failure("x".into(), &answer)), expected, "{answer:?}");
    }
    let mut busy = envelope(403, "quotaExceeded");
    busy.retry_after = Some(Duration::from_secs(9));
    assert_eq!(word(&failure("x".into(), &busy)), "later 9");
}

#[test]
fn one_event_in_every_state() {
    let get = GetEvent { calendar: CALENDAR, event: MIRROR };
    assert_eq!(line(&get), format!("GET {EVENTS}/{MIRROR}?{MIRROR_FIELDS}"));
    let other = line(&GetEvent { calendar: CALENDAR, event: "abc" });
    assert!(other.contains("fields=id%2CiCalUID%2Cetag") && !other.contains("summary"), "{other}");
    let there = format!(r#"{{"id":"{MIRROR}","etag":"\"1\"","status":"confirmed","summary":"Busy"}}"#);
    let Looked::There { dress: Some(dress), .. } = get.parse(&reply(200, &there)).unwrap() else { panic!() };
    assert_eq!(dress.summary.as_deref(), Some("Busy"));
    assert!(!format!("{dress:?}").contains("Busy"));
    let foreign = GetEvent { calendar: CALENDAR, event: "abc" };
    let looked = foreign.parse(&reply(200, r#"{"id":"abc","summary":"Dentist"}"#)).unwrap();
    assert!(matches!(looked, Looked::There { dress: None, .. }));
    let deleted = format!(r#"{{"id":"{MIRROR}","etag":"\"2\"","status":"cancelled"}}"#);
    let looked = get.parse(&reply(200, &deleted)).unwrap();
    assert!(matches!(looked, Looked::Deleted { etag: Some(etag) } if etag == "\"2\""));
    assert!(matches!(get.parse(&envelope(410, "deleted")).unwrap(), Looked::Deleted { etag: None }));
    assert!(matches!(get.parse(&envelope(404, "notFound")).unwrap(), Looked::NotFound));
    assert!(matches!(get.parse(&reply(200, "{}")).unwrap(), Looked::Unreadable));
    assert_eq!(word(&get.parse(&envelope(401, "authError")).unwrap_err()), "refused");
}

#[test]
fn e_089_writes_carry_their_condition_and_never_send_mail() {
    let write = |change, over: Option<&str>| Write {
        calendar: CALENDAR,
        event: MIRROR,
        change,
        over: over.map(daybook_core::ids::Revision::from),
    };
    let insert = write(Change::Insert(json!({ "id": MIRROR })), None);
    assert_eq!(line(&insert), format!("POST {EVENTS}?sendUpdates=none"));
    assert_eq!(body(&insert), format!(r#"{{"id":"{MIRROR}"}}"#));
    assert!(!insert.prepare(&api()).unwrap().headers().contains_key(IF_MATCH));
    for (change, method) in
        [(Change::Replace(json!({})), "PUT"), (Change::Patch(json!({})), "PATCH"), (Change::Remove, "DELETE")]
    {
        let write = write(change, Some("\"3530\""));
        assert_eq!(line(&write), format!("{method} {EVENTS}/{MIRROR}?sendUpdates=none"));
        assert_eq!(write.prepare(&api()).unwrap().headers()[IF_MATCH], "\"3530\"");
    }
    assert!(write(Change::Remove, Some("a\nb")).prepare(&api()).is_err());
}

#[test]
fn e_038_answers_to_writes() {
    let parse = |change: Change, answer: &Reply| {
        let write = Write { calendar: CALENDAR, event: MIRROR, change, over: None };
        write.parse(answer).map_or_else(|error| word(&error), |outcome| format!("{outcome:?}"))
    };
    let stands = format!("{:?}", Outcome::Stands { revision: Some("\"1\"".into()) });
    let answers = [
        (reply(200, r#"{"etag":"\"1\"","id":"x"}"#), stands.as_str(), stands.as_str(), "Removed"),
        (reply(204, ""), "unintelligible", "unintelligible", "Removed"),
        (envelope(404, "notFound"), "NotFound", "NotFound", "NotFound"),
        (envelope(410, "deleted"), "NotFound", "NotFound", "Removed"),
        (envelope(409, "duplicate"), "Taken", "conflict", "conflict"),
        (envelope(409, "conflict"), "later", "later", "later"),
        (envelope(412, "conditionNotMet"), "conflict", "conflict", "conflict"),
        (envelope(403, "forbidden"), "forbidden", "forbidden", "forbidden"),
    ];
    for (answer, insert, replace, remove) in answers {
        assert_eq!(parse(Change::Insert(json!({})), &answer), insert, "{answer:?}");
        assert_eq!(parse(Change::Replace(json!({})), &answer), replace, "{answer:?}");
        assert_eq!(parse(Change::Remove, &answer), remove, "{answer:?}");
    }
}

#[test]
fn calendars_are_listed_and_made() {
    let list = ListCalendars { page: Some("p") };
    assert_eq!(
        line(&list),
        "GET /calendar/v3/users/me/calendarList?maxResults=250&showHidden=true&pageToken=p"
    );
    let page = r#"{"nextPageToken":"q","items":[{"id":"ada@example.org","summary":"ada","summaryOverride":"Work",
        "primary":true,"timeZone":"Europe/Berlin","accessRole":"owner","defaultReminders":[]}]}"#;
    let page = list.parse(&reply(200, page)).unwrap();
    assert_eq!(page.items[0].summary_override.as_deref(), Some("Work"));
    let make = MakeCalendar { name: "Work", description: "Kept", time_zone: Some("Europe/Berlin") };
    assert_eq!(line(&make), "POST /calendar/v3/calendars");
    assert_eq!(body(&make), r#"{"description":"Kept","summary":"Work","timeZone":"Europe/Berlin"}"#);
    let calendar =
        make.parse(&reply(200, r#"{"kind":"calendar#calendar","id":"c_8f","summary":"Work"}"#)).unwrap();
    assert_eq!((calendar.id.as_str(), calendar.access_role), ("c_8f", None));
    assert_eq!(word(&make.parse(&envelope(403, "quotaExceeded")).unwrap_err()), "later 3600");
}

#[test]
fn free_busy_holds_an_error_for_each_calendar() {
    let ask = FreeBusy { calendars: &["a@x", "b@x"], within: week() };
    assert_eq!(line(&ask), "POST /calendar/v3/freeBusy");
    assert_eq!(
        body(&ask),
        r#"{"calendarExpansionMax":50,"items":[{"id":"a@x"},{"id":"b@x"}],"timeMax":"2026-03-08T00:00:00Z","timeMin":"2026-03-01T00:00:00Z","timeZone":"UTC"}"#
    );
    let answer = r#"{"kind":"calendar#freeBusy","groups":{},"calendars":{
        "a@x":{"busy":[{"start":"2026-03-03T08:00:00Z","end":"2026-03-03T08:30:00Z"}]},
        "b@x":{"errors":[{"domain":"global","reason":"notFound"}],"busy":[]}}}"#;
    let busy = ask.parse(&reply(200, answer)).unwrap().unwrap();
    assert_eq!(busy.calendars["a@x"].busy.len(), 1);
    assert_eq!(busy.calendars["b@x"].errors[0].reason, "notFound");
    assert!(ask.parse(&envelope(403, "insufficientPermissions")).unwrap().is_none());
    assert_eq!(
        word(&ask.parse(&envelope(400, "timeRangeTooLong")).unwrap_err()),
        "rejected status 400, timeRangeTooLong"
    );
}

#[test]
fn channels_open_and_close() {
    let wanted = NewSubscription {
        id: "0190b8c2".into(),
        secret: "s3cret".into(),
        url: "https://hooks.example.org/google".into(),
        lifecycle_url: String::new(),
        now: "2026-03-01T00:00:00Z".parse().unwrap(),
    };
    let watch = Watch { calendar: CALENDAR, wanted: &wanted };
    assert_eq!(line(&watch), format!("POST {EVENTS}/watch"));
    assert_eq!(
        body(&watch),
        r#"{"address":"https://hooks.example.org/google","id":"0190b8c2","params":{"ttl":"604800"},"token":"s3cret","type":"web_hook"}"#
    );
    let answer = r#"{"kind":"api#channel","id":"0190b8c2","resourceId":"res7","expiration":"1774000000000"}"#;
    let channel = watch.parse(&reply(200, answer)).unwrap();
    assert_eq!(
        (channel.resource_id.as_deref(), channel.expiration.as_deref()),
        (Some("res7"), Some("1774000000000"))
    );
    for (answer, expected) in [
        (envelope(400, "channelIdNotUnique"), "later"),
        (envelope(400, "push.webhookUrlNotHttps"), "rejected status 400, push.webhookUrlNotHttps"),
        (envelope(404, "notFound"), "missing"),
    ] {
        assert_eq!(word(&watch.parse(&answer).unwrap_err()), expected);
    }
    let stop = Stop { channel: "0190b8c2", resource: "res7" };
    assert_eq!(line(&stop), "POST /calendar/v3/channels/stop");
    assert_eq!(body(&stop), r#"{"id":"0190b8c2","resourceId":"res7"}"#);
    assert!(stop.parse(&reply(204, "")).is_ok() && stop.parse(&envelope(404, "notFound")).is_ok());
    assert_eq!(word(&stop.parse(&reply(503, "")).unwrap_err()), "later");
}

#[test]
fn who_signed_in() {
    let lines = PLACES.map(|place| line(&GetPerson { place }));
    assert_eq!(lines, ["GET /oauth2/v3/userinfo", "GET /v1/userinfo"]);
    let person = GetPerson { place: PLACES[0] };
    let person =
        person.parse(&reply(200, r#"{"sub":"1","email":"ada@example.org","hd":"example.org"}"#)).unwrap();
    assert_eq!((person.sub.as_str(), person.hd.as_deref()), ("1", Some("example.org")));
    assert_eq!(line(&GetPrimary), "GET /calendar/v3/users/me/calendarList/primary");
}

#[test]
fn a_batch_holds_each_request_whole() {
    let get = GetEvent { calendar: CALENDAR, event: MIRROR }.prepare(&api()).unwrap();
    let write = Write {
        calendar: CALENDAR,
        event: MIRROR,
        change: Change::Replace(json!({ "summary": "Busy" })),
        over: Some("\"1\"".into()),
    };
    let batch = batch::prepare(&api(), &[get, write.prepare(&api()).unwrap()]).unwrap();
    assert_eq!(batch.uri(), "https://www.googleapis.com/batch/calendar/v3");
    assert_eq!(batch.headers()[CONTENT_TYPE], "multipart/mixed; boundary=daybook_part");
    let expected = format!(
        "--daybook_part\r\nContent-Type: application/http\r\nContent-ID: <item0>\r\n\r\n\
         GET {EVENTS}/{MIRROR}?{MIRROR_FIELDS}\r\n\r\n\r\n\
         --daybook_part\r\nContent-Type: application/http\r\nContent-ID: <item1>\r\n\r\n\
         PUT {EVENTS}/{MIRROR}?sendUpdates=none\r\ncontent-type: application/json\r\nif-match: \"1\"\r\n\r\n\
         {{\"summary\":\"Busy\"}}\r\n--daybook_part--\r\n"
    );
    assert_eq!(std::str::from_utf8(batch.body()).unwrap(), expected);
}

#[test]
fn parts_come_in_any_order_and_may_be_missing() {
    let body = "--batch_x\r\nContent-Type: application/http\r\nContent-ID: <response-item2>\r\n\r\n\
        HTTP/1.1 409 Conflict\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{\"error\":{\"code\":409}}\r\n\
        --batch_x\r\ncontent-type: application/http\r\ncontent-id: <response-item0>\r\n\r\n\
        HTTP/1.1 204 No Content\r\n\r\n\r\n\
        --batch_x\r\nContent-Type: application/http\r\nContent-ID: <response-x+item3>\r\n\r\n\
        HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n\r\n\
        --batch_x\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n\
        --batch_x--\r\n";
    let mut headers = HeaderMap::new();
    for kind in ["multipart/mixed; boundary=batch_x", "Multipart/Mixed; charset=UTF-8; Boundary=\"batch_x\""]
    {
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        let parts = batch::parse(&headers, &Bytes::from_static(body.as_bytes()), now).unwrap();
        let found: Vec<_> = parts.iter().map(|(number, reply)| (*number, reply.status.as_u16())).collect();
        assert_eq!(found, [(0, 204), (2, 409), (3, 429)]);
        assert_eq!(parts[&3].retry_after, Some(Duration::from_secs(7)));
        assert!(parts[&2].body.starts_with(b"{\"error\""));
    }
    headers.insert(CONTENT_TYPE, "text/html".parse().unwrap());
    assert!(batch::parse(&headers, &Bytes::new(), jiff::Timestamp::UNIX_EPOCH).is_none());
}
