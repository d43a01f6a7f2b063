//! Appointments on their way from the wire to the engine: read into the type that knows no more than the
//! level may, then told. Patients are read here and nowhere else, and only by the levels that show them.

use std::collections::HashMap;

use daybook_core::appointment::Appointment;
use daybook_core::detail::{Detail, Disclosure};
use daybook_core::ids::AppointmentId;
use daybook_engine::ports::{Completeness, RemoteError};

use super::patients::{Concerned, Directory};
use super::roles::resolve_roles;
use crate::ehr::Server;
use crate::http::{Answer, Prepared};
use crate::pages::{self, Extent};
use crate::reference::{Actor, actor};
use crate::translate::{Draft, draft_from};
use crate::wire::{self, AsModality, AsNothing, AsNumber, AsService, Level, ResourceType, Telling, Told};

/// What was read of appointments.
pub(super) struct Batch {
    pub(super) seen: Vec<Seen>,
    pub(super) unreadable: Vec<AppointmentId>,
    completeness: Completeness,
}

/// One appointment, and what its level needs to tell it.
pub(super) struct Seen {
    pub(super) draft: Draft,
    telling: Telling,
    concerned: Concerned,
}

pub(super) fn elements_of(detail: Detail) -> &'static str {
    match detail {
        Detail::Busy | Detail::Initials => AsNothing::ELEMENTS,
        Detail::Appointment => AsModality::ELEMENTS,
        Detail::Reference => AsNumber::ELEMENTS,
        Detail::Full => AsService::ELEMENTS,
    }
}

/// Reads all pages of a search.
pub(super) async fn search(server: &Server, request: Prepared, detail: Detail) -> Result<Batch, RemoteError> {
    match detail {
        Detail::Busy | Detail::Initials => search_as::<AsNothing>(server, request).await,
        Detail::Appointment => search_as::<AsModality>(server, request).await,
        Detail::Reference => search_as::<AsNumber>(server, request).await,
        Detail::Full => search_as::<AsService>(server, request).await,
    }
}

async fn search_as<L: Level>(server: &Server, request: Prepared) -> Result<Batch, RemoteError> {
    let pages::Found { items, unreadable, nameless, extent, .. } = server.search::<Told<L>>(request).await?;
    let mut unreadable: Vec<AppointmentId> = unreadable.into_iter().map(AppointmentId::new).collect();
    let mut seen = Vec::with_capacity(items.len());
    for told in items {
        let id = told.appointment.id.clone().map(AppointmentId::new);
        match take(server, told) {
            Some(one) => seen.push(one),
            None => unreadable.extend(id),
        }
    }
    let completeness = match (extent, nameless) {
        (Extent::Whole, 0) => Completeness::Complete,
        _ => Completeness::Incomplete,
    };
    Ok(Batch { seen, unreadable, completeness })
}

/// One appointment that was read by its id. What is no resource at all is the server's fault, not its own.
pub(super) fn read_alone(
    server: &Server,
    answer: &Answer,
    id: &AppointmentId,
    detail: Detail,
) -> Result<Batch, RemoteError> {
    answer.json::<ResourceType>()?;
    let seen = match detail {
        Detail::Busy | Detail::Initials => take_from::<AsNothing>(server, answer),
        Detail::Appointment => take_from::<AsModality>(server, answer),
        Detail::Reference => take_from::<AsNumber>(server, answer),
        Detail::Full => take_from::<AsService>(server, answer),
    };
    let seen = seen.filter(|seen| seen.draft.id == *id);
    let unreadable = if seen.is_none() { vec![id.clone()] } else { Vec::new() };
    Ok(Batch { seen: seen.into_iter().collect(), unreadable, completeness: Completeness::Complete })
}

fn take_from<L: Level>(server: &Server, answer: &Answer) -> Option<Seen> {
    take(server, answer.find_json::<Told<L>>()?)
}

fn take<L: Level>(server: &Server, told: Told<L>) -> Option<Seen> {
    let draft = draft_from(&server.base, &told.appointment)?;
    let concerned = concerned_by(server, &told.appointment);
    Some(Seen { draft, telling: told.more.tell(), concerned })
}

/// The ids of the patients and places that take part. They go no further than this room.
fn concerned_by(server: &Server, wire: &wire::Appointment) -> Concerned {
    let mut concerned = Concerned::default();
    let participants = wire.participant.iter().flatten();
    for reference in participants.filter_map(|participant| participant.actor.as_ref()) {
        match actor(&server.base, reference) {
            Actor::Patient(Some(id)) => concerned.patients.push(id),
            Actor::Location(id) => concerned.places.push(id),
            _ => {}
        }
    }
    concerned
}

impl Batch {
    /// Finds the clinicians whom an appointment names by role only.
    pub(super) async fn resolve(&mut self, server: &Server) -> Result<(), RemoteError> {
        resolve_roles(server, self.seen.iter_mut().map(|seen| &mut seen.draft).collect()).await
    }

    /// While a listing is read, its pages shift: of two of the same id the younger counts.
    pub(super) fn keep_newest(&mut self) {
        let mut place: HashMap<AppointmentId, usize> = HashMap::new();
        let mut kept: Vec<Seen> = Vec::with_capacity(self.seen.len());
        for next in std::mem::take(&mut self.seen) {
            match place.get(&next.draft.id).and_then(|at| kept.get_mut(*at)) {
                Some(known) if known.draft.last_updated <= next.draft.last_updated => *known = next,
                Some(_) => {}
                None => {
                    place.insert(next.draft.id.clone(), kept.len());
                    kept.push(next);
                }
            }
        }
        self.seen = kept;
        self.unreadable.sort_unstable();
        self.unreadable.dedup();
        self.unreadable.retain(|id| !place.contains_key(id));
    }

    /// The appointments with what the level tells, those that cannot be understood, and whether that is all.
    pub(super) async fn disclose(
        self,
        server: &Server,
        detail: Detail,
    ) -> Result<(Vec<Appointment>, Vec<AppointmentId>, Completeness), RemoteError> {
        let directory = match detail {
            Detail::Initials | Detail::Full => {
                Directory::read(server, self.seen.iter().map(|seen| &seen.concerned), detail).await?
            }
            Detail::Busy | Detail::Appointment | Detail::Reference => Directory::default(),
        };
        let items = self.seen.into_iter().map(|seen| seen.tell(detail, &directory)).collect();
        Ok((items, self.unreadable, self.completeness))
    }
}

impl Seen {
    fn tell(self, detail: Detail, directory: &Directory) -> Appointment {
        let Draft { id, status, when, practitioners, kind, .. } = self.draft;
        let disclosure = match (detail, self.telling) {
            (Detail::Initials, _) => directory.initials(&self.concerned),
            (Detail::Full, Telling::Service(service)) => directory.full(&self.concerned, service),
            (_, Telling::Modality(modality)) => Disclosure::Appointment { modality },
            (_, Telling::Number(number)) => {
                Disclosure::Reference { number: number.unwrap_or_else(|| id.to_string()) }
            }
            (_, Telling::Nothing | Telling::Service(_)) => Disclosure::Busy,
        };
        Appointment { id, status, when, practitioners, kind, disclosure }
    }
}
