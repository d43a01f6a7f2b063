//! The read-only feed from outside: a program that is not ours reads it, and what comes back of it closes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use daybook_tests::canary::sinks::assert_silent;
use daybook_tests::canary::words::secrets_at;
use daybook_tests::outside::calendar::Account;
use daybook_tests::outside::daybook::Daybook;
use daybook_tests::outside::ehr::{Ehr, at};
use daybook_tests::outside::eventually;
use daybook_tests::outside::place::Place;
use daybook_tests::radicale::Radicale;
use daybook_tests::tools;
use serde_json::{Value, json};

const FEED: &str = "/v1/practices/demo/practitioners/prac-1/feed";

/// What a calendar program finds in a feed: start, end, UID, title of each event. `None` where it is not installed.
fn read(file: &str) -> Option<Vec<[String; 4]>> {
    let python = tools::folder().join("venv/bin/python");
    let python = tools::required(python.exists().then_some(python), "no reader: cargo xtask tools")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("feed/read.py");
    let mut reader = Command::new(python);
    reader.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut reader = reader.spawn().unwrap();
    reader.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
    let done = reader.wait_with_output().unwrap();
    assert!(done.status.success(), "{}\n{file}", String::from_utf8_lossy(&done.stderr));
    let lines = String::from_utf8(done.stdout).unwrap();
    let event = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
    Some(lines.lines().map(event).collect())
}

async fn subscribe(daybook: &Daybook, detail: &str) -> String {
    let (status, made) = daybook.call("POST", FEED, Some(json!({"detail": detail}))).await;
    assert_eq!(status, 201, "{made}");
    made["url"].as_str().unwrap().to_owned()
}

async fn fetch(url: &str) -> (u16, String) {
    let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_ours_reads_the_feed() {
    let data = tempfile::tempdir().unwrap();
    let ehr = Ehr::start(data.path()).await;
    ehr.empty().await;
    let Some(daybook) = Place::OneMachine.open(data.path(), &ehr, &[]).await else { return };
    ehr.book("a1", &at(2, 600), &at(2, 650)).await;
    ehr.book("a2", &at(1, 600), &at(1, 650)).await;
    ehr.book("a3", &at(3, 600), &at(3, 650)).await;
    ehr.cancel("a3").await;
    let url = subscribe(&daybook, "full").await;
    assert!(url.starts_with(&format!("{}/feeds/", daybook.url)), "{url}");
    let (status, file) = fetch(&url).await;
    assert_eq!(status, 200, "{file}");
    let Some(events) = read(&file) else { return };
    let times: Vec<(&str, &str)> =
        events.iter().map(|[start, end, ..]| (start.as_str(), end.as_str())).collect();
    let expected = [(at(1, 600), at(1, 650)), (at(2, 600), at(2, 650))];
    assert_eq!(times, expected.each_ref().map(|(start, end)| (start.as_str(), end.as_str())));
    let secrets =
        [secrets_at("appointment"), vec!["ATTENDEE", "ORGANIZER", "DESCRIPTION:", "VALARM"]].concat();
    assert_silent("the feed", file.as_bytes(), &secrets);
    assert_eq!(daybook.call("DELETE", FEED, None).await.0, 204);
    assert_eq!(fetch(&url).await.0, 404);
}

/// Without this, each appointment would close its own time for ever once the clinician's calendar shows the feed.
#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_comes_back_through_a_calendar_closes_nothing() {
    let Some(radicale) = Radicale::start() else { return };
    let data = tempfile::tempdir().unwrap();
    let ehr = Ehr::start(data.path()).await;
    ehr.empty().await;
    let Some(daybook) = Place::OneMachine.open(data.path(), &ehr, &[]).await else { return };
    ehr.book("a1", &at(2, 600), &at(2, 650)).await;
    let (_, file) = fetch(&subscribe(&daybook, "busy").await).await;
    let account = Account::at(&radicale.url());
    let calendar = account.make_calendar("subscribed").await;
    let event = file.split("BEGIN:VEVENT").nth(1).unwrap().split("END:VEVENT").next().unwrap();
    let copy = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//Test//EN\r\nBEGIN:VEVENT{event}END:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    account.put_body(&format!("{calendar}whatever-the-server-calls-it.ics"), copy).await;
    let of_theirs = |text: String| text.replace(['-', ':'], "");
    let times = format!("DTSTART:{}\nDTEND:{}", of_theirs(at(4, 600)), of_theirs(at(4, 660)));
    account.put(&calendar, "dentist", &times).await;
    let two_way =
        json!({"direction": "two_way", "blocking_calendars": [calendar], "main_calendar": Value::Null});
    let connection = daybook.connect(&radicale.url(), &two_way).await;
    eventually("the dentist alone closes time", || async {
        ehr.blocks().await == [(at(4, 600), at(4, 660))]
    })
    .await;
    connection.sync().await;
    assert_eq!(ehr.blocks().await.len(), 1);
}
