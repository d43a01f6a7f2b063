//! `kill -9` at random moments: nothing lost, nothing doubled. Twenty kills are the bench's; a test takes a few.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::time::Duration;

use daybook_tests::outside::at_radicale::AtRadicale;
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use daybook_tests::outside::place::Place;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_survives_being_killed() {
    let number =
        |name: &str, default: i64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (kills, appointments) = (number("DAYBOOK_KILLS", 4), number("DAYBOOK_KILL_APPOINTMENTS", 100));
    let Some(mut scene) = AtRadicale::open(Place::OneMachine, &[]).await else { return };
    for n in 0..appointments {
        scene
            .ehr
            .book(&format!("a{n}"), &at(2 + n / 16, 480 + n % 16 * 60), &at(2 + n / 16, 530 + n % 16 * 60))
            .await;
    }
    let id = scene.daybook.connect_only(&scene.meter.url(), &json!({})).await.id;
    for kill in 0..kills {
        tokio::time::sleep(Duration::from_millis(150 + 97 * u64::try_from(kill).unwrap() % 700)).await;
        scene.daybook.crash();
        no_two_of_one(&scene, &id).await;
    }
    let connection = scene.daybook.connection(&id);
    let expected = usize::try_from(appointments).unwrap();
    eventually("every appointment has its mirror", || async {
        let document = connection.get().await;
        document["settled"] == true
            && document["counts"]["mirrored_events"] == expected
            && document["counts"]["owing"] == 0
    })
    .await;
    no_two_of_one(&scene, &id).await;
    assert_eq!(scene.mirrors(&connection).await.len(), expected);
}

async fn no_two_of_one(scene: &AtRadicale, id: &str) {
    let document = scene.daybook.connection(id).get().await;
    let Some(calendar) = document["main_calendar"]["id"].as_str() else { return };
    let resources = scene.account.resources(calendar).await;
    let starts: BTreeSet<_> =
        resources.iter().map(|resource| resource.property("DTSTART").map(str::to_owned)).collect();
    assert_eq!(starts.len(), resources.len(), "two mirrors of one appointment");
}
