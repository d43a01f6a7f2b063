//! The workers that take requests from the queue, and the timer that sweeps. What is in the queue is nowhere else noted
//! but in the table, from where a start takes it up again.

use std::sync::Arc;
use std::time::Duration;

use daybook_core::connection::State;
use daybook_core::ids::PracticeId;
use daybook_dynamodb::{Embedded, Table};
use daybook_engine::ports::{Cause, ConnectionRef, Connections, Request};
use daybook_engine::sync::{Report, Run};
use daybook_engine::{Engine, EngineError, chain};
use daybook_queue::{Delivery, InProcessQueue};
use jiff::Timestamp;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::house::House;
use crate::stop::{GRACE, Stopping};

/// Connections that are synced side by side. A sync waits for the network nearly all of its time.
const WORKERS: usize = 8;
/// Expired rows are forgotten this often, in sweeps.
const SWEEPS_PER_CLEANING: u32 = 60;

/// What works until it is asked to stop.
pub struct Working {
    workers: JoinSet<()>,
    sweeper: JoinHandle<()>,
}

/// Starts the workers, takes up what a process before this one left, and sweeps at once and from then on.
pub fn start(house: &House, every: Duration, stopping: &Stopping) -> Working {
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(work(house.engine.clone(), house.queue.clone(), stopping.clone()));
    }
    let sweeper = Sweeper {
        engine: house.engine.clone(),
        table: house.table.clone(),
        embedded: house.embedded.clone(),
        practices: house.practices.clone(),
    };
    let sweeper = tokio::spawn(sweeper.run(every));
    Working { workers, sweeper }
}

impl Working {
    /// Waits for the syncs that run, for a while.
    pub async fn end(mut self) {
        self.sweeper.abort();
        let deadline = Instant::now() + GRACE;
        while let Ok(Some(_)) = timeout_at(deadline, self.workers.join_next()).await {}
        if !self.workers.is_empty() {
            tracing::info!(running = self.workers.len(), "syncs were broken off; the next start goes on");
        }
        self.workers.shutdown().await;
    }
}

async fn work(engine: Engine, queue: InProcessQueue, stopping: Stopping) {
    let mut stop = std::pin::pin!(stopping.asked());
    loop {
        let delivery = tokio::select! {
            biased;
            () = &mut stop => return,
            delivery = queue.receive() => delivery,
        };
        take(&engine, delivery).await;
    }
}

/// One request. One that fails is delivered again by the queue.
async fn take(engine: &Engine, delivery: Delivery) {
    let request = delivery.request().clone();
    let ConnectionRef { practice, id } = &request.connection;
    let (correlation, cause) = (&request.correlation, request.cause);
    match engine.try_sync(&request).await {
        Some(Ok(Report { run: Run::Done | Run::Continued, .. })) => {
            tracing::debug!(%practice, connection = %id, %correlation, ?cause, "synced");
            delivery.done();
        }
        Some(Ok(Report { run: Run::Held, .. })) => {
            tracing::info!(%practice, connection = %id, %correlation, "somebody else syncs it; tried again");
        }
        Some(Err(error)) => {
            let error = chain(&error);
            tracing::warn!(%practice, connection = %id, %correlation, error, "a sync failed; tried again");
        }
        None => tracing::error!(%practice, connection = %id, %correlation, "a sync panicked; tried again"),
    }
}

struct Sweeper {
    engine: Engine,
    table: Table,
    embedded: Arc<Embedded>,
    practices: Vec<PracticeId>,
}

impl Sweeper {
    async fn run(self, every: Duration) {
        for practice in &self.practices {
            if let Err(error) = self.take_up(practice).await {
                let error = chain(&error);
                tracing::warn!(%practice, error, "what was left undone could not be taken up; the sweep will");
            }
        }
        let mut tick = interval(every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweeps: u32 = 0;
        loop {
            tick.tick().await;
            self.sweep().await;
            if sweeps.is_multiple_of(SWEEPS_PER_CLEANING) {
                self.clean().await;
            }
            sweeps = sweeps.wrapping_add(1);
        }
    }

    /// What was queued in a process before this one is gone; what the table still owes is queued anew.
    async fn take_up(&self, practice: &PracticeId) -> Result<(), EngineError> {
        for connection in self.table.list_connections(practice, None).await? {
            let at = ConnectionRef { practice: practice.clone(), id: connection.id.clone() };
            if connection.evidence.state() == State::Disconnected {
                continue;
            }
            if connection.signals.pending_since.is_some() || !connection.signals.settled() {
                let correlation = self.engine.random.token();
                let since = self.engine.clock.now();
                let request = Request { connection: at, cause: Cause::Continued, correlation, since };
                self.engine.queue.send(request).await?;
            }
        }
        Ok(())
    }

    async fn sweep(&self) {
        for shard in 0..self.table.due_shards() {
            if let Err(error) = self.engine.sweep(shard, Timestamp::MAX).await {
                let error = chain(&error);
                tracing::warn!(shard, error, "a sweep failed; the next one tries again");
            }
        }
    }

    async fn clean(&self) {
        let embedded = self.embedded.clone();
        match tokio::task::spawn_blocking(move || embedded.delete_expired()).await {
            Ok(Ok(rows)) => tracing::debug!(rows, "expired rows are gone"),
            Ok(Err(error)) => {
                tracing::warn!(error = chain(&error), "expired rows could not be deleted");
            }
            Err(_) => tracing::warn!("deleting expired rows panicked"),
        }
    }
}
