//! One Google calendar behind the engine's port: [`list`] and [`get`] read, [`put`] writes. An item is a single event or
//! a whole series; an occurrence is no item of its own.

mod cursor;
mod get;
mod list;
mod put;

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::event::{Seen, Sighting};
use daybook_core::ids::{Cursor, ItemId, SeriesId};
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use daybook_engine::ports::{
    Calendar, Contents, Listing, MirrorRef, MirrorSighting, Mirrors, Naming, RemoteError, Step, Written,
};

use crate::session::Session;
use crate::wire::batch;
use crate::wire::calendars::ListAny;

pub struct GoogleCalendar {
    pub session: Arc<Session>,
    pub id: String,
}

#[async_trait]
impl Calendar for GoogleCalendar {
    async fn list(&self, within: Interval) -> Result<Listing, RemoteError> {
        self.list_all(within).await
    }

    async fn list_changes(&self, since: &Cursor, within: Interval) -> Result<Listing, RemoteError> {
        self.list_since(since, within).await
    }

    async fn list_once(&self, within: Interval) -> Result<Listing, RemoteError> {
        self.list_only(within).await
    }

    /// The name of a mirror is its event's id. A mark inside an event proves nothing: people copy events (E-047).
    fn naming_of(&self, item: &ItemId) -> Naming {
        MirrorId::parse(item.as_str()).map_or(Naming::Foreign, Naming::Named)
    }

    async fn get(&self, items: &[ItemId], within: Interval) -> Result<Vec<Sighting>, RemoteError> {
        self.get_items(items, within).await
    }

    async fn contents(&self) -> Result<Contents, RemoteError> {
        let mut next: Option<String> = None;
        for _ in 0..MOST_EMPTY_PAGES {
            let page = self.session.ask(&ListAny { calendar: &self.id, page: next.as_deref() }).await?;
            match page.next_page_token {
                _ if !page.items.is_empty() => return Ok(Contents::Something),
                None => return Ok(Contents::Nothing),
                token => next = token,
            }
        }
        Ok(Contents::Something)
    }
}

/// So many pages without an event may come before one with some, or the last. Beyond them it counts as something.
const MOST_EMPTY_PAGES: usize = 5;

#[async_trait]
impl Mirrors for GoogleCalendar {
    fn steps_per_request(&self) -> usize {
        batch::MOST
    }

    async fn carry_out(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>> {
        self.carry_out_all(steps).await
    }

    async fn find(&self, mirrors: &[MirrorRef]) -> Result<Vec<MirrorSighting>, RemoteError> {
        self.find_mirrors(mirrors).await
    }
}

/// What one look saw of an item; at Google an item and its series have one name.
fn sighting(item: &str, revision: Option<String>, covers: Interval, seen: Seen) -> Sighting {
    Sighting {
        item: ItemId::new(item),
        series: SeriesId::new(item),
        revision: revision.map(daybook_core::ids::Revision::new),
        covers,
        seen,
    }
}
