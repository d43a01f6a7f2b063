//! Links, as they are found: by their mirror's name, by their owner's item, by appointment, by what they owe.
//! A link that cannot be read fails whoever asks for it by name, since deciding without it would do the work twice. In a
//! listing a broken one is left out; one that a newer program wrote fails it, since that one is in order and stands for a
//! mirror that must not be left behind.

use async_trait::async_trait;
use daybook_core::ids::{AppointmentId, ItemId, PracticeId};
use daybook_core::link::Link;
use daybook_core::mirror::MirrorId;
use daybook_engine::ports::{ConnectionRef, Counts, LinkChange, Links, StoreError};
use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use std::collections::BTreeSet;

use crate::item::{Broken, Item, Row, instant, text};
use crate::keys;
use crate::link_row::from_item;
use crate::schema::{APPOINTMENT, LINK_VERSION, OWING, REMOTE};
use crate::table::{Ask, Table, readable};

/// How many items are looked up at the same time.
const AT_ONCE: usize = 8;

pub(crate) fn named(at: &ConnectionRef) -> String {
    format!("links of connection {}", at.id)
}

#[async_trait]
impl Links for Table {
    async fn find_appointment_links(
        &self,
        at: &ConnectionRef,
        mirrors: &[MirrorId],
    ) -> Result<Vec<Link>, StoreError> {
        let rows = mirrors.iter().map(|mirror| keys::appointment_link(at, mirror)).collect();
        all_of(at, &self.get_all(rows, &named(at)).await?)
    }

    async fn find_item_links(&self, at: &ConnectionRef, digests: &[String]) -> Result<Vec<Link>, StoreError> {
        let distinct: BTreeSet<&String> = digests.iter().collect();
        let asks: Vec<_> = distinct
            .into_iter()
            .map(|digest| Ask::begins_with(keys::partition(at), &keys::item_prefix(digest)))
            .collect();
        all_of(at, &self.query_each(at, asks).await?)
    }

    /// The index may lag behind, so the rows themselves are read.
    async fn find_remote_links(
        &self,
        at: &ConnectionRef,
        remotes: &[ItemId],
    ) -> Result<Vec<Link>, StoreError> {
        let distinct: BTreeSet<&ItemId> = remotes.iter().collect();
        let keys = distinct.iter().filter_map(|remote| keys::remote(at, remote));
        let asks = keys.map(|key| Ask { schema: REMOTE, hash: text(key), range: None }).collect();
        let rows = readable(&self.query_each(at, asks).await?, |item| Row(item).key());
        let links = all_of(at, &self.get_all(rows, &named(at)).await?)?;
        let still = |link: &Link| link.remote.as_ref().is_some_and(|remote| distinct.contains(remote));
        Ok(links.into_iter().filter(still).collect())
    }

    async fn list_links(&self, at: &ConnectionRef) -> Result<Vec<Link>, StoreError> {
        let ask = Ask::begins_with(keys::partition(at), keys::LINKS);
        let items = self.query(ask, usize::MAX, &named(at)).await?;
        let newer = |item| Row::read_up_to(LINK_VERSION, item).err().filter(Broken::is_newer);
        let newer = items.iter().find_map(newer);
        match newer {
            Some(newer) => Err(newer.unreadable(named(at))),
            None => Ok(readable(&items, from_item)),
        }
    }

    /// The index may lag behind, so the rows themselves are read.
    async fn list_owing_links(&self, at: &ConnectionRef, now: Timestamp) -> Result<Vec<Link>, StoreError> {
        let ask = Ask { range: Some(("#range <= :range", instant(now))), ..owing(at) };
        let hits = self.query(ask, usize::MAX, &named(at)).await?;
        let rows = readable(&hits, |item| Row(item).key());
        let links = readable(&self.get_all(rows, &named(at)).await?, from_item);
        let owes = |link: &Link| matches!(link.state, daybook_core::link::LinkState::Owing(_));
        Ok(links.into_iter().filter(|link| owes(link) && !link.waits(now)).collect())
    }

    async fn connections_linking(
        &self,
        practice: &PracticeId,
        appointment: &AppointmentId,
    ) -> Result<Vec<ConnectionRef>, StoreError> {
        let key = keys::appointment(practice, appointment);
        let ask = Ask { schema: APPOINTMENT, hash: text(key), range: None };
        let what = format!("links of appointment {appointment}");
        let hits = self.query(ask, usize::MAX, &what).await?;
        let connections =
            readable(&hits, |item| keys::connection_of(Row(item).text("pk")?).ok_or(Broken::Attribute("pk")));
        Ok(connections.into_iter().collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn save_links(
        &self,
        at: &ConnectionRef,
        generation: u64,
        changes: &[LinkChange],
    ) -> Result<(), StoreError> {
        self.save(at, generation, changes).await
    }

    async fn count_links(&self, at: &ConnectionRef) -> Result<Counts, StoreError> {
        let lane = |prefix| Ask::begins_with(keys::partition(at), prefix);
        Ok(Counts {
            mirrored_events: self.count(lane(keys::APPOINTMENT_LINKS), &named(at)).await?,
            busy_blocks: self.count(lane(keys::BUSY_LINKS), &named(at)).await?,
            owing: self.count(owing(at), &named(at)).await?,
        })
    }
}

impl Table {
    async fn query_each(&self, at: &ConnectionRef, asks: Vec<Ask>) -> Result<Vec<Item>, StoreError> {
        let what = named(at);
        let asked = asks.into_iter().map(|ask| self.query(ask, usize::MAX, &what));
        let found: Vec<Vec<Item>> = futures_util::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }
}

fn owing(at: &ConnectionRef) -> Ask {
    Ask { schema: OWING, hash: text(keys::partition(at)), range: None }
}

fn all_of(at: &ConnectionRef, items: &[Item]) -> Result<Vec<Link>, StoreError> {
    items.iter().map(from_item).collect::<Result<_, _>>().map_err(|broken| broken.unreadable(named(at)))
}
