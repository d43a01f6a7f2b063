//! Writing, reading and removing one resource.

use serde_json::json;

use crate::house::{HOME, House, event, noon};

#[tokio::test]
async fn a_text_comes_back_as_it_was_sent() {
    let house = House::bare();
    let text = noon("u").replace("SUMMARY", "X-ODD;P=\"a,b\":1\r\nsummary");
    let made = house.put("a%20b.ics", &text).await;
    assert_eq!(made.status, 201);
    for name in ["a%20b.ics", "%61%20b.ics"] {
        let read = house.ask("GET", &format!("{HOME}{name}"), &[], "").await;
        assert_eq!((read.text.as_str(), read.header("etag")), (text.as_str(), made.header("etag")));
    }
    let known = [("if-none-match", made.header("etag"))];
    assert_eq!(house.ask("GET", &format!("{HOME}a%20b.ics"), &known, "").await.status, 304);
    let head = house.ask("HEAD", &format!("{HOME}a%20b.ics"), &[], "").await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn conditions_guard_every_write() {
    let house = House::bare();
    let first = house.put("x.ics", &noon("u")).await.header("etag").to_owned();
    let path = format!("{HOME}x.ics");
    for (method, header, value, status) in [
        ("PUT", "if-none-match", "*", 412),
        ("PUT", "if-match", "\"other\"", 412),
        ("DELETE", "if-match", "\"other\"", 412),
        ("PUT", "if-match", "\"other\", \"more\"", 412),
        ("PUT", "if-match", first.as_str(), 204),
        ("PUT", "if-match", first.as_str(), 412),
        ("PUT", "if-match", "*", 204),
        ("DELETE", "if-match", "*", 204),
        ("DELETE", "if-match", "*", 404),
        ("PUT", "if-match", "*", 412),
        ("PUT", "if-none-match", "*", 201),
    ] {
        let reply = house.ask(method, &path, &[(header, value)], &noon("u")).await;
        assert_eq!(reply.status, status, "{method} {header}: {value}");
    }
}

#[tokio::test]
async fn the_same_text_again_is_a_new_state() {
    let house = House::bare();
    let first = house.put("x.ics", &noon("u")).await.header("etag").to_owned();
    let second = house.put("x.ics", &noon("u")).await.header("etag").to_owned();
    assert_ne!(first, second);
}

#[tokio::test]
async fn bodies_that_a_server_refuses() {
    let text = noon("u");
    let without = |line: &str| {
        let kept = text.split("\r\n").filter(|one| !one.starts_with(line));
        kept.collect::<Vec<_>>().join("\r\n")
    };
    let zoned = text.replace("DTSTART:20261201T120000Z", "DTSTART;TZID=Europe/Berlin:20261201T120000");
    let todo = text.replace("VEVENT", "VTODO");
    let method = text.replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST");
    for (what, body, plain, apple) in [
        ("whole", text.clone(), "201", "201"),
        ("no calendar", "hello".to_owned(), "403 valid-calendar-data", "403 valid-calendar-data"),
        (
            "no uid",
            without("UID"),
            "403 valid-calendar-object-resource",
            "403 valid-calendar-object-resource",
        ),
        ("method", method, "403 valid-calendar-object-resource", "403 valid-calendar-object-resource"),
        ("a task", todo, "403 supported-calendar-component", "403 supported-calendar-component"),
        // Trap C-T7: iCloud says 404 to a body without an end.
        ("no end", without("DTEND"), "201", "404"),
        ("no scale", without("CALSCALE"), "201", "400"),
        ("no status", without("STATUS"), "201", "400"),
        ("no sequence", without("SEQUENCE"), "201", "400"),
        ("no zone", zoned, "201", "403"),
    ] {
        for (manners, expected) in [("plain", plain), ("apple", apple)] {
            let house = House::bare();
            house.control(json!({ "manners": manners })).await;
            let reply = house.put("x.ics", &body).await;
            assert_eq!(reply.refusal(), expected, "{what}, {manners}");
        }
    }
}

#[tokio::test]
async fn a_uid_stands_once() {
    let house = House::bare();
    house.ask("MKCALENDAR", "/sandbox/caldav/calendars/ada/other/", &[], "").await;
    let other = "/sandbox/caldav/calendars/ada/other/x.ics";
    assert_eq!(house.put("x.ics", &noon("u")).await.status, 201);
    let second = house.put("y.ics", &noon("u")).await;
    assert_eq!(second.refusal(), "403 no-uid-conflict");
    assert!(second.text.contains(&format!("{HOME}x.ics")), "{}", second.text);
    assert_eq!(house.ask("PUT", other, &[], &noon("u")).await.status, 201);
    house.ask("DELETE", other, &[], "").await;
    house.control(json!({"manners": "apple"})).await;
    assert_eq!(house.ask("PUT", other, &[], &noon("u")).await.refusal(), "403 no-uid-conflict");
    house.delete("x.ics").await;
    assert_eq!(house.ask("PUT", other, &[], &noon("u")).await.status, 201);
}

#[tokio::test]
async fn where_nothing_can_be_written() {
    let house = House::lived();
    let text = event("new", "20261201T120000Z", "20261201T130000Z");
    for (calendar, refusal) in [
        ("none", "409"),
        ("choir", "403 need-privileges"),
        ("holidays", "403 need-privileges"),
        ("reminders", "403 supported-calendar-component"),
    ] {
        let path = format!("/sandbox/caldav/calendars/ada/{calendar}/x.ics");
        assert_eq!(house.ask("PUT", &path, &[], &text).await.refusal(), refusal, "{calendar}");
    }
    let shared = "/sandbox/caldav/calendars/ada/choir/rehearsal.ics";
    assert_eq!(house.ask("DELETE", shared, &[], "").await.refusal(), "403 need-privileges");
    let kind = [("content-type", "application/json")];
    let wrong = house.ask("PUT", &format!("{HOME}x.ics"), &kind, &text).await;
    assert_eq!(wrong.refusal(), "403 supported-calendar-data");
}

#[tokio::test]
async fn a_put_may_keep_its_etag_to_itself() {
    let house = House::bare();
    house.control(json!({"etag_on_put": "omitted"})).await;
    assert_eq!(house.put("x.ics", &noon("u")).await.header("etag"), "");
    let line = &house.propfind(&format!("{HOME}x.ics"), "0", "<getetag/>").await[0];
    assert!(line.found["getetag"].starts_with('"'));
}
