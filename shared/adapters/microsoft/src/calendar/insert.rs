//! Making mirrors, where Graph chooses the id: a write of which nobody knows whether it was done is looked for first,
//! and each attempt after something gone has a transaction of its own, so that Graph's memory of what is gone never
//! stands in the way.

use daybook_core::ids::ItemId;
use daybook_core::link::Touch;
use daybook_core::mirror::{Expected, MirrorContent, MirrorId};
use daybook_engine::ports::{MirrorRef, RemoteError, Written};

use super::MicrosoftCalendar;
use super::find;
use super::put::written;
use crate::translate::mirror;
use crate::wire::event::Found;
use crate::wire::read::GetEvent;
use crate::wire::write::{Delete, Draft, Insert, Inserted, Reminder, Sent, Shape};

/// How often a mirror is made anew under another transaction within one write.
const MAX_ATTEMPTS: u32 = 4;
/// How much of an id tells it from others: Exchange counts at their ends.
const TAIL: usize = 24;

/// What an insert came to.
enum Taken {
    Stands(Written),
    /// What its transaction made before is gone; which event that was, where Graph tells.
    Gone(Option<ItemId>),
}

/// A mirror that stands already.
struct Standing {
    id: ItemId,
    found: Found,
    /// Others under the same name.
    doubles: Vec<ItemId>,
}

impl MicrosoftCalendar {
    pub(super) fn insert<'a>(
        &'a self,
        mirror: &'a MirrorId,
        content: &'a MirrorContent,
        transaction: &'a str,
    ) -> Insert<'a> {
        let draft = Draft { mirror, content, reminder: Reminder::Ours, shape: Shape::Once };
        Insert { calendar: &self.id, draft, transaction }
    }

    /// Where it may stand already: unseen, a mirror would be made a second time.
    pub(super) async fn look_and_insert(
        &self,
        at: &MirrorRef,
        expected: &Expected,
        content: &MirrorContent,
    ) -> Result<Written, RemoteError> {
        match self.standing(at).await? {
            Some(_) if *expected == Expected::Absent => Err(self.conflict()),
            Some(standing) => {
                let written = self.bring_up(&at.mirror, content, &standing.id, &standing.found).await?;
                self.remove_doubles(&standing.doubles).await;
                Ok(written)
            }
            None => self.insert_anew(at, content).await,
        }
    }

    async fn standing(&self, at: &MirrorRef) -> Result<Option<Standing>, RemoteError> {
        if let Some(id) = &at.remote
            && let Some(found) = self.read_event(id).await?
        {
            return Ok(Some(Standing { id: id.clone(), found, doubles: Vec::new() }));
        }
        let mut ids = self.marked(&at.mirror).await?.into_iter();
        while let Some(id) = ids.next() {
            if let Some(found) = self.read_event(&id).await? {
                return Ok(Some(Standing { id, found, doubles: ids.collect() }));
            }
        }
        Ok(None)
    }

    async fn read_event(&self, id: &ItemId) -> Result<Option<Found>, RemoteError> {
        self.session.ask(&GetEvent { calendar: &self.id, id }).await
    }

    /// What cannot be removed now stays until it is seen again.
    async fn remove_doubles(&self, ids: &[ItemId]) {
        for id in ids {
            let removed = self.session.ask(&Delete { calendar: &self.id, id, revision: None }).await;
            let is_done = removed.is_ok();
            tracing::warn!(calendar = %self.id, is_done, "one of our mirrors stood twice; the second is removed");
        }
    }

    async fn insert_anew(&self, at: &MirrorRef, content: &MirrorContent) -> Result<Written, RemoteError> {
        let transaction =
            at.remote.as_ref().map_or_else(|| at.mirror.to_string(), |id| after(&at.mirror, id));
        let inserted = match self.session.ask(&self.insert(&at.mirror, content, &transaction)).await? {
            // An earlier request may have made it, and a person may have deleted it since.
            Inserted::Now(sent) => Inserted::Before(ItemId::new(sent.event.id)),
            other => other,
        };
        self.settle(&at.mirror, content, inserted).await
    }

    /// Until one attempt has made the mirror, or it is known that it stands.
    pub(super) async fn settle(
        &self,
        mirror: &MirrorId,
        content: &MirrorContent,
        first: Inserted,
    ) -> Result<Written, RemoteError> {
        let mut inserted = first;
        for attempt in 2..=MAX_ATTEMPTS {
            let gone = match self.take(mirror, content, inserted).await? {
                Taken::Stands(written) => return Ok(written),
                Taken::Gone(gone) => gone,
            };
            let transaction = match gone {
                Some(id) if attempt == 2 => after(mirror, &id),
                _ => format!("{mirror}-{}-{attempt}", self.session.now().as_second()),
            };
            inserted = self.session.ask(&self.insert(mirror, content, &transaction)).await?;
        }
        match self.take(mirror, content, inserted).await? {
            Taken::Stands(written) => Ok(written),
            // Later, the clock gives other transactions.
            Taken::Gone(_) => {
                Err(RemoteError::Later { what: self.mirror_here(), retry_after: None, cause: None })
            }
        }
    }

    async fn take(
        &self,
        mirror: &MirrorId,
        content: &MirrorContent,
        inserted: Inserted,
    ) -> Result<Taken, RemoteError> {
        match inserted {
            Inserted::Now(sent) if says(&sent, content) => {
                Ok(Taken::Stands(written(&sent.event, Touch::OursAlone)))
            }
            Inserted::Now(sent) => self.mend(mirror, content, ItemId::new(sent.event.id)).await,
            Inserted::Before(id) => self.mend(mirror, content, id).await,
            Inserted::Duplicate(first) => self.trace(mirror, first).await,
        }
    }

    /// Writes over an event that an earlier request may have made.
    async fn mend(
        &self,
        mirror: &MirrorId,
        content: &MirrorContent,
        id: ItemId,
    ) -> Result<Taken, RemoteError> {
        match self.read_event(&id).await? {
            Some(found) => self.bring_up(mirror, content, &id, &found).await.map(Taken::Stands),
            None => Ok(Taken::Gone(Some(id))),
        }
    }

    /// A transaction was used: its event stands, which is a conflict, or is gone.
    async fn trace(&self, mirror: &MirrorId, first: Option<ItemId>) -> Result<Taken, RemoteError> {
        if let Some(id) = &first {
            match self.read_event(id).await {
                Ok(Some(_)) => return Err(self.conflict()),
                Ok(None) => return Ok(Taken::Gone(first)),
                // An id that cannot be read, in another form perhaps: the marker tells.
                Err(error) if super::get::is_about_one(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if self.marked(mirror).await?.is_empty() { Ok(Taken::Gone(None)) } else { Err(self.conflict()) }
    }

    /// Writes over what stands, unless it says what is wanted already.
    async fn bring_up(
        &self,
        mirror: &MirrorId,
        content: &MirrorContent,
        id: &ItemId,
        found: &Found,
    ) -> Result<Written, RemoteError> {
        if find::content(mirror, found) == *content {
            return Ok(written(&found.event, find::touch(found)));
        }
        self.write_over(mirror, content, id, found).await
    }
}

/// The transaction of a mirror that is made after an event of it has gone: another one for each, and the same one
/// however often that is tried.
fn after(mirror: &MirrorId, gone: &ItemId) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric();
    let tail: Vec<char> = gone.as_str().chars().rev().filter(is_plain).take(TAIL).collect();
    let tail: String = tail.into_iter().rev().collect();
    format!("{mirror}-{tail}")
}

/// Whether the answer holds what was sent. A repeated request may be answered with what an earlier one made.
fn says(sent: &Sent, content: &MirrorContent) -> bool {
    let told = mirror::content(&sent.event, &sent.fields);
    let wanted = MirrorContent { title: content.title.trim().to_owned(), ..content.clone() };
    told == wanted
}
