//! Looks our mirrors up: by Graph's id where we know it, by our marker otherwise. Of several under one name the
//! lowest stays and the others go (E-048).

use daybook_core::ids::ItemId;
use daybook_core::link::Touch;
use daybook_core::mirror::{Content, MirrorContent, MirrorId};
use daybook_engine::ports::{MirrorRef, MirrorSighting, RemoteError};

use super::MicrosoftCalendar;
use crate::translate::mirror;
use crate::wire::event::Found;
use crate::wire::read::{FindMarked, GetEvent};
use crate::wire::write::Delete;

impl MicrosoftCalendar {
    pub(super) async fn find_and_tidy(
        &self,
        mirrors: &[MirrorRef],
    ) -> Result<Vec<MirrorSighting>, RemoteError> {
        let ids = self.ids_of(mirrors).await?;
        let known = || mirrors.iter().zip(&ids).filter_map(|(at, id)| Some((at, id.as_ref()?)));
        let requests: Vec<GetEvent<'_>> =
            known().map(|(_, id)| GetEvent { calendar: &self.id, id }).collect();
        let mut sightings: Vec<MirrorSighting> =
            mirrors.iter().zip(&ids).filter(|(_, id)| id.is_none()).map(|(at, _)| absent(at)).collect();
        for ((at, id), answer) in known().zip(self.session.ask_each(&requests).await) {
            match answer {
                Ok(found) => {
                    sightings.push(found.map_or_else(|| absent(at), |found| sighting(at, id, &found)));
                }
                Err(error @ (RemoteError::Rejected { .. } | RemoteError::Unintelligible { .. })) => {
                    tracing::warn!(calendar = %self.id, %error, "one mirror cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(sightings)
    }

    /// Graph's id of each mirror; `None` where nothing bears its marker.
    async fn ids_of(&self, mirrors: &[MirrorRef]) -> Result<Vec<Option<ItemId>>, RemoteError> {
        let unknown: Vec<&MirrorRef> = mirrors.iter().filter(|at| at.remote.is_none()).collect();
        let requests: Vec<FindMarked<'_>> =
            unknown.iter().map(|at| FindMarked { calendar: &self.id, mirror: &at.mirror }).collect();
        let mut found = self.session.ask_each(&requests).await.into_iter();
        let mut ids = Vec::with_capacity(mirrors.len());
        for at in mirrors {
            ids.push(match &at.remote {
                Some(remote) => Some(remote.clone()),
                None => self.tidied(found.next().transpose()?.unwrap_or_default()).await,
            });
        }
        Ok(ids)
    }

    /// The events that bear a mirror's marker, lowest id first.
    pub(super) async fn marked(&self, mirror: &MirrorId) -> Result<Vec<ItemId>, RemoteError> {
        self.session.ask(&FindMarked { calendar: &self.id, mirror }).await
    }

    /// What cannot be removed now is found again next time.
    async fn tidied(&self, ids: Vec<ItemId>) -> Option<ItemId> {
        let mut ids = ids.into_iter();
        let lowest = ids.next();
        for id in ids {
            let removed = self.session.ask(&Delete { calendar: &self.id, id: &id, revision: None }).await;
            tracing::warn!(
                calendar = %self.id,
                is_done = removed.is_ok(),
                "one of our mirrors stood twice; the second is removed"
            );
        }
        lowest
    }
}

fn absent(at: &MirrorRef) -> MirrorSighting {
    MirrorSighting { mirror: at.mirror.clone(), remote: None, revision: None, content: None }
}

fn sighting(at: &MirrorRef, id: &ItemId, found: &Found) -> MirrorSighting {
    MirrorSighting {
        mirror: at.mirror.clone(),
        remote: Some(id.clone()),
        revision: found.event.revision(),
        content: Some(Content::Mirror(content(&at.mirror, found))),
    }
}

/// What stands under an id of ours; without our marker it is a mirror to be written anew.
pub(super) fn content(mirror: &MirrorId, found: &Found) -> MirrorContent {
    let marked = found.marked.as_ref().filter(|marked| marked.mirror == *mirror);
    marked.map_or_else(mirror::ruined, |marked| mirror::content(&found.event, &marked.fields))
}

/// Whether a person has set a reminder of their own on it.
pub(super) fn touch(found: &Found) -> Touch {
    found.marked.as_ref().map_or(Touch::OursAlone, |marked| mirror::touch(&marked.fields))
}
