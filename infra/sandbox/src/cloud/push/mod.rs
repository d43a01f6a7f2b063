//! The outbox of notifications: queued with the change that they tell of, posted later, retried as each provider does.

use super::control::Notifications;
use super::tx::Change;
use super::{Cloud, Dialect, Tx};

pub(super) fn queue(_tx: &mut Tx<'_>, _dialect: Dialect, _fault: Notifications, _changes: &[Change]) {}

pub(super) async fn deliver(_cloud: Cloud) {}

#[expect(clippy::unused_async, reason = "filled in next")]
pub(super) async fn deliver_due(_cloud: &Cloud) -> usize {
    0
}

impl Cloud {
    /// Queues Google's greeting (`sync`, message number 1) of a channel that was just put.
    pub fn greet(&self, _subscription: &str) {}
}
