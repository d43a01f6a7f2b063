//! Simulated histories of the real adapters against the stand-ins. `DAYBOOK_SEEDS` says how many (one in fifty
//! of them), `DAYBOOK_SEED` replays one: seeds go round Google, Microsoft and CalDAV.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::sync::atomic::{AtomicU64, Ordering};

use daybook_tests::cloud::history::{Ended, play, provider_of, retell};

/// As many as two threads play in half a minute.
const HISTORIES: u64 = 900;
/// Of the histories that are asked for, so many fewer are played: each speaks HTTP, and those over abstract ports do
/// not.
const ONE_IN: u64 = 50;
const THREADS: u64 = 2;
/// One in so many is played twice.
const TWICE: u64 = 100;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

#[test]
fn histories_at_the_providers() {
    if let Some(seed) = number("DAYBOOK_SEED") {
        let (ended, told) = retell(seed);
        for line in told {
            println!("{line}");
        }
        println!("history {seed} at {:?}: {ended:?}", provider_of(seed));
        assert_eq!(ended.broken, [""; 0]);
        return;
    }
    let histories = number("DAYBOOK_SEEDS").map_or(HISTORIES, |asked| asked.div_ceil(ONE_IN));
    let (writes, twice) = (AtomicU64::new(0), AtomicU64::new(0));
    let each = |thread: u64| {
        let mut failed = Vec::new();
        for seed in (thread..histories).step_by(usize::try_from(THREADS).unwrap()) {
            let ended = attempt(seed);
            writes.fetch_add(ended.writes, Ordering::Relaxed);
            if seed % TWICE < THREADS {
                twice.fetch_add(1, Ordering::Relaxed);
                assert_eq!(attempt(seed), ended, "seed {seed} played twice");
            }
            if !ended.broken.is_empty() {
                failed.push((seed, ended));
            }
        }
        failed
    };
    let failed: Vec<(u64, Ended)> = std::thread::scope(|scope| {
        let each = &each;
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || each(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let (writes, twice) = (writes.into_inner(), twice.into_inner());
    println!(
        "{histories} histories, {writes} remote writes, {twice} played twice alike, {} failed",
        failed.len()
    );
    for (seed, ended) in failed.iter().take(30) {
        println!("  DAYBOOK_SEED={seed} ({:?}): {}", provider_of(*seed), ended.broken[0]);
    }
    assert!(failed.is_empty(), "{} of {histories} histories broke a promise", failed.len());
}

/// A panic is a broken promise too, and names its seed.
fn attempt(seed: u64) -> Ended {
    std::panic::catch_unwind(|| play(seed)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Ended { broken: vec![format!("panicked: {}", words.unwrap_or_default())], trace: 0, writes: 0 }
    })
}
