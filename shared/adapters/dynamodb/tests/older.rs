//! Rows and tables of the program before this one, and what that program can read of ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{self, B, N, S};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use common::*;
use daybook_core::connection::*;
use daybook_core::link::{Link, LinkState, Reason};
use daybook_dynamodb::{Table, embedded_client};
use daybook_engine::ports::{Connections, LinkChange, Links, Named, Signalled};

type Item = HashMap<String, AttributeValue>;

/// What rows have since then.
const NEW: [&str; 7] = [
    "account_subject",
    "account_kind",
    "account_domain",
    "granted",
    "needed",
    "calendar_marks",
    "subscription_marks",
];

/// A connection's row as it was written then.
async fn older(connection: &Connection) -> Room {
    let room = Room::with(connection).await;
    room.strip("C#demo#c1", "CONN", &NEW).await;
    room
}

#[tokio::test]
async fn an_older_row_is_read_with_what_it_lacks_left_open() {
    let room = older(&full("c1")).await;
    let mut expected = full("c1");
    expected.account = Some(AccountName { subject: "dr@example.test".into(), ..account("") });
    (expected.evidence.granted, expected.evidence.needed) = (None, None);
    expected.signals.marks.calendars.clear();
    expected.signals.marks.subscriptions.clear();
    assert_eq!(room.table.find_connection(&name("c1")).await.unwrap(), Some(expected));
}

#[tokio::test]
async fn a_calendar_named_before_an_older_row_has_room_means_everything() {
    let room = older(&fresh("c1")).await;
    let c1 = name("c1");
    let signal = async |token: &str| {
        let named = Named::calendars(["b".into()]);
        let (_, writes, signalled) = room.cost(room.table.signal(&c1, &named, token, at(1))).await;
        (writes, signalled.unwrap())
    };
    assert_eq!(signal("t1").await, (2, Signalled::Send));
    let taken = room.table.acquire(&c1, &term("w", 100), at(10)).await.unwrap().unwrap();
    assert_eq!(taken.connection.signals.marks.everything.as_deref(), Some("t1"));
    assert_eq!(signal("t2").await, (1, Signalled::Send), "taking the lease has made room");
    let stored = room.table.find_connection(&c1).await.unwrap().unwrap();
    assert_eq!(stored.signals.marks.calendars, [("b".into(), "t2".into())].into());
}

#[tokio::test]
async fn appointments_are_marked_in_an_older_row_as_ever() {
    let room = older(&fresh("c1")).await;
    let named = Named::appointments(["a1".into()]);
    let (_, writes, _) = room.cost(room.table.signal(&name("c1"), &named, "t1", at(1))).await;
    let stored = room.table.find_connection(&name("c1")).await.unwrap().unwrap();
    assert_eq!((writes, stored.signals.marks.everything), (1, None));
    assert_eq!(stored.signals.marks.appointments.len(), 1);
}

/// It knows `existing`, `create` and `none`; and it takes the account's label for the account.
#[tokio::test]
async fn the_older_program_reads_our_rows() {
    let room = Room::with(&full("c1")).await;
    let text = async |name: &str| room.stored_text("C#demo#c1", "CONN", name).await.unwrap();
    let settings: serde_json::Value = serde_json::from_str(&text("settings").await).unwrap();
    assert_eq!(settings["main_calendar"]["existing"]["id"], "/user/a/");
    assert_eq!(settings["main_calendar_made"], true);
    assert_eq!(text("account").await, "dr@example.test");
    assert_eq!(text("granted").await, "own_calendars events");
}

#[tokio::test]
async fn every_way_to_name_the_main_calendar_comes_back() {
    let room = room().await;
    let calendar = CalendarRef { id: "m".into(), name: "Work".into() };
    let ways = [
        MainCalendar::Existing(calendar.clone()),
        MainCalendar::Made(calendar),
        MainCalendar::Create("Work".into()),
        MainCalendar::None,
    ];
    for (n, main_calendar) in ways.into_iter().enumerate() {
        let mut connection = fresh(&format!("c{n}"));
        connection.settings.main_calendar = main_calendar.clone();
        room.table.create_connection(&connection).await.unwrap();
        let found = room.table.find_connection(&name(&format!("c{n}"))).await.unwrap().unwrap();
        assert_eq!(found.settings.main_calendar, main_calendar);
    }
}

/// Links' rows as they were written then: of a mirror that was put back and parked, and of a block that owes work.
fn older_links() -> [(Link, Item); 2] {
    let (mirror, block) = (mirrored("a1"), blocked("i1", "20260506T070000Z"));
    let LinkState::Agreed(agreed) = &mirror.state else { panic!("agreed") };
    let fingerprint = Blob::new(agreed.fingerprint.to_bytes());
    let digest = block.item_digest.clone().unwrap();
    let mut row_of_mirror = older_link(
        &format!("L#A#{}", mirror.mirror),
        &[
            ("mirror", mirror.mirror.as_str()),
            ("appointment", "a1"),
            ("appointment_key", "demo#a1"),
            ("target_kind", "calendar"),
            ("target", "/user/a/"),
            ("told", "initials"),
            ("revision", "\"etag-1\""),
            ("touch", "decorated"),
        ],
        &[("restored_times", 3), ("restored_since", 22_000_000_000), ("parked_at_version", 7)],
    );
    row_of_mirror.insert("fingerprint".into(), B(fingerprint));
    let row_of_block = older_link(
        &format!("L#B#{digest}#{}", block.mirror),
        &[
            ("mirror", block.mirror.as_str()),
            ("item_digest", &digest),
            ("calendar", "b"),
            ("item", "i1"),
            ("series", "i1"),
            ("occurrence", "20260506T070000Z"),
            ("target_kind", "schedule"),
            ("target", "s1"),
            ("remote", "slot-1"),
            ("reason", "retry"),
            ("owing_pk", "C#demo#c1"),
        ],
        &[("attempts", 4), ("not_before", 60_000_000_000), ("owing_at", 60_000_000_000)],
    );
    [(mirror, row_of_mirror), (block.owing(Reason::Retry, 4, Some(at(60))), row_of_block)]
}

fn older_link(sk: &str, texts: &[(&str, &str)], numbers: &[(&str, i64)]) -> Item {
    let names = [("pk", "C#demo#c1"), ("sk", sk)];
    let always =
        [("v", 1), ("generation", 1), ("starts_at", 3_600_000_000_000), ("ends_at", 7_200_000_000_000)];
    let texts = names.iter().chain(texts).map(|(name, text)| ((*name).to_owned(), S((*text).to_owned())));
    let numbers = always.iter().chain(numbers).map(|(name, n)| ((*name).to_owned(), N(n.to_string())));
    texts.chain(numbers).collect()
}

#[tokio::test]
async fn an_older_link_is_read_and_saved_anew() {
    let room = Room::with(&full("c1")).await;
    let c1 = name("c1");
    room.table.acquire(&c1, &term("w", 0), at(0)).await.unwrap().unwrap();
    let rows = older_links();
    for (_, row) in &rows {
        room.client.put_item().table_name("daybook").set_item(Some(row.clone())).send().await.unwrap();
    }
    let links = rows.clone().map(|(link, _)| link);
    let names = [links[0].mirror.clone()];
    let digests = [links[1].item_digest.clone().unwrap()];
    let by_name = async || {
        let mut found = room.table.find_appointment_links(&c1, &names).await.unwrap();
        found.extend(room.table.find_item_links(&c1, &digests).await.unwrap());
        found
    };
    assert_eq!(by_name().await, links);
    assert_eq!(room.table.list_owing_links(&c1, at(60)).await.unwrap(), links[1..]);

    // One alone, and both in a transaction.
    for changes in [&links[..1], &links[..]] {
        let changes: Vec<_> = changes.iter().cloned().map(LinkChange::Put).collect();
        room.table.save_links(&c1, 1, &changes).await.unwrap();
        assert_eq!(by_name().await, links);
    }
    for (_, older) in &rows {
        let sk = older["sk"].as_s().unwrap();
        assert_eq!(room.stored_number("C#demo#c1", sk, "v").await, Some(2));
        assert_eq!(
            room.stored_text("C#demo#c1", sk, "target").await,
            None,
            "nothing of the older form is left"
        );
    }
}

/// The table with the indexes that it had then.
async fn make_older_table(client: &Client) {
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let index = |name: &str, keys: Vec<KeySchemaElement>| {
        let projection = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
        let index = GlobalSecondaryIndex::builder().index_name(name).set_key_schema(Some(keys));
        index.projection(projection).build().unwrap()
    };
    let (text, number) = (ScalarAttributeType::S, ScalarAttributeType::N);
    let attributes = [
        ("pk", &text),
        ("sk", &text),
        ("due_shard", &number),
        ("due_at", &number),
        ("appointment_key", &text),
        ("owing_pk", &text),
        ("owing_at", &number),
    ];
    let attributes = attributes.map(|(name, kind)| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind.clone()).build().unwrap()
    });
    let (hash, range) = (KeyType::Hash, KeyType::Range);
    client
        .create_table()
        .table_name("daybook")
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.into()))
        .set_key_schema(Some(vec![key("pk", hash.clone()), key("sk", range.clone())]))
        .global_secondary_indexes(index(
            "due",
            vec![key("due_shard", hash.clone()), key("due_at", range.clone())],
        ))
        .global_secondary_indexes(index("appointment", vec![key("appointment_key", hash.clone())]))
        .global_secondary_indexes(index("owing", vec![key("owing_pk", hash), key("owing_at", range)]))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_older_table_is_given_the_index_that_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.db");
    let (client, embedded) = embedded_client(Some(&path)).unwrap();
    make_older_table(&client).await;
    let table = Table::new(client.clone(), "daybook", Arc::new(HandClock::default()));
    table.create_connection(&full("c1")).await.unwrap();
    let link = |appointment: &str, id: &str| Link { remote: Some(id.into()), ..mirrored(appointment) };
    let owing = link("a1", "AAMk1").owing(Reason::Retry, 1, None);
    table.save_links(&name("c1"), 0, &[LinkChange::Put(owing.clone())]).await.unwrap();
    table.find_remote_links(&name("c1"), &["AAMk1".into()]).await.unwrap_err();

    for _ in 0..2 {
        table.create_if_missing().await.unwrap();
    }
    assert_eq!(table.find_connection(&name("c1")).await.unwrap(), Some(full("c1")));
    table.save_links(&name("c1"), 0, &[LinkChange::Put(link("a2", "AAMk2"))]).await.unwrap();
    drop((table, client, embedded));

    let (client, _embedded) = embedded_client(Some(&path)).unwrap();
    let table = Table::new(client, "daybook", Arc::new(HandClock::default()));
    table.create_if_missing().await.unwrap();
    let found = table.find_remote_links(&name("c1"), &["AAMk1".into(), "AAMk2".into()]).await.unwrap();
    assert_eq!(found.len(), 2, "links from before the index are in it too");
    let mirrored = table.connections_linking(&"demo".into(), &"a1".into()).await.unwrap();
    assert_eq!(mirrored, [name("c1")]);
    assert_eq!(table.list_owing_links(&name("c1"), at(0)).await.unwrap().len(), 1);
    let due = (0..table.due_shards()).map(|shard| table.list_due(shard, at(i64::from(u32::MAX)), 9));
    let due = futures_util::future::try_join_all(due).await.unwrap();
    assert_eq!(due.into_iter().flatten().count(), 1, "the other indexes are as they were");
}
