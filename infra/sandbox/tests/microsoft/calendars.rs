//! The account's list of calendars, and calendars of our own.

use serde_json::json;

use super::house::{House, ROOT, each, encoded, list};

#[tokio::test]
async fn the_list_comes_in_pages_of_ten() {
    let house = House::new();
    for number in 0..12 {
        house.calendar(&format!("Extra {number:02}")).await;
    }
    let first = house.get("/me/calendars").await.good();
    assert_eq!(list(&first).len(), 10);
    let next = first["@odata.nextLink"].as_str().unwrap();
    assert_eq!(next, format!("{ROOT}/me/calendars?$skip=10"));
    let second = house.call("GET", next, &[], serde_json::Value::Null).await.good();
    assert!(second.get("@odata.nextLink").is_none());
    let all = house.get("/me/calendars?$top=100").await.good();
    assert_eq!(list(&all).len(), 10 + list(&second).len());
    assert!(all.get("@odata.nextLink").is_none());
}

#[tokio::test]
async fn the_list_says_whose_calendars_may_be_written() {
    let house = House::new();
    let all = house.get("/me/calendars?$top=100").await.good();
    let defaults: Vec<_> = list(&all).iter().filter(|one| one["isDefaultCalendar"] == true).collect();
    assert_eq!(defaults.len(), 1);
    assert_eq!((&defaults[0]["canEdit"], &defaults[0]["isRemovable"]), (&json!(true), &json!(false)));
    let read_only: Vec<_> = list(&all).iter().filter(|one| one["canEdit"] == false).collect();
    assert!(!read_only.is_empty());
    let id = read_only[0]["id"].as_str().unwrap();
    let reply = house.post(&format!("/me/calendars/{id}/events"), super::house::booked()).await;
    assert_eq!(reply.refusal(), (403, "ErrorAccessDenied".to_owned()));
    let selected = house.get("/me/calendars?$select=id,canEdit").await.good();
    assert_eq!(each(list(&selected), "name")[0], "-");
}

#[tokio::test]
async fn a_calendar_is_made_once_renamed_and_deleted() {
    let house = House::new();
    let made = house.post("/me/calendars", json!({"name": "Work schedule"})).await;
    assert_eq!(made.status, 201);
    let made = made.good();
    assert_eq!((&made["canEdit"], &made["isRemovable"]), (&json!(true), &json!(true)));
    assert_eq!(made["owner"]["address"], "ada@clinic.example");
    let id = made["id"].as_str().unwrap();
    let again = house.post("/me/calendars", json!({"name": "work Schedule"})).await;
    assert_eq!(again.refusal(), (409, "ErrorFolderExists".to_owned()));
    let renamed = house.patch(&format!("/me/calendars/{id}"), json!({"name": "Diary"})).await.good();
    assert_eq!(renamed["name"], "Diary");
    assert_ne!(renamed["changeKey"], made["changeKey"]);
    assert_eq!(house.delete(&format!("/me/calendars/{id}")).await.status, 204);
    assert_eq!(
        house.delete(&format!("/me/calendars/{id}")).await.refusal(),
        (404, "ErrorItemNotFound".to_owned())
    );
    assert_eq!(house.get(&format!("/me/calendars/{id}/events")).await.status, 404);
    assert_eq!(house.post("/me/calendars", json!({"name": ""})).await.status, 400);
}

#[tokio::test]
async fn a_calendar_keeps_properties_that_are_seen_when_asked_for() {
    let house = House::new();
    let id = "String {6f1d2b0e-8c4a-4e57-9a35-d0b7c1e2f483} Name Mark";
    let marked = json!({"name": "Marked", "singleValueExtendedProperties": [{"id": id, "value": "ours"}]});
    let made = house.post("/me/calendars", marked).await.good();
    assert!(made.get("singleValueExtendedProperties").is_none());
    let mine =
        |all: &serde_json::Value| list(all).iter().find(|one| one["id"] == made["id"]).unwrap().clone();
    let plain = house.get("/me/calendars?$top=100").await.good();
    assert!(mine(&plain).get("singleValueExtendedProperties").is_none());
    let expand = format!("singleValueExtendedProperties($filter=id eq '{id}')");
    let asked =
        house.get(&format!("/me/calendars?$top=100&$select=id,name&$expand={}", encoded(&expand))).await;
    assert_eq!(mine(&asked.good())["singleValueExtendedProperties"], json!([{"id": id, "value": "ours"}]));
    let bad = json!({"name": "Bad", "singleValueExtendedProperties": [{"id": "Mark", "value": "x"}]});
    assert_eq!(
        house.post("/me/calendars", bad).await.refusal(),
        (400, "ErrorPropertyValidationFailure".to_owned())
    );
}

#[tokio::test]
async fn the_main_calendar_stays() {
    let house = House::new();
    let main = house.get("/me/calendar").await.good();
    assert_eq!(main["isDefaultCalendar"], true);
    let reply = house.delete(&format!("/me/calendars/{}", main["id"].as_str().unwrap())).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn another_accounts_calendar_is_not_there() {
    let mut house = House::new();
    let id = house.calendar("Hers").await;
    house.sign_in("ben@clinic.example");
    assert_eq!(house.get(&format!("/me/calendars/{id}")).await.status, 404);
}

#[tokio::test]
async fn with_whom_a_calendar_is_shared_is_told_to_its_owner() {
    let house = House::new();
    let id = house.calendar("Mine").await;
    let told =
        house.get(&format!("/me/calendars/{id}/calendarPermissions?$select=role&$top=100")).await.good();
    assert_eq!((list(&told).len(), &list(&told)[0]["role"]), (1, &json!("freeBusyRead")));
}
