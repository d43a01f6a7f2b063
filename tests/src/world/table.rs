//! The table's connections, with the conditions that the port asks for and nothing more.

use std::collections::BTreeMap;

use async_trait::async_trait;
use daybook_core::connection::{AccountName, Connection, Evidence, MOST_MARKS, Provider};
use daybook_core::ids::{CalendarId, PracticeId, PractitionerId};
use daybook_core::link::Link;
use daybook_core::mirror::MirrorId;
use daybook_engine::ports::{
    Acquired, ConnectionRef, Connections, Due, LeaseTerm, Named, Previous, Release, Signalled, StoreError,
};
use jiff::{SignedDuration, Timestamp};

use super::fault::{Plant, Point};
use super::{State, World};

/// A request that has waited longer than this may never have been sent: the door sends another.
const PRESUMED_LOST: SignedDuration = SignedDuration::from_mins(5);

/// One connection with its lease and its links.
pub(crate) struct Row {
    pub connection: Connection,
    pub generation: u64,
    /// Who holds it, until when.
    pub lease: Option<LeaseTerm>,
    /// The version of the settings when the lease was given.
    pub run_version: u64,
    pub links: BTreeMap<MirrorId, Link>,
}

pub(crate) fn missing(at: &ConnectionRef) -> StoreError {
    StoreError::Missing { what: format!("connection {}", at.id) }
}

pub(crate) fn stale(at: &ConnectionRef) -> StoreError {
    StoreError::Stale { what: format!("connection {}", at.id) }
}

fn name_of(connection: &Connection) -> ConnectionRef {
    ConnectionRef { practice: connection.practice.clone(), id: connection.id.clone() }
}

impl State {
    pub(crate) fn row(&mut self, at: &ConnectionRef) -> Result<&mut Row, StoreError> {
        self.rows.get_mut(at).ok_or_else(|| missing(at))
    }

    fn leave(
        &mut self,
        at: &ConnectionRef,
        generation: u64,
        until: Option<Timestamp>,
        left: &Release,
    ) -> Result<(), StoreError> {
        if self.row(at)?.generation != generation {
            return Err(stale(at));
        }
        self.check_cursors(at, left);
        let (late, forgets) = (Plant::PendingClearedLate, Plant::MarksForgotten);
        let (late, forgets) = (self.is_planted(late), self.is_planted(forgets));
        let row = self.row(at)?;
        row.lease = match (until, row.lease.take()) {
            (Some(until), Some(lease)) => Some(LeaseTerm { until, ..lease }),
            _ => None,
        };
        let kept = &row.connection.evidence;
        let uncontested = row.connection.version == row.run_version;
        row.connection.evidence = Evidence {
            first_synced_at: left.evidence.first_synced_at,
            last_synced_at: left.evidence.last_synced_at,
            disconnected_at: left.evidence.disconnected_at,
            handed_over_at: left.evidence.handed_over_at,
            put_back: left.evidence.put_back,
            verified: left.evidence.verified,
            left_calendars: if uncontested {
                left.evidence.left_calendars.clone()
            } else {
                kept.left_calendars.clone()
            },
            left: left.evidence.left.clone(),
            refused_at: if uncontested { left.evidence.refused_at } else { kept.refused_at },
            ..kept.clone()
        };
        if let Some(settings) = left.settled_settings.clone().filter(|_| uncontested) {
            row.connection.settings = settings;
        }
        row.connection.schedule = left.schedule.clone();
        row.connection.progress = left.progress;
        row.connection.problems = left.problems.clone();
        row.connection.told = left.told.clone();
        let signals = &mut row.connection.signals;
        signals.answered = signals.answered.max(left.answered.unwrap_or_default());
        let done = &left.done_marks;
        signals.marks.appointments.retain(|id, token| !forgets && done.appointments.get(id) != Some(token));
        signals.marks.calendars.retain(|id, token| done.calendars.get(id) != Some(token));
        signals.marks.subscriptions.retain(|id, token| done.subscriptions.get(id) != Some(token));
        if done.everything.is_some() && signals.marks.everything == done.everything {
            signals.marks.everything = None;
        }
        if late && until.is_none() {
            signals.pending_since = None;
        }
        for new in &left.notices {
            self.put_notice(new);
        }
        self.note_claim(at, generation, until);
        Ok(())
    }
}

#[async_trait]
impl Connections for World {
    async fn create_connection(&self, connection: &Connection) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a connection")?;
        let at = name_of(connection);
        let row = Row {
            connection: connection.clone(),
            generation: 0,
            lease: None,
            run_version: connection.version,
            links: BTreeMap::new(),
        };
        if self.lock().rows.insert(at.clone(), row).is_some() {
            return Err(StoreError::Exists { what: at.id.to_string() });
        }
        ending.store("a connection", ())
    }

    async fn find_connection(&self, at: &ConnectionRef) -> Result<Option<Connection>, StoreError> {
        self.point(Point::TableRead).await.of_store("a connection")?;
        Ok(self.lock().rows.get(at).map(|row| row.connection.clone()))
    }

    async fn list_connections(
        &self,
        practice: &PracticeId,
        practitioner: Option<&PractitionerId>,
    ) -> Result<Vec<Connection>, StoreError> {
        self.point(Point::TableRead).await.of_store("connections")?;
        let state = self.lock();
        let all = state.rows.values().map(|row| &row.connection);
        let wanted = |c: &&Connection| {
            c.practice == *practice && practitioner.is_none_or(|practitioner| c.practitioner == *practitioner)
        };
        Ok(all.filter(wanted).cloned().collect())
    }

    async fn connections_of(
        &self,
        practice: &PracticeId,
        practitioner: &PractitionerId,
    ) -> Result<Vec<ConnectionRef>, StoreError> {
        let all = self.list_connections(practice, Some(practitioner)).await?;
        Ok(all.iter().filter(|c| c.evidence.disconnected_at.is_none()).map(name_of).collect())
    }

    async fn command_connection(&self, connection: &Connection) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a command")?;
        let at = name_of(connection);
        let mut state = self.lock();
        let now = state.now;
        let stored = &mut state.row(&at)?.connection;
        if stored.version + 1 != connection.version {
            return Err(stale(&at));
        }
        stored.version = connection.version;
        stored.settings.clone_from(&connection.settings);
        stored.account.clone_from(&connection.account);
        stored.schedule.due_at = Some(now);
        let given = &connection.evidence;
        stored.evidence = Evidence {
            authorised_at: given.authorised_at,
            granted: given.granted,
            needed: given.needed,
            started_at: given.started_at,
            paused_at: given.paused_at,
            disconnect: given.disconnect,
            brake_released_at: given.brake_released_at,
            refused_at: given.refused_at,
            reviewed_at: given.reviewed_at,
            left_calendars: given.left_calendars.clone(),
            closed_days: given.closed_days.clone(),
            answered_calendars: given.answered_calendars.clone(),
            ..stored.evidence.clone()
        };
        ending.store("a command", ())
    }

    async fn signal(
        &self,
        at: &ConnectionRef,
        named: &Named,
        token: &str,
        now: Timestamp,
    ) -> Result<Signalled, StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a signal")?;
        let mut state = self.lock();
        let row = state.row(at)?;
        if row.connection.evidence.disconnected_at.is_some() {
            return Err(missing(at));
        }
        let signals = &mut row.connection.signals;
        signals.received += 1;
        if signals.marks.appointments.len() + named.appointments.len() > MOST_MARKS {
            signals.marks.everything = Some(token.to_owned());
        } else {
            let marks = named.appointments.iter().map(|id| (id.clone(), token.to_owned()));
            signals.marks.appointments.extend(marks);
        }
        let marked =
            |ids: &[CalendarId]| ids.iter().map(|id| (id.clone(), token.to_owned())).collect::<Vec<_>>();
        signals.marks.calendars.extend(marked(&named.calendars));
        signals.marks.subscriptions.extend(marked(&named.subscriptions));
        let is_lost = |since: &Timestamp| now.duration_since(*since) > PRESUMED_LOST;
        let first = signals.pending_since.as_ref().is_none_or(is_lost);
        if first {
            signals.pending_since = Some(now);
        }
        ending.store("a signal", if first { Signalled::Send } else { Signalled::Coalesced })
    }

    async fn take_up_request(
        &self,
        at: &ConnectionRef,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a request")?;
        let mut state = self.lock();
        let signals = &mut state.row(at)?.connection.signals;
        let stands = signals.pending_since == Some(since);
        if stands {
            signals.pending_since = Some(now);
        }
        ending.store("a request", stands)
    }

    async fn acquire(
        &self,
        at: &ConnectionRef,
        term: &LeaseTerm,
        now: Timestamp,
    ) -> Result<Option<Acquired>, StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a lease")?;
        let mut state = self.lock();
        let ignored = state.is_planted(Plant::LeaseIgnored);
        let late = state.is_planted(Plant::PendingClearedLate);
        let unnoticed = state.is_planted(Plant::DeathUnnoticed) || state.is_planted(Plant::CursorFirst);
        let row = state.row(at)?;
        if row.lease.as_ref().is_some_and(|lease| lease.until >= now) && !ignored {
            return Ok(None);
        }
        let previous =
            if row.lease.is_some() && !unnoticed { Previous::Abandoned } else { Previous::Released };
        row.lease = Some(term.clone());
        if !ignored || row.generation == 0 {
            row.generation += 1;
        }
        row.run_version = row.connection.version;
        if !late {
            row.connection.signals.pending_since = None;
        }
        let acquired = Acquired { connection: row.connection.clone(), generation: row.generation, previous };
        state.claim(at, &acquired, term.until);
        ending.store("a lease", Some(acquired))
    }

    async fn checkpoint(
        &self,
        at: &ConnectionRef,
        generation: u64,
        until: Timestamp,
        left: &Release,
    ) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a checkpoint")?;
        self.lock().leave(at, generation, Some(until), left)?;
        ending.store("a checkpoint", ())
    }

    async fn release(&self, at: &ConnectionRef, generation: u64, left: &Release) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a release")?;
        self.lock().leave(at, generation, None, left)?;
        ending.store("a release", ())
    }

    async fn expire_connection(&self, at: &ConnectionRef, _after: Timestamp) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a connection")?;
        self.lock().row(at)?;
        ending.store("a connection", ())
    }

    async fn list_due(&self, _shard: u32, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.point(Point::TableRead).await.of_store("due work")?;
        let state = self.lock();
        let connections = state.rows.iter().filter_map(|(at, row)| {
            row.connection.schedule.due_at.map(|due_at| (due_at, Due::Connection(at.clone())))
        });
        let practices = state.due_practices().chain(state.due_notices());
        let mut due: Vec<(Timestamp, Due)> = connections.chain(practices).collect();
        due.retain(|(at, _)| *at <= now);
        due.sort_by_key(|(at, _)| *at);
        Ok(due.into_iter().map(|(_, due)| due).take(limit).collect())
    }

    fn due_shards(&self) -> u32 {
        1
    }

    async fn note_account(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError> {
        self.note_user(at, provider, account).await
    }

    async fn forget_account(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError> {
        self.forget_user(at, provider, account).await
    }

    async fn connections_using(
        &self,
        provider: Provider,
        account: &AccountName,
    ) -> Result<Vec<ConnectionRef>, StoreError> {
        self.users_of(provider, account).await
    }

    async fn claim_refresh(
        &self,
        at: &ConnectionRef,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.take_refresh(at, holder, now, until).await
    }

    async fn give_refresh_back(&self, at: &ConnectionRef, holder: &str) -> Result<(), StoreError> {
        self.return_refresh(at, holder).await
    }
}
