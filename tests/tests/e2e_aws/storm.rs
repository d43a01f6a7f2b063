//! Much at once: signals for one connection, and changes of many connections. Few syncs, nothing lost, and never two of
//! one connection at a time.

use std::collections::BTreeMap;

use daybook_tests::aws::Stack;
use daybook_tests::outside::at_radicale::AtRadicale;
use daybook_tests::outside::calendar::Account;
use daybook_tests::outside::daybook::Daybook;
use daybook_tests::outside::ehr::{Ehr, at};
use daybook_tests::outside::eventually;
use daybook_tests::outside::hook::{Message, appointment_changed};
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{BY_PUSH, PLACE};

/// So many calendars, which the connections share: mirrors of two clinicians in one calendar do not collide.
const CALENDARS: usize = 20;
const SIGNALS: usize = 100;
/// So many arrive side by side.
const AT_ONCE: usize = 8;
/// So many of them at least share a sync, on the average, however fast the machine is.
const SHARE_A_SYNC: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_signals_for_one_connection_are_few_syncs_and_lose_nothing() {
    let Some(scene) = AtRadicale::open(PLACE, BY_PUSH).await else { return };
    let connection = scene.connect(&json!({})).await;
    // The sandbox's own messages come one by one; these come at once.
    scene.ehr.fhir("POST", "../control", Some(&json!({"hooks": "drop"}))).await;
    for n in 0..i64::try_from(SIGNALS).unwrap() {
        let (start, end) = (at(2 + n / 20, 500 + n % 20 * 30), at(2 + n / 20, 520 + n % 20 * 30));
        scene.ehr.book(&format!("a{n}"), &start, &end).await;
    }
    let stack = scene.daybook.stack();
    let before = syncs(stack).await.len();
    let messages = (0..SIGNALS).map(|n| {
        let body = appointment_changed(&format!("a{n}"), "prac-1").to_string();
        let url = &scene.daybook.url;
        async move { Message::new(&format!("msg-{n}"), &body).post(url, "demo").await.0 }
    });
    let all: Vec<u16> = stream::iter(messages).buffer_unordered(AT_ONCE).collect().await;
    assert!(all.iter().all(|status| (200..300).contains(status)), "{all:?}");
    eventually("all are in the calendar", || async { scene.mirrors(&connection).await.len() == 100 }).await;
    connection.settles().await;
    let syncs = syncs(stack).await.len() - before;
    println!("{SIGNALS} signals: {syncs} syncs");
    assert!(syncs * SHARE_A_SYNC <= SIGNALS, "{syncs} syncs");
    assert_eq!((stack.queue_depth().await, stack.dead_letters().await), (0, 0));
}

/// A thousand by `DAYBOOK_AWS_CONNECTIONS=1000`, which takes some minutes.
#[tokio::test(flavor = "multi_thread")]
async fn many_connections_settle_and_none_is_synced_twice_at_once() {
    let count = std::env::var("DAYBOOK_AWS_CONNECTIONS").ok().and_then(|count| count.parse().ok());
    let count: usize = count.unwrap_or(200);
    let data = tempfile::tempdir().unwrap();
    let ehr = Ehr::start(data.path()).await;
    ehr.empty().await;
    // Credentials as rows: as many connections are what this form is for.
    let more = [("DAYBOOK_SWEEP_SECONDS", "20"), ("TokenStore", "sealed")];
    let Some(daybook) = PLACE.open(data.path(), &ehr, &more).await else { return };
    stream::iter(0..count).map(|n| employ(&ehr, n)).buffer_unordered(AT_ONCE).collect::<()>().await;
    for n in 0..CALENDARS {
        let account = Account::of(&daybook.url, "ada", "ada-sandbox");
        let (status, text) = account.request("MKCALENDAR", &calendar(n), "0", String::new()).await;
        assert_eq!(status, 201, "{text}");
    }
    stream::iter(0..count).map(|n| connect(&daybook, n)).buffer_unordered(AT_ONCE).collect::<()>().await;
    all_settle(&daybook, count, 0).await;

    stream::iter(0..count).map(|n| book(&ehr, n)).buffer_unordered(AT_ONCE).collect::<()>().await;
    all_settle(&daybook, count, 1).await;
    let account = Account::of(&daybook.url, "ada", "ada-sandbox");
    let mut mirrors = 0;
    for n in 0..CALENDARS {
        mirrors += account.resources(&calendar(n)).await.len();
    }
    assert_eq!(mirrors, count);
    let stack = daybook.stack();
    assert_eq!(stack.dead_letters().await, 0);
    assert_never_two_at_once(&syncs(stack).await);
}

async fn employ(ehr: &Ehr, n: usize) {
    let id = format!("prac-{}", 1000 + n);
    let practitioner =
        json!({"resourceType": "Practitioner", "id": id, "active": true, "name": [{"text": id}]});
    let (status, answer) = ehr.fhir("PUT", &format!("Practitioner/{id}"), Some(&practitioner)).await;
    assert!(matches!(status, 200 | 201), "{answer}");
}

/// Each is another practitioner's, in one account.
async fn connect(daybook: &Daybook, n: usize) {
    let url = format!("{}/sandbox/caldav/", daybook.url);
    let body = json!({
        "practitioner_id": format!("prac-{}", 1000 + n), "provider": "caldav",
        "main_calendar": {"id": calendar(n)},
        "caldav": {"url": url, "username": "ada", "password": "ada-sandbox"},
    });
    let (status, answer) = daybook.call("POST", "/v1/practices/demo/connections", Some(body)).await;
    assert_eq!(status, 201, "{answer}");
}

fn calendar(n: usize) -> String {
    format!("/sandbox/caldav/calendars/ada/work-{}/", n % CALENDARS)
}

async fn book(ehr: &Ehr, n: usize) {
    let days = i64::try_from(2 + n % 50).unwrap();
    let appointment = json!({
        "resourceType": "Appointment", "id": format!("many-{n}"), "status": "booked",
        "start": at(days, 600), "end": at(days, 650),
        "participant": [
            {"actor": {"reference": format!("Practitioner/prac-{}", 1000 + n)}, "status": "accepted"},
            {"actor": {"reference": "Patient/pat-1", "display": "Ottoline Quillfeather"}, "status": "accepted"},
        ],
    });
    let (status, answer) = ehr.fhir("PUT", &format!("Appointment/many-{n}"), Some(&appointment)).await;
    assert!(matches!(status, 200 | 201), "{answer}");
}

async fn all_settle(daybook: &Daybook, count: usize, mirrors: u64) {
    let what = format!("all {count} settle with {mirrors} mirrors");
    eventually(&what, || async { unsettled(daybook, mirrors).await == (count, 0) }).await;
}

/// How many there are, and how many of them have not settled with so many mirrors.
async fn unsettled(daybook: &Daybook, mirrors: u64) -> (usize, usize) {
    let (mut all, mut open) = (0, 0);
    let mut path = "/v1/practices/demo/connections".to_owned();
    for _ in 0..100 {
        let (status, page) = daybook.call("GET", &path, None).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        all += items.len();
        open += items.iter().filter(|item| !is_settled(item, mirrors)).count();
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    (all, open)
}

fn is_settled(connection: &Value, mirrors: u64) -> bool {
    let counts = &connection["counts"];
    connection["settled"] == true
        && connection["state"] == "active"
        && (&counts["mirrored_events"], &counts["owing"]) == (&json!(mirrors), &json!(0))
}

/// From when until when a connection was synced.
pub struct Sync {
    connection: String,
    began: Timestamp,
    ended: Timestamp,
}

/// Every run of the worker that went through, from its log: an invocation tells the end and, as a metric, how long it
/// took. Now and then ministack reads the last line of an invocation too late; such a run counts as a moment.
pub async fn syncs(stack: &Stack) -> Vec<Sync> {
    let lines = stack.logs("sync_worker").await;
    let took = lines.iter().filter_map(|(stream, line)| Some((stream, line["SyncSeconds"].as_f64()?)));
    let took: BTreeMap<&String, f64> = took.collect();
    let has_synced = |line: &Value| line["message"].as_str().is_some_and(|text| text.starts_with("synced"));
    let ends: Vec<_> = lines.iter().filter(|(_, line)| has_synced(line)).collect();
    let known = ends.iter().filter(|(stream, _)| took.contains_key(stream)).count();
    assert!(known * 10 >= ends.len() * 8, "of {} runs only {known} tell how long they took", ends.len());
    let read = |(stream, line): &&(String, Value)| {
        let ended: Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
        let seconds = took.get(stream).copied().unwrap_or_default();
        let spans = line["spans"].as_array().unwrap();
        let connection = spans.iter().find_map(|span| span["connection"].as_str()).unwrap().to_owned();
        Sync { connection, began: ended - std::time::Duration::from_secs_f64(seconds), ended }
    };
    ends.iter().map(read).collect()
}

fn assert_never_two_at_once(syncs: &[Sync]) {
    let mut by_connection: BTreeMap<&str, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    for sync in syncs {
        by_connection.entry(&sync.connection).or_default().push((sync.began, sync.ended));
    }
    for (connection, mut runs) in by_connection {
        runs.sort();
        for pair in runs.windows(2) {
            // A line is written just before its metric is taken.
            let overlap = pair[0].1.duration_since(pair[1].0).as_millis();
            assert!(overlap <= 5, "{connection}: two at once for {overlap} ms");
        }
    }
}
