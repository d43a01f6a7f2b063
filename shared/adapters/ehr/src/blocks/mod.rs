//! Our busy blocks in an EHR's schedules. Only slots that carry our identifier are ever read as ours,
//! written or removed.

mod carry;
mod find;
mod revision;
mod sight;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::ids::ScheduleId;
use daybook_core::mirror::Content;
use daybook_core::time::Interval;
use daybook_engine::ports::{MirrorRef, MirrorSighting, Mirrors, RemoteError, Step, Written};

use crate::ehr::Server;
use crate::http::unintelligible;
use crate::pages::Extent;
use crate::requests::SearchSlots;
use crate::wire::ListedSlot;
use revision::revision_of_listed;
use sight::{blocks_time, is_in, mirror_of, rank, sighting};

/// The place of our blocks in one schedule.
pub(crate) struct Blocks {
    server: Arc<Server>,
    schedule: ScheduleId,
}

impl Blocks {
    pub(crate) fn new(server: Arc<Server>, schedule: ScheduleId) -> Self {
        Self { server, schedule }
    }
}

/// Our blocks in a schedule that overlap `within`. One that began more than 31 days before is not found:
/// servers search slots by their start.
pub(crate) async fn list_blocks(
    server: &Server,
    schedule: &ScheduleId,
    within: Interval,
) -> Result<Vec<MirrorSighting>, RemoteError> {
    let request = SearchSlots { schedule, within }.prepare(&server.base);
    let what = request.what;
    let found = server.search::<ListedSlot>(request).await?;
    if found.extent == Extent::Cut {
        return Err(unintelligible(what, "more pages than there can be blocks"));
    }
    let ours = found
        .items
        .iter()
        .filter(|listed| is_in(&server.base, &listed.slot, schedule) && blocks_time(&listed.slot));
    let mut by_name: BTreeMap<_, &ListedSlot> = BTreeMap::new();
    for (mirror, listed) in ours.filter_map(|listed| Some((mirror_of(&listed.slot)?, listed))) {
        let lowest = by_name.entry(mirror).or_insert(listed);
        if rank(&listed.slot) < rank(&lowest.slot) {
            *lowest = listed;
        }
    }
    let sightings = by_name
        .into_iter()
        .map(|(mirror, listed)| sighting(mirror, &listed.slot, revision_of_listed(listed)));
    Ok(sightings.filter(|sighting| overlaps(sighting, within)).collect())
}

/// One whose time cannot be read stays in: it is to be written over.
fn overlaps(sighting: &MirrorSighting, within: Interval) -> bool {
    let at = sighting.content.as_ref().map(Content::interval);
    at.is_some_and(|at| at == *sight::UNREADABLE || at.overlaps(&within))
}

#[async_trait]
impl Mirrors for Blocks {
    fn steps_per_request(&self) -> usize {
        carry::STEPS_PER_REQUEST
    }

    async fn carry_out(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>> {
        self.carry(steps).await
    }

    async fn find(&self, mirrors: &[MirrorRef]) -> Result<Vec<MirrorSighting>, RemoteError> {
        self.find_and_tidy(mirrors).await
    }
}
