//! What touches a time, and several by name.

use serde_json::json;

use crate::house::{CALDAV, HOME, House, event};

fn query(filter: &str) -> String {
    format!(
        "<c:calendar-query xmlns:d=\"DAV:\" xmlns:c=\"{CALDAV}\"><d:prop><d:getetag/></d:prop><c:filter>{filter}</c:filter></c:calendar-query>"
    )
}

fn events(inner: &str) -> String {
    query(&format!(
        "<c:comp-filter name=\"VCALENDAR\"><c:comp-filter name=\"VEVENT\">{inner}</c:comp-filter></c:comp-filter>"
    ))
}

#[tokio::test]
async fn a_time_finds_what_touches_it() {
    let house = House::bare();
    let weekly = event("weekly", "20261101T120000Z", "20261101T130000Z");
    for (name, text) in [
        ("before", event("before", "20261201T100000Z", "20261201T110000Z")),
        ("into", event("into", "20261201T103000Z", "20261201T113000Z")),
        ("inside", event("inside", "20261201T120000Z", "20261201T123000Z")),
        ("after", event("after", "20261201T150000Z", "20261201T160000Z")),
        ("weekly", weekly.replace("SUMMARY", "RRULE:FREQ=WEEKLY\r\nSUMMARY")),
    ] {
        house.put(&format!("{name}.ics"), &text).await;
    }
    let all = ["after.ics", "before.ics", "inside.ics", "into.ics", "weekly.ics"];
    let both = "<c:time-range start=\"20261201T110000Z\" end=\"20261201T150000Z\"/>";
    for (inner, expected) in [
        (both, vec!["inside.ics", "into.ics", "weekly.ics"]),
        ("<c:time-range start=\"20261201T150000Z\"/>", vec!["after.ics", "weekly.ics"]),
        ("<c:time-range end=\"20261201T103000Z\"/>", vec!["before.ics", "weekly.ics"]),
        ("", all.to_vec()),
    ] {
        let found = house.report(&events(inner)).await;
        assert_eq!(found.names(), expected, "{inner}");
    }
}

#[tokio::test]
async fn filters_that_a_server_does_not_know() {
    let house = House::bare();
    let bare = query("<c:comp-filter name=\"VCALENDAR\"/>");
    for (body, plain, apple) in [
        (bare, "207", "403 supported-filter"),
        (query(""), "403 valid-filter", "403 valid-filter"),
        (events("<c:time-range/>"), "403 valid-filter", "403 valid-filter"),
        (events("<c:time-range start=\"yesterday\"/>"), "403 valid-filter", "403 valid-filter"),
        (events("<c:prop-filter name=\"UID\"/>"), "403 supported-filter", "403 supported-filter"),
    ] {
        for (manners, expected) in [("plain", plain), ("apple", apple)] {
            house.control(json!({ "manners": manners })).await;
            assert_eq!(house.report(&body).await.refusal(), expected, "{manners}: {body}");
        }
    }
}

#[tokio::test]
async fn a_multiget_tells_what_is_there_and_what_is_not() {
    let house = House::bare();
    let text = event("a", "20261201T100000Z", "20261201T110000Z");
    house.put("a.ics", &text).await;
    let hrefs = [
        format!("{HOME}gone.ics"),
        format!("http://dav.test{HOME}%61.ics"),
        "/sandbox/caldav/calendars/carla/home/a.ics".to_owned(),
    ];
    let hrefs = format!("<d:href>{}</d:href>", hrefs.join("</d:href><d:href>"));
    let body = format!(
        "<c:calendar-multiget xmlns:d=\"DAV:\" xmlns:c=\"{CALDAV}\"><d:prop><d:getetag/><c:calendar-data/></d:prop>{hrefs}</c:calendar-multiget>"
    );
    let reply = house.report(&body).await;
    assert_eq!(reply.names(), ["-gone.ics", "a.ics", "-a.ics"]);
    assert_eq!(reply.lines()[1].found["calendar-data"], text);
    // Trap C-T10: an answer may leave out what was asked for, and that says nothing about it.
    house.control(json!({"multiget_drops": 2})).await;
    assert_eq!(house.report(&body).await.names(), ["-gone.ics"]);
    assert_eq!(house.report(&body).await.names().len(), 3);
}
