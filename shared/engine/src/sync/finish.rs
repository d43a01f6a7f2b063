//! The end of a run: what is due when, and what the evidence now says. Cursors and marks move here, last.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::conflict;
use daybook_core::connection::{Marks, ProblemKind, Reconciled, Schedule};
use daybook_core::ids::CalendarId;
use daybook_core::key::Owner;
use daybook_core::link::{Lane, LinkState};
use daybook_core::plan::OwnerSight;
use daybook_core::retry;
use daybook_core::subscription::Telling;
use daybook_core::time::start_of_day;
use jiff::{Timestamp, ToSpan};

use super::apply::{Applied, after};
use super::lanes::{Part, Seen, Settled};
use super::lease::Lease;
use super::problems::{About, Problems};
use super::scope::Trust;
use super::session::calendar_problem;
use super::{Session, Tally, ehr};

/// Moves what may move. Called only when every step is done or owed.
pub(super) fn schedule(session: &Session<'_>, lease: &mut Lease<'_>, seen: &Seen, settled: &Settled) {
    let is_whole = is_whole(seen, settled);
    let now = session.engine.clock.now();
    let before = session.connection.schedule.clone();
    let (practitioner, tellings) =
        (lease.release.schedule.practitioner.clone(), lease.release.schedule.tellings.clone());
    let mut schedule = Schedule { practitioner, tellings, ..before };
    schedule.failures = if is_whole { 0 } else { schedule.failures.saturating_add(1) };
    move_cursors(session, seen, settled, &mut schedule);
    schedule.reconciled = reconciled(session, settled, is_whole);
    if is_whole {
        schedule.rolled_to = Some(session.today);
        lease.release.evidence.last_synced_at = Some(now);
        lease.release.evidence.first_synced_at.get_or_insert(now);
    }
    let appointments = if seen.has_failed(Part::Ehr) || settled.unplanned {
        Marks::default()
    } else {
        done_marks(session, seen, is_whole)
    };
    lease.release.done_marks = Marks {
        calendars: done_calendars(session, seen, settled),
        subscriptions: session.connection.signals.marks.subscriptions.clone(),
        ..appointments
    };
    schedule.owing_at = owing_at(session, seen, settled);
    schedule.due_at = Some(due_at(session, seen, &schedule, now));
    note_outcome(session, lease, settled, &schedule);
    lease.release.schedule = schedule;
}

/// What the run did.
pub(super) fn tally(session: &Session<'_>, settled: &Settled) -> Tally {
    let of = |count: fn(&Applied) -> usize| (count(&settled.appointments) + count(&settled.blocks)) as u64;
    let changed = of(|applied| applied.written + applied.removed);
    let blocks = (settled.blocks.written + settled.blocks.removed) as u64;
    let tellings = &session.connection.schedule.tellings;
    let is_told = tellings.values().any(|telling| telling.subscription().is_some());
    let unnoticed = was_in_step(session);
    Tally {
        changed,
        put_off: of(|applied| applied.put_off),
        rejected: of(|applied| applied.rejected),
        healed: if unnoticed && session.looks_at_everything() { changed } else { 0 },
        untold: if unnoticed && is_told { blocks } else { 0 },
        restored: of(|applied| applied.restored),
    }
}

/// Appointments and events that take the same time, where this run has seen all of both.
pub(super) fn conflicts(session: &Session<'_>, seen: &Seen, settled: &Settled) -> Option<BTreeSet<String>> {
    if !session.looks_at_everything() || !is_whole(seen, settled) {
        return None;
    }
    let (mut appointments, mut events) = (Vec::new(), Vec::new());
    for (owner, sight) in &seen.owners {
        let OwnerSight::Wanted(content) = sight else { continue };
        match owner {
            Owner::Appointment(id) => appointments.push((id.clone(), content.interval())),
            Owner::Event(event) => events.push((event.clone(), content.interval())),
        }
    }
    Some(conflict::conflicts(&session.key, &appointments, &events, session.now))
}

/// Whether the run before left nothing to do and nothing has come in since, as far as we were told: what there was to do
/// all the same had gone unnoticed.
fn was_in_step(session: &Session<'_>) -> bool {
    let Session { connection, scope, .. } = session;
    let schedule = &connection.schedule;
    connection.signals.marks == Marks::default()
        && scope.trust == Trust::Links
        && schedule.rolled_to == Some(session.today)
        && schedule.reconciled.is_some_and(|last| last.version == connection.version)
        && schedule.owing_at.is_none_or(|at| at > session.now)
}

/// Whether every source was read, every lane planned and every question answered.
fn is_whole(seen: &Seen, settled: &Settled) -> bool {
    seen.failed.is_empty() && !settled.unplanned
}

/// Whether what the deltas told is done or owed: it is told once.
fn is_settled(seen: &Seen, settled: &Settled) -> bool {
    !seen.has_failed(Part::Looks) && !settled.unplanned
}

/// A calendar that was read goes on from its new cursor; one that is no longer read loses its own. Where a look
/// failed or a lane was not planned, what the deltas said is asked for again.
fn move_cursors(session: &Session<'_>, seen: &Seen, settled: &Settled, schedule: &mut Schedule) {
    let read = session.read_calendars();
    schedule.cursors.retain(|id, _| read.contains(id));
    schedule.read_at.retain(|id, _| read.contains(id));
    if is_settled(seen, settled) {
        schedule.cursors.extend(seen.cursors.clone());
        schedule.read_at.extend(seen.read.iter().map(|id| (id.clone(), session.now)));
    }
}

fn reconciled(session: &Session<'_>, settled: &Settled, is_whole: bool) -> Option<Reconciled> {
    let before = session.connection.schedule.reconciled;
    if session.looks_at_everything() {
        let now = Reconciled {
            at: session.now,
            version: session.connection.version,
            detail: session.detail,
            window: session.days,
        };
        return if is_whole { Some(now) } else { before };
    }
    // A mirror that nobody knows of asks for a full comparison; what was compared before stays known.
    if settled.needs_everything {
        before.map(|last| Reconciled { at: Timestamp::UNIX_EPOCH, ..last })
    } else {
        before
    }
}

/// Marks name appointments: once the EHR has told of them and everything is done or owed, they are answered.
fn done_marks(session: &Session<'_>, seen: &Seen, is_whole: bool) -> Marks {
    let mut marks = session.connection.signals.marks.clone();
    marks.appointments.retain(|id, _| !seen.unanswered.contains(id));
    let everything = marks.everything.filter(|_| is_whole && session.looks_at_everything());
    Marks { appointments: marks.appointments, everything, ..Marks::default() }
}

/// A calendar that was named is answered once it was read, or is read no more.
fn done_calendars(session: &Session<'_>, seen: &Seen, settled: &Settled) -> BTreeMap<CalendarId, String> {
    let read = session.read_calendars();
    let mut marks = session.connection.signals.marks.calendars.clone();
    marks.retain(|id, _| !read.contains(id) || (seen.read.contains(id) && is_settled(seen, settled)));
    marks
}

fn owing_at(session: &Session<'_>, seen: &Seen, settled: &Settled) -> Option<Timestamp> {
    let before = session.connection.schedule.owing_at;
    let known = before.filter(|at| *at > session.now || seen.has_failed(Part::Looks));
    let waiting = seen.links.values().filter_map(|link| match &link.state {
        LinkState::Owing(owing) => owing.not_before.filter(|at| *at > session.now),
        LinkState::Agreed(_) => None,
    });
    let new = [settled.appointments.owing_at, settled.blocks.owing_at].into_iter().flatten();
    known.into_iter().chain(waiting).chain(new).min()
}

/// The next poll, the next attempt at what is owed, midnight at the practice: whichever comes first. A source that
/// could not be read is asked again with growing patience.
fn due_at(session: &Session<'_>, seen: &Seen, schedule: &Schedule, now: Timestamp) -> Timestamp {
    if schedule.reconciled.is_none() && schedule.failures == 0 {
        return now;
    }
    if schedule.failures > 0 {
        let pause = retry::delay(schedule.failures, session.engine.random.unit(), seen.retry_after);
        return after(now, pause);
    }
    let tomorrow = session.today.saturating_add(1.day());
    let midnight = start_of_day(tomorrow, &session.zone);
    let pace = &session.engine.pace;
    let polls = session.read_calendars().into_iter().map(|id| match schedule.read_at.get(&id) {
        Some(read) => after(*read, session.poll_of(&id)),
        None => after(now, pace.poll),
    });
    let renewals = schedule.tellings.values().map(Telling::due_at);
    let reconcile = schedule.reconciled.map(|last| after(last.at, pace.reconcile));
    [Some(midnight), schedule.owing_at, reconcile, session.next_expiry(now)]
        .into_iter()
        .flatten()
        .chain(polls)
        .chain(renewals)
        .min()
        .unwrap_or(midnight)
        .max(now)
}

fn note_outcome(session: &Session<'_>, lease: &mut Lease<'_>, settled: &Settled, schedule: &Schedule) {
    let mut problems = Problems { map: &mut lease.release.problems, now: session.now };
    problems.clear(About::SignIn);
    problems.keep_calendars(&session.read_calendars());
    for (lane, applied, kind) in [
        (Lane::Appointments, &settled.appointments, calendar_problem as fn(&_) -> ProblemKind),
        (Lane::Busy, &settled.blocks, ehr::problem_kind as fn(&_) -> ProblemKind),
    ] {
        match applied.refusals.iter().next() {
            Some((target, error)) => {
                let waiting = applied.put_off + applied.rejected;
                let detail = format!("{waiting} writes to {target} are put off: {error}");
                problems.set_counted(About::Writes(lane), kind(error), waiting, detail);
            }
            None if schedule.owing_at.is_none() => problems.clear(About::Writes(lane)),
            None => {}
        }
    }
}

/// The provider refuses us: nothing more is tried until the clinician has signed in again (E-001, E-006).
pub(super) fn refused(lease: &mut Lease<'_>) {
    let now = lease.engine.clock.now();
    let tellings = std::mem::take(&mut lease.release.schedule.tellings);
    lease.release.schedule = Schedule { tellings, due_at: None, ..lease.connection.schedule.clone() };
    lease.release.evidence.refused_at = Some(now);
    let mut problems = Problems { map: &mut lease.release.problems, now };
    problems.set(
        About::SignIn,
        ProblemKind::CredentialsRefused,
        "the provider no longer accepts the sign-in; connect again",
    );
}
