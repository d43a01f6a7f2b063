//! All pages of Settings > Calendar Sync, for whoever weighs them: from the EHR's settings to a calendar in step, and each
//! page after that. It does not say what a page may cost.

use super::browser::{Browser, Form, Page, allow};
use super::cloud::ADA;
use super::eventually;

/// Of one connection, below its own address.
const OF_CONNECTION: [&str; 7] = ["", "/choices", "/leave", "/verify", "/week", "/review", "/move"];
const OF_CLINICIAN: [&str; 3] = ["", "/connect", "/feed"];
const OF_PRACTICE: [&str; 4] = ["/practice", "/practice/policy", "/practice/agreements", "/practice/audit"];

/// Two people with the EHR's settings before them, each in a browser of their own.
pub struct Pages {
    clinician: Browser,
    administrator: Browser,
    /// Where the settings are.
    settings: String,
    connection: String,
}

/// How one comes to a page.
#[derive(Clone, Debug)]
pub enum Way {
    Opens(String),
    /// By a form, which is filled in already.
    Sends(Form, &'static str),
}

impl Pages {
    /// Connects the provider, by the sandbox EHR at this address, and waits until it is in step.
    pub async fn open(ehr: &str, provider: &str) -> Self {
        let (clinician, administrator) = (Browser::new(), Browser::new());
        let connection = connect(&clinician, ehr, provider).await;
        launch(&administrator, ehr, "Open as the practice's administrator").await;
        let (settings, _) = connection.split_once("/connections/").expect("a connection's page");
        Self { clinician, administrator, settings: settings.to_owned(), connection }
    }

    /// Every page by a short name, with whoever sees it.
    pub async fn all(&self) -> Vec<(String, &Browser, Way)> {
        let mut all = Vec::new();
        for more in OF_CONNECTION {
            let name = format!("connection{more}");
            all.push((name, &self.clinician, Way::Opens(format!("{}{more}", self.connection))));
        }
        for more in OF_CLINICIAN {
            let name = format!("settings{more}");
            all.push((name, &self.clinician, Way::Opens(format!("{}{more}", self.settings))));
        }
        for more in OF_PRACTICE {
            let way = Way::Opens(format!("{}{more}", self.settings));
            all.push((format!("settings{more}"), &self.administrator, way));
        }
        let page = self.clinician.open(&format!("{}/choices", self.connection)).await;
        let (button, name) = ("See what will happen", "connection/preview".to_owned());
        all.push((name, &self.clinician, Way::Sends(page.form_with(button), button)));
        let page = self.administrator.open(&format!("{}/practice/policy", self.settings)).await;
        let (button, name) = ("See what will change", "settings/practice/policy/preview".to_owned());
        all.push((name, &self.administrator, Way::Sends(page.form_with(button), button)));
        all
    }
}

impl Way {
    pub async fn go(&self, browser: &Browser) -> Page {
        let page = match self {
            Self::Opens(address) => browser.open(address).await,
            Self::Sends(form, button) => browser.press(form, button).await,
        };
        assert_eq!(page.status, 200, "{self:?}: {}", page.text());
        page
    }
}

/// The bytes of a page with its style, script and pictures.
pub async fn weigh(browser: &Browser, page: &Page) -> usize {
    let mut bytes = page.html.len();
    for part in page.parts() {
        let part = browser.open(part.as_str()).await;
        assert_eq!(part.status, 200, "{} is no part of a page", part.url);
        bytes += part.html.len();
    }
    bytes
}

/// From the EHR's settings to a calendar that is in step; the address of its page.
async fn connect(browser: &Browser, ehr: &str, provider: &str) -> String {
    let page = launch(browser, ehr, "Open Calendar Sync").await;
    let form = page.form_with("Continue to sign in").with("provider", provider);
    let page = browser.press(&form.with("direction", "two_way"), "Continue to sign in").await;
    let page = browser.press(&page.form(), "Continue to").await;
    // The browser stops at the border of a site.
    let page = if page.html.is_empty() { browser.open(page.url.as_str()).await } else { page };
    let page = allow(browser, page, ADA).await;
    let page = if page.html.is_empty() { browser.open(page.url.as_str()).await } else { page };
    let connection = page.url.as_str().to_owned();
    let page = browser.follow(&page, "Yes, go on").await;
    let page = browser.press_on(&page, "See what will happen").await;
    browser.press_on(&page, "Start Sync").await;
    eventually("it is in step", || async { browser.open(&connection).await.text().contains("In step.") })
        .await;
    connection
}

/// Goes to Calendar Sync as the EHR sends one there.
pub async fn launch(browser: &Browser, ehr: &str, button: &str) -> Page {
    let page = browser.open(&format!("{ehr}/sandbox/ehr/settings")).await;
    let page = browser.press_on(&page, button).await;
    browser.press(&page.form(), "Continue").await
}
