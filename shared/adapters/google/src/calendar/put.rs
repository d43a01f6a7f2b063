//! Writing mirrors, many in one request. Each write names the state that it may replace; a state that a person has
//! added to is read first, so that what is theirs survives. A deleted event keeps its id, so that making a mirror
//! again brings it back to life (trap A-T8).

use std::collections::BTreeMap;
use std::time::Duration;

use daybook_core::ids::{ItemId, Revision};
use daybook_core::link::Touch;
use daybook_core::mirror::{Content, MirrorContent, MirrorId};
use daybook_engine::ports::{Expected, RemoteError, Step, Written};

use super::GoogleCalendar;
use crate::mirror;
use crate::wire::change::{Change, Outcome, Write};
use crate::wire::events::{GetEvent, Looked};

/// A write that can be sent, and how the mirror stands after it.
struct Draft<'a> {
    write: Write<'a>,
    touch: Touch,
}

/// What stands where steps must look first.
type Standing = BTreeMap<String, Result<Looked, RemoteError>>;

impl GoogleCalendar {
    pub(super) async fn carry_out_all(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>> {
        let mut standing = self.standing(steps.iter().filter(|step| looks_first(step)).map(name)).await;
        let drafts: Vec<_> = steps.iter().map(|step| self.draft(step, &mut standing)).collect();
        let mut outcomes = self.send(drafts).await;
        self.revive(steps, &mut outcomes).await;
        self.explain_not_found(steps, &mut outcomes).await;
        steps.iter().zip(outcomes).map(|(step, outcome)| written(name(step), outcome)).collect()
    }

    async fn standing<'a>(&self, names: impl Iterator<Item = &'a MirrorId>) -> Standing {
        let looks: Vec<GetEvent<'_>> =
            names.map(|name| GetEvent { calendar: &self.id, event: name.as_str() }).collect();
        let answers = self.session.ask_all(&looks).await;
        looks.iter().map(|look| look.event.to_owned()).zip(answers).collect()
    }

    async fn send(
        &self,
        drafts: Vec<Result<Draft<'_>, RemoteError>>,
    ) -> Vec<Result<(Outcome, Touch), RemoteError>> {
        let (mut touches, mut writes) = (Vec::new(), Vec::new());
        for draft in drafts {
            touches.push(draft.as_ref().map_or(Touch::OursAlone, |draft| draft.touch));
            writes.push(draft.map(|draft| draft.write));
        }
        let outcomes = self.session.ask_each(writes).await;
        outcomes.into_iter().zip(touches).map(|(outcome, touch)| Ok((outcome?, touch))).collect()
    }

    fn draft<'a>(&'a self, step: &'a Step, standing: &mut Standing) -> Result<Draft<'a>, RemoteError> {
        match step {
            Step::Put { content: Content::Block(_), .. } => Err(RemoteError::Rejected {
                what: WHAT.into(),
                why: "a busy block belongs into the EHR".into(),
            }),
            Step::Put {
                at,
                expected: Expected::Absent | Expected::Doubtful,
                content: Content::Mirror(content),
            } => Ok(self.ours(&at.mirror, Change::Insert(mirror::new(&at.mirror, content)), None)),
            Step::Put {
                at,
                expected: Expected::Revision(revision, Touch::OursAlone),
                content: Content::Mirror(content),
            } => Ok(self.replaced(&at.mirror, content, Some(revision.clone()))),
            Step::Put { at, expected, content: Content::Mirror(content) } => {
                let looked = standing.remove(at.mirror.as_str()).unwrap_or_else(|| Err(conflict()))?;
                self.merged(&at.mirror, content, looked, known(expected))
            }
            Step::Delete { at, expected } => {
                Ok(self.ours(&at.mirror, Change::Remove, known(expected).cloned()))
            }
        }
    }

    /// Over what stands there now, if it is what we expect.
    fn merged<'a>(
        &'a self,
        name: &'a MirrorId,
        content: &MirrorContent,
        looked: Looked,
        wanted: Option<&Revision>,
    ) -> Result<Draft<'a>, RemoteError> {
        let (event, dress) = match looked {
            Looked::There { event, dress: Some(dress) } => (event, dress),
            Looked::There { dress: None, .. } | Looked::Unreadable => {
                return Ok(self.replaced(name, content, wanted.cloned()));
            }
            Looked::Deleted { .. } | Looked::NotFound => return Err(conflict()),
        };
        let found = event.etag.clone().map(Revision::new);
        if wanted.is_some() && found.is_some() && found.as_ref() != wanted {
            return Err(conflict());
        }
        let over = found.or_else(|| wanted.cloned());
        if !mirror::is_decorated(&dress) {
            return Ok(self.replaced(name, content, over));
        }
        let body = mirror::patch(name, content, &event, &dress);
        Ok(Draft { touch: Touch::Decorated, ..self.ours(name, Change::Patch(body), over) })
    }

    fn replaced<'a>(
        &'a self,
        name: &'a MirrorId,
        content: &MirrorContent,
        over: Option<Revision>,
    ) -> Draft<'a> {
        self.ours(name, Change::Replace(mirror::fresh(name, content)), over)
    }

    fn ours<'a>(&'a self, name: &'a MirrorId, change: Change, over: Option<Revision>) -> Draft<'a> {
        let write = Write { calendar: &self.id, event: name.as_str(), change, over };
        Draft { write, touch: Touch::OursAlone }
    }

    /// Puts again what was refused because its id is in use, where that is by a deleted event only.
    async fn revive(&self, steps: &[Step], outcomes: &mut [Result<(Outcome, Touch), RemoteError>]) {
        let taken =
            |outcome: &Result<(Outcome, Touch), RemoteError>| matches!(outcome, Ok((Outcome::Taken, _)));
        let places: Vec<usize> = outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| taken(outcome))
            .map(|(place, _)| place)
            .collect();
        if places.is_empty() {
            return;
        }
        let again: Vec<&Step> = places.iter().filter_map(|place| steps.get(*place)).collect();
        let mut standing = self.standing(again.iter().map(|step| name(step))).await;
        let drafts = again.into_iter().map(|step| self.revived(step, &mut standing)).collect();
        for (place, outcome) in places.into_iter().zip(self.send(drafts).await) {
            if let Some(slot) = outcomes.get_mut(place) {
                *slot = outcome;
            }
        }
    }

    fn revived<'a>(&'a self, step: &'a Step, standing: &mut Standing) -> Result<Draft<'a>, RemoteError> {
        let Step::Put { at, content: Content::Mirror(content), .. } = step else { return Err(conflict()) };
        match standing.remove(at.mirror.as_str()).unwrap_or_else(|| Err(conflict()))? {
            Looked::Deleted { etag } => Ok(self.replaced(&at.mirror, content, etag.map(Revision::new))),
            Looked::NotFound => Ok(self.replaced(&at.mirror, content, None)),
            Looked::There { .. } | Looked::Unreadable => Err(conflict()),
        }
    }

    /// An event that is not there may have been removed by a person, may have gone with its calendar, or cannot be
    /// made yet because its calendar is a few seconds old.
    async fn explain_not_found(
        &self,
        steps: &[Step],
        outcomes: &mut [Result<(Outcome, Touch), RemoteError>],
    ) {
        let vanished =
            |outcome: &Result<(Outcome, Touch), RemoteError>| matches!(outcome, Ok((Outcome::NotFound, _)));
        if !outcomes.iter().any(vanished) {
            return;
        }
        let probed = self.probe().await;
        for (step, outcome) in steps.iter().zip(outcomes).filter(|(_, outcome)| vanished(outcome)) {
            *outcome = match &probed {
                Ok(()) => without_event(step),
                Err(RemoteError::Missing { what }) => Err(RemoteError::Missing { what: what.clone() }),
                Err(error) => Err(RemoteError::Later {
                    what: WHAT.into(),
                    retry_after: error.retry_after(),
                    cause: Some(error.to_string().into()),
                }),
            };
        }
    }
}

/// What a "not found" means in a calendar that is there.
fn without_event(step: &Step) -> Result<(Outcome, Touch), RemoteError> {
    match step {
        Step::Delete { .. } => Ok((Outcome::Removed, Touch::OursAlone)),
        Step::Put { expected: Expected::Absent | Expected::Doubtful, .. } => Err(RemoteError::Later {
            what: WHAT.into(),
            retry_after: Some(UNTIL_CALENDAR_IS_KNOWN),
            cause: Some("its calendar does not take it yet".into()),
        }),
        Step::Put { expected: Expected::Revision(..) | Expected::Unversioned, .. } => Err(conflict()),
    }
}

/// A calendar that was just made is not known everywhere at once.
const UNTIL_CALENDAR_IS_KNOWN: Duration = Duration::from_secs(5);
const WHAT: &str = "a mirror in a Google calendar";

fn conflict() -> RemoteError {
    RemoteError::Conflict { what: WHAT.into() }
}

fn name(step: &Step) -> &MirrorId {
    match step {
        Step::Put { at, .. } | Step::Delete { at, .. } => &at.mirror,
    }
}

fn known(expected: &Expected) -> Option<&Revision> {
    match expected {
        Expected::Revision(revision, _) => Some(revision),
        Expected::Absent | Expected::Doubtful | Expected::Unversioned => None,
    }
}

fn looks_first(step: &Step) -> bool {
    match step {
        Step::Put { content: Content::Mirror(_), expected, .. } => {
            matches!(expected, Expected::Revision(_, Touch::Decorated) | Expected::Unversioned)
        }
        Step::Put { content: Content::Block(_), .. } | Step::Delete { .. } => false,
    }
}

fn written(name: &MirrorId, outcome: Result<(Outcome, Touch), RemoteError>) -> Result<Written, RemoteError> {
    match outcome? {
        (Outcome::Stands { revision }, touch) => {
            Ok(Written { remote: Some(ItemId::new(name.as_str())), revision, touch: Some(touch) })
        }
        (Outcome::Removed, _) => Ok(Written::default()),
        (Outcome::Taken | Outcome::NotFound, _) => Err(conflict()),
    }
}
