//! The scheduled pass: polls each practice's EHR, wakes the connections that are due, sends old requests again.
//! It reads the index of due work, so it costs what is due, not what exists.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::ids::{AppointmentId, PracticeId};
use jiff::Timestamp;

use crate::Engine;
use crate::error::EngineError;
use crate::ports::{Cause, ConnectionRef, Due, Named, RemoteError, Request};

/// One look at the index brings so many.
const PAGE: usize = 200;
/// One pass over a shard acts on at most this many; the next pass takes the rest.
const MOST: usize = 10_000;

impl Engine {
    /// One pass over one shard of the index of due work. One that fails does not stop the others.
    pub async fn sweep(&self, shard: u32) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut woken = BTreeSet::new();
        while woken.len() < MOST {
            let due = self.store.list_due(shard, now, PAGE + woken.len()).await?;
            let new: Vec<Due> = due.into_iter().filter(|due| woken.insert(name_of(due))).collect();
            if new.is_empty() {
                break;
            }
            for due in new {
                self.wake(&due, now).await;
            }
        }
        Ok(())
    }

    async fn wake(&self, due: &Due, now: Timestamp) {
        let woken = match due {
            Due::Connection(at) => self.wake_connection(at, now).await,
            Due::Practice(practice) => self.poll_practice(practice).await,
        };
        if let Err(error) = woken {
            tracing::warn!(due = ?due, error = &error as &dyn std::error::Error, "could not be woken; the next sweep tries again");
        }
    }

    /// Signals it; where a request has been waiting too long, it is taken for lost and sent again.
    async fn wake_connection(&self, at: &ConnectionRef, now: Timestamp) -> Result<(), EngineError> {
        let before = self.store.find_connection(at).await?;
        let Some(connection) = before else { return Ok(()) };
        match connection.signals.pending_since {
            None => self.signal(at, &Named::default(), Cause::Sweep).await,
            Some(since) if since + self.pace.resend <= now => {
                let correlation = self.random.token();
                let request = Request { connection: at.clone(), cause: Cause::Sweep, correlation };
                Ok(self.queue.send(request).await?)
            }
            Some(_) => Ok(()),
        }
    }

    /// Reads what changed in the practice's EHR since the last poll and marks it on the connections concerned. The
    /// cursor moves last.
    pub async fn poll_practice(&self, practice: &PracticeId) -> Result<(), EngineError> {
        let cursor = self.store.find_ehr_cursor(practice).await?;
        let next = self.clock.now() + self.pace.poll;
        let ehr = self.ehrs.open(practice).await.map_err(EngineError::Ehr)?;
        match ehr.list_changes(cursor.as_ref()).await {
            Ok(changes) => {
                self.mark(practice, changes.appointments).await?;
                self.store.put_ehr_cursor(practice, Some(&changes.cursor), next).await?;
                Ok(())
            }
            Err(RemoteError::CursorLost { .. }) => {
                // The daily comparison of each connection finds what this gap hides.
                let begun = ehr.list_changes(None).await.map_err(EngineError::Ehr)?;
                self.store.put_ehr_cursor(practice, Some(&begun.cursor), next).await?;
                Ok(())
            }
            Err(error) => {
                let next =
                    next.max(crate::sync::after(self.clock.now(), error.retry_after().unwrap_or_default()));
                self.store.put_ehr_cursor(practice, cursor.as_ref(), next).await?;
                Err(EngineError::Ehr(error))
            }
        }
    }

    /// One signal a connection, with everything that concerns it.
    async fn mark(
        &self,
        practice: &PracticeId,
        changed: Vec<(AppointmentId, Vec<daybook_core::ids::PractitionerId>)>,
    ) -> Result<(), EngineError> {
        let mut marks: BTreeMap<ConnectionRef, Vec<AppointmentId>> = BTreeMap::new();
        for (appointment, practitioners) in changed {
            for at in self.concerned(practice, std::slice::from_ref(&appointment), &practitioners).await? {
                marks.entry(at).or_default().push(appointment.clone());
            }
        }
        for (at, appointments) in marks {
            self.signal(&at, &Named::appointments(appointments), Cause::Sweep).await?;
        }
        Ok(())
    }
}

fn name_of(due: &Due) -> (Option<ConnectionRef>, Option<PracticeId>) {
    match due {
        Due::Connection(at) => (Some(at.clone()), None),
        Due::Practice(practice) => (None, Some(practice.clone())),
    }
}
