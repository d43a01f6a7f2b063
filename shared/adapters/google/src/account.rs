//! One signed-in Google account: its calendars, and making and deleting one of ours. What stands in a calendar is
//! [`crate::calendar`]'s business.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::ids::CalendarId;
use daybook_core::policy::Onlooker;
use daybook_core::time::Interval;
use daybook_engine::ports::{Account, BusyTimes, Calendar, CalendarInfo, RemoteError, Subscribing};

use crate::calendar::GoogleCalendar;
use crate::session::Session;
use crate::wire::calendars::{CalendarEntry, DeleteCalendar, MakeCalendar};
use crate::wire::sharing::ListSharing;

pub struct GoogleAccount {
    pub session: Arc<Session>,
}

#[async_trait]
impl Account for GoogleAccount {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError> {
        let entries = self.session.list_entries().await?;
        let account = primary(&entries).map(|entry| entry.id.clone());
        Ok(entries.into_iter().map(|entry| info(entry, account.as_deref())).collect())
    }

    async fn create_calendar(&self, name: &str, slug: &str) -> Result<CalendarInfo, RemoteError> {
        let entries = self.session.list_entries().await?;
        let account = primary(&entries).map(|entry| entry.id.clone());
        if let Some(ours) = entries.iter().find(|entry| is_made_as(entry, slug)) {
            return Ok(info(ours.clone(), account.as_deref()));
        }
        let time_zone = primary(&entries).and_then(|entry| entry.time_zone.as_deref());
        let description = format!("Kept by Daybook. {}", mark(slug));
        let made = self.session.ask(&MakeCalendar { name, description: &description, time_zone }).await?;
        let ours = CalendarEntry { access_role: Some(OWNER.into()), primary: None, ..made };
        Ok(info(ours, account.as_deref()))
    }

    /// With the permission for calendars that we made, Google lets us delete those alone.
    async fn delete_calendar(&self, id: &CalendarId) -> Result<(), RemoteError> {
        self.session.ask(&DeleteCalendar { calendar: id.as_str() }).await
    }

    async fn onlookers(&self, id: &CalendarId) -> Result<Option<Vec<Onlooker>>, RemoteError> {
        self.session.ask(&ListSharing { calendar: id.as_str() }).await
    }

    fn calendar(&self, id: &CalendarId) -> Arc<dyn Calendar> {
        Arc::new(GoogleCalendar { session: self.session.clone(), id: id.as_str().to_owned() })
    }

    fn subscriptions(&self) -> Option<&dyn Subscribing> {
        Some(self)
    }

    async fn busy_times(
        &self,
        calendars: &[CalendarId],
        within: Interval,
    ) -> Result<Option<BusyTimes>, RemoteError> {
        self.ask_busy_times(calendars, within).await
    }
}

const OWNER: &str = "owner";

/// Tells a calendar that we made from others of its name.
fn mark(slug: &str) -> String {
    format!("daybook:{slug}")
}

fn is_made_as(entry: &CalendarEntry, slug: &str) -> bool {
    let mark = mark(slug);
    let described = entry.description.as_deref().unwrap_or_default();
    entry.access_role.as_deref() == Some(OWNER) && described.split_whitespace().any(|word| word == mark)
}

fn primary(entries: &[CalendarEntry]) -> Option<&CalendarEntry> {
    entries.iter().find(|entry| entry.primary == Some(true))
}

/// `account` is the address behind the account, where it is known.
fn info(entry: CalendarEntry, account: Option<&str>) -> CalendarInfo {
    let owned = is_owned(&entry, account);
    let role = entry.access_role.as_deref().unwrap_or_default();
    CalendarInfo {
        writable: matches!(role, OWNER | "writer" | "writerWithoutPrivateAccess"),
        owned,
        primary: entry.primary == Some(true),
        shared: !owned,
        name: entry.summary_override.or(entry.summary).unwrap_or_else(|| entry.id.clone()),
        time_zone: entry.time_zone,
        id: CalendarId::new(entry.id),
    }
}

/// Holidays, birthdays and imported calendars are nobody's; a calendar with several owners is its data owner's.
fn is_owned(entry: &CalendarEntry, account: Option<&str>) -> bool {
    let is_foreign = match (entry.data_owner.as_deref(), account) {
        (Some(owner), Some(account)) => owner != account,
        _ => false,
    };
    let is_subscribed = ["@group.v.calendar.google.com", "@import.calendar.google.com"]
        .into_iter()
        .any(|ending| entry.id.ends_with(ending));
    entry.access_role.as_deref() == Some(OWNER) && !is_subscribed && !is_foreign
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn e_013_which_calendars_are_whose() {
        let entry = |id: &str, role: &str, owner: Option<&str>| CalendarEntry {
            id: id.into(),
            summary: Some("Work".into()),
            summary_override: None,
            description: None,
            time_zone: None,
            access_role: Some(role.into()),
            primary: None,
            deleted: None,
            data_owner: owner.map(str::to_owned),
        };
        for (id, role, owner, owned, writable) in [
            ("ada@example.org", "owner", None, true, true),
            ("c_1@group.calendar.google.com", "owner", Some("ada@example.org"), true, true),
            ("c_1@group.calendar.google.com", "owner", Some("eve@example.org"), false, true),
            ("c_2@group.calendar.google.com", "writer", None, false, true),
            ("c_2@group.calendar.google.com", "writerWithoutPrivateAccess", None, false, true),
            ("c_3@group.calendar.google.com", "reader", None, false, false),
            ("c_4@group.calendar.google.com", "freeBusyReader", None, false, false),
            ("en.german#holiday@group.v.calendar.google.com", "reader", None, false, false),
            ("addressbook#contacts@group.v.calendar.google.com", "owner", None, false, true),
            ("c_5@group.calendar.google.com", "somethingNew", None, false, false),
        ] {
            let found = info(entry(id, role, owner), Some("ada@example.org"));
            assert_eq!((found.owned, found.writable, found.shared), (owned, writable, !owned), "{id} {role}");
        }
    }
}
