//! The table's links. A change is refused where a newer generation has written; nothing is decided here.

use async_trait::async_trait;
use daybook_core::ids::{AppointmentId, ItemId, PracticeId};
use daybook_core::key::Owner;
use daybook_core::link::{Lane, Link, LinkState};
use daybook_core::mirror::MirrorId;
use daybook_engine::ports::{ConnectionRef, Counts, LinkChange, Links, StoreError};
use jiff::Timestamp;

use super::World;
use super::fault::{Plant, Point};
use super::table::stale;

impl World {
    async fn links_where(
        &self,
        at: &ConnectionRef,
        wanted: impl Fn(&Link) -> bool + Send,
    ) -> Result<Vec<Link>, StoreError> {
        self.point(Point::TableRead).await.of_store("links")?;
        let state = self.lock();
        let links = state.rows.get(at).into_iter().flat_map(|row| row.links.values());
        Ok(links.filter(|link| wanted(link)).cloned().collect())
    }
}

#[async_trait]
impl Links for World {
    async fn find_appointment_links(
        &self,
        at: &ConnectionRef,
        mirrors: &[MirrorId],
    ) -> Result<Vec<Link>, StoreError> {
        if mirrors.is_empty() {
            return Ok(Vec::new());
        }
        self.links_where(at, |link| mirrors.contains(&link.mirror)).await
    }

    async fn find_item_links(&self, at: &ConnectionRef, digests: &[String]) -> Result<Vec<Link>, StoreError> {
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        self.links_where(at, |link| link.item_digest.as_ref().is_some_and(|digest| digests.contains(digest)))
            .await
    }

    async fn find_remote_links(
        &self,
        at: &ConnectionRef,
        remotes: &[ItemId],
    ) -> Result<Vec<Link>, StoreError> {
        self.links_where(at, |link| {
            link.owner.lane() == Lane::Appointments
                && link.remote.as_ref().is_some_and(|remote| remotes.contains(remote))
        })
        .await
    }

    async fn list_links(&self, at: &ConnectionRef) -> Result<Vec<Link>, StoreError> {
        self.links_where(at, |_| true).await
    }

    async fn list_owing_links(&self, at: &ConnectionRef, now: Timestamp) -> Result<Vec<Link>, StoreError> {
        self.links_where(at, |link| matches!(link.state, LinkState::Owing(_)) && !link.waits(now)).await
    }

    async fn connections_linking(
        &self,
        practice: &PracticeId,
        appointment: &AppointmentId,
    ) -> Result<Vec<ConnectionRef>, StoreError> {
        self.point(Point::TableRead).await.of_store("links")?;
        let owner = Owner::Appointment(appointment.clone());
        let state = self.lock();
        let linking = state.rows.iter().filter(|(at, row)| {
            at.practice == *practice && row.links.values().any(|link| link.owner == owner)
        });
        Ok(linking.map(|(at, _)| at.clone()).collect())
    }

    async fn save_links(
        &self,
        at: &ConnectionRef,
        generation: u64,
        changes: &[LinkChange],
    ) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("links")?;
        let mut state = self.lock();
        let forgets = state.is_planted(Plant::TableForgetsOwing);
        let row = state.row(at)?;
        if row.generation > generation {
            return Err(stale(at));
        }
        for change in changes {
            match change {
                LinkChange::Put(Link { state: LinkState::Owing(_), .. }) if forgets => {}
                LinkChange::Put(link) => {
                    row.links.insert(link.mirror.clone(), Link { generation, ..link.clone() });
                }
                LinkChange::Remove(link) => {
                    row.links.remove(&link.mirror);
                }
            }
        }
        ending.store("links", ())
    }

    async fn count_links(&self, at: &ConnectionRef) -> Result<Counts, StoreError> {
        let links = self.links_where(at, |_| true).await?;
        let count = |wanted: &dyn Fn(&Link) -> bool| {
            u64::try_from(links.iter().filter(|link| wanted(link)).count()).unwrap_or(u64::MAX)
        };
        Ok(Counts {
            mirrored_events: count(&|link| link.owner.lane() == Lane::Appointments),
            busy_blocks: count(&|link| link.owner.lane() == Lane::Busy),
            owing: count(&|link| matches!(link.state, LinkState::Owing(_))),
        })
    }
}
