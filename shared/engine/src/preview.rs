//! Preview: what a full sync would create, change and delete, without writing anything.

use std::collections::HashMap;

use daybook_core::connection::{Connection, MainCalendar};
use daybook_core::ids::CalendarId;
use daybook_core::key::Target;
use daybook_core::link::Lane;
use daybook_core::plan::{Novelty, Plan};

use crate::Engine;
use crate::command::Patch;
use crate::error::EngineError;
use crate::ports::{Acquired, ConnectionRef, LeaseTerm, Previous, RemoteError};
use crate::sync::{Halt, Lease, Part, Session};

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LanePreview {
    pub create: u64,
    pub change: u64,
    pub delete: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Preview {
    pub appointments: LanePreview,
    pub blocks: LanePreview,
}

impl Engine {
    /// Reads both sides in full and counts what would be done. Takes no lease and writes nothing.
    pub async fn preview(&self, at: &ConnectionRef) -> Result<Preview, EngineError> {
        self.preview_change(at, &Patch::default()).await
    }

    /// The same, as if these settings were changed already.
    pub async fn preview_change(&self, at: &ConnectionRef, patch: &Patch) -> Result<Preview, EngineError> {
        let mut connection = self.find(at).await?;
        connection.settings = self.patched_settings(at, &connection, patch).await?;
        if connection.evidence.authorised_at.is_none() {
            let state = crate::view::state_word(connection.evidence.state());
            return Err(EngineError::WrongState { connection: at.id.to_string(), state });
        }
        let mut lease = unleased(self, at, connection);
        self.look(&mut lease).await.map_err(|halt| match halt {
            Halt::Refused => EngineError::Calendar(RemoteError::Refused { what: "the account".into() }),
            Halt::TimeUp => EngineError::Calendar(unreachable("the calendar")),
            Halt::Broken(error) => error,
        })
    }

    async fn look(&self, lease: &mut Lease<'_>) -> Result<Preview, Halt> {
        let mut session = Session::look_around(self, lease).await?.at_everything();
        session.choose_blocking_calendars(lease).await?;
        let mut seen = session.observe(lease).await?;
        if seen.has_failed(Part::Ehr) {
            return Err(Halt::Broken(EngineError::Ehr(unreachable("the EHR"))));
        }
        if seen.has_failed(Part::Calendars) {
            return Err(Halt::Broken(EngineError::Calendar(unreachable("a calendar"))));
        }
        let mut counts = HashMap::new();
        for lane in [Lane::Appointments, Lane::Busy] {
            let known = session.targets(lane);
            let to_come = (lane == Lane::Appointments).then(|| to_be_made(&session.settings.main_calendar));
            let Some(targets) = known.or(to_come) else { continue };
            counts.insert(lane, count(&session.plan_with_looks(lane, &targets, &mut seen).await));
        }
        let of = |lane| counts.get(&lane).copied().unwrap_or_default();
        Ok(Preview { appointments: of(Lane::Appointments), blocks: of(Lane::Busy) })
    }
}

/// A look without a claim: nothing that needs a lease is ever called on it.
fn unleased<'e>(engine: &'e Engine, at: &ConnectionRef, connection: Connection) -> Lease<'e> {
    let term = LeaseTerm { holder: String::new(), until: engine.clock.now(), sole_process: None };
    let acquired = Acquired { connection, generation: 0, previous: Previous::Released };
    Lease::new(engine, at.clone(), acquired, &term)
}

/// The main calendar does not exist yet; whatever goes into it is new.
fn to_be_made(main: &MainCalendar) -> Vec<Target> {
    match main {
        MainCalendar::Create(name) => vec![Target::Calendar(CalendarId::new(format!("to be made: {name}")))],
        MainCalendar::Existing(_) | MainCalendar::Made(_) | MainCalendar::None => Vec::new(),
    }
}

fn count(plan: &Plan) -> LanePreview {
    let new = plan.puts.iter().filter(|put| put.novelty == Novelty::New).count();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    LanePreview {
        create: number(new),
        change: number(plan.puts.len() - new),
        delete: number(plan.deletes.len()),
    }
}

fn unreachable(what: &str) -> RemoteError {
    RemoteError::Later { what: what.to_owned(), retry_after: None, cause: None }
}
