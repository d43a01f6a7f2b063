//! Carries out steps: one alone in a request of its own, several in a batch, and singly again where the EHR
//! takes no batches. Writes go before removals, so that a moved block never opens a gap.

use daybook_core::link::Touch;
use daybook_core::mirror::{BlockContent, Content};
use daybook_engine::ports::{Expected, MirrorRef, RemoteError, Step, Written};
use futures_util::future::join_all;
use http::StatusCode;

use super::Blocks;
use super::find::{Standing, lowest};
use super::revision::{revision_of, same_state, version_of};
use super::sight::{blocks_time, holds};
use super::writes::{Verdict, Write, conflict, judge_update, moved, rewritten, standing, withdrawn};
use crate::config::can_exist;
use crate::refusal::again;
use crate::requests::{CreateSlot, EntryAnswer, PostBatch, UpdateSlot, parse_batch};
use crate::wire::{KeptSlot, Resource};

pub(super) const STEPS_PER_REQUEST: usize = 50;
const WHAT: &str = "a block in the EHR";

type Outcome = Result<Written, RemoteError>;

/// What becomes of a step.
enum Plan<'a> {
    Send(Vec<Write<'a>>),
    Settled(Outcome),
}

/// A write, and the place of its step in the caller's list.
type Placed<'a> = (usize, Write<'a>);

impl Blocks {
    pub(super) async fn carry(&self, steps: &[Step]) -> Vec<Outcome> {
        let unseen: Vec<MirrorRef> =
            steps.iter().filter(|step| must_look(step)).map(place_of).cloned().collect();
        let seen = self.look(&unseen).await;
        let (mut puts, mut removals, mut settled) = (Vec::new(), Vec::new(), Vec::new());
        for (at, step) in steps.iter().enumerate() {
            let writes = match step {
                Step::Put { .. } => &mut puts,
                Step::Delete { .. } => &mut removals,
            };
            match self.plan(step, &seen) {
                Plan::Send(planned) => writes.extend(planned.into_iter().map(|write| (at, write))),
                Plan::Settled(outcome) => settled.push((at, outcome)),
            }
        }
        settled.extend(self.send_all(puts).await);
        settled.extend(self.send_all(removals).await);
        in_order(steps.len(), settled)
    }

    fn plan<'a>(&'a self, step: &'a Step, seen: &Result<Standing, RemoteError>) -> Plan<'a> {
        match step {
            Step::Put { at, expected, content: Content::Block(block) } => {
                self.plan_put(at, expected, *block, seen)
            }
            Step::Put { content: Content::Mirror(_), .. } => Plan::Settled(Err(RemoteError::Rejected {
                what: WHAT.to_owned(),
                why: "it is no block".to_owned(),
            })),
            Step::Delete { at, .. } => plan_removal(at, seen),
        }
    }

    fn plan_put<'a>(
        &'a self,
        at: &'a MirrorRef,
        expected: &Expected,
        block: BlockContent,
        seen: &Result<Standing, RemoteError>,
    ) -> Plan<'a> {
        let create = CreateSlot { schedule: &self.schedule, mirror: &at.mirror, block };
        if matches!(expected, Expected::Absent | Expected::Doubtful) {
            return Plan::Send(vec![Write::Create(create)]);
        }
        if let Some((id, version)) = known_state(at, expected) {
            let body = rewritten(&create, &id);
            return Plan::Send(vec![Write::Update(UpdateSlot { id, version: Some(version), body })]);
        }
        match seen {
            Err(error) => Plan::Settled(Err(again(error))),
            Ok(seen) => plan_amendment(lowest(seen, &at.mirror), expected, block),
        }
    }

    async fn send_all(&self, writes: Vec<Placed<'_>>) -> Vec<(usize, Outcome)> {
        let mut outcomes = Vec::with_capacity(writes.len());
        for writes in writes.chunks(STEPS_PER_REQUEST) {
            if writes.len() > 1 && self.server.takes_batches() {
                outcomes.extend(self.send_batch(writes).await);
            } else {
                outcomes.extend(self.send_singly(writes).await);
            }
        }
        outcomes
    }

    async fn send_singly(&self, writes: &[Placed<'_>]) -> Vec<(usize, Outcome)> {
        let send = |(at, write)| async move { (at, self.send_one(write).await) };
        join_all(writes.iter().map(|(at, write)| send((*at, write)))).await
    }

    async fn send_one(&self, write: &Write<'_>) -> Outcome {
        let answer = self.server.send(&write.prepare(&self.server.base)).await?;
        self.finish(write, EntryAnswer::from_answer(&answer)).await
    }

    async fn send_batch(&self, writes: &[Placed<'_>]) -> Vec<(usize, Outcome)> {
        let entries = writes.iter().map(|(_, write)| write.prepare_entry(&self.server.base)).collect();
        let answers = match self.server.send(&PostBatch { entries }.prepare(&self.server.base)).await {
            Ok(answer) if is_no_place_for_batches(answer.status()) => {
                self.server.remember_batch_refused();
                return self.send_singly(writes).await;
            }
            Ok(answer) => parse_batch(answer, writes.len()),
            Err(error) => Err(error),
        };
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => return writes.iter().map(|(at, _)| (*at, Err(again(&error)))).collect(),
        };
        let mut outcomes = Vec::with_capacity(writes.len());
        for ((at, write), answer) in writes.iter().zip(answers) {
            outcomes.push((*at, self.finish(write, answer).await));
        }
        outcomes
    }

    async fn finish(&self, write: &Write<'_>, answer: EntryAnswer) -> Outcome {
        match (write.judge(answer), write) {
            (Verdict::Done(outcome), _) => outcome,
            (Verdict::Existed(found), Write::Create(create)) => self.adopt(create, found).await,
            (Verdict::Undeletable, Write::Delete(id)) => self.withdraw(id).await,
            (Verdict::Existed(_) | Verdict::Undeletable, _) => Err(conflict()),
        }
    }

    /// A block of this name stood already. If it says what we want, all is well; if it closes no time, it
    /// is used again; anything else somebody has to decide about.
    async fn adopt(&self, create: &CreateSlot<'_>, found: Option<KeptSlot>) -> Outcome {
        let found = match found.filter(|kept| kept.slot.id.is_some()) {
            None => self.look_up(create).await?,
            known => known,
        };
        // It stands, and its search does not know it yet.
        let later = || RemoteError::Later { what: WHAT.to_owned(), retry_after: None, cause: None };
        let kept = found.ok_or_else(later)?;
        if holds(&kept.slot, create.block) {
            return Ok(standing(&kept));
        }
        if blocks_time(&kept.slot) {
            return Err(conflict());
        }
        self.update(amendment(&kept, moved(&kept, create.block))).await
    }

    async fn look_up(&self, create: &CreateSlot<'_>) -> Result<Option<KeptSlot>, RemoteError> {
        let by_name = [MirrorRef { mirror: create.mirror.clone(), remote: None }];
        Ok(lowest(&self.look(&by_name).await?, create.mirror).cloned())
    }

    /// Marks a block as an error, where the EHR deletes nothing.
    async fn withdraw(&self, id: &str) -> Outcome {
        match self.read_one(id).await? {
            Some(kept) if blocks_time(&kept.slot) => {
                self.update(amendment(&kept, withdrawn(&kept))).await.map(|_| Written::default())
            }
            _ => Ok(Written::default()),
        }
    }

    async fn update(&self, update: UpdateSlot) -> Outcome {
        let answer = self.server.send(&update.prepare(&self.server.base)).await?;
        judge_update(&EntryAnswer::from_answer(&answer), &update.id)
    }
}

fn place_of(step: &Step) -> &MirrorRef {
    match step {
        Step::Put { at, .. } | Step::Delete { at, .. } => at,
    }
}

/// Whether a step needs a read before it can be written.
fn must_look(step: &Step) -> bool {
    match step {
        Step::Put { expected: Expected::Absent | Expected::Doubtful, .. } => false,
        Step::Put { at, expected, .. } => known_state(at, expected).is_none(),
        Step::Delete { at, .. } => at.remote.is_none(),
    }
}

/// The id and version that may be written over without reading: our own last write stands there.
fn known_state(at: &MirrorRef, expected: &Expected) -> Option<(String, String)> {
    let Expected::Revision(revision, Touch::OursAlone) = expected else { return None };
    let id = at.remote.as_ref().filter(|id| can_exist(id.as_str()))?;
    Some((id.to_string(), version_of(revision)?))
}

/// What is to stand must still stand, in the state that was expected.
fn plan_amendment<'a>(found: Option<&KeptSlot>, expected: &Expected, block: BlockContent) -> Plan<'a> {
    let is_expected = |kept: &KeptSlot| match expected {
        Expected::Revision(revision, _) => same_state(revision, &revision_of(kept)),
        Expected::Absent | Expected::Doubtful | Expected::Unversioned => true,
    };
    match found {
        Some(kept) if is_expected(kept) => {
            Plan::Send(vec![Write::Update(amendment(kept, moved(kept, block)))])
        }
        Some(_) | None => Plan::Settled(Err(conflict())),
    }
}

/// By the id that we know, or everything that stands under the name. Nothing there is nothing to do.
fn plan_removal<'a>(at: &MirrorRef, seen: &Result<Standing, RemoteError>) -> Plan<'a> {
    match (&at.remote, seen) {
        (Some(id), _) if can_exist(id.as_str()) => Plan::Send(vec![Write::Delete(id.to_string())]),
        (Some(_), _) => Plan::Settled(Ok(Written::default())),
        (None, Err(error)) => Plan::Settled(Err(again(error))),
        (None, Ok(seen)) => {
            let standing = seen.get(&at.mirror).into_iter().flatten().filter(|kept| blocks_time(&kept.slot));
            let ids = standing.filter_map(|kept| kept.id().map(str::to_owned));
            Plan::Send(ids.map(Write::Delete).collect())
        }
    }
}

fn amendment(kept: &KeptSlot, body: serde_json::Value) -> UpdateSlot {
    UpdateSlot { id: kept.id().unwrap_or_default().to_owned(), version: version_of(&revision_of(kept)), body }
}

/// Answers to the whole of a batch that mean: not here, not like this.
fn is_no_place_for_batches(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 403 | 404 | 405 | 406 | 413 | 415 | 422 | 501)
}

/// One outcome for each step. Of several writes for one step a failure counts; no write is a success.
fn in_order(count: usize, settled: Vec<(usize, Outcome)>) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = (0..count).map(|_| Ok(Written::default())).collect();
    for (at, outcome) in settled {
        if let Some(place) = outcomes.get_mut(at).filter(|place| place.is_ok()) {
            *place = outcome;
        }
    }
    outcomes
}
