//! Ids of messages that were taken, so that a repetition has no second effect. In memory only: a mark that is made
//! twice is one mark, so that forgetting at a restart costs one look and no more.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use daybook_core::ids::PracticeId;
use jiff::{SignedDuration, Timestamp};

/// Senders repeat for days; this many ids are a few megabytes.
const MOST_IDS: usize = 50_000;
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

type Key = (PracticeId, String);

/// The latest ids, oldest first.
#[derive(Default)]
pub(crate) struct Recent {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    known: HashSet<Key>,
    order: VecDeque<(Timestamp, Key)>,
}

impl Recent {
    /// Whether this message was taken before.
    pub fn knows(&self, practice: &PracticeId, id: &str) -> bool {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.known.contains(&(practice.clone(), id.to_owned()))
    }

    /// Remembers a message once its effect is stored: one that failed may be repeated.
    pub fn remember(&self, practice: &PracticeId, id: &str, now: Timestamp) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (practice.clone(), id.to_owned());
        if inner.known.insert(key.clone()) {
            inner.order.push_back((now, key));
        }
        inner.forget_old(now);
    }
}

impl Inner {
    fn forget_old(&mut self, now: Timestamp) {
        while let Some((at, _)) = self.order.front() {
            if self.order.len() <= MOST_IDS && now.duration_since(*at) <= KEPT {
                break;
            }
            if let Some((_, key)) = self.order.pop_front() {
                self.known.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn forgets_after_a_week_and_when_full() {
        let recent = Recent::default();
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        recent.remember(&"p".into(), "a", at(0));
        assert!(recent.knows(&"p".into(), "a"));
        assert!(!recent.knows(&"q".into(), "a"));
        recent.remember(&"p".into(), "b", at(168));
        assert!(recent.knows(&"p".into(), "a"));
        recent.remember(&"p".into(), "c", at(169));
        assert!(!recent.knows(&"p".into(), "a"));
        for n in 0..MOST_IDS {
            recent.remember(&"p".into(), &n.to_string(), at(170));
        }
        assert!(!recent.knows(&"p".into(), "c"));
        assert_eq!(recent.inner.lock().unwrap().order.len(), MOST_IDS);
    }
}
