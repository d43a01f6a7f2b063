//! Switching to another account: a new connection takes the place of an old one. The old one goes on meanwhile, and leaves
//! only once the new one has everything, so that every appointment is in one calendar at least at all times.
//! Who leaves how is carried out elsewhere.

use jiff::Timestamp;

use crate::connection::{Evidence, Schedule, State};
use crate::ids::ConnectionId;

/// Whose place a connection takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Succession {
    pub of: ConnectionId,
    pub afterwards: Afterwards,
}

/// What becomes of the old connection once the new one has everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Afterwards {
    /// It is disconnected: its mirrors and blocks go.
    Leaves,
    /// Its mirrors go; events in its calendars go on closing time.
    ClosesTime,
}

/// Whose turn it is to go, if it is time: both sides were compared in full with the settings as they are, and nothing is
/// owed. What was handed over once is not handed over again.
pub fn to_hand_over(
    evidence: &Evidence,
    schedule: &Schedule,
    version: u64,
    now: Timestamp,
) -> Option<Succession> {
    let succession = evidence.succeeds.clone().filter(|_| evidence.handed_over_at.is_none())?;
    has_everything(evidence, schedule, version, now).then_some(succession)
}

/// Whether all that the settings ask for stands, and nothing else: what they no longer ask for may go.
pub fn has_everything(evidence: &Evidence, schedule: &Schedule, version: u64, now: Timestamp) -> bool {
    let is_compared = schedule.reconciled.is_some_and(|last| last.version == version && last.at <= now);
    evidence.state() == State::Active && is_compared && schedule.owing_at.is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::connection::Reconciled;
    use crate::detail::Detail;
    use crate::window::WindowDays;

    #[test]
    fn the_old_one_leaves_only_once_the_new_one_has_everything() {
        let t = Some(Timestamp::UNIX_EPOCH);
        let reconciled = |version| Reconciled {
            at: Timestamp::UNIX_EPOCH,
            version,
            detail: Detail::Busy,
            window: WindowDays::default(),
        };
        let succeeds = Some(Succession { of: "old".into(), afterwards: Afterwards::Leaves });
        let active = Evidence {
            authorised_at: t,
            started_at: t,
            first_synced_at: t,
            succeeds: succeeds.clone(),
            ..Evidence::default()
        };
        let whole = Schedule { reconciled: Some(reconciled(3)), ..Schedule::default() };
        for (what, evidence, schedule, goes) in [
            ("everything stands", active.clone(), whole.clone(), true),
            ("nothing compared", active.clone(), Schedule::default(), false),
            (
                "older settings",
                active.clone(),
                Schedule { reconciled: Some(reconciled(2)), ..whole.clone() },
                false,
            ),
            ("something owed", active.clone(), Schedule { owing_at: t, ..whole.clone() }, false),
            (
                "not started",
                Evidence { started_at: None, first_synced_at: None, ..active.clone() },
                whole.clone(),
                false,
            ),
            ("paused", Evidence { paused_at: t, ..active.clone() }, whole.clone(), false),
            ("signed out", Evidence { refused_at: t, ..active.clone() }, whole.clone(), false),
            ("done before", Evidence { handed_over_at: t, ..active.clone() }, whole.clone(), false),
            ("nobody's successor", Evidence { succeeds: None, ..active.clone() }, whole.clone(), false),
        ] {
            let found = to_hand_over(&evidence, &schedule, 3, Timestamp::UNIX_EPOCH);
            assert_eq!(found, succeeds.clone().filter(|_| goes), "{what}");
        }
    }
}
