//! The practice's pages at the door: who may see them, what they never show, and what an administrator settles there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use daybook_core::access::{Access, Reads, Writes};
use daybook_core::connection::{Disconnect, Problem, ProblemKind};
use daybook_engine::ports::Clock;
use serde_json::{Value, json};
use world::launch::{claims, token};
use world::{Answer, PASSWORD, World};

const PAGES: [&str; 5] =
    ["", "/policy", "/agreements", "/audit", "/audit/export?from=2026-10-01&to=2026-10-31&form=csv"];
const FORMS: [&str; 5] = ["/policy", "/policy/preview", "/agreements", "/agreements/withdraw", "/disconnect"];
const POLICY: &str = "detail_cap=busy&provider=google&provider=microsoft&provider=caldav&domains=all&past_days=3650\
                      &future_days=1826&feed=allowed";

/// A browser with a session.
struct Person<'w> {
    world: &'w World,
    cookie: String,
}

async fn person(world: &World, more: Value) -> Person<'_> {
    let signed = token("demo", &claims(more));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = world.ask_raw("POST", "/launch", format!("launch_token={signed}"), &form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let line = answer.headers["set-cookie"].to_str().unwrap();
    Person { world, cookie: line.split(';').next().unwrap().to_owned() }
}

async fn admin(world: &World) -> Person<'_> {
    person(world, json!({"role": "practice_admin", "sub": "User/1"})).await
}

impl Person<'_> {
    async fn get(&self, path: &str) -> Answer {
        self.world.ask_raw("GET", path, String::new(), &[("cookie", &self.cookie)]).await
    }

    async fn see(&self, page: &str) -> String {
        let answer = self.get(&format!("/settings/practice{page}")).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.text);
        answer.text
    }

    async fn post(&self, page: &str, form: &str) -> Answer {
        let headers =
            [("cookie", self.cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        self.world.ask_raw("POST", &format!("/settings/practice{page}"), form.to_owned(), &headers).await
    }

    /// The form's hidden fields, as the page of this session has them.
    async fn send(&self, page: &str, form: &str) -> Answer {
        let shown = self.see("/policy").await;
        let value = |name: &str| {
            let rest = shown.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        self.post(page, &format!("form_token={}&seen={}&{form}", value("form_token"), value("seen"))).await
    }
}

fn place(answer: &Answer) -> &str {
    answer.headers["location"].to_str().unwrap()
}

#[tokio::test]
async fn the_pages_are_the_administrators_alone() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let home = admin.get("/settings").await;
    assert_eq!((home.status.as_u16(), place(&home)), (303, "/settings/practice"));
    for page in PAGES {
        admin.see(page).await;
    }
    let delegate = json!({"role": "delegate", "act": {"sub": "User/9"}});
    for who in [json!({}), delegate] {
        let person = person(&world, who.clone()).await;
        for page in PAGES {
            let answer = person.get(&format!("/settings/practice{page}")).await;
            assert_eq!(answer.status, 403, "{who} {page}");
        }
        let own = person.get("/settings/connect").await.text;
        let token = own.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        for page in FORMS {
            let answer = person.post(page, &format!("form_token={token}&{POLICY}")).await;
            assert_eq!(answer.status, 403, "{who} {page}");
        }
    }
    for page in FORMS {
        assert_eq!(admin.post(page, POLICY).await.status, 403, "{page} without our token");
    }
    assert_eq!(world.ask_raw("GET", "/settings/practice", String::new(), &[]).await.status, 401);
}

#[tokio::test]
async fn nothing_of_a_clinicians_calendar_is_shown() {
    let world = World::new().await;
    let caldav = json!({"url": "http://127.0.0.1:5232/", "username": "canary-ada", "password": PASSWORD});
    let made = world
        .connected(json!({"detail": "full", "caldav": caldav, "direction": "two_way",
            "main_calendar": {"id": "/ada/home/"}, "blocking_calendars": ["/ada/holidays/"]}))
        .await;
    world.ask_with("POST", &format!("{made}/pause"), None, &[("daybook-actor", "canary@example.org")]).await;
    let admin = admin(&world).await;
    for page in PAGES {
        let shown = admin.see(page).await;
        for word in ["canary", "ada home", "ada holidays", "/ada/", "5232", PASSWORD] {
            assert!(!shown.contains(word), "{word} on {page}: {shown}");
        }
    }
    let people = admin.see("").await;
    for words in ["c…@127.0.0.1", "Paused.", "America/New_York, as set in the EHR", "None are set in the EHR"]
    {
        assert!(people.contains(words), "{words}: {people}");
    }
}

#[tokio::test]
async fn what_lowering_does_is_said_before_the_click() {
    let world = World::new().await;
    world.connected(json!({"detail": "full"})).await;
    let admin = admin(&world).await;
    let preview = admin.send("/policy/preview", POLICY).await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    for words in
        ["Only that the clinician is busy (so far: Client, service and place)", "In 1 calendar every entry"]
    {
        assert!(preview.text.contains(words), "{}", preview.text);
    }
    assert!(admin.see("/policy").await.contains("value=\"full\" checked"), "nothing is saved by looking");
    let saved = admin.send("/policy", POLICY).await;
    assert_eq!((saved.status.as_u16(), place(&saved)), (303, "/settings/practice/policy?saved"));
    let shown = admin.see("/policy?saved").await;
    assert!(shown.contains("value=\"busy\" checked") && shown.contains("Saved."), "{shown}");
    let unchanged = admin.send("/policy/preview", POLICY).await;
    assert!(unchanged.text.contains("Nothing: this is what holds already."), "{}", unchanged.text);
    let trail = admin.see("/audit").await;
    assert!(trail.contains("Changed what is allowed: the most that is told"), "{trail}");
    assert!(trail.contains("administrator User/1"), "{trail}");
}

#[tokio::test]
async fn whoever_subscribes_is_listed_and_what_forbidding_it_does_is_said_before() {
    let world = World::new().await;
    let feed = "/v1/practices/demo/practitioners/prac-1/feed";
    let made = world.ask("POST", feed, Some(json!({"detail": "appointment"}))).await;
    let secret = made.body["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let admin = admin(&world).await;
    let people = admin.see("").await;
    for words in ["prac-1", "Subscribes with a secret address. No calendar has fetched it yet.", "by video."]
    {
        assert!(people.contains(words), "{words}: {people}");
    }
    assert!(!people.contains(&secret) && !people.contains("Nobody yet"), "{people}");
    let without = POLICY.replace("&feed=allowed", "");
    let preview = admin.send("/policy/preview", &without).await.text;
    assert!(preview.contains("No longer updated: 1 subscription"), "{preview}");
    admin.send("/policy", &without).await;
    assert!(admin.see("").await.contains("Stopped: your practice does not allow subscriptions."));
}

#[tokio::test]
async fn an_administrator_ends_a_connection_in_the_clinicians_place() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    let id = made.rsplit('/').next().unwrap();
    let admin = admin(&world).await;
    let link = format!("/settings/practice/disconnect?connection={id}");
    assert!(admin.see("").await.contains(&link));
    let asked = admin.see(&format!("/disconnect?connection={id}")).await;
    for words in ["of prac-1", "Remove them", "clients may book them"] {
        assert!(asked.contains(words), "{words}: {asked}");
    }
    for nowhere in ["", "nothing"] {
        let answer = admin.get(&format!("/settings/practice/disconnect?connection={nowhere}")).await;
        assert_eq!(answer.status, 404, "{nowhere}");
    }
    let clinician = person(&world, json!({})).await;
    assert_eq!(clinician.get(&link).await.status, 403);
    assert_eq!(admin.send("/disconnect", &format!("connection={id}&mirrors=remove")).await.status, 303);
    let state = world.ask("GET", &made, None).await.body["state"].clone();
    assert!(["disconnecting", "disconnected"].contains(&state.as_str().unwrap()), "{state}");
    assert!(!admin.see("").await.contains(&link));
    let trail = admin.see("/audit").await;
    assert!(trail.contains("Disconnected") && trail.contains("administrator User/1"), "{trail}");
}

/// Only a refused sign-in keeps Daybook out; one that lacks a permission for something new is let in still.
#[tokio::test]
async fn an_administrator_is_told_whether_the_account_can_be_opened() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    let id = made.rsplit('/').next().unwrap();
    let admin = admin(&world).await;
    let shut = "Daybook cannot open this account now";
    let now = world.clock.now();
    let little = Access { writes: Writes::OwnCalendars, reads: Reads::Names };
    for (granted, refused_at, is_shut) in [(little, None, false), (Access::ALL, Some(now), true)] {
        world
            .arrange(&made, |connection| {
                let evidence = &mut connection.evidence;
                (evidence.granted, evidence.needed) = (Some(granted), Some(Access::ALL));
                evidence.refused_at = refused_at;
            })
            .await;
        assert_eq!(world.ask("GET", &made, None).await.body["state"], "reconnect_required");
        let asked = admin.see(&format!("/disconnect?connection={id}")).await;
        assert_eq!(asked.contains(shut), is_shut, "{asked}");
    }
}

/// The page where a connection is ended promises its number, whether or not it tells too much.
#[tokio::test]
async fn an_administrator_sees_what_was_left_behind_in_an_account_that_is_shut() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    let id = made.rsplit('/').next().unwrap();
    let now = world.clock.now();
    world.arrange(&made, |connection| connection.evidence.refused_at = Some(now)).await;
    let admin = admin(&world).await;
    let asked = admin.see(&format!("/disconnect?connection={id}")).await;
    assert!(asked.contains("their number is then shown under “Who is connected”"), "{asked}");
    for (count, is_listed) in [(None, false), (Some(8), true)] {
        world
            .arrange(&made, |connection| {
                let mirrors = daybook_core::connection::Mirrors::Remove;
                connection.evidence.disconnect = Some(Disconnect { asked_at: now, mirrors });
                connection.evidence.disconnected_at = Some(now);
                let left = count.map(|count| Problem {
                    kind: ProblemKind::LeftBehind,
                    detail: "8 events of ours could not be removed".to_owned(),
                    count: Some(count),
                    since: now,
                });
                connection.problems = left.map(|left| ("left behind".to_owned(), left)).into_iter().collect();
            })
            .await;
        let page = admin.see("").await;
        assert_eq!(page.contains("Left behind:</strong> 8 entries."), is_listed, "{page}");
        assert_eq!(page.contains("prac-1"), is_listed, "{page}");
    }
}

#[tokio::test]
async fn a_policy_that_was_set_meanwhile_is_not_overwritten() {
    let world = World::new().await;
    let admin = admin(&world).await;
    admin.send("/policy", POLICY).await;
    let late = format!("seen=&{}", POLICY.replace("busy", "full"));
    let shown = admin.see("/policy").await;
    let token = shown.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(admin.post("/policy", &format!("form_token={token}&{late}")).await.status, 409);
    for (wrong, kept) in [
        ("detail_cap=busy&domains=some&domain_list=ada%40x.org", ">ada@x.org</textarea>"),
        ("detail_cap=all", "name=\"part2\" value=\"yes\" checked"),
        ("detail_cap=busy&past_days=9999", "value=\"9999\""),
    ] {
        let answer = admin.send("/policy/preview", &format!("part2=yes&{wrong}&{POLICY}")).await;
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text);
        assert!(
            answer.text.contains("role=\"alert\"") && answer.text.contains(kept),
            "{wrong}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn an_agreement_is_put_on_record_and_withdrawn() {
    let world = World::new().await;
    world.connected(json!({"detail": "full"})).await;
    let admin = admin(&world).await;
    assert!(admin.see("/agreements").await.contains("Connected without an agreement: calendars.example.org"));
    let form = "domain=Calendars.example.org&attested_by=Avery+Admin&years=2";
    let refused = admin.send("/agreements", form).await;
    assert_eq!(refused.status, 422, "without a word");
    for kept in [
        "role=\"alert\">Tick the box",
        "value=\"Calendars.example.org\"",
        "value=\"Avery Admin\"",
        "\"2\" selected",
    ] {
        assert!(refused.text.contains(kept), "{kept}: {}", refused.text);
    }
    let given = admin.send("/agreements", &format!("{form}&confirmed=yes")).await;
    assert_eq!((given.status.as_u16(), place(&given)), (303, "/settings/practice/agreements?given"));
    let shown = admin.see("/agreements").await;
    for words in ["Holds until Oct 11, 2028", "Confirmed by Avery Admin", "1 account is connected"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(admin.see("").await.contains("Tells: client, service and place."), "the level follows");
    for _ in 0..2 {
        assert_eq!(admin.send("/agreements/withdraw", "domain=calendars.example.org").await.status, 303);
    }
    assert!(admin.see("/agreements").await.contains("None. Entries tell no more"));
    let trail = admin.see("/audit").await;
    assert_eq!(trail.matches("Withdrew an agreement: calendars.example.org").count(), 1, "{trail}");
    assert_eq!(trail.matches("Put an agreement on record: calendars.example.org").count(), 1, "{trail}");
    assert!(!trail.contains("Avery"), "{trail}");
}

#[tokio::test]
async fn the_trail_is_exported_for_a_span_of_days() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    world.ask_with("POST", &format!("{made}/pause"), None, &[("daybook-actor", "=1+1,\"x\"")]).await;
    let admin = admin(&world).await;
    let csv = admin.get("/settings/practice/audit/export?from=2026-10-12&to=2026-10-12&form=csv").await;
    let kind = csv.headers["content-disposition"].to_str().unwrap();
    assert_eq!(kind, "attachment; filename=\"daybook-audit-2026-10-12-to-2026-10-12.csv\"");
    assert!(csv.text.starts_with("id,at,actor,") && csv.text.contains("\"'=1+1,\"\"x\"\"\""), "{}", csv.text);
    let json = admin.get("/settings/practice/audit/export?from=2026-10-12&to=2026-10-12&form=json").await;
    let items = json.body["items"].as_array().unwrap();
    assert_eq!(json.body["practice"], "demo");
    let deed = |deed: &str| items.iter().filter(|one| one["deed"] == deed).count();
    assert_eq!((deed("connection.paused"), deed("audit.exported"), deed("launch.opened")), (1, 1, 1));
    let later = admin.get("/settings/practice/audit/export?from=2026-10-13&to=2026-10-14&form=json").await;
    assert_eq!(later.body["items"], json!([]));
    for days in ["from=2026-10-14&to=2026-10-13", "from=yesterday&to=2026-10-13", ""] {
        let answer = admin.get(&format!("/settings/practice/audit/export?{days}")).await;
        assert_eq!(answer.status, 422, "{days}");
    }
}

#[tokio::test]
async fn the_trail_is_shown_page_by_page() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    for _ in 0..60 {
        world.clock.move_on(jiff::SignedDuration::from_secs(1));
        world.ask("POST", &format!("{made}/sync"), None).await;
    }
    let admin = admin(&world).await;
    let first = admin.see("/audit").await;
    let older = first.split("/audit?before=").nth(1).unwrap().split('"').next().unwrap();
    let second = admin.see(&format!("/audit?before={older}")).await;
    let count = |page: &str| page.matches("<time ").count();
    assert_eq!((count(&first), count(&second)), (50, 14), "{second}");
    assert!(second.contains("Began a connection") && !second.contains(">Older<"), "{second}");
}
