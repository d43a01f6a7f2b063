//! One Outlook calendar behind the engine's port: [`list`] and [`get`] read, [`put`] and [`insert`] write, [`find`] looks our
//! mirrors up.

mod cursor;
mod find;
mod get;
mod insert;
mod list;
mod put;
mod series;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::event::Sighting;
use daybook_core::ids::{CalendarId, Cursor, ItemId};
use daybook_core::time::Interval;
use daybook_engine::ports::{
    Calendar, Contents, Listing, MirrorRef, MirrorSighting, Mirrors, Naming, RemoteError, Step, Written,
};

use crate::session::Session;
use crate::wire::batch;
use crate::wire::calendars::HoldsAnything;

pub struct MicrosoftCalendar {
    pub session: Arc<Session>,
    pub id: CalendarId,
}

#[async_trait]
impl Calendar for MicrosoftCalendar {
    async fn list(&self, within: Interval) -> Result<Listing, RemoteError> {
        self.list_all(within).await
    }

    async fn list_changes(&self, since: &Cursor, within: Interval) -> Result<Listing, RemoteError> {
        self.list_since(since, within).await
    }

    async fn list_once(&self, within: Interval) -> Result<Listing, RemoteError> {
        self.list_view(within).await
    }

    /// Graph chooses ids.
    fn naming_of(&self, _item: &ItemId) -> Naming {
        Naming::Silent
    }

    async fn get(&self, items: &[ItemId], within: Interval) -> Result<Vec<Sighting>, RemoteError> {
        self.get_items(items, within).await
    }

    async fn contents(&self) -> Result<Contents, RemoteError> {
        self.session.ask(&HoldsAnything { calendar: &self.id }).await
    }
}

#[async_trait]
impl Mirrors for MicrosoftCalendar {
    fn steps_per_request(&self) -> usize {
        batch::MOST
    }

    async fn carry_out(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>> {
        self.carry_out_all(steps).await
    }

    async fn find(&self, mirrors: &[MirrorRef]) -> Result<Vec<MirrorSighting>, RemoteError> {
        self.find_all(mirrors).await
    }
}

impl MicrosoftCalendar {
    /// For errors.
    fn what(&self) -> String {
        format!("calendar {}", self.id)
    }
}
