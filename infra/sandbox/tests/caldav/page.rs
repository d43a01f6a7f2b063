//! The page for people.

use crate::house::{HOME, House, Reply};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn post(house: &House, path: &str, form: &str) -> String {
    let reply = house.call("POST", &format!("/sandbox/caldav{path}"), &[FORM], form).await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    reply.header("location").to_owned()
}

async fn show(house: &House, query: &str) -> Reply {
    house.call("GET", &format!("/sandbox/caldav/{query}"), &[], "").await
}

#[tokio::test]
async fn a_week_is_shown_without_script() {
    let house = House::lived();
    let page = show(&house, "?person=carla").await;
    assert_eq!(page.status, 200);
    for text in [
        "Carla Winter",
        "carla-sandbox",
        "http://dav.test/sandbox/caldav/",
        "Dentist",
        "8:00 – 9:00 am",
        "all day",
        "Rehearsal",
        "November 23 – 29, 2026",
    ] {
        assert!(page.text.contains(text), "{text}");
    }
    assert!(!page.text.contains("Lecture") && !page.text.contains("<script"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(show(&house, "?person=carla&week=2026-12-01").await.text.contains("Lecture"));
    for asset in ["sandbox.css", "grid.css", "mark.svg"] {
        assert_eq!(show(&house, &format!("assets/{asset}")).await.status, 200, "{asset}");
    }
}

#[tokio::test]
async fn forms_change_what_clients_see() {
    let house = House::bare();
    let form = "person=ada&calendar=home&title=Tea%2C+%3Cb%3E&start=2026-11-27T15:00&minutes=30&repeat=once";
    let next = post(&house, "/events", form).await;
    assert_eq!(next, "/sandbox/caldav/?person=ada&notice=added&week=2026-11-27");
    let page = show(&house, "?person=ada&notice=added").await.text;
    assert!(
        page.contains("Added.") && page.contains("Tea, &#60;b&#62;") && page.contains("3:00 – 3:30 pm"),
        "{page}"
    );
    let line = house.propfind(HOME, "1", "<c:calendar-data/>").await[1].clone();
    let text = &line.found["calendar-data"];
    assert!(
        text.contains("SUMMARY:Tea\\, <b>") && text.contains("DTSTART;TZID=America/New_York:20261127T150000"),
        "{text}"
    );
    let name = line.href.rsplit('/').next().unwrap();
    let moved = format!("person=ada&calendar=home&name={name}&start=2026-11-28T09:00&minutes=60");
    post(&house, "/events/move", &moved).await;
    let text = house.ask("GET", &line.href, &[], "").await.text;
    assert!(text.contains("20261128T140000Z") && text.contains("SUMMARY:Tea"), "{text}");
    post(&house, "/events/delete", &format!("person=ada&calendar=home&name={name}")).await;
    assert_eq!(house.ask("GET", &line.href, &[], "").await.status, 404);
}

#[tokio::test]
async fn a_series_repeats_in_local_time() {
    let house = House::bare();
    let form = "person=ada&calendar=home&title=Yoga&start=2026-11-27T15:00&minutes=30&repeat=weekly";
    post(&house, "/events", form).await;
    assert!(show(&house, "").await.text.contains("repeats"));
    let text = house.propfind(HOME, "1", "<c:calendar-data/>").await[1].found["calendar-data"].clone();
    assert!(text.contains("RRULE:FREQ=WEEKLY;COUNT=10") && text.contains("BEGIN:VTIMEZONE"), "{text}");
}

#[tokio::test]
async fn forms_that_make_no_sense_change_nothing() {
    let house = House::lived();
    for (path, form, notice) in [
        ("/events", "person=ada&calendar=home&title=x&start=soon&minutes=30&repeat=once", "bad-time"),
        (
            "/events",
            "person=ada&calendar=choir&title=x&start=2026-11-27T15:00&minutes=30&repeat=once",
            "missing",
        ),
        (
            "/events/move",
            "person=ada&calendar=home&name=none.ics&start=2026-11-27T15:00&minutes=30",
            "missing",
        ),
        ("/events/delete", "person=ada&calendar=choir&name=rehearsal.ics", "missing"),
    ] {
        let next = post(&house, path, form).await;
        assert!(next.contains(&format!("notice={notice}")), "{path}: {next}");
    }
    let headers = [FORM, ("sec-fetch-site", "cross-site")];
    let form = "person=ada&calendar=home&name=dentist.ics";
    let foreign = house.call("POST", "/sandbox/caldav/events/delete", &headers, form).await;
    assert_eq!(foreign.status, 403);
}
