//! On schedule: polls EHRs, wakes what is due. What is due, and what waking means, is the engine's.

#[cfg(feature = "lambda")]
mod sweeper;

use serde::Deserialize;

#[cfg(feature = "lambda")]
pub use sweeper::{PARTS, Sweeper, sweep};

/// What the schedule says: which part of the index of due work to look through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub struct Turn {
    pub shard: u32,
}
