//! Takes one request from the queue and syncs one connection. What becomes of the message is decided here; what becomes
//! of the connection is the engine's.

#[cfg(feature = "lambda")]
mod worker;

use std::time::Duration;

#[cfg(feature = "lambda")]
pub use worker::{PARTS, Worker, work};

use daybook_engine::sync::Run;

/// How one message fared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The engine took it, and this is how the run ended.
    Ran(Run),
    /// An error, a panic, or no time left.
    Failed,
    /// It is no request, at least none that this program can read.
    Unreadable,
}

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It has been dealt with.
    Done,
    /// It comes again after this pause; after the queue's last receive it is a dead letter instead.
    Again(Duration),
}

/// The first pause after something went wrong.
const PAUSE: Duration = Duration::from_secs(5);
/// The first pause while somebody else holds the lease: a dead worker's must have run out before the last receive.
const PAUSE_WHILE_HELD: Duration = Duration::from_secs(15);
/// As long as the queue itself would wait.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// What becomes of a message that was received for the n-th time, counted from one.
pub fn fate(outcome: Outcome, receives: u32) -> Fate {
    let first = match outcome {
        Outcome::Ran(Run::Done | Run::Continued) => return Fate::Done,
        Outcome::Ran(Run::Held) => PAUSE_WHILE_HELD,
        Outcome::Failed | Outcome::Unreadable => PAUSE,
    };
    let doubled = 2_u32.saturating_pow(receives.saturating_sub(1));
    Fate::Again(first.saturating_mul(doubled).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn what_becomes_of_a_message() {
        let again = |seconds| Fate::Again(Duration::from_secs(seconds));
        for (outcome, receives, expected) in [
            (Outcome::Ran(Run::Done), 1, Fate::Done),
            (Outcome::Ran(Run::Done), 5, Fate::Done),
            (Outcome::Ran(Run::Continued), 1, Fate::Done),
            (Outcome::Ran(Run::Held), 1, again(15)),
            (Outcome::Ran(Run::Held), 2, again(30)),
            (Outcome::Ran(Run::Held), 4, again(120)),
            (Outcome::Failed, 0, again(5)),
            (Outcome::Failed, 1, again(5)),
            (Outcome::Failed, 2, again(10)),
            (Outcome::Failed, 5, again(80)),
            (Outcome::Failed, 7, again(300)),
            (Outcome::Failed, u32::MAX, again(300)),
            (Outcome::Unreadable, 1, again(5)),
            (Outcome::Unreadable, 4, again(40)),
        ] {
            assert_eq!(fate(outcome, receives), expected, "{outcome:?} at receive {receives}");
        }
    }

    /// The lease of a worker that died outlives it by two minutes at most.
    #[test]
    fn a_dead_worker_s_lease_runs_out_before_the_last_receive() {
        let pauses = (1..5).map(|receives| match fate(Outcome::Ran(Run::Held), receives) {
            Fate::Again(pause) => pause,
            Fate::Done => Duration::ZERO,
        });
        assert!(pauses.sum::<Duration>() > Duration::from_mins(2));
    }
}
