//! The end of a connection, and a new one after it.

use daybook_tests::outside::cloud::Plan;
use daybook_tests::outside::eventually;
use serde_json::json;

use super::{BY_PUSH, at_both, book, hour, main_calendar};

#[tokio::test(flavor = "multi_thread")]
async fn e_015_disconnect_leaves_nothing_and_reconnect_doubles_nothing() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        let private = ada.make_calendar("Private").await;
        let dentist = hour(2, 1);
        ada.add(&private, Plan::Once(&dentist.0, &dentist.1)).await;
        for number in 0..5 {
            book(&scene.ehr, &format!("a{number}"), &hour(3 + number, 1)).await;
        }
        let two_way = json!({"direction": "two_way", "blocking_calendars": [private]});
        let connection = scene.connect(&two_way).await;
        let calendar = main_calendar(&connection).await;
        connection.disconnect("keep").await;
        connection.becomes("disconnected").await;
        assert_eq!(ada.events(&calendar).await.len(), 5, "kept");
        scene.closes(&[]).await;

        let again = scene.connect(&two_way).await;
        assert_eq!(main_calendar(&again).await, calendar, "our own calendar of that name is used again");
        assert_eq!(ada.events(&calendar).await.len(), 5, "adopted, not doubled");
        scene.closes(&[dentist]).await;
        again.disconnect("remove").await;
        again.becomes("disconnected").await;
        let left = ada.calendars().await;
        assert!(left.iter().all(|(id, _)| *id != calendar), "the calendar that we made goes too: {left:?}");
        scene.closes(&[]).await;
        assert_eq!(ada.events(&private).await.len(), 1, "what is hers stays");
        eventually("nothing is subscribed to any more", || async {
            scene.cloud.standing().await["subscriptions"] == json!([])
        })
        .await;
        scene.assert_no_mail().await;
    })
    .await;
}
