//! Which practice has which EHR. It is told so by whoever composes the service and stores nothing itself.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_engine::ports::{Ehr, Ehrs, RemoteError};
use daybook_http::{Transport, Web};

use crate::config::{BadConfig, FhirConfig};
use crate::ehr::FhirEhr;

/// The EHRs of all practices, over one way out.
pub struct EhrDirectory {
    transport: Arc<dyn Transport>,
    known: RwLock<HashMap<PracticeId, Arc<FhirEhr>>>,
}

impl EhrDirectory {
    /// Knows no practice yet.
    pub fn new() -> Result<Self, BadConfig> {
        Ok(Self::over(Arc::new(Web::new()?)))
    }

    /// The same over another way out, such as a server within the process.
    pub fn over(transport: Arc<dyn Transport>) -> Self {
        Self { transport, known: RwLock::default() }
    }

    /// Adds a practice's EHR, or replaces it.
    pub fn configure(&self, practice: PracticeId, config: &FhirConfig) -> Result<(), BadConfig> {
        let ehr = Arc::new(FhirEhr::new(self.transport.clone(), config)?);
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(practice, ehr);
        Ok(())
    }

    /// Forgets a practice's EHR.
    pub fn remove(&self, practice: &PracticeId) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(practice);
    }
}

#[async_trait]
impl Ehrs for EhrDirectory {
    async fn open(&self, practice: &PracticeId) -> Result<Arc<dyn Ehr>, RemoteError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(practice) {
            Some(ehr) => Ok(Arc::clone(ehr) as Arc<dyn Ehr>),
            None => Err(RemoteError::Missing { what: format!("an EHR for practice {practice}") }),
        }
    }
}
