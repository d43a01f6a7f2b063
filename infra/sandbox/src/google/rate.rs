//! Google's limit of requests per minute and person. Excess is refused in two forms by turns, as Google does it: a
//! client must understand both.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::refusal::Refusal;

/// Requests of one account and client in one minute.
pub const LIMIT: usize = 600;
const SPAN: SignedDuration = SignedDuration::from_secs(60);

/// Who has asked lately; lives in memory.
#[derive(Default)]
pub struct Limiter {
    lately: Mutex<BTreeMap<(String, String), Lately>>,
}

#[derive(Default)]
struct Lately {
    at: VecDeque<Timestamp>,
    refused: u64,
}

impl Limiter {
    /// Counts one request, unless there were too many.
    pub fn note(&self, account: &str, client: &str, now: Timestamp) -> Result<(), Refusal> {
        let mut all = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = all.entry((account.to_owned(), client.to_owned())).or_default();
        while lately.at.front().is_some_and(|at| now.duration_since(*at) >= SPAN) {
            lately.at.pop_front();
        }
        if lately.at.len() < LIMIT {
            lately.at.push_back(now);
            return Ok(());
        }
        lately.refused += 1;
        Err(if lately.refused.is_multiple_of(2) { Refusal::rate_limit() } else { Refusal::user_rate_limit() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_window_slides_and_refusals_alternate() {
        let (limiter, start) = (Limiter::default(), Timestamp::UNIX_EPOCH);
        for second in 0..600 {
            let now = start + SignedDuration::from_millis(second * 100);
            limiter.note("ada", "app", now).unwrap();
        }
        let soon = start + SignedDuration::from_millis(59_999);
        let codes: Vec<u16> =
            (0..3).map(|_| limiter.note("ada", "app", soon).unwrap_err().status.as_u16()).collect();
        assert_eq!(codes, [403, 429, 403]);
        limiter.note("ben", "app", soon).unwrap();
        limiter.note("ada", "app", start + SPAN).unwrap();
        limiter.note("ada", "app", start + SPAN).unwrap_err();
    }
}
