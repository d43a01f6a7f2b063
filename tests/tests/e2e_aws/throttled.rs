//! A provider that asks for patience: the queue does not wait for it, and the person who leaves does not either.

use daybook_tests::outside::eventually;
use serde_json::json;

use super::{BY_PUSH, at_both, book, hour};

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_connection_waits_outside_the_queue_and_can_leave_at_once() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        book(&scene.ehr, "a1", &hour(2, 1)).await;
        let connection = scene.connect(&json!({})).await;
        let calendar = super::main_calendar(&connection).await;
        assert_eq!(ada.events(&calendar).await.len(), 1);
        let patience = json!({"too_many": {"retry_after_s": 3000}});
        let busy = json!({"faults": [{"operation": "write", "times": 1000, "answer": patience}]});
        scene.cloud.control(&busy).await;
        book(&scene.ehr, "a2", &hour(3, 1)).await;
        eventually("it is owed", || async { connection.get().await["counts"]["owing"] == 1 }).await;
        connection.settles().await;
        let stack = scene.daybook.stack();
        stack.sweep().await;
        connection.settles().await;
        assert_eq!((stack.queue_depth().await, stack.dead_letters().await), (0, 0));
        assert_eq!(ada.events(&calendar).await.len(), 1, "it waits as it was asked to");

        scene.cloud.control(&json!({"faults": []})).await;
        connection.disconnect("remove").await;
        connection.becomes("disconnected").await;
        let left = ada.calendars().await;
        assert!(left.iter().all(|(id, _)| *id != calendar), "the calendar that we made goes too: {left:?}");
        assert_eq!(stack.dead_letters().await, 0);
    })
    .await;
}
