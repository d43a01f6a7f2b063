//! Google and Microsoft from outside: the real binary with its own sandbox providers, a browser for the sign-in, an app
//! of the clinician's beside ours. Each story is told once and played at both. Only notifications wake Daybook here,
//! unless a story sweeps: whatever arrives did so by push.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod caldav;
mod crash;
mod diary;
mod leaving;
mod mirrors;
mod sign_in;
mod tokens;

use std::path::Path;

use daybook_tests::outside::browser::{Browser, sign_in};
use daybook_tests::outside::cloud::{ADA, Cloud, Event, Person, Provider};
use daybook_tests::outside::daybook::{Connection, Daybook, binary};
use daybook_tests::outside::ehr::{Ehr, at};
use daybook_tests::outside::eventually;
use serde_json::{Value, json};

/// Nothing is found by sweeping within a test.
const BY_PUSH: &[(&str, &str)] = &[("DAYBOOK_SWEEP_SECONDS", "3600")];

/// Everything that runs in one test.
struct Scene {
    ehr: Ehr,
    cloud: Cloud,
    daybook: Daybook,
    data: tempfile::TempDir,
}

/// The same story at each provider, one after the other; none where the binary was not built.
async fn at_both<F, Fut>(more: &[(&str, &str)], story: F)
where
    F: Fn(Scene) -> Fut,
    Fut: Future<Output = ()>,
{
    for provider in Provider::BOTH {
        let Some(scene) = scene(provider, more).await else { return };
        println!("at {provider:?}");
        story(scene).await;
    }
}

async fn scene(provider: Provider, more: &[(&str, &str)]) -> Option<Scene> {
    let binary = binary()?;
    let data = tempfile::tempdir().unwrap();
    let ehr = Ehr::start(data.path()).await;
    ehr.empty().await;
    let daybook = start(&binary, data.path(), &ehr, more);
    ehr.hook(&daybook.url);
    let cloud = Cloud::of(provider, &daybook.url);
    Some(Scene { ehr, cloud, daybook, data })
}

fn start(binary: &Path, data: &Path, ehr: &Ehr, more: &[(&str, &str)]) -> Daybook {
    let fhir = ehr.fhir_url();
    let own = [("DAYBOOK_EHR_FHIR_URL", fhir.as_str())];
    Daybook::start(binary, data, &[&own, more].concat())
}

impl Scene {
    async fn ada(&self) -> Person {
        self.cloud.person(ADA).await
    }

    async fn begin(&self, more: &Value) -> Connection<'_> {
        self.daybook.begin(self.cloud.provider.word(), more).await
    }

    /// A connection of `prac-1` to ada's account, signed in, its first sync done.
    async fn connect(&self, more: &Value) -> Connection<'_> {
        let connection = self.begin(more).await;
        sign_in_again(&connection).await;
        connection.becomes("active").await;
        connection
    }

    /// The mirrors and whatever else stands in the main calendar.
    async fn shown(&self, person: &Person, connection: &Connection<'_>) -> Vec<Event> {
        person.events(&main_calendar(connection).await).await
    }

    /// Waits until exactly these starts stand in the main calendar.
    async fn shows(&self, person: &Person, connection: &Connection<'_>, starts: &[&str]) {
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
    async fn closes(&self, times: &[(String, String)]) {
        let mut wanted = times.to_vec();
        wanted.sort();
        let what = format!("{:?}: the EHR is closed at {wanted:?}", self.cloud.provider);
        let what = format!("{what}, not {:?}", self.ehr.blocks().await);
        eventually(&what, || async { self.ehr.blocks().await == wanted }).await;
    }

    /// Daybook never has the provider write to people.
    async fn assert_no_mail(&self) {
        assert_eq!(self.cloud.standing().await["mails"], json!([]), "{:?}", self.cloud.provider);
    }
}

/// The clinician signs in as ada, in a browser of her own.
async fn sign_in_again(connection: &Connection<'_>) {
    let page = sign_in(&Browser::new(), &connection.authorise_url().await, ADA).await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.says(&["Connected as", ADA]);
}

async fn main_calendar(connection: &Connection<'_>) -> String {
    daybook_tests::outside::calendar::main_calendar(&connection.get().await)
}

/// So many hours from 10:00 UTC of that day on, an hour long.
fn hour(days: i64, number: i64) -> (String, String) {
    (at(days, (10 + number) * 60), at(days, (11 + number) * 60))
}

/// Books `id` for that hour.
async fn book(ehr: &Ehr, id: &str, (start, end): &(String, String)) {
    ehr.book(id, start, end).await;
}

fn problems(connection: &Value) -> Vec<&str> {
    let problems = connection["problems"].as_array().unwrap();
    problems.iter().map(|problem| problem["type"].as_str().unwrap()).collect()
}
