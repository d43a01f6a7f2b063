//! The sandbox EHR in this process, behind a meter, and a FHIR client for tests to book with.

use std::path::Path;

use serde_json::{Value, json};

use super::browser::{Browser, Page};
use super::eventually;
use super::meter::Meter;
use super::pages::launch;
use crate::canary::plant;
use crate::canary::sinks::assert_silent;
use crate::canary::words::all_secrets;

/// As whom it signs launches.
const ISSUER: &str = "https://ehr.example";
const RETURN_URL: &str = "https://ehr.example/settings";

/// A running EHR whose every request from Daybook is counted and, when it ends, searched for canaries. Its resources are
/// full of them.
pub struct Ehr {
    /// What Daybook is given.
    pub meter: Meter,
    direct: String,
    client: reqwest::Client,
    sandbox: daybook_sandbox::ehr::Sandbox,
}

/// What a Daybook has to know of the one who signs launches.
pub struct Launches {
    pub issuer: &'static str,
    /// A JSON Web Key Set.
    pub keys: String,
    pub return_url: &'static str,
}

impl Ehr {
    /// Starts one with its records in `data`.
    pub async fn start(data: &Path) -> Self {
        let now = jiff::Timestamp::from_second(now_seconds()).expect("the clock is right");
        let sandbox = daybook_sandbox::ehr::Sandbox::open(&data.join("ehr.db"), now).expect("the EHR opens");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let direct = format!("http://{}", listener.local_addr().expect("an address"));
        let router = sandbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let meter = Meter::before(&direct).await;
        let client = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        let ehr = Self { meter, direct, client, sandbox };
        ehr.plant_people().await;
        ehr
    }

    /// A patient and a room of whom [`plant::appointment`] speaks, and what else stands about `prac-1`.
    async fn plant_people(&self) {
        let (clinician, schedule) = ("Practitioner/prac-1", "Schedule/sch-1");
        self.put("Patient/pat-canary", &plant::patient()).await;
        self.put("Location/loc-canary", &plant::room()).await;
        self.put(clinician, &plant::clinician(self.standing(clinician).await)).await;
        self.put(schedule, &plant::schedule(self.standing(schedule).await)).await;
    }

    /// The FHIR base for Daybook.
    pub fn fhir_url(&self) -> String {
        format!("{}/sandbox/ehr/fhir", self.meter.url())
    }

    /// From now on every change is posted to Daybook's hook.
    pub fn hook(&self, daybook: &str) {
        let url = format!("{daybook}/hooks/ehr/demo").parse().expect("a URL");
        let target =
            daybook_sandbox::ehr::HookTarget::new(url, super::daybook::HOOK_SECRET).expect("a secret");
        tokio::spawn(self.sandbox.clone().deliver_hooks(target));
    }

    /// Has this EHR's settings lead to the calendar sync at this address.
    pub fn offer_calendar_sync(&self, daybook: &str) {
        self.sandbox.offer_calendar_sync(daybook_sandbox::ehr::LaunchTarget {
            url: format!("{daybook}/launch").parse().expect("a URL"),
            audience: daybook.to_owned(),
            tenant: "demo".to_owned(),
            issuer: ISSUER.to_owned(),
            return_url: RETURN_URL.parse().expect("a URL"),
        });
    }

    /// What a Daybook is told in its environment, so that it reads this EHR and trusts its launches.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let launch = self.launches();
        vec![
            ("DAYBOOK_EHR_FHIR_URL", self.fhir_url()),
            ("DAYBOOK_LAUNCH_ISSUER", launch.issuer.to_owned()),
            ("DAYBOOK_LAUNCH_JWKS", launch.keys),
            ("DAYBOOK_LAUNCH_RETURN_URLS", launch.return_url.to_owned()),
        ]
    }

    /// By what its launches are known.
    pub fn launches(&self) -> Launches {
        Launches { issuer: ISSUER, keys: self.sandbox.launch_keys(), return_url: RETURN_URL }
    }

    /// Goes from this EHR's settings to Calendar Sync, by the button there.
    pub async fn launch(&self, browser: &Browser, button: &str) -> Page {
        launch(browser, &self.direct, button).await
    }

    /// What it signs for whom it sends there.
    pub async fn launch_token(&self, practitioner: &str, role: &str) -> String {
        let url = format!("{}/sandbox/ehr/settings/calendar-sync", self.direct);
        let form = [("practitioner", practitioner), ("as", role)];
        let answer = self.client.post(url).form(&form).send().await.expect("an answer");
        let page = answer.text().await.expect("a page");
        let value =
            page.split("name=\"launch_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        value.unwrap_or_else(|| panic!("no launch: {page}")).to_owned()
    }

    /// Calls the FHIR interface directly, uncounted.
    pub async fn fhir(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let url = format!("{}/sandbox/ehr/fhir/{path}", self.direct);
        let mut request = self.client.request(method.parse().expect("a method"), url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Removes every appointment that came with the sandbox, so that a test starts from none. Nobody is told.
    pub async fn empty(&self) {
        self.fhir("POST", "../control", Some(&json!({"hooks": "drop"}))).await;
        for _ in 0..20 {
            let found = self.search("Appointment?_count=200").await;
            if found.is_empty() {
                self.fhir("POST", "../control", Some(&json!({"hooks": "deliver"}))).await;
                return;
            }
            for appointment in found {
                let id = appointment["id"].as_str().expect("an id");
                self.fhir("DELETE", &format!("Appointment/{id}"), None).await;
            }
        }
        panic!("the EHR does not become empty");
    }

    /// Resources of one page of a search.
    pub async fn search(&self, query: &str) -> Vec<Value> {
        let (status, bundle) = self.fhir("GET", query, None).await;
        assert_eq!(status, 200, "{query}: {bundle}");
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        entries.into_iter().map(|entry| entry["resource"].clone()).collect()
    }

    /// Stores a resource.
    pub async fn put(&self, path: &str, body: &Value) {
        let (status, answer) = self.fhir("PUT", path, Some(body)).await;
        assert!(matches!(status, 200 | 201), "{path}: {answer}");
    }

    async fn standing(&self, path: &str) -> Value {
        let (status, resource) = self.fhir("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {resource}");
        resource
    }

    /// Books for `prac-1`; a second time at another time, it moves.
    pub async fn book(&self, id: &str, start: &str, end: &str) {
        let booked = plant::appointment(id, start, end, "booked");
        self.put(&format!("Appointment/{id}"), &booked).await;
    }

    /// Books `a0`, `a1` and so on for `prac-1`, eight a day from the day after tomorrow.
    pub async fn book_many(&self, count: i64) {
        for number in 0..count {
            let (day, hour) = (2 + number / 8, number % 8 * 60);
            self.book(&format!("a{number}"), &at(day, 600 + hour), &at(day, 650 + hour)).await;
        }
    }

    pub async fn cancel(&self, id: &str) {
        let path = format!("Appointment/{id}");
        self.put(&path, &plant::cancelled(self.standing(&path).await)).await;
    }

    /// Waits until exactly these times are closed.
    pub async fn closes(&self, times: &[(String, String)]) {
        let mut wanted = times.to_vec();
        wanted.sort();
        let what = format!("the EHR is closed at {wanted:?}, not {:?}", self.blocks().await);
        eventually(&what, || async { self.blocks().await == wanted }).await;
    }

    /// Waits until so many times are closed.
    pub async fn closes_so_many(&self, times: usize) {
        let what = format!("{times} times are closed");
        eventually(&what, || async { self.blocks().await.len() == times }).await;
    }

    /// Busy blocks in the schedule of `prac-1`, as start and end.
    pub async fn blocks(&self) -> Vec<(String, String)> {
        let slots = self.search("Slot?schedule=Schedule/sch-1&status=busy-unavailable&_count=200").await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut blocks: Vec<_> =
            slots.iter().map(|slot| (text(&slot["start"]), text(&slot["end"]))).collect();
        blocks.sort();
        blocks
    }
}

impl Drop for Ehr {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_silent("what the EHR is told", &self.meter.heard(), &all_secrets());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test of the running binary lives in real time")]
pub fn now_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// An instant so many days and minutes from the last midnight in UTC, as FHIR writes it.
pub fn at(days: i64, minutes: i64) -> String {
    let midnight = now_seconds().div_euclid(86_400) * 86_400;
    let instant = jiff::Timestamp::from_second(midnight + days * 86_400 + minutes * 60).expect("in range");
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
