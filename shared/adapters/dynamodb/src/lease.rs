//! The worker's hand: taking the lease, leaving results behind, giving it back. Each is one conditional write, and
//! what doors and people wrote meanwhile stays.

use aws_sdk_dynamodb::types::ReturnValue;
use daybook_core::connection::Marks;
use daybook_engine::ports::store::Previous;
use daybook_engine::ports::{Acquired, ConnectionRef, LeaseTerm, NewNotice, Release, StoreError};
use jiff::Timestamp;

use crate::connection_row::{
    due, from_item, left_calendars, outcome, refused, report, schedule, settings, told,
};
use crate::connections::{absent_or_newer, named, stale};
use crate::expression::Change;
use crate::item::{Broken, Item, Row, instant, number, text};
use crate::keys;
use crate::marks::{cleared, make_room, marks_of, still_standing};
use crate::notice_row;
use crate::table::{MOST_TRIES, Table, Written};

/// A lease may be taken where nobody holds it, where it has run out, and where it is our own.
const FREE: &str =
    "(attribute_not_exists(#lease_until) OR #lease_until < :now OR #lease_holder = :lease_holder)";
/// As above, and where its holder is known to be dead: no other process works on this table.
const FREE_OF_OTHERS: &str = "(attribute_not_exists(#lease_until) OR #lease_until < :now \
                              OR #lease_holder = :lease_holder OR NOT begins_with(#lease_holder, :process))";

/// What `previous_holder` says where the lease was given back.
const NOBODY: &str = "-";

impl Table {
    /// `previous_holder` is set from the value before this write, so the write itself tells how the run before ended.
    /// Our own name as the holder means that the write is a repetition whose first answer was lost: whether the run
    /// before ended well is then unknown.
    pub(crate) async fn take_lease(
        &self,
        at: &ConnectionRef,
        term: &LeaseTerm,
        now: Timestamp,
    ) -> Result<Option<Acquired>, StoreError> {
        let holder = text(&term.holder);
        let change = make_room(Change::of_readable())
            .set("#previous_holder = if_not_exists(#lease_holder, :nobody)", [("nobody", text(NOBODY))])
            .set("#run_version = #version", [])
            .assign([("lease_holder", Some(holder)), ("lease_until", Some(instant(term.until)))])
            .count("generation")
            .remove("pending_since")
            .remove("pending_by");
        let change = match &term.sole_process {
            None => change.only_if(FREE, [("now", instant(now))]),
            Some(process) => {
                change.only_if(FREE_OF_OTHERS, [("now", instant(now)), ("process", text(process))])
            }
        };
        match self.update(&keys::connection(at), &change, ReturnValue::AllNew, &named(at)).await? {
            Written::Done(item) => {
                let acquired = acquired(&item).map_err(|broken| broken.unreadable(named(at)))?;
                Ok(Some(acquired))
            }
            Written::Refused(old) => absent_or_newer(at, old).map(|_| None),
        }
    }

    /// Leaves a run's results behind; the lease goes on `until`, or is given back.
    pub(crate) async fn leave(
        &self,
        at: &ConnectionRef,
        generation: u64,
        until: Option<Timestamp>,
        left: &Release,
    ) -> Result<(), StoreError> {
        let mut claims = Claims::of(left);
        let back = left.evidence.disconnected_at.map_or(ReturnValue::None, |_| ReturnValue::AllNew);
        for _ in 0..MOST_TRIES {
            let change = claims.apply(results(generation, until, left), at, left);
            let written = match left.notices.as_slice() {
                [] => self.update(&keys::connection(at), &change, back.clone(), &named(at)).await?,
                notices => self.update_and_tell(at, &change, notices).await?,
            };
            match written {
                Written::Done(new) => return self.note_disconnected(at, left, &new).await,
                Written::Refused(old) => {
                    let old = absent_or_newer(at, old)?;
                    let row = Row(&old);
                    if row.find_number("generation").ok().flatten() != Some(generation) {
                        return Err(stale(at));
                    }
                    claims = claims.given_up(row, left).map_err(|broken| broken.unreadable(named(at)))?;
                }
            }
        }
        Err(StoreError::Later { what: named(at), cause: Some("its marks keep changing".into()) })
    }

    /// The connection and what is to be told of it, in one write: no crash comes between a change and its notice.
    async fn update_and_tell(
        &self,
        at: &ConnectionRef,
        change: &Change,
        notices: &[NewNotice],
    ) -> Result<Written, StoreError> {
        let rows = notices.iter().map(notice_row::to_item).collect();
        self.update_once(&keys::connection(at), change, rows, &named(at)).await
    }

    /// Doors that look a practitioner up need not meet connections that are gone.
    async fn note_disconnected(
        &self,
        at: &ConnectionRef,
        left: &Release,
        new: &Item,
    ) -> Result<(), StoreError> {
        let Some(disconnected_at) = left.evidence.disconnected_at else { return Ok(()) };
        let practitioner = match left.notices.first() {
            Some(new) => new.notice.practitioner.clone(),
            None => Row(new).text("practitioner").map_err(|broken| broken.unreadable(named(at)))?.into(),
        };
        let change = Change::of_readable().assign([("disconnected_at", Some(instant(disconnected_at)))]);
        self.update_roster(&practitioner, at, change).await
    }
}

fn acquired(item: &Item) -> Result<Acquired, Broken> {
    let row = Row::read(item)?;
    let previous = match row.text("previous_holder")? {
        NOBODY => Previous::Released,
        _ => Previous::Abandoned,
    };
    Ok(Acquired { connection: from_item(item)?, generation: row.number("generation")?, previous })
}

/// What the worker alone writes.
fn results(generation: u64, until: Option<Timestamp>, left: &Release) -> Change {
    let change = Change::of_readable()
        .assign(outcome(&left.evidence))
        .assign(schedule(&left.schedule))
        .assign(report(left.progress, &left.problems))
        .assign([told(&left.told)])
        .only_if("#generation = :generation", [("generation", number(generation))]);
    match until {
        Some(until) => change.assign([("lease_until", Some(instant(until)))]),
        None => change.remove("lease_until").remove("lease_holder"),
    }
}

/// What others write too. It is left behind only while nobody else has touched it.
struct Claims {
    /// The marks that still stand as this run saw them.
    marks: Marks,
    answered: Option<u64>,
    /// Whether no person has commanded since the lease was given.
    uncontested: Uncontested,
}

#[derive(PartialEq, Eq)]
enum Uncontested {
    Yes,
    No,
}

impl Claims {
    fn of(left: &Release) -> Self {
        Self { marks: left.done_marks.clone(), answered: left.answered, uncontested: Uncontested::Yes }
    }

    fn apply(&self, change: Change, at: &ConnectionRef, left: &Release) -> Change {
        let change = match self.uncontested {
            Uncontested::No => change,
            Uncontested::Yes => change
                .assign(left.settled_settings.iter().map(settings))
                .assign([refused(&left.evidence), left_calendars(&left.evidence)])
                .assign(due(at, left.schedule.due_at))
                .only_if("#version = #run_version", []),
        };
        let change = match self.answered {
            None => change,
            Some(answered) => {
                change.assign([("answered", Some(number(answered)))]).only_if("#answered <= :answered", [])
            }
        };
        cleared(change, &self.marks)
    }

    /// Only what stands in the row as this run knew it.
    fn given_up(self, row: Row<'_>, left: &Release) -> Result<Self, Broken> {
        let same = row.number::<u64>("version")? == row.number::<u64>("run_version")?;
        let uncontested = if same { self.uncontested } else { Uncontested::No };
        let answered: u64 = row.number("answered")?;
        Ok(Self {
            marks: still_standing(&left.done_marks, &marks_of(row)?),
            answered: left.answered.filter(|ours| *ours >= answered),
            uncontested,
        })
    }
}
