//! Switching to another account: a new connection takes the place of an old one. The old one goes on meanwhile, and leaves
//! only once the new one has everything, so that every appointment is in one calendar at least at all times.
//! Who leaves how is carried out elsewhere.

use jiff::Timestamp;

use crate::connection::{Connection, Evidence, Provider, Schedule, Settings, Start, State};
use crate::hours::union;
use crate::ids::ConnectionId;
use crate::time::Interval;
use crate::window::WindowDays;

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

/// Whether a connection that waits for its clinician to sign in is the one that a move of `old` would make now: it may have
/// been begun before the old one's settings were changed. `bounds` is the widest window that the practice allows.
pub fn waits_for(
    waiting: &Connection,
    old: &Connection,
    provider: Provider,
    afterwards: Afterwards,
    bounds: WindowDays,
) -> bool {
    let takes_over = |succession: &Succession| succession.of == old.id && succession.afterwards == afterwards;
    waiting.evidence.state() == State::Authorising
        && waiting.provider == provider
        && waiting.evidence.succeeds.as_ref().is_some_and(takes_over)
        && waiting.settings.start == Start::WhenConfirmed
        && asks_for_the_same(&waiting.settings, &old.settings, bounds)
}

/// Apart from the calendars, which are the account's, and the start, which is the clinician's.
fn asks_for_the_same(one: &Settings, other: &Settings, bounds: WindowDays) -> bool {
    one.direction == other.direction
        && one.window.within(bounds) == other.window.within(bounds)
        && one.detail == other.detail
        && one.aged_out == other.aged_out
        && one.block_scope == other.block_scope
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

/// What becomes of the times that the old connection closes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Closed {
    /// So many are closed by the new one as well.
    pub stays: u64,
    /// So many open, as nothing stands in the new account then.
    pub opens: u64,
}

/// Which of the times that are closed now the new connection closes too, whatever pieces it closes them in.
pub fn closed_throughout(now: &[Interval], then: Vec<Interval>) -> Closed {
    let then = union(then);
    let is_inside =
        |at: &&Interval| then.iter().any(|one| one.start() <= at.start() && at.end() <= one.end());
    let stays = u64::try_from(now.iter().filter(is_inside).count()).unwrap_or(u64::MAX);
    let all = u64::try_from(now.len()).unwrap_or(u64::MAX);
    Closed { stays, opens: all.saturating_sub(stays) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::connection::{AgedOut, BlockScope, BlockingCalendars, Direction, Reconciled};
    use crate::detail::Detail;
    use crate::sample;

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

    #[test]
    fn a_time_stays_closed_only_if_all_of_it_does() {
        let at = |from: i64, to: i64| {
            Interval::between(Timestamp::from_second(from).unwrap(), Timestamp::from_second(to).unwrap())
        };
        for (now, then, stays, opens) in [
            (vec![], vec![at(0, 9)], 0, 0),
            (vec![at(0, 9)], vec![], 0, 1),
            (vec![at(0, 9)], vec![at(0, 9)], 1, 0),
            (vec![at(2, 5), at(6, 8)], vec![at(0, 9)], 2, 0),
            (vec![at(0, 9)], vec![at(5, 9), at(0, 5)], 1, 0),
            (vec![at(0, 9)], vec![at(0, 4), at(5, 9)], 0, 1),
            (vec![at(0, 9), at(20, 30)], vec![at(0, 9), at(21, 30)], 1, 1),
        ] {
            assert_eq!(closed_throughout(&now, then.clone()), Closed { stays, opens }, "{now:?} {then:?}");
        }
    }

    fn old() -> Connection {
        sample::connection("old")
    }

    fn successor(change: impl FnOnce(&mut Connection)) -> Connection {
        let mut new = Connection { id: "new".into(), provider: Provider::Microsoft, ..old() };
        new.settings.start = Start::WhenConfirmed;
        new.evidence.succeeds = Some(Succession { of: "old".into(), afterwards: Afterwards::Leaves });
        change(&mut new);
        new
    }

    #[test]
    fn only_what_would_be_made_now_is_used_again() {
        let widest = WindowDays::WIDEST;
        let later = Some(Succession { of: "old".into(), afterwards: Afterwards::ClosesTime });
        let anothers = Some(Succession { of: "other".into(), afterwards: Afterwards::Leaves });
        for (what, waiting, expected) in vec![
            ("the same", successor(|_| {}), true),
            (
                "other calendars",
                successor(|new| new.settings.blocking_calendars = BlockingCalendars::Owned),
                true,
            ),
            ("signed in", successor(|new| new.evidence.authorised_at = Some(Timestamp::UNIX_EPOCH)), false),
            ("another provider", successor(|new| new.provider = Provider::Caldav), false),
            ("another end", successor(|new| new.evidence.succeeds = later), false),
            ("another's", successor(|new| new.evidence.succeeds = anothers), false),
            ("nobody's", successor(|new| new.evidence.succeeds = None), false),
            ("starts by itself", successor(|new| new.settings.start = Start::WhenAuthorised), false),
            ("direction", successor(|new| new.settings.direction = Direction::EhrToCalendar), false),
            ("window", successor(|new| new.settings.window = widest), false),
            ("detail", successor(|new| new.settings.detail = Detail::Full), false),
            ("what is past", successor(|new| new.settings.aged_out = AgedOut::Keep), false),
            ("hours", successor(|new| new.settings.block_scope = BlockScope::Hours), false),
        ] {
            let bounds = WindowDays::WIDEST;
            let found = waits_for(&waiting, &old(), Provider::Microsoft, Afterwards::Leaves, bounds);
            assert_eq!(found, expected, "{what}");
        }
        let narrow = old().settings.window.within(WindowDays::new(1, 30).unwrap());
        let cut = successor(|new| new.settings.window = narrow);
        assert!(waits_for(&cut, &old(), Provider::Microsoft, Afterwards::Leaves, narrow));
    }
}
