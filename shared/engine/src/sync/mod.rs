//! Sync one connection: lease, observe, look, plan, apply, agree, cursors last.
//!
//! A crash between any two steps loses nothing: what was begun is owed in the table, marks and cursors move only
//! in the last write.

mod allowance;
mod apply;
mod calendars;
mod disconnect;
mod ehr;
mod finish;
mod hand_made;
mod lanes;
mod lease;
mod lower;
mod made;
mod newcomers;
mod nobody;
mod onlookers;
mod problems;
mod readers;
mod scope;
mod session;
mod tellings;
mod tempo;
pub mod zone;

use std::panic::AssertUnwindSafe;

use daybook_core::connection::State;
use futures_util::FutureExt;
use jiff::Timestamp;

use crate::Engine;
use crate::error::EngineError;
use crate::ports::{Cause, LeaseTerm, Named, RemoteError, Request, StoreError};

pub(crate) use apply::after;
pub(crate) use lanes::{Part, Seen};
pub(crate) use lease::Lease;
pub use problems::Subject;
pub(crate) use session::Session;

/// How a run ended, and what it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report {
    pub run: Run,
    pub tally: Tally,
}

/// What a run did, for metrics: counts alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Mirrors written and removed, in both lanes.
    pub changed: u64,
    /// Writes put off: the other side is busy or the minute's budget spent.
    pub put_off: u64,
    /// Writes that will never be accepted as they are.
    pub rejected: u64,
    /// Changes of which nothing had told, found by comparing everything.
    pub healed: u64,
    /// Changes in calendars whose provider had promised to tell, found by looking.
    pub untold: u64,
    /// Mirrors put back that their reader had dragged or deleted.
    pub restored: u64,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Run {
    /// Everything that could be done is done.
    Done,
    /// Somebody else holds the lease; what was asked stays asked.
    Held,
    /// It stopped at its time limit and asked to be continued.
    Continued,
}

/// Why a run cannot go on. What was done is saved; what was not is found again by the next run.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The provider no longer accepts our credentials.
    Refused,
    /// The run has used up its time.
    TimeUp,
    /// The table, the vault, or a newer worker stands in the way.
    Broken(EngineError),
}

impl<E: Into<EngineError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Halt::Broken(error.into())
    }
}

impl Halt {
    /// As whoever asked for a look is told.
    pub fn into_error(self) -> EngineError {
        match self {
            Halt::Refused => EngineError::Calendar(RemoteError::Refused { what: "the account".into() }),
            Halt::TimeUp => EngineError::Calendar(RemoteError::Later {
                what: "the calendar".into(),
                retry_after: None,
                cause: None,
            }),
            Halt::Broken(error) => error,
        }
    }
}

impl Engine {
    /// Takes one request from the queue to its end. On an error the lease runs out by itself, and the request
    /// is to be delivered again.
    pub async fn sync(&self, request: &Request) -> Result<Report, EngineError> {
        let at = &request.connection;
        let now = self.clock.now();
        let term = self.lease_term(now);
        let acquired = match self.store.acquire(at, &term, now).await {
            Ok(Some(acquired)) => acquired,
            Ok(None) => return Ok(Report { run: Run::Held, tally: Tally::default() }),
            // Forgotten meanwhile: there is nothing left to do.
            Err(StoreError::Missing { .. }) => {
                return Ok(Report { run: Run::Done, tally: Tally::default() });
            }
            Err(error) => return Err(error.into()),
        };
        let evidence = acquired.connection.evidence.clone();
        let mut lease = Lease::new(self, at.clone(), acquired, &term);
        let ended = match evidence.state() {
            State::Syncing | State::Active => self.sync_connected(&mut lease).await,
            State::Disconnecting => self.leave(&mut lease).await,
            State::Paused => self.lower(&mut lease).await,
            State::ReconnectRequired if evidence.lacks_access_only() => self.lower(&mut lease).await,
            State::Authorising | State::Ready | State::ReconnectRequired | State::Disconnected => {
                lease.release.schedule.due_at = None;
                Ok(())
            }
        };
        let tally = lease.tally;
        Ok(Report { run: self.end(lease, ended, request).await?, tally })
    }

    /// As [`Self::sync`]; a panic is that run's failure and not its worker's end. `None` where it panicked.
    pub async fn try_sync(&self, request: &Request) -> Option<Result<Report, EngineError>> {
        // What a run shares with others is whole after each step, and a lock that it leaves poisoned is taken all the same.
        // Boxed, since whoever waits for it would carry it about.
        AssertUnwindSafe(Box::pin(self.sync(request))).catch_unwind().await.ok()
    }

    pub(crate) fn lease_term(&self, now: Timestamp) -> LeaseTerm {
        let process = self.sole_process.as_deref().unwrap_or("any");
        LeaseTerm {
            holder: format!("{process}.{}", self.random.token()),
            until: now + self.pace.lease,
            sole_process: self.sole_process.clone(),
        }
    }

    async fn sync_connected(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let session = Session::open(self, lease).await?;
        let mut seen = session.observe(lease).await?;
        let settled = session.settle(lease, &mut seen).await?;
        lease.tally = finish::tally(&session, &settled);
        lease.met.conflicts = finish::conflicts(&session, &seen, &settled);
        finish::schedule(&session, lease, &seen, &settled);
        session.delete_left_calendars(lease).await?;
        self.hand_over_if_whole(lease).await
    }

    /// Gives the lease back with what the run has learnt.
    async fn end(
        &self,
        mut lease: Lease<'_>,
        ended: Result<(), Halt>,
        request: &Request,
    ) -> Result<Run, EngineError> {
        match ended {
            Ok(()) => {
                lease.answer().await?;
                Ok(Run::Done)
            }
            Err(Halt::Refused) => {
                self.accounts.forget(&lease.at);
                finish::refused(&mut lease);
                lease.answer().await?;
                Ok(Run::Done)
            }
            Err(Halt::TimeUp) => {
                lease.hand_over().await?;
                // The signal that set it off is still to be answered: its id and its age go along.
                let onward = Request { cause: Cause::Continued, ..request.clone() };
                self.signal_for(&Named::default(), &self.random.token(), onward).await?;
                Ok(Run::Continued)
            }
            Err(Halt::Broken(error)) => {
                lease.let_go().await;
                Err(error)
            }
        }
    }
}
