//! What neither a pause nor a permission that is missing holds back: an entry that tells more than is allowed now is told
//! less. It reads no calendar and brings nothing new.

use std::collections::BTreeSet;

use daybook_core::connection::Reconciled;
use daybook_core::key::{Owner, Target};
use daybook_core::link::{Lane, Link};
use daybook_core::plan::{Novelty, Plan};
use daybook_core::retry;

use super::apply::after;
use super::ehr::Asked;
use super::lanes::Seen;
use super::lease::Lease;
use super::{Halt, Session};
use crate::Engine;
use crate::error::EngineError;
use crate::policy::may_tell_more;

impl Engine {
    /// Writes over what tells too much, each entry where it stands, and does nothing else. It is due again when an agreement
    /// ends, and where something could not be reached.
    pub(super) async fn lower(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        lease.release.schedule.due_at = None;
        let session = Session::leaving(self, lease).await?;
        lease.release.schedule.due_at = session.next_expiry(session.now);
        if !may_tell_more(&session.connection, session.detail) {
            return Ok(());
        }
        let above = session.links_above().await?;
        if !above.is_empty() {
            session.tell_less(above, lease).await?;
        }
        let left = session.links_above().await?.len();
        let schedule = &mut lease.release.schedule;
        if left == 0 {
            let detail = session.detail;
            schedule.reconciled = schedule.reconciled.map(|last| Reconciled { detail, ..last });
            schedule.failures = 0;
            return Ok(());
        }
        tracing::info!(connection = %lease.at.id, left, "entries of a connection that rests still tell too much");
        schedule.failures = schedule.failures.saturating_add(1);
        let pause = retry::delay(schedule.failures, self.random.unit(), None);
        schedule.due_at = Some(after(self.clock.now(), pause));
        Ok(())
    }
}

impl Session<'_> {
    async fn links_above(&self) -> Result<Vec<Link>, EngineError> {
        let links = self.engine.store.list_links(&self.at).await?;
        let is_above = |link: &Link| link.owner.lane() == Lane::Appointments && link.told > self.detail;
        Ok(links.into_iter().filter(is_above).collect())
    }

    /// Their appointments are read anew, since nothing of them is kept.
    async fn tell_less(&self, above: Vec<Link>, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let targets: BTreeSet<Target> = above.iter().map(|link| link.target.clone()).collect();
        let targets: Vec<Target> = targets.into_iter().collect();
        let appointments = above.iter().filter_map(|link| match &link.owner {
            Owner::Appointment(id) => Some(id.clone()),
            Owner::Event(_) => None,
        });
        let appointments: BTreeSet<_> = appointments.collect();
        let mut seen = Seen::default();
        seen.add_links(above);
        let appointments: Vec<_> = appointments.into_iter().collect();
        if let Err(error) = self.read_appointments(&appointments, Asked::Suspected, &mut seen).await {
            tracing::warn!(connection = %self.at.id, error = %error, "appointments could not be read");
            return Ok(());
        }
        let mut plan: Plan = self.plan(Lane::Appointments, &targets, &seen);
        // What is new waits until it goes on.
        plan.puts.retain(|put| put.novelty != Novelty::New);
        self.carry_out(Lane::Appointments, &targets, plan, &mut seen, lease).await?;
        Ok(())
    }
}
