//! The claim on a connection while a run lasts, and what the run leaves behind in the row.

use daybook_core::connection::{Connection, Evidence, Progress, Schedule};
use daybook_core::quota::Allowance;
use daybook_core::retry;
use jiff::Timestamp;

use super::{Halt, Tally, after};
use crate::Engine;
use crate::error::EngineError;
use crate::notices::Met;
use crate::ports::{Acquired, ConnectionRef, LeaseTerm, LinkChange, Previous, Release};

pub(crate) struct Lease<'e> {
    pub engine: &'e Engine,
    pub at: ConnectionRef,
    /// The row as it stood when the lease was given.
    pub connection: Connection,
    pub generation: u64,
    pub previous: Previous,
    /// What the next checkpoint or the release writes.
    pub release: Release,
    /// What it did so far, for metrics.
    pub tally: Tally,
    /// What it saw that the EHR is told of.
    pub met: Met,
    pub(super) allowance: Allowance,
    until: Timestamp,
    started: Timestamp,
}

impl<'e> Lease<'e> {
    pub fn new(engine: &'e Engine, at: ConnectionRef, acquired: Acquired, term: &LeaseTerm) -> Self {
        let Acquired { connection, generation, previous } = acquired;
        let release = Release {
            evidence: connection.evidence.clone(),
            settled_settings: None,
            schedule: connection.schedule.clone(),
            progress: None,
            problems: connection.problems.clone(),
            answered: None,
            done_marks: daybook_core::connection::Marks::default(),
            told: connection.told.clone(),
            notices: Vec::new(),
        };
        Self {
            engine,
            at,
            connection,
            generation,
            previous,
            release,
            tally: Tally::default(),
            met: Met::default(),
            allowance: Allowance::default(),
            until: term.until,
            started: engine.clock.now(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    /// A remote write may start only if the lease outlives its deadline: extends the lease where it would not.
    /// Ends the run where its time is up.
    pub async fn before_write(&mut self) -> Result<(), Halt> {
        let now = self.now();
        if now > self.started + self.engine.pace.run {
            return Err(Halt::TimeUp);
        }
        if now + self.engine.pace.request < self.until {
            return Ok(());
        }
        self.checkpoint().await
    }

    /// Shows how far the run has come, and extends the lease. Nothing of the run is final yet: neither marks nor
    /// cursors move.
    pub async fn checkpoint(&mut self) -> Result<(), Halt> {
        let until = self.now() + self.engine.pace.lease;
        let progress = self.release.progress;
        let unmoved = Release { progress, ..self.unmoved() };
        self.engine.store.checkpoint(&self.at, self.generation, until, &unmoved).await?;
        self.until = until;
        Ok(())
    }

    /// Saves links under this lease's generation.
    pub async fn save(&self, changes: Vec<LinkChange>) -> Result<(), Halt> {
        if changes.is_empty() {
            return Ok(());
        }
        let stamped: Vec<LinkChange> =
            changes.into_iter().map(|change| stamp(change, self.generation)).collect();
        self.engine.store.save_links(&self.at, self.generation, &stamped).await?;
        Ok(())
    }

    /// So many more steps are to come. Returns how many are done.
    pub fn expect(&mut self, more: u64) -> u64 {
        let Progress { done, total } = self.release.progress.unwrap_or(Progress { done: 0, total: 0 });
        self.release.progress = Some(Progress { done, total: total.saturating_add(more) });
        done
    }

    /// So many steps are done.
    pub fn come(&mut self, done: u64) {
        if let Some(progress) = &mut self.release.progress {
            progress.done = done.min(progress.total);
        }
    }

    /// What is shown after a run that had something to do is that all of it is done; one that had nothing changes
    /// nothing.
    fn ended(&self) -> Option<Progress> {
        let worked = self.release.progress.filter(|progress| progress.total > 0);
        worked.map(|progress| Progress { done: progress.total, ..progress }).or(self.connection.progress)
    }

    /// The run is over: the signals that were there when it began are answered.
    pub async fn answer(self) -> Result<(), EngineError> {
        let answered = Some(self.connection.signals.received);
        let progress = self.ended();
        let release = Release { progress, answered, ..self.release };
        let release = self.engine.telling(&self.connection, &self.met, self.tally, release).await?;
        self.engine.store.release(&self.at, self.generation, &release).await?;
        self.engine.note_news(&release.notices).await;
        Ok(())
    }

    /// The run broke: the lease ends now, so that the next attempt need not wait. It counts as abandoned. The request
    /// is delivered again; only where it never is does the sweep send another.
    pub async fn let_go(&self) {
        let mut unmoved = self.unmoved();
        let failures = unmoved.schedule.failures.saturating_add(1);
        let pause = retry::delay(failures, self.engine.random.unit(), Some(self.engine.pace.resend));
        unmoved.schedule = Schedule { failures, due_at: Some(after(self.now(), pause)), ..unmoved.schedule };
        if let Err(error) =
            self.engine.store.checkpoint(&self.at, self.generation, self.now(), &unmoved).await
        {
            tracing::info!(connection = %self.at.id, error = %error, "the lease runs out by itself");
        }
    }

    /// Ends the run where a person has commanded something else meanwhile.
    pub async fn heed_commands(&self) -> Result<(), Halt> {
        let now = self.engine.store.find_connection(&self.at).await?;
        let is_unchanged = now.is_some_and(|now| now.version == self.connection.version);
        if is_unchanged { Ok(()) } else { Err(Halt::TimeUp) }
    }

    /// Something is owed from then on, and the sweep comes by for it.
    pub fn owes_from(&mut self, at: Timestamp) {
        let schedule = &mut self.connection.schedule;
        schedule.owing_at = schedule.owing_at.into_iter().chain([at]).min();
        schedule.due_at = schedule.due_at.into_iter().chain([at]).min();
    }

    /// Gives the lease back after something that was no sync: nothing of one is answered or moved, and what a run before
    /// this left in doubt stays so.
    pub async fn give_back_unused(&self) -> Result<(), EngineError> {
        let store = &self.engine.store;
        match self.previous {
            Previous::Released => store.release(&self.at, self.generation, &self.unmoved()).await?,
            Previous::Abandoned => {
                store.checkpoint(&self.at, self.generation, self.now(), &self.unmoved()).await?;
            }
        }
        Ok(())
    }

    /// The run is not over: the next one goes on from what the links say.
    pub async fn hand_over(self) -> Result<(), EngineError> {
        let release = Release { progress: self.release.progress, ..self.unmoved() };
        let release = self.engine.telling(&self.connection, &self.met, self.tally, release).await?;
        self.engine.store.release(&self.at, self.generation, &release).await?;
        self.engine.note_news(&release.notices).await;
        Ok(())
    }

    fn unmoved(&self) -> Release {
        Release {
            // What was put back or tried is told in any case.
            evidence: Evidence {
                verified: self.release.evidence.verified,
                put_back: self.release.evidence.put_back,
                left: self.release.evidence.left.clone(),
                ..self.connection.evidence.clone()
            },
            settled_settings: self.release.settled_settings.clone(),
            schedule: Schedule {
                // What was opened at the provider is remembered in any case.
                tellings: self.release.schedule.tellings.clone(),
                ..self.connection.schedule.clone()
            },
            progress: self.connection.progress,
            problems: self.connection.problems.clone(),
            answered: None,
            done_marks: daybook_core::connection::Marks::default(),
            told: self.connection.told.clone(),
            notices: Vec::new(),
        }
    }
}

fn stamp(change: LinkChange, generation: u64) -> LinkChange {
    match change {
        LinkChange::Put(mut link) => {
            link.generation = generation;
            LinkChange::Put(link)
        }
        LinkChange::Remove(link) => LinkChange::Remove(link),
    }
}
