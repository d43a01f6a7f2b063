//! How a connection fares, as the operator's alarms see it: computed from what is stored, never stored itself.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::connection::{Evidence, Problem, ProblemKind, State};

/// A connection that no run has completed for so long shows times that may be wrong.
pub const TOO_OLD: SignedDuration = SignedDuration::from_hours(24);

/// What an alarm needs to know of one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Health {
    /// It should be kept in step, and no run has completed for [`TOO_OLD`].
    pub is_stale: bool,
    /// For how long something has stood in the way of its work; zero where nothing does.
    pub owing_for: Duration,
}

impl Health {
    pub fn of(evidence: &Evidence, problems: &BTreeMap<String, Problem>, now: Timestamp) -> Self {
        let works = matches!(evidence.state(), State::Syncing | State::Active);
        let completed = evidence.last_synced_at.or(evidence.started_at);
        let obstacles = problems.values().filter(|problem| stands_in_the_way(problem.kind));
        let since = obstacles.map(|problem| problem.since).min();
        Self {
            is_stale: works && completed.is_some_and(|at| now.duration_since(at) > TOO_OLD),
            owing_for: since.and_then(|at| now.duration_since(at).try_into().ok()).unwrap_or_default(),
        }
    }
}

/// Whether work waits until somebody or something has changed. The others are told and hold nothing up.
fn stands_in_the_way(kind: ProblemKind) -> bool {
    match kind {
        ProblemKind::CalendarUnreachable
        | ProblemKind::CalendarMissing
        | ProblemKind::CalendarReadOnly
        | ProblemKind::EhrUnreachable
        | ProblemKind::EhrRefused
        | ProblemKind::BrakeEngaged
        | ProblemKind::ItemsRejected
        | ProblemKind::TimeZoneMissing
        | ProblemKind::LeftBehind
        | ProblemKind::ProviderMisconfigured => true,
        ProblemKind::CredentialsRefused
        | ProblemKind::PermissionMissing
        | ProblemKind::ItemsUnreadable
        | ProblemKind::NotAllowed
        | ProblemKind::FreeAllDay
        | ProblemKind::MirrorParked => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3600).unwrap()
    }

    fn of(evidence: &Evidence, problems: &[(ProblemKind, i64)]) -> Health {
        let problem = |kind, since| Problem { kind, detail: String::new(), count: None, since: at(since) };
        let problems = problems.iter().enumerate();
        let problems = problems.map(|(n, (kind, since))| (n.to_string(), problem(*kind, *since)));
        Health::of(evidence, &problems.collect(), at(100))
    }

    #[test]
    fn only_what_should_be_in_step_goes_stale() {
        let active = |synced: Option<i64>| Evidence {
            authorised_at: Some(at(1)),
            started_at: Some(at(2)),
            first_synced_at: synced.map(at),
            last_synced_at: synced.map(at),
            ..Evidence::default()
        };
        for (name, evidence, stale) in [
            ("just synced", active(Some(100)), false),
            ("a day ago", active(Some(76)), false),
            ("more than a day ago", active(Some(75)), true),
            ("never, started long ago", active(None), true),
            ("paused", Evidence { paused_at: Some(at(3)), ..active(Some(3)) }, false),
            ("refused", Evidence { refused_at: Some(at(3)), ..active(Some(3)) }, false),
            ("not started", Evidence { started_at: None, ..active(None) }, false),
        ] {
            assert_eq!(of(&evidence, &[]).is_stale, stale, "{name}");
        }
    }

    #[test]
    fn the_oldest_obstacle_counts() {
        for (problems, hours) in [
            (vec![], 0),
            (vec![(ProblemKind::FreeAllDay, 1)], 0),
            (vec![(ProblemKind::EhrUnreachable, 98), (ProblemKind::BrakeEngaged, 90)], 10),
            (vec![(ProblemKind::EhrUnreachable, 101)], 0),
        ] {
            assert_eq!(
                of(&Evidence::default(), &problems).owing_for,
                Duration::from_hours(hours),
                "{problems:?}"
            );
        }
    }
}
