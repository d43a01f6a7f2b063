//! Leave: mirrors first, then the credentials, then the blocks, until no link is left. The EHR may be down
//! meanwhile; the provider may refuse us for good.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::connection::{Connection, Disconnect, Mirrors, ProblemKind};
use daybook_core::detail::Detail;
use daybook_core::link::{Lane, Link};
use daybook_core::mirror::MirrorId;
use daybook_core::plan::{Delete, Plan, Why};
use daybook_core::retry;
use jiff::{SignedDuration, Timestamp};

use super::apply::after;
use super::lanes::Seen;
use super::lease::Lease;
use super::problems::{About, Problems};
use super::{Halt, Session};
use crate::Engine;
use crate::ports::{LinkChange, RemoteError, SignIn};

/// A provider that cannot be reached is asked again for so long before its mirrors count as left behind.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// How often the provider is asked to end what the clinician granted.
const REVOCATIONS: usize = 3;
/// How long a disconnected connection can still be read.
const READABLE: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Engine {
    /// One attempt to leave. Ends `disconnected`, or due again.
    pub(super) async fn leave(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let Some(disconnect) = lease.connection.evidence.disconnect else { return Ok(()) };
        let session = Session::leaving(self, lease).await?;
        session.end_subscriptions(lease).await?;
        let links = session.leave_to_those_who_stay(self.store.list_links(&lease.at).await?, lease).await?;
        let (mirrors, blocks) =
            links.into_iter().partition(|link: &Link| link.owner.lane() == Lane::Appointments);
        let mirrors_left = session.leave_calendars(disconnect, mirrors, lease).await?;
        if mirrors_left == 0 && session.leave_made_calendars(disconnect, lease).await? == 0 {
            self.let_account_go(lease).await?;
            self.vault.delete_credentials(&lease.at).await?;
            self.accounts.forget(&lease.at);
        }
        session.delete_all(Lane::Busy, blocks, lease).await?;
        let left =
            self.store.list_links(&lease.at).await?.len() + lease.release.evidence.left_calendars.len();
        if left == 0 {
            return self.left(lease).await;
        }
        self.leave_later(left, lease);
        Ok(())
    }

    /// What the clinician granted ends with the last connection that uses the account, of whatever practice.
    /// Our copy of the token goes in any case (E-005).
    async fn let_account_go(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let Connection { provider, account: Some(account), .. } = &lease.connection else { return Ok(()) };
        self.store.forget_account(&lease.at, *provider, account).await?;
        if !self.store.connections_using(*provider, account).await?.is_empty() {
            return Ok(());
        }
        let SignIn::Page(page) = self.accounts.provider(*provider)?.sign_in() else { return Ok(()) };
        let Ok(Some(stored)) = self.vault.find_credentials(&lease.at).await else { return Ok(()) };
        for _ in 0..REVOCATIONS {
            match page.revoke(&stored.credentials).await {
                Ok(()) => return Ok(()),
                Err(RemoteError::Later { .. }) => {}
                Err(_) => break,
            }
        }
        let mut problems = Problems { map: &mut lease.release.problems, now: self.clock.now() };
        let detail =
            "our access could not be ended at the provider; please end it in the account's settings there";
        problems.set(About::Grant, ProblemKind::LeftBehind, detail);
        Ok(())
    }

    async fn left(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let now = self.clock.now();
        lease.release.evidence.disconnected_at = Some(now);
        lease.release.schedule.due_at = None;
        lease.release.problems.retain(|_, problem| problem.kind == ProblemKind::LeftBehind);
        let until = now.checked_add(READABLE).unwrap_or(Timestamp::MAX);
        self.store.expire_connection(&lease.at, until).await?;
        Ok(())
    }

    fn leave_later(&self, left: usize, lease: &mut Lease<'_>) {
        let schedule = &mut lease.release.schedule;
        schedule.failures = schedule.failures.saturating_add(1);
        let pause = retry::delay(schedule.failures, self.random.unit(), None);
        schedule.due_at = Some(after(self.clock.now(), pause));
        tracing::info!(connection = %lease.at.id, left, "disconnecting goes on later");
    }
}

impl Session<'_> {
    /// Where two connections of this practitioner see one calendar, both link the same mirrors: those that one of them still
    /// needs stay where they stand.
    async fn leave_to_those_who_stay(
        &self,
        links: Vec<Link>,
        lease: &mut Lease<'_>,
    ) -> Result<Vec<Link>, Halt> {
        let store = &self.engine.store;
        let mut needed: BTreeSet<MirrorId> = BTreeSet::new();
        for other in store.connections_of(&self.at.practice, &self.connection.practitioner).await? {
            let stays =
                store.find_connection(&other).await?.is_some_and(|one| one.evidence.disconnect.is_none());
            if other != self.at && stays {
                needed.extend(store.list_links(&other).await?.into_iter().map(|link| link.mirror));
            }
        }
        let (theirs, own): (Vec<Link>, Vec<Link>) =
            links.into_iter().partition(|link| needed.contains(&link.mirror));
        lease.save(theirs.into_iter().map(LinkChange::Remove).collect()).await?;
        Ok(own)
    }

    /// Removes or keeps the mirrors. Returns how many links still wait for the provider.
    async fn leave_calendars(
        &self,
        disconnect: Disconnect,
        mirrors: Vec<Link>,
        lease: &mut Lease<'_>,
    ) -> Result<usize, Halt> {
        if disconnect.mirrors == Mirrors::Keep {
            note_left(&mirrors, lease).await?;
            lease.save(mirrors.into_iter().map(LinkChange::Remove).collect()).await?;
            return Ok(0);
        }
        let is_hopeless = match self.delete_all(Lane::Appointments, mirrors, lease).await {
            Ok(()) => disconnect.asked_at + PATIENCE <= self.now,
            Err(Halt::Refused) => true,
            Err(halt) => return Err(halt),
        };
        let all = self.engine.store.list_links(&self.at).await?;
        let left: Vec<Link> =
            all.into_iter().filter(|link| link.owner.lane() == Lane::Appointments).collect();
        if !is_hopeless {
            return Ok(left.len());
        }
        self.leave_behind(left, lease).await?;
        Ok(0)
    }

    /// What a dead sign-in cannot remove is counted and told (E-005).
    async fn leave_behind(&self, left: Vec<Link>, lease: &mut Lease<'_>) -> Result<(), Halt> {
        if left.is_empty() {
            return Ok(());
        }
        note_left(&left, lease).await?;
        let mut problems = Problems { map: &mut lease.release.problems, now: self.now };
        let detail = format!(
            "{} events of ours could not be removed from the calendar; please delete them there",
            left.len()
        );
        problems.set_counted(About::LeftBehind, ProblemKind::LeftBehind, left.len(), detail);
        let removals: Vec<LinkChange> = left.into_iter().map(LinkChange::Remove).collect();
        Ok(self.engine.store.save_links(&self.at, lease.generation, &removals).await?)
    }

    async fn delete_all(&self, lane: Lane, links: Vec<Link>, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let deletes = links.into_iter().map(|link| Delete { link, why: Why::Settings }).collect();
        let plan = Plan { deletes, ..Plan::default() };
        self.carry_out(lane, &[], plan, &mut Seen::default(), lease).await?;
        Ok(())
    }
}

/// How much the mirrors tell that stay is known even when their links are gone: it is noted before they go. A run that died
/// in between has noted more than there are links now.
async fn note_left(links: &[Link], lease: &mut Lease<'_>) -> Result<(), Halt> {
    let mut counts: BTreeMap<Detail, u64> = BTreeMap::new();
    for link in links {
        *counts.entry(link.told).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let left = &mut lease.release.evidence.left;
    for (told, count) in counts {
        let known = left.entry(told).or_default();
        *known = count.max(*known);
    }
    lease.checkpoint().await
}
