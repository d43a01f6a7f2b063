//! Connect a clinician's account: prove the credentials, refuse a second connection to the same account, keep the
//! credentials in the vault. Nothing is written at the provider or in the EHR here.

use daybook_core::connection::{
    BlockingCalendars, CalendarRef, Connection, Direction, Evidence, MainCalendar, Provider, Schedule,
    Settings, Signals, Start, State,
};
use daybook_core::ids::{ConnectionId, PracticeId, PractitionerId};
use jiff::Timestamp;

use crate::command::refuse_when_leaving;
use crate::error::EngineError;
use crate::ports::{AccountIdentity, CalendarInfo, Cause, ConnectionRef, Credentials, RemoteError};
use crate::{Engine, sync::zone};

/// What a clinician asks for.
pub struct NewConnection {
    pub practice: PracticeId,
    pub practitioner: PractitionerId,
    pub provider: Provider,
    pub settings: Settings,
    /// Without them the connection waits in `authorising`.
    pub credentials: Option<Credentials>,
}

impl Engine {
    /// Makes a connection. With credentials it is authorised at once and, unless it waits for a yes, starts.
    pub async fn connect(&self, new: NewConnection) -> Result<Connection, EngineError> {
        self.check_practitioner(&new).await?;
        self.follow_ehr(&new.practice).await?;
        let now = self.clock.now();
        let at = ConnectionRef { practice: new.practice.clone(), id: ConnectionId::new(self.random.token()) };
        let mut connection = blank(&new, at.id.clone(), now);
        let Some(credentials) = new.credentials else {
            self.store.create_connection(&connection).await?;
            return Ok(connection);
        };
        let (credentials, identity) =
            self.accounts.providers.authorise(credentials).await.map_err(EngineError::Calendar)?;
        self.refuse_second(&connection, &identity).await?;
        let account = self.accounts.open_with(&at, &credentials)?;
        let calendars = account.list_calendars().await.map_err(EngineError::Calendar)?;
        name_calendars(&mut connection.settings, &calendars)?;
        connection.account = Some(identity.label);
        connection.evidence.authorised_at = Some(now);
        connection.evidence.started_at = (connection.settings.start == Start::WhenAuthorised).then_some(now);
        connection.schedule.due_at = connection.evidence.started_at;
        self.vault.put_credentials(&at, &credentials, None).await?;
        self.store.create_connection(&connection).await?;
        if connection.evidence.started_at.is_some() {
            self.signal(&at, &[], Cause::Person).await?;
        }
        self.find(&at).await
    }

    /// Signs in again to the same account: settings and links stay, another account is refused, naming both.
    pub async fn reconnect(
        &self,
        at: &ConnectionRef,
        credentials: Credentials,
    ) -> Result<Connection, EngineError> {
        let before = self.find(at).await?;
        refuse_when_leaving(&before)?;
        let (credentials, identity) =
            self.accounts.providers.authorise(credentials).await.map_err(EngineError::Calendar)?;
        if let Some(account) = before.account.as_ref().filter(|account| **account != identity.label) {
            let why = format!("the connection is to {account}, and this is {}", identity.label);
            return Err(EngineError::Invalid { field: "caldav", why });
        }
        let mut settings = before.settings.clone();
        if before.account.is_none() {
            self.refuse_second(&before, &identity).await?;
            let account = self.accounts.providers.open(&credentials).map_err(EngineError::Calendar)?;
            name_calendars(&mut settings, &account.list_calendars().await.map_err(EngineError::Calendar)?)?;
        }
        let replaces = self.vault.find_credentials(at).await?.map(|stored| stored.version);
        self.vault.put_credentials(at, &credentials, replaces).await?;
        self.accounts.forget(at);
        let now = self.clock.now();
        self.command(at, None, |connection| {
            if connection.account.is_none() {
                connection.settings = settings.clone();
            }
            connection.account = Some(identity.label.clone());
            // Newer than any refusal so far, which it undoes.
            connection.evidence.authorised_at = Some(now);
            if connection.settings.start == Start::WhenAuthorised {
                connection.evidence.started_at.get_or_insert(now);
            }
            connection.evidence.refused_at = None;
            Ok(())
        })
        .await
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
                && other.account.as_ref() == Some(&identity.label)
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
        evidence: Evidence { created_at: now, ..Evidence::default() },
        schedule: Schedule::default(),
        signals: Signals::default(),
        progress: None,
        problems: std::collections::BTreeMap::new(),
    }
}
