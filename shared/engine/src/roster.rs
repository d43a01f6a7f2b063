//! Who of a practice is connected, and how fresh: what its administrator may know. It holds no calendar's name, nothing of an
//! event, and no account's address in full.

use std::collections::BTreeMap;

use daybook_core::connection::{Connection, ProblemKind, Provider, State};
use daybook_core::detail::{Cap, Detail};
use daybook_core::feed::{Feed, State as Open};
use daybook_core::ids::{ConnectionId, PracticeId, PractitionerId};
use daybook_core::policy::{AccountHome, Policy};
use daybook_core::window::WindowDays;
use futures_util::future::join_all;
use jiff::Timestamp;

use crate::Engine;
use crate::error::{EngineError, chain};
use crate::feed::{self, FeedView};
use crate::policy::has_work;
use crate::ports::{Practice, Practitioner};
use crate::view::{detail_in_force, most_allowed};

/// So many clinicians are asked about at the EHR at the same time.
const AT_ONCE: usize = 5;

/// One connection, as far as it concerns the practice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    pub connection: ConnectionId,
    pub practitioner: PractitionerId,
    pub provider: Provider,
    /// `a…@example.org`; `None` until signed in.
    pub account: Option<String>,
    pub home: Option<AccountHome>,
    pub state: State,
    /// All it waits for is that the clinician allows one more thing; the account is open.
    pub lacks_access_only: bool,
    /// A signal waits to be answered.
    pub is_moving: bool,
    pub paused_at: Option<Timestamp>,
    pub last_synced_at: Option<Timestamp>,
    pub detail: Detail,
    pub reason: Option<Cap>,
    pub problems: Vec<ProblemKind>,
    /// Entries of ours that still tell more than practice and account allow now, in an account that we can open or not.
    pub above: u64,
    /// Entries of ours that a disconnect could not remove any more.
    pub left_behind: u64,
}

/// For how many connections a policy would change what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Effects {
    /// Their entries will tell less.
    pub lowered: usize,
    /// Their entries will tell more.
    pub raised: usize,
    /// Entries leave their window.
    pub narrowed: usize,
    /// Entries come into it.
    pub widened: usize,
    /// They go on at `busy`, since such an account may no longer be connected.
    pub unwanted: usize,
    /// Not of connections: feeds that show nothing any more.
    pub closed_feeds: usize,
}

/// What the EHR says of somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    As(Practitioner),
    /// It knows nobody of that id.
    Unknown,
    /// It did not answer.
    Unanswered,
}

impl Known {
    fn of(told: Result<Practitioner, EngineError>) -> Self {
        match told {
            Ok(person) => Self::As(person),
            Err(EngineError::NotFound { .. }) => Self::Unknown,
            Err(_) => Self::Unanswered,
        }
    }

    pub fn person(self) -> Option<Practitioner> {
        match self {
            Self::As(person) => Some(person),
            Self::Unknown | Self::Unanswered => None,
        }
    }
}

impl Engine {
    /// Everybody who is connected, by practitioner; and of those who left, the ones who left something behind.
    pub async fn members(&self, practice: &PracticeId) -> Result<Vec<Member>, EngineError> {
        let practice = self.read_practice(practice).await?;
        let all = self.store.list_connections(&practice.id, None).await?;
        let mut members = Vec::new();
        for connection in &all {
            let above = self.above(connection, &practice, &all).await?;
            if connection.concerns_clinician(&all) || above > 0 {
                members.push(self.member(connection, &practice, above));
            }
        }
        members.sort_by(|one, other| one.practitioner.cmp(&other.practitioner));
        Ok(members)
    }

    /// Everybody who has a feed, by practitioner.
    pub async fn subscribers(&self, practice: &PracticeId) -> Result<Vec<FeedView>, EngineError> {
        let practice = self.read_practice(practice).await?;
        let now = self.clock.now();
        let feeds = self.store.list_feeds(&practice.id).await?;
        Ok(feeds.into_iter().map(|feed| feed::view(feed, &practice, now)).collect())
    }

    /// What the EHR says of these practitioners now, in their order. Once it does not
    /// answer, it is not asked about the others.
    pub async fn known_now(&self, practice: &PracticeId, practitioners: &[PractitionerId]) -> Vec<Known> {
        let mut known = Vec::new();
        for some in practitioners.chunks(AT_ONCE) {
            let asked = join_all(some.iter().map(|id| self.practitioner(practice, id))).await;
            let is_down = asked.iter().all(|one| matches!(one, Err(EngineError::Ehr(_))));
            if let Some(error) = asked.iter().find_map(|one| one.as_ref().err()) {
                tracing::warn!(error = chain(error), "the EHR said nothing of a practitioner");
            }
            known.extend(asked.into_iter().map(Known::of));
            if is_down {
                break;
            }
        }
        known.resize(practitioners.len(), Known::Unanswered);
        known
    }

    /// What a policy would change, before it does.
    pub async fn policy_effects(
        &self,
        practice: &PracticeId,
        wanted: &Policy,
    ) -> Result<Effects, EngineError> {
        let before = self.read_practice(practice).await?;
        let after = Practice { policy: wanted.clone(), ..before.clone() };
        let now = self.clock.now();
        let mut effects = Effects::default();
        for connection in
            self.store.list_connections(practice, None).await?.iter().filter(|one| has_work(one))
        {
            effects.count(connection, &before, &after, now);
        }
        let is_active = |feed: &Feed, practice: &Practice| feed.state(&practice.policy, now) == Open::Active;
        let feeds = self.store.list_feeds(practice).await?;
        effects.closed_feeds =
            feeds.iter().filter(|feed| is_active(feed, &before) && !is_active(feed, &after)).count();
        Ok(effects)
    }

    /// The zone of the practice's clinicians, as the EHR gave it last; else the practice's own. Where they live in several, the
    /// one of most.
    pub async fn practice_zone(&self, practice: &PracticeId) -> Result<Option<String>, EngineError> {
        let mut zones: BTreeMap<String, usize> = BTreeMap::new();
        for connection in self.store.list_connections(practice, None).await? {
            if let Some(zone) = connection.schedule.practitioner.and_then(|known| known.time_zone) {
                *zones.entry(zone).or_default() += 1;
            }
        }
        let most = zones.into_iter().max_by_key(|(_, count)| *count).map(|(zone, _)| zone);
        Ok(most.or(self.practice(practice).await?.time_zone_fallback))
    }

    fn member(&self, connection: &Connection, practice: &Practice, above: u64) -> Member {
        let (detail, reason) = detail_in_force(practice, connection, self.clock.now());
        let mut problems: Vec<ProblemKind> =
            connection.problems.values().map(|problem| problem.kind).collect();
        problems.sort_unstable();
        problems.dedup();
        let account = connection.account.as_ref();
        Member {
            connection: connection.id.clone(),
            practitioner: connection.practitioner.clone(),
            provider: connection.provider,
            account: account.map(daybook_core::connection::AccountName::masked),
            home: account.map(|account| account.home.clone()),
            state: connection.evidence.state(),
            lacks_access_only: connection.evidence.lacks_access_only(),
            is_moving: !connection.signals.settled(),
            paused_at: connection.evidence.paused_at,
            last_synced_at: connection.evidence.last_synced_at,
            detail,
            reason,
            problems,
            above,
            left_behind: left_behind(connection),
        }
    }

    /// Of a connection that has ended: what it left behind, unless a later one to the same account has since compared
    /// everything there, which mends or removes whatever is of ours.
    async fn above(
        &self,
        connection: &Connection,
        practice: &Practice,
        all: &[Connection],
    ) -> Result<u64, EngineError> {
        let allowed = most_allowed(practice, connection, self.clock.now());
        let Some(ended_at) = connection.evidence.disconnected_at else {
            return self.count_above(connection, allowed).await;
        };
        let heir = |other: &&Connection| {
            other.id != connection.id
                && other.practitioner == connection.practitioner
                && other.provider == connection.provider
                && other.account.as_ref().map(|account| &account.subject)
                    == connection.account.as_ref().map(|account| &account.subject)
                && other.schedule.reconciled.is_some_and(|last| last.at >= ended_at)
        };
        if all.iter().any(|other| heir(&other)) {
            return Ok(0);
        }
        Ok(above(&connection.evidence.left, allowed))
    }
}

fn left_behind(connection: &Connection) -> u64 {
    let left = connection.problems.values().filter(|problem| problem.kind == ProblemKind::LeftBehind);
    left.filter_map(|problem| problem.count).sum()
}

fn above(left: &BTreeMap<Detail, u64>, allowed: Detail) -> u64 {
    left.iter().filter(|(told, _)| **told > allowed).map(|(_, count)| *count).sum()
}

impl Effects {
    fn count(&mut self, connection: &Connection, before: &Practice, after: &Practice, now: Timestamp) {
        let detail = |practice| detail_in_force(practice, connection, now).0;
        self.lowered += usize::from(detail(after) < detail(before));
        self.raised += usize::from(detail(after) > detail(before));
        let window = |practice: &Practice| connection.settings.window.within(practice.policy.window);
        let (was, will) = (window(before), window(after));
        self.narrowed += usize::from(shrinks(was, will));
        self.widened += usize::from(shrinks(will, was));
        let home = connection.account.as_ref().map(|account| &account.home);
        let refuses = |practice: &Practice| practice.policy.refuses(connection.provider, home).is_some();
        self.unwanted += usize::from(refuses(after) && !refuses(before));
    }
}

fn shrinks(was: WindowDays, will: WindowDays) -> bool {
    will.past_days() < was.past_days() || will.future_days() < was.future_days()
}
