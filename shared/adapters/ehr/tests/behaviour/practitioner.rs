//! Zone, hours and schedules.

use daybook_core::hours::{Closure, Opening};
use daybook_engine::ports::{Practitioner, RemoteError};
use jiff::civil::Weekday;
use serde_json::{Value, json};

use crate::fake::{Fake, bundle, ok, outcome};

/// An EHR that holds these resources, and ignores every condition of a search but the type.
async fn ehr(resources: Vec<Value>) -> Fake {
    Fake::start(move |asked, _| {
        let target = asked.line.strip_prefix("GET ").unwrap();
        let kind = target.split(['/', '?']).next().unwrap();
        let of_kind = |resource: &&Value| resource["resourceType"] == kind;
        if target.contains('?') {
            return ok(bundle(resources.iter().filter(of_kind).cloned().collect()));
        }
        let id = target.split('/').nth(1).unwrap();
        let found = resources.iter().find(|resource| of_kind(resource) && resource["id"] == id);
        found.map_or_else(|| outcome(404, "not-found"), |resource| ok(resource.clone()))
    })
    .await
}

fn person() -> Value {
    json!({"resourceType": "Practitioner", "id": "prac-12", "active": true, "name": [{"text": "Dr. Wu"}]})
}

fn example(name: &str) -> Value {
    let text = match name {
        "role" => include_str!("../../../../../tests/ehr-examples/practitionerrole.json"),
        "service" => include_str!("../../../../../tests/ehr-examples/healthcareservice.json"),
        "location" => include_str!("../../../../../tests/ehr-examples/location.json"),
        _ => include_str!("../../../../../tests/ehr-examples/schedule.json"),
    };
    serde_json::from_str(text).unwrap()
}

fn zone(name: &str) -> Value {
    json!([{"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": name}])
}

async fn read(resources: Vec<Value>) -> Practitioner {
    ehr(resources).await.ehr.practitioner(&"prac-12".into()).await.unwrap()
}

fn openings(practitioner: &Practitioner) -> Vec<String> {
    let text = |opening: &Opening| format!("{:?} {}-{}", opening.day, opening.from, opening.to);
    practitioner.hours.openings.iter().map(text).collect()
}

#[tokio::test]
async fn the_examples_together() {
    let all = vec![person(), example("role"), example("service"), example("location"), example("schedule")];
    let read = read(all).await;
    assert_eq!(read.time_zone.as_deref(), Some("America/New_York"));
    assert_eq!(read.schedules, ["sch-12".into()]);
    assert_eq!(openings(&read), ["Tuesday 10:00:00-18:00:00", "Thursday 10:00:00-18:00:00"]);
    assert!(read.hours.closures.is_empty());
}

#[tokio::test]
async fn a_role_without_hours_has_those_of_its_services() {
    let mut role = example("role");
    role.as_object_mut().unwrap().remove("availableTime");
    let read = read(vec![person(), role, example("service"), example("location")]).await;
    assert_eq!(read.hours.openings.len(), 5);
    assert_eq!(read.hours.openings[0].day, Weekday::Monday);
    let (first, last) = ("2026-11-26".parse().unwrap(), "2026-11-27".parse().unwrap());
    assert_eq!(read.hours.closures, [Closure::Days { first, last }]);
    assert!(read.schedules.is_empty());
}

#[tokio::test]
async fn several_roles_are_one_week() {
    let mut second = example("role");
    second["id"] = json!("role-13");
    second["availableTime"] = json!([{"daysOfWeek": ["tue"], "availableStartTime": "10:00:00", "availableEndTime": "18:00:00"},
               {"daysOfWeek": ["fri"], "allDay": true}]);
    let mut inactive = second.clone();
    inactive["active"] = json!(false);
    inactive["availableTime"] = json!([{"daysOfWeek": ["sun"], "allDay": true}]);
    let mut other = inactive.clone();
    other["active"] = json!(true);
    other["practitioner"] = json!({"reference": "Practitioner/other"});
    let read = read(vec![person(), example("role"), second, inactive, other]).await;
    assert_eq!(
        openings(&read),
        ["Tuesday 10:00:00-18:00:00", "Thursday 10:00:00-18:00:00", "Friday 00:00:00-00:00:00"]
    );
}

#[tokio::test]
async fn the_nearest_zone_counts() {
    let mut role = example("role");
    role["organization"] = json!({"reference": "Organization/org-1"});
    let organization =
        json!({"resourceType": "Organization", "id": "org-1", "extension": zone("Europe/Paris")});
    let mut bare = example("location");
    bare["extension"] = json!([]);
    let mut zoned = role.clone();
    zoned["extension"] = zone("Europe/Berlin");
    for (resources, expected) in [
        (vec![person(), zoned.clone(), example("location")], Some("Europe/Berlin")),
        (vec![person(), role.clone(), example("location"), organization.clone()], Some("America/New_York")),
        (vec![person(), role.clone(), bare.clone(), organization], Some("Europe/Paris")),
        (vec![person(), role, bare], None),
    ] {
        assert_eq!(read(resources).await.time_zone.as_deref(), expected);
    }
}

#[tokio::test]
async fn schedules_may_belong_to_a_role() {
    let mut by_role = example("schedule");
    by_role["actor"] = json!([{"reference": "PractitionerRole/role-12"}]);
    let mut others = example("schedule");
    others["id"] = json!("sch-99");
    others["actor"] = json!([{"reference": "Practitioner/other"}]);
    let fake = ehr(vec![person(), example("role"), by_role, others]).await;
    assert_eq!(fake.ehr.practitioner(&"prac-12".into()).await.unwrap().schedules, ["sch-12".into()]);
    assert!(
        fake.lines()
            .contains(&"GET Schedule?actor=PractitionerRole/role-12&active=true&_count=100".to_owned())
    );
}

#[tokio::test]
async fn who_is_not_there_is_missing() {
    let mut left = person();
    left["active"] = json!(false);
    for resources in [vec![], vec![left]] {
        let error = ehr(resources).await.ehr.practitioner(&"prac-12".into()).await.unwrap_err();
        assert!(matches!(error, RemoteError::Missing { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_ehr_without_roles_has_no_hours() {
    let fake = Fake::start(|asked, _| match asked.line.as_str() {
        "GET Practitioner/prac-12" => ok(person()),
        line if line.starts_with("GET Schedule?actor=Practitioner/prac-12&active=true") => {
            ok(bundle(vec![example("schedule")]))
        }
        line if line.starts_with("GET PractitionerRole") => outcome(404, "not-supported"),
        other => panic!("{other}"),
    })
    .await;
    let read = fake.ehr.practitioner(&"prac-12".into()).await.unwrap();
    assert_eq!((read.schedules.len(), read.hours.openings.len(), read.time_zone), (1, 0, None));
}
