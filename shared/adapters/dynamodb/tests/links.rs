//! Links against the embedded table: saved under a generation, found by every name that they have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::*;
use daybook_core::event::EventRef;
use daybook_core::key::{Owner, Target};
use daybook_core::link::*;
use daybook_engine::ports::{Connections, Counts, LinkChange, Links, StoreError};

/// A room with a connection whose lease has this generation.
async fn leased(generations: u64) -> Room {
    let room = Room::with(&fresh("c1")).await;
    for n in 0..i64::try_from(generations).unwrap() {
        let term = term(&format!("w{n}"), n * 10);
        room.table.acquire(&name("c1"), &term, at(n * 10)).await.unwrap().unwrap();
    }
    room
}

/// A link of an event whose series has a name of its own.
fn in_a_series(item: &str, series: &str, occurrence: &str) -> Link {
    let link = blocked(item, occurrence);
    let Owner::Event(event) = link.owner else { panic!("an event") };
    Link { owner: Owner::Event(EventRef { series: series.into(), ..event }), ..link }
}

fn puts(links: &[Link]) -> Vec<LinkChange> {
    links.iter().cloned().map(LinkChange::Put).collect()
}

fn sorted(mut links: Vec<Link>) -> Vec<Link> {
    links.sort_by(|one, other| one.mirror.cmp(&other.mirror));
    links
}

#[tokio::test]
async fn every_kind_of_link_comes_back() {
    let room = leased(1).await;
    let links = vec![
        mirrored("a1"),
        Link { remote: Some("AAMk=".into()), ..mirrored("a2") },
        blocked("i1", ""),
        blocked("i2", "20260506T070000Z"),
        in_a_series("i4", "series-4", ""),
        Link { target: Target::Schedule("s1".into()), ..mirrored("a5") },
        mirrored("a3").owing(Reason::Retry, 4, Some("2026-05-06T07:08:09.5Z".parse().unwrap())),
        blocked("i3", "").owing(Reason::Brake, 0, None),
        Link {
            state: LinkState::Owing(Owing {
                reason: Reason::Writing,
                attempts: 1,
                not_before: None,
                span: None,
            }),
            ..mirrored("a4")
        },
    ];
    room.table.save_links(&name("c1"), 1, &puts(&links)).await.unwrap();
    assert_eq!(sorted(room.table.list_links(&name("c1")).await.unwrap()), sorted(links));
    let expected = Counts { mirrored_events: 5, busy_blocks: 4, owing: 3 };
    assert_eq!(room.table.count_links(&name("c1")).await.unwrap(), expected);
    assert_eq!(room.table.count_links(&name("c9")).await.unwrap(), Counts::default());
}

#[tokio::test]
async fn one_link_costs_one_write_and_repeating_it_changes_nothing() {
    let room = leased(1).await;
    let c1 = name("c1");
    let put = [LinkChange::Put(mirrored("a1"))];
    let remove = [LinkChange::Remove(mirrored("a1"))];
    for (change, expected) in [(&put, 1), (&put, 1), (&remove, 0), (&remove, 0)] {
        let (reads, writes, saved) = room.cost(room.table.save_links(&c1, 1, change)).await;
        saved.unwrap();
        assert_eq!((reads, writes), (0, 1));
        assert_eq!(room.table.list_links(&c1).await.unwrap().len(), expected);
    }
    room.table.save_links(&c1, 1, &[]).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_was_overtaken_saves_nothing() {
    let room = leased(2).await;
    let c1 = name("c1");
    room.table.save_links(&c1, 2, &puts(&[mirrored("a1")])).await.unwrap();
    let owing = mirrored("a1").owing(Reason::Retry, 1, None);
    for changes in [
        vec![LinkChange::Put(owing.clone())],
        vec![LinkChange::Remove(owing.clone())],
        vec![LinkChange::Put(owing.clone()), LinkChange::Put(mirrored("a2"))],
        // None of these rows was written by the newer one, but the connection is its.
        puts(&[mirrored("a3"), mirrored("a4")]),
    ] {
        let saved = room.table.save_links(&c1, 1, &changes).await;
        assert!(matches!(saved, Err(StoreError::Stale { .. })), "{changes:?}: {saved:?}");
    }
    let stored = room.table.list_links(&c1).await.unwrap();
    assert_eq!(stored, [Link { generation: 2, ..mirrored("a1") }]);
}

#[tokio::test]
async fn of_two_changes_to_one_link_the_last_counts() {
    let room = leased(1).await;
    let changes = [
        LinkChange::Put(mirrored("a1").owing(Reason::Writing, 0, None)),
        LinkChange::Put(mirrored("a2")),
        LinkChange::Put(mirrored("a1")),
        LinkChange::Remove(mirrored("a2")),
    ];
    room.table.save_links(&name("c1"), 1, &changes).await.unwrap();
    assert_eq!(room.table.list_links(&name("c1")).await.unwrap(), [mirrored("a1")]);
}

#[tokio::test]
async fn found_by_mirror_by_item_and_by_appointment() {
    let room = leased(1).await;
    let c1 = name("c1");
    let links = [mirrored("a1"), mirrored("a2"), blocked("i1", "x"), blocked("i1", "y"), blocked("i2", "")];
    room.table.save_links(&c1, 1, &puts(&links)).await.unwrap();

    let one = [mirrored("a1").mirror];
    let (reads, _, found) = room.cost(room.table.find_appointment_links(&c1, &one)).await;
    assert_eq!((reads, found.unwrap()), (1, vec![mirrored("a1")]));
    let several = ["a1", "a2", "a9", "a1"].map(|id| mirrored(id).mirror);
    let found = room.table.find_appointment_links(&c1, &several).await.unwrap();
    assert_eq!(sorted(found), sorted(vec![mirrored("a1"), mirrored("a2")]));
    assert_eq!(room.table.find_appointment_links(&c1, &[]).await.unwrap(), []);

    let digest = |item| blocked(item, "").item_digest.unwrap();
    let (reads, _, found) = room.cost(room.table.find_item_links(&c1, &[digest("i1"), digest("i1")])).await;
    assert_eq!(reads, 1);
    assert_eq!(sorted(found.unwrap()), sorted(vec![blocked("i1", "x"), blocked("i1", "y")]));
    let all = room.table.find_item_links(&c1, &[digest("i1"), digest("i2"), digest("i9")]).await.unwrap();
    assert_eq!(all.len(), 3);

    let (reads, _, found) = room.cost(room.table.connections_linking(&"demo".into(), &"a1".into())).await;
    assert_eq!((reads, found.unwrap()), (1, vec![c1.clone()]));
    assert_eq!(room.table.connections_linking(&"demo".into(), &"a9".into()).await.unwrap(), []);
    assert_eq!(room.table.connections_linking(&"other".into(), &"a1".into()).await.unwrap(), []);
}

#[tokio::test]
async fn found_by_the_id_that_the_other_side_chose() {
    let room = leased(1).await;
    let c1 = name("c1");
    room.table.create_connection(&fresh("c2")).await.unwrap();
    let remote = |link: Link, id: &str| Link { remote: Some(id.into()), ..link };
    let ours = format!("/user/a/{}.ics", mirrored("a3").mirror);
    let links = [
        remote(mirrored("a1"), "AAMk#1="),
        remote(mirrored("a2"), "AAMk#2=").owing(Reason::Removing, 0, None),
        remote(mirrored("a3"), &ours),
        mirrored("a4"),
        remote(blocked("i1", ""), "slot-1"),
        remote(mirrored("a5"), &"l".repeat(3_000)),
    ];
    room.table.save_links(&c1, 1, &puts(&links)).await.unwrap();
    room.table.save_links(&name("c2"), 0, &puts(&[remote(mirrored("a9"), "AAMk#1=")])).await.unwrap();

    let (reads, _, found) = room.cost(room.table.find_remote_links(&c1, &["AAMk#1=".into()])).await;
    assert_eq!((reads, found.unwrap()), (2, vec![links[0].clone()]), "the index, and the row");
    let several = ["AAMk#1=", "AAMk#2=", "AAMk#1=", "AAMk#9=", "slot-1", "", ours.as_str()].map(Into::into);
    let found = room.table.find_remote_links(&c1, &several).await.unwrap();
    assert_eq!(sorted(found), sorted(links[..2].to_vec()), "an id that carries the name needs no index");
    assert_eq!(room.table.find_remote_links(&c1, &[]).await.unwrap(), []);
    assert_eq!(room.table.find_remote_links(&c1, &["l".repeat(3_000).as_str().into()]).await.unwrap(), []);

    let renamed = [LinkChange::Put(remote(mirrored("a1"), "AAMk#3=")), LinkChange::Remove(links[1].clone())];
    room.table.save_links(&c1, 1, &renamed).await.unwrap();
    for (id, expected) in [("AAMk#1=", 0), ("AAMk#2=", 0), ("AAMk#3=", 1)] {
        assert_eq!(room.table.find_remote_links(&c1, &[id.into()]).await.unwrap().len(), expected, "{id}");
    }
}

#[tokio::test]
async fn e_049_an_appointment_is_found_under_every_connection_that_links_it_once() {
    let room = leased(1).await;
    room.table.create_connection(&fresh("c2")).await.unwrap();
    let elsewhere = Link {
        mirror: mirrored("other").mirror,
        target: daybook_core::key::Target::Calendar("/user/old/".into()),
        ..mirrored("a1")
    };
    room.table.save_links(&name("c1"), 1, &puts(&[mirrored("a1"), elsewhere])).await.unwrap();
    room.table.save_links(&name("c2"), 0, &puts(&[mirrored("a1")])).await.unwrap();
    let found = room.table.connections_linking(&"demo".into(), &"a1".into()).await.unwrap();
    assert_eq!(found, [name("c1"), name("c2")]);
}

#[tokio::test]
async fn what_is_owed_is_found_when_its_time_has_come() {
    let room = leased(1).await;
    let c1 = name("c1");
    let links = [
        mirrored("agreed"),
        mirrored("now").owing(Reason::Writing, 0, None),
        mirrored("soon").owing(Reason::Retry, 1, Some(at(500))),
        blocked("later", "").owing(Reason::Brake, 0, Some(at(900))),
    ];
    room.table.save_links(&c1, 1, &puts(&links)).await.unwrap();
    for (now, expected) in [(0, vec![1]), (499, vec![1]), (500, vec![1, 2]), (900, vec![1, 2, 3])] {
        let found = room.table.list_owing_links(&c1, at(now)).await.unwrap();
        let expected = expected.into_iter().map(|n: usize| links[n].clone()).collect();
        assert_eq!(sorted(found), sorted(expected), "at {now}");
    }
    room.table.save_links(&c1, 1, &puts(&[mirrored("now")])).await.unwrap();
    assert_eq!(room.table.list_owing_links(&c1, at(0)).await.unwrap(), []);
}

#[tokio::test]
async fn a_thousand_links_take_several_pages() {
    let room = leased(1).await;
    let c1 = name("c1");
    let wide = "w".repeat(1_500);
    let links: Vec<Link> = (0..1_000)
        .map(|n| Link { remote: Some(wide.as_str().into()), ..mirrored(&format!("a{n}")) })
        .collect();
    let (_, writes, saved) = room.cost(room.table.save_links(&c1, 1, &puts(&links))).await;
    saved.unwrap();
    assert_eq!(writes, 1_011, "each link, and the check of each of eleven batches");
    let (reads, _, found) = room.cost(room.table.list_links(&c1)).await;
    assert!(reads >= 2, "more than one page, but {reads}");
    assert_eq!(sorted(found.unwrap()), sorted(links.clone()));
    assert_eq!(room.table.count_links(&c1).await.unwrap().mirrored_events, 1_000);
    let mirrors: Vec<_> = links.iter().map(|link| link.mirror.clone()).collect();
    assert_eq!(room.table.find_appointment_links(&c1, &mirrors).await.unwrap().len(), 1_000);
    let removals: Vec<_> = links.into_iter().map(LinkChange::Remove).collect();
    room.table.save_links(&c1, 1, &removals).await.unwrap();
    assert_eq!(room.table.list_links(&c1).await.unwrap(), []);
}

#[tokio::test]
async fn a_link_of_a_newer_version_is_left_alone() {
    let room = leased(1).await;
    let c1 = name("c1");
    room.table.save_links(&c1, 1, &puts(&[mirrored("a1"), mirrored("a2")])).await.unwrap();
    let mirror = mirrored("a1").mirror;
    room.tamper("C#demo#c1", &format!("L#A#{mirror}"), "v", 3).await;
    let listed = room.table.list_links(&c1).await;
    assert!(matches!(listed, Err(StoreError::Unreadable { .. })), "it would be left behind: {listed:?}");
    let found = room.table.find_appointment_links(&c1, &[mirror]).await;
    assert!(matches!(found, Err(StoreError::Unreadable { .. })), "{found:?}");
    let saved = room.table.save_links(&c1, 1, &puts(&[mirrored("a1")])).await;
    assert!(matches!(saved, Err(StoreError::Unreadable { .. })), "{saved:?}");
    let saved = room.table.save_links(&c1, 1, &puts(&[mirrored("a1"), mirrored("a2")])).await;
    assert!(matches!(saved, Err(StoreError::Stale { .. })), "{saved:?}");
}
