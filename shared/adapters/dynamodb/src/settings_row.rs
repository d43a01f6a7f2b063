//! The parts of a connection that people see, kept as JSON: settings, progress and problems.
//! Fields are only ever added, with a default; an older program must be able to read what is written here.

use std::collections::BTreeMap;

use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, CalendarRef, Direction, MainCalendar, Problem, ProblemKind,
    Progress, Settings, Start,
};
use daybook_core::detail::Detail;
use daybook_core::window::WindowDays;
use jiff::Timestamp;
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
pub struct CalendarRow {
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
    /// Older programs count nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    since: Timestamp,
}

pub fn problem_rows(problems: &BTreeMap<String, Problem>) -> BTreeMap<&str, ProblemRow> {
    let row = |problem: &Problem| ProblemRow {
        kind: problem.kind,
        detail: problem.detail.clone(),
        count: problem.count,
        since: problem.since,
    };
    problems.iter().map(|(source, problem)| (source.as_str(), row(problem))).collect()
}

impl From<ProblemRow> for Problem {
    fn from(row: ProblemRow) -> Self {
        Self { kind: row.kind, detail: row.detail, count: row.count, since: row.since }
    }
}
