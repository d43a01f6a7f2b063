//! `kill -9`, also in the midst of a first sync: nothing lost, nothing doubled, nobody signed out.

use std::collections::BTreeSet;
use std::time::Duration;

use daybook_tests::outside::cloud::{ADA, Plan};
use daybook_tests::outside::eventually;
use serde_json::json;

use super::{BY_PUSH, Scene, at_both, book, hour, main_calendar, sign_in_again};

const KILLS: u64 = 4;
const APPOINTMENTS: i64 = 60;

/// Owing links wait for the sweep.
const SWEEP: &[(&str, &str)] = &[("DAYBOOK_SWEEP_SECONDS", "1")];

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_survives_being_killed() {
    at_both(SWEEP, |scene| async move {
        let ada = scene.ada().await;
        let private = ada.make_calendar("Private").await;
        for number in 0..APPOINTMENTS {
            book(&scene.ehr, &format!("a{number}"), &hour(2 + number / 6, number % 6)).await;
        }
        for number in 0..20 {
            let (start, end) = hour(2 + number, 8);
            ada.add(&private, Plan::Once(&start, &end)).await;
        }
        let connection = scene.begin(&json!({"direction": "two_way", "blocking_calendars": [private]})).await;
        let id = connection.id.clone();
        sign_in_again(&connection).await;
        let Scene { data: _data, ehr, cloud, mut daybook } = scene;
        for kill in 0..KILLS {
            tokio::time::sleep(Duration::from_millis(60 + 110 * kill)).await;
            daybook.crash();
        }
        let connection = daybook.connection(&id);
        eventually("every appointment has its mirror", || async {
            let document = connection.get().await;
            document["settled"] == true
                && document["counts"]
                    == json!({"mirrored_events": APPOINTMENTS, "busy_blocks": 20, "owing": 0})
        })
        .await;
        let ada = cloud.person(ADA).await;
        let calendars = ada.calendars().await;
        let mut ours = calendars.iter().filter(|(_, name)| name == "Work schedule");
        let (calendar, _) = ours.next().unwrap();
        assert_eq!(ours.next(), None, "one calendar is made: {calendars:?}");
        let events = ada.events(calendar).await;
        let starts: BTreeSet<_> = events.iter().map(|event| event.start.clone()).collect();
        assert_eq!((starts.len(), events.len()), (60, 60), "two mirrors of one appointment");
        let blocks = ehr.blocks().await;
        let different: BTreeSet<_> = blocks.iter().collect();
        assert_eq!((different.len(), blocks.len()), (20, 20), "two blocks of one event");
        cloud.assert_no_mail().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e_002_killed_and_started_again_it_is_still_signed_in() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        let private = ada.make_calendar("Private").await;
        let (booked, dentist) = (hour(2, 1), hour(3, 1));
        book(&scene.ehr, "a1", &booked).await;
        ada.add(&private, Plan::Once(&dentist.0, &dentist.1)).await;
        let connection =
            scene.connect(&json!({"direction": "two_way", "blocking_calendars": [private]})).await;
        let (id, calendar) = (connection.id.clone(), main_calendar(&connection).await);

        let Scene { data: _data, ehr, cloud, mut daybook } = scene;
        daybook.die();
        // Booked while nobody listens: the hook tries again, and the start reads on from where it stopped.
        book(&ehr, "a2", &hour(4, 1)).await;
        daybook.rise();
        let connection = daybook.connection(&id);
        assert_eq!(connection.get().await["state"], "active");
        // What is kept in memory only is fetched anew, without anybody.
        cloud.control(&json!({"expire_access_tokens": {"account": null}})).await;
        let ada = cloud.person(ADA).await;
        connection.sync().await;
        eventually("both appointments stand there", || async { ada.events(&calendar).await.len() == 2 })
            .await;
        let next = hour(5, 1);
        ada.add(&private, Plan::Once(&next.0, &next.1)).await;
        let wanted = vec![dentist, next];
        eventually("notifications arrive still", || async { ehr.blocks().await == wanted }).await;
        assert_eq!(connection.get().await["state"], "active");
        assert_eq!(ada.calendars().await.iter().filter(|(_, name)| name == "Work schedule").count(), 1);
    })
    .await;
}
