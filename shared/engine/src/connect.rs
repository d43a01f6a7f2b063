//! Connect a clinician's account: prove the credentials, refuse a second connection to the same account, keep the
//! credentials in the vault. Nothing is written at the provider or in the EHR here.

use daybook_core::access::Access;
use daybook_core::connection::{
    AccountName, BlockingCalendars, CalendarRef, Connection, Direction, Evidence, MainCalendar, Provider,
    Schedule, Settings, Signals, State,
};
use daybook_core::ids::{ConnectionId, PracticeId, PractitionerId};
use daybook_core::notice::Told;
use daybook_core::policy::{AccountHome, Policy, Refusal};
use daybook_core::succession::Succession;
use daybook_core::window::WindowDays;
use jiff::Timestamp;

use crate::command::refuse_when_leaving;
use crate::error::{EngineError, chain};
use crate::ports::{
    AccessToken, AccountIdentity, CalendarInfo, Cause, ConnectionRef, Credentials, Login, Named, RemoteError,
    SignIn, SignedIn, VaultError,
};
use crate::sign_in::{Why, note_sign_in};
use crate::{Engine, sync::zone};

/// What a clinician asks for.
pub struct NewConnection {
    pub practice: PracticeId,
    pub practitioner: PractitionerId,
    pub provider: Provider,
    pub settings: Settings,
    /// Without it the connection waits in `authorising` for somebody to sign in.
    pub login: Option<Login>,
}

/// A sign-in that holds.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    credentials: Credentials,
    identity: AccountIdentity,
    pub granted: Access,
    token: Option<AccessToken>,
}

impl Accepted {
    /// A password opens everything.
    pub fn password(credentials: Credentials, identity: AccountIdentity) -> Self {
        Self { credentials, identity, granted: Access::ALL, token: None }
    }

    pub fn account(&self) -> AccountName {
        self.identity.account()
    }
}

impl From<SignedIn> for Accepted {
    fn from(signed_in: SignedIn) -> Self {
        let SignedIn { credentials, token, granted, identity } = signed_in;
        Self { credentials, identity, granted, token: Some(token) }
    }
}

impl Engine {
    /// Makes a connection. With a login it is authorised at once and, unless it waits for a yes, starts.
    pub async fn connect(&self, new: NewConnection) -> Result<Connection, EngineError> {
        self.connect_as(new, None).await
    }

    /// The same, in the place of another connection where it is to take one.
    pub(crate) async fn connect_as(
        &self,
        new: NewConnection,
        succeeds: Option<Succession>,
    ) -> Result<Connection, EngineError> {
        let practice = self.practice(&new.practice).await?;
        check_policy(&practice.policy, new.provider, None)?;
        check_window(&practice.policy, new.settings.window)?;
        self.check_practitioner(&new).await?;
        self.follow_ehr(&new.practice).await?;
        let at = ConnectionRef { practice: new.practice.clone(), id: ConnectionId::new(self.random.token()) };
        let mut connection = blank(&new, at.id.clone(), self.clock.now());
        connection.evidence.succeeds = succeeds;
        let Some(login) = new.login else {
            self.accounts.provider(new.provider)?;
            self.store.create_connection(&connection).await?;
            return Ok(connection);
        };
        let accepted = self.prove(new.provider, login).await?;
        connection.settings = self.keep_sign_in(&connection, &accepted).await?;
        note_sign_in(&mut connection, &accepted, self.clock.now());
        connection.schedule.due_at = connection.evidence.started_at;
        self.store.create_connection(&connection).await?;
        if connection.evidence.started_at.is_some() {
            self.signal(&at, &Named::default(), Cause::Person).await?;
        }
        self.find(&at).await
    }

    /// Signs in again to the same account with a password: settings and links stay.
    pub async fn reconnect(&self, at: &ConnectionRef, login: Login) -> Result<Connection, EngineError> {
        let before = self.find(at).await?;
        refuse_when_leaving(&before)?;
        let accepted = self.prove(before.provider, login).await?;
        if let Err(other) = refuse_other_account(&before, &accepted.identity) {
            return Err(EngineError::Invalid { field: "caldav", why: other.to_string() });
        }
        self.accept(&before, accepted).await
    }

    async fn prove(&self, provider: Provider, login: Login) -> Result<Accepted, EngineError> {
        let SignIn::Password(password) = self.accounts.provider(provider)?.sign_in() else {
            let why = "this provider asks for the password on its own page".to_owned();
            return Err(EngineError::Invalid { field: "provider", why });
        };
        let (credentials, identity) = password.prove(login).await.map_err(EngineError::Calendar)?;
        Ok(Accepted::password(credentials, identity))
    }

    /// Takes a sign-in up: keeps its credentials, and lets the connection go on with its settings and links.
    pub(crate) async fn accept(
        &self,
        before: &Connection,
        accepted: Accepted,
    ) -> Result<Connection, EngineError> {
        let at = ConnectionRef::from(before);
        let named = self.keep_sign_in(before, &accepted).await?;
        let now = self.clock.now();
        let taken = self
            .command(&at, None, |connection| {
                refuse_other_account(connection, &accepted.identity)
                    .map_err(|other| EngineError::Invalid { field: "account", why: other.to_string() })?;
                // Somebody may have changed them while the browser was away.
                if connection.settings == before.settings {
                    connection.settings = named.clone();
                }
                note_sign_in(connection, &accepted, now);
                Ok(())
            })
            .await;
        if taken.is_err() {
            self.forget_sign_in(&at, before.provider, &accepted).await;
        }
        taken
    }

    /// The connection was ended while the browser was away: nothing of this sign-in stays.
    async fn forget_sign_in(&self, at: &ConnectionRef, provider: Provider, accepted: &Accepted) {
        self.accounts.forget(at);
        // While it leaves, it needs them still.
        let is_in_use = match self.store.find_connection(at).await {
            Ok(now) => now.is_some_and(|now| now.account.is_some() && now.evidence.disconnected_at.is_none()),
            Err(_) => true,
        };
        if is_in_use {
            return;
        }
        let forgotten = self.vault.delete_credentials(at).await.map_err(EngineError::from);
        let unnoted = self.store.forget_account(at, provider, &accepted.account()).await;
        for error in forgotten.err().into_iter().chain(unnoted.err().map(EngineError::from)) {
            tracing::warn!(connection = %at.id, error = chain(&error), "what a late sign-in left could not be removed");
        }
    }

    /// Stores the credentials and opens the account. Returns the settings with their calendars named.
    async fn keep_sign_in(
        &self,
        connection: &Connection,
        accepted: &Accepted,
    ) -> Result<Settings, EngineError> {
        let at = ConnectionRef::from(connection);
        let mut settings = connection.settings.clone();
        if connection.account.is_none() {
            let practice = self.practice(&connection.practice).await?;
            check_policy(&practice.policy, connection.provider, Some(&accepted.identity.home))?;
            self.refuse_second(connection, &accepted.identity).await?;
        }
        let account = self.accounts.open_with(&at, &accepted.credentials, accepted.token.clone())?;
        if connection.account.is_none() && names_calendars(&settings) {
            let listed = account.list_calendars().await;
            let named = listed
                .map_err(EngineError::Calendar)
                .and_then(|calendars| name_calendars(&mut settings, &calendars));
            if let Err(error) = named {
                self.accounts.forget(&at);
                return Err(error);
            }
        }
        if let Some(now) = self.store.find_connection(&at).await?
            && let Err(other) = refuse_other_account(&now, &accepted.identity)
        {
            self.accounts.forget(&at);
            return Err(EngineError::Invalid { field: "account", why: other.to_string() });
        }
        let replaces = self.newest_version(&at).await?;
        self.vault.put_credentials(&at, &accepted.credentials, replaces).await?;
        self.store.note_account(&at, connection.provider, &accepted.account()).await?;
        Ok(settings)
    }

    /// Credentials that nobody can open any more make room: what is stored in their place is the first again.
    async fn newest_version(&self, at: &ConnectionRef) -> Result<Option<u64>, EngineError> {
        match self.vault.find_credentials(at).await {
            Err(VaultError::Sealed { .. }) => {
                self.vault.delete_credentials(at).await?;
                Ok(None)
            }
            found => Ok(found?.map(|stored| stored.version)),
        }
    }

    /// Changes are followed from before the first look at the EHR, so that none falls between the two.
    async fn follow_ehr(&self, practice: &PracticeId) -> Result<(), EngineError> {
        match self.store.find_ehr_cursor(practice).await? {
            Some(_) => Ok(()),
            None => self.poll_practice(practice).await,
        }
    }

    /// The practitioner must be the EHR's, and two-way needs to know what a day is.
    async fn check_practitioner(&self, new: &NewConnection) -> Result<(), EngineError> {
        let practice = self.practice(&new.practice).await?;
        let ehr = self.ehrs.open(&new.practice).await.map_err(EngineError::Ehr)?;
        let practitioner = ehr.practitioner(&new.practitioner).await.map_err(|error| match error {
            RemoteError::Missing { .. } => EngineError::Invalid {
                field: "practitioner_id",
                why: format!("the EHR knows no practitioner {}", new.practitioner),
            },
            other => EngineError::Ehr(other),
        })?;
        let known = practitioner.time_zone.or(practice.time_zone_fallback);
        if new.settings.direction == Direction::TwoWay && zone::parse(known.as_deref()).is_none() {
            return Err(EngineError::TimeZoneMissing { practitioner: new.practitioner.to_string() });
        }
        Ok(())
    }

    /// Same practitioner, same account: one connection is enough (E-010).
    async fn refuse_second(&self, new: &Connection, identity: &AccountIdentity) -> Result<(), EngineError> {
        let others = self.store.list_connections(&new.practice, Some(&new.practitioner)).await?;
        let same = others.iter().find(|other| {
            other.evidence.state() != State::Disconnected
                && other.evidence.state() != State::Disconnecting
                && other.provider == new.provider
                && other.account.as_ref().is_some_and(|account| account.subject == identity.subject)
        });
        match same {
            None => Ok(()),
            Some(existing) => Err(EngineError::AlreadyConnected {
                practitioner: new.practitioner.to_string(),
                existing: existing.id.to_string(),
            }),
        }
    }
}

/// What the practice's policy refuses. Whoever is connected may sign in again all the same: what stands in the account can
/// only be taken out of it with its owner's help.
fn check_policy(policy: &Policy, provider: Provider, home: Option<&AccountHome>) -> Result<(), EngineError> {
    let what = match policy.refuses(provider, home) {
        None => return Ok(()),
        Some(Refusal::Provider) => "calendars of this provider",
        Some(Refusal::Domain) => "accounts of this domain",
    };
    Err(EngineError::NotAllowed { what })
}

/// A window inside the practice's bounds.
pub(crate) fn check_window(policy: &Policy, wanted: WindowDays) -> Result<(), EngineError> {
    let most = policy.window;
    if wanted.fits(most) {
        return Ok(());
    }
    let why = format!(
        "the practice allows at most {} past and {} future days",
        most.past_days(),
        most.future_days()
    );
    Err(EngineError::Invalid { field: "window", why })
}

/// Settings and links belong to one account (E-010).
pub(crate) fn refuse_other_account(before: &Connection, identity: &AccountIdentity) -> Result<(), Why> {
    match &before.account {
        Some(account) if account.subject != identity.subject => {
            Err(Why::OtherAccount { expected: account.label.clone(), shown: identity.label.clone() })
        }
        _ => Ok(()),
    }
}

/// Whether a calendar of the account is named that must be looked up.
fn names_calendars(settings: &Settings) -> bool {
    matches!(settings.main_calendar, MainCalendar::Existing(_))
        || matches!(&settings.blocking_calendars, BlockingCalendars::Chosen(chosen) if !chosen.is_empty())
}

/// Checks the chosen calendars against those of the account and fills in their names.
pub(crate) fn name_calendars(settings: &mut Settings, calendars: &[CalendarInfo]) -> Result<(), EngineError> {
    if let MainCalendar::Existing(main) = &mut settings.main_calendar {
        let found = named("main_calendar", main, calendars)?;
        if !found.writable {
            return Err(EngineError::Invalid {
                field: "main_calendar",
                why: format!("{} may not be written", main.id),
            });
        }
        main.name.clone_from(&found.name);
    }
    if let BlockingCalendars::Chosen(chosen) = &mut settings.blocking_calendars {
        for calendar in chosen {
            calendar.name.clone_from(&named("blocking_calendars", calendar, calendars)?.name);
        }
    }
    Ok(())
}

fn named<'a>(
    field: &'static str,
    wanted: &CalendarRef,
    calendars: &'a [CalendarInfo],
) -> Result<&'a CalendarInfo, EngineError> {
    let found = calendars.iter().find(|calendar| calendar.id == wanted.id);
    found.ok_or_else(|| EngineError::Invalid {
        field,
        why: format!("the account has no calendar {}", wanted.id),
    })
}

fn blank(new: &NewConnection, id: ConnectionId, now: Timestamp) -> Connection {
    Connection {
        practice: new.practice.clone(),
        id,
        practitioner: new.practitioner.clone(),
        provider: new.provider,
        account: None,
        settings: new.settings.clone(),
        version: 1,
        evidence: Evidence {
            created_at: now,
            needed: Some(Access::needed(&new.settings)),
            ..Evidence::default()
        },
        schedule: Schedule::default(),
        signals: Signals::default(),
        progress: None,
        problems: std::collections::BTreeMap::new(),
        told: Told::default(),
    }
}
