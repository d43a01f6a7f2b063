//! Free/busy: what blocks, what merges, and errors that are no free time.

use serde_json::{Value, json};

use crate::house::{House, timed, weekly, with};

const FREE_BUSY: &str = "/calendar/v3/freeBusy";

async fn busy(house: &House, from: &str, to: &str, ids: &[&str]) -> Value {
    let items: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    let answer = house.post(FREE_BUSY, &json!({"timeMin": from, "timeMax": to, "items": items})).await;
    assert_eq!(answer.code(), 200, "{}", answer.text);
    answer.json()
}

fn blocks(answer: &Value, id: &str) -> String {
    let text = |block: &Value| {
        let short = |key: &str| block[key].as_str().unwrap()[5..16].to_owned();
        format!("{}-{}", short("start"), short("end"))
    };
    answer["calendars"][id]["busy"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn blocks_are_merged_cut_and_only_of_what_is_busy() {
    let house = House::new();
    let transparent = json!({"transparency": "transparent"});
    let declined = json!({"attendees": [{"email": "dora@clinic.example", "responseStatus": "declined"}]});
    let open = json!({"attendees": [{"email": "dora@clinic.example"}], "status": "tentative"});
    for (id, start, end, more) in [
        ("aaaaa", "03-02T09:00", "03-02T10:00", json!({})),
        ("bbbbb", "03-02T10:00", "03-02T10:30", open),
        ("ccccc", "03-02T11:00", "03-02T12:00", transparent),
        ("ddddd", "03-02T12:00", "03-02T13:00", declined),
        ("eeeee", "03-02T13:00", "03-02T13:00", json!({})),
        ("fffff", "03-02T23:00", "03-03T02:00", json!({"eventType": "outOfOffice"})),
        ("ggggg", "03-02T15:00", "03-02T16:00", json!({"eventType": "workingLocation"})),
        ("hhhhh", "03-02T16:00", "03-02T17:00", json!({})),
    ] {
        house.insert(&with(timed(id, start, end), &more)).await;
    }
    house.delete("/calendar/v3/calendars/primary/events/hhhhh").await;
    house.insert(&weekly("series")).await;
    house
        .insert(&json!({"id": "alldag", "start": {"date": "2026-03-05"}, "end": {"date": "2026-03-06"}}))
        .await;
    let answer = busy(&house, "2026-03-02T00:00:00Z", "2026-03-02T23:30:00Z", &["primary"]).await;
    assert_eq!(blocks(&answer, "primary"), "03-02T08:00-03-02T09:30 03-02T22:00-03-02T23:30");
    assert_eq!(
        (&answer["kind"], &answer["timeMin"]),
        (&json!("calendar#freeBusy"), &json!("2026-03-02T00:00:00.000Z"))
    );
    let answer = busy(&house, "2026-03-03T06:00:00Z", "2026-03-11T00:00:00Z", &["dora@clinic.example"]).await;
    assert_eq!(
        blocks(&answer, "dora@clinic.example"),
        "03-03T08:00-03-03T09:00 03-04T23:00-03-05T23:00 03-10T08:00-03-10T09:00"
    );
}

#[tokio::test]
async fn a_calendar_with_errors_is_not_free() {
    let house = House::new();
    let answer = busy(
        &house,
        "2026-03-02T00:00:00Z",
        "2026-03-09T00:00:00Z",
        &["times@clinic.example", "nope@x.example"],
    )
    .await;
    assert_eq!(blocks(&answer, "times@clinic.example"), "03-04T08:00-03-04T09:00");
    let error = json!({"errors": [{"domain": "global", "reason": "notFound"}], "busy": []});
    assert_eq!(answer["calendars"]["nope@x.example"], error);
    let many: Vec<String> = (0..51).map(|number| format!("c{number:02}@x.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let answer = busy(&house, "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z", &many).await;
    let reason = |id: &str| answer["calendars"][id]["errors"][0]["reason"].clone();
    assert_eq!(
        (reason("c49@x.example"), reason("c50@x.example")),
        (json!("notFound"), json!("tooManyCalendarsRequested"))
    );
}

#[tokio::test]
async fn windows_that_google_refuses() {
    let house = House::new();
    let cases = [
        (json!({"timeMax": "2026-03-09T00:00:00Z"}), "required"),
        (json!({"timeMin": "2026-03-09", "timeMax": "2026-03-10T00:00:00Z"}), "badRequest"),
        (json!({"timeMin": "2026-03-09T00:00:00Z", "timeMax": "2026-03-09T00:00:00Z"}), "timeRangeEmpty"),
        (json!({"timeMin": "2026-03-01T00:00:00Z", "timeMax": "2026-05-30T00:00:01Z"}), "timeRangeTooLong"),
    ];
    for (body, reason) in cases {
        assert_eq!(house.post(FREE_BUSY, &body).await.refusal(), (400, reason.to_owned()), "{body}");
    }
    let longest = json!({"timeMin": "2026-03-01T00:00:00Z", "timeMax": "2026-05-30T00:00:00Z", "items": []});
    assert_eq!(house.post(FREE_BUSY, &longest).await.code(), 200);
    let house = house.with_scopes(&["calendar.freebusy"]);
    assert_eq!(house.post(FREE_BUSY, &longest).await.code(), 200);
}
