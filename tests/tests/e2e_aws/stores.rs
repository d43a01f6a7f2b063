//! Where a connection's credentials are kept on AWS, in both forms, and that nothing of them stays.

use daybook_tests::outside::cloud::Provider;
use daybook_tests::outside::eventually;
use daybook_tests::outside::scene::Scene;
use serde_json::json;

use super::{BY_PUSH, PLACE, book, hour};

#[tokio::test(flavor = "multi_thread")]
async fn each_connection_has_a_secret_while_it_is_connected() {
    for provider in Provider::BOTH {
        let Some(scene) = Scene::open(PLACE, provider, BY_PUSH).await else { return };
        let stack = scene.daybook.stack();
        book(&scene.ehr, "a1", &hour(2, 1)).await;
        let connection = scene.connect(&json!({})).await;
        let named =
            |names: &[String]| names.iter().filter(|name| name.contains("/connections/demo/")).count();
        let all = stack.secrets().await;
        let own = format!("/connections/demo/{}", connection.id);
        assert!(all.iter().any(|name| name.ends_with(&own)), "{all:?}");
        assert!(!stores_tokens(&scene).await, "nothing of it is in the table");
        outlives_its_token(&scene, &connection).await;

        connection.disconnect("remove").await;
        connection.becomes("disconnected").await;
        eventually("the secret is gone", || async { named(&stack.secrets().await) == 0 }).await;
        scene.assert_no_mail().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_in_the_table_there_is_no_secret_for_a_connection() {
    for provider in Provider::BOTH {
        let more = [BY_PUSH, &[("TokenStore", "sealed")]].concat();
        let Some(scene) = Scene::open(PLACE, provider, &more).await else { return };
        let stack = scene.daybook.stack();
        book(&scene.ehr, "a1", &hour(2, 1)).await;
        let connection = scene.connect(&json!({})).await;
        let names = stack.secrets().await;
        assert!(!names.iter().any(|name| name.contains("/connections/")), "{names:?}");
        assert!(names.iter().any(|name| name.ends_with("/practices/demo/key")), "{names:?}");
        assert!(!stores_tokens(&scene).await, "what is in the table is sealed");
        outlives_its_token(&scene, &connection).await;
        connection.disconnect("remove").await;
        connection.becomes("disconnected").await;
        scene.assert_no_mail().await;
    }
}

/// The beginnings that the providers' tokens have.
async fn stores_tokens(scene: &Scene) -> bool {
    let stack = scene.daybook.stack();
    let rows = json!(stack.client().rows(&stack.table()).await).to_string();
    ["ya29.", "1//0g", "eyJ0eXAi", "0.AXoA"].iter().any(|beginning| rows.contains(beginning))
}

/// Access tokens end; Microsoft's refresh token changes with each use and the new one is the only one that holds.
async fn outlives_its_token(scene: &Scene, connection: &daybook_tests::outside::daybook::Connection<'_>) {
    for n in 0..2 {
        scene.cloud.control(&json!({"expire_access_tokens": {"account": null}})).await;
        let ada = scene.ada().await;
        // Another process has nothing in memory.
        scene.daybook.stack().renew_workers().await;
        book(&scene.ehr, &format!("later-{n}"), &hour(4 + n, 1)).await;
        let wanted = usize::try_from(n).unwrap() + 2;
        eventually("it arrives with a new token", || async {
            scene.shown(&ada, connection).await.len() == wanted
        })
        .await;
        connection.settles().await;
    }
    assert_eq!(connection.get().await["state"], "active");
}
