//! Listings and reads by id.

use std::time::Duration;

use daybook_core::appointment::{Backwards, Kind, Participation, ProposedPolicy, Status};
use daybook_core::detail::{Detail, Disclosure};
use daybook_core::ids::AppointmentId;
use daybook_core::time::Interval;
use daybook_engine::ports::{Appointments, Completeness, Found, RemoteError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fake::{Answer, Fake, bundle, interval, ok, outcome, status};

fn week() -> Interval {
    interval("2026-10-26T00:00:00Z", "2026-11-02T00:00:00Z")
}

fn visit(id: &str) -> Value {
    json!({"resourceType": "Appointment", "id": id, "status": "booked",
        "meta": {"versionId": "1", "lastUpdated": "2026-10-12T13:05:11Z"},
        "start": "2026-10-27T14:00:00Z", "end": "2026-10-27T14:50:00Z",
        "description": "Jane Doe, relapse", "comment": "call Jane",
        "participant": [
            {"actor": {"reference": "Practitioner/prac-12", "display": "Dr. Wu"}, "status": "accepted"},
            {"actor": {"reference": "Patient/pat-55", "display": "Jane Doe"}, "status": "accepted"}]})
}

fn with(mut resource: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        resource[name] = value.clone();
    }
    resource
}

async fn list(fake: &Fake) -> Result<Appointments, RemoteError> {
    fake.ehr.list_appointments(&"prac-12".into(), week(), Detail::Busy).await
}

fn ids(listed: &Appointments) -> Vec<&str> {
    listed.items.iter().map(|item| item.id.as_str()).collect()
}

#[tokio::test]
async fn the_example_is_read_as_one_busy_visit() {
    let example: Value =
        serde_json::from_str(include_str!("../../../../../tests/ehr-examples/appointment.json")).unwrap();
    let fake = Fake::start(move |_, _| ok(bundle(vec![example.clone()]))).await;
    let listed = list(&fake).await.unwrap();
    let item = &listed.items[0];
    assert_eq!((item.status, item.kind), (Status::Booked, Kind::Patient));
    assert_eq!(item.when, Some(Ok(interval("2026-10-27T14:00:00Z", "2026-10-27T14:50:00Z"))));
    assert_eq!(item.practitioners, [("prac-12".into(), Participation::Accepted)]);
    assert_eq!(listed.completeness, Completeness::Complete);
    assert_eq!(
        fake.lines(),
        [
            "GET Appointment?actor=Practitioner/prac-12&date=ge2026-10-25T00:00:00Z&date=lt2026-11-02T00:00:00Z\
          &_count=100&_elements=id,meta,status,start,end,minutesDuration,participant"
        ]
    );
}

#[tokio::test]
async fn a_dirty_feed_loses_nothing_and_invents_nothing() {
    let elsewhere = json!([{"actor": {"reference": "Practitioner/other"}, "status": "accepted"}]);
    let entries = vec![
        visit("good"),
        with(visit("odd-status"), json!({"status": "-"})),
        with(visit("backwards"), json!({"end": "2026-10-27T13:00:00Z"})),
        with(
            visit("hour-offset"),
            json!({"start": "2026-10-27T09:00:00-05", "end": "2026-10-27T09:50:00-05"}),
        ),
        with(visit("no-offset"), json!({"start": "2026-10-27T09:00:00"})),
        with(visit("no-status"), json!({"status": null})),
        with(visit("misshapen"), json!({"participant": "Jane Doe"})),
        with(visit("nobody"), json!({"participant": null})),
        with(visit("someone-else"), json!({"participant": elsewhere})),
        with(visit("last-year"), json!({"start": "2025-10-27T14:00:00Z", "end": "2025-10-27T14:50:00Z"})),
        with(visit("wish"), json!({"status": "proposed", "start": null, "end": null})),
        with(visit("good"), json!({"status": "arrived"})),
        json!({"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "invalid"}]}),
        json!({"resourceType": "Patient", "id": "pat-55", "name": [{"text": "Jane Doe"}]}),
        Value::Null,
    ];
    let fake = Fake::start(move |_, _| ok(bundle(entries.clone()))).await;
    let listed = list(&fake).await.unwrap();
    assert_eq!(ids(&listed), ["good", "odd-status", "backwards", "hour-offset"]);
    assert_eq!(listed.items[0].status, Status::Arrived, "of two of the same id the later counts");
    assert_eq!(listed.items[1].status, Status::Unknown);
    assert_eq!(listed.items[2].when, Some(Err(Backwards)));
    let unreadable: Vec<&str> = listed.unreadable.iter().map(AppointmentId::as_str).collect();
    assert_eq!(unreadable, ["misshapen", "no-offset", "no-status"]);
    assert_eq!(listed.completeness, Completeness::Complete);
    assert!(!format!("{listed:?}").contains("Jane"));
}

#[tokio::test]
async fn an_entry_without_an_id_makes_the_listing_incomplete() {
    let fake = Fake::start(|_, _| ok(bundle(vec![visit("a"), with(visit("b"), json!({"id": null}))]))).await;
    let listed = list(&fake).await.unwrap();
    assert_eq!(ids(&listed), ["a"]);
    assert_eq!(listed.completeness, Completeness::Incomplete);
}

fn page(base: &str, id: &str, next: &str) -> Answer {
    let next = next.replace("{base}", base);
    ok(with(
        bundle(vec![visit(id)]),
        json!({"link": [{"relation": "self", "url": "x"}, {"relation": "next", "url": next}]}),
    ))
}

#[tokio::test]
async fn pages_are_followed_on_the_same_server_only() {
    let fake = Fake::start(|asked, base| match asked.line.as_str() {
        "GET ?page=2" => page(base, "b", "Appointment?page=3"),
        "GET Appointment?page=3" => ok(bundle(vec![visit("c"), visit("b")])),
        _ => page(base, "a", "{base}?page=2"),
    })
    .await;
    assert_eq!(ids(&list(&fake).await.unwrap()), ["a", "b", "c"]);

    for next in ["http://elsewhere.example/other?page=2", "//127.0.0.1:1/other", "{base}?page=1"] {
        let fake = Fake::start(move |_, base| page(base, "a", next)).await;
        let error = list(&fake).await.unwrap_err();
        assert!(matches!(error, RemoteError::Unintelligible { .. }), "{next}: {error:?}");
        assert!(fake.lines().len() <= 2, "{next}");
    }
}

#[tokio::test]
async fn a_page_that_fails_fails_the_listing() {
    for (answer, expected) in [(404, "missing"), (500, "later"), (401, "refused")] {
        let fake = Fake::start(move |asked, base| {
            if asked.line.contains("page=2") { status(answer) } else { page(base, "a", "{base}?page=2") }
        })
        .await;
        let word = match list(&fake).await.unwrap_err() {
            RemoteError::Missing { .. } => "missing",
            RemoteError::Later { .. } => "later",
            RemoteError::Refused { .. } => "refused",
            other => panic!("{other:?}"),
        };
        assert_eq!(word, expected);
    }
}

#[tokio::test]
async fn endless_pages_end() {
    let fake = Fake::start(|asked, base| {
        let number: u32 = asked.line.split("page=").nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
        page(base, &format!("a{number}"), &format!("{{base}}?page={}", number + 1))
    })
    .await;
    let listed = list(&fake).await.unwrap();
    assert_eq!((listed.items.len(), listed.completeness), (200, Completeness::Incomplete));
}

#[tokio::test]
async fn refusals_say_when_to_come_back_and_nothing_else() {
    let fake = Fake::start(|_, _| outcome(429, "throttled").with("retry-after", "30")).await;
    let error = list(&fake).await.unwrap_err();
    assert!(!format!("{error:?}").contains("Jane"), "{error:?}");
    assert!(
        matches!(error, RemoteError::Later { retry_after: Some(wait), .. } if wait == Duration::from_secs(30))
    );
    for body in
        ["<html>", "[]", r#"{"resourceType":"Appointment"}"#, r#"{"resourceType":"Bundle","entry":"Jane"}"#]
    {
        let fake =
            Fake::start(move |_, _| Answer { status: 200, headers: Vec::new(), body: body.to_owned() }).await;
        let error = list(&fake).await.unwrap_err();
        assert!(matches!(error, RemoteError::Unintelligible { .. }), "{body}");
        assert!(!format!("{error:?}").contains("Jane"), "{error:?}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let fake = Fake::start(|_, base| status(302).with("location", format!("{base}/elsewhere"))).await;
    assert!(matches!(list(&fake).await, Err(RemoteError::Unintelligible { .. })));
    assert_eq!(fake.lines().len(), 1);
}

#[tokio::test]
async fn an_ehr_that_is_down_is_later() {
    let fake = Fake::start(|_, _| status(200)).await;
    let directory = daybook_ehr::EhrDirectory::new().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = daybook_ehr::FhirConfig::open(format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    directory.configure("p".into(), &config).unwrap();
    let ehr = daybook_engine::ports::Ehrs::open(&directory, &"p".into()).await.unwrap();
    let error = ehr.list_changes(None).await.unwrap_err();
    assert!(matches!(error, RemoteError::Later { .. }), "{error:?}");
    assert!(daybook_engine::ports::Ehrs::open(&directory, &"q".into()).await.is_err());
    drop(fake);
}

async fn get(fake: &Fake, ids: &[&str]) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
    let ids: Vec<AppointmentId> = ids.iter().map(|id| AppointmentId::from(*id)).collect();
    let mut found = fake.ehr.get_appointments(&ids, Detail::Busy).await?;
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

fn words(found: &[(AppointmentId, Found)]) -> Vec<String> {
    let word = |found: &Found| match found {
        Found::Standing(_) => "standing",
        Found::Gone => "gone",
        Found::Unreadable => "unreadable",
    };
    found.iter().map(|(id, found)| format!("{id} {}", word(found))).collect()
}

#[tokio::test]
async fn one_id_is_one_request() {
    for (answer, expected) in [(200, "apt-7001 standing"), (404, "apt-7001 gone"), (410, "apt-7001 gone")] {
        let fake = Fake::start(move |_, _| match answer {
            200 => ok(visit("apt-7001")),
            other => outcome(other, "not-found"),
        })
        .await;
        assert_eq!(words(&get(&fake, &["apt-7001"]).await.unwrap()), [expected]);
        assert_eq!(fake.lines(), ["GET Appointment/apt-7001"]);
    }
}

#[tokio::test]
async fn a_bare_404_is_confirmed_by_a_search() {
    let search =
        "GET Appointment?_id=a&_count=1&_elements=id,meta,status,start,end,minutesDuration,participant";
    let gone =
        Fake::start(|asked, _| if asked.line.contains('?') { ok(bundle(vec![])) } else { status(404) }).await;
    assert_eq!(words(&get(&gone, &["a"]).await.unwrap()), ["a gone"]);
    assert_eq!(gone.lines(), ["GET Appointment/a", search]);
    let lost =
        Fake::start(|_, _| Answer { status: 404, headers: Vec::new(), body: "<html>no such site".into() })
            .await;
    assert!(get(&lost, &["a"]).await.is_err(), "a gateway without its EHR deletes nothing");
}

#[tokio::test]
async fn several_ids_are_one_search_and_what_is_missing_is_confirmed() {
    let fake = Fake::start(|asked, _| match asked.line.as_str() {
        "GET Appointment/c" => outcome(410, "deleted"),
        "GET Appointment/d" => ok(visit("d")),
        line if line.starts_with("GET Appointment?_id=a,b,c,d&_count=4&_elements=") => {
            ok(bundle(vec![visit("a"), visit("stranger"), with(visit("b"), json!({"start": "soon"}))]))
        }
        other => panic!("{other}"),
    })
    .await;
    let found = get(&fake, &["a", "b", "c", "d", ""]).await.unwrap();
    assert_eq!(words(&found), [" gone", "a standing", "b unreadable", "c gone", "d standing"]);
    assert_eq!(fake.lines().len(), 3);
}

#[tokio::test]
async fn many_ids_go_in_fifties_and_a_failed_confirmation_fails() {
    let fake = Fake::start(|asked, _| {
        let ids = asked.line.split("_id=").nth(1).unwrap().split('&').next().unwrap();
        ok(bundle(ids.split(',').map(visit).collect()))
    })
    .await;
    let ids: Vec<String> = (0..120).map(|n| format!("a{n}")).collect();
    let found = get(&fake, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
    assert_eq!((found.len(), fake.lines().len()), (120, 3));
    let fake =
        Fake::start(|asked, _| if asked.line.contains('?') { ok(bundle(vec![])) } else { status(503) }).await;
    assert!(matches!(get(&fake, &["a", "b"]).await, Err(RemoteError::Later { .. })));
}

#[tokio::test]
async fn an_ehr_that_schedules_roles_is_understood() {
    let by_role = json!([
        {"actor": {"reference": "PractitionerRole/role-1"}, "status": "tentative"},
        {"actor": {"reference": "Patient/pat-55"}, "status": "accepted"}]);
    let role = json!({"resourceType": "PractitionerRole", "id": "role-1", "active": true,
        "practitioner": {"reference": "Practitioner/prac-12"}});
    let fake = Fake::start(move |asked, _| match asked.line.as_str() {
        line if line.starts_with("GET PractitionerRole") => ok(bundle(vec![role.clone()])),
        line if line.contains("PractitionerRole/role-1&") => {
            ok(bundle(vec![with(visit("a"), json!({"participant": by_role}))]))
        }
        _ => ok(bundle(vec![])),
    })
    .await;
    let listed = list(&fake).await.unwrap();
    assert_eq!(listed.items[0].practitioners, [("prac-12".into(), Participation::Tentative)]);
    assert_eq!(fake.drain().len(), 4);
    list(&fake).await.unwrap();
    assert_eq!(fake.drain().len(), 2, "roles are asked once");
}

#[tokio::test]
async fn each_level_tells_what_it_may_and_reads_no_more() {
    let rich = with(
        visit("apt-1"),
        json!({"identifier": [{"system": "s", "value": "7001"}],
            "serviceType": [{"coding": [{"code": "telehealth-50", "display": "Session"}]}],
            "participant": [
                {"actor": {"reference": "Practitioner/prac-12"}, "status": "accepted"},
                {"actor": {"reference": "Patient/pat-55"}, "status": "accepted"},
                {"actor": {"reference": "Location/loc-2"}, "status": "accepted"}]}),
    );
    let fake = Fake::start(move |asked, _| match asked.line.as_str() {
        "GET Patient?_id=pat-55&_count=1&_elements=id,name" => ok(bundle(vec![
            json!({"resourceType": "Patient", "id": "pat-55", "name": [{"family": "Doe", "given": ["Jane"]}]}),
        ])),
        "GET Location?_id=loc-2&_count=1&_elements=id,name" => {
            ok(bundle(vec![json!({"resourceType": "Location", "id": "loc-2", "name": "Main office"})]))
        }
        line if line.starts_with("GET Appointment?actor") => ok(bundle(vec![rich.clone()])),
        other => panic!("{other}"),
    })
    .await;
    for (detail, requests, expected) in [
        (Detail::Busy, 1, Disclosure::Busy),
        (
            Detail::Appointment,
            1,
            Disclosure::Appointment { modality: Some(daybook_core::detail::Modality::Telehealth) },
        ),
        (Detail::Reference, 1, Disclosure::Reference { number: "7001".into() }),
        (Detail::Initials, 2, Disclosure::Initials { initials: "J.D.".into() }),
        (
            Detail::Full,
            3,
            Disclosure::Full {
                patient: "Jane Doe".into(),
                service: Some("Session".into()),
                location: Some("Main office".into()),
            },
        ),
    ] {
        let listed = fake.ehr.list_appointments(&"prac-12".into(), week(), detail).await.unwrap();
        assert!(listed.items[0].disclosure == expected, "{detail:?}");
        assert_eq!(fake.drain().len(), requests, "{detail:?}");
    }
}

#[tokio::test]
async fn a_patient_whom_we_may_not_read_stays_nameless() {
    let fake = Fake::start(|asked, _| {
        if asked.line.starts_with("GET Patient") {
            outcome(403, "forbidden")
        } else {
            ok(bundle(vec![visit("a")]))
        }
    })
    .await;
    let listed = fake.ehr.list_appointments(&"prac-12".into(), week(), Detail::Full).await.unwrap();
    assert!(listed.items[0].disclosure == Disclosure::Appointment { modality: None });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever a person wrote into the record, nothing of it is in what leaves the adapter at `busy`.
    #[test]
    fn at_busy_no_word_of_the_record_leaves(words in prop::collection::vec("[A-Z][a-z]{5,9}zq", 6)) {
        let record = with(visit("a"), json!({
            "description": words[0], "comment": words[1], "patientInstruction": words[2],
            "reasonCode": [{"text": words[3]}], "identifier": [{"value": words[4]}],
            "participant": [
                {"actor": {"reference": "Practitioner/prac-12", "display": words[5]}, "status": "accepted"},
                {"actor": {"reference": "Patient/pat-55", "display": words[0]}, "status": "accepted"}]}));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listed = runtime.block_on(async {
            let fake = Fake::start(move |_, _| ok(bundle(vec![record.clone()]))).await;
            list(&fake).await.unwrap()
        });
        let item = &listed.items[0];
        let now = "2026-10-12T13:05:12Z".parse().unwrap();
        let standing = daybook_core::appointment::standing(item, &"prac-12".into(), now, ProposedPolicy::Ignore);
        let shown = daybook_core::detail::project(item, standing, None).unwrap();
        let printed = format!("{listed:?} {shown:?}");
        for word in &words {
            prop_assert!(!printed.contains(word.as_str()), "{}", printed);
        }
    }
}
