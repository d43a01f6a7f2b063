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
use daybook_core::policy::{AccountHome, AccountKind};
use daybook_engine::ports::{
    self, AccessTokens, Account, AccountIdentity, CalendarProvider, Clock, Credentials, PasswordSignIn,
    RemoteError, SignIn,
};
pub use daybook_http::SetupError;
use daybook_http::Transport;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use account::CaldavAccount;
pub use daybook_http::{Allow, AllowError};
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

impl CalendarProvider for Caldav {
    fn sign_in(&self) -> SignIn<'_> {
        SignIn::Password(self)
    }

    fn open(
        &self,
        credentials: &Credentials,
        _tokens: Arc<dyn AccessTokens>,
    ) -> Result<Arc<dyn Account>, RemoteError> {
        let unknown = || RemoteError::Missing { what: "the home of the calendar account".into() };
        let Credentials::Caldav { username, password, home, addresses, .. } = credentials else {
            return Err(unknown());
        };
        let base = home.as_deref().and_then(|home| Url::parse(home).ok()).ok_or_else(unknown)?;
        let login = Login { username: username.clone(), password: password.clone() };
        let known = addresses.iter().chain([username]).map(|one| discovery::address(one)).collect();
        Ok(Arc::new(CaldavAccount { session: Arc::new(self.session(base, login)), addresses: known }))
    }
}

#[async_trait]
impl PasswordSignIn for Caldav {
    async fn prove(&self, login: ports::Login) -> Result<(Credentials, AccountIdentity), RemoteError> {
        let ports::Login { url, username, password } = login;
        let entry = discovery::entry(&url)?;
        let username = username.trim().to_owned();
        let password = if guard::is_icloud(&entry) { trimmed(&password) } else { password };
        let login = Login { username: username.clone(), password: password.clone() };
        let found = discovery::discover(&self.session(entry.clone(), login)).await?;
        let label = label(&username, &entry);
        let identity = AccountIdentity {
            provider: Provider::Caldav,
            subject: label.clone(),
            label,
            home: home_of(&found.home),
        };
        let home = Some(found.home.to_string());
        Ok((Credentials::Caldav { url, username, password, home, addresses: found.addresses }, identity))
    }
}

/// Apple's app-specific passwords are pasted, often with a space too many.
fn trimmed(password: &SecretString) -> SecretString {
    password.expose_secret().trim().into()
}

/// The server holds what is written there, whatever address the account goes by.
fn home_of(place: &Url) -> AccountHome {
    if guard::is_icloud(place) {
        return AccountHome::new(AccountKind::Icloud, "icloud.com");
    }
    AccountHome::new(AccountKind::Server, discovery::host_of(place))
}

/// `ada@example.org` as it is; `ada` with the host that knows her.
fn label(username: &str, entry: &Url) -> String {
    if username.contains('@') {
        return username.to_owned();
    }
    format!("{username}@{}", discovery::host_of(entry))
}
