//! Batches: several calls in one request, each with its own outcome, in no order.

use crate::house::{House, timed};

const BATCH: &str = "/batch/calendar/v3";
const KIND: (&str, &str) = ("content-type", "multipart/mixed; boundary=B");

#[tokio::test]
async fn calls_succeed_and_fail_by_themselves() {
    let house = House::new();
    house.insert(&timed("abcde", "03-03T09:00", "03-03T10:00")).await;
    let body = format!(
        "--B\r\nContent-Type: application/http\r\nContent-ID: <item1>\r\n\r\n\
         DELETE /calendar/v3/calendars/dora%40clinic.example/events/abcde?sendUpdates=none\r\n\r\n\
         --B\r\nContent-Type: application/http\r\nContent-ID: <item2>\r\n\r\n\
         POST /calendar/v3/calendars/primary/events HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}\r\n\
         --B\r\nContent-Type: application/http\r\nContent-ID: <item3>\r\n\r\n\
         GET /calendar/v3/calendars/primary/events/nothing\r\n\r\n\
         --B--\r\n",
        timed("fresh", "03-03T09:00", "03-03T10:00")
    );
    let answer = house.ask("POST", BATCH, &[KIND], body).await;
    assert_eq!(answer.code(), 200);
    let boundary = answer.content_type.strip_prefix("multipart/mixed; boundary=").unwrap();
    let parts: Vec<&str> = answer.text.split(&format!("--{boundary}")).collect();
    let line = |part: &&str| {
        let id = part.split("Content-ID: ").nth(1)?.split("\r\n").next()?;
        let status = part.split("HTTP/1.1 ").nth(1)?.split("\r\n").next()?;
        Some(format!("{id} {status}"))
    };
    let lines: Vec<String> = parts.iter().filter_map(line).collect();
    assert_eq!(
        lines,
        ["<response-item2> 200 OK", "<response-item1> 204 No Content", "<response-item3> 404 Not Found"]
    );
    assert!(parts.iter().any(|part| part.contains("\"reason\":\"notFound\"")));
    assert!(answer.text.ends_with(&format!("--{boundary}--\r\n")));
    let (ids, _) = house.full("").await;
    assert_eq!(ids, "fresh");
    let standing = house.control(serde_json::json!({})).await;
    assert_eq!(standing["batched"], serde_json::json!({"DELETE": 1, "GET": 1, "POST": 1}));
    assert_eq!(standing["requests"]["POST /batch/calendar/v3"], 1);
}

#[tokio::test]
async fn a_batch_without_a_token_fails_part_by_part() {
    let house = House::new();
    let body = "--B\r\nContent-Type: application/http\r\n\r\nGET /calendar/v3/calendars/primary\r\n\r\n--B--";
    let answer = house.ask("POST", BATCH, &[KIND, ("authorization", "Bearer nonsense")], body).await;
    assert_eq!(answer.code(), 200);
    assert!(answer.text.contains("HTTP/1.1 401 Unauthorized"), "{}", answer.text);
    let broken = house.ask("POST", BATCH, &[KIND], "nonsense").await;
    assert_eq!(broken.refusal(), (400, "badRequest".to_owned()));
}
