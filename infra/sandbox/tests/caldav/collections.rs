//! Making, renaming and removing calendars.

use crate::house::{CALDAV, House, noon};

const NEW: &str = "/sandbox/caldav/calendars/ada/work%20plan/";

fn make(root: &str, space: &str, types: &str) -> String {
    format!(
        "<m:{root} xmlns:m=\"{space}\" xmlns:d=\"DAV:\" xmlns:c=\"{CALDAV}\"><d:set><d:prop>{types}<d:displayname>Work &amp; play</d:displayname>\
         <c:supported-calendar-component-set><c:comp name=\"VEVENT\"/></c:supported-calendar-component-set></d:prop></d:set></m:{root}>"
    )
}

#[tokio::test]
async fn a_calendar_is_made_in_two_ways() {
    let types = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>";
    for (method, body) in
        [("MKCALENDAR", make("mkcalendar", CALDAV, "")), ("MKCOL", make("mkcol", "DAV:", types))]
    {
        let house = House::bare();
        assert_eq!(house.ask(method, NEW, &[], &body).await.status, 201, "{method}");
        assert_eq!(house.ask(method, NEW, &[], &body).await.status, 405, "{method} again");
        let line = &house.propfind(NEW, "0", "<displayname/><resourcetype/>").await[0];
        assert_eq!(line.href, NEW);
        assert_eq!(line.found["displayname"], "Work & play");
        assert_eq!(line.found["resourcetype"], "collection calendar");
        let path = format!("{NEW}x.ics");
        assert_eq!(house.ask("PUT", &path, &[], &noon("u")).await.status, 201);
        assert_eq!(house.ask("DELETE", NEW, &[], "").await.status, 204);
        assert_eq!(house.ask("GET", &path, &[], "").await.status, 404);
    }
}

#[tokio::test]
async fn what_cannot_be_made() {
    let house = House::bare();
    let body = make("mkcol", "DAV:", "");
    for (method, path, refusal) in [
        ("MKCOL", NEW, "403 valid-resourcetype"),
        ("MKCALENDAR", "/sandbox/caldav/calendars/ada/", "403 calendar-collection-location-ok"),
        ("MKCALENDAR", "/sandbox/caldav/calendars/carla/x/", "403 need-privileges"),
    ] {
        assert_eq!(house.ask(method, path, &[], &body).await.refusal(), refusal, "{method} {path}");
    }
}

#[tokio::test]
async fn a_calendar_is_renamed_or_left_as_it_is() {
    let house = House::bare();
    let home = "/sandbox/caldav/calendars/ada/home/";
    let update = |props: &str| {
        format!("<propertyupdate xmlns=\"DAV:\"><set><prop>{props}</prop></set></propertyupdate>")
    };
    let both = "<displayname>New</displayname><odd xmlns=\"urn:x\">1</odd>";
    for (props, statuses, name) in
        [(both, vec!["424", "403"], "Home"), ("<displayname>New</displayname>", vec!["200"], "New")]
    {
        let reply = house.ask("PROPPATCH", home, &[], &update(props)).await;
        assert_eq!(reply.status, 207);
        let told: Vec<&str> =
            reply.text.match_indices("HTTP/1.1 ").map(|(at, _)| &reply.text[at + 9..at + 12]).collect();
        assert_eq!(told, statuses);
        assert_eq!(house.propfind(home, "0", "<displayname/>").await[0].found["displayname"], name);
    }
}
