//! Switching to another account or provider: a new connection is made that succeeds the old one, with its settings. It is
//! authorised, previewed and started like any other; once it has everything, the old one leaves. How a connection leaves is
//! `sync::disconnect`'s to do.

use daybook_core::access::Access;
use daybook_core::connection::{
    BlockingCalendars, Connection, MainCalendar, Mirrors, Provider, Settings, Start,
};
use daybook_core::ids::ConnectionId;
use daybook_core::link::{Lane, Link};
use daybook_core::succession::{Afterwards, Closed, Succession, closed_throughout, to_hand_over};
use daybook_core::time::Interval;

use crate::Engine;
use crate::command::{Patch, leave_main_calendar, refuse_when_leaving};
use crate::connect::NewConnection;
use crate::error::EngineError;
use crate::ports::{ConnectionRef, Counts, Login};
use crate::preview::Preview;
use crate::sync::{Halt, Lease};

/// Where to, and what becomes of the old account.
pub struct Switch {
    pub provider: Provider,
    pub main_calendar: MainCalendar,
    pub blocking_calendars: BlockingCalendars,
    pub afterwards: Afterwards,
    /// Without it the new connection waits for somebody to sign in.
    pub login: Option<Login>,
}

/// What a switch will do, in both of its phases.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SwitchPreview {
    /// First: what the new connection writes.
    pub writes: Preview,
    /// Whose place it takes, and what becomes of that.
    pub old: Connection,
    pub afterwards: Afterwards,
    /// Then: what stands by the old one and goes.
    pub removes: Counts,
    /// What becomes of the times that the old one closes.
    pub closed: Closed,
}

impl Engine {
    /// Makes the successor. It starts with the clinician's yes, and not before; until then nothing changes. Of the window
    /// as much comes along as the practice allows by now.
    pub async fn switch(&self, from: &ConnectionRef, switch: Switch) -> Result<Connection, EngineError> {
        let old = self.find(from).await?;
        refuse_when_leaving(&old)?;
        let policy = self.practice(&old.practice).await?.policy;
        let settings = Settings {
            main_calendar: switch.main_calendar,
            blocking_calendars: switch.blocking_calendars,
            window: old.settings.window.within(policy.window),
            start: Start::WhenConfirmed,
            ..old.settings
        };
        let new = NewConnection {
            practice: old.practice,
            practitioner: old.practitioner,
            provider: switch.provider,
            settings,
            login: switch.login,
        };
        self.connect_as(new, Some(Succession { of: old.id, afterwards: switch.afterwards })).await
    }

    /// Both phases in numbers, as if these settings were changed already; for a connection that succeeds another.
    pub async fn preview_switch(
        &self,
        new: &Connection,
        patch: &Patch,
    ) -> Result<SwitchPreview, EngineError> {
        let Some(Succession { of, afterwards }) = &new.evidence.succeeds else {
            let why = "this connection succeeds no other".to_owned();
            return Err(EngineError::Invalid { field: "connection", why });
        };
        let at_old = beside(&ConnectionRef::from(new), of);
        let old = self.find(&at_old).await?;
        let counts = self.store.count_links(&at_old).await?;
        let mut writes = self.preview_change(new, patch).await?;
        let closed_now = self.closed_by(&at_old).await?;
        let (removes, closed) = match afterwards {
            Afterwards::Leaves => {
                (counts, closed_throughout(&closed_now, std::mem::take(&mut writes.closes)))
            }
            Afterwards::ClosesTime => {
                (Counts { busy_blocks: 0, ..counts }, closed_throughout(&closed_now, closed_now.clone()))
            }
        };
        Ok(SwitchPreview { writes, old, afterwards: *afterwards, removes, closed })
    }

    /// Times to come that a connection keeps closed.
    async fn closed_by(&self, at: &ConnectionRef) -> Result<Vec<Interval>, EngineError> {
        let now = self.clock.now();
        let links = self.store.list_links(at).await?;
        let blocks = links.iter().filter(|link| link.owner.lane() == Lane::Busy);
        Ok(blocks.filter_map(Link::span).filter(|span| span.end() > now).collect())
    }

    /// At the end of a run, before the lease is given back: lets the old connection go once everything stands. Again after
    /// a crash: no effect.
    pub(crate) async fn hand_over_if_whole(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let (version, now) = (lease.connection.version, lease.now());
        let Some(succession) = to_hand_over(&lease.release.evidence, &lease.release.schedule, version, now)
        else {
            return Ok(());
        };
        let old = beside(&lease.at, &succession.of);
        // Whoever has left or paused this one meanwhile has the old one alone.
        lease.heed_commands().await?;
        match self.let_go(&old, succession.afterwards).await {
            // It left before, by a person's hand.
            Ok(()) | Err(EngineError::NotFound { .. } | EngineError::WrongState { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        tracing::info!(connection = %lease.at.id, succeeds = %old.id, "a switch is complete; the old connection leaves");
        lease.release.evidence.handed_over_at = Some(now);
        Ok(())
    }

    async fn let_go(&self, old: &ConnectionRef, afterwards: Afterwards) -> Result<(), EngineError> {
        match afterwards {
            Afterwards::Leaves => self.disconnect(old, Mirrors::Remove).await?,
            Afterwards::ClosesTime => {
                self.command(old, None, |connection| {
                    leave_main_calendar(connection, &MainCalendar::None);
                    connection.settings.main_calendar = MainCalendar::None;
                    connection.evidence.needed = Some(Access::needed(&connection.settings));
                    Ok(())
                })
                .await?
            }
        };
        Ok(())
    }
}

/// Another connection of the same practice.
fn beside(at: &ConnectionRef, id: &ConnectionId) -> ConnectionRef {
    ConnectionRef { practice: at.practice.clone(), id: id.clone() }
}
