//! Google and Microsoft from outside: a sandbox provider, a browser for the sign-in, an app of the clinician's beside
//! ours, an EHR. It does not say where Daybook runs.

use serde_json::Value;

use super::browser::{Browser, sign_in};
use super::cloud::{ADA, Cloud, Event, Person, Provider};
use super::daybook::{Connection, Daybook};
use super::ehr::{Ehr, at};
use super::eventually;
use super::place::Place;

/// Nothing is found by sweeping within a test.
pub const BY_PUSH: &[(&str, &str)] = &[("DAYBOOK_SWEEP_SECONDS", "3600")];

/// Everything that runs in one test.
pub struct Scene {
    pub ehr: Ehr,
    pub cloud: Cloud,
    pub daybook: Daybook,
    pub data: tempfile::TempDir,
}

/// The same story at each provider, one after the other; none where something is missing that nobody requires.
pub async fn at_both<F, Fut>(place: Place, more: &[(&str, &str)], story: F)
where
    F: Fn(Scene) -> Fut,
    Fut: Future<Output = ()>,
{
    for provider in Provider::BOTH {
        let Some(scene) = Scene::open(place, provider, more).await else { return };
        println!("at {provider:?}");
        story(scene).await;
    }
}

impl Scene {
    pub async fn open(place: Place, provider: Provider, more: &[(&str, &str)]) -> Option<Self> {
        let data = tempfile::tempdir().expect("a temporary folder");
        let ehr = Ehr::start(data.path()).await;
        ehr.empty().await;
        let daybook = place.open(data.path(), &ehr, more).await?;
        let cloud = Cloud::of(provider, &daybook.url);
        Some(Self { ehr, cloud, daybook, data })
    }

    pub async fn ada(&self) -> Person {
        self.cloud.person(ADA).await
    }

    pub async fn begin(&self, more: &Value) -> Connection<'_> {
        self.daybook.begin(self.cloud.provider.word(), more).await
    }

    /// A connection of `prac-1` to ada's account, signed in, its first sync done.
    pub async fn connect(&self, more: &Value) -> Connection<'_> {
        let connection = self.begin(more).await;
        sign_in_again(&connection).await;
        connection.becomes("active").await;
        if more["detail"].is_null() {
            connection.tells(self.daybook.level()).await;
        }
        connection
    }

    /// The mirrors and whatever else stands in the main calendar.
    pub async fn shown(&self, person: &Person, connection: &Connection<'_>) -> Vec<Event> {
        person.events(&main_calendar(connection).await).await
    }

    /// Waits until exactly these starts stand in the main calendar.
    pub async fn shows(&self, person: &Person, connection: &Connection<'_>, starts: &[&str]) {
        let calendar = main_calendar(connection).await;
        let mut wanted: Vec<String> = starts.iter().map(|&start| start.to_owned()).collect();
        wanted.sort();
        eventually(&format!("{:?}: the calendar shows {wanted:?}", self.cloud.provider), || async {
            let events = person.events(&calendar).await;
            events.into_iter().map(|event| event.start).collect::<Vec<_>>() == wanted
        })
        .await;
        connection.settles().await;
    }

    /// Waits until exactly these times are closed in the EHR.
    pub async fn closes(&self, times: &[(String, String)]) {
        self.ehr.closes(times).await;
    }

    /// Daybook never has the provider write to people.
    pub async fn assert_no_mail(&self) {
        self.cloud.assert_no_mail().await;
    }
}

/// The clinician signs in as ada, in a browser of her own.
pub async fn sign_in_again(connection: &Connection<'_>) {
    let page = sign_in(&Browser::new(), &connection.authorise_url().await, ADA).await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.says(&["Connected as", ADA]);
}

pub async fn main_calendar(connection: &Connection<'_>) -> String {
    super::calendar::main_calendar(&connection.get().await)
}

/// So many hours from 10:00 UTC of that day on, an hour long.
pub fn hour(days: i64, number: i64) -> (String, String) {
    (at(days, (10 + number) * 60), at(days, (11 + number) * 60))
}

/// Books `id` for that hour.
pub async fn book(ehr: &Ehr, id: &str, (start, end): &(String, String)) {
    ehr.book(id, start, end).await;
}

pub fn problems(connection: &Value) -> Vec<&str> {
    let problems = connection["problems"].as_array().expect("problems");
    problems.iter().map(|problem| problem["type"].as_str().expect("a type")).collect()
}
