//! The queue of sync requests: first in, first out per connection, one at a time per connection.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{ConnectionRef, StoreError};

/// Where a door leaves work. A request that is lost is sent again by a sweep.
#[async_trait]
pub trait Queue: Send + Sync {
    async fn send(&self, request: Request) -> Result<(), StoreError>;
}

/// "Something changed", without content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    pub connection: ConnectionRef,
    pub cause: Cause,
    /// One id from the signal to the write, for the logs.
    pub correlation: String,
    /// When the signal came: how old it is when everything is agreed is what users feel.
    pub since: Timestamp,
}

/// What set it off; for logs and metrics, decisions do not depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    Ehr,
    Provider,
    Person,
    Sweep,
    /// A run that stopped at a checkpoint goes on.
    Continued,
}
