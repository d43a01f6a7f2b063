//! The clinician's own events: the time that they close in the EHR, whether notifications arrive or not.

use daybook_tests::canary::sinks::assert_silent;
use daybook_tests::canary::words::all_secrets;
use daybook_tests::outside::cloud::{ADA, Plan};
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use serde_json::json;

use super::{BY_PUSH, at_both, book, hour};

#[tokio::test(flavor = "multi_thread")]
async fn e_018_what_a_person_plans_closes_time_by_notification_alone() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        let private = ada.make_calendar("Private").await;
        let dentist = hour(2, 1);
        let id = ada.add(&private, Plan::Once(&dentist.0, &dentist.1)).await;
        let connection =
            scene.connect(&json!({"direction": "two_way", "blocking_calendars": [private]})).await;
        scene.closes(std::slice::from_ref(&dentist)).await;
        let slots = scene.ehr.search("Slot?schedule=Schedule/sch-1").await;
        let secrets = [all_secrets(), vec!["Private", "clinic.example"]].concat();
        assert_silent("the EHR's slots", json!(slots).to_string().as_bytes(), &secrets);

        // Moved (E-059); free (E-077); all day (E-069); three weeks in a row (E-058).
        let moved = hour(3, 2);
        ada.shift(&private, &id, &moved.0, &moved.1).await;
        scene.closes(std::slice::from_ref(&moved)).await;
        let (free, first) = (hour(4, 1), hour(9, 1));
        ada.add(&private, Plan::Free(&free.0, &free.1)).await;
        let day = ada.add(&private, Plan::Day(6)).await;
        scene.closes(&[moved.clone(), practice_day(6)]).await;
        let weekly = ada.add(&private, Plan::Thrice(&first.0, &first.1)).await;
        let weeks = [first, hour(16, 1), hour(23, 1)];
        scene.closes(&[[moved, practice_day(6)].as_slice(), &weeks].concat()).await;

        // E-082: what is deleted gives its time back.
        for gone in [&id, &day, &weekly] {
            ada.delete(&private, gone).await;
        }
        scene.closes(&[]).await;
        connection.settles().await;
        assert_eq!(connection.get().await["counts"]["owing"], 0);
        scene.assert_no_mail().await;
    })
    .await;
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
async fn e_080_her_own_calendars_close_time_and_a_declined_invitation_opens_it() {
    at_both(BY_PUSH, |scene| async move {
        let connection = scene.connect(&json!({"direction": "two_way"})).await;
        let before = scene.ehr.blocks().await;
        assert!(before.len() > 10, "{before:?}");
        let blocking = connection.get().await["blocking_calendars"].to_string();
        for (name, is_own) in [("Family", true), ("Team meetings", false), ("Running club", false)] {
            assert_eq!(blocking.contains(name), is_own, "{name}: {blocking}");
        }
        scene.cloud.decline_invitation(ADA).await;
        eventually("the declined hour opens", || async {
            scene.ehr.blocks().await.len() == before.len() - 1
        })
        .await;
        let after = scene.ehr.blocks().await;
        assert!(after.iter().all(|block| before.contains(block)), "{after:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e_046_our_own_mirrors_close_nothing() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        let calendar = ada.make_calendar("Everything").await;
        book(&scene.ehr, "a1", &hour(2, 1)).await;
        let both = json!({
            "direction": "two_way", "main_calendar": {"id": calendar}, "blocking_calendars": [calendar],
        });
        let connection = scene.connect(&both).await;
        scene.shows(&ada, &connection, &[&hour(2, 1).0]).await;
        let own = hour(3, 1);
        ada.add(&calendar, Plan::Once(&own.0, &own.1)).await;
        scene.closes(&[own]).await;
        connection.sync().await;
        assert_eq!(scene.ehr.blocks().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e_018_with_every_notification_dropped_the_sweep_finds_it() {
    at_both(&[("DAYBOOK_SWEEP_SECONDS", "1")], |scene| async move {
        let ada = scene.ada().await;
        let private = ada.make_calendar("Private").await;
        scene.connect(&json!({"direction": "two_way", "blocking_calendars": [private]})).await;
        scene.cloud.control(&json!({"notifications": "drop"})).await;
        let dentist = hour(2, 1);
        ada.add(&private, Plan::Once(&dentist.0, &dentist.1)).await;
        scene.closes(&[dentist]).await;
    })
    .await;
}
