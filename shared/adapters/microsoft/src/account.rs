//! One signed-in account: its calendars, and making one of ours. What stands in a calendar is [`crate::calendar`]'s
//! business.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::ids::CalendarId;
use daybook_engine::ports::{self, Account, CalendarInfo, RemoteError, Subscribing};

use crate::calendar::MicrosoftCalendar;
use crate::session::Session;
use crate::wire::Operation;
use crate::wire::calendars::{Calendar, CreateCalendar, Created, ListCalendars};

/// Pages of 100 calendars.
const MAX_PAGES: usize = 50;

pub struct MicrosoftAccount {
    pub session: Arc<Session>,
}

#[async_trait]
impl Account for MicrosoftAccount {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError> {
        let mut request = ListCalendars::first();
        let mut calendars = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = self.session.ask(&request).await?;
            calendars.extend(page.value);
            let Some(next) = page.next else { break };
            request.target = self.session.follow(&next, &request.what())?;
        }
        Ok(infos(calendars))
    }

    /// Graph keeps no word of ours beside a calendar's name: ours is the one that bears it.
    async fn create_calendar(&self, name: &str, _slug: &str) -> Result<CalendarInfo, RemoteError> {
        let request = CreateCalendar { name };
        match self.session.ask(&request).await? {
            Created::Now(calendar) => Ok(made(calendar)),
            Created::Before => {
                let bears_it =
                    |info: &CalendarInfo| info.owned && info.name.trim().eq_ignore_ascii_case(name.trim());
                let unseen = || RemoteError::Forbidden { what: request.what() };
                self.list_calendars().await?.into_iter().find(bears_it).ok_or_else(unseen)
            }
        }
    }

    fn calendar(&self, id: &CalendarId) -> Arc<dyn ports::Calendar> {
        Arc::new(MicrosoftCalendar { session: self.session.clone(), id: id.clone() })
    }

    fn subscriptions(&self) -> Option<&dyn Subscribing> {
        Some(self)
    }
}

fn infos(calendars: Vec<Calendar>) -> Vec<CalendarInfo> {
    let own = calendars.iter().find(|calendar| calendar.is_default == Some(true)).and_then(address);
    calendars.into_iter().map(|calendar| info(calendar, own.as_deref())).collect()
}

/// `own` is the account's own address, which its default calendar tells. Holidays and birthdays are owned by nobody:
/// they cannot be edited.
fn info(calendar: Calendar, own: Option<&str>) -> CalendarInfo {
    let is_ours = match (address(&calendar), own) {
        (Some(owner), Some(own)) => owner == own,
        _ => calendar.can_share == Some(true),
    };
    let writable = calendar.can_edit == Some(true);
    CalendarInfo {
        id: CalendarId::new(calendar.id),
        name: calendar.name,
        time_zone: None,
        writable,
        owned: is_ours && writable,
        primary: calendar.is_default == Some(true),
        shared: !is_ours,
    }
}

fn made(calendar: Calendar) -> CalendarInfo {
    CalendarInfo { writable: true, owned: true, shared: false, ..info(calendar, None) }
}

fn address(calendar: &Calendar) -> Option<String> {
    Some(calendar.owner.as_ref()?.address.as_ref()?.trim().to_ascii_lowercase())
}
