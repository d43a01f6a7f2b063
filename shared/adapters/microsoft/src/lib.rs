//! Outlook and Microsoft 365 calendars behind the engine's ports. No Graph word leaves this room, and no token leaves
//! it for another host than the configured one.
//!
//! Reading goes down: [`calendar`](self) asks [`wire`] operations through one session, and [`translate`] turns Graph's
//! events into ours. Nothing is decided here.

mod account;
mod calendar;
mod session;
mod sign_in;
mod subscriptions;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod translate;
mod wire;

use std::sync::Arc;

use daybook_engine::ports::{
    AccessTokens, Account, CalendarProvider, Clock, Credentials, RemoteError, SignIn,
};
use daybook_http::Transport;
use daybook_oauth::{Client, Registration};
use secrecy::SecretString;
use url::Url;

use account::MicrosoftAccount;
use session::Session;

/// What this deployment is called at Microsoft, and where Microsoft is.
#[derive(Clone, Debug)]
pub struct MicrosoftConfig {
    pub client_id: String,
    pub client_secret: SecretString,
    /// `https://login.microsoftonline.com/common/oauth2/v2.0/authorize`
    pub auth_url: Url,
    /// `https://login.microsoftonline.com/common/oauth2/v2.0/token`
    pub token_url: Url,
    /// With the version: `https://graph.microsoft.com/v1.0`
    pub api_url: Url,
}

/// Opens Microsoft accounts, of organisations and private ones.
pub struct Microsoft {
    sign_in: Client,
    api_url: Url,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl Microsoft {
    pub fn new(config: MicrosoftConfig, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        let registration = Registration {
            provider: "Microsoft",
            client_id: config.client_id,
            client_secret: config.client_secret,
            auth_url: config.auth_url,
            token_url: config.token_url,
        };
        let sign_in = Client::new(registration, transport.clone(), clock.clone());
        Self { sign_in, api_url: config.api_url, transport, clock }
    }
}

impl CalendarProvider for Microsoft {
    fn sign_in(&self) -> SignIn<'_> {
        SignIn::Page(self)
    }

    fn open(
        &self,
        credentials: &Credentials,
        tokens: Arc<dyn AccessTokens>,
    ) -> Result<Arc<dyn Account>, RemoteError> {
        sign_in::refresh_token(credentials)?;
        let session = Session::new(self.api_url.clone(), self.transport.clone(), self.clock.clone(), tokens);
        Ok(Arc::new(MicrosoftAccount { session: Arc::new(session) }))
    }
}
