//! The first day of the practice: sound R4, no double bookings, words for privacy tests to look for.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::house::House;

async fn all(house: &House, kind: &str) -> Vec<Value> {
    let bundle = house.get(&format!("/{kind}?_count=200")).await.json();
    assert!(bundle["link"].as_array().unwrap().len() == 1, "{kind} needs a second page");
    bundle["entry"].as_array().unwrap().iter().map(|entry| entry["resource"].clone()).collect()
}

fn at(body: &Value, name: &str) -> Timestamp {
    body[name].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn everything_seeded_could_be_written_again() {
    let house = House::new();
    for kind in [
        "Appointment",
        "HealthcareService",
        "Location",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Schedule",
    ] {
        for body in all(&house, kind).await {
            let path = format!("/{kind}/{}", body["id"].as_str().unwrap());
            let reply = house.put(&path, body).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn nobody_is_booked_twice_and_everybody_works_in_their_hours() {
    let house = House::new();
    let zone = TimeZone::get("America/New_York").unwrap();
    for practitioner in ["prac-1", "prac-2", "prac-3"] {
        let search = format!("/Appointment?practitioner={practitioner}&status=booked&_count=200&_sort=date");
        let bundle = house.get(&search).await.json();
        let visits: Vec<&Value> =
            bundle["entry"].as_array().unwrap().iter().map(|entry| &entry["resource"]).collect();
        assert!((40..70).contains(&visits.len()), "{practitioner} has {}", visits.len());
        assert!(visits.windows(2).all(|pair| at(pair[0], "end") <= at(pair[1], "start")), "{practitioner}");
        for visit in visits {
            let start = at(visit, "start").to_zoned(zone.clone());
            assert!(
                start.weekday().to_monday_one_offset() <= 5 && (9..18).contains(&start.hour()),
                "{visit}"
            );
        }
    }
}

#[tokio::test]
async fn the_diary_begins_this_monday_and_is_untidy() {
    let house = House::new();
    let bundle = house.get("/Appointment?_sort=date&date=ge2026&_count=1").await.json();
    assert_eq!(bundle["entry"][0]["resource"]["start"], "2026-11-23T14:00:00Z");
    assert_eq!(house.ids("/Appointment?status=cancelled").await, ["apt-1901"]);
    assert_eq!(house.ids("/Appointment?status=proposed&date:missing=true").await, ["apt-1902"]);
    assert_eq!(house.ids("/Appointment?patient:missing=true").await, ["apt-lunch-1", "apt-meeting-1"]);
    assert_eq!(all(&house, "Patient").await.len(), 12);
    let visit = house.get("/Appointment/apt-1001").await.json();
    let patient = &visit["participant"][1]["actor"];
    assert!(patient["reference"].as_str().unwrap().starts_with("Patient/") && patient["display"].is_string());
    assert!(["description", "comment", "reasonCode"].iter().all(|name| visit.get(name).is_some()));
}
