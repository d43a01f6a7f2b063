//! CalDAV calendars (iCloud, Nextcloud, Radicale and others) behind the engine's ports. No CalDAV word leaves this
//! room, and no password leaves for a host that [`Allow`] does not let through.
//!
//! Reading goes down: [`calendar`](self) asks [`wire`] operations through one session, and `ical` turns resources
//! into events. Nothing is decided here.

mod account;
mod calendar;
mod discovery;
mod guard;
mod href;
mod http;
pub mod ical;
mod session;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::connection::Provider;
use daybook_engine::ports::{
    Account, AccountIdentity, AccountKind, Clock, Credentials, Providers, RemoteError,
};
pub use daybook_http::SetupError;
use daybook_http::Transport;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use account::CaldavAccount;
pub use guard::{Allow, AllowError};
use http::{Http, Login};
use session::Session;

/// Opens CalDAV accounts.
pub struct Caldav {
    http: Http,
    clock: Arc<dyn Clock>,
}

impl Caldav {
    /// `allow`: which hosts beside public ones may be spoken to. The clock stamps what we write.
    pub fn new(allow: Allow, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        Ok(Self { http: Http::new(allow)?, clock })
    }

    /// The same over another way out, such as a server within the process. Which URLs may be asked stays as strict.
    pub fn over(transport: Arc<dyn Transport>, allow: Allow, clock: Arc<dyn Clock>) -> Self {
        Self { http: Http::over(transport, allow), clock }
    }

    fn session(&self, base: Url, login: Login) -> Session {
        Session { http: self.http.clone(), clock: self.clock.clone(), base, login }
    }
}

#[async_trait]
impl Providers for Caldav {
    async fn authorise(
        &self,
        credentials: Credentials,
    ) -> Result<(Credentials, AccountIdentity), RemoteError> {
        let Credentials::Caldav { url, username, password, .. } = credentials;
        let entry = discovery::entry(&url)?;
        let username = username.trim().to_owned();
        let password = if guard::is_icloud(&entry) { trimmed(&password) } else { password };
        let login = Login { username: username.clone(), password: password.clone() };
        let found = discovery::discover(&self.session(entry.clone(), login)).await?;
        let identity = AccountIdentity {
            provider: Provider::Caldav,
            label: label(&username, &entry),
            kind: AccountKind::Uncovered,
        };
        let home = Some(found.home.to_string());
        Ok((Credentials::Caldav { url, username, password, home, addresses: found.addresses }, identity))
    }

    fn open(&self, credentials: &Credentials) -> Result<Arc<dyn Account>, RemoteError> {
        let Credentials::Caldav { username, password, home, addresses, .. } = credentials;
        let unknown = || RemoteError::Missing { what: "the home of the calendar account".into() };
        let base = home.as_deref().and_then(|home| Url::parse(home).ok()).ok_or_else(unknown)?;
        let login = Login { username: username.clone(), password: password.clone() };
        let known = addresses.iter().chain([username]).map(|one| discovery::address(one)).collect();
        Ok(Arc::new(CaldavAccount { session: Arc::new(self.session(base, login)), addresses: known }))
    }
}

/// Apple's app-specific passwords are pasted, often with a space too many.
fn trimmed(password: &SecretString) -> SecretString {
    password.expose_secret().trim().into()
}

/// `ada@example.org` as it is; `ada` with the host that knows her.
fn label(username: &str, entry: &Url) -> String {
    if username.contains('@') {
        return username.to_owned();
    }
    format!("{username}@{}", discovery::host_of(entry))
}
