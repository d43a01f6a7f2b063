//! Canaries, told of both deployments. Everything that people do is done at every level, and then the marked words are looked
//! for wherever something leaves the EHR or a calendar, or is kept: what is said to providers, what is said to the EHR,
//! notices, logs and so metrics, messages of the queue, the table, the API, the feed, pages of others. Whoever ends a story
//! searches most of these: this room adds what answers when it is asked, and holds each level to what it tells.

mod deeds;
mod hand;
mod moves;

use daybook_tests::canary::plant::{self, Hour};
use daybook_tests::canary::sinks::{Sinks, assert_silent, files};
use daybook_tests::canary::words::{LEVELS, MOST, TOLD, all_secrets, found, secrets_at};
use daybook_tests::outside::at_radicale::basic;
use daybook_tests::outside::browser::Form;
use daybook_tests::outside::calendar::Account;
use daybook_tests::outside::cloud::{ADA, Cloud, Person, Plan, Provider};
use daybook_tests::outside::daybook::{Connection, Daybook};
use daybook_tests::outside::ehr::{Ehr, at};
use daybook_tests::outside::eventually;
use daybook_tests::outside::place::Place;
use daybook_tests::outside::scene::{book, sign_in_again};
use serde_json::json;

use super::PLACE;

const NOTICES: &str = "notices";
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
    daybook: Daybook,
    data: tempfile::TempDir,
}

fn hour(days: i64, number: i64) -> Hour {
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

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_told_by_a_move_from_google_to_outlook() {
    every_move(At::Cloud(Provider::Google), At::Cloud(Provider::Microsoft)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_told_by_a_move_from_outlook_to_caldav() {
    every_move(At::Cloud(Provider::Microsoft), At::CalDav).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_told_by_a_move_from_caldav_to_google() {
    every_move(At::CalDav, At::Cloud(Provider::Google)).await;
}

/// Booked, moved, cancelled, by one connection whose level goes up and down.
async fn every_level(at: At) {
    let Some(scene) = Scene::open(at).await else { return };
    let (private, mut sinks) = (scene.plant().await, Sinks::default());
    let connection = scene.connect(&private, "busy").await;
    // Up, and down again: what stands in the calendar then is written over with less.
    for (day, level) in (2..).zip(LEVELS.into_iter().chain(["reference", "busy"])) {
        scene.at_level(&connection, level, || scene.live(&connection, day)).await;
        scene.collect(&connection, &mut sinks, level).await;
    }
    connection.disconnect("remove").await;
    connection.becomes("disconnected").await;
    scene.collect(&connection, &mut sinks, "busy").await;
    let id = connection.id.clone();
    scene.end(sinks, &id).await;
}

/// A whole life at each level; a provider allows an account so many requests a minute, so each begins anew.
async fn every_deed(at: At) {
    for level in levels(at) {
        let Some(scene) = Scene::open(at).await else { return };
        println!("{at:?} at {level}");
        let (private, mut sinks) = (scene.plant().await, Sinks::default());
        let connection = scene.connect(&private, level).await;
        scene.ehr.closes_so_many(3).await;
        scene.at_level(&connection, level, || scene.touch(&connection, level)).await;
        scene.collect(&connection, &mut sinks, level).await;
        scene.withdraw(&connection).await;
        scene.collect(&connection, &mut sinks, level).await;
        scene.sign_in_again(&connection).await;
        connection.disconnect("keep").await;
        connection.becomes("disconnected").await;
        assert!(scene.shows(&connection, &hour(BY_HAND, 0)).await, "{at:?}: what was to be kept is gone");
        scene.collect(&connection, &mut sinks, level).await;
        // What was kept is found again, and told less of.
        let again = scene.connect(&private, "busy").await;
        scene.collect(&again, &mut sinks, "busy").await;
        let id = connection.id.clone();
        scene.end(sinks, &id).await;
    }
}

/// To another provider, by the pages for it.
async fn every_move(from: At, to: At) {
    for level in levels(from) {
        let Some(scene) = Scene::open(from).await else { return };
        println!("from {from:?} to {to:?} at {level}");
        let (private, mut sinks) = (scene.plant().await, Sinks::default());
        let old = scene.connect(&private, level).await;
        scene.collect(&old, &mut sinks, level).await;
        let new = scene.move_to(to, &old, level).await;
        scene.tells_all_of(level);
        for connection in [&old, &new] {
            scene.collect(connection, &mut sinks, level).await;
        }
        let id = new.id.clone();
        scene.end(sinks, &id).await;
    }
}

/// All on one machine. On AWS, where a life takes long, each level is some provider's: what providers are told is said by the
/// same code there, and what AWS keeps does not depend on the provider.
fn levels(at: At) -> Vec<&'static str> {
    let turn = match at {
        At::Cloud(Provider::Google) => 0,
        At::Cloud(Provider::Microsoft) => 1,
        At::CalDav => 2,
    };
    let is_its = |number: usize| PLACE == Place::OneMachine || number % 3 == turn;
    LEVELS.into_iter().enumerate().filter(|(number, _)| is_its(*number)).map(|(_, level)| level).collect()
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
        let data = tempfile::tempdir().unwrap();
        let ehr = Ehr::start(data.path()).await;
        ehr.empty().await;
        // What is only told to whoever looks closely is looked at too.
        let talkative = match PLACE {
            Place::OneMachine => ("RUST_LOG", "debug"),
            Place::Aws => ("LogLevel", "debug"),
        };
        let mut daybook = PLACE.open(data.path(), &ehr, &[talkative]).await?;
        daybook.tell(MOST);
        Some(Self { at, ehr, daybook, data })
    }

    /// What is done at this level tells what the level tells, and nothing more.
    async fn at_level<F>(&self, connection: &Connection<'_>, level: &str, deeds: impl FnOnce() -> F)
    where
        F: Future<Output = ()>,
    {
        connection.patch(json!({"detail": level})).await;
        connection.tells(level).await;
        connection.settles().await;
        deeds().await;
        self.tells_all_of(level);
    }

    /// What providers were told since this was last asked is no more than the level allows.
    fn heard(&self, level: &str) -> Vec<u8> {
        let said = self.daybook.town().providers.take();
        assert_silent(&format!("what providers are told at {level}"), &said, &secrets_at(level));
        said
    }

    /// And no less than it promises.
    fn tells_all_of(&self, level: &str) {
        let told = found(&self.heard(level), &told_words());
        assert_eq!(told, expected(level), "{:?}: what {level} tells is told", self.at);
    }

    /// Everything that is not planted already; answers the calendar with the clinician's own events.
    async fn plant(&self) -> String {
        self.ehr.put("Slot/slot-canary", &plant::slot(&hour(30, 0))).await;
        book(&self.ehr, "a1", &hour(20, 0)).await;
        book(&self.ehr, "a2", &hour(BY_HAND, 0)).await;
        let broken = plant::broken_appointment("broken", &hour(21, 0));
        self.ehr.put("Appointment/broken", &broken).await;
        let (once, by_hand) = (hour(25, 0), hour(BY_HAND, 0));
        match self.at {
            At::Cloud(provider) => {
                let person = self.person(provider).await;
                let private = person.make_calendar("Private").await;
                for (start, end) in [&once, &by_hand] {
                    person.add(&private, Plan::Once(start, end)).await;
                }
                person.add(&private, Plan::FreeDay(FREE_DAY)).await;
                private
            }
            At::CalDav => {
                let home = Account::of(&format!("{}{DAV_HOMES}", self.daybook.url), DAV.0, DAV.1);
                let private = format!("{DAV_HOMES}{}", home.make_calendar("private").await);
                for (name, (start, end)) in [("once", &once), ("by-hand", &by_hand)] {
                    let lines = format!("DTSTART:{}\r\nDTEND:{}", basic(start), basic(end));
                    self.server().put(&private, name, &lines).await;
                }
                let [day, next] = [FREE_DAY, FREE_DAY + 1].map(|days| basic(&at(days, 0)[..10]));
                let whole =
                    format!("DTSTART;VALUE=DATE:{day}\r\nDTEND;VALUE=DATE:{next}\r\nTRANSP:TRANSPARENT");
                self.server().put(&private, "free", &whole).await;
                private
            }
        }
    }

    async fn person(&self, provider: Provider) -> Person {
        Cloud::of(provider, &self.daybook.url).person(ADA).await
    }

    /// The CalDAV server, by paths from its root.
    fn server(&self) -> Account {
        Account::of(&self.daybook.url, DAV.0, DAV.1)
    }

    /// What its people type.
    fn caldav_url(&self) -> String {
        format!("{}/sandbox/caldav/", self.daybook.url)
    }

    async fn connect(&self, private: &str, level: &str) -> Connection<'_> {
        let two_way = json!({"direction": "two_way", "blocking_calendars": [private], "detail": level});
        let connection = match self.at {
            At::Cloud(provider) => {
                let connection = self.daybook.begin(provider.word(), &two_way).await;
                sign_in_again(&connection).await;
                connection
            }
            At::CalDav => {
                let mut more = two_way;
                more["caldav"] = json!({"url": self.caldav_url(), "username": DAV.0, "password": DAV.1});
                self.daybook.begin("caldav", &more).await
            }
        };
        connection.becomes("active").await;
        connection.tells(level).await;
        self.heard(level);
        connection
    }

    /// What happens in a day: booked, moved, cancelled, looked at from all sides.
    async fn live(&self, connection: &Connection<'_>, day: i64) {
        let id = format!("b{day}");
        book(&self.ehr, &id, &hour(day, 1)).await;
        book(&self.ehr, "a1", &hour(20, day)).await;
        connection.sync().await;
        self.ehr.cancel(&id).await;
        connection.sync().await;
        connection.post("preview").await;
        connection.sync().await;
    }

    /// How one signs in there.
    fn with_password(&self, form: Form) -> Form {
        form.with("url", &self.caldav_url()).with("username", DAV.0).with("password", DAV.1)
    }

    /// Takes in what came out anywhere.
    async fn collect(&self, connection: &Connection<'_>, sinks: &mut Sinks, level: &str) {
        self.heard(level);
        sinks.add("the EHR is told", self.ehr.meter.heard());
        sinks.add(NOTICES, self.daybook.town().notices.take());
        let settings = format!("/settings/connections/{}", connection.id);
        let practice = |more| format!("/v1/practices/demo/{more}");
        for path in [practice("connections"), practice("notices"), practice("audit"), connection.path("")] {
            let (status, answer) = self.daybook.call("GET", &path, None).await;
            assert_eq!(status, 200, "{path}: {answer}");
            sinks.add("the API", answer.to_string().into());
        }
        sinks.add("the feed", self.feed(level).await);
        for person in [("prac-2", "clinician"), ("prac-2", "delegate"), ("prac-1", "admin")] {
            for path in ["/settings", "/settings/connect", "/settings/feed"] {
                let (status, page) = self.page(person, path).await;
                assert!(matches!(status, 200 | 303 | 403), "{person:?} {path}: {status}");
                sinks.add("pages of others", page);
            }
            let (status, page) = self.page(person, &settings).await;
            assert!(matches!(status, 403 | 404), "{person:?} sees {settings}: {status}");
            sinks.add("pages of others", page);
        }
        for (path, told) in PRACTICE_PAGES {
            let (_, page) = self.page(("prac-1", "admin"), path).await;
            let words = String::from_utf8_lossy(&page);
            assert!(told.iter().any(|told| words.contains(told)), "{path} tells none of {told:?}");
            sinks.add("pages of administrators", page);
        }
        // Their own pages tell no more than their calendar does.
        let is_active = connection.get().await["state"] == "active";
        for more in ["", "/choices", "/review", "/week", "/verify"] {
            let (status, page) = self.page(("prac-1", "clinician"), &format!("{settings}{more}")).await;
            assert!(status == 200 || !is_active, "their own page {more}: {status}");
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
    async fn page(&self, (practitioner, role): (&str, &str), path: &str) -> (u16, Vec<u8>) {
        let client =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let (client, token) = (client.unwrap(), self.ehr.launch_token(practitioner, role).await);
        let launch = client.post(format!("{}/launch", self.daybook.url)).form(&[("launch_token", token)]);
        let arrived = launch.send().await.unwrap();
        assert_eq!(arrived.status(), 303, "{role} {practitioner}");
        let cookie = arrived.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let page = client.get(format!("{}{path}", self.daybook.url)).header("cookie", cookie);
        let page = page.send().await.unwrap();
        (page.status().as_u16(), page.bytes().await.unwrap().into())
    }

    /// What came out is silent; what is searched when everything ends is what it is taken for.
    async fn end(self, mut sinks: Sinks, id: &str) {
        let notices = &self.daybook.town().notices;
        if sinks.of(NOTICES).is_empty() {
            eventually("a notice comes", async || notices.has_heard()).await;
        }
        sinks.add(NOTICES, notices.take());
        sinks.assert_silent(&all_secrets());
        let kept = match PLACE {
            Place::OneMachine => {
                [self.daybook.log(), files(self.data.path(), &|name| name.starts_with("table"))]
            }
            Place::Aws => {
                let stack = self.daybook.stack();
                let lines = stack.logs("sync_worker").await;
                let puts = stack.puts();
                [format!("{lines:?}").into_bytes(), format!("{puts:?}").into_bytes()]
            }
        };
        for (sink, bytes) in ["the log", "what is kept"].iter().zip(kept) {
            let is_there = bytes.windows(id.len()).any(|window| window == id.as_bytes());
            assert!(is_there, "{sink} is not what it is taken for: no {id}");
        }
    }
}

/// What a page of one's own does not show: a level's example is of somebody who does not exist.
fn own_secrets(level: &str) -> Vec<&'static str> {
    let mut secrets = secrets_at(level);
    // It says of each level what it would tell, and of an appointment how it takes place.
    secrets.retain(|word| *word != "(telehealth)");
    secrets
}
