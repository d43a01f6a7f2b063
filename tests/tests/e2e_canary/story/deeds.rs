//! What people do beside booking: they verify, drag and delete, pause, close a free day by one click, look at what a change
//! would do, withdraw their consent. It looks at the pages that come of it; the rest is looked at with everything else.

use daybook_tests::outside::browser::{Browser, Form, Page};
use daybook_tests::outside::calendar::{Account, Resource, main_calendar};
use daybook_tests::outside::cloud::{ADA, Cloud};
use daybook_tests::outside::daybook::Connection;
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use daybook_tests::outside::scene;
use serde_json::json;

use super::sinks::assert_silent;
use super::{At, DAV, FREE_DAY, MOST, Scene, hour, own_secrets, plant};

type Hour = (String, String);

impl Scene {
    /// Everything that a person does to a connection that goes on afterwards.
    pub async fn touch(&self, connection: &Connection<'_>, day: i64, level: &str) {
        self.drag_and_delete(connection, day, level).await;
        self.pause(connection, day).await;
        let hand = Hand { browser: Browser::new(), connection, level };
        hand.launch(&self.ehr.meter.url()).await;
        hand.verify(&self.town.url).await;
        hand.preview(&self.town.url).await;
        self.close_and_open(&hand).await;
    }

    async fn drag_and_delete(&self, connection: &Connection<'_>, day: i64, level: &str) {
        let (booked, elsewhere) = (hour(day, 2), hour(day, 4));
        plant::book(&self.ehr, &format!("d{day}"), &booked).await;
        self.shows_after_sync(connection, &booked).await;
        self.drag(connection, &booked, &elsewhere).await;
        self.shows_after_sync(connection, &booked).await;
        self.delete(connection, &booked).await;
        self.shows_after_sync(connection, &booked).await;
        if level == MOST {
            self.drag(connection, &booked, &elsewhere).await;
            self.shows_after_sync(connection, &booked).await;
            self.drag(connection, &booked, &elsewhere).await;
            self.becomes_parked(connection).await;
        }
    }

    async fn becomes_parked(&self, connection: &Connection<'_>) {
        eventually("the mirror is parked", || async {
            connection.get().await["problems"].to_string().contains("/problems/mirror-parked")
        })
        .await;
        connection.settles().await;
    }

    async fn shows_after_sync(&self, connection: &Connection<'_>, wanted: &Hour) {
        connection.sync().await;
        eventually("the mirror stands where it belongs", || self.shows(connection, wanted)).await;
        connection.settles().await;
    }

    pub async fn shows(&self, connection: &Connection<'_>, wanted: &Hour) -> bool {
        let calendar = main_calendar(&connection.get().await);
        match self.at {
            At::Cloud(provider) => {
                let events = self.person(provider).await.events(&calendar).await;
                events.iter().any(|event| event.start == wanted.0)
            }
            At::CalDav => self.find_resource(&calendar, wanted).await.is_some(),
        }
    }

    async fn drag(&self, connection: &Connection<'_>, from: &Hour, to: &Hour) {
        let calendar = main_calendar(&connection.get().await);
        match self.at {
            At::Cloud(provider) => {
                let person = self.person(provider).await;
                let events = person.events(&calendar).await;
                let event = events.iter().find(|event| event.start == from.0).unwrap();
                person.shift(&calendar, &event.id, &to.0, &to.1).await;
            }
            At::CalDav => {
                let Resource { path, body } = self.find_resource(&calendar, from).await.unwrap();
                let moved =
                    body.replace(&plain(&from.0), &plain(&to.0)).replace(&plain(&from.1), &plain(&to.1));
                self.server().put_body(&path, moved).await;
            }
        }
    }

    async fn delete(&self, connection: &Connection<'_>, at: &Hour) {
        let calendar = main_calendar(&connection.get().await);
        match self.at {
            At::Cloud(provider) => {
                let person = self.person(provider).await;
                let events = person.events(&calendar).await;
                let event = events.iter().find(|event| event.start == at.0).unwrap();
                person.delete(&calendar, &event.id).await;
            }
            At::CalDav => {
                let resource = self.find_resource(&calendar, at).await.unwrap();
                self.server().delete(&resource.path).await;
            }
        }
    }

    async fn find_resource(&self, calendar: &str, at: &Hour) -> Option<Resource> {
        let all = self.server().resources(calendar).await;
        all.into_iter().find(|one| one.property("DTSTART") == Some(&plain(&at.0)))
    }

    /// By paths from its root.
    pub fn server(&self) -> Account {
        Account::of(&self.town.url, DAV.0, DAV.1)
    }

    /// What is booked meanwhile is caught up with.
    async fn pause(&self, connection: &Connection<'_>, day: i64) {
        connection.post("pause").await;
        plant::book(&self.ehr, &format!("p{day}"), &hour(day, 3)).await;
        connection.post("resume").await;
        connection.settles().await;
        assert!(self.shows(connection, &hour(day, 3)).await, "what was booked during the pause is missing");
    }

    async fn close_and_open(&self, hand: &Hand<'_>) {
        let before = self.ehr.blocks().await.len();
        let mut week = hand.open(&self.town.url, &format!("/week?from={}", &at(FREE_DAY, 0)[..10])).await;
        for (button, closed) in [("Close this day", before + 1), ("Open it again", before)] {
            hand.is_silent("the week", &week);
            week = hand.press(&week, button).await;
            hand.connection.settles().await;
            let what = format!("{closed} times are closed after `{button}`");
            eventually(&what, || async { self.ehr.blocks().await.len() == closed }).await;
        }
        hand.is_silent("the week", &week);
    }

    /// The provider takes Daybook's access away, as its person asked.
    pub async fn withdraw(&self, connection: &Connection<'_>) {
        match self.at {
            At::Cloud(provider) => {
                let cloud = Cloud::of(provider, &self.town.url);
                cloud.control(&json!({"revoke": {"account": ADA}})).await;
            }
            At::CalDav => self.refuse_passwords(&[DAV.0]).await,
        }
        connection.post("sync").await;
        eventually("it asks to sign in", || async {
            connection.get().await["state"] == "reconnect_required"
        })
        .await;
        connection.settles().await;
    }

    pub async fn sign_in_again(&self, connection: &Connection<'_>) {
        match self.at {
            At::Cloud(_) => scene::sign_in_again(connection).await,
            At::CalDav => {
                self.refuse_passwords(&[]).await;
                let browser = Browser::new();
                let page = browser.open(&connection.authorise_url().await).await;
                let form = page.form().with("url", &format!("{}/sandbox/caldav/", self.town.url));
                let form = form.with("username", DAV.0).with("password", DAV.1);
                let page = browser.press(&form, "Sign in").await;
                assert_eq!(page.status, 200, "{}", page.text());
            }
        }
        connection.becomes("active").await;
    }

    async fn refuse_passwords(&self, of: &[&str]) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let switch = client.post(format!("{}/sandbox/caldav/control", self.town.url));
        let answer = switch.json(&json!({"refuse_password": of})).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

/// As iCalendar writes an instant.
fn plain(instant: &str) -> String {
    instant.replace(['-', ':'], "")
}

/// The clinician at their browser. No page says more than the level does.
struct Hand<'c> {
    browser: Browser,
    connection: &'c Connection<'c>,
    level: &'c str,
}

impl Hand<'_> {
    async fn launch(&self, ehr: &str) {
        let page = self.browser.open(&format!("{ehr}/sandbox/ehr/settings?practitioner=prac-1")).await;
        let page = self.press(&page, "Open Calendar Sync").await;
        self.press(&page, "Continue").await;
    }

    async fn verify(&self, daybook: &str) {
        let page = self.open(daybook, "/verify").await;
        let page = self.press(&page, "Verify now").await;
        page.says(&["Both sides work", "Your calendar", "The EHR"]);
        self.is_silent("verified", &page);
    }

    /// Of the most that could be told, before it is.
    async fn preview(&self, daybook: &str) {
        let page = self.open(daybook, "/choices").await;
        let form = form_with(&page, "See what will happen").with("detail", "full");
        let page = self.browser.press(&form, "See what will happen").await;
        page.says(&["exactly when an appointment does"]);
        self.is_silent("the preview", &page);
    }

    async fn open(&self, daybook: &str, page: &str) -> Page {
        let own = format!("{daybook}/settings/connections/{}{page}", self.connection.id);
        self.browser.open(&own).await
    }

    async fn press(&self, page: &Page, button: &str) -> Page {
        self.browser.press(&form_with(page, button), button).await
    }

    fn is_silent(&self, what: &str, page: &Page) {
        assert_eq!(page.status, 200, "{}", page.text());
        assert_silent(&format!("{what} at {}", self.level), page.html.as_bytes(), &own_secrets(self.level));
    }
}

fn form_with(page: &Page, button: &str) -> Form {
    let form = page.forms().into_iter().find(|form| form.has_button(button));
    form.unwrap_or_else(|| panic!("no button `{button}` on {} ({}): {}", page.url, page.status, page.text()))
}
