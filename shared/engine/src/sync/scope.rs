//! How far one run looks: at what changed, at the day that came in, at a stretch of time, or at everything, which may
//! be for once.

use daybook_core::connection::Connection;
use daybook_core::detail::Detail;
use daybook_core::window::{Roll, WindowDays, roll};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::Pace;
use crate::ports::Previous;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scope {
    pub reach: Reach,
    pub roll: Roll,
    pub trust: Trust,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    /// Marked appointments, and each calendar's delta.
    Changes,
    /// Both sides in full inside one stretch of time, to be looked at: nothing can be planned, since only the links of
    /// what should stand there are read.
    Stretch,
    /// Both sides in full, to be looked at: nothing will go on from here, so no calendar is asked for a cursor.
    EverythingOnce,
    /// Both sides in full.
    Everything,
}

/// Whether the links tell what stands on the other side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trust {
    /// The run before ended in order.
    Links,
    /// It may have stopped between a write and its record: owing links and those that it wrote are read by id
    /// before anything is decided.
    Verify,
}

/// Everything is compared at first, daily, after a person's command, and when more was marked than was worth keeping.
pub(crate) fn scope(
    connection: &Connection,
    previous: Previous,
    (detail, days): (Detail, WindowDays),
    now: Timestamp,
    zone: &TimeZone,
    pace: &Pace,
) -> Scope {
    let schedule = &connection.schedule;
    let reconcile = schedule.reconciled.is_none_or(|reconciled| {
        reconciled.version != connection.version
            || reconciled.detail != detail
            || reconciled.window != days
            || reconciled.at + pace.reconcile <= now
    });
    // After a run that may have stopped anywhere, memory is not enough.
    let is_doubtful = previous == Previous::Abandoned;
    let everything = reconcile
        || is_doubtful
        || schedule.rolled_to.is_none()
        || connection.signals.marks.everything.is_some();
    let roll = schedule.rolled_to.map_or(Roll::None, |last| roll(days, last, now, zone));
    Scope {
        reach: if everything { Reach::Everything } else { Reach::Changes },
        roll: if everything { Roll::None } else { roll },
        trust: match previous {
            Previous::Released => Trust::Links,
            Previous::Abandoned => Trust::Verify,
        },
    }
}
