//! A practice's policy: what is set, whom it reaches, and what it has not reached yet. What follows from a policy for one
//! connection is decided in `daybook-core`.

use daybook_core::audit::Who;
use daybook_core::connection::{Connection, State};
use daybook_core::detail::Detail;
use daybook_core::ids::PracticeId;
use daybook_core::link::Lane;
use daybook_core::policy::Policy;
use daybook_core::window::WindowDays;
use jiff::{SignedDuration, Timestamp};

use crate::Engine;
use crate::audit::policy_changes;
use crate::error::{EngineError, chain};
use crate::ports::{ConnectionRef, Practice, StoreError};
use crate::view::detail_in_force;

/// How often a change that lost a race is tried anew.
const TRIES: usize = 5;

impl Engine {
    /// The practice as it stands in the table.
    pub async fn read_practice(&self, id: &PracticeId) -> Result<Practice, EngineError> {
        let found = self.store.find_practice(id).await?;
        found.ok_or_else(|| EngineError::NotFound { what: format!("practice {id}") })
    }

    /// Changes the policy of a practice whose record was set at `seen`; `Stale` where it was set meanwhile. Whatever it
    /// changes for a connection is planned anew at once.
    pub async fn set_policy(
        &self,
        id: &PracticeId,
        who: &Who,
        seen: Option<Timestamp>,
        change: impl Fn(&mut Policy) + Send + Sync,
    ) -> Result<Practice, EngineError> {
        let before = self.read_practice(id).await?;
        if before.set_at != seen {
            return Err(stale(id));
        }
        self.replace(before, who, &|practice: &mut Practice| change(&mut practice.policy)).await
    }

    /// Changes what is known of a practice, as it stands by then. A change that leaves everything as it was has no effect.
    pub async fn change_practice(
        &self,
        id: &PracticeId,
        who: &Who,
        change: impl Fn(&mut Practice) + Send + Sync,
    ) -> Result<Practice, EngineError> {
        for _ in 0..TRIES {
            let before = self.read_practice(id).await?;
            match self.replace(before, who, &change).await {
                Err(EngineError::Store(StoreError::Stale { .. })) => {}
                done => return done,
            }
        }
        Err(stale(id))
    }

    /// Once the record is stored, nothing that follows can fail: it holds whether or not a connection hears of it now.
    async fn replace(
        &self,
        before: Practice,
        who: &Who,
        change: &(impl Fn(&mut Practice) + Send + Sync),
    ) -> Result<Practice, EngineError> {
        let mut after = before.clone();
        change(&mut after);
        if after == before && before.set_at.is_some() {
            return Ok(before);
        }
        after.set_at = Some(later(before.set_at, self.clock.now()));
        self.store.set_practice(&after, before.set_at).await?;
        self.practices.forget(&after.id);
        for doing in policy_changes(&before.policy, &after.policy) {
            self.note(&after.id, who.clone(), doing).await;
        }
        self.plan_anew(&before, &after).await;
        Ok(after)
    }

    /// Has each connection for which something changes planned anew. One that cannot be told finds out by its next run.
    async fn plan_anew(&self, before: &Practice, after: &Practice) {
        let now = self.clock.now();
        let connections = match self.store.list_connections(&after.id, None).await {
            Ok(connections) => connections,
            Err(error) => {
                let error = EngineError::from(error);
                tracing::warn!(practice = %after.id, error = chain(&error), "a new policy waits for the next runs");
                return;
            }
        };
        for connection in connections {
            let is_same = held(before, &connection, now) == held(after, &connection, now);
            if is_same || !has_work(&connection) {
                continue;
            }
            let at = ConnectionRef { practice: after.id.clone(), id: connection.id.clone() };
            if let Err(error) = self.command(&at, None, |_| Ok(())).await {
                tracing::warn!(connection = %at.id, error = chain(&error), "a connection was not told of its practice's new policy");
            }
        }
    }

    /// How many entries may still tell more than `allowed`. Zero mostly costs nothing to find out.
    pub async fn count_above(&self, connection: &Connection, allowed: Detail) -> Result<u64, EngineError> {
        if !may_tell_more(connection, allowed) {
            return Ok(0);
        }
        let at = ConnectionRef::from(connection);
        let links = self.store.list_links(&at).await?;
        let above =
            links.iter().filter(|link| link.owner.lane() == Lane::Appointments && link.told > allowed);
        Ok(u64::try_from(above.count()).unwrap_or(u64::MAX))
    }
}

/// Whether an entry may tell more than is allowed now: not where the last comparison held to that and nothing is owed.
pub(crate) fn may_tell_more(connection: &Connection, allowed: Detail) -> bool {
    let wants_more = connection.settings.detail > allowed;
    let schedule = &connection.schedule;
    match schedule.reconciled {
        Some(last) => last.detail > allowed || (wants_more && schedule.owing_at.is_some()),
        None => wants_more && connection.evidence.started_at.is_some(),
    }
}

fn stale(id: &PracticeId) -> EngineError {
    EngineError::Store(StoreError::Stale { what: format!("practice {id}") })
}

/// What a practice's record decides for a connection's runs.
fn held(practice: &Practice, connection: &Connection, now: Timestamp) -> (Detail, WindowDays) {
    let (detail, _) = detail_in_force(practice, connection, now);
    (detail, connection.settings.window.within(practice.policy.window))
}

/// Whether runs of it look at the policy.
pub(crate) fn has_work(connection: &Connection) -> bool {
    match connection.evidence.state() {
        State::Syncing | State::Active | State::Paused | State::ReconnectRequired => true,
        State::Authorising | State::Ready | State::Disconnecting | State::Disconnected => false,
    }
}

/// Each change is later than the one before, whatever the clock says.
fn later(before: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let next = before.and_then(|at| at.checked_add(SignedDuration::from_micros(1)).ok());
    next.map_or(now, |next| next.max(now))
}
