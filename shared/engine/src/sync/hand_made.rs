//! A look at a calendar that closes no time: when the clinician's own events are in it. For the preview alone; nothing is
//! planned from it.

use daybook_core::busy::{Busy, busy};
use daybook_core::event::{Seen, Sighting};
use daybook_core::ids::{CalendarId, ItemId};
use daybook_core::time::Interval;

use super::Session;
use crate::ports::{Entry, Naming, RemoteError};

impl Session<'_> {
    /// When the events take time that a person put into the calendar, as far as the window reaches.
    pub async fn times_of_events(&self, id: &CalendarId) -> Result<Vec<Interval>, RemoteError> {
        let calendar = self.account.calendar(id);
        let mut told: Vec<Sighting> = Vec::new();
        let mut unread: Vec<ItemId> = Vec::new();
        for entry in calendar.list_part(self.window).await?.entries {
            match entry {
                // Only the item itself tells whose it is.
                Entry::Seen(sighting) if calendar.naming_of(&sighting.item) == Naming::Silent => {
                    unread.push(sighting.item);
                }
                Entry::Seen(sighting) => told.push(sighting),
                Entry::Touched { item, name: None, .. } => unread.push(item),
                Entry::Touched { .. } => {}
            }
        }
        told.extend(calendar.get(&unread, self.window).await?);
        Ok(told.iter().flat_map(|sighting| self.times(&sighting.seen)).collect())
    }

    /// What bears one of our names is no hand-made entry, whoever's it is.
    fn times(&self, seen: &Seen) -> Vec<Interval> {
        let Seen::Events(events) = seen else { return Vec::new() };
        let closes = |event| match busy(event, &self.zone) {
            Busy::Closes(block) => Some(block.interval),
            Busy::Open(_) => None,
        };
        events.iter().filter_map(closes).collect()
    }
}
