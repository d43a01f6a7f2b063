//! One signed-in account: its calendars, and making and deleting one of ours. What stands in a calendar is [`crate::calendar`]'s
//! business.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::ids::CalendarId;
use daybook_core::policy::Onlooker;
use daybook_engine::ports::{self, Account, CalendarInfo, RemoteError, Subscribing};

use crate::calendar::MicrosoftCalendar;
use crate::session::Session;
use crate::wire::Operation;
use crate::wire::calendars::{
    Calendar, CreateCalendar, Created, DeleteCalendar, HoldsOnlyOurs, ListCalendars,
};

use crate::wire::sharing::ListSharing;

/// Pages of 100 calendars.
const MAX_PAGES: usize = 50;

pub struct MicrosoftAccount {
    pub session: Arc<Session>,
}

#[async_trait]
impl Account for MicrosoftAccount {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError> {
        Ok(infos(self.pages(ListCalendars::first()).await?).into_iter().map(|(info, _)| info).collect())
    }

    /// Ours is the one that bears our mark, whatever it is called by now. A person's own of the same name stays
    /// theirs.
    async fn create_calendar(&self, name: &str, slug: &str) -> Result<CalendarInfo, RemoteError> {
        let (calendars, mut marks) = self.list_with_marks().await?;
        let bears_mark =
            |(info, mark): &&(CalendarInfo, Option<String>)| info.owned && mark.as_deref() == Some(slug);
        if let Some((ours, _)) = calendars.iter().find(bears_mark) {
            return Ok(ours.clone());
        }
        let names = [name.to_owned(), format!("{name} (Daybook)")];
        for name in &names {
            if let Created::Now(calendar) = self.make(name, slug, &mut marks).await? {
                return Ok(made(calendar));
            }
            if marks == Marks::Dropped
                && let Some(ours) = self.find_by_content(name, &calendars).await?
            {
                return Ok(ours);
            }
        }
        // Marks may be dropped without a word.
        for name in &names {
            if let Some(ours) = self.find_by_content(name, &calendars).await? {
                return Ok(ours);
            }
        }
        Err(RemoteError::Forbidden { what: "a calendar of our own: its names are taken".into() })
    }

    /// It goes to the deleted items, from where its owner can take it back.
    async fn delete_calendar(&self, id: &CalendarId) -> Result<(), RemoteError> {
        self.session.ask(&DeleteCalendar { calendar: id }).await
    }

    async fn onlookers(&self, id: &CalendarId) -> Result<Option<Vec<Onlooker>>, RemoteError> {
        self.session.ask(&ListSharing { calendar: id }).await
    }

    fn calendar(&self, id: &CalendarId) -> Arc<dyn ports::Calendar> {
        Arc::new(MicrosoftCalendar { session: self.session.clone(), id: id.clone() })
    }

    fn subscriptions(&self) -> Option<&dyn Subscribing> {
        Some(self)
    }
}

/// Whether the server keeps what we write beside a calendar's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Marks {
    Kept,
    Dropped,
}

impl MicrosoftAccount {
    async fn pages(&self, mut request: ListCalendars) -> Result<Vec<Calendar>, RemoteError> {
        let mut calendars = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = self.session.ask(&request).await?;
            calendars.extend(page.value);
            let Some(next) = page.next else { break };
            request.target = self.session.follow(&next, &request.what())?;
        }
        Ok(calendars)
    }

    async fn list_with_marks(&self) -> Result<(Vec<(CalendarInfo, Option<String>)>, Marks), RemoteError> {
        match self.pages(ListCalendars::marked()).await {
            Ok(calendars) => Ok((infos(calendars), Marks::Kept)),
            Err(RemoteError::Rejected { .. }) => {
                Ok((infos(self.pages(ListCalendars::first()).await?), Marks::Dropped))
            }
            Err(error) => Err(error),
        }
    }

    async fn make(&self, name: &str, slug: &str, marks: &mut Marks) -> Result<Created, RemoteError> {
        if *marks == Marks::Kept {
            match self.session.ask(&CreateCalendar { name, slug: Some(slug) }).await {
                Err(RemoteError::Rejected { .. }) => *marks = Marks::Dropped,
                answered => return answered,
            }
        }
        self.session.ask(&CreateCalendar { name, slug: None }).await
    }

    /// One of this name that we may have made: not the account's own default one, and with nothing but mirrors in it.
    async fn find_by_content(
        &self,
        name: &str,
        calendars: &[(CalendarInfo, Option<String>)],
    ) -> Result<Option<CalendarInfo>, RemoteError> {
        let bears_name = |info: &&CalendarInfo| {
            info.owned && !info.primary && info.name.trim().to_lowercase() == name.trim().to_lowercase()
        };
        let Some(info) = calendars.iter().map(|(info, _)| info).find(bears_name) else { return Ok(None) };
        let is_ours = self.session.ask(&HoldsOnlyOurs { calendar: &info.id }).await?;
        Ok(is_ours.then(|| info.clone()))
    }
}

/// Each calendar, and our mark on it.
fn infos(calendars: Vec<Calendar>) -> Vec<(CalendarInfo, Option<String>)> {
    let own = calendars.iter().find(|calendar| calendar.is_default == Some(true)).and_then(address);
    let marked = |calendar: Calendar| {
        let mark = calendar.slug().map(str::to_owned);
        (info(calendar, own.as_deref()), mark)
    };
    calendars.into_iter().map(marked).collect()
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
