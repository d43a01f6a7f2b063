//! What people do beside booking: they drag and delete until the mirror is parked, pause, verify, close a free day by one
//! click, look at what a change would do, withdraw their consent.

use daybook_tests::outside::browser::Browser;
use daybook_tests::outside::calendar::{Resource, main_calendar};
use daybook_tests::outside::cloud::{ADA, Cloud, Person};
use daybook_tests::outside::daybook::Connection;
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use daybook_tests::outside::scene;
use serde_json::json;

use super::hand::Hand;
use super::{At, DAV, FREE_DAY, Hour, Scene, basic, book, hour};

impl Scene {
    /// Everything that a person does to a connection that goes on afterwards.
    pub async fn touch(&self, connection: &Connection<'_>, level: &str) {
        self.drag_and_delete(connection).await;
        self.pause(connection).await;
        let hand = Hand::reach(self, connection, level).await;
        hand.verify().await;
        hand.preview().await;
        self.close_and_open(connection, &hand).await;
    }

    async fn drag_and_delete(&self, connection: &Connection<'_>) {
        let (booked, elsewhere) = (hour(2, 2), hour(2, 4));
        book(&self.ehr, "dragged", &booked).await;
        self.shows_after_sync(connection, &booked).await;
        self.drag(connection, &booked, &elsewhere).await;
        self.shows_after_sync(connection, &booked).await;
        self.delete(connection, &booked).await;
        self.shows_after_sync(connection, &booked).await;
        self.drag(connection, &booked, &elsewhere).await;
        self.shows_after_sync(connection, &booked).await;
        self.drag(connection, &booked, &elsewhere).await;
        self.becomes_parked(connection).await;
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
                let id = find_event(&person, &calendar, from).await;
                person.shift(&calendar, &id, &to.0, &to.1).await;
            }
            At::CalDav => {
                let Resource { path, body } = self.find_resource(&calendar, from).await.unwrap();
                let moved =
                    body.replace(&basic(&from.0), &basic(&to.0)).replace(&basic(&from.1), &basic(&to.1));
                self.server().put_body(&path, moved).await;
            }
        }
    }

    async fn delete(&self, connection: &Connection<'_>, at: &Hour) {
        let calendar = main_calendar(&connection.get().await);
        match self.at {
            At::Cloud(provider) => {
                let person = self.person(provider).await;
                let id = find_event(&person, &calendar, at).await;
                person.delete(&calendar, &id).await;
            }
            At::CalDav => {
                let resource = self.find_resource(&calendar, at).await.unwrap();
                self.server().delete(&resource.path).await;
            }
        }
    }

    async fn find_resource(&self, calendar: &str, at: &Hour) -> Option<Resource> {
        let all = self.server().resources(calendar).await;
        all.into_iter().find(|one| one.property("DTSTART") == Some(&basic(&at.0)))
    }

    /// What is booked meanwhile is caught up with.
    async fn pause(&self, connection: &Connection<'_>) {
        connection.post("pause").await;
        book(&self.ehr, "paused", &hour(2, 3)).await;
        connection.post("resume").await;
        connection.settles().await;
        assert!(self.shows(connection, &hour(2, 3)).await, "what was booked during the pause is missing");
    }

    async fn close_and_open(&self, connection: &Connection<'_>, hand: &Hand<'_>) {
        let before = self.ehr.blocks().await.len();
        let mut week = hand.open(&format!("/week?from={}", &at(FREE_DAY, 0)[..10])).await;
        for (button, closed) in [("Close this day", before + 1), ("Open it again", before)] {
            week = hand.press(&week, button).await;
            connection.settles().await;
            self.ehr.closes_so_many(closed).await;
        }
    }

    /// The provider takes Daybook's access away, as its person asked.
    pub async fn withdraw(&self, connection: &Connection<'_>) {
        match self.at {
            At::Cloud(provider) => {
                let cloud = Cloud::of(provider, &self.daybook.url);
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
                let page = browser.press(&self.with_password(page.form()), "Sign in").await;
                assert_eq!(page.status, 200, "{}", page.text());
            }
        }
        connection.becomes("active").await;
    }

    async fn refuse_passwords(&self, of: &[&str]) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let switch = client.post(format!("{}control", self.caldav_url()));
        let answer = switch.json(&json!({"refuse_password": of})).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

async fn find_event(person: &Person, calendar: &str, at: &Hour) -> String {
    let events = person.events(calendar).await;
    events.into_iter().find(|event| event.start == at.0).unwrap().id
}
