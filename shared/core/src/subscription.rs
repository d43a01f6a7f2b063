//! Our standing request to be told that a calendar changed: how long it holds, and when to renew it.

use jiff::{SignedDuration, Timestamp};

use crate::ids::SubscriptionId;

/// A subscription at the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    pub id: SubscriptionId,
    /// What the provider calls the thing that is watched, where ending the subscription needs it.
    pub resource: Option<String>,
    pub opened_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How a calendar's changes are learnt of beside polling it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Telling {
    Subscribed(Subscription),
    /// It could not be renewed; it holds until its end, and is renewed again later.
    Held {
        subscription: Subscription,
        ask_again_at: Timestamp,
    },
    /// The provider does not tell of this calendar, or cannot reach us; asked again later.
    Refused {
        ask_again_at: Timestamp,
    },
}

/// How long a refusal is taken as final.
const REFUSAL_HOLDS: SignedDuration = SignedDuration::from_hours(24);

impl Subscription {
    /// A third of its life before it ends: two more attempts fit in before anything is missed.
    pub fn renew_at(&self) -> Timestamp {
        let life = self.expires_at.duration_since(self.opened_at);
        self.expires_at.checked_sub(life / 3).unwrap_or(self.opened_at)
    }
}

impl Telling {
    /// A refusal that holds from now.
    pub fn refused(now: Timestamp) -> Self {
        Telling::Refused { ask_again_at: now.checked_add(REFUSAL_HOLDS).unwrap_or(Timestamp::MAX) }
    }

    /// When somebody has to act on it.
    pub fn due_at(&self) -> Timestamp {
        match self {
            Telling::Subscribed(subscription) => subscription.renew_at(),
            Telling::Held { ask_again_at, .. } | Telling::Refused { ask_again_at } => *ask_again_at,
        }
    }

    /// The subscription, where there is one.
    pub fn subscription(&self) -> Option<&Subscription> {
        match self {
            Telling::Subscribed(subscription) | Telling::Held { subscription, .. } => Some(subscription),
            Telling::Refused { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn e_019_renewed_while_a_third_of_its_life_is_left() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let subscription =
            Subscription { id: "s".into(), resource: None, opened_at: at(0), expires_at: at(9) };
        assert_eq!(Telling::Subscribed(subscription).due_at(), at(6));
        assert_eq!(Telling::refused(at(0)).due_at(), at(24));
    }
}
