//! The queue of sync requests in process, with the rules of the one on AWS: first in, first out within a connection,
//! one in flight per connection, connections side by side, dead letters after five receives.
//! It outlives no restart: what waits is noted in the table, from where the sweep sends it again. With the feature `sqs`,
//! the queue on AWS.

mod lines;
#[cfg(feature = "sqs")]
mod sqs;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use daybook_engine::ports::{Queue, Request, StoreError};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::lines::{Fate, Lines, Next};

#[cfg(feature = "sqs")]
pub use sqs::{SqsQueue, Unreadable, parse_body};

/// Cheap to clone; clones are the same queue.
#[derive(Clone, Default)]
pub struct InProcessQueue {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    lines: Mutex<Lines>,
    changed: Notify,
}

impl InProcessQueue {
    pub fn new() -> Self {
        Self::default()
    }

    /// The next request whose connection has none in flight. Waits until there is one; dropping the wait loses
    /// nothing.
    pub async fn receive(&self) -> Delivery {
        loop {
            let next = self.shared.lines().take(Instant::now());
            match next {
                Next::Ready(request) => return Delivery::of(self.shared.clone(), request),
                Next::At(when) => tokio::select! {
                    () = self.shared.changed.notified() => {}
                    () = sleep_until(when) => {}
                },
                Next::Nothing => self.shared.changed.notified().await,
            }
        }
    }

    /// How many requests wait or are in flight.
    pub fn depth(&self) -> usize {
        self.shared.lines().depth()
    }

    /// How many requests were given up on.
    pub fn dead_letters(&self) -> u64 {
        self.shared.lines().dead_letters()
    }
}

#[async_trait]
impl Queue for InProcessQueue {
    async fn send(&self, request: Request) -> Result<(), StoreError> {
        self.shared.lines().push(request, Instant::now());
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl Shared {
    /// A panic elsewhere leaves the lines whole: each change is one step.
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, request: &Request, fate: Fate) {
        self.lines().settle(&request.connection, fate, Instant::now());
        self.changed.notify_one();
    }
}

/// A request in flight. Dropped without [`Self::done`], it is delivered again after a pause.
#[must_use]
pub struct Delivery {
    shared: Arc<Shared>,
    request: Request,
    fate: Fate,
}

impl Delivery {
    fn of(shared: Arc<Shared>, request: Request) -> Self {
        Self { shared, request, fate: Fate::Failed }
    }

    pub fn request(&self) -> &Request {
        &self.request
    }

    /// It has been dealt with; the connection's next one may come.
    pub fn done(mut self) {
        self.fate = Fate::Done;
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.shared.settle(&self.request, self.fate);
    }
}

#[cfg(test)]
mod tests;
