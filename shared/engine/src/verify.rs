//! The probe: an event of ours in the main calendar and a block in the EHR, each written, read back and removed at once,
//! so that a clinician sees that both sides work. It syncs nothing, and touches no appointment and no event of theirs.
//!
//! It works under the lease, as a sync does: one writer. A link that owes the removal is saved before anything is
//! written, so that whatever a crash leaves goes with the next sync.

use daybook_core::connection::{Direction, State, Verified, Went};
use daybook_core::detail::Detail;
use daybook_core::key::{Owner, Target};
use daybook_core::link::{Lane, Link, LinkState, Owing, Reason, Touch};
use daybook_core::mirror::{BlockContent, Content, Expected};
use daybook_core::probe::{self, Times};
use daybook_core::time::Interval;
use jiff::Timestamp;

use crate::Engine;
use crate::command::wrong_state;
use crate::error::EngineError;
use crate::ports::{ConnectionRef, LinkChange, MirrorRef, Mirrors, RemoteError, Step, Written};
use crate::sync::{Halt, Lease, Session, after};

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verification {
    /// A sync is at work on this connection: try again in a moment.
    Busy,
    Tried(Trial),
}

/// Both sides, step by step. A side that the settings do not write to has no steps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trial {
    pub at: Timestamp,
    pub calendar: Vec<Tried>,
    pub ehr: Vec<Tried>,
}

/// One step and how it went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tried {
    pub step: ProbeStep,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProbeStep {
    /// The schedule to write to is known. Told only where it is not.
    Find,
    Write,
    ReadBack,
    Move,
    ReadMoved,
    Delete,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    Done,
    Failed(Failure),
    /// An earlier step failed.
    NotTried,
}

/// Why a step failed, by what a person can do about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// Our credentials are refused.
    SignedOut,
    /// No answer, or a wish to be left alone for a while.
    NotNow,
    /// The calendar or schedule is not there, or may not be written.
    Closed,
    /// What was written is not accepted, or does not stand as it was written.
    NotTaken,
    /// This deployment is not accepted as it is registered.
    Misconfigured,
}

impl Failure {
    fn of(error: &RemoteError) -> Self {
        match error {
            RemoteError::Refused { .. } => Failure::SignedOut,
            RemoteError::Missing { .. } | RemoteError::Forbidden { .. } => Failure::Closed,
            RemoteError::Rejected { .. } => Failure::NotTaken,
            RemoteError::Unconfigured { .. } => Failure::Misconfigured,
            RemoteError::Later { .. }
            | RemoteError::CursorLost { .. }
            | RemoteError::Conflict { .. }
            | RemoteError::Unintelligible { .. } => Failure::NotNow,
        }
    }
}

/// What a trial shows, and no more than that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    BothWork,
    CalendarWorks,
    EhrWorks,
    /// At least one step failed.
    Fails,
    /// The settings write to neither side.
    NothingTried,
}

impl Trial {
    pub fn verdict(&self) -> Verdict {
        let fails = |tried: &Tried| tried.outcome != Outcome::Done;
        if self.calendar.iter().chain(&self.ehr).any(fails) {
            return Verdict::Fails;
        }
        match (self.calendar.is_empty(), self.ehr.is_empty()) {
            (false, false) => Verdict::BothWork,
            (false, true) => Verdict::CalendarWorks,
            (true, false) => Verdict::EhrWorks,
            (true, true) => Verdict::NothingTried,
        }
    }

    /// Whatever was written is known to be gone.
    fn leaves_nothing(&self) -> bool {
        let mut removals =
            self.calendar.iter().chain(&self.ehr).filter(|tried| tried.step == ProbeStep::Delete);
        removals.all(|tried| tried.outcome == Outcome::Done)
    }

    /// `None` where there is nothing to remember.
    fn went(&self) -> Option<Went> {
        match self.verdict() {
            Verdict::BothWork | Verdict::CalendarWorks | Verdict::EhrWorks => Some(Went::Well),
            Verdict::Fails => Some(Went::Badly),
            Verdict::NothingTried => None,
        }
    }
}

/// What to remove again if it cannot be removed now.
const AGAIN: std::time::Duration = std::time::Duration::from_mins(1);

impl Engine {
    /// Writes, reads back, moves and removes a probe on both sides. Refuses before the clinician's yes.
    pub async fn verify(&self, at: &ConnectionRef) -> Result<Verification, EngineError> {
        let connection = self.find(at).await?;
        if !matches!(connection.evidence.state(), State::Syncing | State::Active) {
            return Err(wrong_state(&connection));
        }
        let now = self.clock.now();
        let term = self.lease_term(now);
        let Some(acquired) = self.store.acquire(at, &term, now).await? else { return Ok(Verification::Busy) };
        let mut lease = Lease::new(self, at.clone(), acquired, &term);
        let tried = self.try_both(&mut lease).await;
        match tried {
            Ok(trial) => {
                if let Some(went) = trial.went() {
                    lease.release.evidence.verified = Some(Verified { at: trial.at, went });
                }
                lease.give_back_unused().await?;
                Ok(Verification::Tried(trial))
            }
            Err(halt) => {
                lease.let_go().await;
                Err(halt.into_error())
            }
        }
    }

    async fn try_both(&self, lease: &mut Lease<'_>) -> Result<Trial, Halt> {
        let session = Session::look_around(self, lease).await?;
        let mut trial = Trial { at: session.now, calendar: Vec::new(), ehr: Vec::new() };
        let times = session.probe_times().await.map_err(|error| Halt::Broken(EngineError::Ehr(error)))?;
        let before = lease.connection.schedule.clone();
        // Whoever waits for the answer may be cut off at any moment: then the sweep comes by for what stands.
        lease.owes_from(after(lease.now(), AGAIN));
        lease.checkpoint().await?;
        if let Some(calendar) = session.main_calendar().cloned() {
            trial.calendar = session.probe_calendar(Target::Calendar(calendar), times, lease).await?;
        }
        if session.settings.direction == Direction::TwoWay {
            trial.ehr = match session.schedules().into_iter().next() {
                Some(schedule) => session.probe_ehr(Target::Schedule(schedule), times, lease).await?,
                None => vec![session.lacks_schedule()],
            };
        }
        if trial.leaves_nothing() {
            lease.connection.schedule = before;
        }
        Ok(trial)
    }
}

fn later() -> RemoteError {
    RemoteError::Later { what: "the other side".into(), retry_after: None, cause: None }
}

impl Session<'_> {
    /// Far from every appointment.
    async fn probe_times(&self) -> Result<Times, RemoteError> {
        let practitioner = &self.connection.practitioner;
        let listing = self.ehr.list_appointments(practitioner, self.window, Detail::Busy).await?;
        let taken: Vec<Interval> =
            listing.items.iter().filter_map(|appointment| appointment.when?.ok()).collect();
        probe::times(self.window, &taken, self.now, &self.zone).ok_or_else(|| RemoteError::Rejected {
            what: "the check".into(),
            why: "every night of the window is taken".into(),
        })
    }

    /// No time can be closed where the EHR gives no schedule, or has never answered who this is.
    fn lacks_schedule(&self) -> Tried {
        let why = if self.known.is_some() { Failure::Closed } else { Failure::NotNow };
        Tried { step: ProbeStep::Find, outcome: Outcome::Failed(why) }
    }

    async fn probe_calendar(
        &self,
        target: Target,
        times: Times,
        lease: &mut Lease<'_>,
    ) -> Result<Vec<Tried>, Halt> {
        let content = |at| Content::Mirror(probe::event(at));
        let mut probe = Probe::new(self, Lane::Appointments, target);
        probe.owe(times.first, lease).await?;
        let first = probe.put(ProbeStep::Write, Expected::Doubtful, content(times.first), lease).await?;
        probe.read(ProbeStep::ReadBack, Some(&content(times.first)), lease).await?;
        let known = first.and_then(|written| written.revision);
        let expected =
            known.map_or(Expected::Unversioned, |known| Expected::Revision(known, Touch::OursAlone));
        probe.put(ProbeStep::Move, expected, content(times.moved), lease).await?;
        probe.read(ProbeStep::ReadMoved, Some(&content(times.moved)), lease).await?;
        probe.end(lease).await
    }

    async fn probe_ehr(
        &self,
        target: Target,
        times: Times,
        lease: &mut Lease<'_>,
    ) -> Result<Vec<Tried>, Halt> {
        let content = Content::Block(BlockContent { interval: times.first });
        let mut probe = Probe::new(self, Lane::Busy, target);
        probe.owe(times.first, lease).await?;
        probe.put(ProbeStep::Write, Expected::Doubtful, content.clone(), lease).await?;
        probe.read(ProbeStep::ReadBack, Some(&content), lease).await?;
        probe.end(lease).await
    }
}

/// The probe in one place, with what was tried so far.
struct Probe<'a> {
    session: &'a Session<'a>,
    mirrors: std::sync::Arc<dyn Mirrors>,
    link: Link,
    tried: Vec<Tried>,
    has_failed: bool,
}

impl<'a> Probe<'a> {
    fn new(session: &'a Session<'a>, lane: Lane, target: Target) -> Self {
        let owner = probe::owner(lane);
        let mirror = session.key.mirror_id(&session.connection.practitioner, &owner, &target);
        let item_digest = match &owner {
            Owner::Appointment(_) => None,
            Owner::Event(event) => Some(session.key.item_digest(&event.calendar, event.item.as_str())),
        };
        let state =
            LinkState::Owing(Owing { reason: Reason::Removing, attempts: 0, not_before: None, span: None });
        let mirrors = session.mirrors_in(&target);
        let told = Detail::Busy;
        let link = Link { owner, target, mirror, remote: None, item_digest, told, state, generation: 0 };
        Self { session, mirrors, link, tried: Vec::new(), has_failed: false }
    }

    /// Before anything is written: its removal is owed.
    async fn owe(&mut self, at: Interval, lease: &mut Lease<'_>) -> Result<(), Halt> {
        self.link = self.link.clone().to_stand_at(at);
        lease.save(vec![LinkChange::Put(self.link.clone())]).await
    }

    async fn put(
        &mut self,
        step: ProbeStep,
        expected: Expected,
        content: Content,
        lease: &mut Lease<'_>,
    ) -> Result<Option<Written>, Halt> {
        if self.has_failed {
            self.note(step, Outcome::NotTried);
            return Ok(None);
        }
        let written = self.carry_out(Step::Put { at: self.name(), expected, content }, lease).await?;
        match written {
            Ok(written) => {
                self.note(step, Outcome::Done);
                self.remember(&written, lease).await?;
                Ok(Some(written))
            }
            Err(error) => {
                self.fail(step, &error);
                Ok(None)
            }
        }
    }

    /// Where the other side chose the name, a crash must find it by that.
    async fn remember(&mut self, written: &Written, lease: &mut Lease<'_>) -> Result<(), Halt> {
        if written.remote.is_none() || written.remote == self.link.remote {
            return Ok(());
        }
        self.link.remote.clone_from(&written.remote);
        lease.save(vec![LinkChange::Put(self.link.clone())]).await
    }

    /// Whether what was written stands; `None`: whether it is gone.
    async fn read(
        &mut self,
        step: ProbeStep,
        expected: Option<&Content>,
        lease: &mut Lease<'_>,
    ) -> Result<(), Halt> {
        if self.has_failed {
            self.note(step, Outcome::NotTried);
            return Ok(());
        }
        lease.before_write().await?;
        match self.found().await {
            Ok(found) if self.is_as(found.as_ref(), expected) => self.note(step, Outcome::Done),
            Ok(_) => self.fail_because(step, Failure::NotTaken),
            Err(error) => self.fail(step, &error),
        }
        Ok(())
    }

    async fn found(&self) -> Result<Option<Content>, RemoteError> {
        let found = self.mirrors.find(&[self.name()]).await?;
        let answered = found.into_iter().find(|sighting| sighting.mirror == self.link.mirror);
        answered.map(|sighting| sighting.content).ok_or_else(later)
    }

    fn is_as(&self, found: Option<&Content>, expected: Option<&Content>) -> bool {
        let print = |content: &Content| self.session.key.fingerprint(content);
        found.map(print) == expected.map(print)
    }

    /// Removes the probe, however the steps before went. What cannot be removed stays owed, soon.
    async fn end(mut self, lease: &mut Lease<'_>) -> Result<Vec<Tried>, Halt> {
        let delete = Step::Delete { at: self.name(), expected: Expected::Unversioned };
        let removed = match self.carry_out(delete, lease).await? {
            Ok(_) => self.found().await,
            Err(error) => Err(error),
        };
        match removed {
            Ok(None) => {
                self.note(ProbeStep::Delete, Outcome::Done);
                lease.save(vec![LinkChange::Remove(self.link)]).await?;
            }
            Ok(Some(_)) => {
                self.fail_because(ProbeStep::Delete, Failure::NotTaken);
                self.owe_later(lease).await?;
            }
            Err(error) => {
                self.fail(ProbeStep::Delete, &error);
                self.owe_later(lease).await?;
            }
        }
        Ok(self.tried)
    }

    async fn owe_later(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let at = after(lease.now(), AGAIN);
        lease.owes_from(at);
        lease.save(vec![LinkChange::Put(self.link.owing(Reason::Removing, 1, Some(at)))]).await
    }

    async fn carry_out(
        &self,
        step: Step,
        lease: &mut Lease<'_>,
    ) -> Result<Result<Written, RemoteError>, Halt> {
        lease.before_write().await?;
        if matches!(self.link.target, Target::Calendar(_))
            && let Some(pause) = lease.allow(1).await?
        {
            let what = "the provider, whose requests of this minute are spent,".to_owned();
            return Ok(Err(RemoteError::Later { what, retry_after: Some(pause), cause: None }));
        }
        let mut written = self.mirrors.carry_out(&[step]).await;
        Ok(written.pop().unwrap_or_else(|| Err(later())))
    }

    fn name(&self) -> MirrorRef {
        MirrorRef { mirror: self.link.mirror.clone(), remote: self.link.remote.clone() }
    }

    fn note(&mut self, step: ProbeStep, outcome: Outcome) {
        self.tried.push(Tried { step, outcome });
    }

    fn fail(&mut self, step: ProbeStep, error: &RemoteError) {
        tracing::info!(connection = %self.session.at.id, ?step, error = %error, "a check failed");
        self.fail_because(step, Failure::of(error));
    }

    fn fail_because(&mut self, step: ProbeStep, why: Failure) {
        self.has_failed = true;
        self.note(step, Outcome::Failed(why));
    }
}
