//! Reading and writing single resources, and bundles of them.

use serde_json::{Value, json};

use crate::house::{House, block, open, visit, with};

#[tokio::test]
async fn a_resource_lives_from_create_to_delete() {
    let house = House::new();
    let odd = with(
        visit("prac-1"),
        &json!({"extension": [{"url": "https://x.example", "valueInteger": 7}], "id": "mine"}),
    );
    let created = house.post("/Appointment", odd).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("etag"), r#"W/"1""#);
    assert!(created.header("content-type").starts_with("application/fhir+json"));
    let (body, id) = (created.json(), created.json()["id"].as_str().unwrap().to_owned());
    assert_ne!(id, "mine");
    assert_eq!(body["extension"][0]["valueInteger"], 7);
    assert_eq!(
        created.header("location"),
        format!("http://ehr.test:1/sandbox/ehr/fhir/Appointment/{id}/_history/1")
    );
    let path = format!("/Appointment/{id}");
    let read = house.get(&path).await;
    assert_eq!(read.json(), body);
    assert!(read.header("last-modified").ends_with(" GMT"));
    assert_eq!(house.get(&format!("{path}/_history/1")).await.json(), body);

    let moved = with(body, &json!({"start": "2026-12-15T15:10:00Z"}));
    let updated = house.fhir("PUT", &path, &[("if-match", r#"W/"1""#)], moved.clone()).await;
    assert_eq!((updated.status.as_u16(), updated.header("etag")), (200, r#"W/"2""#));
    let stale = house.fhir("PUT", &path, &[("if-match", r#"W/"1""#)], moved.clone()).await;
    assert_eq!((stale.status.as_u16(), stale.issue().as_str()), (412, "conflict"));
    let unchanged = house.fhir("GET", &path, &[("if-none-match", r#"W/"2""#)], Value::Null).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""));

    let stale = house.fhir("DELETE", &path, &[("if-match", r#"W/"1""#)], Value::Null).await;
    assert_eq!(stale.status, 412);
    assert_eq!(house.fhir("DELETE", &path, &[], Value::Null).await.status, 204);
    let gone = house.get(&path).await;
    assert_eq!((gone.status.as_u16(), gone.issue().as_str()), (410, "deleted"));
    assert_eq!(house.fhir("DELETE", &path, &[], Value::Null).await.status, 204);
    let revived = house.put(&path, moved).await;
    assert_eq!((revived.status.as_u16(), revived.header("etag")), (201, r#"W/"4""#));
}

#[tokio::test]
async fn a_client_may_choose_an_id() {
    let house = House::new();
    let created = house.put("/Slot/block.1", block("a")).await;
    assert_eq!((created.status.as_u16(), created.header("etag")), (201, r#"W/"1""#));
    let minimal = house.fhir("PUT", "/Slot/block.1", &[("prefer", "return=minimal")], block("a")).await;
    assert_eq!(
        (minimal.status.as_u16(), minimal.header("etag"), minimal.text.as_str()),
        (200, r#"W/"2""#, "")
    );
    let absent = house.fhir("PUT", "/Slot/other", &[("if-match", r#"W/"1""#)], block("a")).await;
    assert_eq!(absent.status, 412);
    let other = house.put("/Slot/block.1", with(block("a"), &json!({"id": "block.2"}))).await;
    assert_eq!(other.status, 400);
}

#[tokio::test]
async fn a_conditional_create_happens_once() {
    let house = House::new();
    let condition = ("if-none-exist", "identifier=https://sync.example/block|k1");
    let first = house.fhir("POST", "/Slot", &[condition], block("k1")).await;
    let again = house.fhir("POST", "/Slot", &[condition], block("k1")).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.json(), again.json());
    assert_eq!(house.post("/Slot", block("k1")).await.status, 201);
    let several = house.fhir("POST", "/Slot", &[condition], block("k1")).await;
    assert_eq!((several.status.as_u16(), several.issue().as_str()), (412, "multiple-matches"));
    let escaped = ("if-none-exist", "identifier=https%3A%2F%2Fsync.example%2Fblock%7Ck2");
    assert_eq!(house.fhir("POST", "/Slot", &[escaped], block("k2")).await.status, 201);
    assert_eq!(house.fhir("POST", "/Slot", &[escaped], block("k2")).await.status, 200);
    let vague = house.fhir("POST", "/Slot", &[("if-none-exist", "nonsense=1")], block("k3")).await;
    assert_eq!(vague.status, 400);
}

#[tokio::test]
async fn a_conditional_update_finds_or_makes() {
    let house = House::new();
    let path = "/Slot?identifier=https://sync.example/block%7Cu1";
    let made = house.put(path, block("u1")).await;
    let found = house.put(path, block("u1")).await;
    assert_eq!((made.status.as_u16(), found.status.as_u16()), (201, 200));
    assert_eq!(made.json()["id"], found.json()["id"]);
    assert_eq!(house.fhir("DELETE", path, &[], Value::Null).await.status, 204);
    assert!(house.ids(path).await.is_empty());
}

#[tokio::test]
async fn what_breaks_r4_is_refused_and_told() {
    let house = House::new();
    let sound = || visit("prac-1");
    for (kind, body, status, code) in [
        ("Appointment", with(sound(), &json!({"participant": [{"status": "accepted"}]})), 422, "invariant"),
        ("Appointment", with(sound(), &json!({"end": null})), 422, "invariant"),
        ("Appointment", with(sound(), &json!({"start": null, "end": null})), 422, "invariant"),
        ("Appointment", with(sound(), &json!({"cancelationReason": {"text": "x"}})), 422, "invariant"),
        ("Appointment", with(sound(), &json!({"end": "2026-12-15T14:00:00Z"})), 422, "business-rule"),
        ("Appointment", with(sound(), &json!({"status": null})), 422, "required"),
        ("Appointment", with(sound(), &json!({"participant": null})), 422, "required"),
        ("Appointment", with(sound(), &json!({"participant": []})), 422, "required"),
        ("Appointment", with(sound(), &json!({"status": "busy"})), 400, "code-invalid"),
        ("Appointment", with(sound(), &json!({"start": "2026-12-15T14:00:00"})), 400, "value"),
        ("Appointment", with(sound(), &json!({"start": "2026-12-15T14:00:00-05"})), 400, "value"),
        ("Appointment", with(sound(), &json!({"participant": {"status": "accepted"}})), 400, "structure"),
        ("Appointment", block("x"), 400, "structure"),
        ("Appointment", json!([]), 400, "structure"),
        ("Slot", with(block("x"), &json!({"schedule": null})), 422, "required"),
        ("Slot", with(block("x"), &json!({"status": "closed"})), 400, "code-invalid"),
        ("Slot", with(block("x"), &json!({"end": "2026-12-15T16:00:00Z"})), 422, "business-rule"),
        ("Schedule", json!({"resourceType": "Schedule"}), 422, "required"),
        (
            "PractitionerRole",
            json!({"resourceType": "PractitionerRole", "availableTime": [{"daysOfWeek": ["Monday"]}]}),
            400,
            "code-invalid",
        ),
        (
            "PractitionerRole",
            json!({"resourceType": "PractitionerRole", "notAvailable": [{}]}),
            422,
            "required",
        ),
    ] {
        let reply = house.post(&format!("/{kind}"), body.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.issue().as_str()), (status, code), "{body}");
    }
    for fine in [
        with(sound(), &json!({"status": "proposed", "start": null, "end": null})),
        with(sound(), &json!({"status": "cancelled", "cancelationReason": {"text": "x"}})),
        with(sound(), &json!({"end": "2026-12-15T15:00:00Z"})),
        with(sound(), &json!({"start": "2026-12-15T10:00:00.123-05:00"})),
    ] {
        let reply = house.post("/Appointment", fine).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
}

#[tokio::test]
async fn refusals_keep_quiet_about_values() {
    let house = House::new();
    let body = with(visit("prac-1"), &json!({"status": "Jane Doe", "start": "Jane Doe"}));
    assert!(!house.post("/Appointment", body).await.text.contains("Jane"));
}

#[tokio::test]
async fn the_door_refuses_what_it_cannot_read() {
    let house = House::new();
    for (method, path, headers, body, status, code) in [
        ("GET", "/Appointment/none", vec![], String::new(), 404, "not-found"),
        ("GET", "/Encounter/1", vec![], String::new(), 404, "not-supported"),
        ("GET", "/Encounter", vec![], String::new(), 404, "not-supported"),
        ("PATCH", "/Appointment/apt-1001", vec![], String::new(), 405, "not-supported"),
        ("POST", "/Appointment", vec![], "{".to_owned(), 400, "structure"),
        ("POST", "/Appointment", vec![], String::new(), 400, "structure"),
        (
            "POST",
            "/Appointment",
            vec![("content-type", "application/fhir+xml")],
            "<x/>".to_owned(),
            415,
            "not-supported",
        ),
        ("POST", "/Appointment", vec![], " ".repeat(1024 * 1024 + 1), 413, "too-long"),
        ("GET", "/Appointment?date=soon", vec![], String::new(), 400, "structure"),
        ("GET", "/Appointment?status:above=x", vec![], String::new(), 400, "structure"),
    ] {
        let method = method.parse().unwrap();
        let reply = house.call(method, &format!("/sandbox/ehr/fhir{path}"), &headers, body).await;
        assert_eq!((reply.status.as_u16(), reply.issue().as_str()), (status, code), "{path}");
    }
}

#[tokio::test]
async fn a_batch_answers_entry_by_entry() {
    let house = House::new();
    let entry = |method: &str, url: &str, resource: Value| match resource {
        Value::Null => json!({"request": {"method": method, "url": url}}),
        _ => json!({"request": {"method": method, "url": url}, "resource": resource}),
    };
    let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": [
        entry("PUT", "Slot?identifier=https://sync.example/block|b1", block("b1")),
        entry("POST", "Slot", with(block("b2"), &json!({"status": "closed"}))),
        entry("GET", "http://ehr.test:1/sandbox/ehr/fhir/Practitioner/prac-1", Value::Null),
        entry("DELETE", "Slot/none", Value::Null),
        json!({"resource": {}}),
    ]});
    let reply = house.post("", bundle).await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(body["type"], "batch-response");
    let statuses: Vec<&str> =
        body["entry"].as_array().unwrap().iter().map(|e| e["response"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201 Created", "400 Bad Request", "200 OK", "204 No Content", "400 Bad Request"]);
    assert_eq!(body["entry"][0]["response"]["etag"], r#"W/"1""#);
    assert_eq!(body["entry"][1]["response"]["outcome"]["resourceType"], "OperationOutcome");
    assert_eq!(body["entry"][2]["resource"]["id"], "prac-1");
}

#[tokio::test]
async fn a_transaction_is_whole_or_nothing() {
    let house = House::new();
    let schedule = json!({"fullUrl": "urn:uuid:1", "request": {"method": "POST", "url": "Schedule"},
        "resource": {"resourceType": "Schedule", "actor": [{"reference": "Practitioner/prac-1"}]}});
    let slot = |status: &str| {
        let body = with(block("t1"), &json!({"schedule": {"reference": "urn:uuid:1"}, "status": status}));
        json!({"fullUrl": "urn:uuid:2", "request": {"method": "POST", "url": "Slot"}, "resource": body})
    };
    let bundle = |status: &str| json!({"resourceType": "Bundle", "type": "transaction", "entry": [slot(status), schedule]});
    let before = house.get("/Schedule?_summary=count").await.json()["total"].clone();
    assert_eq!(house.post("/", bundle("closed")).await.status, 400);
    assert_eq!(house.get("/Schedule?_summary=count").await.json()["total"], before);
    let reply = house.post("/", bundle("busy")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let entries = reply.json()["entry"].clone();
    let schedule = entries[1]["resource"]["id"].as_str().unwrap();
    assert_eq!(entries[0]["resource"]["schedule"]["reference"], format!("Schedule/{schedule}"));
    assert_eq!(entries[0]["response"]["status"], "201 Created");
}

#[tokio::test]
async fn records_outlive_the_process() {
    let house = House::new();
    let id = house.post("/Appointment", visit("prac-1")).await.json()["id"].as_str().unwrap().to_owned();
    let total = house.get("/Appointment?_count=0").await.json()["total"].clone();
    let reopened = House { sandbox: open(&house.dir), dir: house.dir };
    assert_eq!(reopened.get(&format!("/Appointment/{id}")).await.status, 200);
    assert_eq!(reopened.get("/Appointment?_count=0").await.json()["total"], total);
}

#[tokio::test]
async fn the_capability_statement_lists_what_works() {
    let house = House::new();
    let statement = house.get("/metadata").await.json();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    assert_eq!(statement["implementation"]["url"], "http://ehr.test:1/sandbox/ehr/fhir");
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        let kind = resource["type"].as_str().unwrap();
        for param in resource["searchParam"].as_array().unwrap() {
            let name = param["name"].as_str().unwrap();
            let strict = [("prefer", "handling=strict")];
            let found =
                house.fhir("GET", &format!("/{kind}?{name}:missing=true"), &strict, Value::Null).await;
            assert_eq!(found.status, 200, "{kind} {name}");
        }
    }
}

#[tokio::test]
async fn the_ehr_can_play_dead() {
    let house = House::new();
    let control = |body: &'static str| {
        house.call("POST".parse().unwrap(), "/sandbox/ehr/control", &[], body.to_owned())
    };
    assert_eq!(
        control(r#"{"unavailable":true}"#).await.json(),
        json!({"unavailable": true, "hooks": "deliver"})
    );
    let dead = house.get("/Practitioner/prac-1").await;
    assert_eq!(
        (dead.status.as_u16(), dead.issue().as_str(), dead.header("retry-after")),
        (503, "transient", "1")
    );
    assert_eq!(house.call("GET".parse().unwrap(), "/sandbox/ehr/", &[], String::new()).await.status, 503);
    assert_eq!(
        control(r#"{"unavailable":false,"hooks":"drop"}"#).await.json(),
        json!({"unavailable": false, "hooks": "drop"})
    );
    assert_eq!(house.get("/Practitioner/prac-1").await.status, 200);
    assert_eq!(control(r#"{"unavailable":7}"#).await.status, 422);
}
