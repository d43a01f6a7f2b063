//! Practices, remembered for a minute: their policy is needed by every run and hardly ever changes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use daybook_core::connection::Connection;
use daybook_core::ids::{PracticeId, PractitionerId};
use jiff::Timestamp;

use crate::Engine;
use crate::error::EngineError;
use crate::ports::{Practice, Practitioner, RemoteError};

/// How long a changed policy may take to be heeded.
const REMEMBERED_FOR: Duration = Duration::from_mins(1);
/// More practices than this are not remembered at once.
const MOST: usize = 10_000;

#[derive(Default)]
pub(crate) struct KnownPractices(Mutex<HashMap<PracticeId, (Timestamp, Practice)>>);

impl KnownPractices {
    fn find(&self, id: &PracticeId, now: Timestamp) -> Option<Practice> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, practice) = known.get(id)?;
        (*at <= now && now < *at + REMEMBERED_FOR).then(|| practice.clone())
    }

    pub fn forget(&self, id: &PracticeId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn remember(&self, practice: &Practice, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(practice.id.clone(), (now, practice.clone()));
    }
}

impl Engine {
    /// As [`Self::practice`], read anew where a person has commanded something since the last comparison: that may have
    /// been a change of the policy itself.
    pub(crate) async fn practice_for(&self, connection: &Connection) -> Result<Practice, EngineError> {
        let compared = connection.schedule.reconciled.map(|last| last.version);
        if compared.is_some_and(|version| version != connection.version) {
            self.practices.forget(&connection.practice);
        }
        self.practice(&connection.practice).await
    }

    /// The practice, as it was a minute ago at most.
    pub async fn practice(&self, id: &PracticeId) -> Result<Practice, EngineError> {
        let now = self.clock.now();
        if let Some(known) = self.practices.find(id, now) {
            return Ok(known);
        }
        let found = self.store.find_practice(id).await?;
        let practice = found.ok_or_else(|| EngineError::NotFound { what: format!("practice {id}") })?;
        self.practices.remember(&practice, now);
        Ok(practice)
    }

    /// What the EHR says about a practitioner, read now. `NotFound` where it knows none of that id.
    pub async fn practitioner(
        &self,
        practice: &PracticeId,
        id: &PractitionerId,
    ) -> Result<Practitioner, EngineError> {
        let ehr = self.ehrs.open(practice).await.map_err(EngineError::Ehr)?;
        ehr.practitioner(id).await.map_err(|error| match error {
            RemoteError::Missing { .. } => EngineError::NotFound { what: format!("practitioner {id}") },
            other => EngineError::Ehr(other),
        })
    }
}
