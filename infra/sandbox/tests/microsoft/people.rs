//! What a newcomer finds: people with calendars and two weeks of events, and what a person does with them in Outlook.

use serde_json::{Value, json};

use super::house::{House, each, list};

const WEEKS: &str = "startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-12-07T00:00:00Z&$top=100";

async fn weeks(house: &House) -> Vec<Value> {
    list(&house.get(&format!("/me/calendarView?{WEEKS}")).await.good()).to_vec()
}

fn titled<'a>(events: &'a [Value], title: &str) -> Vec<&'a Value> {
    events.iter().filter(|one| one["subject"] == title).collect()
}

#[tokio::test]
async fn the_first_weeks_hold_a_series_a_whole_day_and_an_invitation() {
    let house = House::new();
    let events = weeks(&house).await;
    let series = titled(&events, "Physiotherapy");
    assert_eq!(each(&[series[0].clone(), series[1].clone()], "type"), ["occurrence"; 2]);
    // Eight o'clock in New York.
    assert_eq!(series[0]["start"]["dateTime"], "2026-11-24T13:00:00.0000000");
    let day = titled(&events, "Conference")[0];
    assert_eq!(
        (&day["isAllDay"], &day["start"]["dateTime"]),
        (&json!(true), &json!("2026-12-03T00:00:00.0000000"))
    );
    let invitation = titled(&events, "Case discussion")[0];
    assert_eq!(invitation["responseStatus"]["response"], "notResponded");
    assert_eq!((&invitation["isOrganizer"], &invitation["showAs"]), (&json!(false), &json!("tentative")));
    assert_ne!(invitation["organizer"]["emailAddress"]["address"], "ada@clinic.example");
}

#[tokio::test]
async fn every_account_has_its_own_main_calendar() {
    let mut house = House::new();
    let mut seen = Vec::new();
    for account in ["ada@clinic.example", "ben@clinic.example", "carla@home.example"] {
        house.sign_in(account);
        let main = house.get("/me/calendar").await.good();
        assert_eq!(main["owner"]["address"], account);
        seen.push(main["id"].as_str().unwrap().to_owned());
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_calendar_shared_with_somebody_is_written_by_both() {
    let mut house = House::new();
    let all = house.get("/me/calendars?$top=100").await.good();
    let team = list(&all).iter().find(|one| one["name"] == "Team meetings").unwrap();
    assert_eq!((&team["canEdit"], &team["canShare"]), (&json!(true), &json!(false)));
    let id = house.event(team["id"].as_str().unwrap(), super::house::booked()).await;
    house.sign_in("ben@clinic.example");
    house.get(&format!("/me/events/{id}")).await.good();
    house.sign_in("desk@clinic.example");
    assert_eq!(house.delete(&format!("/me/events/{id}")).await.status, 204);
}

#[tokio::test]
async fn everything_survives_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("microsoft.sqlite");
    let house = House::in_file(&file);
    let calendar = house.calendar("Kept").await;
    let id = house.event(&calendar, super::house::weekly(3)).await;
    let path = format!("/v1.0/me/calendars/{calendar}/calendarView/delta?{WEEKS}");
    let (_, link) = house.round(&path.replace("&$top=100", ""), 50).await;
    drop(house);
    let house = House::in_file(&file);
    assert_eq!(house.get(&format!("/me/events/{id}")).await.good()["type"], "seriesMaster");
    assert_eq!(house.round(&link, 50).await.0.len(), 0);
    house.delete(&format!("/me/events/{id}")).await;
    assert_eq!(house.round(&link, 50).await.0.len(), 1);
}
