//! Two-way sync from outside: the clinician's own events close time in the EHR.

use daybook_tests::canary::sinks::assert_silent;
use daybook_tests::canary::words::all_secrets;
use daybook_tests::outside::at_radicale::{AtRadicale, basic};
use daybook_tests::outside::calendar::main_calendar;
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use serde_json::json;

use super::PLACE;

/// A clinician with a calendar of their own.
async fn scene() -> Option<(AtRadicale, String)> {
    let scene = AtRadicale::open(PLACE, &[]).await?;
    let calendar = scene.account.make_calendar("personal").await;
    Some((scene, calendar))
}

fn date(days: i64) -> String {
    at(days, 0)[..10].replace('-', "")
}

/// The practice's day so many days from today, as the instants of its midnights.
fn practice_day(days: i64) -> (String, String) {
    let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let day: jiff::civil::Date = at(days, 0)[..10].parse().unwrap();
    let midnight = |day: jiff::civil::Date| {
        let instant = daybook_core::time::start_of_day(day, &zone);
        instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    (midnight(day), midnight(day.tomorrow().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_events_close_time_and_say_nothing() {
    let Some((scene, calendar)) = scene().await else { return };
    let timed =
        |days, from, to| format!("DTSTART:{}\r\nDTEND:{}", basic(&at(days, from)), basic(&at(days, to)));
    scene.account.put(&calendar, "dentist", &timed(2, 900, 960)).await;
    let connection = scene.connect(&json!({"direction": "two_way"})).await;
    scene.closes(&[(at(2, 900), at(2, 960))]).await;
    let slots = scene.ehr.search("Slot?schedule=Schedule/sch-1").await;
    let text = serde_json::to_string(&slots).unwrap();
    let secrets = [all_secrets(), vec!["dentist", "personal", "example.org"]].concat();
    assert_silent("the EHR's slots", text.as_bytes(), &secrets);

    // Moved (E-059), free (E-077), declined (E-080), zero length, cancelled.
    scene.account.put(&calendar, "dentist", &timed(3, 900, 960)).await;
    scene.account.put(&calendar, "free", &format!("{}\r\nTRANSP:TRANSPARENT", timed(4, 900, 960))).await;
    let declined = "ORGANIZER:mailto:boss@example.org\r\nATTENDEE;PARTSTAT=DECLINED:mailto:clinician";
    scene.account.put(&calendar, "declined", &format!("{}\r\n{declined}", timed(4, 960, 990))).await;
    scene.account.put(&calendar, "zero", &timed(4, 700, 700)).await;
    scene.account.put(&calendar, "cancelled", &format!("{}\r\nSTATUS:CANCELLED", timed(4, 720, 760))).await;
    scene.closes(&[(at(3, 900), at(3, 960))]).await;

    // All day (E-069), and one that recurs on three days (E-058).
    scene
        .account
        .put(&calendar, "holiday", &format!("DTSTART;VALUE=DATE:{}\r\nDTEND;VALUE=DATE:{}", date(6), date(7)))
        .await;
    scene
        .account
        .put(&calendar, "course", &format!("{}\r\nRRULE:FREQ=DAILY;COUNT=3", timed(10, 600, 660)))
        .await;
    let standing = |days: &[i64]| {
        let mut blocks = vec![(at(3, 900), at(3, 960)), practice_day(6)];
        blocks.extend(days.iter().map(|day| (at(*day, 600), at(*day, 660))));
        blocks
    };
    scene.closes(&standing(&[10, 11, 12])).await;
    // E-061: one occurrence is taken out.
    scene
        .account
        .put(
            &calendar,
            "course",
            &format!("{}\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:{}", timed(10, 600, 660), basic(&at(11, 600))),
        )
        .await;
    scene.closes(&standing(&[10, 12])).await;

    // E-082: deleted events give their time back.
    for name in ["dentist", "holiday", "course"] {
        scene.account.delete(&format!("{calendar}{name}.ics")).await;
    }
    scene.closes(&[]).await;
    assert_eq!(connection.get().await["counts"]["owing"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn e_046_our_own_mirrors_close_nothing_and_a_copy_does() {
    let Some((scene, calendar)) = scene().await else { return };
    scene.ehr.book("a1", &at(2, 900), &at(2, 950)).await;
    let connection = scene.connect(&json!({"direction": "two_way", "main_calendar": {"id": calendar}})).await;
    assert_eq!(scene.account.resources(&calendar).await.len(), 1);
    connection.sync().await;
    scene.closes(&[]).await;
    // E-047: a copy has a name of its own, whatever it carries along.
    let mirror = scene.account.resources(&calendar).await.remove(0);
    let uid = mirror.property("UID").unwrap().to_owned();
    scene
        .account
        .put_body(&format!("{calendar}copy.ics"), mirror.body.replace(&uid, "a-copy@example.org"))
        .await;
    scene.closes(&[(at(2, 900), at(2, 950))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnect_while_the_ehr_is_down_ends_with_nothing_left() {
    let Some((scene, calendar)) = scene().await else { return };
    scene.ehr.book("a1", &at(5, 900), &at(5, 950)).await;
    let timed = format!("DTSTART:{}\r\nDTEND:{}", basic(&at(2, 900)), basic(&at(2, 960)));
    scene.account.put(&calendar, "dentist", &timed).await;
    let connection = scene.connect(&json!({"direction": "two_way"})).await;
    let main = main_calendar(&connection.get().await);
    scene.closes(&[(at(2, 900), at(2, 960))]).await;
    scene.ehr.meter.go_down();
    connection.disconnect("remove").await;
    eventually("the mirrors go although the EHR is down", || async {
        scene.account.resources(&main).await.is_empty()
    })
    .await;
    assert_eq!(connection.get().await["state"], "disconnecting");
    assert_eq!(scene.ehr.blocks().await.len(), 1);
    scene.ehr.meter.come_back();
    connection.becomes("disconnected").await;
    scene.closes(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_way_to_one_way_opens_what_was_closed() {
    let Some((scene, calendar)) = scene().await else { return };
    let timed = format!("DTSTART:{}\r\nDTEND:{}", basic(&at(2, 900)), basic(&at(2, 960)));
    scene.account.put(&calendar, "dentist", &timed).await;
    let connection = scene.connect(&json!({"direction": "two_way"})).await;
    scene.closes(&[(at(2, 900), at(2, 960))]).await;
    connection.patch(json!({"direction": "ehr_to_calendar"})).await;
    scene.closes(&[]).await;
    connection.patch(json!({"direction": "two_way"})).await;
    scene.closes(&[(at(2, 900), at(2, 960))]).await;
    // E-024: no longer reading a calendar opens what it closed.
    connection.patch(json!({"blocking_calendars": []})).await;
    scene.closes(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e_040_hostile_and_broken_neighbours_stop_nobody() {
    let Some((scene, calendar)) = scene().await else { return };
    let good = format!("DTSTART:{}\r\nDTEND:{}", basic(&at(2, 900)), basic(&at(2, 960)));
    scene.account.put(&calendar, "good", &good).await;
    let endless = format!("DTSTART:{}\r\nDURATION:PT1S\r\nRRULE:FREQ=MINUTELY;COUNT=5", basic(&at(3, 900)));
    scene.account.put(&calendar, "endless", &endless).await;
    scene.account.put(&calendar, "odd", "DTSTART;TZID=Nowhere/Land:20200101T000000\r\nDURATION:PT1H\r\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").await;
    let connection = scene.connect(&json!({"direction": "two_way"})).await;
    scene.closes(&[(at(2, 900), at(2, 960))]).await;
    let problems = connection.get().await["problems"].clone();
    assert!(problems.to_string().contains("items-unreadable"), "{problems}");
}
