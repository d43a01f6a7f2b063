//! Searching: what is found, in which order, on which page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::house::{House, block, ids_of, visit, with};

/// Three visits of one clinician who has no others, a day apart.
async fn diary() -> House {
    let house = House::new();
    for (id, day, status) in [("v1", 14, "booked"), ("v2", 15, "cancelled"), ("v3", 16, "booked")] {
        let (start, end) = (format!("2026-12-{day}T15:00:00Z"), format!("2026-12-{day}T15:50:00Z"));
        let body = with(
            visit("prac-9"),
            &json!({"start": start, "end": end, "status": status, "identifier": [{"system": "s", "value": id}, {"value": "bare"}]}),
        );
        assert_eq!(house.put(&format!("/Appointment/{id}"), body).await.status, 201);
    }
    let wish = with(visit("prac-9"), &json!({"start": null, "end": null, "status": "proposed"}));
    house.put("/Appointment/v4", wish).await;
    house
}

#[tokio::test]
async fn every_parameter_finds_its_own() {
    let house = diary().await;
    for (search, expected) in [
        ("practitioner=prac-9", "v1 v2 v3 v4"),
        ("practitioner=Practitioner/prac-9", "v1 v2 v3 v4"),
        ("practitioner=http://ehr.test:1/sandbox/ehr/fhir/Practitioner/prac-9", "v1 v2 v3 v4"),
        ("practitioner=Patient/pat-1&actor=prac-9", ""),
        ("actor=Practitioner/prac-9&patient=pat-1", "v1 v2 v3 v4"),
        ("actor:Practitioner=prac-9&status=booked", "v1 v3"),
        ("actor=prac-9&status=booked,proposed", "v1 v3 v4"),
        ("actor=prac-9&status:not=booked", "v2 v4"),
        ("actor=prac-9&status=http://hl7.org/fhir/appointmentstatus|cancelled", "v2"),
        ("actor=prac-9&patient=pat-2", ""),
        ("actor=prac-9&actor=pat-1&status=cancelled", "v2"),
        ("identifier=s|v2", "v2"),
        ("identifier=v2", "v2"),
        ("identifier=|v2", ""),
        ("actor=prac-9&identifier=|bare", "v1 v2 v3"),
        ("identifier=s|", "v1 v2 v3"),
        ("_id=v1,v3,none", "v1 v3"),
        ("actor=prac-9&date=2026-12-15", "v2"),
        ("actor=prac-9&date=2026-12", "v1 v2 v3"),
        ("actor=prac-9&date=ne2026-12-15", "v1 v3"),
        ("actor=prac-9&date=ge2026-12-15", "v2 v3"),
        ("actor=prac-9&date=gt2026-12-15", "v3"),
        ("actor=prac-9&date=sa2026-12-15", "v3"),
        ("actor=prac-9&date=le2026-12-15", "v1 v2"),
        ("actor=prac-9&date=lt2026-12-15", "v1"),
        ("actor=prac-9&date=eb2026-12-15", "v1"),
        ("actor=prac-9&date=ge2026-12-15T15:00:00Z&date=lt2026-12-16T15:00:00Z", "v2"),
        ("actor=prac-9&date=ge2026-12-15T10:00:00-05:00&date=le2026-12-15T16:00:00%2B01:00", "v2"),
        ("actor=prac-9&date=2026-12-14,2026-12-16", "v1 v3"),
        ("actor=prac-9&date:missing=true", "v4"),
        ("actor=prac-9&nonsense=1&_format=json", "v1 v2 v3 v4"),
        ("actor=prac-9&_sort=-date", "v3 v2 v1 v4"),
        ("actor=prac-9&_sort=-_lastUpdated", "v4 v3 v2 v1"),
    ] {
        let found = house.ids(&format!("/Appointment?{search}")).await.join(" ");
        assert_eq!(found, expected, "{search}");
        let strict = [("prefer", "handling=strict")];
        let asked = house.fhir("GET", &format!("/Appointment?{search}"), &strict, Value::Null).await;
        assert_eq!(asked.status.as_u16(), if search.contains("nonsense") { 400 } else { 200 }, "{search}");
    }
}

#[tokio::test]
async fn slots_schedules_and_roles_are_found() {
    let house = House::new();
    house.put("/Slot/s1", block("k1")).await;
    house
        .put("/Slot/s2", with(block("k2"), &json!({"status": "free", "start": "2026-12-15T16:00:00Z"})))
        .await;
    for (search, expected) in [
        ("/Slot?schedule=sch-1", "s1 s2"),
        ("/Slot?schedule=Schedule/sch-2", ""),
        ("/Slot?schedule=sch-1&status=busy-unavailable", "s1"),
        ("/Slot?start=ge2026-12-15T17:00:00Z", "s1"),
        ("/Slot?identifier=https://sync.example/block|", "s1 s2"),
        ("/Slot?schedule=sch-1,sch-2&start=lt2026-12-15T17:00:00Z", "s2"),
        ("/Schedule?actor=Practitioner/prac-2&active=true", "sch-2"),
        ("/Schedule?actor=prac-2&active=false", ""),
        ("/PractitionerRole?practitioner=prac-3&active=true", "role-3"),
        (
            "/PractitionerRole?practitioner=prac-3&_include=PractitionerRole:location&_include=PractitionerRole:service",
            "role-3 svc-1 svc-2 loc-1",
        ),
        ("/Patient?name=hart", "pat-1"),
        ("/HealthcareService?active=true", "svc-1 svc-2"),
    ] {
        let mut found = house.ids(search).await;
        found.sort();
        let mut expected: Vec<&str> = expected.split_whitespace().collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{search}");
    }
}

#[tokio::test]
async fn a_post_searches_like_a_get() {
    let house = diary().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "actor=Practitioner%2Fprac-9&status=booked".to_owned();
    let path = "/sandbox/ehr/fhir/Appointment/_search?_count=1";
    let reply = house.call("POST".parse().unwrap(), path, &form, body).await;
    assert_eq!(ids_of(&reply.json()), ["v1"]);
    assert_eq!(reply.json()["total"], 2);
}

#[tokio::test]
async fn pages_hold_everything_once() {
    let house = House::new();
    for sort in ["", "&_sort=date", "&_sort=-_lastUpdated"] {
        let (mut seen, mut pages) = (Vec::new(), 0);
        let mut next = Some(format!("/Appointment?actor=Practitioner/prac-1&_count=7&nonsense=1{sort}"));
        while let Some(path) = next.take() {
            let bundle = house.get(&path).await.json();
            seen.extend(ids_of(&bundle));
            pages += 1;
            assert_eq!(bundle["link"][0]["relation"], "self");
            assert!(!bundle["link"][0]["url"].as_str().unwrap().contains("nonsense"));
            let link = bundle["link"].as_array().unwrap().iter().find(|link| link["relation"] == "next");
            let base = "http://ehr.test:1/sandbox/ehr/fhir";
            next = link.map(|link| link["url"].as_str().unwrap().strip_prefix(base).unwrap().to_owned());
        }
        let total =
            house.get("/Appointment?actor=Practitioner/prac-1&_summary=count").await.json()["total"].clone();
        assert_eq!(json!(seen.len()), total);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len());
        assert_eq!(pages, seen.len().div_ceil(7));
    }
}

#[tokio::test]
async fn counts_are_bounded_and_totals_can_be_left_out() {
    let house = House::new();
    for (search, entries) in [("?", 50), ("?_count=3", 3), ("?_count=0", 0), ("?_count=9999", 151)] {
        let bundle = house.get(&format!("/Appointment{search}")).await.json();
        let found = ids_of(&bundle).len();
        assert!(
            found == entries || (search == "?_count=9999" && found > 100 && found <= 200),
            "{search}: {found}"
        );
        assert!(bundle["total"].as_u64().unwrap() > 100);
    }
    assert!(house.get("/Appointment?_total=none").await.json().get("total").is_none());
}

#[tokio::test]
async fn trimmed_resources_say_so() {
    let house = diary().await;
    let bundle = house.get("/Appointment?_id=v1&_elements=start,participant.actor").await.json();
    let resource = &bundle["entry"][0]["resource"];
    let names: Vec<&String> = resource.as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "meta", "participant", "resourceType", "start", "status"]);
    assert_eq!(resource["meta"]["tag"][0]["code"], "SUBSETTED");
    assert_eq!(bundle["entry"][0]["fullUrl"], "http://ehr.test:1/sandbox/ehr/fhir/Appointment/v1");
    assert_eq!(bundle["entry"][0]["search"]["mode"], "match");
    assert!(house.get("/Appointment/v1").await.json()["meta"].get("tag").is_none());
}

#[tokio::test]
async fn asking_from_the_newest_change_misses_nothing() {
    let house = House::new();
    let mut newest = String::new();
    for number in 0..20 {
        let reply = house.put(&format!("/Appointment/n{number}"), visit("prac-1")).await.json();
        let stamp = reply["meta"]["lastUpdated"].as_str().unwrap().to_owned();
        assert!(stamp > newest || newest.len() != stamp.len(), "{stamp} after {newest}");
        let since = house.ids(&format!("/Appointment?_lastUpdated=ge{stamp}")).await;
        assert_eq!(since, [format!("n{number}")]);
        if !newest.is_empty() {
            assert_eq!(house.ids(&format!("/Appointment?_lastUpdated=ge{newest}")).await.len(), 2);
        }
        newest = stamp;
    }
}
