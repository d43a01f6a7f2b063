//! A CalDAV server that runs here, beside a bare client that sends it the same PUTs.

use std::path::Path;
use std::time::{Duration, Instant};

use daybook_tests::outside::calendar::{Account, Resource, main_calendar};
use daybook_tests::outside::daybook::Daybook;
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use daybook_tests::outside::meter::Meter;
use daybook_tests::radicale::Radicale;
use serde_json::json;

use super::full_ehr;

/// Requests in flight of the bare client: as many as Daybook allows itself.
const AT_ONCE: usize = 6;

/// Measures with so many appointments.
pub async fn measure(binary: &Path, number: i64) {
    let Some(radicale) = Radicale::start() else {
        println!("Radicale is missing: cargo xtask tools");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let ehr = full_ehr(data.path(), number).await;
    let meter = Meter::before(&radicale.url()).await;
    let daybook = Daybook::start(binary, data.path(), &[("DAYBOOK_EHR_FHIR_URL", &ehr.fhir_url())]);
    ehr.hook(&daybook.url);
    let started = Instant::now();
    let connection = daybook.connect_only(&meter.url(), &json!({})).await;
    eventually("the first sync ends", || async { connection.get().await["state"] == "active" }).await;
    let wall = started.elapsed();
    connection.settles().await;
    let (cpu, memory) = daybook.usage();
    println!("CalDAV, first sync of {number}: {:?}", meter.take());
    println!("  the EHR: {:?}", ehr.meter.take());
    println!("  wall {:.2} s, CPU {:.2} s, peak {} MB", wall.as_secs_f64(), cpu, memory / 1024);

    let account = Account::at(&meter.url());
    let mirrors = account.resources(&main_calendar(&connection.get().await)).await;
    assert_eq!(i64::try_from(mirrors.len()).unwrap(), number);
    let bare = bare_client(&account, mirrors).await;
    println!(
        "  a bare client with the same PUTs: wall {:.2} s; ratio {:.2}",
        bare.as_secs_f64(),
        wall.as_secs_f64() / bare.as_secs_f64()
    );

    connection.sync().await;
    meter.take();
    ehr.meter.take();
    connection.sync().await;
    println!(
        "idle, the sweeps of its time included: calendar {:?}, EHR {:?}",
        meter.take(),
        ehr.meter.take()
    );
    let moved = at(200, 600);
    ehr.book("a7", &moved, &at(200, 650)).await;
    eventually("the change arrives", || async { meter.take().contains_key("PUT") }).await;
    println!("one change: EHR {:?}", ehr.meter.take());
}

async fn bare_client(account: &Account, mirrors: Vec<Resource>) -> Duration {
    let calendar = account.make_calendar("bare").await;
    let names = mirrors
        .into_iter()
        .enumerate()
        .map(|(n, mirror)| (format!("{calendar}bare{n}.ics"), renamed(&mirror, n)));
    let mut waiting: Vec<(String, String)> = names.collect();
    let started = Instant::now();
    while !waiting.is_empty() {
        let batch = waiting.split_off(waiting.len().saturating_sub(AT_ONCE));
        futures_util::future::join_all(
            batch.into_iter().map(|(path, body)| async move { account.put_body(&path, body).await }),
        )
        .await;
    }
    started.elapsed()
}

fn renamed(mirror: &Resource, n: usize) -> String {
    let uid = mirror.property("UID").unwrap();
    mirror.body.replace(uid, &format!("bare{n}"))
}
