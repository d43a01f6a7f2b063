//! What a withdrawn consent does.

use daybook_tests::outside::browser::{Browser, sign_in};
use daybook_tests::outside::cloud::{ADA, BEN, Plan};
use daybook_tests::outside::eventually;
use serde_json::json;

use super::{at_both, book, hour, sign_in_again};

#[tokio::test(flavor = "multi_thread")]
async fn e_001_e_009_a_withdrawn_consent_asks_for_a_sign_in_and_loses_nothing() {
    at_both(&[("DAYBOOK_SWEEP_SECONDS", "1")], |scene| async move {
        let ada = scene.ada().await;
        let private = ada.make_calendar("Private").await;
        let dentist = hour(3, 1);
        book(&scene.ehr, "a1", &hour(2, 1)).await;
        ada.add(&private, Plan::Once(&dentist.0, &dentist.1)).await;
        let connection =
            scene.connect(&json!({"direction": "two_way", "blocking_calendars": [private]})).await;
        scene.cloud.control(&json!({"revoke": {"account": ADA}})).await;
        connection.sync().await;
        eventually("it asks to sign in", || async {
            connection.get().await["state"] == "reconnect_required"
        })
        .await;
        assert_eq!(scene.ehr.blocks().await, std::slice::from_ref(&dentist), "what is known stays closed");
        // It owes this one.
        book(&scene.ehr, "a2", &hour(4, 1)).await;

        // The provider proposes ada; whoever sits there changes to another account.
        scene.cloud.control(&json!({"sign_in": {"allow": {"account": BEN}}})).await;
        let page = sign_in(&Browser::new(), &connection.authorise_url().await, BEN).await;
        assert_eq!(page.status, 409);
        scene.cloud.control(&json!({"sign_in": "ask"})).await;
        page.says(&[ADA, BEN]);
        assert_eq!(connection.get().await["state"], "reconnect_required");
        sign_in_again(&connection).await;
        connection.becomes("active").await;
        let ada = scene.ada().await;
        scene.shows(&ada, &connection, &[&hour(2, 1).0, &hour(4, 1).0]).await;
        scene.closes(&[dentist]).await;
        assert_eq!(connection.get().await["problems"], json!([]));
        scene.assert_no_mail().await;
    })
    .await;
}
