//! `$batch`: alone or in chains, each with an answer of its own.

use serde_json::{Value, json};

use super::house::{House, booked};

fn create(id: &str, calendar: &str, body: &Value) -> Value {
    json!({"id": id, "method": "POST", "url": format!("/me/calendars/{calendar}/events"), "body": body,
        "headers": {"Content-Type": "application/json", "Prefer": "IdType=\"ImmutableId\""}})
}

async fn run(house: &House, requests: Vec<Value>) -> Vec<Value> {
    let answer = house.post("/$batch", json!({"requests": requests})).await.good();
    let mut all = answer["responses"].as_array().unwrap().clone();
    all.sort_by_key(|one| one["id"].as_str().unwrap().to_owned());
    all
}

fn statuses(responses: &[Value]) -> Vec<u64> {
    responses.iter().map(|one| one["status"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn parts_succeed_and_fail_alone() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let bad = json!({"subject": "No times"});
    let all = run(
        &house,
        vec![
            create("1", &calendar, &booked()),
            create("2", &calendar, &bad),
            json!({"id": "3", "method": "GET", "url": "/me/calendars?$top=1"}),
            json!({"id": "4", "method": "DELETE", "url": "/me/events/AAMkADx"}),
            json!({"id": "5", "method": "GET", "url": "http://elsewhere.test/me"}),
            json!({"id": "6", "method": "GET", "url": "/$batch"}),
        ],
    )
    .await;
    assert_eq!(statuses(&all), [201, 400, 200, 400, 400, 400]);
    assert_eq!(all[0]["headers"]["Content-Type"], "application/json");
    let id = all[0]["body"]["id"].as_str().unwrap();
    assert_eq!(house.get(&format!("/me/events/{id}")).await.status, 200, "the part's own Prefer counts");
    assert_eq!(all[1]["body"]["error"]["code"], "ErrorPropertyValidationFailure");
}

#[tokio::test]
async fn a_chain_stops_at_its_first_failure() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let after = |mut request: Value, id: &str| {
        request["dependsOn"] = json!([id]);
        request
    };
    let all = run(
        &house,
        vec![
            after(create("3", &calendar, &booked()), "2"),
            after(create("2", &calendar, &json!({})), "1"),
            create("1", &calendar, &booked()),
            after(create("4", &calendar, &booked()), "1"),
        ],
    )
    .await;
    assert_eq!(statuses(&all), [201, 400, 424, 201]);
    assert_eq!(all[2]["body"]["error"]["code"], "FailedDependency");
}

#[tokio::test]
async fn each_part_is_throttled_by_itself() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    house.control(json!({"faults": [{"operation": "write", "times": 2, "answer": {"too_many": {"retry_after_s": 7}}}]})).await;
    let all = run(&house, (1..=4).map(|id| create(&id.to_string(), &calendar, &booked())).collect()).await;
    assert_eq!(statuses(&all), [429, 429, 201, 201]);
    assert_eq!(all[0]["headers"]["Retry-After"], "7");
}

#[tokio::test]
async fn twenty_parts_run_four_at_a_time() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let all = run(&house, (1..=20).map(|id| create(&id.to_string(), &calendar, &booked())).collect()).await;
    assert_eq!(statuses(&all), [201; 20]);
}

#[tokio::test]
async fn a_batch_that_is_wrong_is_refused_whole() {
    let house = House::new();
    let get = |id: &str| json!({"id": id, "method": "GET", "url": "/me"});
    for requests in [
        json!([]),
        Value::Array((0..21).map(|id| get(&id.to_string())).collect()),
        json!([get("1"), get("1")]),
        json!([{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["9"]}]),
        json!([{"id": "1", "method": "POST", "url": "/me/events", "body": {}}]),
    ] {
        assert_eq!(house.post("/$batch", json!({"requests": requests})).await.status, 400, "{requests}");
    }
    let circle = json!([{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}, {"id": "2", "method": "GET", "url": "/me", "dependsOn": ["1"]}]);
    let all = house.post("/$batch", json!({"requests": circle})).await.good();
    assert_eq!(all["responses"][0]["status"], 424);
}
