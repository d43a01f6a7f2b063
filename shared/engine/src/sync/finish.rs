//! The end of a run: what is due when, and what the evidence now says. Cursors and marks move here, last.

use daybook_core::connection::{Marks, ProblemKind, Reconciled, Schedule};
use daybook_core::retry;
use daybook_core::time::start_of_day;
use jiff::{Timestamp, ToSpan};

use super::apply::{Applied, after};
use super::lanes::{Seen, Settled};
use super::lease::Lease;
use super::problems::{Problems, about_items};
use super::session::calendar_problem;
use super::{Session, ehr};

/// Moves what may move. Called only when every step is done or owed.
pub(super) fn schedule(session: &Session<'_>, lease: &mut Lease<'_>, seen: &Seen, settled: &Settled) {
    note_refusals(session, lease, settled);
    let failed = seen.ehr_failed || seen.calendar_failed || settled.unplanned;
    let now = session.engine.clock.now();
    let before = session.connection.schedule.clone();
    let mut schedule = Schedule { practitioner: lease.release.schedule.practitioner.clone(), ..before };
    schedule.failures = if failed { schedule.failures.saturating_add(1) } else { 0 };
    move_cursors(session, seen, &mut schedule);
    if settled.needs_everything {
        schedule.reconciled = None;
    } else if !failed && session.looks_at_everything() {
        schedule.reconciled = Some(Reconciled { at: session.now, version: session.connection.version });
    }
    if !failed {
        schedule.rolled_to = Some(session.today);
        lease.release.evidence.last_synced_at = Some(now);
        lease.release.evidence.first_synced_at.get_or_insert(now);
    }
    if !seen.ehr_failed && !settled.unplanned {
        lease.release.done_marks = done_marks(session, failed);
    }
    schedule.owing_at = owing_at(session, settled);
    schedule.due_at = Some(due_at(session, seen, &schedule, now));
    lease.release.schedule = schedule;
}

/// A calendar that was read goes on from its new cursor; one that is no longer read loses its own.
fn move_cursors(session: &Session<'_>, seen: &Seen, schedule: &mut Schedule) {
    let mut read = session.blocking_calendars();
    read.extend(session.main_calendar().cloned());
    schedule.cursors.retain(|id, _| read.contains(id));
    schedule.cursors.extend(seen.cursors.clone());
}

/// Marks name appointments: once the EHR was read and everything is done or owed, they are answered.
fn done_marks(session: &Session<'_>, failed: bool) -> Marks {
    let marks = session.connection.signals.marks.clone();
    let everything = marks.everything.filter(|_| !failed && session.looks_at_everything());
    Marks { appointments: marks.appointments, everything }
}

fn owing_at(session: &Session<'_>, settled: &Settled) -> Option<Timestamp> {
    let known = session.connection.schedule.owing_at.filter(|at| *at > session.now);
    let new = [settled.appointments.owing_at, settled.blocks.owing_at].into_iter().flatten();
    known.into_iter().chain(new).min()
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
    let polls = session.main_calendar().is_some() || session.reads_events();
    let poll = polls.then(|| after(now, session.engine.pace.poll));
    let reconcile = schedule.reconciled.map(|last| after(last.at, session.engine.pace.reconcile));
    [Some(midnight), poll, schedule.owing_at, reconcile]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(midnight)
        .max(now)
}

fn note_refusals(session: &Session<'_>, lease: &mut Lease<'_>, settled: &Settled) {
    let mut problems = Problems { map: &mut lease.release.problems, now: session.now };
    let is_settled = |applied: &Applied| applied.put_off + applied.rejected == 0;
    for (about, applied, kind) in [
        ("appointments", &settled.appointments, calendar_problem as fn(&_) -> ProblemKind),
        ("blocks", &settled.blocks, ehr::problem_kind as fn(&_) -> ProblemKind),
    ] {
        let about = about_items(&format!("{about} to write"));
        match applied.refusals.iter().next() {
            Some((target, error)) => {
                let waiting = applied.put_off + applied.rejected;
                problems.set(
                    &about,
                    kind(error),
                    format!("{waiting} writes to {target} are put off: {error}"),
                );
            }
            None if is_settled(applied) && session.looks_at_everything() => problems.clear(&about),
            None if applied.written + applied.removed > 0 => problems.clear(&about),
            None => {}
        }
    }
}

/// The provider refuses us: nothing more is tried until the clinician has signed in again (E-001, E-006).
pub(super) fn refused(lease: &mut Lease<'_>) {
    let now = lease.engine.clock.now();
    lease.release.schedule = lease.connection.schedule.clone();
    lease.release.schedule.due_at = None;
    lease.release.evidence.refused_at = Some(now);
    let mut problems = Problems { map: &mut lease.release.problems, now };
    problems.set(
        "account",
        ProblemKind::CredentialsRefused,
        "the provider no longer accepts the sign-in; connect again",
    );
}
