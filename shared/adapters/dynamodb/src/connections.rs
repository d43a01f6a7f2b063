//! Connections: made, found, listed, commanded by people, forgotten. Signals and leases have files of their own.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;
use daybook_core::connection::{AccountName, Connection, Provider};
use daybook_core::ids::{PracticeId, PractitionerId};
use daybook_engine::ports::{
    Acquired, ConnectionRef, Connections, Due, LeaseTerm, Named, Release, Signalled, StoreError,
};
use jiff::Timestamp;

use crate::connection_row::{command, due, from_item, to_item};
use crate::expression::Change;
use crate::item::{Broken, Item, Row, instant, new_row, number, seconds};
use crate::keys;
use crate::schema::{DUE, DUE_SHARDS, EXPIRES_AT};
use crate::table::{Ask, Table, Written, readable};

/// How a connection is called in errors.
pub(crate) fn named(at: &ConnectionRef) -> String {
    format!("connection {}", at.id)
}

pub(crate) fn stale(at: &ConnectionRef) -> StoreError {
    StoreError::Stale { what: named(at) }
}

/// Why a condition on a connection was refused, where it is not for the reason that the caller expects.
pub(crate) fn absent_or_newer(at: &ConnectionRef, old: Option<Item>) -> Result<Item, StoreError> {
    let old = old.ok_or_else(|| StoreError::Missing { what: named(at) })?;
    match Row::read(&old) {
        Ok(_) => Ok(old),
        Err(broken) => Err(broken.unreadable(named(at))),
    }
}

#[async_trait]
impl Connections for Table {
    async fn create_connection(&self, connection: &Connection) -> Result<(), StoreError> {
        let at = ConnectionRef::from(connection);
        let roster = new_row(&keys::roster(&connection.practitioner, &at));
        let rows = [to_item(connection), roster];
        let absent = Change::absent();
        let steps = rows.into_iter().map(|row| self.put_step(row, &absent)).collect();
        if self.transact(steps, &named(&at)).await? {
            return Ok(());
        }
        Err(StoreError::Exists { what: named(&at) })
    }

    /// An id of any length may be asked for: it comes from a caller's path.
    async fn find_connection(&self, at: &ConnectionRef) -> Result<Option<Connection>, StoreError> {
        let key = keys::connection(at);
        if !key.fits() {
            return Ok(None);
        }
        let item = self.get(&key, &named(at)).await?;
        item.as_ref().map(from_item).transpose().map_err(|broken| broken.unreadable(named(at)))
    }

    async fn list_connections(
        &self,
        practice: &PracticeId,
        practitioner: Option<&PractitionerId>,
    ) -> Result<Vec<Connection>, StoreError> {
        let names = self.list_roster(practice, practitioner).await?;
        let rows = names.iter().map(|entry| keys::connection(&entry.at)).collect();
        let items = self.get_all(rows, &connections_in(practice)).await?;
        let mut connections = readable(&items, from_item);
        connections.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(connections)
    }

    async fn connections_of(
        &self,
        practice: &PracticeId,
        practitioner: &PractitionerId,
    ) -> Result<Vec<ConnectionRef>, StoreError> {
        let names = self.list_roster(practice, Some(practitioner)).await?;
        Ok(names.into_iter().filter(|entry| !entry.disconnected).map(|entry| entry.at).collect())
    }

    /// A refusal that the worker noted after this sign-in stands: it is about the newer credentials.
    async fn command_connection(&self, connection: &Connection) -> Result<(), StoreError> {
        let at = ConnectionRef::from(connection);
        let previous = connection.version.saturating_sub(1);
        let change = Change::of_readable()
            .assign(command(connection))
            .assign(due(&at, Some(self.clock.now())))
            .only_if("#version = :previous", [("previous", number(previous))]);
        let clears = connection.evidence.refused_at.is_none().then_some(connection.evidence.authorised_at);
        let clearing = clears.flatten().map(|signed_in| {
            let older = "(attribute_not_exists(#refused_at) OR #refused_at <= :signed_in)";
            change.clone().remove("refused_at").only_if(older, [("signed_in", instant(signed_in))])
        });
        let attempts = clearing.into_iter().chain([change]);
        for attempt in attempts {
            match self.update_once(&keys::connection(&at), &attempt, vec![], &named(&at)).await? {
                Written::Done(_) => return Ok(()),
                Written::Refused(old) => {
                    let old = absent_or_newer(&at, old)?;
                    if Row(&old).number::<u64>("version").ok() != Some(previous) {
                        return Err(stale(&at));
                    }
                }
            }
        }
        Err(stale(&at))
    }

    async fn signal(
        &self,
        at: &ConnectionRef,
        named: &Named,
        token: &str,
        now: Timestamp,
    ) -> Result<Signalled, StoreError> {
        self.note_signal(at, named, token, now).await
    }

    async fn take_up_request(
        &self,
        at: &ConnectionRef,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.renew_pending(at, since, now).await
    }

    async fn acquire(
        &self,
        at: &ConnectionRef,
        term: &LeaseTerm,
        now: Timestamp,
    ) -> Result<Option<Acquired>, StoreError> {
        self.take_lease(at, term, now).await
    }

    async fn checkpoint(
        &self,
        at: &ConnectionRef,
        generation: u64,
        until: Timestamp,
        left: &Release,
    ) -> Result<(), StoreError> {
        self.leave(at, generation, Some(until), left).await
    }

    async fn release(&self, at: &ConnectionRef, generation: u64, left: &Release) -> Result<(), StoreError> {
        self.leave(at, generation, None, left).await
    }

    async fn expire_connection(&self, at: &ConnectionRef, after: Timestamp) -> Result<(), StoreError> {
        let change = Change::of_readable().assign([(EXPIRES_AT, Some(seconds(after)))]);
        let key = keys::connection(at);
        let item = match self.update(&key, &change, ReturnValue::AllNew, &named(at)).await? {
            Written::Done(item) => item,
            Written::Refused(old) => absent_or_newer(at, old)?,
        };
        let practitioner = Row(&item).text("practitioner").map_err(|broken| broken.unreadable(named(at)))?;
        self.update_roster(&practitioner.into(), at, change).await
    }

    async fn list_due(&self, shard: u32, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        let range = Some(("#range <= :range", instant(now)));
        let ask = Ask { schema: DUE, hash: number(shard), range };
        let items = self.query(ask, limit, &format!("due work in shard {shard}")).await?;
        Ok(readable(&items, |item| {
            let key = Row(item).key()?;
            keys::due_of(&key.pk, &key.sk).ok_or(Broken::Attribute("pk"))
        }))
    }

    fn due_shards(&self) -> u32 {
        DUE_SHARDS
    }

    async fn note_account(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError> {
        self.note_use(at, provider, account).await
    }

    async fn forget_account(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError> {
        self.forget_use(at, provider, account).await
    }

    async fn connections_using(
        &self,
        provider: Provider,
        account: &AccountName,
    ) -> Result<Vec<ConnectionRef>, StoreError> {
        self.list_uses(provider, account).await
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
        self.leave_refresh(at, holder).await
    }
}

/// One line of a practitioner's roster.
struct Entry {
    at: ConnectionRef,
    disconnected: bool,
}

impl Table {
    async fn list_roster(
        &self,
        practice: &PracticeId,
        practitioner: Option<&PractitionerId>,
    ) -> Result<Vec<Entry>, StoreError> {
        let ask = Ask::begins_with(keys::practice_partition(practice), &keys::roster_prefix(practitioner));
        let items = self.query(ask, usize::MAX, &connections_in(practice)).await?;
        Ok(readable(&items, |item| {
            let row = Row::read(item)?;
            let at = keys::connection_of_roster(practice, row.text("sk")?);
            Ok(Entry { at: at.ok_or(Broken::Attribute("sk"))?, disconnected: row.has("disconnected_at") })
        }))
    }

    /// Notes on the roster what a look at it must know. Nobody is worse off where it comes late.
    pub(crate) async fn update_roster(
        &self,
        practitioner: &PractitionerId,
        at: &ConnectionRef,
        change: Change,
    ) -> Result<(), StoreError> {
        let key = keys::roster(practitioner, at);
        match self.update(&key, &change, ReturnValue::None, &named(at)).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(old) => absent_or_newer(at, old).map(|_| ()),
        }
    }
}

fn connections_in(practice: &PracticeId) -> String {
    format!("the connections of practice {practice}")
}
