//! Who is let in, to what, how often; and what planned faults look like.

use jiff::SignedDuration;
use serde_json::json;

use crate::house::{CLIENT, EVENTS, House, timed};

const PRIMARY: &str = "/calendar/v3/calendars/primary";
const OWN: &str = "/calendar/v3/calendars/own%40group.calendar.google.com/events";
const WRITER: &str = "/calendar/v3/calendars/writer%40clinic.example/events";
const HOLIDAYS: &str = "/calendar/v3/calendars/de.german%23holiday%40group.v.calendar.google.com/events";
const LIST: &str = "/calendar/v3/users/me/calendarList";

#[tokio::test]
async fn a_token_must_be_good() {
    let house = House::new();
    let expected = json!({"error": {"errors": [{"domain": "global", "reason": "authError",
        "message": "Invalid Credentials", "locationType": "header", "location": "Authorization"}],
        "code": 401, "message": "Invalid Credentials"}});
    for bad in ["", "Bearer nonsense", "Basic x"] {
        let answer = house.ask("GET", EVENTS, &[("authorization", bad)], "").await;
        assert_eq!((answer.code(), answer.json()), (401, expected.clone()), "{bad}");
    }
    house.pass(SignedDuration::from_hours(2));
    assert_eq!(house.get(EVENTS).await.code(), 401);
}

#[tokio::test]
async fn scopes_open_what_they_name() {
    let cases = [
        ("calendar.freebusy", [403, 403, 403, 403, 403]),
        ("calendar.events.freebusy", [403, 200, 200, 200, 200]),
        ("calendar.events.readonly", [403, 200, 200, 200, 200]),
        ("calendar.events.owned.readonly", [403, 200, 200, 403, 403]),
        ("calendar.events.public.readonly", [403, 403, 403, 403, 200]),
        ("calendar.app.created", [403, 404, 404, 404, 404]),
        ("calendar.calendarlist.readonly", [200, 403, 403, 403, 403]),
        ("calendar.readonly", [200, 200, 200, 200, 200]),
    ];
    for (scope, expected) in cases {
        let house = House::new().with_scopes(&[scope]);
        let mut codes = Vec::new();
        for path in [LIST, EVENTS, OWN, WRITER, HOLIDAYS] {
            codes.push(house.get(path).await.code());
        }
        assert_eq!(codes, expected, "{scope}");
    }
    let house = House::new().with_scopes(&["calendar.events.readonly"]);
    let refused = house.post(EVENTS, &timed("abcde", "03-03T09:00", "03-03T10:00")).await;
    let error = &refused.json()["error"];
    assert_eq!((&error["code"], &error["status"]), (&json!(403), &json!("PERMISSION_DENIED")));
    assert_eq!(error["errors"][0]["reason"], "insufficientPermissions");
    assert_eq!(error["details"][0]["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
}

#[tokio::test]
async fn a_client_that_sees_only_its_own_calendars() {
    let house = House::new().with_scopes(&["calendar.app.created"]);
    let made = house.post("/calendar/v3/calendars", &json!({"summary": "Clinic"})).await.json();
    let id = made["id"].as_str().unwrap().replace('@', "%40");
    let events = format!("/calendar/v3/calendars/{id}/events");
    assert_eq!(house.post(&events, &timed("abcde", "03-03T09:00", "03-03T10:00")).await.code(), 200);
    assert_eq!(house.get(&format!("{LIST}/{id}")).await.json()["summary"], "Clinic");
    let channel = json!({"id": "c1", "type": "web_hook", "address": "https://hooks.example/google"});
    assert_eq!(house.post(&format!("{events}/watch"), &channel).await.code(), 200);
    let token = house.token_for("another.apps.googleusercontent.com", &["calendar.app.created"]);
    let other = house.ask("GET", &events, &[("authorization", &format!("Bearer {token}"))], "").await;
    assert_eq!(other.code(), 404);
    assert_eq!(house.get(PRIMARY).await.code(), 404);
}

#[tokio::test]
async fn times_are_all_that_the_narrow_scope_shows() {
    let house = House::new();
    house.insert(&timed("abcde", "03-03T09:00", "03-03T10:00")).await;
    let house = house.with_scopes(&["calendar.events.freebusy"]);
    let read = house.get(&format!("{EVENTS}/abcde")).await.json();
    let keys: Vec<&str> = read.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["end", "etag", "id", "kind", "start", "status"]);
}

#[tokio::test]
async fn too_many_requests_are_refused_by_turns() {
    let house = House::new();
    let path = format!("{PRIMARY}/events/nothing");
    for _ in 0..600 {
        assert_eq!(house.get(&path).await.code(), 404);
    }
    let (first, second) = (house.get(&path).await.refusal(), house.get(&path).await.refusal());
    assert_eq!(first, (403, "userRateLimitExceeded".to_owned()));
    assert_eq!(second, (429, "rateLimitExceeded".to_owned()));
    house.pass(SignedDuration::from_secs(60));
    assert_eq!(house.get(&path).await.code(), 404);
}

#[tokio::test]
async fn planned_faults_look_like_googles() {
    let house = House::new();
    let cases = [
        (json!({"too_many": {"retry_after_s": 7}}), 429, "rateLimitExceeded", "7"),
        (json!({"forbidden": {"reason": "quotaExceeded"}}), 403, "quotaExceeded", ""),
        (json!({"forbidden": {"reason": "rateLimitExceeded"}}), 403, "rateLimitExceeded", ""),
        (json!({"status": {"status": 500, "retry_after_s": null}}), 500, "backendError", ""),
        (json!("cursor_expired"), 410, "fullSyncRequired", ""),
        (json!("unauthorized"), 401, "authError", ""),
    ];
    for (answer, status, reason, retry_after) in cases {
        house.control(json!({"faults": [{"account": "dora", "operation": "list", "answer": answer}]})).await;
        let refused = house.get(EVENTS).await;
        assert_eq!(
            (refused.refusal(), refused.retry_after.as_str()),
            ((status, reason.to_owned()), retry_after)
        );
        assert_eq!(house.get(EVENTS).await.code(), 200);
    }
    house.control(json!({"faults": [{"answer": {"html": {"status": 503}}}]})).await;
    let page = house.get(EVENTS).await;
    assert_eq!((page.code(), page.content_type.as_str()), (503, "text/html; charset=UTF-8"));
    house.control(json!({"faults": [{"operation": "write", "answer": "lost_answer"}]})).await;
    let lost = house.post(EVENTS, &timed("abcde", "03-03T09:00", "03-03T10:00")).await;
    assert_eq!(lost.code(), 503);
    assert_eq!(house.get(&format!("{EVENTS}/abcde")).await.code(), 200);
}

#[tokio::test]
async fn a_listing_may_lag_behind_a_write() {
    let house = House::new();
    house.insert(&timed("first", "03-03T09:00", "03-03T10:00")).await;
    let (_, token) = house.full("").await;
    house.pass(SignedDuration::from_mins(1));
    house.insert(&timed("nested", "03-03T09:00", "03-03T10:00")).await;
    for (query, known) in [(String::new(), "first"), (format!("syncToken={token}"), "")] {
        house.control(json!({"faults": [{"operation": "list", "answer": "stale"}]})).await;
        let (ids, next) = house.full(&query).await;
        assert_eq!(ids, known);
        assert_eq!(house.news("", &next).await.0, "nested");
    }
    assert_eq!(house.full("").await.0, "first nested");
}

#[tokio::test]
async fn requests_are_counted_by_what_they_are() {
    let house = House::new();
    house.get(EVENTS).await;
    house.get(OWN).await;
    house.get(&format!("{EVENTS}/nothing")).await;
    let counted = house.get("/control").await.json()["requests"].clone();
    assert_eq!(counted["GET /calendar/v3/calendars/{calendar}/events"], 2);
    assert_eq!(counted["GET /calendar/v3/calendars/{calendar}/events/{event}"], 1);
    assert_eq!(house.get("/calendar/v3/colors").await.refusal(), (404, "notFound".to_owned()));
    assert!(CLIENT.ends_with("googleusercontent.com"));
}
