//! What is told of mirrors that their reader dragged or deleted: that they were put back, or that they are parked.
//! When which happens is decided in `daybook_core::restore`.

use daybook_core::connection::{ProblemKind, PutBack};
use daybook_core::link::Link;

use super::Session;
use super::apply::Applied;
use super::lanes::Seen;
use super::lease::Lease;
use super::problems::{About, Problems};
use crate::error::EngineError;

impl Session<'_> {
    /// Remembers what was put back, and tells of what is parked.
    pub(super) async fn note_readers(
        &self,
        applied: &Applied,
        seen: &Seen,
        lease: &mut Lease<'_>,
    ) -> Result<(), EngineError> {
        if applied.restored > 0 {
            let before = lease.release.evidence.put_back.map_or(0, |put_back| put_back.times);
            let times = before.saturating_add(u64::try_from(applied.restored).unwrap_or(u64::MAX));
            lease.release.evidence.put_back = Some(PutBack { times, last_at: lease.now() });
        }
        let is_told = Problems { map: &mut lease.release.problems, now: self.now }.has(About::Parked);
        let may_have_ended = is_told && (self.looks_at_everything() || applied.written + applied.removed > 0);
        // A run that broke off may have parked without telling.
        let is_untold = applied.parked > 0 || (!is_told && seen.links.values().any(Link::is_parked));
        if !is_untold && !may_have_ended {
            return Ok(());
        }
        let links = self.engine.store.list_links(&self.at).await?;
        let parked = links.iter().filter(|link| link.is_parked()).count();
        self.tell_parked(parked, lease);
        Ok(())
    }

    fn tell_parked(&self, parked: usize, lease: &mut Lease<'_>) {
        let mut problems = Problems { map: &mut lease.release.problems, now: self.now };
        problems.count(About::Parked, ProblemKind::MirrorParked, parked, |count| {
            format!(
                "{count} of our events were moved or deleted again and again and stay as they are; a sync puts them back"
            )
        });
    }
}
