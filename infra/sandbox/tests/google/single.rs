//! One event: from insert to delete and back, versions, ids, and who gets mail.

use serde_json::{Value, json};

use crate::house::{EVENTS, House, timed, with};

#[tokio::test]
async fn an_event_is_answered_as_google_answers() {
    let house = House::new();
    let sent = r#"{"id": "ehr018f3c2a7b7e7c119d6e0a1b2c3d4e5f", "summary": "Booked",
        "start": {"dateTime": "2026-03-03T09:00:00+01:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-03T09:30:00+01:00", "timeZone": "Europe/Berlin"},
        "transparency": "opaque", "visibility": "private", "status": "confirmed",
        "reminders": {"useDefault": false, "overrides": []},
        "extendedProperties": {"private": {"ehrAppt": "a1b2", "src": "acme-sync"}}}"#;
    let answer = house
        .ask("POST", &format!("{EVENTS}?sendUpdates=none"), &[("content-type", "application/json")], sent)
        .await;
    assert_eq!((answer.code(), answer.content_type.as_str()), (200, "application/json; charset=UTF-8"));
    let mut body = answer.json();
    let fields = body.as_object_mut().unwrap();
    let etag = fields.remove("etag").unwrap();
    assert!(etag.as_str().unwrap().starts_with("\"35") && etag.as_str().unwrap().ends_with('"'));
    assert!(
        fields
            .remove("htmlLink")
            .unwrap()
            .as_str()
            .unwrap()
            .starts_with("https://www.google.com/calendar/event?eid=")
    );
    assert!(fields.remove("fieldOfTomorrow").is_some());
    assert_eq!(
        body,
        json!({"kind": "calendar#event", "id": "ehr018f3c2a7b7e7c119d6e0a1b2c3d4e5f", "status": "confirmed",
            "created": "2026-03-01T10:00:00.000Z", "updated": "2026-03-01T10:00:00.000Z",
            "summary": "Booked", "visibility": "private",
            "creator": {"email": "dora@clinic.example", "self": true},
            "organizer": {"email": "dora@clinic.example", "displayName": "dora@clinic.example", "self": true},
            "start": {"dateTime": "2026-03-03T09:00:00+01:00", "timeZone": "Europe/Berlin"},
            "end": {"dateTime": "2026-03-03T09:30:00+01:00", "timeZone": "Europe/Berlin"},
            "iCalUID": "ehr018f3c2a7b7e7c119d6e0a1b2c3d4e5f@google.com", "sequence": 0,
            "reminders": {"useDefault": false},
            "extendedProperties": {"private": {"ehrAppt": "a1b2", "src": "acme-sync"}},
            "eventType": "default"})
    );
}

#[tokio::test]
async fn ids_are_checked_and_never_used_twice() {
    let house = House::new();
    let long = "a".repeat(1025);
    for bad in ["abcd", "abcdw", "ABCDE", "abc-de", "abc_de", long.as_str()] {
        let answer = house.post(EVENTS, &timed(bad, "03-03T09:00", "03-03T10:00")).await;
        assert_eq!(answer.refusal(), (400, "invalid".to_owned()), "{bad}");
    }
    let body = timed("abcdv0189", "03-03T09:00", "03-03T10:00");
    house.insert(&body).await;
    assert_eq!(house.post(EVENTS, &body).await.refusal(), (409, "duplicate".to_owned()));
    assert_eq!(house.delete(&format!("{EVENTS}/abcdv0189")).await.code(), 204);
    assert_eq!(house.post(EVENTS, &body).await.refusal(), (409, "duplicate".to_owned()));
    // The same id in another calendar is another event.
    let other = "/calendar/v3/calendars/own%40group.calendar.google.com/events";
    assert_eq!(house.post(other, &body).await.code(), 200);
    let both = with(body, &json!({"id": "other00", "iCalUID": "u@x"}));
    assert_eq!(house.post(EVENTS, &both).await.refusal(), (400, "invalid".to_owned()));
    let mut nameless = timed("x", "03-03T09:00", "03-03T10:00");
    nameless.as_object_mut().unwrap().remove("id");
    let (first, second) = (house.insert(&nameless).await, house.insert(&nameless).await);
    assert_ne!(first["id"], second["id"]);
}

#[tokio::test]
async fn versions_are_guarded() {
    let house = House::new();
    let first = house.insert(&timed("abcde", "03-03T09:00", "03-03T10:00")).await;
    let path = format!("{EVENTS}/abcde");
    let etag = first["etag"].as_str().unwrap();
    assert_eq!(house.ask("GET", &path, &[("if-none-match", etag)], "").await.code(), 304);
    let body = json!({"summary": "second"}).to_string();
    let second = house.ask("PATCH", &path, &[("if-match", etag)], body.clone()).await;
    assert_eq!(second.code(), 200);
    assert_ne!(second.json()["etag"], first["etag"]);
    assert_eq!(house.ask("GET", &path, &[("if-none-match", etag)], "").await.code(), 200);
    for method in ["PATCH", "PUT"] {
        let stale = house.ask(method, &path, &[("if-match", etag)], body.clone()).await;
        assert_eq!(stale.refusal(), (412, "conditionNotMet".to_owned()), "{method}");
    }
    assert_eq!(house.ask("DELETE", &path, &[("if-match", etag)], "").await.code(), 412);
    assert_eq!(house.ask("PATCH", &path, &[("if-match", "*")], body).await.code(), 200);
}

#[tokio::test]
async fn a_deleted_event_is_gone_and_may_be_revived() {
    let house = House::new();
    let body = timed("abcde", "03-03T09:00", "03-03T10:00");
    let path = format!("{EVENTS}/abcde");
    assert_eq!(house.delete(&path).await.refusal(), (404, "notFound".to_owned()));
    assert_eq!(house.get(&path).await.refusal(), (404, "notFound".to_owned()));
    assert_eq!(house.send("PUT", &path, &body).await.refusal(), (404, "notFound".to_owned()));
    house.insert(&body).await;
    let gone = house.delete(&path).await;
    assert_eq!((gone.code(), gone.text.as_str()), (204, ""));
    assert_eq!(house.delete(&path).await.refusal(), (410, "deleted".to_owned()));
    assert_eq!(house.send("PUT", &path, &body).await.refusal(), (410, "deleted".to_owned()));
    let read = house.get(&path).await;
    assert_eq!((read.code(), &read.json()["status"]), (200, &json!("cancelled")));
    for method in ["PUT", "PATCH"] {
        let revived = with(body.clone(), &json!({"status": "confirmed", "summary": method}));
        let answer = house.send(method, &path, &revived).await;
        assert_eq!((answer.code(), &answer.json()["status"]), (200, &json!("confirmed")), "{method}");
        assert_eq!(house.get(&path).await.json()["summary"], method);
        assert_eq!(house.delete(&path).await.code(), 204);
    }
}

#[tokio::test]
async fn a_put_replaces_and_a_patch_merges() {
    let house = House::new();
    let body = with(
        timed("abcde", "03-03T09:00", "03-03T10:00"),
        &json!({"location": "Room 2", "colorId": "3",
        "extendedProperties": {"private": {"a": "1", "b": "2"}}}),
    );
    house.insert(&body).await;
    let path = format!("{EVENTS}/abcde");
    let merge = json!({"location": null, "extendedProperties": {"private": {"b": null, "c": "3"}}, "transparency": "transparent"});
    let patched = house.send("PATCH", &path, &merge).await.json();
    assert_eq!(
        (patched.get("location"), &patched["colorId"], &patched["transparency"]),
        (None, &json!("3"), &json!("transparent"))
    );
    assert_eq!(patched["extendedProperties"], json!({"private": {"a": "1", "c": "3"}}));
    assert_eq!(patched["sequence"], 0);
    let put = house.send("PUT", &path, &timed("abcde", "03-03T11:00", "03-03T12:00")).await.json();
    assert_eq!(
        (put.get("colorId"), put.get("extendedProperties"), put.get("transparency")),
        (None, None, None)
    );
    assert_eq!((&put["sequence"], &put["organizer"]["self"]), (&json!(1), &json!(true)));
    let all_day = json!({"start": {"date": "2026-03-03"}, "end": {"date": "2026-03-04"}});
    assert_eq!(house.send("PATCH", &path, &all_day).await.code(), 400);
    let all_day = json!({"start": {"date": "2026-03-03", "dateTime": null, "timeZone": null},
        "end": {"date": "2026-03-04", "dateTime": null, "timeZone": null}});
    let day = house.send("PATCH", &path, &all_day).await.json();
    assert_eq!(
        (&day["start"], &day["end"]),
        (&json!({"date": "2026-03-03"}), &json!({"date": "2026-03-04"}))
    );
}

#[tokio::test]
async fn bodies_that_say_nothing_sensible_are_refused() {
    let house = House::new();
    let cases = [
        ("", 400, "parseError"),
        ("[]", 400, "parseError"),
        ("{}", 400, "required"),
        (r#"{"start": {"date": "2026-03-03"}, "end": {"date": "2026-03-03"}}"#, 400, "timeRangeEmpty"),
        (r#"{"start": {"date": "2026-03-03"}, "end": {"dateTime": "2026-03-03T10:00:00Z"}}"#, 400, "invalid"),
    ];
    for (body, status, reason) in cases {
        let answer = house.ask("POST", EVENTS, &[], body).await;
        assert_eq!(answer.refusal(), (status, reason.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn mail_that_would_go_out_is_counted() {
    let house = House::new();
    let path = format!("{EVENTS}/abcde");
    let meeting = with(
        timed("abcde", "03-03T09:00", "03-03T10:00"),
        &json!({"attendees": [{"email": "eve@x.example"}, {"email": "dora@clinic.example"}]}),
    );
    let alone = with(
        timed("alone", "03-03T09:00", "03-03T10:00"),
        &json!({"attendees": [{"email": "dora@clinic.example"}]}),
    );
    let steps: [(&str, String, &Value, usize); 7] = [
        ("POST", EVENTS.to_owned(), &alone, 0),
        ("POST", format!("{EVENTS}?sendUpdates=none"), &meeting, 0),
        ("PUT", format!("{path}?sendUpdates=all"), &meeting, 1),
        ("PATCH", format!("{path}?sendUpdates=none"), &json!({"summary": "x"}), 1),
        ("PATCH", path.clone(), &json!({"summary": "y"}), 2),
        ("PATCH", format!("{path}?sendUpdates=externalOnly"), &json!({"summary": "z"}), 3),
        ("DELETE", path.clone(), &json!({}), 4),
    ];
    for (method, path, body, mails) in steps {
        let answer = house.send(method, &path, body).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
        assert_eq!(house.mails().await, mails, "{method} {path}");
    }
}

#[tokio::test]
async fn an_invitation_belongs_to_its_organizer() {
    let house = House::new();
    let host = json!({"email": "host@x.example"});
    house.insert(&timed("abcde", "03-03T09:00", "03-03T10:00")).await;
    let cloud = house.google.cloud();
    let done: Result<(), std::convert::Infallible> = cloud.change(|tx| {
        let mut item = tx.world().item("dora@clinic.example", "abcde").unwrap().clone();
        item.body["organizer"] = host.clone();
        item.body["attendees"] =
            json!([{"email": "dora@clinic.example", "responseStatus": "needsAction"}, host]);
        tx.put_item(item);
        Ok(())
    });
    done.unwrap();
    let path = format!("{EVENTS}/abcde?sendUpdates=none");
    let read = house.get(&path).await.json();
    assert_eq!((read["organizer"].get("self"), &read["attendees"][0]["self"]), (None, &json!(true)));
    let moved = house.send("PATCH", &path, &json!({"summary": "mine now"})).await;
    assert_eq!(moved.refusal(), (403, "forbiddenForNonOrganizer".to_owned()));
    let reply = json!({"attendees": [{"email": "dora@clinic.example", "responseStatus": "declined"}]});
    assert_eq!(house.send("PATCH", &path, &reply).await.code(), 200);
    assert_eq!(house.delete(&path).await.code(), 204);
    assert_eq!(house.mails().await, 0);
}
