//! Runs simulated histories. `DAYBOOK_SEEDS` says how many (50,000), `DAYBOOK_SEED` replays one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::sync::atomic::{AtomicU64, Ordering};

use daybook_tests::simulation::crossing::{FATES, First, Lease, cross};
use daybook_tests::simulation::{Ended, play, retell, year};
use daybook_tests::world::fault::Plant;

/// As many as one machine with two cores plays in a few minutes.
const HISTORIES: u64 = 50_000;
const THREADS: u64 = 2;
/// One in so many is played twice.
const TWICE: u64 = 1_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

#[test]
fn histories_by_chance() {
    if let Some(seed) = number("DAYBOOK_SEED") {
        let (ended, told) = retell(seed, None);
        for line in told {
            println!("{line}");
        }
        println!("history {seed}: {ended:?}");
        assert_eq!(ended.broken, [""; 0]);
        return;
    }
    let histories = number("DAYBOOK_SEEDS").unwrap_or(HISTORIES);
    let (writes, twice) = (AtomicU64::new(0), AtomicU64::new(0));
    let failed: Vec<(u64, Ended)> = std::thread::scope(|scope| {
        let each = |thread: u64| {
            let (writes, twice) = (&writes, &twice);
            scope.spawn(move || {
                let mut failed = Vec::new();
                for seed in (thread..histories).step_by(usize::try_from(THREADS).unwrap()) {
                    let ended = play(seed, None);
                    writes.fetch_add(ended.writes, Ordering::Relaxed);
                    if seed % TWICE < THREADS {
                        twice.fetch_add(1, Ordering::Relaxed);
                        assert_eq!(play(seed, None), ended, "seed {seed} played twice");
                    }
                    if !ended.broken.is_empty() {
                        failed.push((seed, ended));
                    }
                }
                failed
            })
        };
        let threads: Vec<_> = (0..THREADS).map(each).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    println!(
        "{histories} histories, {} remote writes, {} played twice alike, {} failed",
        writes.into_inner(),
        twice.into_inner(),
        failed.len()
    );
    for (seed, ended) in failed.iter().take(20) {
        println!("  DAYBOOK_SEED={seed}: {}", ended.broken[0]);
    }
    assert!(failed.is_empty(), "{} of {histories} histories broke a promise", failed.len());
}

/// So many histories at most are played to see one bug.
const MOST_FOR_A_PLANT: u64 = 6_000;

/// A bug, and how the promise begins that must notice it.
const PLANTS: [(Plant, &[&str]); 17] = [
    (Plant::TableForgetsOwing, &["a mirror was put that no link knew"]),
    (Plant::LeaseIgnored, &["without the lease"]),
    (Plant::PendingClearedLate, &["at the end"]),
    (Plant::MarksForgotten, &["at the end"]),
    (Plant::QueueAcksFirst, &["at the end"]),
    (Plant::CursorFirst, &["at the end"]),
    (Plant::DeathUnnoticed, &["at the end"]),
    (Plant::CursorAhead, &["moved past", "at the end"]),
    (Plant::PutsOverWhatStands, &["notes"]),
    (Plant::PutsOverOthersChanges, &["notes"]),
    (Plant::ConflictIsSuccess, &["at the end", "moved past"]),
    (Plant::ContentDrifts, &["a further look wrote"]),
    (Plant::MirrorsAreEvents, &["never had", "at the end"]),
    (Plant::CopiesAreMirrors, &["an event of a person was touched"]),
    (Plant::ReadsSayGone, &["taken away and should stand"]),
    (Plant::BlocksAreDoubled, &["two blocks"]),
    (Plant::RemovesNothing, &["at the end"]),
];

#[test]
fn every_promise_is_seen_to_fail_on_a_planted_bug() {
    let mut missed = Vec::new();
    for (plant, promises) in PLANTS {
        let noticed = |broken: &[String]| {
            broken.iter().find(|line| promises.iter().any(|promise| line.contains(promise))).cloned()
        };
        let by_chance = (0..MOST_FOR_A_PLANT)
            .find_map(|seed| Some((format!("history {seed}"), noticed(&play(seed, Some(plant)).broken)?)));
        let crossed = || {
            (0..30).map(First::DiesForNothing).find_map(|first| {
                Some((format!("crossing {first:?}"), noticed(&cross(first, None, Some(plant)).broken)?))
            })
        };
        match by_chance.or_else(crossed) {
            Some((where_, line)) => println!("{plant:?}: {where_}: {line}"),
            None => missed.push(plant),
        }
    }
    assert_eq!(missed, [], "no promise noticed these");
}

#[test]
fn two_workers_and_one_fault_at_every_await() {
    let plain = cross(First::Ends, None, None);
    assert_eq!(plain.broken, [""; 0]);
    let mut crossings = 1;
    let mut failed = Vec::new();
    let mut check = |first: First, fault| {
        crossings += 1;
        let broken = cross(first, fault, None).broken;
        if !broken.is_empty() {
            failed.push(format!("{first:?} {fault:?}: {}", broken[0]));
        }
    };
    for turn in 0..=plain.turns {
        check(First::Rests(turn, Lease::Lasts), None);
        check(First::Rests(turn, Lease::RunsOut), None);
        check(First::Dies(turn), None);
        check(First::DiesForNothing(turn), None);
    }
    for fate in FATES {
        for point in 1..=plain.points {
            check(First::Ends, Some((point, fate)));
            // The second worker takes over from the first and meets a fault in its turn.
            for turn in 0..=plain.turns {
                check(First::Dies(turn), Some((point, fate)));
                check(First::DiesForNothing(turn), Some((point, fate)));
            }
        }
    }
    println!("{crossings} crossings: {} turns, {} points, {} fates", plain.turns, plain.points, FATES.len());
    for line in failed.iter().take(20) {
        println!("  {line}");
    }
    assert!(failed.is_empty(), "{} of {crossings} crossings broke a promise", failed.len());
}

#[test]
fn a_year_passes() {
    let year = year::pass();
    println!("{} days, {} appointments, {} writes", year.days, year.booked, year.writes);
    assert_eq!(year.broken, [""; 0]);
}
