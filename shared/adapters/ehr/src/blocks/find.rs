//! Looks blocks up: by the EHR's id where we know it, by our name otherwise. Where an EHR has doubled one,
//! the lowest stays and the others go.

use std::collections::HashMap;

use daybook_core::mirror::MirrorId;
use daybook_engine::ports::{MirrorRef, MirrorSighting, RemoteError};
use futures_util::future::try_join_all;

use super::Blocks;
use super::revision::revision_of;
use super::sight::{absent, blocks_time, is_in, mirror_of, rank, sighting};
use crate::config::can_exist;
use crate::requests::{DeleteSlot, GetSlot, SearchSlotsById, SearchSlotsByMirror};
use crate::wire::{KeptSlot, Resource, Slot};

const NAMES_PER_REQUEST: usize = 20;

/// What stands under each name; no entry where nothing does.
pub(super) type Standing = HashMap<MirrorId, Vec<KeptSlot>>;

impl Blocks {
    pub(super) async fn find_and_tidy(
        &self,
        mirrors: &[MirrorRef],
    ) -> Result<Vec<MirrorSighting>, RemoteError> {
        let standing = self.look(mirrors).await?;
        self.remove_doubles(&standing).await;
        let see = |at: &MirrorRef| match lowest(&standing, &at.mirror) {
            Some(kept) => sighting(at.mirror.clone(), &kept.slot, revision_of(kept)),
            None => absent(at.mirror.clone()),
        };
        Ok(mirrors.iter().map(see).collect())
    }

    /// By id, then by name for those without one and those whose id is gone.
    pub(super) async fn look(&self, mirrors: &[MirrorRef]) -> Result<Standing, RemoteError> {
        let mut standing = self.look_by_id(mirrors).await?;
        let mut unknown: Vec<&MirrorId> = mirrors.iter().map(|at| &at.mirror).collect();
        unknown.retain(|mirror| !standing.contains_key(*mirror));
        unknown.sort_unstable();
        unknown.dedup();
        for mirrors in unknown.chunks(NAMES_PER_REQUEST) {
            let request = SearchSlotsByMirror { mirrors }.prepare(&self.server.base);
            for kept in self.server.search::<KeptSlot>(request).await?.items {
                let mirror = mirror_of(&kept.slot).filter(|mirror| mirrors.contains(&mirror));
                if let Some(mirror) = mirror.filter(|_| self.is_here(&kept.slot)) {
                    standing.entry(mirror).or_default().push(kept);
                }
            }
        }
        Ok(standing)
    }

    async fn look_by_id(&self, mirrors: &[MirrorRef]) -> Result<Standing, RemoteError> {
        let known = mirrors.iter().filter_map(|at| Some((at.remote.as_ref()?.as_str(), &at.mirror)));
        let known: HashMap<&str, &MirrorId> = known.filter(|(id, _)| can_exist(id)).collect();
        let ids: Vec<&str> = known.keys().copied().collect();
        let mut standing = Standing::new();
        for ids in ids.chunks(NAMES_PER_REQUEST) {
            for kept in self.read(ids).await? {
                let mirror = kept.id().and_then(|id| known.get(id)).copied();
                if let Some(mirror) =
                    mirror.filter(|mirror| self.is_here(&kept.slot) && is_named(&kept.slot, mirror))
                {
                    standing.insert(mirror.clone(), vec![kept]);
                }
            }
        }
        Ok(standing)
    }

    /// Several in one search; what it does not bring is read on its own.
    async fn read(&self, ids: &[&str]) -> Result<Vec<KeptSlot>, RemoteError> {
        let mut found: Vec<KeptSlot> = Vec::new();
        if ids.len() > 1 {
            let request = SearchSlotsById { ids }.prepare(&self.server.base);
            match self.server.search::<KeptSlot>(request).await {
                Ok(answer) => found = answer.items,
                Err(RemoteError::Rejected { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        found.retain(|kept| kept.id().is_some_and(|id| ids.contains(&id)));
        let missing = ids.iter().filter(|id| found.iter().all(|kept| kept.id() != Some(**id)));
        let rest = try_join_all(missing.map(|id| self.read_one(id))).await?;
        found.extend(rest.into_iter().flatten());
        Ok(found)
    }

    /// `None` where the EHR knows no slot of this id.
    pub(super) async fn read_one(&self, id: &str) -> Result<Option<KeptSlot>, RemoteError> {
        let answer = self.server.send(&GetSlot { id }.prepare(&self.server.base)).await?;
        match answer.absence() {
            Some(_) => Ok(None),
            None => Ok(Some(answer.accepted()?.json()?)),
        }
    }

    fn is_here(&self, slot: &Slot) -> bool {
        is_in(&self.server.base, slot, &self.schedule)
    }

    /// What cannot be removed now is found again next time.
    async fn remove_doubles(&self, standing: &Standing) {
        for (mirror, slots) in standing.iter().filter(|(_, slots)| slots.len() > 1) {
            let stays = lowest(standing, mirror).and_then(Resource::id);
            let surplus = slots.iter().filter(|kept| blocks_time(&kept.slot) && kept.id() != stays);
            for id in surplus.filter_map(Resource::id) {
                let removed = self.server.send(&DeleteSlot { id }.prepare(&self.server.base)).await;
                let is_done =
                    removed.is_ok_and(|answer| answer.status().is_success() || answer.absence().is_some());
                tracing::warn!(is_done, "the EHR held one of our blocks twice; the second is removed");
            }
        }
    }
}

/// The slot that stands for a name.
pub(super) fn lowest<'a>(standing: &'a Standing, mirror: &MirrorId) -> Option<&'a KeptSlot> {
    standing.get(mirror)?.iter().min_by_key(|kept| rank(&kept.slot))
}

/// An EHR that keeps no identifiers leaves us the id alone; another name is not ours.
fn is_named(slot: &Slot, mirror: &MirrorId) -> bool {
    mirror_of(slot).is_none_or(|name| name == *mirror)
}
