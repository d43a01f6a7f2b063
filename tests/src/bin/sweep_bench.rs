//! What one sweep costs beside how many connections there are: 1,000, 10,000 and 100,000, of which a hundred are due each
//! time, and then a thousand due ones. Requests of the table are counted, which is what a sweep costs; nothing is synced.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use daybook_core::connection::{Connection, Evidence, Schedule};
use daybook_dynamodb::schema::DUE_SHARDS;
use daybook_dynamodb::{Table, embedded_client};
use daybook_engine::ports::{Absent, Clock, Connections, Queue, Request, StoreError};
use daybook_engine::sweep::Swept;
use daybook_engine::{Engine, Providers};
use daybook_secrets::SystemRandom;
use daybook_tests::sample::waiting;
use jiff::{SignedDuration, Timestamp, ToSpan};

const NOW: &str = "2026-11-22T12:00:00Z";
const TABLE: &str = "daybook";

struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        NOW.parse().unwrap()
    }
}

/// Takes requests and counts them.
#[derive(Default)]
struct Counting(AtomicU64);

#[async_trait]
impl Queue for Counting {
    async fn send(&self, _: Request) -> Result<(), StoreError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    println!("| connections | due | table reads | table writes | queue messages | reads for each due one |");
    println!("|---|---|---|---|---|---|");
    for (all, due) in [(1_000, 100), (10_000, 100), (100_000, 100), (100_000, 1_000)] {
        measure(all, due).await;
    }
}

async fn measure(all: u64, due: u64) {
    let (client, _embedded) = embedded_client(None).unwrap();
    let table = Table::new(client.clone(), TABLE, Arc::new(StandingClock));
    table.create_if_missing().await.unwrap();
    fill(&table, &client, all, due).await;
    let queue = Arc::new(Counting::default());
    let engine = engine(&table, &queue);
    let before = table.requests();
    let mut woken = 0;
    for shard in 0..table.due_shards() {
        let Swept { due, left, .. } = engine.sweep(shard, Timestamp::MAX).await.unwrap();
        assert_eq!(left, 0, "nothing failed");
        woken += due;
    }
    assert_eq!(woken, due);
    let after = table.requests();
    let (reads, writes) = (after.reads - before.reads, after.writes - before.writes);
    let messages = queue.0.load(Ordering::Relaxed);
    let each = f64::from(u32::try_from(reads).unwrap()) / f64::from(u32::try_from(due).unwrap());
    println!("| {all} | {due} | {reads} | {writes} | {messages} | {each:.2} |");
}

/// One connection through the store, and copies of its row under other names.
async fn fill(table: &Table, client: &Client, all: u64, due: u64) {
    table.create_connection(&connection()).await.unwrap();
    let key = [("pk", "C#demo#model"), ("sk", "CONN")].map(|(name, key)| (name.to_owned(), text(key)));
    let asked = client.get_item().table_name(TABLE).set_key(Some(key.into())).send().await.unwrap();
    let model = asked.item.unwrap();
    let delete = client.delete_item().table_name(TABLE);
    delete.key("pk", text("C#demo#model")).key("sk", text("CONN")).send().await.unwrap();
    for number in 0..all {
        let row = copy(&model, number, number < due);
        client.put_item().table_name(TABLE).set_item(Some(row)).send().await.unwrap();
    }
}

/// Due a minute ago, or in an hour.
fn copy(
    model: &HashMap<String, AttributeValue>,
    number: u64,
    is_due: bool,
) -> HashMap<String, AttributeValue> {
    let due_at = StandingClock.now() + if is_due { -1.minute() } else { 1.hour() };
    let mut row = model.clone();
    row.insert("pk".into(), text(&format!("C#demo#connection-{number}")));
    row.insert("due_shard".into(), AttributeValue::N((number % u64::from(DUE_SHARDS)).to_string()));
    row.insert("due_at".into(), AttributeValue::N(due_at.as_nanosecond().to_string()));
    row
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn engine(table: &Table, queue: &Arc<Counting>) -> Engine {
    // A sweep that only wakes connections asks neither a vault nor an EHR.
    Engine::new(
        Arc::new(table.clone()),
        Arc::new(Absent),
        queue.clone(),
        Arc::new(Absent),
        Providers::new(),
        Arc::new(StandingClock),
        Arc::new(SystemRandom),
    )
}

/// One that is kept in step.
fn connection() -> Connection {
    let now = StandingClock.now();
    let waiting = waiting("model", now);
    let synced = Some(now - SignedDuration::from_mins(5));
    Connection {
        evidence: Evidence {
            authorised_at: Some(now),
            started_at: Some(now),
            first_synced_at: synced,
            last_synced_at: synced,
            ..waiting.evidence
        },
        schedule: Schedule { due_at: Some(now), ..waiting.schedule },
        ..waiting
    }
}
