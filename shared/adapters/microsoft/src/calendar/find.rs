//! Looks our mirrors up: by Graph's id where we know it, by our marker otherwise. Of several under one name the lowest
//! is told (E-048). It only reads: doubles are removed where one is written.

use daybook_core::ids::ItemId;
use daybook_core::link::Touch;
use daybook_core::mirror::{Content, MirrorContent, MirrorId};
use daybook_engine::ports::{MirrorRef, MirrorSighting, RemoteError};

use super::MicrosoftCalendar;
use super::get::is_about_one;
use crate::translate::mirror;
use crate::wire::event::Found;
use crate::wire::read::{FindMarked, GetEvent};

/// What looking at one mirror came to.
enum Looked {
    Found(Box<Found>),
    Nothing,
    Unreadable,
}

/// One mirror and the id that it is thought to have.
type Place<'a> = (&'a MirrorRef, ItemId);

impl MicrosoftCalendar {
    pub(super) async fn find_all(&self, mirrors: &[MirrorRef]) -> Result<Vec<MirrorSighting>, RemoteError> {
        let known = mirrors.iter().filter_map(|at| Some((at, at.remote.clone()?))).collect();
        let mut sightings = Vec::with_capacity(mirrors.len());
        let mut unknown: Vec<&MirrorRef> = mirrors.iter().filter(|at| at.remote.is_none()).collect();
        for ((at, id), looked) in self.look_at(known).await? {
            match looked {
                Looked::Found(found) => sightings.push(sighting(at, &id, &found)),
                // It may have been made anew by a write whose answer was lost.
                Looked::Nothing => unknown.push(at),
                Looked::Unreadable => {}
            }
        }
        let mut named = Vec::with_capacity(unknown.len());
        for (at, ids) in self.search(&unknown).await? {
            match ids.into_iter().next() {
                Some(id) => named.push((at, id)),
                None => sightings.push(absent(at)),
            }
        }
        for ((at, id), looked) in self.look_at(named).await? {
            match looked {
                Looked::Found(found) => sightings.push(sighting(at, &id, &found)),
                Looked::Nothing => sightings.push(absent(at)),
                Looked::Unreadable => {}
            }
        }
        Ok(sightings)
    }

    async fn look_at<'a>(&self, places: Vec<Place<'a>>) -> Result<Vec<(Place<'a>, Looked)>, RemoteError> {
        let requests: Vec<GetEvent<'_>> =
            places.iter().map(|(_, id)| GetEvent { calendar: &self.id, id }).collect();
        let answers = self.session.ask_each(&requests).await;
        drop(requests);
        let looked = |answer: Option<Option<Found>>| match answer {
            Some(Some(found)) => Looked::Found(Box::new(found)),
            Some(None) => Looked::Nothing,
            None => Looked::Unreadable,
        };
        places.into_iter().zip(answers).map(|(place, answer)| Ok((place, looked(heard(answer)?)))).collect()
    }

    /// The ids of each, lowest first. One whose search has no answer is left out.
    async fn search<'a>(
        &self,
        mirrors: &[&'a MirrorRef],
    ) -> Result<Vec<(&'a MirrorRef, Vec<ItemId>)>, RemoteError> {
        let requests: Vec<FindMarked<'_>> =
            mirrors.iter().map(|at| FindMarked { calendar: &self.id, mirror: &at.mirror }).collect();
        let mut found = Vec::with_capacity(mirrors.len());
        for (at, answer) in mirrors.iter().zip(self.session.ask_each(&requests).await) {
            found.extend(heard(answer)?.map(|ids| (*at, ids)));
        }
        Ok(found)
    }

    /// The events that are ours under a mirror's name, lowest id first.
    pub(super) async fn marked(&self, mirror: &MirrorId) -> Result<Vec<ItemId>, RemoteError> {
        self.session.ask(&FindMarked { calendar: &self.id, mirror }).await
    }
}

/// `None`: this one has no answer, which keeps none of the others from theirs (E-040).
fn heard<T>(answer: Result<T, RemoteError>) -> Result<Option<T>, RemoteError> {
    match answer {
        Ok(told) => Ok(Some(told)),
        Err(error) if is_about_one(&error) => {
            tracing::warn!(%error, "one mirror cannot be read");
            Ok(None)
        }
        Err(error) => Err(error),
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
