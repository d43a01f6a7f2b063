//! A clinician moves to another provider, by the pages for it, and says yes.

use daybook_tests::outside::browser::allow;
use daybook_tests::outside::cloud::ADA;
use daybook_tests::outside::daybook::Connection;
use daybook_tests::outside::eventually;
use serde_json::Value;

use super::hand::Hand;
use super::{At, Scene};

impl Scene {
    /// The connection that takes the old one's place.
    pub async fn move_to(&self, to: At, old: &Connection<'_>, level: &str) -> Connection<'_> {
        let hand = Hand::reach(self, old, level).await;
        let word = match to {
            At::Cloud(provider) => provider.word(),
            At::CalDav => "caldav",
        };
        let page = hand.follow(&hand.open("").await, "Move to another account or provider").await;
        let form = page.form_with("Continue to sign in").with("provider", word);
        let page = hand.send(&form, "Continue to sign in").await;
        let page = match to {
            At::Cloud(_) => allow(hand.browser(), hand.press(&page, "Continue to").await, ADA).await,
            At::CalDav => hand.send(&self.with_password(page.form()), "Sign in").await,
        };
        page.says(&["Is this the account?", "It takes the place of"]);
        let id = page.url.path_segments().unwrap().next_back().unwrap().to_owned();
        let page = hand.press(&hand.follow(&page, "Yes, go on").await, "See what will happen").await;
        page.says(&["Will add 2 appointments to your calendar"]);
        hand.press(&page, "Start Sync").await;
        let new = self.daybook.connection(&id);
        new.becomes("active").await;
        old.becomes("disconnected").await;
        let hand = Hand::reach(self, &new, level).await;
        eventually("the page tells that the move is complete", || async {
            let page = hand.open("").await.text();
            page.contains("Your move from") && page.contains("The move is complete.")
        })
        .await;
        new.tells(level).await;
        let document = new.get().await;
        assert_eq!(
            (&document["counts"]["mirrored_events"], &document["counts"]["owing"]),
            (&2.into(), &0.into())
        );
        assert_eq!(old.get().await["problems"], Value::Array(Vec::new()));
        new
    }
}
