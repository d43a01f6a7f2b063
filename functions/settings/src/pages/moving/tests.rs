//! How far a move has come, by what is on record of both connections.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
use daybook_core::connection::{Disconnect, Mirrors};
use daybook_core::detail::Detail;
use daybook_core::sample::connection;
use daybook_engine::ports::Counts;
use jiff::Timestamp;

use super::*;

/// The new connection, whose calendar has everything.
fn new(started: bool, handed_over: bool) -> Connection {
    let mut connection = connection("new");
    connection.evidence.started_at = started.then_some(Timestamp::UNIX_EPOCH);
    connection.evidence.handed_over_at = handed_over.then_some(Timestamp::UNIX_EPOCH);
    connection
}

/// The old one, with so many mirrors.
fn old(state: ConnectionState, mirrored_events: u64) -> View {
    View {
        connection: connection("old"),
        state,
        effective_detail: Detail::Busy,
        effective_detail_reason: None,
        counts: Counts { mirrored_events, ..Counts::default() },
        above_detail: 0,
        is_review_due: false,
        put_back: None,
        authorise_url: None,
    }
}

fn by_hand(mirrors: Mirrors) -> Disconnect {
    Disconnect { asked_at: Timestamp::UNIX_EPOCH, mirrors }
}

#[test]
fn a_move_comes_as_far_as_is_on_record() {
    use ConnectionState::{Active, Disconnected, Disconnecting};
    let one = || "1 event".to_owned();
    let both = || "1 event in your calendar and 0 closed times in the EHR".to_owned();
    for (started, handed_over, state, mirrors, expected) in [
        (false, false, Active, 1, Some(Step::Waits)),
        (true, false, Active, 1, Some(Step::Writes)),
        // In the moment between "it leaves" and "everything stands here".
        (true, false, Disconnecting, 1, Some(Step::Leaves)),
        (true, true, Disconnecting, 1, Some(Step::Removes(both()))),
        (true, true, Disconnected, 1, Some(Step::Left(both()))),
        (true, true, Disconnected, 0, Some(Step::NothingIsLeft)),
        (true, true, Active, 1, Some(Step::Removes(one()))),
        (true, true, Active, 0, Some(Step::OnlyCloses)),
        // Its clinician ended it before there was anything to move to.
        (false, false, Disconnecting, 1, None),
        (true, false, Disconnected, 0, None),
    ] {
        let found = step(&new(started, handed_over), &old(state, mirrors));
        assert_eq!(found, expected, "{started} {handed_over} {state:?} {mirrors}");
    }
}

#[test]
fn a_move_that_somebody_ended_or_kept_is_none() {
    let mut ended = new(true, true);
    ended.evidence.disconnect = Some(by_hand(Mirrors::Remove));
    assert_eq!(step(&ended, &old(ConnectionState::Disconnected, 0)), None);

    let mut kept = old(ConnectionState::Disconnected, 0);
    kept.connection.evidence.disconnect = Some(by_hand(Mirrors::Keep));
    assert_eq!(step(&new(true, true), &kept), None);
}
