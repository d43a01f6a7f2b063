//! Opened accounts, kept while their credentials are good, so that a warm worker reads no secret.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daybook_core::connection::Provider;
use jiff::Timestamp;

use crate::error::EngineError;
use crate::ports::{
    AccessToken, Account, CalendarProvider, Clock, ConnectionRef, Credentials, Random, RemoteError, Store,
    Vault,
};
use crate::tokens::{Refresher, Tokens};

/// More than this many accounts are not kept open at once: the longest unused goes.
const MOST_OPEN: usize = 1_000;

/// The providers that this deployment speaks to.
pub type Providers = BTreeMap<Provider, Arc<dyn CalendarProvider>>;

/// Opens accounts through the providers and remembers them by connection.
pub struct Accounts {
    providers: Providers,
    refresher: Refresher,
    open: Mutex<Opened>,
}

/// What is open.
#[derive(Default)]
struct Opened {
    accounts: HashMap<ConnectionRef, Open>,
    uses: u64,
}

struct Open {
    account: Arc<dyn Account>,
    at: Timestamp,
    /// The count of uses at its last one.
    used: u64,
}

impl Opened {
    fn insert(&mut self, at: &ConnectionRef, account: Arc<dyn Account>, now: Timestamp) {
        if self.accounts.len() >= MOST_OPEN
            && let Some(oldest) =
                self.accounts.iter().min_by_key(|(_, open)| open.used).map(|(at, _)| at.clone())
        {
            self.accounts.remove(&oldest);
        }
        self.uses += 1;
        self.accounts.insert(at.clone(), Open { account, at: now, used: self.uses });
    }

    /// One that was opened before `signed_in` holds credentials that another process has replaced.
    fn get(&mut self, at: &ConnectionRef, signed_in: Option<Timestamp>) -> Option<Arc<dyn Account>> {
        self.uses += 1;
        let open = self.accounts.get_mut(at)?;
        if signed_in.is_some_and(|signed_in| open.at < signed_in) {
            return None;
        }
        open.used = self.uses;
        Some(open.account.clone())
    }
}

impl Accounts {
    pub fn new(
        providers: Providers,
        store: Arc<dyn Store>,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { providers, refresher: Refresher { store, vault, clock, random }, open: Mutex::default() }
    }

    /// `Unconfigured` where this deployment does not speak to it.
    pub fn provider(&self, provider: Provider) -> Result<&Arc<dyn CalendarProvider>, EngineError> {
        self.providers.get(&provider).ok_or_else(|| {
            EngineError::Calendar(RemoteError::Unconfigured {
                what: format!("{provider:?}"),
                why: "this deployment does not offer it".into(),
            })
        })
    }

    /// The account of a connection, opened with what the vault holds since `signed_in`. `None` where the vault holds
    /// nothing.
    pub async fn open(
        &self,
        at: &ConnectionRef,
        signed_in: Option<Timestamp>,
    ) -> Result<Option<Arc<dyn Account>>, EngineError> {
        if let Some(account) = self.opened().get(at, signed_in) {
            return Ok(Some(account));
        }
        let Some(stored) = self.refresher.vault.find_credentials(at).await? else { return Ok(None) };
        self.open_with(at, &stored.credentials, None).map(Some)
    }

    /// Opens with credentials at hand and remembers the account.
    pub fn open_with(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
        token: Option<AccessToken>,
    ) -> Result<Arc<dyn Account>, EngineError> {
        let provider = self.provider(credentials.provider())?;
        let tokens = Tokens::new(at.clone(), provider.clone(), self.refresher.clone(), token);
        let account = provider.open(credentials, Arc::new(tokens)).map_err(EngineError::Calendar)?;
        self.opened().insert(at, account.clone(), self.refresher.clock.now());
        Ok(account)
    }

    /// Forgets an account whose credentials were refused, replaced or deleted.
    pub fn forget(&self, at: &ConnectionRef) {
        self.opened().accounts.remove(at);
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
