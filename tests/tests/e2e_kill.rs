//! `kill -9` at random moments: nothing lost, nothing doubled. Twenty kills are the bench's; a test takes a few.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::time::Duration;

use daybook_tests::outside::calendar::{Account, main_calendar};
use daybook_tests::outside::daybook::{Daybook, binary};
use daybook_tests::outside::ehr::{Ehr, at};
use daybook_tests::outside::eventually;
use daybook_tests::radicale::Radicale;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_survives_being_killed() {
    let (Some(binary), Some(radicale)) = (binary(), Radicale::start()) else { return };
    let number =
        |name: &str, default: i64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (kills, appointments) = (number("DAYBOOK_KILLS", 4), number("DAYBOOK_KILL_APPOINTMENTS", 100));
    let data = tempfile::tempdir().unwrap();
    let ehr = Ehr::start(data.path()).await;
    ehr.empty().await;
    for n in 0..appointments {
        ehr.book(&format!("a{n}"), &at(2 + n / 16, 480 + n % 16 * 60), &at(2 + n / 16, 530 + n % 16 * 60))
            .await;
    }
    let fhir = ehr.fhir_url();
    let start = || Daybook::start(&binary, data.path(), &[("DAYBOOK_EHR_FHIR_URL", &fhir)]);
    let account = Account::at(&radicale.url());
    let mut daybook = start();
    let id = daybook.connect_only(&radicale.url(), &json!({})).await.id;
    for kill in 0..kills {
        tokio::time::sleep(Duration::from_millis(150 + 97 * u64::try_from(kill).unwrap() % 700)).await;
        daybook.kill();
        daybook = start();
        no_two_of_one(&account, &daybook, &id).await;
    }
    let connection = daybook.connection(&id);
    let expected = usize::try_from(appointments).unwrap();
    eventually("every appointment has its mirror", || async {
        let document = connection.get().await;
        document["settled"] == true
            && document["counts"]["mirrored_events"] == expected
            && document["counts"]["owing"] == 0
    })
    .await;
    no_two_of_one(&account, &daybook, &id).await;
    let calendar = main_calendar(&connection.get().await);
    assert_eq!(account.resources(&calendar).await.len(), expected);
}

async fn no_two_of_one(account: &Account, daybook: &Daybook, id: &str) {
    let document = daybook.connection(id).get().await;
    let Some(calendar) = document["main_calendar"]["id"].as_str() else { return };
    let resources = account.resources(calendar).await;
    let starts: BTreeSet<_> =
        resources.iter().map(|resource| resource.property("DTSTART").map(str::to_owned)).collect();
    assert_eq!(starts.len(), resources.len(), "two mirrors of one appointment");
}
