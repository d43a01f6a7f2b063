//! What calendar sync tells: taken when it is signed, shown once.

use axum::http::Method;
use serde_json::json;

use crate::house::House;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PLACE: &str = "/sandbox/ehr/notices";

#[expect(clippy::disallowed_methods, reason = "the sandbox is an outside world and has a clock of its own")]
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

async fn post(house: &House, id: &str, body: &str, secret: &str, late_s: i64) -> u16 {
    let signer = standardwebhooks::Webhook::new(secret).unwrap();
    let at = now() - late_s;
    let signature = signer.sign(id, at, body.as_bytes()).unwrap();
    let at = at.to_string();
    let headers = [("webhook-id", id), ("webhook-timestamp", at.as_str()), ("webhook-signature", &signature)];
    house.call(Method::POST, PLACE, &headers, body.to_owned()).await.status.as_u16()
}

fn notice(kind: &str, number: u64) -> String {
    let data = json!({"connection": "c1", "practitioner_id": "nobody", "number": number, "state": "active", "count": 2});
    json!({"type": kind, "timestamp": "2026-11-26T17:05:11.204Z", "data": data}).to_string()
}

#[tokio::test]
async fn a_signed_notice_is_shown_once_and_newest_first() {
    let house = House::new();
    assert_eq!(post(&house, "ntc_1", "{}", SECRET, 0).await, 401, "nobody is trusted yet");
    house.sandbox.trust_notices(SECRET).unwrap();
    for (id, kind, number) in [("ntc_1", "connection.state_changed", 1), ("ntc_2", "mirror.restored", 2)] {
        assert_eq!(post(&house, id, &notice(kind, number), SECRET, 0).await, 204);
        assert_eq!(post(&house, id, &notice(kind, number), SECRET, 0).await, 204, "again is no harm");
    }
    let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    assert_eq!(post(&house, "ntc_3", &notice("review.due", 3), other, 0).await, 401);
    assert_eq!(post(&house, "ntc_3", &notice("review.due", 3), SECRET, 400).await, 401, "too old");
    assert_eq!(post(&house, "ntc_3", "no json", SECRET, 0).await, 400);
    let page = house.call(Method::GET, PLACE, &[], String::new()).await;
    assert_eq!(page.status, 200);
    let place = |text: &str| page.text.find(text).unwrap_or_else(|| panic!("{text} in {}", page.text));
    assert!(place("2 calendar entries were changed by hand") < place("Calendar and schedule are in step."));
    assert_eq!(page.text.matches("<li><p>").count(), 2, "{}", page.text);
    assert!(page.text.contains("Thu, November 26, 12:05 pm"), "{}", page.text);
    assert!(page.text.contains("America/New_York"));
}
