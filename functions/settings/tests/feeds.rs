//! The read-only feed at the door: who makes it, who reads it, what it tells, when it is over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use daybook_core::appointment::{Appointment, Kind, Participation, Status};
use daybook_core::detail::{Detail, Disclosure, Modality};
use daybook_core::time::Interval;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use world::{Answer, OTHER_KEY, PLATFORM, World};

const FEED: &str = "/v1/practices/demo/practitioners/prac-1/feed";
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

fn appointment(id: &str, start: &str, disclosure: Disclosure) -> Appointment {
    let start: Timestamp = start.parse().unwrap();
    Appointment {
        id: id.into(),
        status: Status::Booked,
        when: Some(Ok(Interval::new(start, start + SignedDuration::from_mins(50)).unwrap())),
        practitioners: vec![("prac-1".into(), Participation::Accepted)],
        kind: Kind::Patient,
        disclosure,
    }
}

fn two() -> Vec<Appointment> {
    let at_a_distance = Disclosure::Appointment { modality: Some(Modality::Telehealth) };
    vec![
        appointment("a2", "2026-10-14T15:00:00Z", at_a_distance),
        appointment("a1", "2026-10-13T14:00:00Z", Disclosure::Busy),
    ]
}

async fn made(world: &World, body: Option<Value>) -> (Answer, String) {
    let made = world.ask("POST", FEED, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.body["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    (made, path)
}

async fn fetch(world: &World, path: &str, headers: &[(&str, &str)]) -> Answer {
    world.ask_raw("GET", path, String::new(), headers).await
}

async fn set_policy(world: &World, policy: Value) {
    let bearer = format!("Bearer {PLATFORM}");
    let body = json!({"policy": policy});
    let set = world.ask_with("PUT", "/v1/practices/demo", Some(body), &[("authorization", &bearer)]).await;
    assert_eq!(set.status, 200, "{}", set.text);
}

#[tokio::test]
async fn a_feed_is_made_shown_once_looked_at_and_revoked() {
    let world = World::new().await;
    assert_eq!(world.ask("GET", FEED, None).await.status, 404);
    let (answer, path) = made(&world, None).await;
    let url = answer.body["url"].as_str().unwrap();
    let expected = json!({"practitioner_id": "prac-1", "state": "active", "detail": "busy",
        "effective_detail": "busy", "effective_detail_reason": null, "created_at": "2026-10-12T13:05:12Z",
        "last_fetched_at": null, "expires_at": "2027-01-10T13:05:12Z", "url": url,
        "webcal_url": url.replace("http:", "webcal:")});
    assert_eq!(answer.body, expected);
    let seen = world.ask("GET", FEED, None).await;
    let secret = path.strip_prefix("/feeds/").unwrap().strip_suffix(".ics").unwrap();
    assert!(!seen.text.contains(secret) && seen.body.get("url").is_none(), "{}", seen.text);
    assert_eq!(fetch(&world, &path, &[]).await.status, 200);
    let seen = world.ask("GET", FEED, None).await;
    assert_eq!(seen.body["last_fetched_at"], "2026-10-12T13:05:12Z");
    let trail = world.ask("GET", "/v1/practices/demo/audit", None).await.text;
    assert!(trail.contains("feed.made") && trail.contains("prac-1") && !trail.contains(secret), "{trail}");
    for _ in 0..2 {
        assert_eq!(world.ask("DELETE", FEED, None).await.status, 204);
        assert_eq!(fetch(&world, &path, &[]).await.status, 404);
        assert_eq!(world.ask("GET", FEED, None).await.status, 404);
    }
    let trail = world.ask("GET", "/v1/practices/demo/audit", None).await.text;
    assert_eq!(trail.matches("feed.revoked").count(), 1, "the second time there was none: {trail}");
}

#[tokio::test]
async fn a_second_one_has_another_address_and_ends_the_first() {
    let world = World::new().await;
    let ((_, first), (_, second)) = (made(&world, None).await, made(&world, None).await);
    assert_ne!(first, second);
    assert_eq!(fetch(&world, &first, &[]).await.status, 404);
    assert_eq!(fetch(&world, &second, &[]).await.status, 200);
}

#[tokio::test]
async fn a_repeated_request_makes_no_second_and_tells_no_address_again() {
    let world = World::new().await;
    let key = [("idempotency-key", "k1")];
    let first = world.ask_with("POST", FEED, None, &key).await;
    let again = world.ask_with("POST", FEED, None, &key).await;
    assert_eq!((first.status, again.status), (201.try_into().unwrap(), 201.try_into().unwrap()));
    assert_eq!((&again.body["url"], &again.body["webcal_url"]), (&Value::Null, &Value::Null));
    assert_eq!(again.body["created_at"], first.body["created_at"]);
    let path = first.body["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    assert_eq!(fetch(&world, path, &[]).await.status, 200, "the first address still opens it");
}

#[tokio::test]
async fn it_tells_the_appointments_and_hints_when_to_come_again() {
    let world = World::new().await;
    world.ehr.book(Some(two()));
    let (_, path) = made(&world, Some(json!({"detail": "appointment"}))).await;
    let file = fetch(&world, &path, &[]).await;
    assert_eq!(file.headers["content-type"], "text/calendar; charset=utf-8");
    assert_eq!(file.headers["cache-control"], "private, max-age=300");
    assert_eq!(file.headers["last-modified"], "Mon, 12 Oct 2026 13:05:12 GMT");
    for line in ["METHOD:PUBLISH", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"] {
        assert!(file.text.contains(&format!("\r\n{line}\r\n")), "{line} in {}", file.text);
    }
    let of = |name: &str| -> Vec<String> {
        let lines = file.text.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(of("DTSTART:"), ["20261013T140000Z", "20261014T150000Z"]);
    assert_eq!(of("SUMMARY:"), ["Busy", "Appointment (telehealth)"]);
    assert!(of("UID:").iter().all(|uid| uid.starts_with("db1") && uid.len() == 43), "{}", file.text);
    assert_eq!(world.ehr.looks(), [Detail::Appointment]);
}

#[tokio::test]
async fn no_more_is_asked_of_the_ehr_than_may_be_told() {
    let world = World::new().await;
    let (answer, path) = made(&world, Some(json!({"detail": "full"}))).await;
    assert_eq!(answer.body["effective_detail"], "appointment");
    assert!(answer.body["effective_detail_reason"].is_string());
    fetch(&world, &path, &[]).await;
    // A lowered cap holds at once, also over what was read a moment ago.
    set_policy(&world, json!({"part2": true})).await;
    fetch(&world, &path, &[]).await;
    assert_eq!(world.ehr.looks(), [Detail::Appointment, Detail::Busy]);
    assert_eq!(world.ask("GET", FEED, None).await.body["effective_detail"], "busy");
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again_and_the_ehr_is_left_alone() {
    let world = World::new().await;
    world.ehr.book(Some(two()));
    let (_, path) = made(&world, None).await;
    let first = fetch(&world, &path, &[]).await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"'), "a strong one: {tag}");
    let weak = format!("\"other\", W/{tag}");
    for (seconds, known) in [(0, tag.as_str()), (200, "*"), (400, weak.as_str()), (2 * HOUR, tag.as_str())] {
        world.clock.move_on(SignedDuration::from_secs(seconds));
        let again = fetch(&world, &path, &[("if-none-match", known)]).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "after {seconds} s");
        assert_eq!(again.headers["etag"], tag.as_str());
    }
    assert_eq!(world.ehr.looks().len(), 3, "at most once in five minutes");
    let head = world.ask_raw("HEAD", &path, String::new(), &[]).await;
    assert_eq!(
        (head.status.as_u16(), head.text.as_str(), &head.headers["etag"]),
        (200, "", &first.headers["etag"])
    );
    world.ehr.book(Some(two().into_iter().take(1).collect()));
    world.clock.move_on(SignedDuration::from_secs(300));
    let changed = fetch(&world, &path, &[("if-none-match", &tag)]).await;
    assert_eq!((changed.status.as_u16(), changed.text.matches("BEGIN:VEVENT").count()), (200, 1));
    let sequence = |text: &str| -> u64 {
        text.lines().find_map(|line| line.strip_prefix("SEQUENCE:")).unwrap().parse().unwrap()
    };
    assert!(sequence(&changed.text) > sequence(&first.text));
    assert_eq!(fetch(&world, &path, &[]).await.text, changed.text, "asked again, byte for byte");
}

#[tokio::test]
async fn an_ehr_that_is_down_is_told_and_not_asked_again_at_once() {
    let world = World::new().await;
    let (_, path) = made(&world, None).await;
    world.ehr.book(None);
    for _ in 0..3 {
        let answer = fetch(&world, &path, &[]).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["type"]),
            (502, &json!("/problems/ehr-unreachable"))
        );
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(world.ehr.looks().len(), 1);
    world.ehr.book(Some(two()));
    world.clock.move_on(SignedDuration::from_secs(60));
    assert_eq!(fetch(&world, &path, &[]).await.status, 200);
}

/// Whoever tries addresses learns nothing from the answers.
#[tokio::test]
async fn what_is_wrong_with_an_address_is_not_told() {
    let world = World::new().await;
    let (_, path) = made(&world, None).await;
    let nothing = fetch(&world, "/feeds/nothing.ics", &[]).await;
    assert_eq!((nothing.status.as_u16(), &nothing.body["type"]), (404, &json!("/problems/not-found")));
    let long = format!("/feeds/{}.ics", "x".repeat(4_000));
    let bare = path.strip_suffix(".ics").unwrap().to_owned();
    for (wrong, why) in [(long, "long"), (bare, "without its ending"), ("/feeds/.ics".into(), "empty")] {
        let answer = fetch(&world, &wrong, &[]).await;
        assert_eq!((answer.status, answer.text), (nothing.status, nothing.text.clone()), "{why}");
    }
    set_policy(&world, json!({"feed": "forbidden"})).await;
    let forbidden = fetch(&world, &path, &[]).await;
    assert_eq!((forbidden.status, forbidden.text), (nothing.status, nothing.text.clone()), "forbidden");
    assert_eq!(world.ask("GET", FEED, None).await.body["state"], "forbidden");
    let refused = world.ask("POST", FEED, None).await;
    assert_eq!((refused.status.as_u16(), &refused.body["type"]), (403, &json!("/problems/not-allowed")));
    set_policy(&world, json!({})).await;
    assert_eq!(fetch(&world, &path, &[]).await.status, 200, "allowed again, it goes on");
    assert_eq!(world.ask_raw("POST", &path, String::new(), &[]).await.status, 405);
}

#[tokio::test]
async fn after_ninety_days_without_a_fetch_it_is_over_and_says_so() {
    let world = World::new().await;
    let (_, path) = made(&world, None).await;
    world.clock.move_on(SignedDuration::from_secs(90 * DAY - 1));
    assert_eq!(fetch(&world, &path, &[]).await.status, 200);
    world.clock.move_on(SignedDuration::from_secs(90 * DAY - 1));
    assert_eq!(world.ask("GET", FEED, None).await.body["state"], "active");
    world.clock.move_on(SignedDuration::from_secs(1));
    assert_eq!(fetch(&world, &path, &[]).await.status, 404);
    assert_eq!(world.ask("GET", FEED, None).await.body["state"], "expired");
    let (_, fresh) = made(&world, None).await;
    assert_eq!(fetch(&world, &fresh, &[]).await.status, 200);
}

#[tokio::test]
async fn only_the_practices_key_makes_one_and_only_for_whom_the_ehr_knows() {
    let world = World::new().await;
    let other = format!("Bearer {OTHER_KEY}");
    for (path, bearer, status) in [
        (FEED, other.as_str(), 404),
        (FEED, "Bearer nonsense", 401),
        ("/v1/practices/demo/practitioners/stranger/feed", "", 404),
        ("/v1/practices/demo/practitioners/a%20b/feed", "", 404),
    ] {
        let headers: Vec<_> =
            [("authorization", bearer)].into_iter().filter(|(_, key)| !key.is_empty()).collect();
        let answer = world.ask_with("POST", path, None, &headers).await;
        assert_eq!(answer.status, status, "{path} {bearer}: {}", answer.text);
    }
    for body in [json!({"detail": "everything"}), json!({"more": 1})] {
        let answer = world.ask("POST", FEED, Some(body)).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
    }
}
