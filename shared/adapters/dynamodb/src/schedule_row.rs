//! The worker's plans, kept as JSON: what was read when, how changes are told, what is due. Fields are only ever
//! added, with a default. Cursors and the time at which a connection is due are attributes of their own.

use std::collections::BTreeMap;

use daybook_core::connection::{CalendarRef, Known, Onlookers, Reconciled, Schedule};
use daybook_core::detail::Detail;
use daybook_core::ids::CalendarId;
use daybook_core::policy::Audience;
use daybook_core::subscription::{Subscription, Telling};
use daybook_core::window::WindowDays;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::settings_row::CalendarRow;

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
    onlookers: Option<OnlookersRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    known_calendars: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    new_calendars: Vec<CalendarRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owing_at: Option<Timestamp>,
    #[serde(default)]
    failures: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TellingRow {
    Subscribed(SubscriptionRow),
    Held { subscription: SubscriptionRow, ask_again_at: Timestamp },
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

impl From<&Subscription> for SubscriptionRow {
    fn from(subscription: &Subscription) -> Self {
        Self {
            id: subscription.id.to_string(),
            resource: subscription.resource.clone(),
            opened_at: subscription.opened_at,
            expires_at: subscription.expires_at,
        }
    }
}

impl From<SubscriptionRow> for Subscription {
    fn from(row: SubscriptionRow) -> Self {
        Self {
            id: row.id.as_str().into(),
            resource: row.resource,
            opened_at: row.opened_at,
            expires_at: row.expires_at,
        }
    }
}

impl From<&Telling> for TellingRow {
    fn from(telling: &Telling) -> Self {
        match telling {
            Telling::Subscribed(subscription) => TellingRow::Subscribed(subscription.into()),
            Telling::Held { subscription, ask_again_at } => {
                TellingRow::Held { subscription: subscription.into(), ask_again_at: *ask_again_at }
            }
            Telling::Refused { ask_again_at } => TellingRow::Refused { ask_again_at: *ask_again_at },
        }
    }
}

impl From<TellingRow> for Telling {
    fn from(row: TellingRow) -> Self {
        match row {
            TellingRow::Subscribed(row) => Telling::Subscribed(row.into()),
            TellingRow::Held { subscription, ask_again_at } => {
                Telling::Held { subscription: subscription.into(), ask_again_at }
            }
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

#[derive(Serialize, Deserialize)]
struct OnlookersRow {
    calendar: String,
    #[serde(with = "crate::words")]
    audience: Audience,
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
            onlookers: schedule.onlookers.as_ref().map(|onlookers| OnlookersRow {
                calendar: onlookers.calendar.to_string(),
                audience: onlookers.audience,
            }),
            known_calendars: schedule.known_calendars.iter().map(ToString::to_string).collect(),
            new_calendars: schedule.new_calendars.iter().map(CalendarRow::from).collect(),
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
            onlookers: self
                .onlookers
                .map(|row| Onlookers { calendar: row.calendar.as_str().into(), audience: row.audience }),
            known_calendars: self.known_calendars.into_iter().map(calendar).collect(),
            new_calendars: self.new_calendars.into_iter().map(CalendarRef::from).collect(),
            owing_at: self.owing_at,
            failures: self.failures,
            ..Schedule::default()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn what_older_and_newer_programs_wrote_is_read() {
        let read = |text: &str| serde_json::from_str::<ScheduleRow>(text).unwrap().into_schedule();
        assert_eq!(read("{}"), Schedule::default());
        let older = r#"{"rolled_to":"2026-05-06","owing_at":"1970-01-01T00:00:15Z","failures":3}"#;
        let expected = Schedule {
            rolled_to: Some("2026-05-06".parse().unwrap()),
            owing_at: Some(Timestamp::from_second(15).unwrap()),
            failures: 3,
            ..Schedule::default()
        };
        assert_eq!(read(older), expected);
        let newer = r#"{"tellings":{"b":{"subscribed":{"id":"s","opened_at":"1970-01-01T00:00:01Z",
            "expires_at":"1970-01-01T00:00:02Z","more":1}}},"more":{}}"#;
        let schedule = read(newer);
        assert_eq!(schedule.tellings[&"b".into()].subscription().unwrap().id, "s".into());
    }
}
