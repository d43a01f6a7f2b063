//! Practices, sealed rows, idempotency keys, the file on disk, and what the source may not do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::sync::Arc;

use common::lost_answers::room_that_loses_answers;
use common::*;
use daybook_core::appointment::ProposedPolicy;
use daybook_core::connection::Provider;
use daybook_core::detail::{Detail, Part2};
use daybook_core::launch::LaunchTrust;
use daybook_core::policy::{Allowed, Attestation, Feed, Policy};
use daybook_core::window::WindowDays;
use daybook_dynamodb::{EmbeddedError, Table, embedded_client, schema};
use daybook_engine::ports::vault::{SealedRow, SealedRows};
use daybook_engine::ports::{
    Answer, Claim, Connections, Due, Idempotency, LinkChange, Links, Practice, Practices, StoreError,
};

fn practice() -> Practice {
    Practice {
        id: "demo".into(),
        time_zone_fallback: Some("Europe/Paris".into()),
        proposed: ProposedPolicy::CountsAsBooked,
        launch: Some(LaunchTrust {
            issuer: "https://ehr.example".into(),
            keys: r#"{"keys":[]}"#.into(),
            return_urls: vec!["https://ehr.example/settings".into()],
        }),
        frame_origins: vec!["https://ehr.example".into()],
        policy: Policy {
            detail_cap: Detail::Initials,
            part2: Part2::Yes,
            providers: Allowed::Only([Provider::Google, Provider::Caldav].into()),
            account_domains: Allowed::Only(["example.org".to_owned()].into()),
            window: WindowDays::new(30, 90).unwrap(),
            feed: Feed::Forbidden,
            attestations: vec![Attestation {
                domain: "example.org".into(),
                attested_by: "Avery Admin".into(),
                text_version: 1,
                given_at: at(1),
                expires_at: at(2_000),
            }],
        },
        set_at: None,
        notices_to: Some("https://ehr.example.test/notices".into()),
    }
}

async fn due(room: &Room, now: i64) -> Vec<Due> {
    let mut due = Vec::new();
    for shard in 0..room.table.due_shards() {
        due.extend(room.table.list_due(shard, at(now), 10).await.unwrap());
    }
    due
}

#[tokio::test]
async fn a_practice_and_its_cursor_do_not_overwrite_each_other() {
    let room = room().await;
    let demo = practice().id;
    assert_eq!(room.table.find_practice(&demo).await.unwrap(), None);
    room.table.put_practice(&practice()).await.unwrap();
    assert_eq!(due(&room, 1_000).await, [Due::Practice(demo.clone())], "never polled is due at once");
    room.table.put_ehr_cursor(&demo, Some(&"watermark 1".into()), at(1_070)).await.unwrap();
    assert_eq!(due(&room, 1_069).await, []);
    room.table.put_practice(&practice()).await.unwrap();
    assert_eq!(room.table.find_ehr_cursor(&demo).await.unwrap(), Some("watermark 1".into()));
    assert_eq!(room.table.find_practice(&demo).await.unwrap(), Some(practice()));
    assert_eq!(due(&room, 1_070).await, [Due::Practice(demo.clone())]);
    room.table.put_ehr_cursor(&demo, None, at(80)).await.unwrap();
    assert_eq!(room.table.find_ehr_cursor(&demo).await.unwrap(), None);
    let plain = Practice { time_zone_fallback: None, launch: None, frame_origins: Vec::new(), ..practice() };
    room.table.put_practice(&plain).await.unwrap();
    assert_eq!(room.table.find_practice(&demo).await.unwrap(), Some(plain));
    room.tamper("P#demo", "PRACTICE", "v", 2).await;
    let newer = room.table.put_practice(&practice()).await;
    assert!(matches!(newer, Err(StoreError::Unreadable { .. })), "{newer:?}");
}

#[tokio::test]
async fn what_a_person_set_survives_the_configuration() {
    let room = room().await;
    let demo = practice().id;
    let found = async || room.table.find_practice(&demo).await.unwrap().unwrap();
    room.table.put_practice(&practice()).await.unwrap();
    let set = Practice { policy: Policy::default(), set_at: Some(at(7)), ..practice() };
    room.table.set_practice(&set, None).await.unwrap();
    let moved = Practice { time_zone_fallback: Some("Europe/Rome".into()), ..practice() };
    room.table.put_practice(&moved).await.unwrap();
    let set = Practice { time_zone_fallback: moved.time_zone_fallback, ..set };
    assert_eq!(found().await, set, "of the policy the configuration is the beginning only");
    let again = Practice { time_zone_fallback: None, set_at: Some(at(8)), ..set.clone() };
    for replaces in [None, Some(at(6)), Some(at(8))] {
        let stale = room.table.set_practice(&again, replaces).await;
        assert!(matches!(stale, Err(StoreError::Stale { .. })), "{replaces:?} {stale:?}");
    }
    room.table.set_practice(&again, Some(at(7))).await.unwrap();
    assert_eq!(found().await, again);
}

#[tokio::test]
async fn sealed_rows_are_replaced_by_version() {
    let room = room().await;
    let c1 = name("c1");
    let row = |version| SealedRow { version, sealed: vec![0, 255, u8::try_from(version).unwrap()] };
    assert_eq!(room.table.find_sealed(&c1).await.unwrap(), None);
    for (version, replaces, accepted) in
        [(2, Some(1), false), (1, None, true), (1, None, false), (2, Some(1), true), (2, Some(1), false)]
    {
        let put = room.table.put_sealed(&c1, &row(version), replaces).await;
        assert_eq!(put.is_ok(), accepted, "{version} {replaces:?}: {put:?}");
        assert!(accepted || matches!(put, Err(StoreError::Stale { .. })));
    }
    assert_eq!(room.table.find_sealed(&c1).await.unwrap(), Some(row(2)));
    room.table.delete_sealed(&c1).await.unwrap();
    room.table.delete_sealed(&c1).await.unwrap();
    assert_eq!(room.table.find_sealed(&c1).await.unwrap(), None);
}

#[tokio::test]
async fn a_request_is_answered_once_and_remembered_for_a_while() {
    let room = room().await;
    let demo = practice().id;
    let answer = Answer { status: 201, headers: vec![("location".into(), "/x".into())], body: "{}".into() };
    let claim = async |key: &str, digest: &str, now: i64| {
        room.table.claim(&demo, key, digest, at(now), at(now + 100)).await.unwrap()
    };
    assert_eq!(claim("k#1", "d", 1_000).await, Claim::Yours);
    assert_eq!(claim("k#1", "d", 1_001).await, Claim::Running);
    assert_eq!(claim("k#1", "other", 1_001).await, Claim::Taken);
    room.table.keep_answer(&demo, "k#1", "d", &answer, at(1_200)).await.unwrap();
    assert_eq!(claim("k#1", "d", 1_199).await, Claim::Answered(answer));
    assert_eq!(claim("k#1", "other", 1_199).await, Claim::Taken);
    assert_eq!(claim("k#1", "other", 1_200).await, Claim::Yours, "forgotten");
    room.table.give_back(&demo, "k#1").await.unwrap();
    room.table.give_back(&demo, "k#1").await.unwrap();
    assert_eq!(claim("k#1", "d", 1_201).await, Claim::Yours);
}

/// A launch, a credential, a practice: whoever asks again after a lost answer must not find them taken by themselves.
#[tokio::test]
async fn what_was_written_once_is_ours_though_the_first_answer_was_lost() {
    let room = room_that_loses_answers().await;
    let (demo, c1) = (practice().id, name("c1"));
    let claim = async || room.table.claim(&demo, "k", "d", at(1_000), at(1_100)).await.unwrap();
    assert_eq!([claim().await, claim().await], [Claim::Yours, Claim::Running]);
    for (version, replaces, accepted) in [(1, None, true), (2, Some(1), true), (2, Some(1), false)] {
        let put = room.table.put_sealed(&c1, &SealedRow { version, sealed: vec![1] }, replaces).await;
        assert_eq!(put.is_ok(), accepted, "{version} {replaces:?}: {put:?}");
    }
    for (second, replaces, accepted) in [(7, None, true), (8, Some(at(7)), true), (9, Some(at(7)), false)] {
        let set = Practice { set_at: Some(at(second)), ..practice() };
        let set = room.table.set_practice(&set, replaces).await;
        assert_eq!(set.is_ok(), accepted, "{second} {replaces:?}: {set:?}");
    }
}

#[tokio::test]
async fn a_file_keeps_all_and_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.db");
    let open = || {
        let (client, embedded) = embedded_client(Some(&path))?;
        Ok::<_, EmbeddedError>((Table::new(client, "daybook", Arc::new(HandClock::default())), embedded))
    };
    {
        let (table, _embedded) = open().unwrap();
        table.create_if_missing().await.unwrap();
        table.create_connection(&full("c1")).await.unwrap();
        table.save_links(&name("c1"), 0, &[LinkChange::Put(mirrored("a1"))]).await.unwrap();
        table.put_practice(&practice()).await.unwrap();
        assert!(matches!(open(), Err(EmbeddedError::InUse { .. })));
    }
    let (table, _embedded) = open().unwrap();
    table.create_if_missing().await.unwrap();
    assert_eq!(table.find_connection(&name("c1")).await.unwrap(), Some(full("c1")));
    let links = table.list_links(&name("c1")).await.unwrap();
    assert_eq!(links[0].mirror, mirrored("a1").mirror);
    assert_eq!(table.find_practice(&practice().id).await.unwrap(), Some(practice()));
}

#[test]
fn every_index_has_keys_of_its_own() {
    let names: Vec<_> = schema::INDEXES.iter().map(|index| (index.name, index.hash.name())).collect();
    assert_eq!(
        names,
        [
            ("due", "due_shard"),
            ("appointment", "appointment_key"),
            ("owing", "owing_pk"),
            ("remote", "remote_key")
        ]
    );
}

/// Reading the table as a whole costs what exists, not what changed.
#[test]
fn nothing_reads_the_table_as_a_whole() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap().to_lowercase();
        // The order of a query is called so, too.
        let source = source.replace("scan_index_forward", "");
        assert!(!source.contains("scan"), "{} scans", path.display());
    }
}
