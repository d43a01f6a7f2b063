//! One CalDAV calendar behind the engine's port: [`list`] and [`get`] read, [`put`] writes.

mod get;
mod list;
mod put;

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::event::Sighting;
use daybook_core::ids::{Cursor, ItemId};
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use daybook_engine::ports::{
    Calendar, Contents, Listing, MirrorRef, MirrorSighting, Mirrors, Naming, RemoteError, Step, Written,
};

use crate::href;
use crate::session::Session;

pub struct CaldavCalendar {
    pub session: Arc<Session>,
    /// How invitations name the clinician.
    pub addresses: Arc<[String]>,
    /// The collection's path, with its last slash.
    pub path: String,
}

#[async_trait]
impl Calendar for CaldavCalendar {
    async fn list(&self, within: Interval) -> Result<Listing, RemoteError> {
        self.list_all(within).await
    }

    async fn list_changes(&self, since: &Cursor, within: Interval) -> Result<Listing, RemoteError> {
        self.list_since(since, within).await
    }

    async fn list_once(&self, within: Interval) -> Result<Listing, RemoteError> {
        self.list_without_cursor(within).await
    }

    fn naming_of(&self, item: &ItemId) -> Naming {
        mirror_at(item.as_str()).map_or(Naming::Foreign, Naming::Named)
    }

    async fn get(&self, items: &[ItemId], within: Interval) -> Result<Vec<Sighting>, RemoteError> {
        self.get_items(items, within).await
    }

    async fn contents(&self) -> Result<Contents, RemoteError> {
        self.look_inside().await
    }
}

#[async_trait]
impl Mirrors for CaldavCalendar {
    /// CalDAV has no batches.
    fn steps_per_request(&self) -> usize {
        1
    }

    async fn carry_out(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>> {
        let mut results = Vec::with_capacity(steps.len());
        for step in steps {
            results.push(self.carry_out_one(step).await);
        }
        results
    }

    async fn find(&self, mirrors: &[MirrorRef]) -> Result<Vec<MirrorSighting>, RemoteError> {
        self.find_mirrors(mirrors).await
    }
}

impl CaldavCalendar {
    /// Where a mirror stands: where it was seen, or under the name that we derive.
    fn path_of(&self, at: &MirrorRef) -> String {
        let seen = at.remote.as_ref().map(ItemId::as_str).filter(|remote| remote.starts_with(&self.path));
        seen.map_or_else(|| format!("{}{}.ics", self.path, at.mirror), str::to_owned)
    }
}

/// A name of our form at the end of a path.
fn mirror_at(path: &str) -> Option<MirrorId> {
    MirrorId::parse(href::stem(path))
}
