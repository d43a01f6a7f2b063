//! Switches: failures on demand, and a count of what was asked.

use serde_json::json;

use crate::house::{HOME, House, noon};

#[tokio::test]
async fn the_next_requests_fail_as_told() {
    let house = House::bare();
    for (wish, expected) in [
        (json!({"requests": 2, "status": 503, "retry_after": "7"}), ["503 7", "503 7", "201 "]),
        (json!({"requests": 1, "status": 423}), ["423 ", "204 ", "204 "]),
        (
            json!({"requests": 1, "status": 429, "retry_after": "Sun, 01 Mar 2026 12:01:00 GMT"}),
            ["429 Sun, 01 Mar 2026 12:01:00 GMT", "204 ", "204 "],
        ),
        (json!({"requests": 9, "status": 500, "method": "DELETE"}), ["204 ", "204 ", "204 "]),
        (json!({"requests": 9, "status": 500, "person": "carla"}), ["204 ", "204 ", "204 "]),
        (json!({"requests": 0, "status": 500}), ["204 ", "204 ", "204 "]),
    ] {
        house.control(json!({ "fail": wish })).await;
        for told in expected {
            let reply = house.put("x.ics", &noon("u")).await;
            assert_eq!(format!("{} {}", reply.status.as_u16(), reply.header("retry-after")), told, "{wish}");
        }
    }
}

#[tokio::test]
async fn requests_are_counted_by_what_they_ask() {
    let house = House::bare();
    house.put("x.ics", &noon("u")).await;
    house.put("y.ics", &noon("v")).await;
    house.propfind(HOME, "0", "<getetag/>").await;
    house.call("REPORT", HOME, &[], "").await;
    let standing = house.control(json!({})).await;
    assert_eq!(
        standing["requests"],
        json!({
            "PUT /calendars/{person}/{calendar}/{event}": 2,
            "PROPFIND /calendars/{person}/{calendar}/": 1,
            "REPORT /calendars/{person}/{calendar}/": 1,
        })
    );
    assert_eq!(standing["refused"], 1);
    assert_eq!(house.control(json!({"forget_counts": true})).await["requests"], json!({}));
}

#[tokio::test]
async fn wishes_that_make_no_sense_are_refused() {
    let house = House::bare();
    for (headers, wish, status) in [
        (vec![], "{\"explode\": true}", 422),
        (vec![], "nonsense", 422),
        (vec![], "{\"fail\": {\"requests\": 1, \"status\": 200}}", 422),
        (vec![("sec-fetch-site", "cross-site")], "{}", 403),
    ] {
        let reply = house.call("POST", "/sandbox/caldav/control", &headers, wish).await;
        assert_eq!(reply.status, status, "{wish}");
    }
}
