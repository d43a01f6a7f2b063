//! Canaries: marked words in every text field of the EHR and of clinicians' own events. Everything is done at every level,
//! and then they are looked for wherever something leaves the EHR or a calendar, or is kept: what is said to providers,
//! what is said to the EHR, notices, the log at its most talkative, every file that Daybook keeps, the API, the feed, pages
//! of others. A request in the queue is a connection's name by its type, and rests in the table. `e2e_aws` looks for
//! a patient's words in the logs, and so in the metrics, of the functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod deeds;
mod plant;
mod sinks;
mod town;
mod words;

use daybook_tests::outside::browser::{Browser, sign_in};
use daybook_tests::outside::calendar::Account;
use daybook_tests::outside::cloud::{self, ADA, Cloud, Person, Provider};
use daybook_tests::outside::daybook::{Connection, Daybook, binary};
use daybook_tests::outside::ehr::{Ehr, at};
use daybook_tests::outside::eventually;
use daybook_tests::tools::free_port;
use serde_json::json;

use sinks::{Sinks, assert_silent};
use town::{Mailbox, Town};
use words::{LEVELS, TOLD, all_secrets, content, found, secrets_at};

const PLATFORM_KEY: &str = "test-key-of-the-platform-0123456789abcdef";
const NOTICE_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const FEED: &str = "/v1/practices/demo/practitioners/prac-1/feed";
/// What administrators see, and one of what must stand there if they see anything.
const PRACTICE_PAGES: [(&str, &[&str]); 6] = [
    ("/settings/practice", &["(prac-1)", "Nobody yet"]),
    ("/settings/practice/policy", &["What is allowed"]),
    ("/settings/practice/agreements", &["Agreements"]),
    ("/settings/practice/audit", &["prac-1"]),
    ("/settings/practice/audit/export?from=2026-01-01&to=2099-01-01&form=csv", &["prac-1"]),
    ("/settings/practice/audit/export?from=2026-01-01&to=2099-01-01&form=json", &["prac-1"]),
];
/// The day on which an own event takes place exactly when an appointment does.
const BY_HAND: i64 = 26;
/// The day of an own all-day event that is marked free.
const FREE_DAY: i64 = 27;
/// The level that tells most.
const MOST: &str = "full";
/// The sandbox CalDAV server's clinician.
const DAV: (&str, &str) = ("ada", "ada-sandbox");
const DAV_HOMES: &str = "/sandbox/caldav/calendars";

/// Where the clinician's calendars are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Cloud(Provider),
    CalDav,
}

/// Everything that runs in one story.
struct Scene {
    at: At,
    ehr: Ehr,
    town: Town,
    mailbox: Mailbox,
    daybook: Daybook,
    data: tempfile::TempDir,
    _ehr_data: tempfile::TempDir,
}

fn hour(days: i64, number: i64) -> (String, String) {
    (at(days, (10 + number) * 60), at(days, (10 + number) * 60 + 50))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_told_above_its_level_with_google() {
    every_level(At::Cloud(Provider::Google)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_told_above_its_level_with_microsoft() {
    every_level(At::Cloud(Provider::Microsoft)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_told_above_its_level_with_caldav() {
    every_level(At::CalDav).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_told_by_what_people_do_with_google() {
    every_deed(At::Cloud(Provider::Google)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_told_by_what_people_do_with_microsoft() {
    every_deed(At::Cloud(Provider::Microsoft)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_told_by_what_people_do_with_caldav() {
    every_deed(At::CalDav).await;
}

/// Booked, moved, cancelled.
async fn every_level(at: At) {
    let Some(scene) = Scene::open(at).await else { return };
    let (private, mut sinks) = (scene.furnish().await, Sinks::default());
    let connection = scene.connect(&private).await;
    // Up, and down again: what stands in the calendar then is written over with less.
    for (day, level) in (2..).zip(LEVELS.into_iter().chain(["reference", "busy"])) {
        scene.at_level(&connection, level, || scene.live(&connection, day)).await;
        scene.collect(&connection, &mut sinks, level).await;
    }
    connection.disconnect("remove").await;
    connection.becomes("disconnected").await;
    scene.collect(&connection, &mut sinks, "busy").await;
    let id = connection.id.clone();
    scene.end(sinks, &id);
}

/// Everything else. It is a story of its own, since Google takes so many requests a minute.
async fn every_deed(at: At) {
    let Some(scene) = Scene::open(at).await else { return };
    let (private, mut sinks) = (scene.furnish().await, Sinks::default());
    let connection = scene.connect(&private).await;
    eventually("the clinician's own events close time", || async { scene.ehr.blocks().await.len() == 3 })
        .await;
    for (day, level) in (2..).zip(LEVELS) {
        scene.at_level(&connection, level, || scene.touch(&connection, day, level)).await;
        scene.collect(&connection, &mut sinks, level).await;
    }
    scene.withdraw(&connection).await;
    scene.collect(&connection, &mut sinks, MOST).await;
    scene.sign_in_again(&connection).await;
    connection.disconnect("keep").await;
    connection.becomes("disconnected").await;
    assert!(scene.shows(&connection, &hour(BY_HAND, 0)).await, "{at:?}: what was to be kept is gone");
    scene.collect(&connection, &mut sinks, MOST).await;
    // What was kept is found again, and told less of.
    let again = scene.connect(&private).await;
    scene.collect(&again, &mut sinks, "busy").await;
    let id = connection.id.clone();
    scene.end(sinks, &id);
}

fn told_words() -> Vec<&'static str> {
    TOLD.iter().map(|(word, _)| *word).collect()
}

/// What a level tells, in the order of the table: it tells its own, and not what other levels do.
fn expected(level: &str) -> Vec<&'static str> {
    TOLD.iter().filter(|(_, from)| *from == level).map(|(word, _)| *word).collect()
}

impl Scene {
    async fn open(at: At) -> Option<Self> {
        let (data, ehr_data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let ehr = Ehr::start(ehr_data.path()).await;
        ehr.empty().await;
        ehr.meter.listen();
        let listen = format!("127.0.0.1:{}", free_port());
        let (town, mailbox) = (Town::open(&format!("http://{listen}")).await, Mailbox::open().await);
        let settings = settings(&listen, &town, &mailbox, &ehr);
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let daybook = Daybook::start(&binary()?, data.path(), &settings);
        ehr.hook(&daybook.url);
        ehr.offer_calendar_sync(&town.url);
        Some(Self { at, ehr, town, mailbox, daybook, data, _ehr_data: ehr_data })
    }

    /// Everything is planted, and each level in force; answers the calendar with the clinician's own events.
    async fn furnish(&self) -> String {
        self.allow_everything().await;
        self.plant().await
    }

    /// What is done at this level tells what the level tells, and nothing more.
    async fn at_level<F>(&self, connection: &Connection<'_>, level: &str, deeds: impl FnOnce() -> F)
    where
        F: Future<Output = ()>,
    {
        self.town.ear.take();
        let told = connection.patch(json!({"detail": level})).await;
        assert_eq!(told["effective_detail"], level, "{told}");
        connection.settles().await;
        deeds().await;
        let said = self.town.ear.take();
        let open = found(&said, &told_words());
        assert_eq!(open, expected(level), "{:?}: what {level} tells is told", self.at);
        assert_silent(&format!("what {:?} is told at {level}", self.at), &said, &secrets_at(level));
    }

    /// Every domain has an agreement, so that each level is in force.
    async fn allow_everything(&self) {
        let host = self.town.url.trim_start_matches("http://");
        let given = ["clinic.example", host, host.split(':').next().unwrap()];
        let given = given.map(|domain| json!({"domain": domain, "attested_by": "Avery Admin"}));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/v1/practices/demo", self.daybook.url);
        let body = json!({"policy": {"attestations": given}});
        let answer = client.put(url).bearer_auth(PLATFORM_KEY).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    /// Plants everything; answers the calendar with the clinician's own event.
    async fn plant(&self) -> String {
        plant::plant_people(&self.ehr).await;
        plant::plant_slot(&self.ehr, &hour(30, 0)).await;
        plant::book(&self.ehr, "a1", &hour(20, 0)).await;
        plant::book(&self.ehr, "a2", &hour(BY_HAND, 0)).await;
        plant::book_broken(&self.ehr, "broken", &hour(21, 0)).await;
        let (once, by_hand) = (hour(25, 0), hour(BY_HAND, 0));
        match self.at {
            At::Cloud(provider) => {
                let person = self.person(provider).await;
                let private = person.make_calendar("Private").await;
                let (event, free_day): (fn(&_) -> _, fn(_) -> _) = match provider {
                    Provider::Google => (plant::google_event, plant::google_free_day),
                    Provider::Microsoft => (plant::microsoft_event, plant::microsoft_free_day),
                };
                for body in [event(&once), event(&by_hand), free_day(FREE_DAY)] {
                    person.add_body(&private, body).await;
                }
                private
            }
            At::CalDav => {
                let account = self.account();
                let private = format!("{DAV_HOMES}{}", account.make_calendar("private").await);
                let bodies = [
                    plant::caldav_event(&once),
                    plant::caldav_event(&by_hand),
                    plant::caldav_free_day(FREE_DAY),
                ];
                for (number, body) in (1..).zip(bodies) {
                    // Each its own name.
                    let body = body.replace("Uidcanary-1", &format!("Uidcanary-{number}"));
                    Account::of(&self.town.url, DAV.0, DAV.1)
                        .put_body(&format!("{private}own{number}.ics"), body)
                        .await;
                }
                private
            }
        }
    }

    async fn person(&self, provider: Provider) -> Person {
        Cloud::of(provider, &self.town.url).person(ADA).await
    }

    fn account(&self) -> Account {
        Account::of(&format!("{}{DAV_HOMES}", self.town.url), DAV.0, DAV.1)
    }

    async fn connect(&self, private: &str) -> Connection<'_> {
        let two_way = json!({"direction": "two_way", "blocking_calendars": [private], "detail": "busy"});
        let connection = match self.at {
            At::Cloud(provider) => {
                let connection = self.daybook.begin(provider.word(), &two_way).await;
                let page = sign_in(&Browser::new(), &connection.authorise_url().await, ADA).await;
                assert_eq!(page.status, 200, "{}", page.text());
                connection
            }
            At::CalDav => {
                let url = format!("{}/sandbox/caldav/", self.town.url);
                let mut more = two_way;
                more["caldav"] = json!({"url": url, "username": DAV.0, "password": DAV.1});
                self.daybook.begin("caldav", &more).await
            }
        };
        connection.becomes("active").await;
        connection
    }

    /// What happens in a day: booked, moved, cancelled, looked at from all sides.
    async fn live(&self, connection: &Connection<'_>, day: i64) {
        let id = format!("b{day}");
        plant::book(&self.ehr, &id, &hour(day, 1)).await;
        plant::book(&self.ehr, "a1", &hour(20, day)).await;
        connection.sync().await;
        plant::cancel(&self.ehr, &id).await;
        connection.sync().await;
        connection.post("preview").await;
        connection.sync().await;
    }

    /// Takes in what came out anywhere.
    async fn collect(&self, connection: &Connection<'_>, sinks: &mut Sinks, level: &str) {
        sinks.add("the EHR is told", self.ehr.meter.heard());
        sinks.add("notices", self.mailbox.ear.take());
        let practice = |more| format!("/v1/practices/demo/{more}");
        for path in [practice("connections"), practice("notices"), practice("audit"), connection.path("")] {
            let (status, answer) = self.daybook.call("GET", &path, None).await;
            assert_eq!(status, 200, "{path}: {answer}");
            sinks.add("the API", answer.to_string().into());
        }
        sinks.add("the feed", self.feed(level).await);
        for person in [("prac-2", "clinician"), ("prac-2", "delegate"), ("prac-1", "admin")] {
            let own = format!("/settings/connections/{}", connection.id);
            for path in ["/settings", "/settings/connect", "/settings/feed", own.as_str()] {
                sinks.add("pages of others", self.page(person, path).await);
            }
        }
        for (path, told) in PRACTICE_PAGES {
            let page = self.page(("prac-1", "admin"), path).await;
            let words = String::from_utf8_lossy(&page);
            assert!(told.iter().any(|told| words.contains(told)), "{path} tells none of {told:?}");
            sinks.add("pages of administrators", page);
        }
        // Their own pages tell no more than their calendar does.
        let settings = format!("/settings/connections/{}", connection.id);
        for more in ["", "/choices", "/review", "/week", "/verify"] {
            let page = self.page(("prac-1", "clinician"), &format!("{settings}{more}")).await;
            assert_silent(&format!("their own page {more} at {level}"), &page, &own_secrets(level));
        }
    }

    async fn feed(&self, level: &str) -> Vec<u8> {
        let (status, made) = self.daybook.call("POST", FEED, Some(json!({"detail": level}))).await;
        assert_eq!(status, 201, "{made}");
        let url = made["url"].as_str().unwrap();
        let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let file = answer.text().await.unwrap();
        assert!(file.contains("BEGIN:VEVENT"), "{file}");
        let most = if level == "busy" { "busy" } else { "appointment" };
        assert_silent(&format!("the feed at {level}"), file.as_bytes(), &secrets_at(most));
        file.replace("(telehealth)", "").into()
    }

    /// A page of Settings > Calendar Sync, as somebody whom the EHR sends there.
    async fn page(&self, (practitioner, role): (&str, &str), path: &str) -> Vec<u8> {
        let client =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let (client, token) = (client.unwrap(), self.ehr.launch_token(practitioner, role).await);
        let launch = client.post(format!("{}/launch", self.town.url)).form(&[("launch_token", token)]);
        let arrived = launch.send().await.unwrap();
        assert_eq!(arrived.status(), 303, "{role} {practitioner}");
        let cookie = arrived.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let page = client.get(format!("{}{path}", self.town.url)).header("cookie", cookie);
        page.send().await.unwrap().bytes().await.unwrap().into()
    }

    fn end(self, mut sinks: Sinks, id: &str) {
        let Self { daybook, data, .. } = self;
        sinks.add("the log", daybook.log());
        daybook.kill();
        let kept = sinks::files(data.path());
        for (sink, bytes) in [("the log", &sinks.of("the log")), ("the files", &kept)] {
            assert!(found_plain(bytes, id), "{sink} is not what it is taken for: no {id}");
        }
        assert_silent("the files", &kept, &content());
        sinks.assert_silent(&all_secrets());
    }
}

fn found_plain(bytes: &[u8], sign: &str) -> bool {
    bytes.windows(sign.len()).any(|window| window == sign.as_bytes())
}

/// What a page of one's own does not show: a level's example is of somebody who does not exist.
fn own_secrets(level: &str) -> Vec<&'static str> {
    let mut secrets = secrets_at(level);
    // It says of each level what it would tell, and of an appointment how it takes place.
    secrets.retain(|word| *word != "(telehealth)");
    secrets
}

fn settings(listen: &str, town: &Town, mailbox: &Mailbox, ehr: &Ehr) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("DAYBOOK_LISTEN", listen.to_owned()),
        ("DAYBOOK_PUBLIC_URL", town.url.clone()),
        ("DAYBOOK_PLATFORM_KEY", PLATFORM_KEY.to_owned()),
        ("DAYBOOK_NOTICE_URL", format!("{}/notices", mailbox.url)),
        ("DAYBOOK_NOTICE_SECRET", NOTICE_SECRET.to_owned()),
        ("RUST_LOG", "debug".to_owned()),
    ];
    settings.extend(ehr.settings());
    settings.extend(cloud::settings(&town.url));
    settings
}
