//! `getSchedule`.

use serde_json::json;

use super::house::{House, with};

fn question() -> serde_json::Value {
    json!({"schedules": ["ada@clinic.example", "nobody@clinic.example"], "availabilityViewInterval": 30,
        "startTime": {"dateTime": "2027-03-02T08:00:00", "timeZone": "UTC"},
        "endTime": {"dateTime": "2027-03-02T11:00:00", "timeZone": "UTC"}})
}

#[tokio::test]
async fn the_main_calendar_is_told_in_digits_and_items() {
    let house = House::new();
    for (from, to, show_as) in
        [("08:30", "09:00", "busy"), ("09:00", "09:30", "free"), ("10:00", "11:00", "oof")]
    {
        let time = |time: &str| json!({"dateTime": format!("2027-03-02T{time}:00"), "timeZone": "UTC"});
        let event = json!({"subject": "S", "start": time(from), "end": time(to), "showAs": show_as, "sensitivity": "private"});
        house.post("/me/events", event).await.good();
    }
    let answer = house.post("/me/calendar/getSchedule", question()).await.good();
    let ada = &answer["value"][0];
    assert_eq!(
        (&ada["scheduleId"], &ada["availabilityView"]),
        (&json!("ada@clinic.example"), &json!("020033"))
    );
    let items = ada["scheduleItems"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["isPrivate"], &items[0]["subject"]), (3, &json!(true), &json!("")));
    assert_eq!(items[0]["start"], json!({"dateTime": "2027-03-02T08:30:00.0000000", "timeZone": "UTC"}));
    assert_eq!(answer["value"][1]["error"]["responseCode"], "ErrorMailRecipientNotFound");
}

#[tokio::test]
async fn questions_have_bounds_and_personal_accounts_none() {
    let house = House::new();
    for changes in [
        json!({"availabilityViewInterval": 4}),
        json!({"schedules": []}),
        json!({"endTime": {"dateTime": "2027-06-02T11:00:00", "timeZone": "UTC"}}),
    ] {
        let reply = house.post("/me/calendar/getSchedule", with(question(), changes.clone())).await;
        assert_eq!(reply.status, 400, "{changes}");
    }
    let personal = House::of("carla@home.example", &["Calendars.ReadWrite"]);
    assert_eq!(personal.post("/me/calendar/getSchedule", question()).await.status, 403);
}
