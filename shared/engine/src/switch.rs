//! Switching to another account or provider: a new connection is made that succeeds the old one, with its settings. It is
//! authorised, previewed and started like any other; once it has everything, the old one leaves. How a connection leaves is
//! `sync::disconnect`'s to do.

use daybook_core::access::Access;
use daybook_core::connection::{
    BlockingCalendars, Connection, MainCalendar, Mirrors, Provider, Settings, Start,
};
use daybook_core::ids::ConnectionId;
use daybook_core::succession::{Afterwards, Succession, to_hand_over};

use crate::Engine;
use crate::command::{leave_main_calendar, refuse_when_leaving};
use crate::connect::NewConnection;
use crate::error::EngineError;
use crate::ports::{ConnectionRef, Counts, Login};
use crate::preview::Preview;
use crate::sync::Lease;

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
    /// Then: what stands by the old one and goes.
    pub removes: Counts,
}

impl Engine {
    /// Makes the successor. It starts with the clinician's yes, and not before; until then nothing changes.
    pub async fn switch(&self, from: &ConnectionRef, switch: Switch) -> Result<Connection, EngineError> {
        let old = self.find(from).await?;
        refuse_when_leaving(&old)?;
        let settings = Settings {
            main_calendar: switch.main_calendar,
            blocking_calendars: switch.blocking_calendars,
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

    /// Both phases in numbers; for a connection that succeeds another.
    pub async fn preview_switch(&self, at: &ConnectionRef) -> Result<SwitchPreview, EngineError> {
        let new = self.find(at).await?;
        let Some(succession) = &new.evidence.succeeds else {
            let why = "this connection succeeds no other".to_owned();
            return Err(EngineError::Invalid { field: "connection", why });
        };
        let old = self.store.count_links(&beside(at, &succession.of)).await?;
        let removes = match succession.afterwards {
            Afterwards::Leaves => old,
            Afterwards::ClosesTime => Counts { busy_blocks: 0, ..old },
        };
        Ok(SwitchPreview { writes: self.preview(at).await?, removes })
    }

    /// At the end of a run, before the lease is given back: lets the old connection go once everything stands. Again after
    /// a crash: no effect.
    pub(crate) async fn hand_over_if_whole(&self, lease: &mut Lease<'_>) -> Result<(), EngineError> {
        let (version, now) = (lease.connection.version, lease.now());
        let Some(succession) = to_hand_over(&lease.release.evidence, &lease.release.schedule, version, now)
        else {
            return Ok(());
        };
        let old = beside(&lease.at, &succession.of);
        match self.let_go(&old, succession.afterwards).await {
            // It left before, by a person's hand.
            Ok(()) | Err(EngineError::NotFound { .. } | EngineError::WrongState { .. }) => {}
            Err(error) => return Err(error),
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
