//! `calendarView/delta`: rounds, pages, and everything that makes them hard to read.

use serde_json::{Value, json};

use super::house::{House, booked, each, weekly, with};

const WINDOW: &str = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-30T00:00:00Z";

fn path(calendar: &str) -> String {
    format!("/v1.0/me/calendars/{calendar}/calendarView/delta?{WINDOW}")
}

fn at(day: &str) -> Value {
    with(
        booked(),
        json!({"start": {"dateTime": format!("{day}T08:00:00"), "timeZone": "UTC"},
            "end": {"dateTime": format!("{day}T08:30:00"), "timeZone": "UTC"}}),
    )
}

#[tokio::test]
async fn a_first_round_tells_everything_in_the_window_and_no_more() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let inside = house.event(&calendar, with(at("2026-03-03"), json!({"transactionId": "t-1"}))).await;
    house.event(&calendar, at("2026-06-03")).await;
    let gone = house.event(&calendar, at("2026-03-04")).await;
    house.delete(&format!("/me/events/{gone}")).await;
    let (told, link) = house.round(&path(&calendar), 50).await;
    assert_eq!(each(&told, "id"), [inside]);
    assert_eq!(
        (&told[0]["@odata.type"], &told[0]["transactionId"]),
        (&json!("#microsoft.graph.event"), &json!("t-1"))
    );
    assert!(link.contains("$deltatoken="), "{link}");
    let (told, _) = house.round(&link, 50).await;
    assert_eq!(told, Vec::<Value>::new());
}

#[tokio::test]
async fn a_series_comes_with_its_master_sparse_occurrences_and_full_exceptions() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = house.event(&calendar, weekly(3)).await;
    let all = house.get(&format!("/me/events/{id}/instances?{WINDOW}")).await.good();
    let second = all["value"][1]["id"].as_str().unwrap();
    house.patch(&format!("/me/events/{second}"), json!({"showAs": "oof"})).await.good();
    let (told, _) = house.round(&path(&calendar), 50).await;
    let mut kinds = each(&told, "type");
    kinds.sort_unstable();
    assert_eq!(kinds, ["exception", "occurrence", "occurrence", "seriesMaster"]);
    for one in &told {
        let names: Vec<&String> = one.as_object().unwrap().keys().collect();
        match one["type"].as_str().unwrap() {
            "occurrence" => {
                assert_eq!(
                    names,
                    ["@odata.etag", "@odata.type", "end", "id", "seriesMasterId", "start", "type"]
                );
                assert_eq!(one["seriesMasterId"], id);
            }
            "exception" => assert_eq!((&one["showAs"], &one["id"]), (&json!("oof"), &json!(second))),
            _ => assert_eq!(one["recurrence"]["pattern"]["type"], "weekly"),
        }
    }
}

#[tokio::test]
async fn pages_are_followed_by_an_empty_one_and_repeat_themselves() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    for day in 1..=9 {
        house.event(&calendar, at(&format!("2026-03-0{day}"))).await;
    }
    let (told, _) = house.round(&path(&calendar), 3).await;
    let mut ids = each(&told, "id");
    assert_eq!(ids.len(), 11, "two are told twice");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 9);
    let mut link = path(&calendar);
    let mut sizes = Vec::new();
    for _ in 0..5 {
        let page = house.call("GET", &link, &[("Prefer", "odata.maxpagesize=3")], Value::Null).await.good();
        sizes.push(page["value"].as_array().unwrap().len());
        match page["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut link),
            None => break,
        }
    }
    assert_eq!(sizes, [3, 0, 4, 4]);
    house.switch(json!({"pages": "plain"})).await;
    assert_eq!(house.round(&path(&calendar), 3).await.0.len(), 9);
}

#[tokio::test]
async fn what_changes_within_a_round_is_told_in_the_next() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let mut ids = Vec::new();
    for day in 1..=6 {
        ids.push(house.event(&calendar, at(&format!("2026-03-0{day}"))).await);
    }
    let first =
        house.call("GET", &path(&calendar), &[("Prefer", "odata.maxpagesize=2")], Value::Null).await.good();
    for id in &ids {
        house.patch(&format!("/me/events/{id}"), json!({"subject": "Changed"})).await.good();
    }
    let (_, link) = house.round(first["@odata.nextLink"].as_str().unwrap(), 2).await;
    let (told, _) = house.round(&link, 50).await;
    assert_eq!(each(&told, "subject"), ["Changed"; 6]);
}

#[tokio::test]
async fn later_rounds_tell_tombstones_also_of_what_was_never_seen() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let (kept, left, gone) = (
        house.event(&calendar, at("2026-03-03")).await,
        house.event(&calendar, at("2026-03-04")).await,
        house.event(&calendar, at("2026-03-05")).await,
    );
    let (_, link) = house.round(&path(&calendar), 50).await;
    house.patch(&format!("/me/events/{kept}"), json!({"subject": "Changed"})).await.good();
    let away = json!({"start": {"dateTime": "2027-01-01T08:00:00", "timeZone": "UTC"}, "end": {"dateTime": "2027-01-01T09:00:00", "timeZone": "UTC"}});
    house.patch(&format!("/me/events/{left}"), away).await.good();
    house.delete(&format!("/me/events/{gone}")).await;
    let strange = house.event(&calendar, at("2026-06-03")).await;
    let (told, next) = house.round(&link, 50).await;
    for one in &told {
        let id = one["id"].as_str().unwrap();
        if id == kept {
            assert_eq!(one["subject"], "Changed");
        } else {
            assert!([&left, &gone, &strange].iter().any(|known| *known == id));
            assert_eq!(one["@removed"], json!({"reason": "deleted"}));
            assert!(one.get("type").is_none());
        }
    }
    assert_eq!(told.len(), 4);
    assert_eq!(house.round(&link, 50).await.0.len(), 4, "a link may be used again");
    assert_eq!(house.round(&next, 50).await.0.len(), 0);
}

#[tokio::test]
async fn the_window_stays_where_it_was() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let (_, link) = house.round(&path(&calendar), 50).await;
    house.event(&calendar, at("2026-05-02")).await;
    let (told, _) = house.round(&link, 50).await;
    assert_eq!(told[0]["@removed"]["reason"], "deleted");
}

#[tokio::test]
async fn a_master_goes_without_its_occurrences() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let id = house.event(&calendar, weekly(3)).await;
    let all = house.get(&format!("/me/events/{id}/instances?{WINDOW}")).await.good();
    let second = all["value"][1]["id"].as_str().unwrap();
    house.patch(&format!("/me/events/{second}"), json!({"showAs": "oof"})).await.good();
    let (_, link) = house.round(&path(&calendar), 50).await;
    house.delete(&format!("/me/events/{id}")).await;
    let (told, _) = house.round(&link, 50).await;
    assert_eq!(told, [json!({"@removed": {"reason": "deleted"}, "id": id})]);
}

#[tokio::test]
async fn a_deleted_occurrence_may_say_nothing_of_its_own() {
    for (cuts, tombstones) in [("told", 1), ("silent", 0)] {
        let house = House::new();
        house.switch(json!({"cuts": cuts})).await;
        let calendar = house.calendar("Test").await;
        let id = house.event(&calendar, weekly(3)).await;
        let (told, link) = house.round(&path(&calendar), 50).await;
        let second =
            told.iter().find(|one| one["start"]["dateTime"] == "2026-03-24T08:00:00.0000000").unwrap();
        let second = second["id"].as_str().unwrap();
        house.delete(&format!("/me/events/{second}")).await;
        let (told, _) = house.round(&link, 50).await;
        let removed: Vec<_> = told.iter().filter(|one| one.get("@removed").is_some()).collect();
        assert_eq!(removed.len(), tombstones, "{cuts}");
        let alive: Vec<_> = told.iter().filter(|one| one.get("@removed").is_none()).cloned().collect();
        assert!(!each(&alive, "id").contains(&second));
        assert!(each(&alive, "id").contains(&id.as_str()), "the master comes again");
        assert_eq!(alive.len(), 3);
    }
}

#[tokio::test]
async fn an_event_that_moves_to_another_calendar_leaves_a_tombstone() {
    let house = House::new();
    let (here, there) = (house.calendar("Here").await, house.calendar("There").await);
    let id = house.event(&here, at("2026-03-03")).await;
    let (_, old_home) = house.round(&path(&here), 50).await;
    let (_, new_home) = house.round(&path(&there), 50).await;
    let item = house.graph.cloud().read(|world| world.items_of(&here).next().unwrap().id.clone());
    house
        .call("POST", "/control/graph/deeds", &[], json!({"move": {"item": item, "from": here, "to": there}}))
        .await;
    assert_eq!(house.round(&old_home, 50).await.0, [json!({"@removed": {"reason": "deleted"}, "id": id})]);
    assert_eq!(house.round(&new_home, 50).await.0[0]["id"], id);
}

#[tokio::test]
async fn an_expired_link_is_410_in_three_wordings() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let (_, link) = house.round(&path(&calendar), 50).await;
    house.control(json!({"expire_cursors": true})).await;
    for code in ["syncStateNotFound", "SyncStateNotFound", "resyncRequired"] {
        house.switch(json!({"sync_state": code})).await;
        let reply = house.call("GET", &link, &[], Value::Null).await;
        assert_eq!(reply.refusal(), (410, code.to_owned()));
        assert_eq!(!reply.header("location").is_empty(), code == "SyncStateNotFound");
    }
    let (_, fresh) = house.round(&path(&calendar), 50).await;
    house.round(&fresh, 50).await;
}

#[tokio::test]
async fn what_a_delta_does_not_take_is_refused() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    let (_, link) = house.round(&path(&calendar), 50).await;
    for option in ["$select=id", "$expand=x", "$filter=x", "$orderby=x", "$search=x"] {
        let reply = house.call("GET", &format!("{}&{option}", path(&calendar)), &[], Value::Null).await;
        assert_eq!(reply.status, 400, "{option}");
    }
    let cut = house.call("GET", &link[..link.len() - 3], &[], Value::Null).await;
    assert_eq!(cut.status, 400);
    assert!(cut.text.contains("Badly formed token"), "{}", cut.text);
    let other = house.calendar("Other").await;
    let foreign = link.replace(&calendar, &other);
    assert_eq!(house.call("GET", &foreign, &[], Value::Null).await.status, 400);
    let bare = format!("/v1.0/me/calendars/{calendar}/calendarView/delta");
    assert_eq!(
        house.call("GET", &bare, &[], Value::Null).await.refusal(),
        (400, "ErrorInvalidParameter".to_owned())
    );
}
