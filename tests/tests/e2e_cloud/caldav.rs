//! A CalDAV account whose password is typed on our page and never passes through the EHR.

use daybook_tests::outside::browser::Browser;
use daybook_tests::outside::cloud::Provider;
use daybook_tests::outside::eventually;
use serde_json::json;

use super::{BY_PUSH, book, hour, scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_asked_for_on_our_page() {
    let Some(scene) = scene(Provider::Google, BY_PUSH).await else { return };
    book(&scene.ehr, "a1", &hour(2, 1)).await;
    let connection = scene.daybook.begin("caldav", &json!({"direction": "two_way"})).await;
    assert_eq!(connection.get().await["state"], "authorising");
    let browser = Browser::new();
    let page = browser.open(&connection.authorise_url().await).await;
    page.says(&["Maya Okafor", "demo", "Password"]);
    let server = format!("{}/sandbox/caldav/", scene.daybook.url);
    let typed =
        |password: &str| page.form().with("url", &server).with("username", "ada").with("password", password);
    let wrong = browser.press(&typed("guess"), "Sign in").await;
    assert_eq!(wrong.status, 422);
    wrong.says(&["refuses this user name and password"]);
    assert!(!wrong.html.contains("guess"), "a password is never shown");
    assert_eq!(connection.get().await["state"], "authorising");
    let done = browser.press(&typed("ada-sandbox"), "Sign in").await;
    assert_eq!(done.status, 200, "{}", done.text());
    done.says(&["Connected as", "ada"]);
    connection.becomes("active").await;
    let document = connection.get().await;
    assert_eq!(document["counts"]["mirrored_events"], 1, "{document}");
    eventually("her own events close time", || async { !scene.ehr.blocks().await.is_empty() }).await;
    assert!(!document.to_string().contains("ada-sandbox"));
}
