//! The parts of a connection that are kept as JSON: settings, the schedule's rest, progress and problems.
//! Fields are only ever added, with a default.

use std::collections::BTreeMap;

use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, CalendarRef, Direction, Known, MainCalendar, Problem,
    ProblemKind, Progress, Reconciled, Schedule, Settings, Start,
};
use daybook_core::detail::Detail;
use daybook_core::ids::CalendarId;
use daybook_core::subscription::{Subscription, Telling};
use daybook_core::window::WindowDays;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::item::Broken;

#[derive(Serialize, Deserialize)]
pub struct SettingsRow {
    #[serde(with = "crate::words")]
    direction: Direction,
    past_days: u16,
    future_days: u16,
    #[serde(with = "crate::words")]
    detail: Detail,
    main_calendar: MainRow,
    /// The existing main calendar is one that we made. Beside it, so that an older program reads the row too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    main_calendar_made: bool,
    /// Absent: those that the account owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocking_calendars: Option<Vec<CalendarRow>>,
    #[serde(with = "crate::words")]
    aged_out: AgedOut,
    #[serde(with = "crate::words")]
    block_scope: BlockScope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reminder_minutes: Option<u32>,
    #[serde(with = "crate::words")]
    start: Start,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MainRow {
    Existing(CalendarRow),
    Create(String),
    None,
}

#[derive(Serialize, Deserialize)]
struct CalendarRow {
    id: String,
    name: String,
}

impl From<&CalendarRef> for CalendarRow {
    fn from(calendar: &CalendarRef) -> Self {
        Self { id: calendar.id.to_string(), name: calendar.name.clone() }
    }
}

impl From<CalendarRow> for CalendarRef {
    fn from(row: CalendarRow) -> Self {
        Self { id: row.id.as_str().into(), name: row.name }
    }
}

impl From<&Settings> for SettingsRow {
    fn from(settings: &Settings) -> Self {
        Self {
            direction: settings.direction,
            past_days: settings.window.past_days(),
            future_days: settings.window.future_days(),
            detail: settings.detail,
            main_calendar: match &settings.main_calendar {
                MainCalendar::Existing(calendar) | MainCalendar::Made(calendar) => {
                    MainRow::Existing(calendar.into())
                }
                MainCalendar::Create(name) => MainRow::Create(name.clone()),
                MainCalendar::None => MainRow::None,
            },
            main_calendar_made: matches!(settings.main_calendar, MainCalendar::Made(_)),
            blocking_calendars: match &settings.blocking_calendars {
                BlockingCalendars::Owned => None,
                BlockingCalendars::Chosen(chosen) => Some(chosen.iter().map(CalendarRow::from).collect()),
            },
            aged_out: settings.aged_out,
            block_scope: settings.block_scope,
            reminder_minutes: settings.reminder_minutes,
            start: settings.start,
        }
    }
}

impl TryFrom<SettingsRow> for Settings {
    type Error = Broken;

    fn try_from(row: SettingsRow) -> Result<Self, Broken> {
        let window = WindowDays::new(row.past_days.into(), row.future_days.into());
        Ok(Self {
            direction: row.direction,
            window: window.ok_or(Broken::Attribute("settings"))?,
            detail: row.detail,
            main_calendar: match row.main_calendar {
                MainRow::Existing(calendar) if row.main_calendar_made => MainCalendar::Made(calendar.into()),
                MainRow::Existing(calendar) => MainCalendar::Existing(calendar.into()),
                MainRow::Create(name) => MainCalendar::Create(name),
                MainRow::None => MainCalendar::None,
            },
            blocking_calendars: match row.blocking_calendars {
                None => BlockingCalendars::Owned,
                Some(chosen) => {
                    BlockingCalendars::Chosen(chosen.into_iter().map(CalendarRef::from).collect())
                }
            },
            aged_out: row.aged_out,
            block_scope: row.block_scope,
            reminder_minutes: row.reminder_minutes,
            start: row.start,
        })
    }
}

/// The schedule without its cursors and the time at which it is due, which are attributes of their own.
#[derive(Serialize, Deserialize)]
pub struct ScheduleRow {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    read_at: BTreeMap<String, Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tellings: BTreeMap<String, TellingRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rolled_to: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reconciled: Option<ReconciledRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    practitioner: Option<KnownRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owing_at: Option<Timestamp>,
    #[serde(default)]
    failures: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TellingRow {
    Subscribed(SubscriptionRow),
    Refused { ask_again_at: Timestamp },
}

#[derive(Serialize, Deserialize)]
struct SubscriptionRow {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    opened_at: Timestamp,
    expires_at: Timestamp,
}

impl From<&Telling> for TellingRow {
    fn from(telling: &Telling) -> Self {
        match telling {
            Telling::Subscribed(subscription) => TellingRow::Subscribed(SubscriptionRow {
                id: subscription.id.to_string(),
                resource: subscription.resource.clone(),
                opened_at: subscription.opened_at,
                expires_at: subscription.expires_at,
            }),
            Telling::Refused { ask_again_at } => TellingRow::Refused { ask_again_at: *ask_again_at },
        }
    }
}

impl From<TellingRow> for Telling {
    fn from(row: TellingRow) -> Self {
        match row {
            TellingRow::Subscribed(row) => Telling::Subscribed(Subscription {
                id: row.id.as_str().into(),
                resource: row.resource,
                opened_at: row.opened_at,
                expires_at: row.expires_at,
            }),
            TellingRow::Refused { ask_again_at } => Telling::Refused { ask_again_at },
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ReconciledRow {
    at: Timestamp,
    version: u64,
    #[serde(with = "crate::words")]
    detail: Detail,
    past_days: u16,
    future_days: u16,
}

impl From<Reconciled> for ReconciledRow {
    fn from(last: Reconciled) -> Self {
        let (past_days, future_days) = (last.window.past_days(), last.window.future_days());
        Self { at: last.at, version: last.version, detail: last.detail, past_days, future_days }
    }
}

impl ReconciledRow {
    /// `None` where the window is none: then everything is compared anew.
    fn into_reconciled(self) -> Option<Reconciled> {
        let window = WindowDays::new(self.past_days.into(), self.future_days.into())?;
        Some(Reconciled { at: self.at, version: self.version, detail: self.detail, window })
    }
}

#[derive(Serialize, Deserialize)]
struct KnownRow {
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    schedules: Vec<String>,
}

impl From<&Schedule> for ScheduleRow {
    fn from(schedule: &Schedule) -> Self {
        Self {
            read_at: schedule.read_at.iter().map(|(calendar, at)| (calendar.to_string(), *at)).collect(),
            tellings: schedule
                .tellings
                .iter()
                .map(|(calendar, telling)| (calendar.to_string(), telling.into()))
                .collect(),
            rolled_to: schedule.rolled_to,
            reconciled: schedule.reconciled.map(ReconciledRow::from),
            practitioner: schedule.practitioner.as_ref().map(|known| KnownRow {
                at: known.at,
                time_zone: known.time_zone.clone(),
                schedules: known.schedules.iter().map(ToString::to_string).collect(),
            }),
            owing_at: schedule.owing_at,
            failures: schedule.failures,
        }
    }
}

impl ScheduleRow {
    /// What the schedule says without its cursors and the time at which it is due.
    pub fn into_schedule(self) -> Schedule {
        let calendar = |id: String| CalendarId::new(id);
        Schedule {
            read_at: self.read_at.into_iter().map(|(id, at)| (calendar(id), at)).collect(),
            tellings: self.tellings.into_iter().map(|(id, row)| (calendar(id), row.into())).collect(),
            rolled_to: self.rolled_to,
            reconciled: self.reconciled.and_then(ReconciledRow::into_reconciled),
            practitioner: self.practitioner.map(|known| Known {
                at: known.at,
                time_zone: known.time_zone,
                schedules: known.schedules.iter().map(|id| id.as_str().into()).collect(),
            }),
            owing_at: self.owing_at,
            failures: self.failures,
            ..Schedule::default()
        }
    }
}

#[derive(Serialize, Deserialize)]
pub struct ProgressRow {
    done: u64,
    total: u64,
}

impl From<Progress> for ProgressRow {
    fn from(progress: Progress) -> Self {
        Self { done: progress.done, total: progress.total }
    }
}

impl From<ProgressRow> for Progress {
    fn from(row: ProgressRow) -> Self {
        Self { done: row.done, total: row.total }
    }
}

#[derive(Serialize, Deserialize)]
pub struct ProblemRow {
    #[serde(with = "crate::words")]
    kind: ProblemKind,
    detail: String,
    since: Timestamp,
}

pub fn problem_rows(problems: &BTreeMap<String, Problem>) -> BTreeMap<&str, ProblemRow> {
    let row = |problem: &Problem| ProblemRow {
        kind: problem.kind,
        detail: problem.detail.clone(),
        since: problem.since,
    };
    problems.iter().map(|(source, problem)| (source.as_str(), row(problem))).collect()
}

impl From<ProblemRow> for Problem {
    fn from(row: ProblemRow) -> Self {
        Self { kind: row.kind, detail: row.detail, since: row.since }
    }
}
