//! The clinician at their browser, on the pages of one connection. No page says more than the level does.

use daybook_tests::canary::sinks::assert_silent;
use daybook_tests::outside::browser::{Browser, Form, Page};
use daybook_tests::outside::daybook::Connection;

use super::{Scene, own_secrets};

pub struct Hand<'c> {
    browser: Browser,
    own: String,
    level: &'c str,
}

impl<'c> Hand<'c> {
    /// Comes from the EHR's settings.
    pub async fn reach(scene: &Scene, connection: &Connection<'_>, level: &'c str) -> Self {
        let browser = Browser::new();
        scene.ehr.launch(&browser, "Open Calendar Sync").await;
        let own = format!("{}/settings/connections/{}", scene.daybook.url, connection.id);
        Self { browser, own, level }
    }

    pub async fn verify(&self) {
        let page = self.press(&self.open("/verify").await, "Verify now").await;
        page.says(&["Both sides work", "Your calendar", "The EHR"]);
    }

    /// Of the most that could be told, before it is.
    pub async fn preview(&self) {
        let page = self.open("/choices").await;
        let form = page.form_with("See what will happen").with("detail", "full");
        self.send(&form, "See what will happen").await.says(&["exactly when an appointment does"]);
    }

    /// A page of the connection's own.
    pub async fn open(&self, page: &str) -> Page {
        self.looked_at(self.browser.open(&format!("{}{page}", self.own)).await)
    }

    pub async fn follow(&self, page: &Page, words: &str) -> Page {
        self.looked_at(self.browser.follow(page, words).await)
    }

    pub async fn press(&self, page: &Page, button: &str) -> Page {
        self.looked_at(self.browser.press_on(page, button).await)
    }

    pub async fn send(&self, form: &Form, button: &str) -> Page {
        self.looked_at(self.browser.press(form, button).await)
    }

    /// Whatever it is that a provider asks.
    pub fn browser(&self) -> &Browser {
        &self.browser
    }

    fn looked_at(&self, page: Page) -> Page {
        assert_eq!(page.status, 200, "{}", page.text());
        let what = format!("{} at {}", page.url.path(), self.level);
        assert_silent(&what, page.html.as_bytes(), &own_secrets(self.level));
        page
    }
}
