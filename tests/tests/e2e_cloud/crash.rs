//! `kill -9` in the midst of a first sync: nothing lost, nothing doubled.

use std::collections::BTreeSet;
use std::time::Duration;

use daybook_tests::outside::cloud::{ADA, Plan};
use daybook_tests::outside::daybook::binary;
use daybook_tests::outside::eventually;
use serde_json::json;

use super::{Scene, at_both, book, hour, sign_in_again, start};

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
        let Scene { ehr, cloud, mut daybook, data } = scene;
        let address = daybook.url.trim_start_matches("http://").to_owned();
        let there = [SWEEP, &[("DAYBOOK_LISTEN", address.as_str())]].concat();
        for kill in 0..KILLS {
            tokio::time::sleep(Duration::from_millis(60 + 110 * kill)).await;
            daybook.kill();
            daybook = start(&binary().unwrap(), data.path(), &ehr, &there);
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
        assert_eq!(cloud.standing().await["mails"], json!([]));
    })
    .await;
}
