//! Access tokens: one refresh at a time for each connection, and what the provider rotates is kept before it is used.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::lock::Mutex;
use secrecy::{ExposeSecret, SecretString};

use crate::ports::{
    AccessToken, AccessTokens, CalendarProvider, Clock, ConnectionRef, Credentials, PageSignIn, Random,
    RemoteError, SignIn, Store, StoreError, Stored, Underlying, Vault, VaultError,
};

/// A token that ends sooner than this is not begun with.
const MARGIN: Duration = Duration::from_mins(1);
/// Nobody refreshes for longer; a claim of somebody who crashed ends with it.
const CLAIM: Duration = Duration::from_secs(45);
/// When somebody else refreshes, it is soon done.
const SOON: Duration = Duration::from_secs(2);
/// How often credentials that were replaced meanwhile are tried anew.
const TRIES: usize = 3;

/// What a refresh works with.
#[derive(Clone)]
pub(crate) struct Refresher {
    pub store: Arc<dyn Store>,
    pub vault: Arc<dyn Vault>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// The tokens of one connection.
pub(crate) struct Tokens {
    at: ConnectionRef,
    provider: Arc<dyn CalendarProvider>,
    refresher: Refresher,
    /// Locked during a refresh, so that everybody else in this process waits for its result.
    held: Mutex<Option<AccessToken>>,
}

impl Tokens {
    pub fn new(
        at: ConnectionRef,
        provider: Arc<dyn CalendarProvider>,
        refresher: Refresher,
        token: Option<AccessToken>,
    ) -> Self {
        Self { at, provider, refresher, held: Mutex::new(token) }
    }

    fn is_fresh(&self, token: &AccessToken) -> bool {
        token.expires_at > self.refresher.clock.now() + MARGIN
    }

    /// Under a claim of its own: two that refresh at once could each lose what the other was given.
    async fn refresh(&self) -> Result<AccessToken, RemoteError> {
        let SignIn::Page(page) = self.provider.sign_in() else {
            return Err(RemoteError::Refused { what: self.what() });
        };
        let Refresher { store, clock, random, .. } = &self.refresher;
        let (holder, now) = (random.token(), clock.now());
        let is_ours = store.claim_refresh(&self.at, &holder, now, now + CLAIM).await;
        if !is_ours.map_err(|error| self.later(error))? {
            return Err(RemoteError::Later { what: self.what(), retry_after: Some(SOON), cause: None });
        }
        let refreshed = self.refresh_claimed(page).await;
        if let Err(error) = store.give_refresh_back(&self.at, &holder).await {
            tracing::info!(connection = %self.at.id, error = %error, "the claim on a refresh runs out by itself");
        }
        refreshed
    }

    /// Where the credentials are refused or replaced while they are used, newer ones are tried, if there are any.
    async fn refresh_claimed(&self, page: &dyn PageSignIn) -> Result<AccessToken, RemoteError> {
        let mut tried = None;
        for _ in 0..TRIES {
            let Some(Stored { credentials, version }) = self.stored().await? else { break };
            if tried == Some(version) {
                break;
            }
            tried = Some(version);
            let refreshed = match page.refresh(&credentials).await {
                Err(RemoteError::Refused { .. }) => continue,
                other => other?,
            };
            match refreshed.rotated {
                None => return Ok(refreshed.token),
                // Kept first: a crash must not lose the only key to the account (E-002, E-003).
                Some(rotated) if self.keep(&rotated, version).await? => return Ok(refreshed.token),
                Some(_) => {}
            }
        }
        Err(RemoteError::Refused { what: self.what() })
    }

    async fn stored(&self) -> Result<Option<Stored>, RemoteError> {
        match self.refresher.vault.find_credentials(&self.at).await {
            // What cannot be unsealed opens nothing: signing in again replaces it.
            Err(VaultError::Sealed { .. }) => Ok(None),
            found => found.map_err(|error| self.later(error)),
        }
    }

    /// `false` where somebody has stored newer ones meanwhile.
    async fn keep(&self, rotated: &Credentials, replaces: u64) -> Result<bool, RemoteError> {
        match self.refresher.vault.put_credentials(&self.at, rotated, Some(replaces)).await {
            Ok(_) => Ok(true),
            Err(VaultError::Stale { .. }) => Ok(false),
            Err(error) => Err(self.later(error)),
        }
    }

    fn what(&self) -> String {
        format!("the account of connection {}", self.at.id)
    }

    fn later(&self, cause: impl Into<Failure>) -> RemoteError {
        let Failure(cause) = cause.into();
        RemoteError::Later { what: self.what(), retry_after: None, cause: Some(cause) }
    }
}

struct Failure(Underlying);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(Box::new(error))
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self(Box::new(error))
    }
}

#[async_trait]
impl AccessTokens for Tokens {
    async fn token(&self) -> Result<SecretString, RemoteError> {
        let mut held = self.held.lock().await;
        if let Some(token) = held.as_ref().filter(|token| self.is_fresh(token)) {
            return Ok(token.secret.clone());
        }
        let token = self.refresh().await?;
        Ok(held.insert(token).secret.clone())
    }

    async fn instead_of(&self, refused: &SecretString) -> Result<SecretString, RemoteError> {
        let mut held = self.held.lock().await;
        let is_newer = |token: &&AccessToken| token.secret.expose_secret() != refused.expose_secret();
        if let Some(token) = held.as_ref().filter(is_newer).filter(|token| self.is_fresh(token)) {
            return Ok(token.secret.clone());
        }
        let token = self.refresh().await?;
        Ok(held.insert(token).secret.clone())
    }
}
