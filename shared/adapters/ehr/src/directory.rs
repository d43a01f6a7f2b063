//! Which practice has which EHR. It is told so by whoever composes the service and stores nothing itself.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_engine::ports::{Ehr, Ehrs, RemoteError};

use crate::config::{BadConfig, FhirConfig};
use crate::ehr::FhirEhr;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// After a frozen function thaws, its idle sockets are dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// The EHRs of all practices, over one HTTP client.
pub struct EhrDirectory {
    client: reqwest::Client,
    known: RwLock<HashMap<PracticeId, Arc<FhirEhr>>>,
}

impl EhrDirectory {
    /// Knows no practice yet.
    pub fn new() -> Result<Self, BadConfig> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, known: RwLock::default() })
    }

    /// Adds a practice's EHR, or replaces it.
    pub fn configure(&self, practice: PracticeId, config: &FhirConfig) -> Result<(), BadConfig> {
        let ehr = Arc::new(FhirEhr::new(self.client.clone(), config)?);
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
