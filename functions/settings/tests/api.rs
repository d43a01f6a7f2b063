//! The API from its outside: every route, every refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use serde_json::{Value, json};
use world::{CONNECTIONS, KEY, OTHER_KEY, PASSWORD, World, body};

#[tokio::test]
async fn a_connection_is_made_with_the_defaults() {
    let world = World::new().await;
    let made = world.ask("POST", CONNECTIONS, Some(body(json!({})))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.headers["etag"], "\"1\"");
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(made.headers["location"], format!("{CONNECTIONS}/{id}"));
    let expected = json!({
        "id": id, "practitioner_id": "prac-1", "provider": "caldav", "account": "ada@127.0.0.1",
        "direction": "ehr_to_calendar", "window": {"past_days": 7, "future_days": 365},
        "detail": "busy", "effective_detail": "busy", "effective_detail_reason": null,
        "main_calendar": {"id": null, "name": "Work schedule"}, "blocking_calendars": [],
        "aged_out": "remove", "block_scope": "all", "reminder_minutes": null, "start": "when_authorised",
        "state": "syncing", "settled": false, "progress": {"done": 0, "total": 0},
        "counts": {"mirrored_events": 0, "busy_blocks": 0, "owing": 0}, "above_detail": 0,
        "last_synced_at": null, "next_sync_at": "2026-10-12T13:05:12Z", "problems": [],
        "created_at": "2026-10-12T13:05:12Z", "version": 1});
    assert_eq!(made.body, expected);
    assert_eq!(world.queue.len(), 1);
    let read = world.ask("GET", &format!("{CONNECTIONS}/{id}"), None).await;
    assert_eq!((read.status.as_u16(), read.body), (200, expected));
}

#[tokio::test]
async fn settings_are_taken_as_given() {
    let world = World::new().await;
    let chosen = json!({"direction": "two_way", "window": {"past_days": 0, "future_days": 1826},
        "detail": "full", "main_calendar": {"id": "/ada/home/"}, "blocking_calendars": ["/ada/holidays/"],
        "aged_out": "keep", "block_scope": "hours", "reminder_minutes": 15, "start": "when_confirmed"});
    let path = world.connected(chosen.clone()).await;
    let read = world.ask("GET", &path, None).await.body;
    for name in ["direction", "window", "detail", "aged_out", "block_scope", "reminder_minutes", "start"] {
        assert_eq!(read[name], chosen[name], "{name}");
    }
    assert_eq!(read["main_calendar"], json!({"id": "/ada/home/", "name": "ada home"}));
    assert_eq!(read["blocking_calendars"], json!([{"id": "/ada/holidays/", "name": "ada holidays"}]));
    assert_eq!(read["effective_detail"], "appointment");
    assert!(read["effective_detail_reason"].as_str().unwrap().contains("account"));
    assert_eq!((&read["state"], world.queue.len()), (&json!("ready"), 0), "nothing before the yes");
}

#[tokio::test]
async fn bad_bodies_name_every_fault_and_quote_none() {
    let world = World::new().await;
    for (more, pointers) in [
        (json!({"bogus": PASSWORD}), vec!["/bogus"]),
        (json!({"direction": "sideways"}), vec!["/direction"]),
        (json!({"direction": null}), vec!["/direction"]),
        (json!({"provider": "yahoo"}), vec!["/provider"]),
        (json!({"practitioner_id": "Practitioner/1"}), vec!["/practitioner_id"]),
        (json!({"practitioner_id": 4}), vec!["/practitioner_id"]),
        (json!({"practitioner_id": "prac-404"}), vec!["/practitioner_id"]),
        (
            json!({"window": {"past_days": 3651, "future_days": 0}}),
            vec!["/window/future_days", "/window/past_days"],
        ),
        (json!({"window": {"past_days": -1, "days": 3}}), vec!["/window/days", "/window/past_days"]),
        (json!({"detail": "everything", "aged_out": 1}), vec!["/aged_out", "/detail"]),
        (json!({"main_calendar": {}}), vec!["/main_calendar"]),
        (json!({"main_calendar": {"id": "a", "create": "b"}}), vec!["/main_calendar"]),
        (json!({"main_calendar": {"create": " "}}), vec!["/main_calendar/create"]),
        (json!({"main_calendar": {"id": "/not/there/"}}), vec!["/main_calendar"]),
        (json!({"main_calendar": {"id": "/ada/holidays/"}}), vec!["/main_calendar"]),
        (json!({"blocking_calendars": ["/ada/home/", "/ada/home/"]}), vec!["/blocking_calendars/1"]),
        (json!({"blocking_calendars": ["/not/there/"]}), vec!["/blocking_calendars"]),
        (json!({"blocking_calendars": "all"}), vec!["/blocking_calendars"]),
        (json!({"reminder_minutes": 40321}), vec!["/reminder_minutes"]),
        (json!({"reminder_minutes": -5}), vec!["/reminder_minutes"]),
        (json!({"start": "now"}), vec!["/start"]),
        (json!({"provider": "google"}), vec!["/caldav"]),
        (json!({"provider": "microsoft"}), vec!["/caldav"]),
        (
            json!({"caldav": {"url": "ftp://x/", "username": "", "password": ""}}),
            vec!["/caldav/password", "/caldav/url", "/caldav/username"],
        ),
        (json!({"caldav": {"url": "http://u:p@x/", "username": "a", "password": "b"}}), vec!["/caldav/url"]),
        (
            json!({"caldav": {"url": "http://x/", "username": "a", "password": 12_345_678}}),
            vec!["/caldav/password", "/caldav"],
        ),
    ] {
        let refused = world.ask("POST", CONNECTIONS, Some(body(more.clone()))).await;
        assert_eq!(refused.status, 422, "{more} {}", refused.text);
        assert_eq!(refused.headers["content-type"], "application/problem+json");
        assert_eq!(refused.body["type"], "/problems/invalid", "{more}");
        let errors = refused.body["errors"].as_array().unwrap();
        let found: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        for pointer in &pointers {
            assert!(found.contains(pointer), "{more}: {found:?}");
        }
        assert_eq!(found.len(), pointers.len(), "{more}: {found:?}");
        assert!(!refused.text.contains(PASSWORD) && !refused.text.contains("12345678"), "{}", refused.text);
    }
    let empty = world.ask("POST", CONNECTIONS, Some(json!({}))).await;
    assert_eq!(empty.body["errors"].as_array().unwrap().len(), 2, "{}", empty.text);
    assert_eq!(world.ask("GET", CONNECTIONS, None).await.body, json!({"items": [], "next": null}));
}

#[tokio::test]
async fn what_cannot_be_connected() {
    let world = World::new().await;
    let sign_in =
        |url: &str, password: &str| json!({"caldav": {"url": url, "username": "ada", "password": password}});
    for (more, status, kind) in [
        (json!({"provider": "microsoft", "caldav": null}), 502, "provider-misconfigured"),
        (sign_in("http://nowhere/", PASSWORD), 422, "invalid"),
        (sign_in("http://127.0.0.1:5232/", "wrong"), 422, "credentials-refused"),
        (sign_in("http://down/", PASSWORD), 502, "calendar-unreachable"),
        (json!({"practitioner_id": "prac-down"}), 502, "ehr-unreachable"),
        (json!({"practitioner_id": "prac-nowhere", "direction": "two_way"}), 422, "time-zone-missing"),
    ] {
        let refused = world.ask("POST", CONNECTIONS, Some(body(more.clone()))).await;
        assert_eq!(refused.status, status, "{more} {}", refused.text);
        assert_eq!(refused.body["type"], format!("/problems/{kind}"), "{more}");
        assert_eq!(refused.body["status"], status);
        assert!(refused.body["title"].is_string());
    }
    world.connected(json!({})).await;
    let again = world.ask("POST", CONNECTIONS, Some(body(json!({})))).await;
    assert_eq!((again.status.as_u16(), &again.body["type"]), (409, &json!("/problems/already-connected")));
}

#[tokio::test]
async fn without_credentials_a_connection_waits_for_somebody_to_sign_in() {
    let world = World::new().await;
    for provider in ["google", "caldav"] {
        let waiting = json!({"provider": provider, "caldav": null});
        let key = [("idempotency-key", provider)];
        let made = world.ask_with("POST", CONNECTIONS, Some(body(waiting.clone())), &key).await;
        let id = made.body["id"].as_str().unwrap();
        assert_eq!((made.status.as_u16(), &made.body["state"]), (201, &json!("authorising")));
        assert_eq!((&made.body["account"], world.queue.len()), (&Value::Null, 0));
        let link = made.body["authorise_url"].as_str().unwrap();
        assert!(link.starts_with(&format!("http://localhost/sign-in/demo/{id}/")), "{link}");
        let again = world.ask_with("POST", CONNECTIONS, Some(body(waiting)), &key).await;
        assert_eq!(
            (&again.body["id"], &again.headers["idempotency-replayed"]),
            (&json!(id), &"true".parse().unwrap())
        );
        let fresh = again.body["authorise_url"].as_str().unwrap();
        assert!(
            fresh.starts_with("http://localhost/sign-in/") && fresh != link,
            "a link is not kept: {fresh}"
        );
        let early = world.ask("POST", &format!("{CONNECTIONS}/{id}/start"), None).await;
        assert_eq!((early.status.as_u16(), &early.body["type"]), (409, &json!("/problems/wrong-state")));
        let password =
            json!({"caldav": {"url": "http://127.0.0.1:5232/", "username": "ada", "password": PASSWORD}});
        let signed_in = world.ask("PATCH", &format!("{CONNECTIONS}/{id}"), Some(password)).await;
        if provider == "google" {
            assert_eq!(
                (signed_in.status.as_u16(), &signed_in.body["errors"][0]["pointer"]),
                (422, &json!("/caldav"))
            );
        } else {
            assert_eq!((signed_in.status.as_u16(), &signed_in.body["state"]), (200, &json!("syncing")));
            assert_eq!(signed_in.body.get("authorise_url"), None);
        }
    }
}

#[tokio::test]
async fn a_bad_query_is_told_by_the_name_of_its_part() {
    let world = World::new().await;
    let path = world.connected(json!({})).await;
    for (method, path, pointer) in [
        ("GET", format!("{CONNECTIONS}?practitioner=x"), "?practitioner"),
        ("GET", format!("{CONNECTIONS}?practitioner_id=a/b"), "?practitioner_id"),
        ("DELETE", format!("{path}?mirrors=burn"), "?mirrors"),
    ] {
        let refused = world.ask(method, &path, None).await;
        let errors = &refused.body["errors"];
        assert_eq!(
            (refused.status.as_u16(), &errors[0]["pointer"]),
            (422, &json!(pointer)),
            "{}",
            refused.text
        );
    }
}

#[tokio::test]
async fn requests_that_cannot_be_read() {
    let world = World::new().await;
    let bearer = format!("Bearer {KEY}");
    let json_type = ("content-type", "application/json");
    for (method, path, body, content_type, status, kind) in [
        ("POST", CONNECTIONS, "{".to_owned(), json_type, 400, "malformed"),
        ("POST", CONNECTIONS, String::new(), json_type, 400, "malformed"),
        ("POST", CONNECTIONS, "[]".to_owned(), json_type, 422, "invalid"),
        ("POST", CONNECTIONS, "{}".to_owned(), ("content-type", "text/plain"), 415, "unsupported-media-type"),
        ("POST", CONNECTIONS, "{}".to_owned(), ("accept", "*/*"), 415, "unsupported-media-type"),
        ("POST", CONNECTIONS, " ".repeat(70_000), json_type, 413, "too-large"),
        ("PUT", CONNECTIONS, String::new(), json_type, 405, "method-not-allowed"),
        ("GET", &format!("{CONNECTIONS}/x/start"), String::new(), json_type, 405, "method-not-allowed"),
        ("GET", "/v1/practices/demo/nonsense", String::new(), json_type, 404, "not-found"),
        ("GET", &format!("{CONNECTIONS}?practitioner=x"), String::new(), json_type, 422, "invalid"),
    ] {
        let headers = [("authorization", bearer.as_str()), content_type];
        let refused = world.ask_raw(method, path, body, &headers).await;
        assert_eq!(refused.status, status, "{method} {path} {}", refused.text);
        assert_eq!(refused.body["type"], format!("/problems/{kind}"));
        assert_eq!(refused.headers["content-type"], "application/problem+json");
    }
    let typed = ("content-type", "Application/JSON; charset=utf-8");
    let headers = [("authorization", bearer.as_str()), typed];
    let made = world.ask_raw("POST", CONNECTIONS, body(json!({})).to_string(), &headers).await;
    assert_eq!(made.status, 201);
}

#[tokio::test]
async fn a_key_opens_its_own_practice_and_nothing_else() {
    let world = World::new().await;
    let path = world.connected(json!({})).await;
    let theirs = path.replace("demo", "other");
    for (path, authorization, status) in [
        (path.as_str(), "", 401),
        (path.as_str(), "Bearer wrong", 401),
        (path.as_str(), &format!("Basic {KEY}"), 401),
        (path.as_str(), &format!("bearer {KEY}"), 200),
        (path.as_str(), &format!("Bearer {OTHER_KEY}"), 404),
        ("/v1/practices/nobody/connections", &format!("Bearer {KEY}"), 404),
        ("/v1/practices/nobody/connections", "Bearer wrong", 401),
        (theirs.as_str(), &format!("Bearer {OTHER_KEY}"), 404),
        ("/v1/practices/demo/connections/nothing", &format!("Bearer {KEY}"), 404),
    ] {
        let answer = world.ask_with("GET", path, None, &[("authorization", authorization)]).await;
        assert_eq!(answer.status, status, "{path} {authorization}");
        if status == 401 {
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            assert_eq!(answer.body["type"], "/problems/unauthorised");
        }
    }
}

/// Longer than any row of the table can be named.
#[tokio::test]
async fn an_id_of_any_length_is_nobodys() {
    let world = World::new().await;
    for id in ["x".repeat(129), "x".repeat(2_100), "%23".repeat(1_000)] {
        for (method, more, body) in [
            ("GET", "", None),
            ("PATCH", "", Some(json!({"detail": "busy"}))),
            ("DELETE", "", None),
            ("POST", "/sync", None),
            ("POST", "/pause", None),
            ("POST", "/preview", None),
            ("GET", "/calendars", None),
        ] {
            let answer = world.ask(method, &format!("{CONNECTIONS}/{id}{more}"), body).await;
            assert_eq!(answer.status, 404, "{method} {more}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn lists_by_practitioner() {
    let world = World::new().await;
    world.connected(json!({})).await;
    world.connected(json!({"practitioner_id": "prac-nowhere"})).await;
    for (query, count) in [("", 2), ("?practitioner_id=prac-1", 1), ("?practitioner_id=prac-9", 0)] {
        let list = world.ask("GET", &format!("{CONNECTIONS}{query}"), None).await;
        assert_eq!(list.body["items"].as_array().unwrap().len(), count, "{query}");
        assert_eq!(list.body["next"], Value::Null);
    }
}

#[tokio::test]
async fn commands_are_accepted_and_told() {
    let world = World::new().await;
    let path = world.connected(json!({"start": "when_confirmed"})).await;
    for (command, state) in [
        ("start", "syncing"),
        ("sync", "syncing"),
        ("pause", "paused"),
        ("resume", "syncing"),
        ("confirm-deletions", "syncing"),
    ] {
        let done = world.ask("POST", &format!("{path}/{command}"), None).await;
        assert_eq!(
            (done.status.as_u16(), &done.body["state"]),
            (202, &json!(state)),
            "{command} {}",
            done.text
        );
        assert_eq!(done.body["settled"], false);
        let lost = world.ask("POST", &format!("{CONNECTIONS}/nothing/{command}"), None).await;
        assert_eq!(lost.status, 404, "{command}");
    }
    let calendars = world.ask("GET", &format!("{path}/calendars"), None).await;
    let first = json!({"id": "/ada/home/", "name": "ada home", "time_zone": null, "writable": true, "owned": true,
        "primary": false, "shared": false});
    assert_eq!(calendars.body["items"][0], first);
}

#[tokio::test]
async fn settings_change_only_under_the_version_that_was_seen() {
    let world = World::new().await;
    let path = world.connected(json!({"reminder_minutes": 10})).await;
    let change = |more: Value, seen: &'static str| world_change(&world, &path, more, seen);
    let changed = change(json!({"detail": "appointment"}), "\"1\"").await;
    assert_eq!((changed.status.as_u16(), &changed.headers["etag"]), (200, &"\"2\"".parse().unwrap()));
    assert_eq!(changed.body["reminder_minutes"], 10, "what is absent stays");
    let stale = change(json!({"detail": "busy"}), "\"1\"").await;
    assert_eq!((stale.status.as_u16(), &stale.body["type"]), (412, &json!("/problems/stale")));
    let cleared = change(json!({"reminder_minutes": null, "main_calendar": null}), "").await;
    assert_eq!(cleared.status, 200, "{}", cleared.text);
    assert_eq!(
        (&cleared.body["reminder_minutes"], &cleared.body["main_calendar"]),
        (&Value::Null, &Value::Null)
    );
    for (more, pointer) in [
        (json!({"provider": "google"}), "/provider"),
        (json!({"practitioner_id": "prac-2"}), "/practitioner_id"),
        (json!({"window": {"future_days": 0}}), "/window/future_days"),
        (json!({"window": null}), "/window"),
    ] {
        let refused = change(more, "").await;
        assert_eq!((refused.status.as_u16(), &refused.body["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
}

async fn world_change(world: &World, path: &str, more: Value, seen: &str) -> world::Answer {
    world.ask_with("PATCH", path, Some(more), &[("if-match", seen)]).await
}

#[tokio::test]
async fn signing_in_again_takes_the_same_account_only() {
    let world = World::new().await;
    let path = world.connected(json!({})).await;
    let sign_in = |user: &str, password: &str| json!({"caldav": {"url": "http://127.0.0.1:5232/", "username": user, "password": password}});
    for (more, status) in
        [(sign_in("ada", PASSWORD), 200), (sign_in("ada", "wrong"), 422), (sign_in("eve", PASSWORD), 422)]
    {
        let answer = world.ask("PATCH", &path, Some(more)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(!answer.text.contains(PASSWORD));
    }
}

#[tokio::test]
async fn disconnecting_is_idempotent() {
    let world = World::new().await;
    let path = world.connected(json!({})).await;
    let bad = world.ask("DELETE", &format!("{path}?mirrors=burn"), None).await;
    assert_eq!(bad.status, 422);
    let misspelt = world.ask("DELETE", &format!("{path}?mirror=keep"), None).await;
    assert_eq!(misspelt.status, 422, "or the mirrors would go");
    for query in ["?mirrors=keep", "", "?mirrors=remove"] {
        let gone = world.ask("DELETE", &format!("{path}{query}"), None).await;
        assert_eq!((gone.status.as_u16(), &gone.body["state"]), (202, &json!("disconnecting")));
    }
    let late = world.ask("POST", &format!("{path}/pause"), None).await;
    assert_eq!((late.status.as_u16(), &late.body["type"]), (409, &json!("/problems/wrong-state")));
}

#[tokio::test]
async fn a_repeated_post_has_no_second_effect() {
    let world = World::new().await;
    let key = [("idempotency-key", "k-1")];
    let refused = world.ask_with("POST", CONNECTIONS, Some(body(json!({"start": "x"}))), &key).await;
    assert_eq!(refused.status, 422, "a refusal does not use the key up");
    let first = world.ask_with("POST", CONNECTIONS, Some(body(json!({}))), &key).await;
    let second = world.ask_with("POST", CONNECTIONS, Some(body(json!({}))), &key).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201), "{}", second.text);
    assert_eq!(first.body, second.body);
    for header in ["etag", "location", "content-type"] {
        assert_eq!(first.headers[header], second.headers[header]);
    }
    assert_eq!(second.headers["idempotency-replayed"], "true");
    let other = world.ask_with("POST", CONNECTIONS, Some(body(json!({"detail": "full"}))), &key).await;
    assert_eq!((other.status.as_u16(), &other.body["type"]), (422, &json!("/problems/idempotency-conflict")));
    let items = world.ask("GET", CONNECTIONS, None).await.body["items"].as_array().unwrap().len();
    assert_eq!(items, 1);
    let bad = world.ask_with("POST", CONNECTIONS, Some(body(json!({}))), &[("idempotency-key", "a b")]).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn the_actor_is_opaque_and_short() {
    let world = World::new().await;
    let path = world.connected(json!({})).await;
    for (actor, status) in [("user-4711", 202), ("Ada Lovelace", 400), (&"x".repeat(129), 400)] {
        let answer = world.ask_with("POST", &format!("{path}/sync"), None, &[("daybook-actor", actor)]).await;
        assert_eq!(answer.status, status, "{actor}");
    }
}

#[tokio::test]
async fn the_document_lists_every_route() {
    let world = World::new().await;
    let document = world.ask_raw("GET", "/openapi.json", String::new(), &[]).await.body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let root = "/v1/practices/{practice}/connections";
    for (path, methods) in [
        (root.to_owned(), vec!["get", "post"]),
        (format!("{root}/{{id}}"), vec!["delete", "get", "patch"]),
        (format!("{root}/{{id}}/start"), vec!["post"]),
        (format!("{root}/{{id}}/sync"), vec!["post"]),
        (format!("{root}/{{id}}/pause"), vec!["post"]),
        (format!("{root}/{{id}}/resume"), vec!["post"]),
        (format!("{root}/{{id}}/confirm-deletions"), vec!["post"]),
        (format!("{root}/{{id}}/preview"), vec!["post"]),
        (format!("{root}/{{id}}/calendars"), vec!["get"]),
    ] {
        let found: Vec<_> = document["paths"][&path].as_object().unwrap().keys().cloned().collect();
        assert_eq!(found, methods, "{path}");
    }
    // Every reference in the document leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}
