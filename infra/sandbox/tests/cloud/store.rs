//! What the file keeps, and the seed.

use std::convert::Infallible;

use daybook_sandbox::cloud::{Dialect, Item, Role};
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn everything_survives_without_a_proper_end() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("google.sqlite");
    let house = House::open(Dialect::Google, Some(file.clone()));
    let calendar = house.subscribe("ch-1");
    let issued = house.cloud.issue("ada@clinic.example", "app", &["openid"]).unwrap();
    house.put(&calendar, "kept");
    let item = house.put(&calendar, "gone");
    let _: Result<(), Infallible> = house.cloud.change(|tx| {
        tx.remove_item(&item.calendar, &item.id);
        Ok(())
    });
    let before = house.cloud.read(|world| (world.seq, world.items.clone(), world.calendars.clone()));
    std::mem::forget(house.cloud);
    let again = House::open(Dialect::Google, Some(file));
    let after = again.cloud.read(|world| (world.seq, world.items.clone(), world.calendars.clone()));
    assert_eq!(after, before);
    assert_eq!(again.delivered().await.len(), 1, "the outbox is kept, too");
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", issued.refresh_token.as_str()),
        ("client_id", "app"),
    ];
    assert_eq!(again.form("/token", &fields).await.status, 200);
    let fresh: Result<String, Infallible> = again.cloud.change(|tx| Ok(tx.fresh("ev")));
    assert!(!before.1.keys().any(|(_, id)| Some(id) == fresh.as_ref().ok()));
}

#[test]
fn a_thousand_events_are_written_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::open(Dialect::Microsoft, Some(dir.path().join("microsoft.sqlite")));
    let calendar = house.primary("ada@clinic.example");
    for number in 0..1_000 {
        house.put(&calendar, &format!("ev{number}"));
    }
    let seqs: Vec<u64> = house.cloud.read(|world| world.items_of(&calendar).map(|item| item.seq).collect());
    let distinct: std::collections::BTreeSet<u64> = seqs.iter().copied().collect();
    assert!(seqs.len() >= 1_000 && distinct.len() == seqs.len());
}

#[test]
fn two_runs_are_alike() {
    let ids = || House::microsoft().cloud.read(|world| world.items.keys().cloned().collect::<Vec<_>>());
    assert_eq!(ids(), ids());
}

#[test]
fn everybody_has_a_calendar_of_each_kind() {
    for house in [House::google(), House::microsoft()] {
        for email in ["ada@clinic.example", "ben@clinic.example", "carla@home.example"] {
            let account = house.account(email);
            let roles: Vec<Role> = house
                .cloud
                .read(|world| world.calendars_of(&account).iter().map(|(_, role)| *role).collect());
            let all = [
                Role::Primary,
                Role::Own,
                Role::SharedWriter,
                Role::SharedReader,
                Role::Subscribed,
                Role::Holiday,
            ];
            assert_eq!(roles, all, "{email}");
        }
    }
}

#[test]
fn putting_keeps_the_time_of_creation_and_moves_the_time_of_change() {
    let house = House::google();
    let calendar = house.primary("ada@clinic.example");
    let first = house.put(&calendar, "a");
    house.pass(60);
    let second = house.put(&calendar, "a");
    assert_eq!(second.created, first.created);
    assert!(second.updated > first.updated && second.seq > first.seq);
    let dead = Item { deleted: true, body: json!({}), ..second };
    let dead: Result<Item, Infallible> = house.cloud.change(|tx| Ok(tx.put_item(dead)));
    assert!(house.cloud.read(|world| world.item(&calendar, "a").unwrap().deleted));
    assert!(dead.unwrap().seq > first.seq);
}
