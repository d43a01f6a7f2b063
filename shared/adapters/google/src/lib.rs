//! Google Calendar (API v3) behind the engine's ports. No Google word leaves this room, and nothing is decided here.
//!
//! Of people's events no title, place or guest is asked for. Of an event whose id has the form of a mirror's, title,
//! place, notes and reminders are; another practice's Daybook may have written it into the same calendar, and then its
//! words are dropped as soon as the key shows that it is not ours. Neither is stored or logged.
//!
//! Reading goes down: `calendar` and `account` ask [`wire`] operations through one session; [`translate`] and
//! [`mirror`] turn what comes back into our words.

mod account;
mod busy;
mod calendar;
mod mirror;
mod scope;
mod session;
mod sign_in;
mod subscriptions;
#[cfg(test)]
mod tests;
mod translate;
mod wire;

use std::sync::Arc;

use daybook_core::connection::Provider;
use daybook_engine::ports::{
    AccessTokens, Account, CalendarProvider, Clock, Credentials, RemoteError, SignIn,
};
use daybook_http::Transport;
use daybook_oauth::{Client, Registration};
use secrecy::SecretString;
use url::Url;

use account::GoogleAccount;
use session::Session;
use wire::Api;

/// What this deployment is called at Google, and where Google is.
#[derive(Clone, Debug)]
pub struct GoogleConfig {
    pub client_id: String,
    pub client_secret: SecretString,
    /// `https://accounts.google.com/o/oauth2/v2/auth`
    pub auth_url: Url,
    /// `https://oauth2.googleapis.com/token`
    pub token_url: Url,
    /// `https://oauth2.googleapis.com/revoke`
    pub revoke_url: Url,
    /// `https://www.googleapis.com`: the calendar, batches and `userinfo` lie below it.
    pub api_url: Url,
}

/// Opens Google accounts.
pub struct Google {
    oauth: Client,
    revoke_url: Url,
    api: Api,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl Google {
    pub fn new(config: GoogleConfig, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        let registration = Registration {
            provider: "Google",
            client_id: config.client_id,
            client_secret: config.client_secret,
            auth_url: config.auth_url,
            token_url: config.token_url,
        };
        Self {
            oauth: Client::new(registration, transport.clone(), clock.clone()),
            revoke_url: config.revoke_url,
            api: Api::new(config.api_url),
            transport,
            clock,
        }
    }

    fn session(&self, tokens: Arc<dyn AccessTokens>) -> Session {
        Session {
            api: self.api.clone(),
            transport: self.transport.clone(),
            clock: self.clock.clone(),
            tokens,
        }
    }
}

impl CalendarProvider for Google {
    fn sign_in(&self) -> SignIn<'_> {
        SignIn::Page(self)
    }

    fn open(
        &self,
        credentials: &Credentials,
        tokens: Arc<dyn AccessTokens>,
    ) -> Result<Arc<dyn Account>, RemoteError> {
        refresh_token(credentials)?;
        Ok(Arc::new(GoogleAccount { session: Arc::new(self.session(tokens)) }))
    }
}

/// What Google left us at sign-in.
fn refresh_token(credentials: &Credentials) -> Result<&SecretString, RemoteError> {
    match credentials {
        Credentials::Granted { provider: Provider::Google, refresh_token } => Ok(refresh_token),
        Credentials::Granted { .. } | Credentials::Caldav { .. } => Err(RemoteError::Rejected {
            what: "sign-in at Google".into(),
            why: "these credentials are another provider's".into(),
        }),
    }
}
