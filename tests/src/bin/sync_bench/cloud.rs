//! Google and Microsoft, as the sandbox inside the binary plays them. Requests are what the sandbox counted; a batch is one
//! request, and what is in it is told beside it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use daybook_tests::outside::browser::{Browser, sign_in};
use daybook_tests::outside::cloud::{ADA, Cloud, Plan, Provider};
use daybook_tests::outside::daybook::{Connection, Daybook};
use daybook_tests::outside::ehr::{Ehr, at};
use daybook_tests::outside::eventually;
use serde_json::{Value, json};

use super::full_ehr;

/// Providers let only so much in each minute, so a first sync may take several.
const PATIENCE: Duration = Duration::from_mins(15);
/// After a change, for its echo to arrive.
const ECHO: Duration = Duration::from_secs(3);

/// What was asked of a provider.
struct Asked {
    requests: BTreeMap<String, u64>,
    batched: BTreeMap<String, u64>,
}

/// Measures with so many appointments.
pub async fn measure(binary: &Path, provider: Provider, number: i64) {
    let data = tempfile::tempdir().unwrap();
    let ehr = full_ehr(data.path(), number).await;
    let fhir = ehr.fhir_url();
    let start = |listen: &str, sweep: &str| {
        let own = [("DAYBOOK_EHR_FHIR_URL", fhir.as_str()), ("DAYBOOK_LISTEN", listen)];
        Daybook::start(binary, data.path(), &[&own[..], &[("DAYBOOK_SWEEP_SECONDS", sweep)]].concat())
    };
    let daybook = start("127.0.0.1:0", "2");
    ehr.hook(&daybook.url);
    let cloud = Cloud::of(provider, &daybook.url);
    let ada = cloud.person(ADA).await;
    let private = ada.make_calendar("Private").await;
    let settings = json!({"direction": "two_way", "blocking_calendars": [private]});
    let connection = daybook.begin(provider.word(), &settings).await;
    first_sync(&cloud, &ehr, &daybook, &connection, number).await;

    // From here on nothing is swept: what is counted was caused by one thing.
    let id = connection.id.clone();
    let address = daybook.url.trim_start_matches("http://").to_owned();
    drop(daybook);
    let daybook = start(&address, "3600");
    let connection = daybook.connection(&id);
    connection.sync().await;
    idle(&cloud, &ehr, &connection).await;
    one_change(&cloud, &ehr, &connection).await;
    let ada = cloud.person(ADA).await;
    forget(&cloud, &ehr).await;
    let started = Instant::now();
    ada.add(&private, Plan::Once(&at(3, 1_400), &at(3, 1_430))).await;
    eventually("the event closes time", || async { ehr.blocks().await.len() == 1 }).await;
    let wall = started.elapsed();
    connection.settles().await;
    tokio::time::sleep(ECHO).await;
    println!("  one event of hers, by notification, in {:.2} s; the first POST is hers:", wall.as_secs_f64());
    told(&cloud, &ehr, "one delta read and one write in the EHR").await;
}

async fn first_sync(cloud: &Cloud, ehr: &Ehr, daybook: &Daybook, connection: &Connection<'_>, number: i64) {
    forget(cloud, ehr).await;
    let started = Instant::now();
    sign_in(&Browser::new(), &connection.authorise_url().await, ADA).await;
    while started.elapsed() < PATIENCE && !is_done(&connection.get().await, number) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let wall = started.elapsed();
    let document = connection.get().await;
    assert!(is_done(&document, number), "{document}");
    let (cpu, memory) = daybook.usage();
    println!("{:?}, first sync of {number}, the sandbox's own work included:", cloud.provider);
    println!("  wall {:.2} s, CPU {:.2} s, peak {} MB", wall.as_secs_f64(), cpu, memory / 1024);
    told(cloud, ehr, &format!("at most {number} writes, in fewer requests where there are batches")).await;
}

fn is_done(connection: &Value, number: i64) -> bool {
    connection["settled"] == true
        && connection["counts"]["mirrored_events"] == number
        && connection["counts"]["owing"] == 0
}

async fn idle(cloud: &Cloud, ehr: &Ehr, connection: &Connection<'_>) {
    tokio::time::sleep(ECHO).await;
    forget(cloud, ehr).await;
    connection.sync().await;
    println!("  idle:");
    let ehr_goal = "one to the EHR, which answers in pages what changed in the last five minutes";
    told(cloud, ehr, &format!("one request per calendar (there are two), {ehr_goal}")).await;
}

/// Once with nobody who tells of it, so that what the change itself costs can be seen; once with its echo.
async fn one_change(cloud: &Cloud, ehr: &Ehr, connection: &Connection<'_>) {
    for (notifications, goal, minutes) in [
        ("drop", "one read of the EHR and one write", 600),
        ("normal", "the same, and one delta read for its echo", 700),
    ] {
        cloud.control(&json!({"notifications": notifications})).await;
        forget(cloud, ehr).await;
        ehr.book("a7", &at(200, minutes), &at(200, minutes + 50)).await;
        eventually("the change arrives", || async { asked(cloud).await.writes() > 0 }).await;
        connection.settles().await;
        tokio::time::sleep(ECHO).await;
        println!("  one appointment moved, notifications {notifications}:");
        told(cloud, ehr, goal).await;
    }
}

async fn forget(cloud: &Cloud, ehr: &Ehr) {
    cloud.control(&json!({"reset_counts": true})).await;
    ehr.meter.take();
}

/// Prints what was counted since it was forgotten, and forgets it.
async fn told(cloud: &Cloud, ehr: &Ehr, goal: &str) {
    let Asked { requests, batched } = asked(cloud).await;
    println!("    goal: {goal}");
    println!("    {} requests: {requests:?}; in batches: {batched:?}", requests.values().sum::<u64>());
    println!("    the EHR: {:?}", ehr.meter.take());
    forget(cloud, ehr).await;
}

async fn asked(cloud: &Cloud) -> Asked {
    let standing = cloud.standing().await;
    let counts = |name: &str| -> BTreeMap<String, u64> {
        let counts = standing[name].as_object().unwrap();
        counts.iter().map(|(line, count)| (line.clone(), count.as_u64().unwrap())).collect()
    };
    let mut requests = counts("requests");
    let is_api = |line: &str| ["/calendar/v3", "/v1.0"].iter().any(|root| line.contains(root));
    requests.retain(|line, _| is_api(line));
    Asked { requests, batched: counts("batched") }
}

impl Asked {
    fn writes(&self) -> u64 {
        let is_write = |line: &str| !line.starts_with("GET") && !line.contains("batch");
        let alone = self.requests.iter().filter(|(line, _)| is_write(line)).map(|(_, count)| count);
        let batched = self.batched.iter().filter(|(line, _)| is_write(line)).map(|(_, count)| count);
        alone.chain(batched).sum()
    }
}
