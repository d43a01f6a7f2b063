//! Events: what is filled in, what is refused, ids, versions, repeated POSTs, extended properties.

use serde_json::{Value, json};

use super::house::{House, IMMUTABLE, booked, each, encoded, list, with};

const MARKER: &str = "String {a3f1c2d4-5b6e-4f70-8a91-b2c3d4e5f607} Name EhrAppt";

#[tokio::test]
async fn what_is_left_out_is_filled_in() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let reply = house.post(&format!("/me/calendars/{calendar}/events"), booked()).await;
    assert_eq!(reply.status, 201);
    let event = reply.good();
    for (name, value) in [
        ("isReminderOn", json!(true)),
        ("reminderMinutesBeforeStart", json!(15)),
        ("showAs", json!("busy")),
        ("sensitivity", json!("normal")),
        ("type", json!("singleInstance")),
        ("isAllDay", json!(false)),
        ("seriesMasterId", Value::Null),
        ("recurrence", Value::Null),
        ("start", json!({"dateTime": "2026-03-03T08:00:00.0000000", "timeZone": "UTC"})),
        ("end", json!({"dateTime": "2026-03-03T08:30:00.0000000", "timeZone": "UTC"})),
        ("createdDateTime", json!("2026-11-26T15:00:00.0000000Z")),
        ("originalStartTimeZone", json!("UTC")),
    ] {
        assert_eq!(event[name], value, "{name}");
    }
    assert_eq!(event["responseStatus"]["response"], "organizer");
    assert_eq!(event["organizer"]["emailAddress"]["address"], "ada@clinic.example");
    assert_eq!(event["@odata.etag"], format!("W/\"{}\"", event["changeKey"].as_str().unwrap()));
    assert!(event.get("transactionId").is_none());
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let day = |start: &str, end: &str| json!({"isAllDay": true, "start": {"dateTime": start, "timeZone": "UTC"}, "end": {"dateTime": end, "timeZone": "UTC"}});
    let zoned = |zone: &str| json!({"start": {"dateTime": "2026-03-03T08:00:00", "timeZone": zone}});
    for (changes, code, says) in [
        (
            day("2026-03-03T08:00:00", "2026-03-04T00:00:00"),
            "ErrorInvalidRequest",
            "The Event.Start property for an all-day event needs to be set to midnight.",
        ),
        (day("2026-03-03T00:00:00", "2026-03-04T09:00:00"), "ErrorInvalidRequest", "The Event.End property"),
        (day("2026-03-03T00:00:00", "2026-03-03T00:00:00"), "ErrorInvalidRequest", "24 hours"),
        (zoned("Mars/Olympus"), "TimeZoneNotSupportedException", "A valid TimeZone value must be specified"),
        (zoned("tzone://Microsoft/Custom"), "TimeZoneNotSupportedException", ""),
        (
            json!({"end": {"dateTime": "2026-03-03T07:00:00", "timeZone": "UTC"}}),
            "ErrorCalendarEndDateIsEarlierThanStartDate",
            "",
        ),
        (json!({"showAs": "away"}), "ErrorPropertyValidationFailure", ""),
        (json!({"colour": "red"}), "RequestBodyRead", "colour"),
        (
            json!({"singleValueExtendedProperties": [{"id": "EhrAppt", "value": "x"}]}),
            "ErrorPropertyValidationFailure",
            "",
        ),
    ] {
        let reply =
            house.post(&format!("/me/calendars/{calendar}/events"), with(booked(), changes.clone())).await;
        assert_eq!(reply.refusal(), (400, code.to_owned()), "{changes}");
        assert!(reply.text.contains(says), "{}", reply.text);
    }
    let broken = house.call("POST", &format!("/v1.0/me/calendars/{calendar}/events"), &[], Value::Null).await;
    assert_eq!(broken.refusal(), (400, "RequestBodyRead".to_owned()));
}

#[tokio::test]
async fn whole_days_keep_their_dates_in_every_zone() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let zone = "Pacific Standard Time";
    let id = house
        .event(
            &calendar,
            json!({"subject": "Away", "isAllDay": true,
            "start": {"dateTime": "2026-03-03T00:00:00", "timeZone": zone},
            "end": {"dateTime": "2026-03-05T00:00:00", "timeZone": zone}}),
        )
        .await;
    for prefer in ["outlook.timezone=\"UTC\"", "outlook.timezone=\"Tokyo Standard Time\"", "IdType=\"x\""] {
        let headers = [IMMUTABLE, ("Prefer", prefer)];
        let event = house.call("GET", &format!("/v1.0/me/events/{id}"), &headers, Value::Null).await.good();
        assert_eq!(event["start"]["dateTime"], "2026-03-03T00:00:00.0000000", "{prefer}");
        assert_eq!(event["end"]["dateTime"], "2026-03-05T00:00:00.0000000", "{prefer}");
    }
}

#[tokio::test]
async fn ids_come_in_two_forms_of_which_one_survives_a_move() {
    let house = House::new();
    let (here, there) = (house.calendar("Here").await, house.calendar("There").await);
    let immutable = house.event(&here, booked()).await;
    let events = |calendar: &str| format!("/v1.0/me/calendars/{calendar}/events");
    let default = |reply: Value| list(&reply)[0]["id"].as_str().unwrap().to_owned();
    let before = default(house.call("GET", &events(&here), &[], Value::Null).await.good());
    assert_ne!(before, immutable);
    // An immutable id is not understood by a request that does not speak them.
    let strict = house.call("GET", &format!("/v1.0/me/events/{immutable}"), &[], Value::Null).await;
    assert_eq!(strict.refusal(), (400, "ErrorInvalidIdMalformed".to_owned()));
    let item = house.graph.cloud().read(|world| world.items_of(&here).next().unwrap().id.clone());
    let moved = house
        .call("POST", "/control/graph/deeds", &[], json!({"move": {"item": item, "from": here, "to": there}}))
        .await;
    assert_eq!(moved.status, 204, "{}", moved.text);
    let after = default(house.call("GET", &events(&there), &[], Value::Null).await.good());
    assert_ne!(after, before);
    let get = |id: String, headers: &'static [(&str, &str)]| {
        let path = format!("/v1.0/me/events/{}", encoded(&id));
        let house = &house;
        async move { house.call("GET", &path, headers, Value::Null).await.status.as_u16() }
    };
    assert_eq!(get(before, &[]).await, 404);
    assert_eq!(get(after, &[]).await, 200);
    assert_eq!(get(immutable, &[IMMUTABLE]).await, 200);
}

#[tokio::test]
async fn a_repeated_post_is_answered_as_switched() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let path = format!("/me/calendars/{calendar}/events");
    let body = with(booked(), json!({"transactionId": "7e0f6c2e-1c1e-5d0d-9a7e-0c1d2e3f4a5b"}));
    let first = house.post(&path, body.clone()).await.good();
    assert_eq!(first["transactionId"], "7e0f6c2e-1c1e-5d0d-9a7e-0c1d2e3f4a5b");
    for (switch, status) in [("original", 201), ("conflict", 409), ("bad_request", 400)] {
        house.switch(json!({"transactions": switch})).await;
        let again = house.post(&path, body.clone()).await;
        assert_eq!(again.status.as_u16(), status);
        if status == 201 {
            assert_eq!(again.json()["id"], first["id"]);
        } else {
            assert_eq!(again.json()["error"]["code"], "ErrorDuplicateTransactionId");
            assert_eq!(again.json()["error"]["@event.existingEventId"], first["id"]);
        }
    }
    assert_eq!(list(&house.get(&path).await.good()).len(), 1);
    let id = first["id"].as_str().unwrap();
    let other = house.patch(&format!("/me/events/{id}"), json!({"transactionId": "other"})).await;
    assert_eq!(other.status, 400);
}

#[tokio::test]
async fn how_long_a_transaction_is_remembered_can_be_switched() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let path = format!("/me/calendars/{calendar}/events");
    let body = with(booked(), json!({"transactionId": "7e0f6c2e-1c1e-5d0d-9a7e-0c1d2e3f4a5b"}));
    let first = house.post(&path, body.clone()).await.good();
    house.switch(json!({"transactions": "forgotten"})).await;
    let second = house.post(&path, body.clone()).await.good();
    assert_ne!(second["id"], first["id"]);
    assert_eq!(list(&house.get(&path).await.good()).len(), 2);
    for event in [&first, &second] {
        house.delete(&format!("/me/events/{}", event["id"].as_str().unwrap())).await;
    }
    house.switch(json!({"transactions": "remembered"})).await;
    let replayed = house.post(&path, body.clone()).await;
    assert_eq!(replayed.status, 201);
    let id = replayed.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(house.get(&format!("/me/events/{id}")).await.status, 404, "it answers with what is gone");
    assert_eq!(list(&house.get(&path).await.good()).len(), 0);
    house.switch(json!({})).await;
    house.post(&path, body).await.good();
    assert_eq!(list(&house.get(&path).await.good()).len(), 1);
}

#[tokio::test]
async fn extended_properties_are_hidden_and_found() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let path = format!("/me/calendars/{calendar}/events");
    let marked = |value: &str| {
        with(booked(), json!({"singleValueExtendedProperties": [{"id": MARKER, "value": value}]}))
    };
    let made = house.post(&path, marked("a1b2;rev=7")).await.good();
    house.event(&calendar, marked("other")).await;
    assert!(made.get("singleValueExtendedProperties").is_none());
    let id = made["id"].as_str().unwrap();
    let filter =
        format!("singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq 'a1b2;rev=7')");
    let found = house.get(&format!("{path}?$filter={}", encoded(&filter))).await.good();
    assert_eq!(each(list(&found), "id"), [id]);
    assert!(list(&found)[0].get("singleValueExtendedProperties").is_none());
    let expand = format!("singleValueExtendedProperties($filter=id eq '{MARKER}')");
    let expanded =
        house.get(&format!("/me/events/{id}?$expand={}&$select=id", encoded(&expand))).await.good();
    assert_eq!(expanded["singleValueExtendedProperties"], json!([{"id": MARKER, "value": "a1b2;rev=7"}]));
    assert!(expanded.get("subject").is_none());
    let wrong = house.get(&format!("{path}?$filter=subject%20like%20'x'")).await;
    assert_eq!(wrong.refusal(), (400, "ErrorInvalidUrlQueryFilter".to_owned()));
}

#[tokio::test]
async fn a_stale_version_is_refused_unless_switched_off() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = house.event(&calendar, booked()).await;
    let path = format!("/v1.0/me/events/{id}");
    let first = house.get(&format!("/me/events/{id}")).await.good();
    let stale = first["@odata.etag"].as_str().unwrap();
    let patched =
        house.call("PATCH", &path, &[IMMUTABLE, ("If-Match", stale)], json!({"subject": "B"})).await.good();
    assert_eq!((&patched["subject"], &patched["showAs"]), (&json!("B"), &json!("busy")));
    assert_ne!(patched["changeKey"], first["changeKey"]);
    for method in ["PATCH", "DELETE"] {
        let reply =
            house.call(method, &path, &[IMMUTABLE, ("If-Match", stale)], json!({"subject": "C"})).await;
        assert_eq!(reply.refusal(), (412, "ErrorIrresolvableConflict".to_owned()));
    }
    house.switch(json!({"if_match": "ignored"})).await;
    house.call("PATCH", &path, &[IMMUTABLE, ("If-Match", stale)], json!({"subject": "C"})).await.good();
}

#[tokio::test]
async fn deleting_twice_finds_nothing() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = house.event(&calendar, booked()).await;
    let path = format!("/me/events/{id}");
    assert_eq!(house.delete(&path).await.status, 204);
    for reply in
        [house.delete(&path).await, house.get(&path).await, house.patch(&path, json!({"subject": "x"})).await]
    {
        assert_eq!(reply.refusal(), (404, "ErrorItemNotFound".to_owned()));
    }
}

#[tokio::test]
async fn writing_an_event_with_guests_counts_as_mail() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    house.event(&calendar, booked()).await;
    assert_eq!(house.control(json!({})).await["mails"], json!([]));
    let guests = json!({"attendees": [{"emailAddress": {"address": "guest@home.example", "name": "Guest"}, "type": "required"}]});
    let id = house.event(&calendar, with(booked(), guests)).await;
    house.patch(&format!("/me/events/{id}"), json!({"subject": "Moved"})).await.good();
    house.delete(&format!("/me/events/{id}")).await;
    let mails = house.control(json!({})).await["mails"].clone();
    let mails = mails.as_array().unwrap();
    assert_eq!(each(mails, "kind"), ["invitation", "update", "cancellation"]);
    assert_eq!(mails[0]["to"], json!(["guest@home.example"]));
}

#[tokio::test]
async fn the_list_is_cut_into_pages() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    for _ in 0..5 {
        house.event(&calendar, booked()).await;
    }
    let mut link = format!("/v1.0/me/calendars/{calendar}/events?$top=2");
    let mut sizes = Vec::new();
    loop {
        let page = house.call("GET", &link, &[IMMUTABLE], Value::Null).await.good();
        sizes.push(list(&page).len());
        match page["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut link),
            None => break,
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(house.get(&format!("/me/calendars/{calendar}/events?$top=1001")).await.status, 400);
}
