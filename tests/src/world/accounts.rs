//! Accounts at a provider: signing in, and which calendars there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::connection::Provider;
use daybook_core::ids::CalendarId;
use daybook_core::policy::{AccountHome, AccountKind, Onlooker};
use daybook_engine::ports::{
    AccessTokens, Account, AccountIdentity, Calendar, CalendarInfo, CalendarProvider, Credentials, Login,
    PasswordSignIn, RemoteError, SignIn,
};

use super::World;
use super::calendar::{CalendarState, Remote};
use super::fault::{Point, later};

/// One account.
#[derive(Default)]
pub struct AccountState {
    /// Its password was changed: we are refused.
    pub is_locked: bool,
    pub is_down: bool,
    pub calendars: BTreeMap<CalendarId, CalendarState>,
}

/// A calendar that the account owns.
pub fn info(id: &str) -> CalendarInfo {
    CalendarInfo {
        id: id.into(),
        name: id.into(),
        time_zone: None,
        writable: true,
        owned: true,
        primary: false,
        shared: false,
    }
}

struct RemoteAccount {
    world: Arc<World>,
    label: String,
}

fn label_of(credentials: &Credentials) -> String {
    match credentials {
        Credentials::Caldav { username, .. } => username.clone(),
        Credentials::Granted { .. } => "nobody".to_owned(),
    }
}

impl CalendarProvider for World {
    fn sign_in(&self) -> SignIn<'_> {
        SignIn::Password(self)
    }

    fn open(
        &self,
        credentials: &Credentials,
        _tokens: Arc<dyn AccessTokens>,
    ) -> Result<Arc<dyn Account>, RemoteError> {
        Ok(Arc::new(RemoteAccount { world: self.arc(), label: label_of(credentials) }))
    }
}

#[async_trait]
impl PasswordSignIn for World {
    async fn prove(&self, login: Login) -> Result<(Credentials, AccountIdentity), RemoteError> {
        self.point(Point::CalendarRead).await.of_remote("the account")?;
        let Login { url, username, password } = login;
        self.lock().standing(&username)?;
        let identity = AccountIdentity {
            provider: Provider::Caldav,
            subject: username.clone(),
            label: username.clone(),
            home: AccountHome::of_address(AccountKind::Server, host_of(&url)),
        };
        let (home, addresses) = (None, Vec::new());
        Ok((Credentials::Caldav { url, username, password, home, addresses }, identity))
    }
}

fn host_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

impl super::State {
    /// The account, if it lets us in.
    pub(super) fn standing(&mut self, label: &str) -> Result<&mut AccountState, RemoteError> {
        match self.accounts.get_mut(label) {
            None | Some(AccountState { is_locked: true, .. }) => {
                Err(RemoteError::Refused { what: "the account".into() })
            }
            Some(AccountState { is_down: true, .. }) => Err(later("the account", None)),
            Some(account) => Ok(account),
        }
    }
}

#[async_trait]
impl Account for RemoteAccount {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError> {
        self.world.point(Point::CalendarRead).await.of_remote("the account")?;
        let mut state = self.world.lock();
        Ok(state.standing(&self.label)?.calendars.values().map(|calendar| calendar.info.clone()).collect())
    }

    async fn create_calendar(&self, name: &str, slug: &str) -> Result<CalendarInfo, RemoteError> {
        let ending = self.world.point(Point::CalendarRead).await.of_remote("the account")?;
        let mut state = self.world.lock();
        let account = state.standing(&self.label)?;
        let found = account.calendars.entry(slug.into());
        let calendar =
            found.or_insert_with(|| CalendarState::new(CalendarInfo { name: name.to_owned(), ..info(slug) }));
        let made = calendar.info.clone();
        ending.remote("the account", made)
    }

    async fn delete_calendar(&self, id: &CalendarId) -> Result<(), RemoteError> {
        let ending = self.world.point(Point::CalendarWrite).await.of_remote("the calendar")?;
        let mut state = self.world.lock();
        if let Some(gone) = state.standing(&self.label)?.calendars.remove(id) {
            if !gone.items.is_empty() {
                state.break_promise(format!("calendar {id} was deleted with something in it"));
            }
            state.tell(format!("delete calendar {id}"));
        }
        ending.remote("the calendar", ())
    }

    /// Nobody shares anything here.
    async fn onlookers(&self, _id: &CalendarId) -> Result<Option<Vec<Onlooker>>, RemoteError> {
        let ending = self.world.point(Point::CalendarRead).await.of_remote("the account")?;
        self.world.lock().standing(&self.label)?;
        ending.remote("the account", Some(Vec::new()))
    }

    fn calendar(&self, id: &CalendarId) -> Arc<dyn Calendar> {
        Arc::new(Remote { world: self.world.clone(), label: self.label.clone(), id: id.clone() })
    }
}
