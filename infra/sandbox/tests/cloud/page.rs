//! The page and its forms, as a browser uses them.

use serde_json::Value;

use crate::house::{FORM, House, Reply, encoded};

fn notice(reply: &Reply) -> String {
    assert_eq!(reply.status, 303);
    reply.header("location").split("notice=").nth(1).unwrap_or_default().to_owned()
}

fn find(house: &House, title: &str) -> Option<(String, String, Value, bool)> {
    house.cloud.read(|world| {
        let found = world.items.values().find(|item| item.body["title"] == title)?;
        Some((found.calendar.clone(), found.id.clone(), found.body.clone(), found.deleted))
    })
}

#[tokio::test]
async fn each_account_has_its_week_over_all_its_calendars() {
    let house = House::google();
    let page = house.get("/?account=ada@clinic.example&week=2026-11-25").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    for words in [
        "Ada Okafor",
        "November 23 – 29, 2026",
        "Physiotherapy",
        "Team meeting",
        "Running club",
        "Holidays in United States",
        "week=2026-11-30",
        "lane-1-of-",
    ] {
        assert!(page.text.contains(words), "{words}");
    }
    assert!(!page.text.contains("style=") && !page.text.contains("<script"));
    let next = house.get("/?account=carla@home.example&week=2026-11-30").await.text;
    assert!(
        next.contains("Carla Halvorsen") && next.contains("Case discussion") && next.contains("Conference")
    );
    assert!(next.contains("value=\"accept\""));
    assert!(house.get("/?account=nobody&week=never&notice=odd").await.text.contains("Ada Okafor"));
    for asset in ["/assets/sandbox.css", "/assets/grid.css"] {
        assert!(house.get(asset).await.header("content-type").starts_with("text/css"));
    }
    assert_eq!(house.get("").await.header("location"), "/sandbox/google/");
}

#[tokio::test]
async fn an_event_is_added_moved_and_deleted() {
    let house = House::google();
    let calendar = house.subscribe("ch-1");
    let account = house.account("ada@clinic.example");
    let new = [
        ("account", account.as_str()),
        ("calendar", &calendar),
        ("title", "Vet"),
        ("start", "2026-12-01T09:00"),
        ("minutes", "45"),
        ("repeat", "weekly"),
    ];
    let reply = house.form("/events", &new).await;
    assert_eq!(notice(&reply), "added");
    assert!(reply.header("location").contains("week=2026-11-30"));
    let (_, id, body, _) = find(&house, "Vet").unwrap();
    assert_eq!(
        (body["start"].as_str(), body["repeat"].as_str()),
        (Some("2026-12-01T14:00:00Z"), Some("Weekly { on: Tuesday, count: 26 }"))
    );
    assert_eq!(house.delivered().await.len(), 1, "the page's changes are told like any other");
    let target = [("account", account.as_str()), ("calendar", &calendar), ("item", &id)];
    let with = |more: &[(&'static str, &'static str)]| {
        let all: Vec<(&str, &str)> = target.iter().copied().chain(more.iter().copied()).collect();
        encoded(&all)
    };
    let house = &house;
    let send =
        |path: &'static str, body: String| async move { house.call("POST", path, &[FORM], &body).await };
    let moved = send("/events/move", with(&[("start", "2026-12-02T10:30"), ("minutes", "60")])).await;
    assert_eq!(notice(&moved), "moved");
    assert_eq!(find(house, "Vet").unwrap().2["end"], "2026-12-02T16:30:00Z");
    let days = send("/events/move", with(&[("start", "2026-12-03"), ("days", "2")])).await;
    assert_eq!(notice(&days), "moved");
    assert_eq!(find(house, "Vet").unwrap().2["end"], "2026-12-05");
    assert_eq!(notice(&send("/events/delete", with(&[("week", "2026-11-30")])).await), "deleted");
    assert!(find(house, "Vet").unwrap().3);
    assert_eq!(notice(&send("/events/delete", with(&[])).await), "missing");
}

#[tokio::test]
async fn an_invitation_is_answered() {
    let house = House::google();
    let (calendar, id, ..) = find(&house, "Case discussion").unwrap();
    let owner = house.cloud.read(|world| world.calendars[&calendar].account.clone());
    let fields = [("account", owner.as_str()), ("calendar", &calendar), ("item", &id), ("reply", "decline")];
    assert_eq!(notice(&house.form("/events/answer", &fields).await), "answered");
    assert_eq!(find(&house, "Case discussion").unwrap().2["reply"], "Decline");
}

#[tokio::test]
async fn what_may_not_be_written_or_makes_no_sense_is_refused() {
    let house = House::google();
    let (ada, calendar) = (house.account("ada@clinic.example"), house.primary("ada@clinic.example"));
    let (rooms, ..) = find(&house, "Room 2: group").unwrap();
    let ben = house.primary("ben@clinic.example");
    for (calendar, start, minutes, expected) in [
        (&rooms, "2026-12-01T09:00", "45", "read-only"),
        (&ben, "2026-12-01T09:00", "45", "missing"),
        (&calendar, "tomorrow", "45", "bad-time"),
        (&calendar, "2026-12-01T09:00", "0", "bad-time"),
    ] {
        let new = [
            ("account", ada.as_str()),
            ("calendar", calendar),
            ("title", "x"),
            ("start", start),
            ("minutes", minutes),
        ];
        assert_eq!(notice(&house.form("/events", &new).await), expected);
    }
    let cross = [FORM, ("sec-fetch-site", "cross-site")];
    let new = [
        ("account", ada.as_str()),
        ("calendar", &calendar),
        ("title", "x"),
        ("start", "2026-12-01T09:00"),
        ("minutes", "5"),
    ];
    assert_eq!(house.call("POST", "/events", &cross, &encoded(&new)).await.status, 403);
}
