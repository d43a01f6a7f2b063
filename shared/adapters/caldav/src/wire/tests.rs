//! Literal bytes through every request and answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::time::Duration;

use daybook_core::time::Interval;
use daybook_engine::ports::RemoteError;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};

use super::change::{Condition, Delete, Dialect, Made, MakeCalendar, Put};
use super::fixture::{base, reply};
use super::read::{Get, Multiget, Propfind, Query, SyncCollection};
use super::{Depth, Operation, xml};

const CALENDAR: &str = "/u/c/";

fn sync() -> SyncCollection<'static> {
    SyncCollection { path: CALENDAR, token: "token <1> & co" }
}

fn word(error: &RemoteError) -> &'static str {
    match error {
        RemoteError::Later { .. } => "later",
        RemoteError::Refused { .. } => "refused",
        RemoteError::CursorLost { .. } => "cursor lost",
        RemoteError::Conflict { .. } => "conflict",
        RemoteError::Missing { .. } => "missing",
        RemoteError::Forbidden { .. } => "forbidden",
        RemoteError::Rejected { .. } => "rejected",
        RemoteError::Unconfigured { .. } => "unconfigured",
        RemoteError::Unintelligible { .. } => "unintelligible",
    }
}

fn error(precondition: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><d:error xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><{precondition}/></d:error>"#
    )
}

#[test]
fn a_propfind_asks_for_several_properties_at_once() {
    let request =
        Propfind { path: CALENDAR, depth: Depth::Zero, properties: &[&xml::SYNC_TOKEN, &xml::GETCTAG] }
            .prepare(&base())
            .unwrap();
    assert_eq!(request.method(), "PROPFIND");
    assert_eq!(request.uri(), "https://dav.example.org/u/c/");
    assert_eq!(request.headers()["depth"], "0");
    assert_eq!(
        request.body(),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:propfind xmlns:D=\"DAV:\" xmlns:CS=\"http://calendarserver.org/ns/\">\
         <D:prop><D:sync-token/><CS:getctag/></D:prop></D:propfind>"
    );
}

#[test]
fn a_delta_asks_with_depth_zero_and_for_tags_only() {
    let request = sync().prepare(&base()).unwrap();
    assert_eq!((request.method().as_str(), &request.headers()["depth"]), ("REPORT", &"0".parse().unwrap()));
    assert!(request.body().contains(
        "<D:sync-token>token &lt;1&gt; &amp; co</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
    ));
}

/// iCloud's dialect; one changed, one deleted, one without a tag (E-035), the collection itself (E-037).
#[test]
fn e_035_a_delta_is_read() {
    let body = r#"<multistatus xmlns="DAV:">
 <response xmlns="DAV:"><href>/u/c/</href><propstat><prop/><status>HTTP/1.1 200 OK</status></propstat></response>
 <response xmlns="DAV:"><href>/u/c/a%40b.ics</href><propstat><prop><getetag xmlns="DAV:">"C=1"</getetag></prop>
   <status>HTTP/1.1 200 OK</status></propstat></response>
 <response><href>/u/c/old.ics</href><status>HTTP/1.1 404 Not Found</status></response>
 <response><href>/u/c/bare.ics</href><propstat><prop></prop><status>HTTP/1.1 200 OK</status></propstat>
   <propstat><prop><getetag/></prop><status>HTTP/1.1 404 Not Found</status></propstat></response>
 <sync-token>next</sync-token></multistatus>"#;
    let delta = sync().parse(&reply(207, body)).unwrap();
    let lines: Vec<_> = delta
        .responses
        .iter()
        .map(|line| (line.path.as_str(), line.status, line.props.etag.as_deref()))
        .collect();
    assert_eq!(
        lines,
        [
            ("/u/c/a@b.ics", None, Some("\"C=1\"")),
            ("/u/c/old.ics", Some(404), None),
            ("/u/c/bare.ics", None, None),
        ]
    );
    assert_eq!((delta.token.as_str(), delta.more), ("next", false));
}

#[test]
fn a_delta_that_is_cut_short_goes_on() {
    let body = r#"<d:multistatus xmlns:d="DAV:"><d:response><d:href>/u/c/</d:href>
 <d:status>HTTP/1.1 507 Insufficient Storage</d:status>
 <d:error><d:number-of-matches-within-limits/></d:error></d:response><d:sync-token>part</d:sync-token></d:multistatus>"#;
    let delta = sync().parse(&reply(207, body)).unwrap();
    assert!(delta.more && delta.responses.is_empty());
}

#[test]
fn refusals_of_a_token_and_of_other_things() {
    for (status, body, expected) in [
        (403, error("d:valid-sync-token"), "cursor lost"),
        (409, error("d:valid-sync-token"), "cursor lost"),
        (412, String::new(), "cursor lost"),
        (410, String::new(), "cursor lost"),
        (400, "<html>".into(), "cursor lost"),
        (403, String::new(), "cursor lost"),
        (501, String::new(), "cursor lost"),
        (507, String::new(), "cursor lost"),
        (403, error("d:need-privileges"), "forbidden"),
        (401, String::new(), "refused"),
        (404, String::new(), "missing"),
        (423, String::new(), "later"),
        (429, String::new(), "later"),
        (503, String::new(), "later"),
        (207, "<html/>".into(), "unintelligible"),
        (207, "no xml".into(), "unintelligible"),
        (
            207,
            "<!DOCTYPE x [<!ENTITY a \"b\">]><multistatus xmlns=\"DAV:\">&a;</multistatus>".into(),
            "unintelligible",
        ),
        (207, "<multistatus xmlns=\"DAV:\"/>".into(), "cursor lost"),
    ] {
        assert_eq!(word(&sync().parse(&reply(status, &body)).unwrap_err()), expected, "{status} {body}");
    }
}

#[test]
fn a_query_names_events_and_a_wider_range() {
    let within =
        Interval::new("2026-03-01T10:00:00Z".parse().unwrap(), "2026-03-02T10:00:00Z".parse().unwrap())
            .unwrap();
    let request = Query { path: CALENDAR, within }.prepare(&base()).unwrap();
    assert_eq!(request.headers()["depth"], "1");
    assert!(request.body().contains(
        "<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
         <C:time-range start=\"20260228T100000Z\" end=\"20260303T100000Z\"/></C:comp-filter></C:comp-filter></C:filter>"
    ));
}

/// CDATA and a prefix dialect give the same text; a dropped href is simply not there.
#[test]
fn a_multiget_in_two_dialects() {
    let multiget = Multiget { path: CALENDAR, items: &["/u/c/a&b.ics", "/u/c/gone.ics", "/u/c/dropped.ics"] };
    assert!(multiget.prepare(&base()).unwrap().body().contains("<D:href>/u/c/a&amp;b.ics</D:href>"));
    let icloud = r#"<multistatus xmlns="DAV:"><response xmlns="DAV:"><href>/u/c/a&amp;b.ics</href><propstat><prop>
<getetag xmlns="DAV:">"1"</getetag><calendar-data xmlns="urn:ietf:params:xml:ns:caldav"><![CDATA[BEGIN:VCALENDAR
SUMMARY:a <b> & c
END:VCALENDAR
]]></calendar-data></prop><status>HTTP/1.1 200 OK</status></propstat></response>
<response><href>/u/c/gone.ics</href><status>HTTP/1.1 404 Not Found</status></response></multistatus>"#;
    let prefixes = r#"<?xml version='1.0'?><d:multistatus xmlns:d="DAV:" xmlns:x="urn:ietf:params:xml:ns:caldav">
<d:response><d:href>https://dav.example.org/u/c/a&amp;b.ics</d:href><d:propstat><d:prop>
<d:getetag>W/"1"</d:getetag><x:calendar-data>BEGIN:VCALENDAR
SUMMARY:a &lt;b> &amp; c
END:VCALENDAR
</x:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
<d:response><d:href>/u/c/gone.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response></d:multistatus>"#;
    for body in [icloud, prefixes] {
        let lines = multiget.parse(&reply(207, body)).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].path.as_str(), lines[0].props.etag.as_deref()), ("/u/c/a&b.ics", Some("\"1\"")));
        let text = lines[0].props.calendar_data.as_deref().unwrap();
        assert_eq!(text, "BEGIN:VCALENDAR\nSUMMARY:a <b> & c\nEND:VCALENDAR");
        assert_eq!(lines[1].status, Some(404));
    }
}

#[test]
fn lines_about_other_servers_are_left_out() {
    let body = r#"<multistatus xmlns="DAV:"><response><href>https://evil.example/u/c/x.ics</href>
<propstat><prop/><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"#;
    assert!(Multiget { path: CALENDAR, items: &[] }.parse(&reply(207, body)).unwrap().is_empty());
}

#[test]
fn writes_carry_their_condition() {
    let put = |condition| {
        let put = Put { path: "/u/c/m.ics", condition, body: "BODY" };
        put.prepare(&base()).unwrap()
    };
    let create = put(Condition::Absent);
    assert_eq!((create.method().as_str(), create.body().as_str()), ("PUT", "BODY"));
    assert_eq!(create.headers()[IF_NONE_MATCH], "*");
    assert_eq!(create.headers()["content-type"], "text/calendar; charset=utf-8");
    assert_eq!(put(Condition::Unchanged("\"1\"".into())).headers()[IF_MATCH], "\"1\"");
    let delete = Delete { path: "/u/c/m.ics", condition: Condition::Always }.prepare(&base()).unwrap();
    assert!(delete.method() == "DELETE" && !delete.headers().contains_key(IF_MATCH));
}

#[test]
fn answers_to_a_put() {
    let put = Put { path: "/u/c/m.ics", condition: Condition::Absent, body: "" };
    let mut created = reply(201, "");
    assert_eq!(put.parse(&created).unwrap(), None);
    created.headers.insert(ETAG, "W/\"7\"".parse().unwrap());
    assert_eq!(put.parse(&created).unwrap().unwrap().as_str(), "\"7\"");
    for (status, body, expected) in [
        (412, String::new(), "conflict"),
        (409, String::new(), "conflict"),
        (401, String::new(), "refused"),
        (403, String::new(), "forbidden"),
        (403, error("d:need-privileges"), "forbidden"),
        (403, error("c:no-uid-conflict"), "rejected"),
        (409, error("c:no-uid-conflict"), "rejected"),
        (403, error("c:valid-calendar-data"), "rejected"),
        (400, String::new(), "rejected"),
        (413, String::new(), "rejected"),
        (415, String::new(), "rejected"),
        (507, String::new(), "rejected"),
        (404, String::new(), "missing"),
        (421, String::new(), "later"),
        (423, String::new(), "later"),
        (429, String::new(), "later"),
        (500, String::new(), "later"),
        (503, String::new(), "later"),
        (301, String::new(), "rejected"),
    ] {
        assert_eq!(word(&put.parse(&reply(status, &body)).unwrap_err()), expected, "{status} {body}");
    }
    let mut busy = reply(503, "");
    busy.retry_after = Some(Duration::from_secs(9));
    let error = put.parse(&busy).unwrap_err();
    assert!(matches!(error, RemoteError::Later { retry_after: Some(wait), .. } if wait.as_secs() == 9));
}

#[test]
fn e_038_deleting_what_is_not_there_succeeds() {
    let delete = Delete { path: "/u/c/m.ics", condition: Condition::Unchanged("\"1\"".into()) };
    for (status, expected) in [(204, None), (200, None), (404, None), (410, None), (412, Some("conflict"))] {
        assert_eq!(delete.parse(&reply(status, "")).err().as_ref().map(word), expected, "{status}");
    }
}

#[test]
fn getting_one_resource() {
    let get = Get { path: "/u/c/m.ics" };
    assert_eq!(get.parse(&reply(404, "")).unwrap(), None);
    assert_eq!(get.parse(&reply(200, "BEGIN")).unwrap().unwrap().text, "BEGIN");
    assert_eq!(word(&get.parse(&reply(401, "")).unwrap_err()), "refused");
}

#[test]
fn making_a_calendar() {
    let make = |dialect| MakeCalendar { path: "/u/work/", name: "Work & more", dialect };
    let request = make(Dialect::Mkcalendar).prepare(&base()).unwrap();
    assert_eq!(request.method(), "MKCALENDAR");
    assert!(request.body().contains("<D:displayname>Work &amp; more</D:displayname>"));
    assert!(request.body().contains("<C:comp name=\"VEVENT\"/>"));
    let extended = make(Dialect::Mkcol).prepare(&base()).unwrap();
    assert!(extended.body().contains("<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"));
    for (status, expected) in
        [(201, Made::Now), (405, Made::Perhaps), (403, Made::Perhaps), (409, Made::Perhaps)]
    {
        assert_eq!(make(Dialect::Mkcalendar).parse(&reply(status, "")).unwrap(), expected, "{status}");
    }
    assert_eq!(word(&make(Dialect::Mkcalendar).parse(&reply(507, "")).unwrap_err()), "rejected");
}
