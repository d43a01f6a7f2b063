//! What the practice's EHR is told about a connection: which news follow from how it stands, numbered without a gap, and
//! how long telling is tried. A notice holds ids, a state and kinds of problems; it never holds what is in a calendar.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::connection::{Evidence, Problem, ProblemKind, State};
use crate::ids::{ConnectionId, PracticeId, PractitionerId};
use crate::retry;
use crate::review;

/// A notice that nobody takes is offered for so long.
pub const OFFERED_FOR: SignedDuration = SignedDuration::from_hours(72);
/// For so long it can be read again.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// More conflicts than this are not told of one connection at the same time.
pub const MOST_CONFLICTS: usize = 50;

/// One notice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    pub practice: PracticeId,
    pub connection: ConnectionId,
    pub practitioner: PractitionerId,
    /// 1, 2, 3: a receiver that misses one notices.
    pub number: u64,
    /// Never before that of the notice before.
    pub at: Timestamp,
    /// What the connection had come to.
    pub state: State,
    pub news: News,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    StateChanged,
    /// Nothing goes on until the clinician signs in again.
    ReconnectRequired(ProblemKind),
    /// Deletions wait for a person.
    BrakeEngaged,
    /// So many mirrors that their reader had moved, changed or deleted stand again as they should.
    MirrorRestored {
        count: u64,
    },
    /// An appointment and an event of the clinician's own close the same time. The name says neither which nor when.
    ConflictFound {
        conflict: String,
    },
    ConflictCleared {
        conflict: String,
    },
    /// The clinician has not looked the connection through for long.
    ReviewDue,
}

impl News {
    /// As the contract spells it.
    pub fn name(&self) -> &'static str {
        match self {
            News::StateChanged => "connection.state_changed",
            News::ReconnectRequired(_) => "connection.reconnect_required",
            News::BrakeEngaged => "brake.engaged",
            News::MirrorRestored { .. } => "mirror.restored",
            News::ConflictFound { .. } => "conflict.found",
            News::ConflictCleared { .. } => "conflict.cleared",
            News::ReviewDue => "review.due",
        }
    }

    /// From the catalogue, where there is something for a person to do.
    pub fn problem(&self) -> Option<ProblemKind> {
        match self {
            News::ReconnectRequired(kind) => Some(*kind),
            News::BrakeEngaged => Some(ProblemKind::BrakeEngaged),
            News::StateChanged
            | News::MirrorRestored { .. }
            | News::ConflictFound { .. }
            | News::ConflictCleared { .. }
            | News::ReviewDue => None,
        }
    }

    pub fn count(&self) -> Option<u64> {
        match self {
            News::MirrorRestored { count } => Some(*count),
            _ => None,
        }
    }

    pub fn conflict(&self) -> Option<&str> {
        match self {
            News::ConflictFound { conflict } | News::ConflictCleared { conflict } => Some(conflict),
            _ => None,
        }
    }
}

impl Notice {
    /// The same however often it is sent, and in the order of time among all of a practice.
    pub fn id(&self) -> String {
        format!("{}_{}_{:08}", id_since(self.at), self.connection, self.number)
    }
}

/// What the ids of notices of this moment and later are not less than.
pub fn id_since(at: Timestamp) -> String {
    format!("ntc_{:014}", at.as_millisecond().max(0))
}

/// Whether a text has the form of an id of ours.
pub fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    text.len() <= 128
        && text.chars().all(plain)
        && text.strip_prefix("ntc_").is_some_and(|rest| rest.len() >= 14)
}

/// How far the EHR has been told about a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The last number given.
    pub number: u64,
    /// When.
    pub at: Option<Timestamp>,
    pub state: State,
    /// The brakes that it knows of, by the problem's key.
    pub brakes: BTreeSet<String>,
    pub conflicts: BTreeSet<String>,
    /// When the review was due of which it knows.
    pub review: Option<Timestamp>,
}

/// Every connection begins unauthorised, and whoever made it knows.
impl Default for Told {
    fn default() -> Self {
        Self {
            number: 0,
            at: None,
            state: State::Authorising,
            brakes: BTreeSet::new(),
            conflicts: BTreeSet::new(),
            review: None,
        }
    }
}

/// How a connection stands at the end of a run.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    pub evidence: &'a Evidence,
    pub problems: &'a BTreeMap<String, Problem>,
    /// Mirrors that this run put back.
    pub restored: u64,
    /// All conflicts that there are; `None` where the run has not looked.
    pub conflicts: Option<&'a BTreeSet<String>>,
    pub now: Timestamp,
}

/// News with their numbers, and what is known after them.
pub fn tell(told: &Told, standing: &Standing<'_>) -> (Vec<(u64, News)>, Told) {
    let state = standing.evidence.state();
    let mut news = Vec::new();
    if state != told.state {
        news.push(News::StateChanged);
        news.extend(reconnect(state, standing));
    }
    let brakes = brakes(standing.problems);
    news.extend(brakes.difference(&told.brakes).map(|_| News::BrakeEngaged));
    if standing.restored > 0 {
        news.push(News::MirrorRestored { count: standing.restored });
    }
    let conflicts = conflicts(told, standing, &mut news);
    let review = review_due(standing);
    if review.is_some_and(|due| told.review != Some(due)) {
        news.push(News::ReviewDue);
    }
    let news: Vec<(u64, News)> = (told.number + 1..).zip(news).collect();
    let after = Told {
        number: news.last().map_or(told.number, |(number, _)| *number),
        at: if news.is_empty() { told.at } else { told.at.max(Some(standing.now)) },
        state,
        brakes,
        conflicts,
        review: review.or(told.review),
    };
    (news, after)
}

/// When to offer a notice again that was not taken for the `attempts`th time; `None`: not any more.
pub fn offer_again(
    made_at: Timestamp,
    now: Timestamp,
    attempts: u32,
    jitter: f64,
    retry_after: Option<Duration>,
) -> Option<Timestamp> {
    // Begins at about a minute: the sweep comes no sooner.
    let pause = retry::delay(attempts.saturating_add(5), jitter, retry_after);
    let next = now.checked_add(SignedDuration::try_from(pause).ok()?).ok()?;
    (next.duration_since(made_at) <= OFFERED_FOR).then_some(next)
}

fn reconnect(state: State, standing: &Standing<'_>) -> Option<News> {
    let why = if standing.evidence.is_shut() {
        ProblemKind::CredentialsRefused
    } else {
        ProblemKind::PermissionMissing
    };
    (state == State::ReconnectRequired).then_some(News::ReconnectRequired(why))
}

fn brakes(problems: &BTreeMap<String, Problem>) -> BTreeSet<String> {
    let held = problems.iter().filter(|(_, problem)| problem.kind == ProblemKind::BrakeEngaged);
    held.map(|(key, _)| key.clone()).collect()
}

/// A conflict for which there was no room stays untold and unknown, until there is.
fn conflicts(told: &Told, standing: &Standing<'_>, news: &mut Vec<News>) -> BTreeSet<String> {
    let Some(found) = standing.conflicts else { return told.conflicts.clone() };
    let (mut known, cleared): (BTreeSet<String>, Vec<String>) = {
        let (still, gone): (Vec<_>, Vec<_>) =
            told.conflicts.iter().cloned().partition(|conflict| found.contains(conflict));
        (still.into_iter().collect(), gone)
    };
    news.extend(cleared.into_iter().map(|conflict| News::ConflictCleared { conflict }));
    let room = MOST_CONFLICTS.saturating_sub(known.len());
    let new: Vec<String> = found.difference(&known).take(room).cloned().collect();
    known.extend(new.iter().cloned());
    news.extend(new.into_iter().map(|conflict| News::ConflictFound { conflict }));
    known
}

fn review_due(standing: &Standing<'_>) -> Option<Timestamp> {
    review::due_at(standing.evidence).filter(|due| *due <= standing.now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::connection::{Disconnect, Mirrors};

    const DAY_S: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn active() -> Evidence {
        let t = Some(at(0));
        Evidence { authorised_at: t, started_at: t, first_synced_at: t, ..Evidence::default() }
    }

    fn brake(key: &str) -> (String, Problem) {
        let problem =
            Problem { kind: ProblemKind::BrakeEngaged, detail: String::new(), count: None, since: at(1) };
        (key.to_owned(), problem)
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn names(news: &[(u64, News)]) -> Vec<&'static str> {
        news.iter().map(|(_, news)| news.name()).collect()
    }

    fn told_active() -> Told {
        Told { state: State::Active, number: 4, at: Some(at(9)), ..Told::default() }
    }

    #[test]
    fn news_follow_from_how_it_stands() {
        let none = BTreeMap::new();
        let held: BTreeMap<_, _> = [brake("brake on the EHR")].into();
        let gone = Disconnect { asked_at: at(0), mirrors: Mirrors::Remove };
        let refused = Evidence { refused_at: Some(at(5)), ..active() };
        let new = Evidence::default();
        let leaving = Evidence { disconnect: Some(gone), ..active() };
        let paused = Evidence { paused_at: Some(at(5)), ..active() };
        let (state, reconnect) = ("connection.state_changed", "connection.reconnect_required");
        for (case, told, evidence, problems, restored, expected) in [
            ("just made", Told::default(), &new, &none, 0, vec![]),
            ("first sync", Told::default(), &active(), &none, 0, vec![state]),
            ("nothing new", told_active(), &active(), &none, 0, vec![]),
            ("signed out", told_active(), &refused, &none, 0, vec![state, reconnect]),
            ("paused", told_active(), &paused, &none, 0, vec![state]),
            ("leaving", told_active(), &leaving, &none, 0, vec![state]),
            ("brake", told_active(), &active(), &held, 0, vec!["brake.engaged"]),
            ("put back", told_active(), &active(), &none, 2, vec!["mirror.restored"]),
            (
                "all",
                told_active(),
                &refused,
                &held,
                1,
                vec![state, reconnect, "brake.engaged", "mirror.restored"],
            ),
        ] {
            let standing = Standing { evidence, problems, restored, conflicts: None, now: at(10) };
            let (news, after) = tell(&told, &standing);
            assert_eq!(names(&news), expected, "{case}");
            let numbers: Vec<u64> = news.iter().map(|(number, _)| *number).collect();
            let wanted: Vec<u64> = (told.number + 1..=told.number + expected.len() as u64).collect();
            assert_eq!(numbers, wanted, "{case}: without a gap");
            assert_eq!(after.number, told.number + expected.len() as u64, "{case}");
            let quiet = Standing { restored: 0, ..standing };
            assert_eq!(tell(&after, &quiet), (vec![], after.clone()), "{case}: told once");
        }
    }

    #[test]
    fn a_brake_that_is_let_go_and_engages_again_is_told_again() {
        let held: BTreeMap<_, _> = [brake("a"), brake("b")].into();
        let evidence = active();
        let standing =
            |problems| Standing { evidence: &evidence, problems, restored: 0, conflicts: None, now: at(10) };
        let (news, held_by_two) = tell(&told_active(), &standing(&held));
        assert_eq!(names(&news), ["brake.engaged", "brake.engaged"]);
        let one: BTreeMap<_, _> = [brake("b")].into();
        let (news, held_by_one) = tell(&held_by_two, &standing(&one));
        assert_eq!(names(&news), Vec::<&str>::new());
        assert_eq!(names(&tell(&held_by_one, &standing(&held)).0), ["brake.engaged"]);
    }

    #[test]
    fn conflicts_come_and_go_and_a_run_that_did_not_look_says_nothing() {
        let (evidence, none) = (active(), BTreeMap::new());
        let many: BTreeSet<String> = (0..=MOST_CONFLICTS).map(|n| format!("c{n:03}")).collect();
        for (known, found, expected) in [
            (set(&[]), Some(set(&["x"])), vec!["conflict.found"]),
            (set(&["x"]), Some(set(&["x"])), vec![]),
            (set(&["x"]), Some(set(&[])), vec!["conflict.cleared"]),
            (set(&["x"]), Some(set(&["y"])), vec!["conflict.cleared", "conflict.found"]),
            (set(&["x"]), None, vec![]),
            (set(&[]), Some(many.clone()), vec!["conflict.found"; MOST_CONFLICTS]),
        ] {
            let told = Told { conflicts: known.clone(), ..told_active() };
            let standing = Standing {
                evidence: &evidence,
                problems: &none,
                restored: 0,
                conflicts: found.as_ref(),

                now: at(10),
            };
            let (news, after) = tell(&told, &standing);
            assert_eq!(names(&news), expected, "{known:?} {found:?}");
            assert!(tell(&after, &standing).0.is_empty(), "{known:?} {found:?}");
        }
    }

    #[test]
    fn a_review_is_asked_for_after_ninety_days_and_once() {
        let (evidence, none) = (active(), BTreeMap::new());
        let paused = Evidence { paused_at: Some(at(1)), ..active() };
        let refused = Evidence { refused_at: Some(at(1)), ..active() };
        for (evidence, reviewed_day, day, asked) in [
            (&evidence, None, 89, false),
            (&evidence, None, 90, true),
            (&evidence, Some(10), 99, false),
            (&evidence, Some(10), 100, true),
            (&paused, None, 90, true),
            (&refused, None, 90, false),
        ] {
            let evidence =
                &Evidence { reviewed_at: reviewed_day.map(|day: i64| at(day * DAY_S)), ..evidence.clone() };
            let standing =
                Standing { evidence, problems: &none, restored: 0, conflicts: None, now: at(day * DAY_S) };
            let told = Told { state: evidence.state(), ..told_active() };
            let (news, after) = tell(&told, &standing);
            assert_eq!(names(&news) == ["review.due"], asked, "{day}");
            let later = Standing { now: at((day + 30) * DAY_S), ..standing };
            assert!(!asked || tell(&after, &later).0.is_empty(), "once");
        }
    }

    #[test]
    fn an_id_stays_and_goes_by_time() {
        let notice = |second, number| Notice {
            practice: "demo".into(),
            connection: "c1".into(),
            practitioner: "prac-1".into(),
            number,
            at: at(second),
            state: State::Active,
            news: News::StateChanged,
        };
        assert_eq!(notice(1_795_000_000, 7).id(), "ntc_01795000000000_c1_00000007");
        let ids = [notice(10, 9), notice(10, 10), notice(11, 11), notice(1_795_000_000, 12)].map(|n| n.id());
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| is_id(id)));
        assert!(*id_since(at(11)) <= *ids[2] && *ids[1] < *id_since(at(11)));
        for text in ["", "7", "ntc_", "ntc_0000#0000000000", "2026-01-01T00:00:00Z"] {
            assert!(!is_id(text), "{text}");
        }
    }

    #[test]
    fn offering_ends_after_three_days() {
        let hours = |h: i64| at(h * 3_600);
        for (attempts, now_h, asked_s, next_s) in [
            (1, 0, None, Some(64)),
            (2, 0, None, Some(128)),
            (40, 0, None, Some(900)),
            (1, 0, Some(600), Some(600)),
            (40, 71, None, Some(900)),
            (40, 72, None, None),
            (1, 71, Some(7_200), None),
        ] {
            let now = hours(now_h);
            let next = offer_again(at(0), now, attempts, 1.0, asked_s.map(Duration::from_secs));
            assert_eq!(next.map(|next| next.duration_since(now).as_secs()), next_s, "{attempts} {now_h}");
        }
    }
}
