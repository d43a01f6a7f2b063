//! Writing mirrors. Each write names the state that it may replace; a state that a person has added to is read
//! first, so that what is theirs survives. Several first attempts go in one request. What may have to be made is
//! [`super::insert`]'s business.

use daybook_core::ids::ItemId;
use daybook_core::link::Touch;
use daybook_core::mirror::{Content, MirrorContent, MirrorId};
use daybook_engine::ports::{Expected, MirrorRef, RemoteError, Step, Written};

use super::MicrosoftCalendar;
use super::find;
use crate::wire::event::{Event, Found, Kind};
use crate::wire::read::GetEvent;
use crate::wire::write::{Delete, Draft, Insert, Inserted, Patch, Reminder, Sent, Shape};
use crate::wire::{Call, Operation, Reply};

/// A write that needs no look first.
enum Write<'a> {
    Insert(Insert<'a>),
    Patch(Patch<'a>),
    Delete(Delete<'a>),
}

/// What became of it.
enum Done {
    Inserted(Inserted),
    Patched(Box<Sent>),
    Deleted,
}

impl Operation for Write<'_> {
    type Answer = Done;

    fn what(&self) -> String {
        match self {
            Write::Insert(insert) => insert.what(),
            Write::Patch(patch) => patch.what(),
            Write::Delete(delete) => delete.what(),
        }
    }

    fn prepare(&self) -> Call {
        match self {
            Write::Insert(insert) => insert.prepare(),
            Write::Patch(patch) => patch.prepare(),
            Write::Delete(delete) => delete.prepare(),
        }
    }

    fn parse(&self, reply: &Reply) -> Result<Done, RemoteError> {
        match self {
            Write::Insert(insert) => insert.parse(reply).map(Done::Inserted),
            Write::Patch(patch) => patch.parse(reply).map(Done::Patched),
            Write::Delete(delete) => delete.parse(reply).map(|()| Done::Deleted),
        }
    }
}

impl MicrosoftCalendar {
    pub(super) async fn carry_out_all(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>> {
        let writes: Vec<Option<Write<'_>>> = steps.iter().map(|step| self.write(step)).collect();
        let is_direct: Vec<bool> = writes.iter().map(Option::is_some).collect();
        let writes: Vec<Write<'_>> = writes.into_iter().flatten().collect();
        let mut done = self.session.ask_each(&writes).await.into_iter();
        let mut results = Vec::with_capacity(steps.len());
        for (step, is_direct) in steps.iter().zip(is_direct) {
            let done = if is_direct { done.next() } else { None };
            results.push(match done {
                Some(done) => self.finish(step, done).await,
                None => self.look_and_write(step).await,
            });
        }
        results
    }

    /// `None` where something is to be read first.
    fn write<'a>(&'a self, step: &'a Step) -> Option<Write<'a>> {
        match step {
            Step::Put {
                at: MirrorRef { mirror, remote: None },
                expected: Expected::Absent,
                content: Content::Mirror(content),
            } => Some(Write::Insert(self.insert(mirror, content, mirror.as_str()))),
            Step::Put {
                at: MirrorRef { mirror, remote: Some(id) },
                expected: Expected::Revision(revision, Touch::OursAlone),
                content: Content::Mirror(content),
            } => Some(Write::Patch(Patch {
                calendar: &self.id,
                id,
                draft: Draft { mirror, content, reminder: Reminder::Ours, shape: Shape::Once },
                revision: Some(revision),
            })),
            Step::Delete { at: MirrorRef { remote: Some(id), .. }, expected } => {
                let revision = match expected {
                    Expected::Revision(revision, _) => Some(revision),
                    Expected::Absent | Expected::Doubtful | Expected::Unversioned => None,
                };
                Some(Write::Delete(Delete { calendar: &self.id, id, revision }))
            }
            Step::Put { .. } | Step::Delete { .. } => None,
        }
    }

    async fn finish(&self, step: &Step, done: Result<Done, RemoteError>) -> Result<Written, RemoteError> {
        match (done?, step) {
            (Done::Inserted(inserted), Step::Put { at, content: Content::Mirror(content), .. }) => {
                self.settle(&at.mirror, content, inserted).await
            }
            (Done::Patched(sent), _) => Ok(written(&sent.event, Touch::OursAlone)),
            (Done::Inserted(_) | Done::Deleted, _) => Ok(Written::default()),
        }
    }

    async fn look_and_write(&self, step: &Step) -> Result<Written, RemoteError> {
        match step {
            Step::Put {
                at,
                expected: expected @ (Expected::Absent | Expected::Doubtful),
                content: Content::Mirror(content),
            } => self.look_and_insert(at, expected, content).await,
            Step::Put { at, expected, content: Content::Mirror(content) } => {
                let id = self.id_of(at).await?.ok_or_else(|| self.conflict())?;
                let found = self.session.ask(&GetEvent { calendar: &self.id, id: &id }).await?;
                let found = found.filter(|found| stands(found, expected)).ok_or_else(|| self.conflict())?;
                self.write_over(&at.mirror, content, &id, &found).await
            }
            Step::Put { content: Content::Block(_), .. } => Err(RemoteError::Rejected {
                what: self.what(),
                why: "a busy block belongs into the EHR".into(),
            }),
            Step::Delete { at, .. } => self.delete_marked(&at.mirror).await,
        }
    }

    async fn id_of(&self, at: &MirrorRef) -> Result<Option<ItemId>, RemoteError> {
        match &at.remote {
            Some(remote) => Ok(Some(remote.clone())),
            None => Ok(self.marked(&at.mirror).await?.into_iter().next()),
        }
    }

    /// Exchanges our fields; a person's reminder stays.
    pub(super) async fn write_over(
        &self,
        mirror: &MirrorId,
        content: &MirrorContent,
        id: &ItemId,
        found: &Found,
    ) -> Result<Written, RemoteError> {
        let touch = find::touch(found);
        let reminder = match touch {
            Touch::OursAlone => Reminder::Ours,
            Touch::Decorated => Reminder::Theirs,
        };
        let shape = if found.event.kind() == Kind::Master { Shape::Series } else { Shape::Once };
        let draft = Draft { mirror, content, reminder, shape };
        let revision = found.event.revision();
        let patch = Patch { calendar: &self.id, id, draft, revision: revision.as_ref() };
        let sent = self.session.ask(&patch).await?;
        Ok(written(&sent.event, touch))
    }

    async fn delete_marked(&self, mirror: &MirrorId) -> Result<Written, RemoteError> {
        for id in self.marked(mirror).await? {
            self.session.ask(&Delete { calendar: &self.id, id: &id, revision: None }).await?;
        }
        Ok(Written::default())
    }

    pub(super) fn conflict(&self) -> RemoteError {
        RemoteError::Conflict { what: self.mirror_here() }
    }

    /// For errors.
    pub(super) fn mirror_here(&self) -> String {
        format!("a mirror in calendar {}", self.id)
    }
}

/// Whether a mirror stands in the state that the writer knows.
fn stands(found: &Found, expected: &Expected) -> bool {
    match expected {
        Expected::Revision(wanted, _) => found.event.revision().is_none_or(|revision| revision == *wanted),
        Expected::Absent | Expected::Doubtful | Expected::Unversioned => true,
    }
}

pub(super) fn written(event: &Event, touch: Touch) -> Written {
    Written { remote: Some(ItemId::new(event.id.as_str())), revision: event.revision(), touch: Some(touch) }
}
