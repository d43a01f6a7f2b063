//! The way through a sign-in, page by page, and the ways on which it does not succeed.

use daybook_tests::outside::browser::{Browser, allow, choose, sign_in};
use daybook_tests::outside::cloud::{ADA, BEN, Provider};
use serde_json::json;

use super::{BY_PUSH, Scene, at_both, book, hour, main_calendar, problems, sign_in_again};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_signs_in_and_no_other_can() {
    at_both(BY_PUSH, |scene| async move {
        let connection = scene.begin(&json!({})).await;
        assert_eq!(connection.get().await["state"], "authorising");
        let link = connection.authorise_url().await;
        assert!(link.starts_with(&scene.daybook.url), "a page of ours: {link}");
        let own = Browser::new();
        let page = own.open(&link).await;
        assert_eq!(page.status, 200);
        page.says(&["Maya Okafor", "demo"]);
        let other = Browser::new().open(&link).await;
        assert_eq!(other.status, 403);
        other.says(&["another browser"]);

        let page = own.press(&page.form(), "Continue to").await;
        assert!(page.url.path().starts_with(&format!("/sandbox/{}", scene.cloud.provider.word())));
        page.says(&["Choose an account", ADA, BEN]);
        let page = allow(&own, page, ADA).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page.says(&["Connected as", ADA]);
        connection.becomes("active").await;
        let document = connection.get().await;
        assert_eq!((&document["account"], &document["authorise_url"]), (&json!(ADA), &json!(null)));

        // The link is used up, and so is what came back from the provider.
        for used in [link.as_str(), page.url.as_str()] {
            let over = own.open(used).await;
            assert_eq!(over.status, 410, "{used}");
            over.says(&["This link is over"]);
        }
        scene.assert_no_mail().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cancels_or_unticks_a_box_is_told_and_may_try_again() {
    at_both(BY_PUSH, |scene| async move {
        let connection = scene.begin(&json!({"direction": "two_way"})).await;
        let browser = Browser::new();
        let page = browser.open(&connection.authorise_url().await).await;
        let page = browser.press(&page.form(), "Continue to").await;
        let page = choose(&browser, page, ADA).await;
        let mut page = browser.press(&page.form(), "Cancel").await;
        assert_eq!(page.status, 422);
        page.says(&["Not connected", "Try again"]);

        let boxes: &[&str] = match scene.cloud.provider {
            Provider::Google => &["calendar.app.created", "calendar.events.readonly"],
            // Nothing can be left out there.
            Provider::Microsoft => &[],
        };
        for left_out in boxes {
            page = browser.follow(&page, "Try again").await;
            let consent = browser.press(&page.form(), "Continue to").await;
            let consent = choose(&browser, consent, ADA).await;
            page = browser.press(&consent.form().without(left_out), "Allow").await;
            assert_eq!(page.status, 422, "{left_out}");
            page.says(&["One permission is missing", "tick every box"]);
        }
        assert_eq!(connection.get().await["state"], "authorising");
        let page = browser.follow(&page, "Try again").await;
        let page = browser.press(&page.form(), "Continue to").await;
        let page = allow(&browser, page, ADA).await;
        page.says(&["Connected as", ADA]);
        connection.becomes("active").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e_010_the_same_account_again_is_refused() {
    at_both(BY_PUSH, |scene| async move {
        let first = scene.connect(&json!({})).await;
        let second = scene.begin(&json!({})).await;
        let page = sign_in(&Browser::new(), &second.authorise_url().await, ADA).await;
        assert_eq!(page.status, 409);
        page.says(&["This account is connected already"]);
        assert_eq!(second.get().await["state"], "authorising");
        first.sync().await;
        assert_eq!(first.get().await["state"], "active", "the first one lives on");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_before_the_yes() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        book(&scene.ehr, "a1", &hour(2, 1)).await;
        let before = ada.calendars().await;
        let connection = scene.begin(&json!({"direction": "two_way", "start": "when_confirmed"})).await;
        sign_in_again(&connection).await;
        connection.becomes("ready").await;
        connection.sync().await;
        assert_eq!(ada.calendars().await, before, "no calendar is made");
        assert_eq!(scene.ehr.blocks().await, []);
        assert_eq!(scene.cloud.standing().await["subscriptions"], json!([]));
        owned_calendars_are_offered(&scene, &connection.path("/calendars")).await;

        connection.post("start").await;
        connection.becomes("active").await;
        scene.shows(&ada, &connection, &[&hour(2, 1).0]).await;
        assert!(!scene.ehr.blocks().await.is_empty(), "her own events close time");
    })
    .await;
}

async fn owned_calendars_are_offered(scene: &Scene, path: &str) {
    let (status, answer) = scene.daybook.call("GET", path, None).await;
    assert_eq!(status, 200, "{answer}");
    let calendars = answer["items"].as_array().unwrap();
    let names = |wanted: bool| -> Vec<&str> {
        let chosen = calendars.iter().filter(|calendar| calendar["owned"] == wanted);
        let mut names: Vec<_> = chosen.map(|calendar| calendar["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        names
    };
    let main = if scene.cloud.provider == Provider::Google { ADA } else { "Calendar" };
    let mut owned = vec!["Family", main];
    owned.sort_unstable();
    assert_eq!(names(true), owned, "{answer}");
    for shared in ["Team meetings", "Room bookings"] {
        assert!(names(false).contains(&shared), "{answer}");
    }
    let primary: Vec<_> = calendars.iter().filter(|calendar| calendar["primary"] == true).collect();
    assert_eq!(primary.len(), 1, "{answer}");
    assert_eq!(primary[0]["name"], main);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_need_more_ask_for_it() {
    at_both(BY_PUSH, |scene| async move {
        // At Microsoft writing anywhere includes reading, so what lacks there is writing.
        let (little, more) = match scene.cloud.provider {
            Provider::Google => (json!({}), json!({"direction": "two_way"})),
            Provider::Microsoft => (
                json!({"main_calendar": null}),
                json!({"main_calendar": {"create": "Work schedule"}, "direction": "two_way"}),
            ),
        };
        book(&scene.ehr, "a1", &hour(2, 1)).await;
        let connection = scene.connect(&little).await;
        let patched = connection.patch(more).await;
        assert_eq!(patched["state"], "reconnect_required", "{patched}");
        assert_eq!(problems(&patched), ["/problems/permission-missing"]);
        assert!(patched["authorise_url"].is_string());
        connection.settles().await;
        assert_eq!(scene.ehr.blocks().await, []);

        sign_in_again(&connection).await;
        connection.becomes("active").await;
        assert_eq!(connection.get().await["problems"], json!([]));
        assert!(!scene.ehr.blocks().await.is_empty());
        let events = scene.ada().await.events(&main_calendar(&connection).await).await;
        assert_eq!(events.len(), 1, "{events:?}");
        scene.assert_no_mail().await;
    })
    .await;
}
