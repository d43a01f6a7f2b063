//! Opened accounts, kept while their credentials are good, so that a warm worker reads no secret.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::EngineError;
use crate::ports::{Account, ConnectionRef, Credentials, Providers, Vault};

/// More than this many accounts are not kept open at once.
const MOST_OPEN: usize = 1_000;

/// Opens accounts through the providers and remembers them by connection.
pub struct Accounts {
    pub providers: Arc<dyn Providers>,
    open: Mutex<HashMap<ConnectionRef, Arc<dyn Account>>>,
}

impl Accounts {
    pub fn new(providers: Arc<dyn Providers>) -> Self {
        Self { providers, open: Mutex::default() }
    }

    /// The account of a connection, opened with what the vault holds. `None` where the vault holds nothing.
    pub async fn open(
        &self,
        at: &ConnectionRef,
        vault: &dyn Vault,
    ) -> Result<Option<Arc<dyn Account>>, EngineError> {
        if let Some(account) = self.remembered(at) {
            return Ok(Some(account));
        }
        let Some(stored) = vault.find_credentials(at).await? else { return Ok(None) };
        self.open_with(at, &stored.credentials).map(Some)
    }

    /// Opens with credentials at hand and remembers the account.
    pub fn open_with(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
    ) -> Result<Arc<dyn Account>, EngineError> {
        let account = self.providers.open(credentials).map_err(EngineError::Calendar)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST_OPEN {
            open.clear();
        }
        open.insert(at.clone(), account.clone());
        Ok(account)
    }

    /// Forgets an account whose credentials were refused, replaced or deleted.
    pub fn forget(&self, at: &ConnectionRef) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(at);
    }

    fn remembered(&self, at: &ConnectionRef) -> Option<Arc<dyn Account>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(at).cloned()
    }
}
