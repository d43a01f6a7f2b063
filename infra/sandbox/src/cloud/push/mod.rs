//! The outbox of notifications: queued in the same step as the change that they tell of, posted later, retried as each
//! provider does. What they look like is in `google` and `microsoft`; losing, doubling and delaying them is a switch.

mod google;
mod microsoft;
mod sender;

use std::convert::Infallible;

use jiff::SignedDuration;

use super::control::Notifications;
use super::tx::Change;
use super::world::{ChangeKind, Consent, Message, Saying, Subscription, World};
use super::{Cloud, Dialect, Tx};
pub(super) use microsoft::tenant_of;
pub(super) use sender::{deliver, deliver_due};

/// Leaves a message for every live subscription of what changed.
pub(super) fn queue(tx: &mut Tx<'_>, dialect: Dialect, fault: Notifications, changes: &[Change]) {
    for change in changes {
        let hearers: Vec<String> = hearers(tx, dialect, change);
        for subscription in hearers {
            for _ in 0..times(dialect, change) {
                send(tx, dialect, fault, &subscription, &saying(change));
            }
        }
    }
}

/// One edit makes Graph say `updated` about three times.
fn times(dialect: Dialect, change: &Change) -> usize {
    match (dialect, &change.item) {
        (Dialect::Microsoft, Some((_, ChangeKind::Updated, _))) => 3,
        _ => 1,
    }
}

fn saying(change: &Change) -> Saying {
    match &change.item {
        None => Saying::Gone,
        Some((item, kind, seq)) => Saying::Changed { item: item.clone(), kind: *kind, seq: *seq },
    }
}

/// The ids of the live subscriptions that a change concerns.
fn hearers(tx: &Tx<'_>, dialect: Dialect, change: &Change) -> Vec<String> {
    let world = tx.world();
    let live = |one: &&Subscription| {
        let for_it = one.calendar == change.calendar && wants(one, change);
        for_it && one.expires > tx.now() && may_hear(world, dialect, one)
    };
    world.subscriptions.values().filter(live).map(|one| one.id.clone()).collect()
}

/// A Graph subscription names the kinds of change that it is for.
fn wants(one: &Subscription, change: &Change) -> bool {
    let named = one.extra.get("changeType").and_then(serde_json::Value::as_str);
    let kind = change.item.as_ref().map_or("deleted", |(_, kind, _)| kind.word());
    named.is_none_or(|named| named.split(',').any(|one| one == kind))
}

/// Graph pauses once consent is withdrawn; a Google channel goes on until it expires.
fn may_hear(world: &World, dialect: Dialect, one: &Subscription) -> bool {
    match dialect {
        Dialect::Google => true,
        Dialect::Microsoft => world.consents.contains_key(&Consent::key_of(&one.account, &one.client)),
    }
}

/// Queues one message, as the switch allows.
fn send(tx: &mut Tx<'_>, dialect: Dialect, fault: Notifications, subscription: &str, saying: &Saying) {
    let (copies, delay_s) = match fault {
        Notifications::Drop => return,
        Notifications::Normal => (1, 0),
        Notifications::Double => (2, 0),
        Notifications::Delay(seconds) => (1, seconds),
    };
    if dialect == Dialect::Google && copies == 1 && is_said(tx.world(), subscription, saying) {
        return;
    }
    for _ in 0..copies {
        put(tx, dialect, subscription, saying.clone(), SignedDuration::from_secs(i64::from(delay_s)));
    }
}

/// Google tells "something changed" once for all that changed before it is sent.
fn is_said(world: &World, subscription: &str, saying: &Saying) -> bool {
    let waits = |message: &Message| message.to.id == subscription && message.attempts == 0;
    let same = |message: &Message| match (&message.saying, saying) {
        (Saying::Changed { .. }, Saying::Changed { .. }) => true,
        (before, now) => before == now,
    };
    world.outbox.values().any(|message| waits(message) && same(message))
}

fn put(tx: &mut Tx<'_>, dialect: Dialect, subscription: &str, saying: Saying, delay: SignedDuration) {
    let Some(mut to) = tx.world().subscriptions.get(subscription).cloned() else { return };
    let key = tx.next_count();
    to.sent = match dialect {
        // Rising, but not by one.
        Dialect::Google if to.sent > 0 => to.sent + 1 + key % 4,
        _ => to.sent + 1,
    };
    tx.keep(to.clone());
    let (number, now) = (to.sent, tx.now());
    tx.keep(Message { key, to, saying, number, since: now, due: now + delay, attempts: 0 });
}

impl Tx<'_> {
    /// Queues Google's greeting (`sync`, message number 1) of a channel that was just put.
    pub fn greet(&mut self, subscription: &str) {
        put(self, Dialect::Google, subscription, Saying::Hello, SignedDuration::ZERO);
    }

    /// Queues a lifecycle notification (`reauthorizationRequired`, `subscriptionRemoved`, `missed`), if the
    /// subscription has an address for such.
    pub fn tell_lifecycle(&mut self, subscription: &str, event: &str) {
        let wants =
            self.world().subscriptions.get(subscription).is_some_and(|one| one.lifecycle_url.is_some());
        if wants {
            put(
                self,
                Dialect::Microsoft,
                subscription,
                Saying::Lifecycle(event.to_owned()),
                SignedDuration::ZERO,
            );
        }
    }
}

impl Cloud {
    /// [`Tx::greet`] in a step of its own.
    pub fn greet(&self, subscription: &str) {
        let _: Result<(), Infallible> = self.change(|tx| {
            tx.greet(subscription);
            Ok(())
        });
    }
}

impl ChangeKind {
    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}
