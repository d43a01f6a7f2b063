//! At most four requests at once for one mailbox (providers B.6). Counts; refusing is the door's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

const SEATS: usize = 4;

/// Who is inside, by account.
#[derive(Default)]
pub(super) struct Crowd {
    inside: Mutex<BTreeMap<String, usize>>,
}

/// One request that is being answered; leaving is dropping it.
pub(super) struct Seat {
    crowd: Arc<Crowd>,
    account: String,
}

/// A seat, or `None` if all are taken.
pub(super) fn enter(crowd: &Arc<Crowd>, account: &str) -> Option<Seat> {
    let mut inside = crowd.inside.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = inside.entry(account.to_owned()).or_default();
    if *taken >= SEATS {
        return None;
    }
    *taken += 1;
    Some(Seat { crowd: Arc::clone(crowd), account: account.to_owned() })
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut inside = self.crowd.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = inside.get_mut(&self.account) {
            *taken = taken.saturating_sub(1);
        }
    }
}
