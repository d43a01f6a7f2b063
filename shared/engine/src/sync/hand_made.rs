//! The clinician's own entries in a main calendar that closes no time: when they take time. For the preview alone; nothing
//! is planned from it.

use daybook_core::busy::{Busy, busy};
use daybook_core::event::Seen;
use daybook_core::ids::{CalendarId, ItemId};
use daybook_core::time::Interval;

use super::Session;
use crate::ports::RemoteError;

/// What the reading of a main calendar told of entries that bear none of our names.
#[derive(Default)]
pub(crate) struct Bystanders {
    pub times: Vec<Interval>,
    /// Of these the listing gave no more than the name.
    pub unread: Vec<ItemId>,
}

impl Session<'_> {
    /// When all of them take time, at least as far as the window reaches.
    pub async fn times_of(
        &self,
        main: &CalendarId,
        bystanders: Bystanders,
    ) -> Result<Vec<Interval>, RemoteError> {
        let mut times = bystanders.times;
        if !bystanders.unread.is_empty() {
            let read = self.account.calendar(main).get(&bystanders.unread, self.window).await?;
            times.extend(read.iter().flat_map(|sighting| self.times(&sighting.seen)));
        }
        Ok(times)
    }

    /// When a sighting takes time. What bears one of our names is no hand-made entry, whoever's it is.
    pub(super) fn times(&self, seen: &Seen) -> Vec<Interval> {
        let Seen::Events(events) = seen else { return Vec::new() };
        let closes = |event| match busy(event, &self.zone) {
            Busy::Closes(block) => Some(block.interval),
            Busy::Open(_) => None,
        };
        events.iter().filter_map(closes).collect()
    }
}
