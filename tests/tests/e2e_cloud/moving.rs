//! From Google to Outlook by the settings page: 120 appointments and 40 busy times, and `kill -9` at ten points, most of them
//! within the move. After each, and while it runs, each appointment is in one calendar at least and each busy time closed;
//! at the end nothing is left behind.

use std::collections::BTreeSet;
use std::time::Duration;

use daybook_tests::outside::browser::{Browser, allow};
use daybook_tests::outside::cloud::{ADA, Cloud, Person, Plan, Provider};
use daybook_tests::outside::daybook::Daybook;
use daybook_tests::outside::ehr::at;
use daybook_tests::outside::eventually;
use serde_json::{Value, json};

use super::{Scene, scene};

const APPOINTMENTS: i64 = 120;
const BUSY_TIMES: i64 = 40;
const KILLS: u64 = 10;
/// So many of them at least come before the old connection has left.
const KILLS_WITHIN: usize = 5;
/// A life ends at the latest after so many looks that found nothing new.
const MOST_IDLE_LOOKS: u32 = 200;
/// So long each of a provider's answers takes, so that a move has many moments to die in.
const ANSWER_MS: u64 = 25;
const WORK: &str = "Work schedule";

type Times = BTreeSet<(String, String)>;

#[tokio::test(flavor = "multi_thread")]
async fn a_move_from_google_to_outlook_survives_ten_kills() {
    let Some(scene) = scene(Provider::Google, &[("DAYBOOK_SWEEP_SECONDS", "1")]).await else { return };
    let outlook = Cloud::of(Provider::Microsoft, &scene.daybook.url);
    let booked = book(&scene).await;
    let ada = scene.ada().await;
    let private = ada.make_calendar("Private").await;
    let busy = plan(&ada, &private).await;
    let copied = outlook.person(ADA).await;
    let calendar = copied.make_calendar("Private").await;
    assert_eq!(plan(&copied, &calendar).await, busy, "the same life in both accounts");
    let connection = scene.connect(&json!({"direction": "two_way", "blocking_calendars": [private]})).await;
    let old = connection.id.clone();
    assert_eq!(closed(&scene).await, busy);

    let browser = Browser::new();
    let mut moving = Move { scene, outlook, people: [ada, copied], booked, busy };
    moving.dawdle().await;
    let new = say_yes(&browser, &moving.scene, &old).await;
    let mut within = 0;
    for kill in 0..KILLS {
        let has_written = moving.watch(1 + kill % 3).await;
        let has_left = moving.scene.daybook.connection(&old).get().await["state"] == "disconnected";
        within += usize::from(has_written && !has_left);
        moving.scene.daybook.crash();
        moving.look(&format!("after kill {kill}")).await;
    }
    println!("{within} of {KILLS} kills hit the move");
    assert!(within >= KILLS_WITHIN, "only {within} of the kills hit the move");
    eventually("the old connection has left", || async {
        moving.look("at the end").await;
        moving.scene.daybook.connection(&old).get().await["state"] == "disconnected"
    })
    .await;
    let Move { scene, outlook, people: [ada, copied], booked, busy } = moving;
    scene.daybook.connection(&new).settles().await;

    assert_eq!(scene.daybook.connection(&old).get().await["problems"], json!([]));
    let left = ada.calendars().await;
    assert!(left.iter().all(|(_, name)| name != WORK), "the calendar that we made is gone: {left:?}");
    let shown = shown(&copied).await;
    assert_eq!((shown.len(), shown.into_iter().collect::<Times>()), (120, booked), "each one once");
    assert!(closed(&scene).await.is_superset(&busy));
    let page = browser.open(&format!("{}/settings/connections/{new}", scene.daybook.url)).await;
    page.says(&["The move is complete.", "Nothing is left in", "0 events there"]);
    nothing_is_left_to_do(&scene.daybook, &new, [&scene.cloud, &outlook]).await;
}

/// Everything that a look needs.
struct Move {
    /// With the old account.
    scene: Scene,
    /// Where it moves.
    outlook: Cloud,
    /// The old and the new, as their people.
    people: [Person; 2],
    booked: Times,
    busy: Times,
}

impl Move {
    async fn dawdle(&self) {
        let slow = json!({"times": 100_000, "answer": {"slow": {"delay_ms": ANSWER_MS}}});
        for cloud in [&self.scene.cloud, &self.outlook] {
            cloud.control(&json!({"faults": [slow]})).await;
        }
    }

    /// Returns when something was written so often, or nothing for long; looks each time but the last, at which it is to die.
    async fn watch(&self, times: u64) -> bool {
        let (mut known, mut idle) = (self.progress().await, 0);
        let mut seen = 0;
        while seen < times && idle < MOST_IDLE_LOOKS {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let progress = self.progress().await;
            idle += 1;
            if progress != known {
                (known, idle) = (progress, 0);
                seen += 1;
                if seen < times {
                    self.look("while it runs").await;
                }
            }
        }
        seen == times
    }

    /// What was written so far, on either side.
    async fn progress(&self) -> ([Value; 2], usize) {
        let written = [written(&self.scene.cloud).await, written(&self.outlook).await];
        (written, self.scene.ehr.blocks().await.len())
    }

    /// The old calendar first: what has left it by then stands in the new one.
    async fn look(&self, when: &str) {
        let [old, new] = &self.people;
        let shown: Times = [shown(old).await, shown(new).await].concat().into_iter().collect();
        let missing: Vec<_> = self.booked.difference(&shown).collect();
        assert!(missing.is_empty(), "missing {when}: {missing:?}");
        let closed = closed(&self.scene).await;
        let open: Vec<_> = self.busy.difference(&closed).collect();
        assert!(open.is_empty(), "open {when}: {open:?}");
    }
}

async fn book(scene: &Scene) -> Times {
    scene.ehr.book_many(APPOINTMENTS).await;
    let times = (0..APPOINTMENTS).map(|number| (2 + number / 8, 600 + number % 8 * 60));
    times.map(|(day, minute)| (at(day, minute), at(day, minute + 50))).collect()
}

async fn plan(person: &Person, calendar: &str) -> Times {
    let mut planned = Times::new();
    for number in 0..BUSY_TIMES {
        let (start, end) = (at(2 + number, 1_200), at(2 + number, 1_260));
        person.add(calendar, Plan::Once(&start, &end)).await;
        planned.insert((start, end));
    }
    planned
}

/// What stands in the calendar that we made there, if there is one.
async fn shown(person: &Person) -> Vec<(String, String)> {
    let calendars = person.calendars().await;
    let Some((ours, _)) = calendars.into_iter().find(|(_, name)| name == WORK) else { return Vec::new() };
    person.events(&ours).await.into_iter().map(|event| (event.start, event.end)).collect()
}

/// While a move is under way, two may close one time.
async fn closed(scene: &Scene) -> Times {
    scene.ehr.blocks().await.into_iter().collect()
}

/// From the EHR's settings to the yes. Returns the new connection's id.
async fn say_yes(browser: &Browser, scene: &Scene, old: &str) -> String {
    scene.ehr.launch(browser, "Open Calendar Sync").await;
    let page = browser.open(&format!("{}/settings/connections/{old}", scene.daybook.url)).await;
    let page = browser.follow(&page, "Move to another account or provider").await;
    page.says(&["What becomes of Google Calendar?", "Nothing changes before you say yes"]);
    let form = page.form_with("Continue to sign in").with("provider", "microsoft");
    let page = browser.press(&form, "Continue to sign in").await;
    let page = browser.press_on(&page, "Continue to").await;
    let page = allow(browser, page, ADA).await;
    page.says(&["Is this the account?", "It takes the place of"]);
    let new = page.url.path_segments().unwrap().next_back().unwrap().to_owned();
    let page = browser.follow(&page, "Yes, go on").await;
    let page = browser.press_on(&page, "See what will happen").await;
    page.says(&[
        "Will add 120 appointments to your calendar",
        "Will remove 120 appointments from Google Calendar",
        "40 times that are closed now stay closed throughout",
        "Google Calendar is disconnected",
    ]);
    browser.press_on(&page, "Start Sync").await.says(&["Your move from Google Calendar"]);
    new
}

/// A comparison of everything asks, and writes nothing.
async fn nothing_is_left_to_do(daybook: &Daybook, id: &str, clouds: [&Cloud; 2]) {
    let connection = daybook.connection(id);
    let before = [written(clouds[0]).await, written(clouds[1]).await];
    connection.post("resume").await;
    connection.settles().await;
    assert_eq!([written(clouds[0]).await, written(clouds[1]).await], before, "a second run plans nothing");
    assert_eq!(
        connection.post("preview").await["appointments"],
        json!({"create": 0, "change": 0, "delete": 0})
    );
}

/// Requests that change something in a calendar, by what they are.
async fn written(cloud: &Cloud) -> Value {
    let standing = cloud.standing().await;
    let of = |name: &str| standing[name].as_object().cloned().unwrap_or_default();
    let alone = of("requests").into_iter().filter(|(asked, _)| {
        let changes = ["/calendars", "/events"].iter().any(|place| asked.contains(place));
        changes && !asked.starts_with("GET ") && !asked.ends_with("/watch")
    });
    let batched = of("batched").into_iter().filter(|(method, _)| method != "GET");
    alone.chain(batched).collect()
}
