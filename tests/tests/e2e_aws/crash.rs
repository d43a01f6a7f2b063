//! A worker that dies in the midst of a sync, and rows that a newer version left behind.

use std::collections::BTreeSet;

use daybook_tests::outside::at_radicale::AtRadicale;
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use serde_json::{Value, json};

use super::one_way;

const APPOINTMENTS: i64 = 120;
/// A message of a worker that died comes again after so long; then the dead one's lease of two minutes is in the way,
/// and the third pause outlasts it.
const HIDDEN_S: u32 = 35;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_in_the_midst_of_a_sync_loses_nothing() {
    let Some(scene) = one_way::scene().await else { return };
    let stack = scene.daybook.stack();
    stack.hide_messages_for(HIDDEN_S).await;
    let connection = scene.daybook.connect(&scene.meter.url(), &json!({})).await;
    scene.meter.take();
    scene.ehr.fhir("POST", "../control", Some(&json!({"hooks": "drop"}))).await;
    for n in 0..APPOINTMENTS {
        let (start, end) = (at(2 + n / 20, 500 + n % 20 * 30), at(2 + n / 20, 520 + n % 20 * 30));
        scene.ehr.book(&format!("a{n}"), &start, &end).await;
    }
    connection.post("sync").await;
    eventually("the worker writes", || async { scene.meter.take().contains_key("PUT") }).await;
    assert!(stack.kill("sync_worker") > 0);
    let after = scene.mirrors(&connection).await.len();
    println!("killed after {after} of {APPOINTMENTS}");
    connection.settles().await;
    let mirrors = scene.mirrors(&connection).await;
    let starts: BTreeSet<_> =
        mirrors.iter().map(|mirror| mirror.property("DTSTART").map(str::to_owned)).collect();
    let expected = usize::try_from(APPOINTMENTS).unwrap();
    assert_eq!((mirrors.len(), starts.len()), (expected, expected), "lost or doubled");
    assert_eq!(connection.get().await["counts"]["owing"], 0);
    assert_eq!((stack.queue_depth().await, stack.dead_letters().await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_newer_version_are_read_or_left_alone() {
    let Some(scene) = one_way::scene().await else { return };
    let stack = scene.daybook.stack();
    stack.hurry();
    let (first, second) = (at(2, 900), at(3, 900));
    scene.ehr.book("a1", &first, &at(2, 950)).await;
    let connection = scene.daybook.connect(&scene.meter.url(), &json!({})).await;
    scene.shows(&connection, &[&first]).await;

    // What the newer version added is not in the way.
    let rows = stack.client().rows(&stack.table()).await;
    assert!(rows.len() > 2, "{rows:?}");
    for row in &rows {
        add(&scene, row, "SET of_a_newer_version = :x", json!({":x": {"S": "something"}})).await;
    }
    scene.ehr.book("a2", &second, &at(3, 950)).await;
    scene.shows(&connection, &[&first, &second]).await;
    connection.settles().await;

    // What it wrote in a way that we cannot know is left as it is, and its neighbours go on.
    let row = rows.iter().find(|row| row["sk"]["S"] == "CONN").unwrap();
    add(&scene, row, "SET v = v + :one", json!({":one": {"N": "1"}})).await;
    let before = stored(&scene, row).await;
    let (status, answer) = scene.daybook.call("GET", &connection.path(""), None).await;
    assert!((400..=599).contains(&status) && answer["type"].is_string(), "{status} {answer}");
    scene.ehr.book("a1", &at(4, 900), &at(4, 950)).await;
    stack.sweep().await;
    let neighbour = json!({"practitioner_id": "prac-2"});
    let other = scene.daybook.connect(&scene.meter.url(), &neighbour).await;
    assert_eq!(other.get().await["state"], "active");
    eventually("the queue is empty", || async { stack.queue_depth().await == 0 }).await;
    assert_eq!(stored(&scene, row).await, before, "it is not ours to change");

    // The newer version comes back.
    add(&scene, row, "SET v = v - :one", json!({":one": {"N": "1"}})).await;
    connection.sync().await;
    scene.shows(&connection, &[&at(4, 900), &second]).await;
}

async fn add(scene: &AtRadicale, row: &Value, update: &str, values: Value) {
    let stack = scene.daybook.stack();
    let asked = json!({
        "TableName": stack.table(), "Key": key(row), "UpdateExpression": update, "ExpressionAttributeValues": values,
    });
    stack.client().call("dynamodb", "DynamoDB_20120810.UpdateItem", &asked).await;
}

async fn stored(scene: &AtRadicale, row: &Value) -> Value {
    let stack = scene.daybook.stack();
    let asked = json!({"TableName": stack.table(), "Key": key(row), "ConsistentRead": true});
    stack.client().call("dynamodb", "DynamoDB_20120810.GetItem", &asked).await["Item"].clone()
}

fn key(row: &Value) -> Value {
    json!({"pk": row["pk"], "sk": row["sk"]})
}
