//! Writing mirrors. Each write names the state that it may replace; a state that a person has added to is read
//! first, so that what is theirs survives.

use daybook_core::ids::{ItemId, Revision};
use daybook_core::link::Touch;
use daybook_core::mirror::{Content, MirrorContent};
use daybook_engine::ports::{Expected, MirrorRef, RemoteError, Step, Written};

use super::CaldavCalendar;
use crate::discovery::only;
use crate::ical::{merge, write};
use crate::wire::change::{Condition, Delete, Put};
use crate::wire::read::{Get, Propfind, Resource};
use crate::wire::{Depth, xml};

/// What will be sent.
struct Draft {
    body: String,
    condition: Condition,
    touch: Touch,
}

impl CaldavCalendar {
    pub(super) async fn carry_out_one(&self, step: &Step) -> Result<Written, RemoteError> {
        match step {
            Step::Put { at, expected, content: Content::Mirror(content) } => {
                self.put(at, expected, content).await
            }
            Step::Put { content: Content::Block(_), .. } => Err(RemoteError::Rejected {
                what: self.path.clone(),
                why: "a busy block belongs into the EHR".into(),
            }),
            Step::Delete { at, expected } => self.delete(at, expected).await,
        }
    }

    async fn put(
        &self,
        at: &MirrorRef,
        expected: &Expected,
        content: &MirrorContent,
    ) -> Result<Written, RemoteError> {
        let path = self.path_of(at);
        let draft = self.draft(&path, at, expected, content).await?;
        let put = Put { path: &path, condition: draft.condition.clone(), body: &draft.body };
        let revision = match self.session.ask(&put).await {
            Ok(Some(revision)) => Some(revision),
            // Without a tag the server may have changed what we sent (RFC 4791 section 5.3.4, trap C-T9).
            Ok(None) => self.find_revision(&path).await,
            Err(RemoteError::Missing { what }) => return Err(self.why_missing(what, &draft.condition).await),
            Err(error) => return Err(error),
        };
        Ok(Written { remote: Some(ItemId::new(path)), revision, touch: Some(draft.touch) })
    }

    async fn draft(
        &self,
        path: &str,
        at: &MirrorRef,
        expected: &Expected,
        content: &MirrorContent,
    ) -> Result<Draft, RemoteError> {
        let now = self.session.clock.now();
        let fresh = |condition| Draft {
            body: write::fresh(&at.mirror, content, now),
            condition,
            touch: Touch::OursAlone,
        };
        let wanted = match expected {
            Expected::Absent | Expected::Doubtful => return Ok(fresh(Condition::Absent)),
            Expected::Revision(revision, Touch::OursAlone) => {
                return Ok(fresh(Condition::Unchanged(revision.clone())));
            }
            Expected::Revision(revision, Touch::Decorated) => Some(revision),
            Expected::Unversioned => None,
        };
        let (resource, condition) = self.standing(path, wanted).await?;
        Ok(match merge::merged(&resource.text, &at.mirror, content, now) {
            Some((body, touch)) => Draft { body, condition, touch },
            None => fresh(condition),
        })
    }

    /// What stands there now, if it is what we expect.
    async fn standing(
        &self,
        path: &str,
        wanted: Option<&Revision>,
    ) -> Result<(Resource, Condition), RemoteError> {
        let conflict = || RemoteError::Conflict { what: format!("a mirror in {}", self.path) };
        let resource = self.session.ask(&Get { path }).await?.ok_or_else(conflict)?;
        let found = resource.etag.clone().map(Revision::new);
        match (found, wanted) {
            (Some(found), Some(wanted)) if found != *wanted => Err(conflict()),
            (Some(found), _) => Ok((resource, Condition::Unchanged(found))),
            (None, Some(wanted)) => Ok((resource, Condition::Unchanged(wanted.clone()))),
            (None, None) => Ok((resource, Condition::Always)),
        }
    }

    async fn find_revision(&self, path: &str) -> Option<Revision> {
        let request = Propfind { path, depth: Depth::Zero, properties: &[&xml::GETETAG] };
        let answer = self.session.ask(&request).await.ok()?;
        only(answer, path).etag.map(Revision::new)
    }

    /// iCloud answers 404 to a body that it does not like (trap C-T7), and so may a server whose calendar, or
    /// whose mirror, is gone.
    async fn why_missing(&self, what: String, condition: &Condition) -> RemoteError {
        let request = Propfind { path: &self.path, depth: Depth::Zero, properties: &[&xml::RESOURCETYPE] };
        match (self.session.ask(&request).await, condition) {
            (Ok(_), Condition::Absent) => {
                RemoteError::Rejected { what, why: "the server says 404 to it".into() }
            }
            (Ok(_), _) => RemoteError::Conflict { what },
            (Err(error), _) => error,
        }
    }

    async fn delete(&self, at: &MirrorRef, expected: &Expected) -> Result<Written, RemoteError> {
        let path = self.path_of(at);
        let condition = match expected {
            Expected::Revision(revision, _) => Condition::Unchanged(revision.clone()),
            Expected::Absent | Expected::Doubtful | Expected::Unversioned => Condition::Always,
        };
        self.session.ask(&Delete { path: &path, condition }).await?;
        Ok(Written::default())
    }
}
