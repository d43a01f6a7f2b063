//! What can be counted where one process does everything.

use daybook_tests::outside::at_radicale::basic;
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use serde_json::json;

use super::stories::scene;

#[tokio::test(flavor = "multi_thread")]
async fn e_044_an_idle_run_is_one_request_per_calendar_and_no_body() {
    let Some(scene) = scene().await else { return };
    scene.ehr.book_many(40).await;
    let connection = scene.connect(&json!({})).await;
    assert_eq!(scene.mirrors(&connection).await.len(), 40);
    let first = scene.meter.take();
    assert_eq!(first.get("PUT"), Some(&40), "{first:?}");
    connection.sync().await;
    // Sweeps may have run beside ours: what matters is what kind of requests were made.
    let idle = scene.meter.take();
    assert_eq!(idle.keys().collect::<Vec<_>>(), ["REPORT"], "{idle:?}");

    scene.ehr.book("a7", &at(9, 600), &at(9, 650)).await;
    eventually("the change arrives", || async {
        scene.starts(&connection).await.contains(&basic(&at(9, 600)))
    })
    .await;
    connection.settles().await;
    let one = scene.meter.take();
    assert_eq!(one.get("PUT"), Some(&1), "{one:?}");
    assert!(one.keys().all(|method| method == "PUT" || method == "REPORT"), "{one:?}");
}
