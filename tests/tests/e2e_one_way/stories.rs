//! One-way sync from outside: the real binary, the sandbox EHR, a real Radicale.

use daybook_tests::canary::plant::appointment;
use daybook_tests::canary::words::{all_secrets, found};
use daybook_tests::outside::at_radicale::{AtRadicale, basic};
use daybook_tests::outside::calendar::main_calendar;
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use daybook_tests::outside::scene::BY_PUSH;
use serde_json::json;

use super::PLACE;

pub async fn scene() -> Option<AtRadicale> {
    AtRadicale::open(PLACE, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn e_056_booking_moving_cancelling_show_as_private_busy_events() {
    let Some(scene) = scene().await else { return };
    let (first, second, moved) = (at(2, 900), at(3, 900), at(4, 960));
    scene.ehr.book("a1", &first, &at(2, 950)).await;
    let connection = scene.connect(&json!({"detail": "busy"})).await;
    scene.shows(&connection, &[&first]).await;

    scene.ehr.book("a2", &second, &at(3, 950)).await;
    scene.shows(&connection, &[&first, &second]).await;
    scene.ehr.book("a1", &moved, &at(4, 1010)).await;
    scene.shows(&connection, &[&moved, &second]).await; // E-050
    scene.ehr.cancel("a2").await;
    scene.shows(&connection, &[&moved]).await; // E-051

    let mirror = scene.mirrors(&connection).await.remove(0);
    for (property, value) in [
        ("SUMMARY", Some("Busy")),
        ("CLASS", Some("PRIVATE")),
        ("TRANSP", Some("OPAQUE")),
        ("LOCATION", None),
        ("DESCRIPTION", None),
        ("ATTENDEE", None),
        ("ORGANIZER", None),
    ] {
        assert_eq!(mirror.property(property), value, "{property}");
    }
    assert!(!mirror.body.contains("VALARM"), "explicitly no reminder");
    // By chance a name of ours holds any two letters.
    let named = mirror.property("UID").expect("it has a name");
    let body = mirror.body.replace(named, "");
    assert_eq!(found(body.as_bytes(), &all_secrets()), [""; 0], "{body}");
    for id in ["a1", "pat-canary", "prac-1"] {
        let is_named = body.contains(id) || mirror.path.contains(&format!("/{id}."));
        assert!(!is_named, "{id} in {}: {body}", mirror.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e_043_a_mirror_that_its_reader_deletes_or_drags_is_put_back() {
    let Some(scene) = scene().await else { return };
    let start = at(2, 900);
    scene.ehr.book("a1", &start, &at(2, 950)).await;
    let connection = scene.connect(&json!({})).await;
    scene.shows(&connection, &[&start]).await;

    let mirror = scene.mirrors(&connection).await.remove(0);
    scene.account.delete(&mirror.path).await;
    scene.shows(&connection, &[&start]).await;

    let mirror = scene.mirrors(&connection).await.remove(0);
    let dragged = mirror
        .body
        .replace(&basic(&start), &basic(&at(2, 960)))
        .replace(&basic(&at(2, 950)), &basic(&at(2, 1010)));
    let with_alarm = dragged.replace(
        "END:VEVENT",
        "DESCRIPTION:bring the blue folder\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:soon\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT",
    );
    scene.account.put_body(&mirror.path, with_alarm).await;
    scene.shows(&connection, &[&start]).await;
    let mirror = scene.mirrors(&connection).await.remove(0);
    assert!(mirror.body.contains("bring the blue folder"), "a person's notes survive");
    assert!(mirror.body.contains("TRIGGER:-PT15M"), "a person's alert survives");
}

#[tokio::test(flavor = "multi_thread")]
async fn e_042_a_sick_day_is_no_fault_and_sudden_absence_is() {
    // Without polls: one that names an appointment just before it vanishes would have it read by that name, and what
    // was named and is gone counts as evidence.
    let Some(scene) = AtRadicale::open(PLACE, BY_PUSH).await else { return };
    scene.ehr.book_many(30).await;
    let connection = scene.connect(&json!({})).await;
    assert_eq!(scene.mirrors(&connection).await.len(), 30);
    for number in 0..8 {
        scene.ehr.cancel(&format!("a{number}")).await;
    }
    eventually("eight leave the calendar", || async { scene.mirrors(&connection).await.len() == 22 }).await;
    connection.settles().await;
    let problems = connection.get().await["problems"].clone();
    assert_eq!(problems, json!([]), "a clinician's sick day is no fault");

    // Eight more vanish from the EHR without a word, and everything is compared.
    for number in 8..16 {
        let id = format!("Appointment/a{number}");
        scene.ehr.fhir("POST", "../control", Some(&json!({"hooks": "drop"}))).await;
        scene.ehr.fhir("DELETE", &id, None).await;
    }
    connection.patch(json!({"aged_out": "keep"})).await;
    connection.settles().await;
    assert_eq!(scene.mirrors(&connection).await.len(), 22, "nothing is removed without evidence");
    let problems = connection.get().await["problems"].clone();
    assert!(problems.to_string().contains("brake"), "{problems}");

    connection.post("confirm-deletions").await;
    eventually("a person said yes", || async { scene.mirrors(&connection).await.len() == 14 }).await;
    connection.settles().await;
    assert!(!connection.get().await["problems"].to_string().contains("brake"));
}

#[tokio::test(flavor = "multi_thread")]
async fn e_015_disconnect_leaves_nothing_and_reconnect_doubles_nothing() {
    let Some(scene) = scene().await else { return };
    for number in 0..5 {
        scene.ehr.book(&format!("a{number}"), &at(2 + number, 600), &at(2 + number, 650)).await;
    }
    let connection = scene.connect(&json!({})).await;
    let calendar = main_calendar(&connection.get().await);
    connection.disconnect("keep").await;
    connection.becomes("disconnected").await;
    assert_eq!(scene.account.resources(&calendar).await.len(), 5, "kept");
    connection.disconnect("remove").await; // E-096: again is harmless

    scene.meter.take();
    let again = scene.connect(&json!({})).await;
    assert_eq!(main_calendar(&again.get().await), calendar, "our own calendar of that name is used again");
    assert_eq!(scene.account.resources(&calendar).await.len(), 5, "adopted, not doubled");
    assert_eq!(scene.meter.take().get("PUT"), None, "adopting writes nothing");
    let (status, refused) = scene
        .daybook
        .call(
            "POST",
            "/v1/practices/demo/connections",
            Some(json!({
                "practitioner_id": "prac-1", "provider": "caldav",
                "caldav": {"url": scene.meter.url(), "username": "clinician", "password": "secret-ada"},
            })),
        )
        .await;
    assert_eq!(status, 409, "E-010: {refused}");
    again.disconnect("remove").await;
    again.becomes("disconnected").await;
    assert!(
        !scene.account.has_calendar(&calendar).await,
        "the calendar that we made goes with what we wrote"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn e_052_switching_the_main_calendar_moves_every_mirror_once() {
    let Some(scene) = scene().await else { return };
    let other = scene.account.make_calendar("other").await;
    for number in 0..5 {
        scene.ehr.book(&format!("a{number}"), &at(2 + number, 600), &at(2 + number, 650)).await;
    }
    let connection = scene.connect(&json!({})).await;
    let old = main_calendar(&connection.get().await);
    connection.patch(json!({"main_calendar": {"id": other}})).await;
    connection.settles().await;
    assert_eq!(scene.account.resources(&other).await.len(), 5);
    assert!(!scene.account.has_calendar(&old).await, "the calendar that we made goes once it is left");
    scene.ehr.cancel("a0").await;
    eventually("a cancellation reaches the new calendar", || async {
        scene.account.resources(&other).await.len() == 4
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e_098_e_083_a_smaller_window_cleans_what_it_leaves_and_a_larger_one_fills() {
    let Some(scene) = scene().await else { return };
    scene.ehr.book("near", &at(2, 600), &at(2, 650)).await;
    scene.ehr.book("far", &at(60, 600), &at(60, 650)).await;
    let connection = scene.connect(&json!({})).await;
    scene.shows(&connection, &[&at(2, 600), &at(60, 600)]).await;
    let preview = connection.post("preview").await;
    assert_eq!(preview["appointments"], json!({"create": 0, "change": 0, "delete": 0}));
    connection.patch(json!({"window": {"past_days": 7, "future_days": 30}})).await;
    scene.shows(&connection, &[&at(2, 600)]).await;
    connection.patch(json!({"window": {"past_days": 7, "future_days": 90}})).await;
    scene.shows(&connection, &[&at(2, 600), &at(60, 600)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_no_appointments_of_this_clinician_are_not_shown() {
    let Some(scene) = scene().await else { return };
    let mut lunch = appointment("lunch", &at(2, 720), &at(2, 780), "booked");
    lunch["participant"].as_array_mut().unwrap().truncate(1);
    let mut declined = appointment("declined", &at(2, 800), &at(2, 850), "booked");
    declined["participant"][0]["status"] = json!("declined");
    for resource in [lunch, declined, appointment("waiting", &at(2, 860), &at(2, 890), "waitlist")] {
        let id = resource["id"].as_str().unwrap().to_owned();
        scene.ehr.fhir("PUT", &format!("Appointment/{id}"), Some(&resource)).await;
    }
    scene.ehr.book("a1", &at(2, 900), &at(2, 950)).await;
    let connection = scene.connect(&json!({})).await;
    scene.shows(&connection, &[&at(2, 900)]).await;
    // E-049: reassigned to somebody else, it leaves this calendar.
    let (_, mut standing) = scene.ehr.fhir("GET", "Appointment/a1", None).await;
    standing["participant"][0]["actor"]["reference"] = json!("Practitioner/prac-2");
    scene.ehr.fhir("PUT", "Appointment/a1", Some(&standing)).await;
    scene.shows(&connection, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e_006_a_refused_password_asks_to_reconnect_and_keeps_what_stands() {
    let Some(scene) = scene().await else { return };
    scene.ehr.book("a1", &at(2, 900), &at(2, 950)).await;
    let connection = scene.connect(&json!({})).await;
    scene.radicale.change_password("another");
    eventually("it asks to reconnect", || async { connection.get().await["state"] == "reconnect_required" })
        .await;
    scene.meter.take();
    connection.sync().await;
    assert_eq!(
        scene.meter.take().values().sum::<u64>(),
        0,
        "a refused password is never tried again by itself"
    );
    // The same account with a new password keeps settings and links; another account is refused.
    let password = |username: &str, password: &str| json!({"caldav": {"url": scene.meter.url(), "username": username, "password": password}});
    let (status, refused) =
        scene.daybook.call("PATCH", &connection.path(""), Some(password("somebody", "another"))).await;
    assert_eq!(status, 422, "{refused}");
    scene.meter.take();
    connection.patch(password("clinician", "another")).await;
    connection.becomes("active").await;
    assert_eq!(scene.meter.take().get("PUT"), None, "what stands is known");
    assert_eq!(connection.get().await["problems"], json!([]));
    scene.radicale.change_password("a third");
    eventually("it asks again", || async { connection.get().await["state"] == "reconnect_required" }).await;
    connection.disconnect("remove").await;
    connection.becomes("disconnected").await; // E-005
    let problems = connection.get().await["problems"].clone();
    assert!(problems.to_string().contains("left-behind"), "{problems}");
}
