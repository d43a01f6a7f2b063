//! Preview: what a full sync would create, change and delete, without writing anything.

use std::collections::HashMap;

use daybook_core::coincidence;
use daybook_core::connection::{Connection, MainCalendar};
use daybook_core::detail::{Cap, Detail};
use daybook_core::ids::CalendarId;
use daybook_core::key::{Owner, Target};
use daybook_core::link::Lane;
use daybook_core::plan::{Novelty, OwnerSight, Plan};
use daybook_core::time::Interval;

use crate::Engine;
use crate::command::{Patch, wrong_state};
use crate::error::EngineError;
use crate::ports::{Acquired, CalendarInfo, ConnectionRef, LeaseTerm, Previous, RemoteError};
use crate::sync::{Halt, Lease, Part, Seen, Session};

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LanePreview {
    pub create: u64,
    pub change: u64,
    pub delete: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Preview {
    pub appointments: LanePreview,
    pub blocks: LanePreview,
    /// When an event of the clinician's own coincides exactly with an appointment: most likely entered by hand. By time
    /// alone; at most [`MOST_COINCIDENCES`].
    pub coincidences: Vec<Interval>,
    /// When time would be closed in the EHR once everything is done.
    pub closes: Vec<Interval>,
    /// The level that would be in force in the main calendar that is asked for, and what lowers it.
    pub level: (Detail, Option<Cap>),
}

/// More than these are not listed.
pub const MOST_COINCIDENCES: usize = 100;

impl Engine {
    /// Reads both sides in full and counts what would be done. Takes no lease and writes nothing.
    pub async fn preview(&self, at: &ConnectionRef) -> Result<Preview, EngineError> {
        self.preview_change(&self.find(at).await?, &Patch::default()).await
    }

    /// The same, as if these settings were changed already. Refuses what the change itself would refuse.
    pub async fn preview_change(&self, before: &Connection, patch: &Patch) -> Result<Preview, EngineError> {
        self.check_change(before, patch).await?;
        let (settings, calendars) = self.patched_settings(before, patch).await?;
        let mut lease = unleased(self, Connection { settings, ..before.clone() })?;
        self.look(&mut lease, calendars).await.map_err(Halt::into_error)
    }

    async fn look(
        &self,
        lease: &mut Lease<'_>,
        calendars: Option<Vec<CalendarInfo>>,
    ) -> Result<Preview, Halt> {
        let session = Session::look_around(self, lease).await?;
        let mut session = session.having_listed(calendars).at_everything_once();
        session.choose_blocking_calendars(lease).await?;
        session.see_onlookers(lease).await?;
        session = session.at_everything_once();
        let mut seen = whole(session.observe_with_bystanders(lease).await?)?;
        let mut counts = HashMap::new();
        for lane in [Lane::Appointments, Lane::Busy] {
            let known = session.targets(lane);
            let to_come = (lane == Lane::Appointments).then(|| to_be_made(&session.settings.main_calendar));
            let Some(targets) = known.or(to_come) else { continue };
            counts.insert(lane, count(&session.plan_with_looks(lane, &targets, &mut seen).await));
        }
        let of = |lane| counts.get(&lane).copied().unwrap_or_default();
        let coincidences = coincidences(&session, &mut seen).await;
        let closes = closes(&seen);
        Ok(Preview {
            appointments: of(Lane::Appointments),
            blocks: of(Lane::Busy),
            coincidences,
            closes,
            level: session.level(),
        })
    }
}

/// Both sides, or the side that could not be read.
pub(crate) fn whole(seen: Seen) -> Result<Seen, Halt> {
    if seen.has_failed(Part::Ehr) {
        return Err(Halt::Broken(EngineError::Ehr(unreachable("the EHR"))));
    }
    if seen.has_failed(Part::Calendars) {
        return Err(Halt::Broken(EngineError::Calendar(unreachable("a calendar"))));
    }
    Ok(seen)
}

fn closes(seen: &Seen) -> Vec<Interval> {
    let wanted = seen.owners.iter().filter_map(|(owner, sight)| match (owner, sight) {
        (Owner::Event(_), OwnerSight::Wanted(content)) => Some(content.interval()),
        _ => None,
    });
    wanted.collect()
}

/// What was entered by hand before. Where the entries of a main calendar that closes no time cannot be read, there is
/// nothing to list of it.
async fn coincidences(session: &Session<'_>, seen: &mut Seen) -> Vec<Interval> {
    let (mut appointments, mut events) = (Vec::new(), Vec::new());
    for (owner, sight) in &seen.owners {
        match (owner, sight) {
            (Owner::Appointment(_), OwnerSight::Wanted(content)) => appointments.push(content.interval()),
            (Owner::Event(_), OwnerSight::Wanted(content)) => events.push(content.interval()),
            _ => {}
        }
    }
    if let (Some(main), Some(bystanders)) = (session.main_calendar(), seen.bystanders.take()) {
        match session.times_of(main, bystanders).await {
            Ok(times) => events.extend(times),
            Err(error) => {
                tracing::info!(connection = %session.at.id, error = %error, "no coincidences could be looked for");
            }
        }
    }
    let mut exact = coincidence::exact(&appointments, &events);
    exact.truncate(MOST_COINCIDENCES);
    exact
}

/// A look without a claim: nothing that needs a lease is ever called on it. Refuses where nobody has signed in.
pub(crate) fn unleased(engine: &Engine, connection: Connection) -> Result<Lease<'_>, EngineError> {
    if connection.evidence.authorised_at.is_none() {
        return Err(wrong_state(&connection));
    }
    let at = ConnectionRef::from(&connection);
    let term = LeaseTerm { holder: String::new(), until: engine.clock.now(), sole_process: None };
    let acquired = Acquired { connection, generation: 0, previous: Previous::Released };
    Ok(Lease::new(engine, at, acquired, &term))
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
