//! The page and its forms, as a browser uses them.

use axum::http::Method;

use crate::house::{House, Reply, block};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn show(house: &House, query: &str) -> Reply {
    house.call(Method::GET, &format!("/sandbox/ehr/{query}"), &[], String::new()).await
}

async fn send(house: &House, path: &str, fields: &str) -> Reply {
    house.call(Method::POST, &format!("/sandbox/ehr/{path}"), &[FORM], fields.to_owned()).await
}

fn booking(start: &str) -> String {
    format!("practitioner=prac-1&patient=pat-3&service=svc-1&minutes=50&start={start}")
}

#[tokio::test]
async fn a_week_is_shown_as_a_grid() {
    let house = House::new();
    house.put("/Slot/s1", block("k")).await;
    let page = show(&house, "?practitioner=prac-1&week=2026-11-25").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    for words in [
        "Dr. Maya Okafor",
        "November 23 – 29, 2026",
        "America/New_York",
        "Lunch",
        "Mateo Quintero",
        "week=2026-11-16",
        "week=2026-11-30",
    ] {
        assert!(page.text.contains(words), "{words}");
    }
    assert!(!page.text.contains("style=") && !page.text.contains("<script"));
    assert!(
        show(&house, "?practitioner=prac-1&week=2026-12-14").await.text.contains("item closed from-49 to-61")
    );
    assert!(show(&house, "?practitioner=nobody&week=never").await.text.contains("Dr. Maya Okafor"));
    for asset in ["assets/sandbox.css", "assets/grid.css"] {
        assert!(show(&house, asset).await.header("content-type").starts_with("text/css"));
    }
    let bare = house.call(Method::GET, "/sandbox/ehr", &[], String::new()).await;
    assert_eq!((bare.status.as_u16(), bare.header("location")), (308, "/sandbox/ehr/"));
}

#[tokio::test]
async fn an_appointment_is_booked_moved_and_cancelled() {
    let house = House::new();
    let reply = send(&house, "appointments", &booking("2026-12-16T09:00")).await;
    assert_eq!(reply.status, 303);
    assert_eq!(reply.header("location"), "/sandbox/ehr/?practitioner=prac-1&week=2026-12-14&notice=booked");
    let id = house.ids("/Appointment?date=2026-12-16").await.remove(0);
    let moved = send(&house, &format!("appointments/{id}/move"), "start=2026-12-17T09:20&minutes=45").await;
    assert!(moved.header("location").ends_with("notice=moved"), "{}", moved.header("location"));
    let body = house.get(&format!("/Appointment/{id}")).await.json();
    assert_eq!(
        (body["start"].as_str(), body["end"].as_str()),
        (Some("2026-12-17T14:20:00Z"), Some("2026-12-17T15:05:00Z"))
    );
    assert_eq!(body["participant"][1]["actor"]["display"], "Priya Raghunathan");
    assert_eq!(house.put(&format!("/Appointment/{id}"), body).await.status, 200);
    let cancelled = send(&house, &format!("appointments/{id}/cancel"), "").await;
    assert!(cancelled.header("location").ends_with("notice=cancelled"));
    assert_eq!(house.get(&format!("/Appointment/{id}")).await.json()["status"], "cancelled");
    assert!(show(&house, "?notice=cancelled").await.text.contains("Cancelled."));
}

#[tokio::test]
async fn taken_closed_and_senseless_times_are_refused() {
    let house = House::new();
    house.put("/Slot/s1", block("k")).await;
    let count = || async { house.get("/Appointment?_count=0").await.json()["total"].clone() };
    let before = count().await;
    for (path, fields, notice) in [
        ("appointments", booking("2026-11-23T09:30"), "taken"),
        ("appointments", booking("2026-12-15T12:30"), "closed"),
        ("appointments", booking("tomorrow"), "bad-time"),
        ("appointments", booking("2026-12-15T09:00").replace("50", "0"), "bad-time"),
        ("appointments", booking("2026-12-15T09:00").replace("pat-3", "pat-99"), "missing"),
        ("appointments/apt-1001/move", "start=2026-11-23T10:10&minutes=50".to_owned(), "taken"),
        ("appointments/none/cancel", String::new(), "missing"),
    ] {
        let reply = send(&house, path, &fields).await;
        assert!(
            reply.header("location").ends_with(&format!("notice={notice}")),
            "{fields}: {}",
            reply.header("location")
        );
    }
    assert_eq!(count().await, before);
    let onto_itself = send(&house, "appointments/apt-1001/move", "start=2026-11-23T09:05&minutes=50").await;
    assert!(onto_itself.header("location").ends_with("notice=moved"));
}

#[tokio::test]
async fn another_site_cannot_send_our_forms() {
    let house = House::new();
    let headers = [FORM, ("sec-fetch-site", "cross-site")];
    let reply =
        house.call(Method::POST, "/sandbox/ehr/appointments", &headers, booking("2026-12-16T09:00")).await;
    assert_eq!(reply.status, 403);
}
