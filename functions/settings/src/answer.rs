//! What the API tells of connections, calendars and previews: wire types only, built from the engine's views.

use daybook_core::connection::{
    BlockingCalendars, CalendarRef, Connection, MainCalendar, Problem, ProblemKind, Settings,
    State as ConnectionState,
};
use daybook_core::detail::Cap;
use daybook_engine::ports::{CalendarInfo, Counts};
use daybook_engine::preview::{LanePreview, Preview};
use daybook_engine::view::View;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::Serialize;
use utoipa::ToSchema;

use crate::words::{AgedOut, BlockScope, Detail, Direction, Provider, Start, State};

/// One page of a list; `next` is reserved for longer ones.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

impl<T> List<T> {
    pub fn of(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// A connection, all of what may be known of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Connection)]
pub(crate) struct ConnectionAnswer {
    id: String,
    practitioner_id: String,
    provider: Provider,
    /// How the account is called at the provider; `null` until signed in.
    account: Option<String>,
    direction: Direction,
    window: Window,
    detail: Detail,
    /// What is in force; `effective_detail_reason` says why it is less than was chosen.
    effective_detail: Detail,
    effective_detail_reason: Option<&'static str>,
    /// `null`: nothing is written. Its `id` is `null` until the calendar is made.
    main_calendar: Option<CalendarName>,
    blocking_calendars: Vec<CalendarName>,
    aged_out: AgedOut,
    block_scope: BlockScope,
    reminder_minutes: Option<u32>,
    start: Start,
    state: State,
    /// No signal received so far is waiting or running.
    settled: bool,
    progress: ProgressAnswer,
    counts: CountsAnswer,
    /// How many events still tell more than `effective_detail`.
    above_detail: u64,
    /// RFC 3339.
    last_synced_at: Option<String>,
    next_sync_at: Option<String>,
    problems: Vec<ProblemAnswer>,
    /// Where the clinician signs in: our page, for one browser, once, for ten minutes. There only while signing in
    /// is what the connection waits for, and made anew with each answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorise_url: Option<String>,
    created_at: String,
    /// The version of the settings, as in `ETag`.
    version: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Window {
    past_days: u16,
    future_days: u16,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CalendarName {
    id: Option<String>,
    name: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Progress)]
pub(crate) struct ProgressAnswer {
    done: u64,
    total: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Counts)]
pub(crate) struct CountsAnswer {
    mirrored_events: u64,
    busy_blocks: u64,
    owing: u64,
}

/// Something that a person should know about a connection.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionProblem)]
pub(crate) struct ProblemAnswer {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    detail: String,
    since: String,
}

/// A calendar of the account.
#[expect(clippy::struct_excessive_bools, reason = "the API tells four independent facts")]
#[derive(Serialize, ToSchema)]
#[schema(as = Calendar)]
pub(crate) struct CalendarAnswer {
    id: String,
    name: String,
    /// IANA name.
    time_zone: Option<String>,
    writable: bool,
    owned: bool,
    primary: bool,
    shared: bool,
}

/// What a sync would do.
#[derive(Serialize, ToSchema)]
#[schema(as = Preview)]
pub(crate) struct PreviewAnswer {
    appointments: LaneAnswer,
    blocks: LaneAnswer,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PreviewLane)]
pub(crate) struct LaneAnswer {
    create: u64,
    change: u64,
    delete: u64,
}

impl From<View> for ConnectionAnswer {
    fn from(view: View) -> Self {
        let View {
            connection,
            state,
            effective_detail,
            effective_detail_reason,
            counts,
            above_detail,
            authorise_url,
            is_review_due: _,
            put_back: _,
        } = view;
        let next_sync_at = next_sync(&connection, state);
        let Settings { direction, window, detail, aged_out, block_scope, reminder_minutes, start, .. } =
            connection.settings;
        Self {
            id: connection.id.to_string(),
            practitioner_id: connection.practitioner.to_string(),
            provider: connection.provider.into(),
            account: connection.account.map(|account| account.label),
            direction: direction.into(),
            window: Window { past_days: window.past_days(), future_days: window.future_days() },
            detail: detail.into(),
            effective_detail: effective_detail.into(),
            effective_detail_reason: effective_detail_reason.map(reason),
            main_calendar: main_calendar(connection.settings.main_calendar),
            blocking_calendars: blocking_calendars(connection.settings.blocking_calendars),
            aged_out: aged_out.into(),
            block_scope: block_scope.into(),
            reminder_minutes,
            start: start.into(),
            state: state.into(),
            settled: connection.signals.settled(),
            progress: connection.progress.map_or(ProgressAnswer { done: 0, total: 0 }, |progress| {
                ProgressAnswer { done: progress.done, total: progress.total }
            }),
            counts: counts.into(),
            above_detail,
            last_synced_at: connection.evidence.last_synced_at.map(time),
            next_sync_at,
            problems: connection.problems.into_values().map(Into::into).collect(),
            authorise_url,
            created_at: time(connection.evidence.created_at),
            version: connection.version,
        }
    }
}

impl From<Counts> for CountsAnswer {
    fn from(counts: Counts) -> Self {
        let Counts { mirrored_events, busy_blocks, owing } = counts;
        Self { mirrored_events, busy_blocks, owing }
    }
}

impl From<Problem> for ProblemAnswer {
    fn from(problem: Problem) -> Self {
        let (name, title) = entry(problem.kind);
        Self { kind: format!("/problems/{name}"), title, detail: problem.detail, since: time(problem.since) }
    }
}

impl From<CalendarInfo> for CalendarAnswer {
    fn from(calendar: CalendarInfo) -> Self {
        Self {
            id: calendar.id.to_string(),
            name: calendar.name,
            time_zone: calendar.time_zone,
            writable: calendar.writable,
            owned: calendar.owned,
            primary: calendar.primary,
            shared: calendar.shared,
        }
    }
}

impl From<Preview> for PreviewAnswer {
    fn from(preview: Preview) -> Self {
        Self { appointments: preview.appointments.into(), blocks: preview.blocks.into() }
    }
}

impl From<LanePreview> for LaneAnswer {
    fn from(lane: LanePreview) -> Self {
        Self { create: lane.create, change: lane.change, delete: lane.delete }
    }
}

fn main_calendar(main: MainCalendar) -> Option<CalendarName> {
    match main {
        MainCalendar::Existing(calendar) | MainCalendar::Made(calendar) => Some(named(calendar)),
        MainCalendar::Create(name) => Some(CalendarName { id: None, name }),
        MainCalendar::None => None,
    }
}

fn blocking_calendars(blocking: BlockingCalendars) -> Vec<CalendarName> {
    match blocking {
        BlockingCalendars::Owned => Vec::new(),
        BlockingCalendars::Chosen(calendars) => calendars.into_iter().map(named).collect(),
    }
}

fn named(calendar: CalendarRef) -> CalendarName {
    CalendarName { id: Some(calendar.id.to_string()), name: calendar.name }
}

/// A connection that rests has no next sync.
fn next_sync(connection: &Connection, state: ConnectionState) -> Option<String> {
    match state {
        ConnectionState::Syncing | ConnectionState::Active | ConnectionState::Disconnecting => {
            connection.schedule.due_at.map(time)
        }
        ConnectionState::Authorising
        | ConnectionState::Ready
        | ConnectionState::ReconnectRequired
        | ConnectionState::Paused
        | ConnectionState::Disconnected => None,
    }
}

pub(crate) fn reason(cap: Cap) -> &'static str {
    match cap {
        Cap::Practice => "the practice's policy allows no more",
        Cap::Part2 => {
            "the practice treats substance use disorders (42 CFR Part 2): no more may leave the EHR"
        }
        Cap::Account => "no agreement can cover patient data with such an account",
        Cap::NoAgreement => {
            "no agreement about patient data is attested for this account's domain; the practice's administrator can"
        }
        Cap::AgreementOver => {
            "the attestation for this account's domain is over; the practice's administrator can renew it"
        }
        Cap::SharedCalendar => "others see the main calendar",
        Cap::PublicCalendar => "anybody sees the main calendar",
        Cap::UnknownAudience => "nobody can tell who sees the main calendar",
        Cap::NotAllowed => "the practice no longer allows such accounts",
        Cap::Feed => "whoever has a feed's address can read it, so it tells no more",
    }
}

/// What a problem is called, by somebody whom it does not concern.
pub(crate) fn title(kind: ProblemKind) -> &'static str {
    entry(kind).1
}

/// The last part of the `type` and the title for people.
fn entry(kind: ProblemKind) -> (&'static str, &'static str) {
    match kind {
        ProblemKind::CredentialsRefused => {
            ("credentials-refused", "The calendar's provider refuses the credentials")
        }
        ProblemKind::CalendarUnreachable => ("calendar-unreachable", "The calendar server does not answer"),
        ProblemKind::CalendarMissing => ("calendar-missing", "A calendar is no longer there"),
        ProblemKind::CalendarReadOnly => ("calendar-read-only", "The main calendar may not be written"),
        ProblemKind::EhrUnreachable => ("ehr-unreachable", "The EHR does not answer"),
        ProblemKind::EhrRefused => ("ehr-refused", "The EHR refuses our credentials"),
        ProblemKind::BrakeEngaged => ("brake-engaged", "Unusually many deletions wait for a yes"),
        ProblemKind::ItemsUnreadable => ("items-unreadable", "Some items cannot be understood"),
        ProblemKind::ItemsRejected => ("items-rejected", "Some items were not accepted"),
        ProblemKind::TimeZoneMissing => ("time-zone-missing", "No time zone is known"),
        ProblemKind::FreeAllDay => ("free-all-day", "An all-day event is marked as free"),
        ProblemKind::LeftBehind => ("left-behind", "Some of our events could not be removed"),
        ProblemKind::PermissionMissing => ("permission-missing", "The settings need a further permission"),
        ProblemKind::NotAllowed => ("not-allowed", "The practice does not allow this account"),
        ProblemKind::ProviderMisconfigured => {
            ("provider-misconfigured", "The provider does not accept this deployment")
        }
        ProblemKind::MirrorParked => {
            ("mirror-parked", "An appointment is not where it should be in the calendar")
        }
    }
}

/// RFC 3339, whole seconds, never later than it was.
pub(crate) fn time(at: Timestamp) -> String {
    let whole = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor);
    at.round(whole).unwrap_or(at).to_string()
}
