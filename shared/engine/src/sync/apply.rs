//! Carry out a plan: owe, write, agree. Links that need no remote work first, then writes, then removals.
//!
//! Records are saved in waves: one save notes what the wave before agreed on and what this one is about to begin.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use daybook_core::key::{Owner, Target};
use daybook_core::link::{Agreed, Lane, Link, LinkState, Reason, Touch};
use daybook_core::mirror::Expected;
use daybook_core::plan::{Delete, Novelty, Plan, Put, Why};
use daybook_core::retry;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;

use super::lanes::Seen;
use super::lease::Lease;
use super::tempo::Tempo;
use super::{Halt, Session};
use crate::ports::{LinkChange, MirrorRef, Mirrors, RemoteError, Step, Written};

/// How many writes are begun between two saves.
const WAVE: usize = 50;
/// When the old mirror of something that could not be written in its new place is looked at again.
const UNTIL_MOVED: Duration = Duration::from_mins(20);
/// A write that meets a conflict is read, planned and tried again at most this often.
const CONFLICT_ROUNDS: usize = 3;

/// How it went, in numbers and in the time of the next attempt.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub written: usize,
    pub removed: usize,
    pub put_off: usize,
    pub rejected: usize,
    /// Mirrors among the written that their reader had dragged or deleted.
    pub restored: usize,
    /// Mirrors that were left as their reader wants them.
    pub parked: usize,
    /// How far the run had come before this lane.
    done_before: u64,
    /// Owners whose mirror could not be written.
    unfinished: HashSet<Owner>,
    /// The earliest time at which something that was put off may be tried.
    pub owing_at: Option<Timestamp>,
    /// What stands in the way of a whole target.
    pub refusals: BTreeMap<String, RemoteError>,
}

/// What becomes of a write that met another state than it expected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unexpected {
    IsReadAgain,
    IsOwed,
}

/// How a wave went.
#[derive(Default)]
struct Driven {
    ended: Vec<(Work, Result<Written, RemoteError>)>,
    /// Why the rest of it was not begun.
    halt: Option<Halt>,
}

impl Driven {
    fn take_conflicts(&mut self) -> Vec<Link> {
        let is_conflict = |result: &Result<_, _>| matches!(result, Err(RemoteError::Conflict { .. }));
        let (conflicts, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.ended).into_iter().partition(|(_, result)| is_conflict(result));
        self.ended = rest;
        conflicts.iter().map(|(work, _)| work.link().clone()).collect()
    }
}

/// One remote write with the link that it is for.
enum Work {
    Put(Put),
    Delete(Delete),
}

impl Work {
    fn link(&self) -> &Link {
        match self {
            Work::Put(put) => &put.link,
            Work::Delete(delete) => &delete.link,
        }
    }

    fn step(&self) -> Step {
        let link = self.link();
        let at = MirrorRef { mirror: link.mirror.clone(), remote: link.remote.clone() };
        match self {
            Work::Put(put) => Step::Put { at, expected: put.expected.clone(), content: put.content.clone() },
            // It is ours whatever it holds now.
            Work::Delete(_) => Step::Delete { at, expected: Expected::Unversioned },
        }
    }
}

impl Session<'_> {
    pub(super) async fn carry_out(
        &self,
        lane: Lane,
        targets: &[Target],
        plan: Plan,
        seen: &mut Seen,
        lease: &mut Lease<'_>,
    ) -> Result<Applied, Halt> {
        let mut applied = Applied::default();
        let agreed = plan.agrees.into_iter().map(|agree| LinkChange::Put(agree.link));
        let forgotten = plan.forgets.into_iter().map(LinkChange::Remove);
        let held = plan.holds.iter().cloned().map(LinkChange::Put);
        let parked = plan.parks.iter().cloned().map(LinkChange::Put);
        applied.note_waits(plan.holds.iter());
        applied.parked += plan.parks.len();
        lease.save(agreed.chain(forgotten).chain(held).chain(parked).collect()).await?;
        let total = u64::try_from(plan.puts.len() + plan.deletes.len()).unwrap_or(u64::MAX);
        applied.done_before = lease.expect(total);
        let mut puts = plan.puts;
        let mut deletes = plan.deletes;
        for round in 0..=CONFLICT_ROUNDS {
            let unexpected =
                if round < CONFLICT_ROUNDS { Unexpected::IsReadAgain } else { Unexpected::IsOwed };
            let conflicts = self.write(puts, unexpected, &mut applied, lease).await?;
            if conflicts.is_empty() {
                break;
            }
            let again = self.plan_conflicts(lane, targets, conflicts, seen, lease).await?;
            applied.parked += again.parks.len();
            puts = again.puts;
            deletes.extend(again.deletes);
        }
        let deletes = self.keep_until_moved(deletes, &mut applied, lease).await?;
        self.remove(deletes, &mut applied, lease).await?;
        Ok(applied)
    }

    /// What is to stand in a new place keeps its old one until it does.
    async fn keep_until_moved(
        &self,
        deletes: Vec<Delete>,
        applied: &mut Applied,
        lease: &Lease<'_>,
    ) -> Result<Vec<Delete>, Halt> {
        let is_kept =
            |delete: &Delete| delete.why == Why::Settings && applied.unfinished.contains(&delete.link.owner);
        let (kept, rest): (Vec<Delete>, Vec<Delete>) = deletes.into_iter().partition(is_kept);
        let at = after(self.engine.clock.now(), UNTIL_MOVED);
        let owing: Vec<Link> =
            kept.iter().map(|delete| delete.link.owing(Reason::Removing, 0, Some(at))).collect();
        applied.put_off += owing.len();
        applied.note_waits(owing.iter());
        lease.save(owing.into_iter().map(LinkChange::Put).collect()).await?;
        Ok(rest)
    }

    /// Reads what stands where a write met a conflict, and plans those pairs again.
    async fn plan_conflicts(
        &self,
        lane: Lane,
        targets: &[Target],
        links: Vec<Link>,
        seen: &mut Seen,
        lease: &mut Lease<'_>,
    ) -> Result<Plan, Halt> {
        let mut by_target: BTreeMap<Target, Vec<MirrorRef>> = BTreeMap::new();
        for link in &links {
            let name = MirrorRef { mirror: link.mirror.clone(), remote: link.remote.clone() };
            by_target.entry(link.target.clone()).or_default().push(name);
        }
        for (target, names) in by_target {
            match self.mirrors_in(&target).find(&names).await {
                Ok(found) => found.into_iter().for_each(|sighting| seen.see_mirror(&target, sighting)),
                Err(error) => {
                    tracing::warn!(connection = %self.at.id, error = %error, "a conflict could not be read");
                }
            }
        }
        let mut again = self.plan_links(lane, targets, &links.iter().collect::<Vec<_>>(), seen);
        let of_these = |link: &Link| links.iter().any(|conflicted| conflicted.mirror == link.mirror);
        again.puts.retain(|put| of_these(&put.link));
        again.deletes.retain(|delete| of_these(&delete.link) && delete.why != Why::Stray);
        again.parks.retain(of_these);
        let parked = again.parks.iter().cloned().map(LinkChange::Put);
        let agreed = again.agrees.drain(..).map(|agree| LinkChange::Put(agree.link));
        lease.save(agreed.chain(parked).collect()).await?;
        Ok(again)
    }

    /// Puts, in waves. Returns the links whose mirror was not as expected.
    async fn write(
        &self,
        puts: Vec<Put>,
        unexpected: Unexpected,
        applied: &mut Applied,
        lease: &mut Lease<'_>,
    ) -> Result<Vec<Link>, Halt> {
        let mut conflicts = Vec::new();
        let mut tempo = Tempo::new();
        let mut records: Vec<LinkChange> = Vec::new();
        let mut rest: VecDeque<Work> = puts.into_iter().map(Work::Put).collect();
        while !rest.is_empty() {
            let wave: Vec<Work> = rest.drain(..rest.len().min(WAVE)).collect();
            records.extend(wave.iter().filter_map(begun));
            lease.save(std::mem::take(&mut records)).await?;
            let mut driven = self.drive(wave, &mut tempo, lease).await;
            if unexpected == Unexpected::IsReadAgain {
                conflicts.extend(driven.take_conflicts());
            }
            records = self.record_all(driven, applied, lease).await?;
            if rest.is_empty() {
                lease.save(std::mem::take(&mut records)).await?;
            }
            advance(applied, rest.len(), lease).await?;
        }
        Ok(conflicts)
    }

    async fn remove(
        &self,
        deletes: Vec<Delete>,
        applied: &mut Applied,
        lease: &mut Lease<'_>,
    ) -> Result<(), Halt> {
        let mut tempo = Tempo::new();
        let mut rest: VecDeque<Work> = deletes.into_iter().map(Work::Delete).collect();
        while !rest.is_empty() {
            let wave: Vec<Work> = rest.drain(..rest.len().min(WAVE)).collect();
            let driven = self.drive(wave, &mut tempo, lease).await;
            let records = self.record_all(driven, applied, lease).await?;
            lease.save(records).await?;
            advance(applied, rest.len(), lease).await?;
        }
        Ok(())
    }

    /// What the links remember after a wave. Where the run cannot go on, what was done is saved first.
    async fn record_all(
        &self,
        driven: Driven,
        applied: &mut Applied,
        lease: &Lease<'_>,
    ) -> Result<Vec<LinkChange>, Halt> {
        let mut records = Vec::new();
        let mut halt = driven.halt;
        for (work, result) in driven.ended {
            match self.record(&work, result, applied) {
                Ok(record) => records.extend(record),
                Err(refused) => halt = Some(refused),
            }
        }
        let Some(halt) = halt else { return Ok(records) };
        lease.save(records).await?;
        Err(halt)
    }

    /// Sends the steps of one wave, as many at once as the other side keeps up with.
    async fn drive(&self, wave: Vec<Work>, tempo: &mut Tempo, lease: &mut Lease<'_>) -> Driven {
        let mut waiting: VecDeque<(Arc<dyn Mirrors>, Vec<Work>)> = self.batches(wave).into();
        let mut running = FuturesUnordered::new();
        let mut driven = Driven::default();
        loop {
            while driven.halt.is_none() && running.len() < tempo.limit() && !tempo.gave_up() {
                let Some((mirrors, works)) = waiting.pop_front() else { break };
                match admit(&works, lease).await {
                    Ok(None) => running.push(send(mirrors, works)),
                    Ok(Some(pause)) => {
                        let rest = waiting.drain(..).flat_map(|(_, works)| works);
                        let unsent = works.into_iter().chain(rest);
                        driven.ended.extend(unsent.map(|work| (work, Err(budget_spent(pause)))));
                    }
                    Err(halt) => driven.halt = Some(halt),
                }
            }
            let Some((works, results)) = running.next().await else { break };
            let fell_behind = results.iter().any(|result| matches!(result, Err(RemoteError::Later { .. })));
            if fell_behind {
                tempo.fell_behind();
            } else {
                tempo.kept_up();
            }
            if is_refused(&works, &results) {
                driven.halt.get_or_insert(Halt::Refused);
            }
            driven.ended.extend(paired(works, results));
        }
        if driven.halt.is_none() {
            // What was not begun is put off like the last one that was refused.
            let unsent = waiting.into_iter().flat_map(|(_, works)| works);
            driven.ended.extend(unsent.map(|work| (work, Err(later("the other side")))));
        }
        driven
    }

    fn batches(&self, wave: Vec<Work>) -> Vec<(Arc<dyn Mirrors>, Vec<Work>)> {
        let mut by_target: BTreeMap<Target, Vec<Work>> = BTreeMap::new();
        for work in wave {
            by_target.entry(work.link().target.clone()).or_default().push(work);
        }
        let mut batches = Vec::new();
        for (target, works) in by_target {
            let mirrors = self.mirrors_in(&target);
            let size = mirrors.steps_per_request().max(1);
            let mut works = works.into_iter().peekable();
            while works.peek().is_some() {
                batches.push((mirrors.clone(), works.by_ref().take(size).collect()));
            }
        }
        batches
    }

    pub(crate) fn mirrors_in(&self, target: &Target) -> Arc<dyn Mirrors> {
        match target {
            Target::Calendar(id) => self.account.calendar(id),
            Target::Schedule(id) => self.ehr.blocks(id),
        }
    }

    /// What the link remembers after one step. Refused credentials end the run, on the calendars' side.
    fn record(
        &self,
        work: &Work,
        result: Result<Written, RemoteError>,
        applied: &mut Applied,
    ) -> Result<Option<LinkChange>, Halt> {
        let link = work.link();
        let error = match result {
            Ok(written) => {
                return Ok(Some(match work {
                    Work::Put(put) => {
                        applied.written += 1;
                        applied.restored += usize::from(put.restored.is_some());
                        LinkChange::Put(agreed(put, written))
                    }
                    Work::Delete(delete) => {
                        applied.removed += 1;
                        LinkChange::Remove(delete.link.clone())
                    }
                }));
            }
            Err(error) => error,
        };
        if matches!((&error, &link.target), (RemoteError::Refused { .. }, Target::Calendar(_))) {
            return Err(Halt::Refused);
        }
        let owing = self.owe(work, &error, applied);
        tracing::warn!(connection = %self.at.id, mirror = %link.mirror, error = %error, "a mirror could not be written");
        if matches!(work, Work::Put(_)) {
            applied.unfinished.insert(link.owner.clone());
        }
        applied.refusals.insert(link.target.as_str().to_owned(), error);
        // A stray has no link of its own to remember it by; it is found again.
        let is_stray = matches!(work, Work::Delete(Delete { why: Why::Stray, .. }));
        Ok((!is_stray).then_some(LinkChange::Put(owing)))
    }

    fn owe(&self, work: &Work, error: &RemoteError, applied: &mut Applied) -> Link {
        let link = work.link();
        let attempts = match &link.state {
            LinkState::Owing(owing) => owing.attempts,
            LinkState::Agreed(_) => 0,
        };
        let put_off = match work {
            Work::Put(_) => Reason::Retry,
            Work::Delete(_) => Reason::Removing,
        };
        let is_passing = matches!(
            error,
            RemoteError::Later { .. }
                | RemoteError::Conflict { .. }
                | RemoteError::Refused { .. }
                | RemoteError::Unconfigured { .. }
        );
        let (reason, pause) = if is_passing {
            applied.put_off += 1;
            (put_off, retry::delay(attempts, self.engine.random.unit(), error.retry_after()))
        } else {
            applied.rejected += 1;
            (Reason::Rejected, retry::PARKED)
        };
        let owing =
            link.owing(reason, attempts.saturating_add(1), Some(after(self.engine.clock.now(), pause)));
        let owing = match work {
            Work::Put(put) => {
                let told = owing.told.max(put.told);
                Link { told, ..owing.to_stand_at(put.content.interval()) }
            }
            Work::Delete(_) => owing,
        };
        applied.note_waits(std::iter::once(&owing));
        owing
    }
}

impl Applied {
    fn note_waits<'a>(&mut self, links: impl Iterator<Item = &'a Link>) {
        for link in links {
            if let LinkState::Owing(owing) = &link.state {
                self.owing_at = self.owing_at.into_iter().chain(owing.not_before).min();
            }
        }
    }
}

/// Notes how far the run has come; a long one shows it between its waves.
async fn advance(applied: &Applied, to_come: usize, lease: &mut Lease<'_>) -> Result<(), Halt> {
    let done = applied.written + applied.removed + applied.put_off + applied.rejected;
    lease.come(applied.done_before.saturating_add(u64::try_from(done).unwrap_or(u64::MAX)));
    if to_come == 0 {
        return Ok(());
    }
    lease.heed_commands().await?;
    lease.checkpoint().await
}

/// A first write is owed before it is sent. An update needs no such record, unless it tells more than before: the link
/// holds the name, the mark and the cursor stay until the end, and a conflict is read.
fn begun(work: &Work) -> Option<LinkChange> {
    match work {
        Work::Put(Put { novelty: Novelty::New, link, .. }) => Some(LinkChange::Put(link.clone())),
        // Should we die now, nobody must take the mirror for one that tells less.
        Work::Put(put) if put.told > put.link.told => {
            Some(LinkChange::Put(Link { told: put.told, ..put.link.clone() }))
        }
        Work::Put(_) | Work::Delete(_) => None,
    }
}

fn agreed(put: &Put, written: Written) -> Link {
    let touch = written.touch.unwrap_or(match &put.expected {
        Expected::Absent | Expected::Doubtful => Touch::OursAlone,
        Expected::Revision(_, touch) => *touch,
        Expected::Unversioned => Touch::Decorated,
    });
    let agreed = Agreed {
        fingerprint: put.fingerprint,
        span: put.content.interval(),
        revision: written.revision,
        touch,
        restored: put.restored,
    };
    let remote = written.remote.or_else(|| put.link.remote.clone());
    Link { remote, told: put.told, state: LinkState::Agreed(agreed), ..put.link.clone() }
}

/// Whether these may be sent now. A calendar's share the budget of all practices; the EHR is the practice's own.
async fn admit(works: &[Work], lease: &mut Lease<'_>) -> Result<Option<Duration>, Halt> {
    lease.before_write().await?;
    let of_calendars = works.iter().filter(|work| matches!(work.link().target, Target::Calendar(_)));
    Ok(lease.allow(of_calendars.count()).await?)
}

fn budget_spent(pause: Duration) -> RemoteError {
    let what = "the provider, whose requests of this minute are spent,".to_owned();
    RemoteError::Later { what, retry_after: Some(pause), cause: None }
}

/// A refused sign-in is not tried a second time: accounts are locked for less.
fn is_refused(works: &[Work], results: &[Result<Written, RemoteError>]) -> bool {
    let is_calendar = works.iter().any(|work| matches!(work.link().target, Target::Calendar(_)));
    is_calendar && results.iter().any(|result| matches!(result, Err(RemoteError::Refused { .. })))
}

async fn send(mirrors: Arc<dyn Mirrors>, works: Vec<Work>) -> (Vec<Work>, Vec<Result<Written, RemoteError>>) {
    let steps: Vec<Step> = works.iter().map(Work::step).collect();
    let results = mirrors.carry_out(&steps).await;
    (works, results)
}

fn paired(
    works: Vec<Work>,
    results: Vec<Result<Written, RemoteError>>,
) -> Vec<(Work, Result<Written, RemoteError>)> {
    // An adapter that answers less than it was asked owes the rest.
    let missing = std::iter::repeat_with(|| Err(later("a step without an answer")));
    works.into_iter().zip(results.into_iter().chain(missing)).collect()
}

fn later(what: &str) -> RemoteError {
    RemoteError::Later { what: what.to_owned(), retry_after: None, cause: None }
}

pub(crate) fn after(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}
