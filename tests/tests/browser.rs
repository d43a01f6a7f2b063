//! The pages in a real browser, as people use them. What a person does is told in `tests/browser/*.mjs`; what must then
//! stand in the calendar is told here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Command;

use daybook_tests::canary::plant::appointment;
use daybook_tests::outside::calendar::{Account, PASSWORD, USER, main_calendar};
use daybook_tests::outside::cloud::{ADA, Cloud, Person, Plan, Provider};
use daybook_tests::outside::daybook::{API_KEY, Connection, Daybook, binary};
use daybook_tests::outside::ehr::{at, now_seconds};
use daybook_tests::outside::eventually;
use daybook_tests::outside::scene::{BY_PUSH, sign_in_again};
use daybook_tests::outside::tls::Front;
use daybook_tests::radicale::Radicale;
use daybook_tests::tools;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// In how many weeks things are booked here: the sandbox's own appointments end before.
const WEEKS: i64 = 3;
const CLIENT: &str = "Kenji Watanabe";
const FHIR: &str = "/sandbox/ehr/fhir";
/// More than fit into a few requests.
const MANY: i64 = 400;
/// A mirror is put back three times a day.
const MOST_DRAGS: i64 = 4;

/// Node, the modules that drive a browser, and a browser.
struct Browser {
    tools: PathBuf,
    chromium: PathBuf,
}

impl Browser {
    /// `None` where something is missing and nobody requires it.
    fn find() -> Option<Self> {
        let tools = tools::folder();
        let modules = ["playwright-core", "axe-core"].map(|name| tools.join("node/node_modules").join(name));
        let found = on_path("chromium").filter(|_| on_path("node").is_some());
        let found = found.filter(|_| modules.iter().all(|module| module.is_dir()));
        let chromium = tools::required(found, "no browser, or nothing to drive it with: cargo xtask tools")?;
        Some(Self { tools, chromium })
    }

    /// Lets the story of that name be told; what it prints is returned, and a story that goes wrong fails the test.
    async fn tell(&self, story: &str, told: Value) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser").join(format!("{story}.mjs"));
        let mut command = Command::new("node");
        command.arg(script).arg(told.to_string());
        command.env("DAYBOOK_TEST_TOOLS", &self.tools).env("DAYBOOK_TEST_CHROMIUM", &self.chromium);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let reason = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the story `{story}` goes wrong with {told}:\n{reason}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// A Daybook with its sandbox EHR, and a calendar account that it is not connected to yet.
struct Scene {
    browser: Browser,
    daybook: Daybook,
    account: Account,
    radicale: Radicale,
    _data: tempfile::TempDir,
}

fn scene() -> Option<Scene> {
    let (browser, binary, radicale) = (Browser::find()?, binary()?, Radicale::start()?);
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    Some(Scene { browser, daybook, account: Account::at(&radicale.url()), radicale, _data: data })
}

impl Scene {
    /// Stores an hour of the clinician's own life, and waits until the EHR is closed for it.
    async fn close(&self, day: Date) {
        let calendar = self.account.make_calendar("personal").await;
        let of_day = |time: &str| format!("TZID=America/New_York:{}T{time}00", day.strftime("%Y%m%d"));
        let times = format!("DTSTART;{}\r\nDTEND;{}", of_day("1310"), of_day("1410"));
        self.account.put(&calendar, "dentist", &times).await;
        self.daybook.connect(&self.radicale.url(), &json!({"direction": "two_way"})).await;
        let slots = "/sandbox/ehr/fhir/Slot?schedule=Schedule/sch-1&status=busy-unavailable";
        eventually("the time is closed", || async {
            self.daybook.call("GET", slots, None).await.1["total"] == 1
        })
        .await;
    }

    /// Waits until the calendar shows this client's times in the far week, and no others.
    async fn calendar_shows(&self, calendar: &str, expected: &[String]) {
        eventually(&format!("the far week of the calendar is {expected:?}"), || async {
            let mirrors = self.account.resources(calendar).await;
            let starts = mirrors.iter().filter_map(|mirror| mirror.property("DTSTART"));
            let far: Vec<&str> = starts.filter(|start| *start >= instant(far_monday(), 0).as_str()).collect();
            far == expected
        })
        .await;
    }
}

/// The Monday of the far week, in the practice's zone.
fn far_monday() -> Date {
    let now = jiff::Timestamp::from_second(now_seconds()).unwrap();
    let tomorrow = now.to_zoned(practice_zone()).date().tomorrow().unwrap();
    let monday = tomorrow.nth_weekday(-1, Weekday::Monday).unwrap();
    monday.checked_add((WEEKS * 7).days()).unwrap()
}

fn practice_zone() -> TimeZone {
    TimeZone::get("America/New_York").unwrap()
}

/// As iCalendar writes an instant, so many minutes into a day of the practice.
fn instant(day: Date, minutes: i64) -> String {
    let at = day.at(0, 0, 0, 0).checked_add(minutes.minutes()).unwrap();
    at.to_zoned(practice_zone()).unwrap().timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_page_leads_on_and_its_command_connects() {
    let Some(scene) = scene() else { return };
    let command = scene.browser.tell("start_page", json!({"url": scene.daybook.url})).await;
    assert!(
        command.contains(&format!("curl {}/v1/practices/demo/connections", scene.daybook.url)),
        "{command}"
    );
    let own = [
        ("http://127.0.0.1:5232/", scene.radicale.url()),
        ("maya", USER.into()),
        ("secret", PASSWORD.into()),
    ];
    let typed = own.iter().fold(command, |command, (shown, own)| {
        command.replace(&format!("\"{shown}\""), &format!("\"{own}\""))
    });
    let curl = Command::new("sh").args(["-c", &typed]).env("DAYBOOK_API_KEY", API_KEY).output().unwrap();
    let answer: Value = serde_json::from_slice(&curl.stdout).unwrap();
    let connection = scene.daybook.connection(answer["id"].as_str().unwrap_or_else(|| panic!("{answer}")));
    connection.becomes("active").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_booked_moved_and_cancelled_by_keyboard_shows_in_the_calendar() {
    let Some(scene) = scene() else { return };
    let connection = scene.daybook.connect(&scene.radicale.url(), &json!({})).await;
    let calendar = main_calendar(&connection.get().await);
    let (day, url) = (far_monday(), &scene.daybook.url);
    let start = format!("{day}T10:20");
    let booking = json!({"url": url, "weeks": WEEKS, "client": CLIENT, "start": start, "answer": "Booked."});
    scene.browser.tell("book", booking).await;
    scene.calendar_shows(&calendar, &[instant(day, 10 * 60 + 20)]).await;

    let later = day.tomorrow().unwrap();
    let moving = json!({"url": url, "weeks": WEEKS, "client": CLIENT, "start": format!("{later}T14:05")});
    scene.browser.tell("move", moving).await;
    scene.calendar_shows(&calendar, &[instant(later, 14 * 60 + 5)]).await;

    scene.browser.tell("cancel", json!({"url": url, "weeks": WEEKS, "client": CLIENT})).await;
    scene.calendar_shows(&calendar, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_event_of_the_calendar_is_closed_in_the_week() {
    let Some(scene) = scene() else { return };
    let (day, url) = (far_monday(), &scene.daybook.url);
    scene.close(day).await;
    scene.browser.tell("closed", json!({"url": url, "day": day, "times": "1:10 – 2:10 pm"})).await;
    let start = format!("{day}T13:30");
    let refused = "Not saved: that time is closed";
    let booking = json!({"url": url, "weeks": WEEKS, "client": CLIENT, "start": start, "answer": refused});
    scene.browser.tell("book", booking).await;
}

/// Choosing a provider, signing in there, seeing the appointments: what a newcomer does first.
#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_connects_google_and_outlook_by_keyboard() {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    for (provider, clinician, account) in [
        ("Google", "Dr. Maya Okafor", "ada@clinic.example"),
        ("Outlook", "Dr. Daniel Reyes", "ben@clinic.example"),
    ] {
        let told =
            json!({"url": daybook.url, "provider": provider, "clinician": clinician, "account": account});
        browser.tell("connect", told).await;
    }
    let connections = "/v1/practices/demo/connections";
    eventually("both are active, and their appointments stand in the calendars", || async {
        let (_, listed) = daybook.call("GET", connections, None).await;
        let items = listed["items"].as_array().cloned().unwrap_or_default();
        let stands = |one: &Value| one["counts"]["mirrored_events"].as_u64() > Some(0);
        items.len() == 2 && items.iter().all(|one| one["state"] == "active" && stands(one))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_in_both_schemes_on_desk_and_phone() {
    let Some(scene) = scene() else { return };
    // In a week with appointments, so that everything that a week can hold is looked at.
    let day = far_monday().checked_sub((WEEKS * 7 - 7).days()).unwrap();
    scene.close(day).await;
    scene.browser.tell("accessible", json!({"url": scene.daybook.url, "day": day})).await;
}

/// A calendar of the sandbox: how its provider is called, whose account it is, and which page shows what is in it.
struct Calendar {
    provider: &'static str,
    account: &'static str,
    place: &'static str,
    owner: &'static str,
}

const GOOGLE: Calendar = Calendar {
    provider: "Google",
    account: "ada@clinic.example",
    place: "/sandbox/google/",
    owner: "Ada Okafor",
};
const OUTLOOK: Calendar = Calendar {
    provider: "Outlook",
    account: "ben@clinic.example",
    place: "/sandbox/microsoft/",
    owner: "Ben Reyes",
};
const CALDAV: Calendar =
    Calendar { provider: "CalDAV", account: "ada", place: "/sandbox/caldav/", owner: "Ada Marsh" };

/// The same server, chosen as Apple's: as far as Apple can be had here, its tile and its words.
const APPLE: Calendar = Calendar { provider: "Apple", ..CALDAV };

impl Calendar {
    /// What whoever signs in there must know; `url` is where the sandbox answers.
    fn told(&self, url: &str) -> Value {
        let Self { provider, account, place, owner } = self;
        let server = format!("{url}{}", CALDAV.place);
        json!({"clinician": "Dr. Maya Okafor", "provider": provider, "account": account, "place": place, "owner": owner,
            "server": server, "user": CALDAV.account, "password": "ada-sandbox"})
    }
}

/// With what else is told.
fn with(mut told: Value, more: &Value) -> Value {
    told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    told
}

/// The EHR's help page "Sync Calendar", for one provider: every step of it.
async fn sync_calendar(chosen: Calendar, more: Value) {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    let own =
        json!({"title": "Beekeeping", "start": format!("{}T13:10", far_monday()), "times": "1:10 – 2:10 pm"});
    let told = with(chosen.told(&daybook.url), &json!({"url": daybook.url, "own": own}));
    browser.tell("settings", with(told, &more)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_google_from_the_ehrs_settings_to_disconnect() {
    sync_calendar(GOOGLE, json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_outlook_from_the_ehrs_settings_to_disconnect() {
    sync_calendar(OUTLOOK, json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_a_password_from_the_ehrs_settings_to_disconnect() {
    sync_calendar(CALDAV, json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_apple_from_the_ehrs_settings_to_disconnect() {
    sync_calendar(APPLE, json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_google_by_keyboard_alone() {
    sync_calendar(GOOGLE, json!({"hands": "keyboard"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_outlook_by_keyboard_alone() {
    sync_calendar(OUTLOOK, json!({"hands": "keyboard"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_a_password_by_keyboard_alone() {
    sync_calendar(CALDAV, json!({"hands": "keyboard"})).await;
}

/// A Daybook whose clinician is connected to Google already, from where she moves to Outlook.
async fn move_to_outlook(more: Value) {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    let connection = daybook.begin("google", &json!({"direction": "two_way"})).await;
    sign_in_again(&connection).await;
    connection.becomes("active").await;
    let told = json!({"url": daybook.url, "clinician": "Dr. Maya Okafor", "account": "ada@clinic.example"});
    browser.tell("switch", with(told, &more)).await;
    assert_eq!(connection.get().await["state"], "disconnected");
}

#[tokio::test(flavor = "multi_thread")]
async fn move_from_google_to_outlook_and_then_to_another_calendar_there() {
    move_to_outlook(json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn move_from_google_to_outlook_looked_at_in_both_schemes_on_desk_and_phone() {
    move_to_outlook(json!({"look": "closely"})).await;
}

/// What comes up later is asked on the pages: an all-day entry marked free, a calendar that came into the account.
#[tokio::test(flavor = "multi_thread")]
async fn a_free_day_is_closed_by_one_click_and_a_new_calendar_asked_about() {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    let ada = Cloud::of(Provider::Google, &daybook.url).person(ADA).await;
    let private = ada.make_calendar("Private").await;
    ada.add(&private, Plan::FreeDay(30)).await;
    let two_way = json!({"direction": "two_way", "blocking_calendars": [private]});
    let connection = daybook.begin("google", &two_way).await;
    sign_in_again(&connection).await;
    connection.becomes("active").await;
    let choir = ada.make_calendar("Choir").await;
    ada.add(&choir, Plan::Day(31)).await;
    // Everything is compared anew, as each day.
    connection.post("resume").await;
    connection.settles().await;
    let day = now_date().checked_add(30.days()).unwrap();
    let told = json!({"url": daybook.url, "clinician": "Dr. Maya Okafor", "day": day});
    browser.tell("answers", told).await;
    let slots = "/sandbox/ehr/fhir/Slot?schedule=Schedule/sch-1&status=busy-unavailable";
    eventually("the choir's day is closed, and the free one open again", || async {
        daybook.call("GET", slots, None).await.1["total"] == 1
    })
    .await;
}

/// In UTC, as people of the sandbox count their days.
fn now_date() -> Date {
    jiff::Timestamp::from_second(now_seconds()).unwrap().to_zoned(TimeZone::UTC).date()
}

#[tokio::test(flavor = "multi_thread")]
async fn move_from_google_to_outlook_with_script_off() {
    move_to_outlook(json!({"script": "off"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribing_without_a_password_from_the_ehrs_settings_to_its_end() {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    browser.tell("feed", json!({"url": daybook.url, "clinician": "Dr. Maya Okafor"})).await;
}

/// Every page of the settings, for one provider; Google and Outlook have the accounts of different people.
async fn settings_pages_are_accessible(chosen: Calendar) {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    let told = with(chosen.told(&daybook.url), &json!({"url": daybook.url}));
    browser.tell("settings_accessible", told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_settings_page_is_accessible_in_both_schemes_on_desk_and_phone_with_google() {
    settings_pages_are_accessible(GOOGLE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_settings_page_is_accessible_in_both_schemes_on_desk_and_phone_with_outlook() {
    settings_pages_are_accessible(OUTLOOK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_settings_page_is_accessible_in_both_schemes_on_desk_and_phone_with_a_password() {
    settings_pages_are_accessible(CALDAV).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_that_stop_are_accessible_and_keep_what_was_chosen() {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    browser.tell("stopped", json!({"url": daybook.url, "account": ADA})).await;
}

/// What few people come to: an entry dragged again and again, deletions that wait for a yes, a consent withdrawn, things left
/// behind.
#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_is_accessible_in_both_schemes_on_desk_and_phone() {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    // What is missing shall be found by comparing, and not by asking for it by name.
    let daybook = Daybook::start(&binary, data.path(), BY_PUSH);
    let google = Cloud::of(Provider::Google, &daybook.url);
    let connection = daybook.begin("google", &json!({})).await;
    let look = async |name: &str, holds: &str| {
        let told = json!({"url": daybook.url, "clinician": "Dr. Maya Okafor", "connection": connection.id,
            "name": name, "holds": holds});
        browser.tell("state", told).await;
    };
    sign_in_again(&connection).await;
    connection.becomes("active").await;

    let ada = google.person(ADA).await;
    drag_until_parked(&ada, &connection).await;
    look("parked", ".problem").await;
    connection.sync().await;

    lose_all_appointments(&daybook).await;
    connection.post("resume").await;
    connection.settles().await;
    look("brake", "button[value=confirm_deletions]").await;

    google.control(&json!({"revoke": {"account": ADA}})).await;
    connection.post("sync").await;
    connection.becomes("reconnect_required").await;
    look("reconnect_required", "button[value=sign_in]").await;
    connection.disconnect("remove").await;
    connection.becomes("disconnected").await;
    look("left_behind", "text=Left behind").await;
}

/// A first sync of many appointments, with a provider that takes its time, shows how far it has come.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_first_sync_shows_its_progress() {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), BY_PUSH);
    for number in 0..MANY {
        let (start, end) =
            (at(2 + number / 8, 600 + number % 8 * 60), at(2 + number / 8, 650 + number % 8 * 60));
        let id = format!("many{number}");
        let body = appointment(&id, &start, &end, "booked");
        let (status, answer) = daybook.call("PUT", &format!("{FHIR}/Appointment/{id}"), Some(body)).await;
        assert!(matches!(status, 200 | 201), "{answer}");
    }
    let google = Cloud::of(Provider::Google, &daybook.url);
    let connection = daybook.begin("google", &json!({})).await;
    let slow = json!({"times": 100_000, "answer": {"slow": {"delay_ms": 2_000}}});
    google.control(&json!({"faults": [slow]})).await;
    sign_in_again(&connection).await;
    let told = json!({"url": daybook.url, "clinician": "Dr. Maya Okafor", "connection": connection.id,
        "name": "syncing", "holds": "progress", "goes_on": true});
    browser.tell("state", told).await;
}

async fn drag_until_parked(person: &Person, connection: &Connection<'_>) {
    let calendar = main_calendar(&connection.get().await);
    for hour in 0..MOST_DRAGS {
        let mirror = person.events(&calendar).await.into_iter().next_back().unwrap();
        let (start, end) = (at(40, hour * 60), at(40, hour * 60 + 50));
        person.shift(&calendar, &mirror.id, &start, &end).await;
        connection.sync().await;
        if connection.get().await["problems"].to_string().contains("mirror-parked") {
            return;
        }
    }
    panic!("nothing is parked");
}

/// Without a word to anybody.
async fn lose_all_appointments(daybook: &Daybook) {
    daybook.call("POST", "/sandbox/ehr/control", Some(json!({"hooks": "drop"}))).await;
    loop {
        let (_, found) = daybook.call("GET", &format!("{FHIR}/Appointment?_count=200"), None).await;
        let entries = found["entry"].as_array().cloned().unwrap_or_default();
        if entries.is_empty() {
            return;
        }
        for entry in entries {
            let id = entry["resource"]["id"].as_str().unwrap();
            daybook.call("DELETE", &format!("{FHIR}/Appointment/{id}"), None).await;
        }
    }
}

/// An administrator settles what holds for the practice, and sees nobody's calendar.
async fn practice(hands: &str, script: &str, looks: bool) {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    let caldav = json!({"url": format!("{}/sandbox/caldav/", daybook.url), "username": "ada", "password": "ada-sandbox"});
    let body =
        json!({"practitioner_id": "prac-1", "provider": "caldav", "detail": "appointment", "caldav": caldav});
    let (status, made) = daybook.call("POST", "/v1/practices/demo/connections", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    let connection = daybook.connection(made["id"].as_str().unwrap());
    connection.becomes("active").await;
    connection.settles().await;
    let account = connection.get().await["account"].as_str().unwrap().to_owned();
    let (name, domain) = account.rsplit_once('@').unwrap();
    let masked = format!("{}…@{domain}", name.chars().next().unwrap());
    let told = json!({"url": daybook.url, "account": account, "masked": masked, "domain": "127.0.0.1",
        "hands": hands, "script": script, "looks": looks});
    browser.tell("practice", told).await;
    connection.settles().await;
    assert_eq!(connection.get().await["effective_detail"], "busy");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_settles_what_holds_for_the_practice() {
    practice("mouse", "on", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_without_a_mouse_and_without_script() {
    practice("keyboard", "off", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_google_and_script_off() {
    sync_calendar(GOOGLE, json!({"script": "off"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_outlook_and_script_off() {
    sync_calendar(OUTLOOK, json!({"script": "off"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_calendar_with_a_password_and_script_off() {
    sync_calendar(CALDAV, json!({"script": "off"})).await;
}

/// The practice's EHR is another site, and shows Calendar Sync in a page of its own; the browser blocks the cookies of third
/// parties.
async fn calendar_sync_in_a_frame(chosen: Calendar) {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let hosts = ["ehr.test", "daybook.test", "other.test"];
    let front = Front::open(&hosts).await;
    let [ehr, own, other] = hosts.map(|host| format!("https://{host}:{}", front.port));
    let data = tempfile::tempdir().unwrap();
    let settings = [("DAYBOOK_PUBLIC_URL", own.as_str()), ("DAYBOOK_FRAME_ORIGINS", ehr.as_str())];
    let daybook = Daybook::start(&binary, data.path(), &settings);
    front.pass_on_to(daybook.address());
    let sites = json!({"sites": "*.test", "ehr": ehr, "daybook": own, "other": other});
    browser.tell("framed", with(chosen.told(&daybook.url), &sites)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calendar_sync_with_google_in_a_frame_of_another_site_with_third_party_cookies_blocked() {
    calendar_sync_in_a_frame(GOOGLE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calendar_sync_with_outlook_in_a_frame_of_another_site_with_third_party_cookies_blocked() {
    calendar_sync_in_a_frame(OUTLOOK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calendar_sync_with_apple_in_a_frame_of_another_site_with_third_party_cookies_blocked() {
    calendar_sync_in_a_frame(APPLE).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes the README's pictures: cargo xtask screenshots"]
async fn the_pictures_of_the_readme() {
    let (Some(browser), Some(binary)) = (Browser::find(), binary()) else { return };
    let folder = std::env::var("DAYBOOK_PICTURES").unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    let told = json!({"url": daybook.url, "account": "ada@clinic.example", "folder": folder});
    browser.tell("pictures", told).await;
}
