//! What the table keeps for people who come from outside: a browser that signs in, a provider that notifies.
//! Neither row holds a secret, only what proves one.

use async_trait::async_trait;
use daybook_core::connection::Provider;
use daybook_core::ids::{CalendarId, SubscriptionId};
use daybook_core::proof::Proof;
use jiff::Timestamp;

use super::{ConnectionRef, StoreError};

/// One use of a sign-in link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignInVisit {
    /// Names the visit; part of the link and of the state that the provider returns.
    pub nonce: String,
    pub at: ConnectionRef,
    /// The browser that opened the link first, and alone may go on.
    pub browser: Proof,
    pub stage: Stage,
    pub expires_at: Timestamp,
}

/// How far a visit has come; it never goes back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// Our page was shown.
    Opened,
    /// The browser was sent to the provider.
    Sent,
    /// It came back, or a password was typed: over.
    Ended,
}

#[async_trait]
pub trait SignIns: Send + Sync {
    /// `Exists` where the link was opened before.
    async fn begin_visit(&self, visit: &SignInVisit) -> Result<(), StoreError>;

    async fn find_visit(&self, nonce: &str) -> Result<Option<SignInVisit>, StoreError>;

    /// Moves it on; `Stale` unless it stands at `from`.
    async fn move_visit(&self, nonce: &str, from: Stage, to: Stage) -> Result<(), StoreError>;
}

/// From a subscription, as the provider names it, to what it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubscriptionRow {
    pub provider: Provider,
    pub id: SubscriptionId,
    pub at: ConnectionRef,
    pub calendar: CalendarId,
    /// Of the secret that each notification shows.
    pub secret: Proof,
    /// When nobody notifies any more; the row goes some time after.
    pub expires_at: Timestamp,
}

#[async_trait]
pub trait Subscriptions: Send + Sync {
    /// Stores it anew.
    async fn put_subscription(&self, row: &SubscriptionRow) -> Result<(), StoreError>;

    /// One read.
    async fn find_subscription(
        &self,
        provider: Provider,
        id: &SubscriptionId,
    ) -> Result<Option<SubscriptionRow>, StoreError>;

    /// Removing what is not there succeeds.
    async fn remove_subscription(&self, provider: Provider, id: &SubscriptionId) -> Result<(), StoreError>;
}
