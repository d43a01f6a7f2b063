//! The table, by aggregate: connections, links, practices.
//!
//! Three hands write a connection: doors (signals), people (settings) and the one worker that holds the lease.
//! Each method touches only the fields of its hand, so that none overwrites another's.

use async_trait::async_trait;
use daybook_core::appointment::ProposedPolicy;
use daybook_core::connection::{
    AccountName, Connection, Evidence, Marks, Problem, Progress, Provider, Schedule, Settings,
};
use daybook_core::ids::{
    AppointmentId, CalendarId, ConnectionId, Cursor, ItemId, PracticeId, PractitionerId,
};
use daybook_core::launch::LaunchTrust;
use daybook_core::link::Link;
use daybook_core::mirror::MirrorId;
use daybook_core::notice::Told;
use daybook_core::policy::Policy;
use jiff::Timestamp;
use std::collections::BTreeMap;

use super::{Feeds, NewNotice, NoticeRef, Notices, SignIns, Subscriptions, Trail, Underlying};

/// All of the table.
pub trait Store: Connections + Links + Practices + SignIns + Subscriptions + Notices + Trail + Feeds {}
impl<T: Connections + Links + Practices + SignIns + Subscriptions + Notices + Trail + Feeds> Store for T {}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A condition did not hold: somebody else was first. Read again, or give up the lease.
    #[error("{what} was written by somebody else meanwhile")]
    Stale { what: String },
    #[error("{what} exists already")]
    Exists { what: String },
    #[error("{what} does not exist")]
    Missing { what: String },
    /// Throttled or unreachable.
    #[error("the table cannot be reached for {what}")]
    Later {
        what: String,
        #[source]
        cause: Option<Underlying>,
    },
    /// A row of a version that this program does not read, or one that is broken. It is left alone.
    #[error("the row of {what} cannot be read")]
    Unreadable {
        what: String,
        #[source]
        cause: Option<Underlying>,
    },
}

/// Both halves of a connection's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnectionRef {
    pub practice: PracticeId,
    pub id: ConnectionId,
}

impl From<&Connection> for ConnectionRef {
    fn from(connection: &Connection) -> Self {
        Self { practice: connection.practice.clone(), id: connection.id.clone() }
    }
}

/// A worker's claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseTerm {
    /// Unique to this attempt.
    pub holder: String,
    pub until: Timestamp,
    /// Where this process is known to be the only one: how the names of its holders begin. Leases of others are
    /// those of the dead, and need not run out.
    pub sole_process: Option<String>,
}

/// A lease that was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acquired {
    /// As it stands, marks included; `pending_since` is already cleared.
    pub connection: Connection,
    pub generation: u64,
    pub previous: Previous,
}

/// How the run before this one ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Previous {
    /// It gave the lease back.
    Released,
    /// Its lease ran out: it may have crashed, or may still be writing.
    Abandoned,
}

/// What a worker leaves behind at a checkpoint or at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Release {
    /// The worker's own facts: `refused_at`, `left_calendars`, `first_synced_at`, `last_synced_at`, `disconnected_at`,
    /// `handed_over_at`, `put_back`, `verified` and `left` are the only ones it writes; the first two while no person has commanded.
    pub evidence: Evidence,
    /// The main and blocking calendars, where the run found out which they are.
    pub settled_settings: Option<Settings>,
    pub schedule: Schedule,
    pub progress: Option<Progress>,
    pub problems: BTreeMap<String, Problem>,
    /// Signals that this run answered: `signals.received` as it was when the lease was given.
    pub answered: Option<u64>,
    /// Marks that this run is done with.
    pub done_marks: Marks,
    /// How far the EHR is told, these notices included.
    pub told: Told,
    /// What the run has to tell: stored in the same write.
    pub notices: Vec<NewNotice>,
}

/// Whether the door must send a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signalled {
    /// None was waiting, or one has waited for so long that it must be lost.
    Send,
    /// One is waiting already.
    Coalesced,
}

/// What a signal names. Nothing: look at what is due.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Named {
    pub appointments: Vec<AppointmentId>,
    /// Calendars that changed.
    pub calendars: Vec<CalendarId>,
    /// Calendars whose subscription is to be made anew.
    pub subscriptions: Vec<CalendarId>,
}

impl Named {
    pub fn appointments(ids: impl Into<Vec<AppointmentId>>) -> Self {
        Self { appointments: ids.into(), ..Self::default() }
    }

    pub fn calendars(ids: impl Into<Vec<CalendarId>>) -> Self {
        Self { calendars: ids.into(), ..Self::default() }
    }
}

#[async_trait]
pub trait Connections: Send + Sync {
    /// `Exists` where the id is taken.
    async fn create_connection(&self, connection: &Connection) -> Result<(), StoreError>;

    async fn find_connection(&self, at: &ConnectionRef) -> Result<Option<Connection>, StoreError>;

    /// Connections of a practice, of one practitioner if named, in order of id, disconnected ones included.
    async fn list_connections(
        &self,
        practice: &PracticeId,
        practitioner: Option<&PractitionerId>,
    ) -> Result<Vec<Connection>, StoreError>;

    /// Names only, of those that are not disconnected: the cheap form for doors, one read.
    async fn connections_of(
        &self,
        practice: &PracticeId,
        practitioner: &PractitionerId,
    ) -> Result<Vec<ConnectionRef>, StoreError>;

    /// A person's hand: settings, account, and the facts `authorised_at`, `granted`, `needed`, `started_at`,
    /// `paused_at`, `disconnect`, `brake_released_at`, `left_calendars`,
    /// `closed_days`, `answered_calendars`, `reviewed_at` and `refused_at` (cleared by an `authorised_at` that is newer). Makes the connection due
    /// at once, so that a command whose request is lost is found by the sweep. `Stale` unless the version
    /// stored is `connection.version - 1`.
    async fn command_connection(&self, connection: &Connection) -> Result<(), StoreError>;

    /// A door's hand: counts a signal, adds marks for what is named under `token`, notes `pending_since` if none was.
    /// One write; a second only where the marks overflow. Connections that are gone are `Missing`.
    async fn signal(
        &self,
        at: &ConnectionRef,
        named: &Named,
        token: &str,
        now: Timestamp,
    ) -> Result<Signalled, StoreError>;

    /// Takes up a request that has waited since `since` and is taken for lost, so that it is sent again once and not by
    /// everybody who notices. `false` where a worker or somebody else was first.
    async fn take_up_request(
        &self,
        at: &ConnectionRef,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Takes the lease if it is free or ran out before `now`, raises the generation and clears
    /// `pending_since`. One write, no read. `None` while somebody else holds it.
    async fn acquire(
        &self,
        at: &ConnectionRef,
        term: &LeaseTerm,
        now: Timestamp,
    ) -> Result<Option<Acquired>, StoreError>;

    /// The worker's hand, keeping the lease until `until`. `Stale` if the generation has moved on.
    async fn checkpoint(
        &self,
        at: &ConnectionRef,
        generation: u64,
        until: Timestamp,
        left: &Release,
    ) -> Result<(), StoreError>;

    /// As `checkpoint`, and gives the lease back. One write.
    async fn release(&self, at: &ConnectionRef, generation: u64, left: &Release) -> Result<(), StoreError>;

    /// Forgets it for good once `after` has passed; it stays readable until then.
    async fn expire_connection(&self, at: &ConnectionRef, after: Timestamp) -> Result<(), StoreError>;

    /// What is due at `now` in one shard of the index, oldest first, at most `limit`.
    async fn list_due(&self, shard: u32, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError>;

    /// How many shards the index of due work has.
    fn due_shards(&self) -> u32;

    /// Notes that this connection uses the account, whatever practice it is of. Again: no effect.
    async fn note_account(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError>;

    /// Notes that it no longer does. Again: no effect.
    async fn forget_account(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError>;

    /// Every connection, of any practice, that uses the account. A consistent read.
    async fn connections_using(
        &self,
        provider: Provider,
        account: &AccountName,
    ) -> Result<Vec<ConnectionRef>, StoreError>;

    /// The right to refresh the connection's credentials, until it is given back or `until`. Not tied to the
    /// lease: a door may need a token while a worker syncs. `false` while somebody else holds it.
    async fn claim_refresh(
        &self,
        at: &ConnectionRef,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Gives the right back; no effect where `holder` does not hold it.
    async fn give_refresh_back(&self, at: &ConnectionRef, holder: &str) -> Result<(), StoreError>;
}

/// A name from the index of due work. It is a hint: acting on it is conditional on the row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Due {
    Connection(ConnectionRef),
    Practice(PracticeId),
    Notice(NoticeRef),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkChange {
    Put(Link),
    Remove(Link),
}

/// How many links there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub mirrored_events: u64,
    pub busy_blocks: u64,
    pub owing: u64,
}

#[async_trait]
pub trait Links: Send + Sync {
    /// Links of the appointments lane by the mirror's name; missing ones are left out.
    async fn find_appointment_links(
        &self,
        at: &ConnectionRef,
        mirrors: &[MirrorId],
    ) -> Result<Vec<Link>, StoreError>;

    /// Links of the busy lane of whole items, by [`daybook_core::key::PracticeKey::item_digest`].
    async fn find_item_links(&self, at: &ConnectionRef, digests: &[String]) -> Result<Vec<Link>, StoreError>;

    /// Links of the appointments lane by the ids that the other side chose; missing ones are left out. May lag
    /// behind a write by a moment.
    async fn find_remote_links(
        &self,
        at: &ConnectionRef,
        remotes: &[ItemId],
    ) -> Result<Vec<Link>, StoreError>;

    async fn list_links(&self, at: &ConnectionRef) -> Result<Vec<Link>, StoreError>;

    /// Links that owe work and may be tried at `now`.
    async fn list_owing_links(&self, at: &ConnectionRef, now: Timestamp) -> Result<Vec<Link>, StoreError>;

    /// Which connections link this appointment, whoever its practitioner is now (E-049). One read.
    async fn connections_linking(
        &self,
        practice: &PracticeId,
        appointment: &AppointmentId,
    ) -> Result<Vec<ConnectionRef>, StoreError>;

    /// Writes changes under a generation; `Stale` if a newer one has written any of these rows or the
    /// connection. One write for one change; batched otherwise.
    async fn save_links(
        &self,
        at: &ConnectionRef,
        generation: u64,
        changes: &[LinkChange],
    ) -> Result<(), StoreError>;

    async fn count_links(&self, at: &ConnectionRef) -> Result<Counts, StoreError>;
}

/// A tenant, as far as syncing needs to know it. Where its EHR is and how it proves itself is the adapters' to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Practice {
    pub id: PracticeId,
    /// Where the EHR gives no zone. IANA name.
    pub time_zone_fallback: Option<String>,
    pub proposed: ProposedPolicy,
    /// Whom the EHR may send to the settings page. `None`: nobody.
    pub launch: Option<LaunchTrust>,
    /// Origins that may show the settings page in a frame.
    pub frame_origins: Vec<String>,
    pub policy: Policy,
    /// When a person last set the policy; `None`: it is as the deployment was configured.
    pub set_at: Option<Timestamp>,
    /// Where notices are posted; `None`: they are kept to be read, and that is all.
    pub notices_to: Option<String>,
}

#[async_trait]
pub trait Practices: Send + Sync {
    /// The configuration's hand: stores it anew, but for a policy that a person has set; that stays. A practice that has
    /// never been polled becomes due at once.
    async fn put_practice(&self, practice: &Practice) -> Result<(), StoreError>;

    /// A person's hand: stores it with its `set_at`. `Stale` unless the one stored was set at `replaces`.
    async fn set_practice(&self, practice: &Practice, replaces: Option<Timestamp>) -> Result<(), StoreError>;

    async fn find_practice(&self, id: &PracticeId) -> Result<Option<Practice>, StoreError>;

    /// How far the practice's EHR has been read.
    async fn find_ehr_cursor(&self, id: &PracticeId) -> Result<Option<Cursor>, StoreError>;

    /// Moves the EHR's cursor, and says when it should next be polled.
    async fn put_ehr_cursor(
        &self,
        id: &PracticeId,
        cursor: Option<&Cursor>,
        due_at: Timestamp,
    ) -> Result<(), StoreError>;
}
