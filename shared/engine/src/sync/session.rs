//! What one run works with: the practice, its key and zone, both sides opened, the calendars settled.

use std::sync::{Arc, OnceLock};

use daybook_core::connection::{
    BlockScope, BlockingCalendars, CalendarRef, Connection, Direction, Known, MainCalendar, ProblemKind,
    Settings,
};
use daybook_core::detail::Detail;
use daybook_core::hours::Hours;
use daybook_core::ids::{CalendarId, ScheduleId};
use daybook_core::key::{PracticeKey, Target};
use daybook_core::link::Lane;
use daybook_core::plan::{BrakeRule, Outside, Rules, Unseen};
use daybook_core::subscription::Telling;
use daybook_core::time::{Interval, date_of};
use daybook_core::window::{Roll, WindowDays};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::lease::Lease;
use super::nobody::Nobody;
use super::problems::{About, Problems};
use super::scope::{Reach, Scope, scope};
use super::{Halt, zone};
use crate::Engine;
use crate::error::EngineError;
use crate::ports::{Account, CalendarInfo, ConnectionRef, Ehr, Practice, Previous, RemoteError, VaultError};
use crate::view::detail_in_force;

/// How long what the EHR told about a practitioner is taken as true.
const KNOWN_FOR: std::time::Duration = std::time::Duration::from_hours(24);

const RELEASE_HOLDS_FOR: std::time::Duration = std::time::Duration::from_hours(1);

pub(crate) struct Session<'e> {
    pub engine: &'e Engine,
    pub at: ConnectionRef,
    pub connection: Connection,
    /// As they hold for this run: calendars found or made.
    pub settings: Settings,
    pub practice: Practice,
    pub key: PracticeKey,
    pub ehr: Arc<dyn Ehr>,
    pub account: Arc<dyn Account>,
    /// The account's calendars, once somebody has asked for them.
    listed: OnceLock<Vec<CalendarInfo>>,
    pub known: Option<Known>,
    /// UTC where nobody gives one; then nothing is read from calendars.
    pub zone: TimeZone,
    /// Only where the clinician wants no other time closed.
    pub hours: Option<Hours>,
    pub detail: Detail,
    /// As chosen, cut to what the practice allows.
    pub days: WindowDays,
    pub scope: Scope,
    pub today: Date,
    pub window: Interval,
    pub now: Timestamp,
}

impl<'e> Session<'e> {
    /// Opens both sides, with what the EHR says of the practitioner, and settles the calendars.
    pub async fn open(engine: &'e Engine, lease: &mut Lease<'_>) -> Result<Self, Halt> {
        let mut session = Self::look_around(engine, lease).await?;
        session.settle_calendars(lease).await?;
        session.see_onlookers(lease).await?;
        session.see_newcomers().await;
        session.keep_subscribed(lease).await?;
        Ok(session)
    }

    /// As [`Self::open`], making no calendar.
    pub async fn look_around(engine: &'e Engine, lease: &mut Lease<'_>) -> Result<Self, Halt> {
        let session = Self::leaving(engine, lease).await?;
        let (known, hours) = session.know_practitioner(lease).await;
        Ok(Self { hours, ..session.knowing(known, lease.previous) })
    }

    /// Both sides, with what is remembered of the practitioner: enough to leave.
    pub async fn leaving(engine: &'e Engine, lease: &Lease<'_>) -> Result<Self, Halt> {
        let connection = lease.connection.clone();
        let at = lease.at.clone();
        let practice = engine.practice_for(&connection).await?;
        let key = engine.vault.practice_key(&at.practice).await?;
        let account = match engine.accounts.open(&at, connection.evidence.authorised_at).await {
            // What cannot be unsealed opens nothing: signing in again replaces it.
            Err(EngineError::Vault(VaultError::Sealed { .. })) => None,
            opened => opened?,
        };
        let ehr = engine.ehrs.open(&at.practice).await.map_err(EngineError::Ehr)?;
        let now = engine.clock.now();
        let (detail, _) = detail_in_force(&practice, &connection, now);
        let days = connection.settings.window.within(practice.policy.window);
        let session = Self {
            engine,
            at,
            settings: connection.settings.clone(),
            practice,
            key,
            ehr,
            account: account.unwrap_or_else(|| Arc::new(Nobody)),
            listed: OnceLock::new(),
            known: None,
            zone: TimeZone::UTC,
            hours: None,
            detail,
            days,
            scope: scope(&connection, lease.previous, (detail, days), now, &TimeZone::UTC, &engine.pace),
            today: date_of(now, &TimeZone::UTC),
            window: days.on(date_of(now, &TimeZone::UTC), &TimeZone::UTC),
            now,
            connection,
        };
        let known = session.connection.schedule.practitioner.clone();
        Ok(session.knowing(known, lease.previous))
    }

    /// What follows from the zone: which day it is, and so the window and how far to look.
    fn knowing(self, known: Option<Known>, previous: Previous) -> Self {
        let zone =
            zone::parse(known.as_ref().and_then(|known| known.time_zone.as_deref())).unwrap_or(TimeZone::UTC);
        let today = date_of(self.now, &zone);
        let window = self.days.on(today, &zone);
        let held = (self.detail, self.days);
        let scope = scope(&self.connection, previous, held, self.now, &zone, &self.engine.pace);
        Self { known, zone, scope, today, window, ..self }
    }

    /// What the EHR says of the practitioner: kept for a day, asked anew when everything is. Where it cannot be
    /// asked, what was known goes on to hold; hours that cannot be read close nothing off.
    async fn know_practitioner(&self, lease: &mut Lease<'_>) -> (Option<Known>, Option<Hours>) {
        let connection = &self.connection;
        let known = connection.schedule.practitioner.clone();
        let wants_hours = connection.settings.block_scope == BlockScope::Hours;
        let is_fresh = known.as_ref().is_some_and(|known| known.at + KNOWN_FOR > self.now);
        let is_settled =
            connection.schedule.reconciled.is_some_and(|last| last.version == connection.version);
        let mut problems = Problems { map: &mut lease.release.problems, now: self.now };
        // What was wrong is asked for until it is right: else a day would go by.
        let is_well = !problems.has(About::Practitioner) && !problems.has(About::Schedules);
        if is_fresh && is_settled && !wants_hours && is_well {
            return (known, None);
        }
        match self.ehr.practitioner(&connection.practitioner).await {
            Ok(found) => {
                problems.clear(About::Practitioner);
                problems.clear(About::Schedules);
                let time_zone = found.time_zone.or_else(|| self.practice.time_zone_fallback.clone());
                let known = Known { at: self.now, time_zone, schedules: found.schedules };
                let lacks_zone = zone::parse(known.time_zone.as_deref()).is_none();
                if lacks_zone && connection.settings.direction == Direction::TwoWay {
                    let detail = "neither the EHR nor the practice gives a time zone";
                    problems.set(About::Practitioner, ProblemKind::TimeZoneMissing, detail);
                } else if known.schedules.is_empty() && connection.settings.direction == Direction::TwoWay {
                    let detail = "the EHR gives no schedule in which time could be closed";
                    problems.set(About::Schedules, ProblemKind::EhrRefused, detail);
                }
                // An EHR that gives no schedule is asked again by the next run, and meanwhile what was known holds.
                if known.schedules.is_empty()
                    && let Some(before) = connection.schedule.practitioner.clone()
                    && !before.schedules.is_empty()
                {
                    return (Some(before), wants_hours.then_some(found.hours));
                }
                lease.release.schedule.practitioner = Some(known.clone());
                (Some(known), wants_hours.then_some(found.hours))
            }
            Err(error) => {
                problems.set(About::Practitioner, super::ehr::problem_kind(&error), error.to_string());
                (known, None)
            }
        }
    }

    /// Learns which calendars the account owns and finds or makes the main calendar. Names nothing twice: the
    /// path of a calendar of ours follows from the practitioner and the name.
    async fn settle_calendars(&mut self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let before = self.settings.clone();
        self.make_main_calendar(lease).await?;
        if self.settings != before {
            // Known at once: whoever ends the connection during this run is to find it.
            lease.release.settled_settings = Some(self.settings.clone());
            lease.checkpoint().await?;
        }
        self.choose_blocking_calendars(lease).await?;
        if self.settings != before {
            lease.release.settled_settings = Some(self.settings.clone());
        }
        Ok(())
    }

    async fn make_main_calendar(&mut self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let MainCalendar::Create(name) = &self.settings.main_calendar else { return Ok(()) };
        let owner = CalendarId::new(self.connection.practitioner.as_str());
        let slug = format!("daybook-{}", self.key.item_digest(&owner, name));
        let made = self.account.create_calendar(name, &slug).await;
        if let Some(made) = remote(made, About::MainCalendar, self.now, lease)? {
            self.settings.main_calendar = MainCalendar::Made(CalendarRef::from(&made));
        }
        Ok(())
    }

    /// Where the clinician chose none: those that the account itself owns. Later ones are asked about, not added.
    pub async fn choose_blocking_calendars(&mut self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        if !self.reads_events() || self.settings.blocking_calendars != BlockingCalendars::Owned {
            return Ok(());
        }
        let listed = self.list_calendars().await;
        if let Some(calendars) = remote(listed, About::Account, self.now, lease)? {
            let owned = calendars.iter().filter(|calendar| calendar.owned);
            let chosen = owned.map(CalendarRef::from).collect();
            self.settings.blocking_calendars = BlockingCalendars::Chosen(chosen);
        }
        Ok(())
    }

    /// The calendars of the account: one request, however often it is asked.
    pub async fn list_calendars(&self) -> Result<&[CalendarInfo], RemoteError> {
        if let Some(listed) = self.listed.get() {
            return Ok(listed);
        }
        let listed = self.account.list_calendars().await?;
        Ok(self.listed.get_or_init(|| listed))
    }

    /// The same, where somebody has listed them a moment ago.
    pub fn having_listed(self, calendars: Option<Vec<CalendarInfo>>) -> Self {
        Self { listed: calendars.map(OnceLock::from).unwrap_or_default(), ..self }
    }

    /// The same, looking at both sides in full, for once.
    pub fn at_everything_once(mut self) -> Self {
        self.scope.reach = Reach::EverythingOnce;
        self
    }

    /// The same, looking at both sides of one stretch of time.
    pub fn at_stretch(self, window: Interval) -> Self {
        let scope = Scope { reach: Reach::Stretch, roll: Roll::None, ..self.scope };
        Self { scope, window, ..self }
    }

    pub fn reads_events(&self) -> bool {
        self.settings.direction == Direction::TwoWay && self.has_zone()
    }

    pub fn has_zone(&self) -> bool {
        zone::parse(self.known.as_ref().and_then(|known| known.time_zone.as_deref())).is_some()
    }

    pub fn main_calendar(&self) -> Option<&CalendarId> {
        self.settings.main_calendar.known().map(|calendar| &calendar.id)
    }

    /// Calendars whose events close time.
    pub fn blocking_calendars(&self) -> Vec<CalendarId> {
        match &self.settings.blocking_calendars {
            BlockingCalendars::Chosen(chosen) if self.reads_events() => {
                chosen.iter().map(|calendar| calendar.id.clone()).collect()
            }
            BlockingCalendars::Chosen(_) | BlockingCalendars::Owned => Vec::new(),
        }
    }

    /// Every calendar that is read, for its mirrors or for its events.
    pub fn read_calendars(&self) -> Vec<CalendarId> {
        let mut read = self.blocking_calendars();
        read.extend(self.main_calendar().cloned());
        read
    }

    /// Whether this run reads a calendar: all of them when it lists both sides or a day came in, else one that
    /// a signal named, whose next poll is due, or that has no cursor yet.
    pub fn is_read_now(&self, id: &CalendarId) -> bool {
        let (schedule, marks) = (&self.connection.schedule, &self.connection.signals.marks);
        let poll_is_due =
            schedule.read_at.get(id).is_none_or(|at| super::after(*at, self.poll_of(id)) <= self.now);
        self.lists()
            || self.scope.roll != Roll::None
            || marks.calendars.contains_key(id)
            || !schedule.cursors.contains_key(id)
            || poll_is_due
    }

    /// How long a calendar may go unread without being named.
    pub fn poll_of(&self, id: &CalendarId) -> std::time::Duration {
        let telling = self.connection.schedule.tellings.get(id).and_then(Telling::subscription);
        let pace = &self.engine.pace;
        let is_told = telling.is_some_and(|subscription| subscription.expires_at > self.now);
        if is_told { pace.poll_told } else { pace.poll }
    }

    /// Where appointments are mirrored. `None` while the calendar is still to be made: then nothing is planned.
    pub fn appointment_targets(&self) -> Option<Vec<Target>> {
        match &self.settings.main_calendar {
            MainCalendar::Existing(calendar) | MainCalendar::Made(calendar) => {
                Some(vec![Target::Calendar(calendar.id.clone())])
            }
            MainCalendar::None => Some(Vec::new()),
            MainCalendar::Create(_) => None,
        }
    }

    /// Where events close time. `None` while it is not known which schedules there are, or which calendars to
    /// read: then nothing is planned, and so nothing opened.
    pub fn block_targets(&self) -> Option<Vec<Target>> {
        if self.settings.direction != Direction::TwoWay {
            return Some(Vec::new());
        }
        if self.settings.blocking_calendars == BlockingCalendars::Owned {
            return None;
        }
        // No schedule at all is taken for an EHR that does not answer well, not for a reason to open everything.
        let known = self.known.as_ref().filter(|known| self.has_zone() && !known.schedules.is_empty())?;
        Some(known.schedules.iter().cloned().map(Target::Schedule).collect())
    }

    pub fn schedules(&self) -> Vec<ScheduleId> {
        self.known.as_ref().map(|known| known.schedules.clone()).unwrap_or_default()
    }

    pub fn looks_at_everything(&self) -> bool {
        matches!(self.scope.reach, Reach::EverythingOnce | Reach::Everything)
    }

    /// Whether both sides are listed, instead of asked for what changed.
    pub fn lists(&self) -> bool {
        self.scope.reach != Reach::Changes
    }

    pub fn rules(&self, lane: Lane) -> Rules {
        let reconciled = self.connection.schedule.reconciled;
        let is_same_window = reconciled.is_none_or(|last| last.window == self.days);
        let is_same_detail = reconciled.is_none_or(|last| last.detail == self.detail);
        Rules {
            window: self.window,
            aged_out: self.settings.aged_out,
            outside: if is_same_window { Outside::Follow } else { Outside::Drop },
            unseen: if is_same_detail { Unseen::Rests } else { Unseen::IsLookedAt },
            brake: self.brake(),
            version: self.connection.version,
            told: match lane {
                Lane::Appointments => self.detail,
                Lane::Busy => Detail::Busy,
            },
            now: self.now,
        }
    }

    /// A person's yes holds for the run that it asks for, and for an hour at most.
    fn brake(&self) -> BrakeRule {
        let Some(released) = self.connection.evidence.brake_released_at else { return BrakeRule::Armed };
        let is_fresh = released + RELEASE_HOLDS_FOR > self.now;
        let is_used = self.connection.schedule.reconciled.is_some_and(|last| last.at >= released);
        if is_fresh && !is_used { BrakeRule::Released } else { BrakeRule::Armed }
    }
}

/// Turns what a provider refused into a problem; only refused credentials end the run.
pub(crate) fn remote<T>(
    result: Result<T, RemoteError>,
    about: About<'_>,
    now: Timestamp,
    lease: &mut Lease<'_>,
) -> Result<Option<T>, Halt> {
    let mut problems = Problems { map: &mut lease.release.problems, now };
    match result {
        Ok(value) => {
            problems.clear(about);
            Ok(Some(value))
        }
        Err(RemoteError::Refused { .. }) => Err(Halt::Refused),
        Err(error) => {
            tracing::warn!(?about, error = %error, "a calendar could not be used");
            problems.set(about, calendar_problem(&error), error.to_string());
            Ok(None)
        }
    }
}

pub(crate) fn calendar_problem(error: &RemoteError) -> ProblemKind {
    match error {
        RemoteError::Missing { .. } => ProblemKind::CalendarMissing,
        RemoteError::Forbidden { .. } => ProblemKind::CalendarReadOnly,
        RemoteError::Refused { .. } => ProblemKind::CredentialsRefused,
        RemoteError::Rejected { .. } => ProblemKind::ItemsRejected,
        RemoteError::Unconfigured { .. } => ProblemKind::ProviderMisconfigured,
        RemoteError::Later { .. }
        | RemoteError::CursorLost { .. }
        | RemoteError::Conflict { .. }
        | RemoteError::Unintelligible { .. } => ProblemKind::CalendarUnreachable,
    }
}
