//! What a person may tell a connection: change, start, pause, resume, sync, confirm deletions, disconnect.
//! Each is one conditional write of the person's fields, then a signal; the worker does the work.

use std::sync::Arc;

use daybook_core::access::Access;
use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, Connection, Direction, Disconnect, MainCalendar, Mirrors,
    ProblemKind, Settings, State,
};
use daybook_core::detail::Detail;
use daybook_core::ids::CalendarId;
use daybook_core::made;
use daybook_core::policy::Audience;
use daybook_core::window::WindowDays;

use crate::Engine;
use crate::connect::{check_window, name_calendars};
use crate::error::EngineError;
use crate::ports::{Account, CalendarInfo, Cause, ConnectionRef, Named, StoreError};
use crate::view::audience_of;

/// Settings to change; `None` leaves one as it is.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    pub direction: Option<Direction>,
    pub window: Option<WindowDays>,
    pub detail: Option<Detail>,
    pub main_calendar: Option<MainCalendar>,
    pub blocking_calendars: Option<BlockingCalendars>,
    pub aged_out: Option<AgedOut>,
    pub block_scope: Option<BlockScope>,
    pub reminder_minutes: Option<Option<u32>>,
}

/// How often a command that lost a race is tried anew.
const TRIES: usize = 5;

impl Engine {
    /// The connection as it stands.
    pub async fn find(&self, at: &ConnectionRef) -> Result<Connection, EngineError> {
        let found = self.store.find_connection(at).await?;
        found.ok_or_else(|| EngineError::NotFound { what: format!("connection {}", at.id) })
    }

    /// Changes settings and has everything planned anew. `expected` is the version that the caller saw.
    pub async fn change(
        &self,
        at: &ConnectionRef,
        expected: Option<u64>,
        patch: &Patch,
    ) -> Result<Connection, EngineError> {
        let before = self.find(at).await?;
        self.check_change(&before, patch).await?;
        let patch = &patch.clone().keeping_made(&before.settings);
        let (named, _) = self.patched_settings(&before, patch).await?;
        let patch = Patch {
            main_calendar: patch.main_calendar.is_some().then_some(named.main_calendar),
            blocking_calendars: patch.blocking_calendars.is_some().then_some(named.blocking_calendars),
            ..patch.clone()
        };
        self.command(at, expected, |connection| {
            let settings = patched(&connection.settings, &patch);
            leave_main_calendar(connection, &settings.main_calendar);
            connection.settings = settings;
            connection.evidence.needed = Some(Access::needed(&connection.settings));
            Ok(())
        })
        .await
    }

    /// Refuses what no look at the account is needed for to be refused.
    pub async fn check_change(&self, before: &Connection, patch: &Patch) -> Result<(), EngineError> {
        refuse_when_leaving(before)?;
        if let Some(window) = patch.window {
            check_window(&self.practice(&before.practice).await?.policy, window)?;
        }
        if patch.direction == Some(Direction::TwoWay) && before.settings.direction != Direction::TwoWay {
            self.require_zone(before).await?;
        }
        Ok(())
    }

    /// The settings as they would be, with the calendars that are newly named looked up in the account; and the account's
    /// calendars, where they were listed for it.
    pub(crate) async fn patched_settings(
        &self,
        before: &Connection,
        patch: &Patch,
    ) -> Result<(Settings, Option<Vec<CalendarInfo>>), EngineError> {
        let patch = &patch.clone().keeping_made(&before.settings);
        let mut named = patched(&before.settings, patch);
        if patch.main_calendar.is_none() && patch.blocking_calendars.is_none() {
            return Ok((named, None));
        }
        let calendars = self.list_calendars(before).await?;
        name_calendars(&mut named, &calendars)?;
        Ok((named, Some(calendars)))
    }

    /// The clinician's yes.
    pub async fn start(&self, at: &ConnectionRef) -> Result<Connection, EngineError> {
        let now = self.clock.now();
        self.command(at, None, |connection| {
            if connection.evidence.authorised_at.is_none() {
                return Err(wrong_state(connection));
            }
            connection.evidence.started_at.get_or_insert(now);
            Ok(())
        })
        .await
    }

    /// Stops reading and writing; what stands stays.
    pub async fn pause(&self, at: &ConnectionRef) -> Result<Connection, EngineError> {
        let now = self.clock.now();
        self.command(at, None, |connection| {
            connection.evidence.paused_at.get_or_insert(now);
            Ok(())
        })
        .await
    }

    /// Goes on, and catches up with everything that was missed.
    pub async fn resume(&self, at: &ConnectionRef) -> Result<Connection, EngineError> {
        self.command(at, None, |connection| {
            connection.evidence.paused_at = None;
            Ok(())
        })
        .await
    }

    /// Looks at the EHR and the calendars now, as the sweep would.
    pub async fn sync_now(&self, at: &ConnectionRef) -> Result<Connection, EngineError> {
        let connection = self.find(at).await?;
        refuse_when_leaving(&connection)?;
        if has_parked(&connection) {
            // A command has everything compared, and ends the park of what its reader had moved.
            self.command(at, None, |_| Ok(())).await?;
        }
        // An EHR that cannot be read is a problem of the run, not of the request.
        if let Err(error) = self.poll_practice(&at.practice).await {
            tracing::warn!(practice = %at.practice, error = %error, "the practice's EHR could not be polled for a person");
        }
        let read = known_calendars(&connection.settings);
        self.signal(at, &Named::calendars(read), Cause::Person).await?;
        self.find(at).await
    }

    /// Lets the removals go that the brake holds.
    pub async fn confirm_deletions(&self, at: &ConnectionRef) -> Result<Connection, EngineError> {
        let now = self.clock.now();
        self.command(at, None, |connection| {
            connection.evidence.brake_released_at = Some(now);
            Ok(())
        })
        .await
    }

    /// Ends the connection. Idempotent; the first answer about mirrors holds, the credentials go with the work.
    pub async fn disconnect(&self, at: &ConnectionRef, mirrors: Mirrors) -> Result<Connection, EngineError> {
        let connection = self.find(at).await?;
        if connection.evidence.disconnect.is_some() {
            return Ok(connection);
        }
        let asked_at = self.clock.now();
        self.command_any(at, None, |connection| {
            if connection.evidence.disconnect.is_none() && mirrors == Mirrors::Remove {
                leave_main_calendar(connection, &MainCalendar::None);
            }
            connection.evidence.disconnect.get_or_insert(Disconnect { asked_at, mirrors });
            Ok(())
        })
        .await
    }

    /// The account's calendars, read now.
    pub async fn list_calendars(&self, connection: &Connection) -> Result<Vec<CalendarInfo>, EngineError> {
        self.account_of(connection).await?.list_calendars().await.map_err(EngineError::Calendar)
    }

    /// Who would see these settings' main calendar, asked now; `None` where there is none, or it is still to be made.
    pub async fn audience(
        &self,
        connection: &Connection,
        main: &MainCalendar,
        calendars: &[CalendarInfo],
    ) -> Result<Option<Audience>, EngineError> {
        let account = self.account_of(connection).await?;
        audience_of(main, calendars, account.as_ref()).await.map_err(EngineError::Calendar)
    }

    async fn account_of(&self, connection: &Connection) -> Result<Arc<dyn Account>, EngineError> {
        let at = ConnectionRef::from(connection);
        let opened = self.accounts.open(&at, connection.evidence.authorised_at).await?;
        opened.ok_or_else(|| wrong_state(connection))
    }

    pub(crate) async fn command(
        &self,
        at: &ConnectionRef,
        expected: Option<u64>,
        change: impl Fn(&mut Connection) -> Result<(), EngineError> + Send + Sync,
    ) -> Result<Connection, EngineError> {
        self.command_any(at, expected, |connection| {
            refuse_when_leaving(connection)?;
            change(connection)
        })
        .await
    }

    /// Read, change, write if nobody else did meanwhile, signal.
    async fn command_any(
        &self,
        at: &ConnectionRef,
        expected: Option<u64>,
        change: impl Fn(&mut Connection) -> Result<(), EngineError> + Send + Sync,
    ) -> Result<Connection, EngineError> {
        for _ in 0..TRIES {
            let mut connection = self.find(at).await?;
            if expected.is_some_and(|version| version != connection.version) {
                break;
            }
            change(&mut connection)?;
            connection.version += 1;
            match self.store.command_connection(&connection).await {
                Ok(()) => {
                    self.signal(at, &Named::default(), Cause::Person).await?;
                    return self.find(at).await;
                }
                Err(StoreError::Stale { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Stale { connection: at.id.to_string() })
    }

    /// Whether time could be closed: somebody must say in which zone. Asks the EHR where nobody has yet.
    pub async fn require_zone(&self, connection: &Connection) -> Result<(), EngineError> {
        let practice = self.practice(&connection.practice).await?;
        let known = connection.schedule.practitioner.as_ref().and_then(|known| known.time_zone.clone());
        let given = match known.or(practice.time_zone_fallback) {
            Some(name) => Some(name),
            None => self.ask_for_zone(connection).await?,
        };
        match crate::sync::zone::parse(given.as_deref()) {
            Some(_) => Ok(()),
            None => Err(EngineError::TimeZoneMissing { practitioner: connection.practitioner.to_string() }),
        }
    }

    async fn ask_for_zone(&self, connection: &Connection) -> Result<Option<String>, EngineError> {
        let ehr = self.ehrs.open(&connection.practice).await.map_err(EngineError::Ehr)?;
        Ok(ehr.practitioner(&connection.practitioner).await.map_err(EngineError::Ehr)?.time_zone)
    }
}

/// Remembers the calendar that we made, where it is written to no longer.
pub(crate) fn leave_main_calendar(connection: &mut Connection, for_the_sake_of: &MainCalendar) {
    let before = &connection.settings.main_calendar;
    connection.evidence.left_calendars =
        made::left(before, for_the_sake_of, &connection.evidence.left_calendars);
}

fn has_parked(connection: &Connection) -> bool {
    connection.problems.values().any(|problem| problem.kind == ProblemKind::MirrorParked)
}

/// Every calendar that the settings name.
fn known_calendars(settings: &Settings) -> Vec<CalendarId> {
    let blocking = match &settings.blocking_calendars {
        BlockingCalendars::Chosen(chosen) => chosen.as_slice(),
        BlockingCalendars::Owned => &[],
    };
    let named = settings.main_calendar.known().into_iter().chain(blocking);
    named.map(|calendar| calendar.id.clone()).collect()
}

impl Patch {
    /// Naming the calendar that we made, or wanting one of its name, changes nothing about it.
    fn keeping_made(self, settings: &Settings) -> Self {
        let MainCalendar::Made(made) = &settings.main_calendar else { return self };
        let is_same = match &self.main_calendar {
            Some(MainCalendar::Existing(wanted)) => wanted.id == made.id,
            Some(MainCalendar::Create(name)) => *name == made.name,
            _ => false,
        };
        if is_same { Self { main_calendar: Some(settings.main_calendar.clone()), ..self } } else { self }
    }
}

fn patched(settings: &Settings, patch: &Patch) -> Settings {
    let patch = patch.clone();
    Settings {
        direction: patch.direction.unwrap_or(settings.direction),
        window: patch.window.unwrap_or(settings.window),
        detail: patch.detail.unwrap_or(settings.detail),
        main_calendar: patch.main_calendar.unwrap_or_else(|| settings.main_calendar.clone()),
        blocking_calendars: patch.blocking_calendars.unwrap_or_else(|| settings.blocking_calendars.clone()),
        aged_out: patch.aged_out.unwrap_or(settings.aged_out),
        block_scope: patch.block_scope.unwrap_or(settings.block_scope),
        reminder_minutes: patch.reminder_minutes.unwrap_or(settings.reminder_minutes),
        start: settings.start,
    }
}

pub(crate) fn refuse_when_leaving(connection: &Connection) -> Result<(), EngineError> {
    match connection.evidence.state() {
        State::Disconnecting | State::Disconnected => Err(wrong_state(connection)),
        _ => Ok(()),
    }
}

pub(crate) fn wrong_state(connection: &Connection) -> EngineError {
    let state = crate::view::state_word(connection.evidence.state());
    EngineError::WrongState { connection: connection.id.to_string(), state }
}
