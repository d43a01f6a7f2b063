//! When a clinician should look again at what their connection shows, and to whom.
//! What there is to look at is read by whoever asks.

use jiff::{SignedDuration, Timestamp};

use crate::connection::{Evidence, State};

/// So long a review holds.
pub const HOLDS_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// When the next review is due; `None` where there is nothing to look through, or no way in. The clinician's yes counts
/// as the first.
pub fn due_at(evidence: &Evidence) -> Option<Timestamp> {
    let is_at_work = match evidence.state() {
        State::Syncing | State::Active | State::Paused => true,
        State::Authorising
        | State::Ready
        | State::ReconnectRequired
        | State::Disconnecting
        | State::Disconnected => false,
    };
    let last = evidence.reviewed_at.max(evidence.started_at).filter(|_| is_at_work)?;
    Some(last.saturating_add(HOLDS_FOR).unwrap_or(Timestamp::MAX))
}

pub fn is_due(evidence: &Evidence, now: Timestamp) -> bool {
    due_at(evidence).is_some_and(|due_at| due_at <= now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn due_ninety_days_after_the_yes_or_the_last_review() {
        let day = |day: i64| Timestamp::from_second(day * 24 * 3600).unwrap();
        for (started, reviewed, paused, now, expected) in [
            (None, None, None, 1000, false),
            (Some(0), None, None, 89, false),
            (Some(0), None, None, 90, true),
            (Some(0), None, Some(5), 90, true),
            (Some(0), Some(60), None, 90, false),
            (Some(0), Some(60), None, 150, true),
            (Some(100), Some(60), None, 150, false),
        ] {
            let evidence = Evidence {
                authorised_at: Some(day(0)),
                started_at: started.map(day),
                reviewed_at: reviewed.map(day),
                paused_at: paused.map(day),
                ..Evidence::default()
            };
            assert_eq!(is_due(&evidence, day(now)), expected, "{started:?} {reviewed:?} {now}");
        }
    }
}
