//! Calendars: the list, its sync tokens, and a calendar's life.

use serde_json::{Value, json};

use crate::house::House;

const LIST: &str = "/calendar/v3/users/me/calendarList";
const CALENDARS: &str = "/calendar/v3/calendars";

fn names(page: &Value) -> String {
    let name = |item: &Value| {
        let id = item["id"].as_str().unwrap().split('@').next().unwrap().to_owned();
        if item["deleted"] == true {
            format!("x{id}")
        } else {
            format!("{id}={}", item["accessRole"].as_str().unwrap())
        }
    };
    page["items"].as_array().unwrap().iter().map(name).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_list_shows_roles_and_turns_pages() {
    let house = House::new();
    let all = house.get(LIST).await.json();
    assert_eq!(
        names(&all),
        "de.german#holiday=reader dora=owner feed=reader own=owner reader=reader times=freeBusyReader writer=writer"
    );
    let primary: Vec<&Value> =
        all["items"].as_array().unwrap().iter().filter(|one| one["primary"] == true).collect();
    assert_eq!((primary.len(), &primary[0]["id"]), (1, &json!("dora@clinic.example")));
    assert_eq!(
        names(&house.get(&format!("{LIST}?minAccessRole=writer")).await.json()),
        "dora=owner own=owner writer=writer"
    );
    let first = house.get(&format!("{LIST}?maxResults=5")).await.json();
    assert!(first.get("nextSyncToken").is_none());
    let next = first["nextPageToken"].as_str().unwrap();
    let second = house.get(&format!("{LIST}?maxResults=5&pageToken={next}")).await.json();
    assert_eq!(names(&second), "times=freeBusyReader writer=writer");
    assert!(second["nextSyncToken"].is_string());
}

#[tokio::test]
async fn the_list_syncs() {
    let house = House::new();
    let first = house.get(LIST).await.json();
    let sync = |token: &Value| format!("{LIST}?syncToken={}", token.as_str().unwrap());
    house.post(CALENDARS, &json!({"summary": "New"})).await;
    house.delete(&format!("{CALENDARS}/own%40group.calendar.google.com")).await;
    let news = house.get(&sync(&first["nextSyncToken"])).await.json();
    let told = names(&news);
    assert!(told.starts_with("c_") && told.ends_with("=owner xown"), "{told}");
    assert_eq!(names(&house.get(&sync(&news["nextSyncToken"])).await.json()), "");
    let both = format!("{}&minAccessRole=owner", sync(&first["nextSyncToken"]));
    assert_eq!(house.get(&both).await.refusal(), (400, "invalid".to_owned()));
    house.control(json!({"expire_cursors": true})).await;
    let expired = house.get(&sync(&first["nextSyncToken"])).await;
    assert_eq!(expired.refusal(), (410, "fullSyncRequired".to_owned()));
    assert!(!names(&house.get(LIST).await.json()).contains("own@"));
}

#[tokio::test]
async fn a_calendar_lives_from_insert_to_delete() {
    let house = House::new();
    let made = house
        .post(
            CALENDARS,
            &json!({"summary": "Clinic", "description": "Managed. Do not edit.", "timeZone": "Europe/Paris"}),
        )
        .await;
    let made = made.json();
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("c_") && id.ends_with("@group.calendar.google.com"), "{id}");
    assert_eq!(
        (&made["kind"], &made["description"]),
        (&json!("calendar#calendar"), &json!("Managed. Do not edit."))
    );
    let path = format!("{CALENDARS}/{}", id.replace('@', "%40"));
    assert_eq!(house.get(&path).await.json()["timeZone"], "Europe/Paris");
    let patched = house.send("PATCH", &path, &json!({"summary": "Work"})).await.json();
    assert_eq!((&patched["summary"], &patched["description"]), (&json!("Work"), &made["description"]));
    assert_ne!(patched["etag"], made["etag"]);
    let stale = house.ask("PATCH", &path, &[("if-match", made["etag"].as_str().unwrap())], "{}").await;
    assert_eq!(stale.code(), 412);
    assert_eq!(house.delete(&path).await.code(), 204);
    for answer in
        [house.delete(&path).await, house.get(&path).await, house.get(&format!("{path}/events")).await]
    {
        assert_eq!(answer.refusal(), (404, "notFound".to_owned()));
    }
}

#[tokio::test]
async fn calendars_that_may_not_be_touched() {
    let house = House::new();
    let cases = [
        ("POST", CALENDARS.to_owned(), json!({}), 400, "required"),
        ("POST", CALENDARS.to_owned(), json!({"summary": "x", "timeZone": "Mars"}), 400, "invalid"),
        ("DELETE", format!("{CALENDARS}/primary"), json!({}), 403, "forbidden"),
        ("DELETE", format!("{CALENDARS}/writer%40clinic.example"), json!({}), 403, "requiredAccessLevel"),
        (
            "PATCH",
            format!("{CALENDARS}/reader%40clinic.example"),
            json!({"summary": "x"}),
            403,
            "requiredAccessLevel",
        ),
        ("PATCH", format!("{CALENDARS}/nothing%40clinic.example"), json!({"summary": "x"}), 404, "notFound"),
    ];
    for (method, path, body, status, reason) in cases {
        let answer = house.send(method, &path, &body).await;
        assert_eq!(answer.refusal(), (status, reason.to_owned()), "{method} {path}");
    }
}

#[tokio::test]
async fn with_whom_a_calendar_is_shared_is_told_to_its_owner() {
    let house = House::new();
    let rules = house.get(&format!("{CALENDARS}/primary/acl")).await.json();
    assert_eq!(rules["items"][0]["role"], "owner");
    let told = house.get(&format!("{CALENDARS}/reader%40clinic.example/acl")).await;
    assert_eq!(told.refusal(), (403, "requiredAccessLevel".to_owned()));
}
