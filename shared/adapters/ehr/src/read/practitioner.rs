//! A clinician's zone, hours and schedules, gathered from what the EHR spreads over five types. What is
//! missing stays missing; nothing is guessed.

use daybook_core::hours::{Closure, Hours, Opening};
use daybook_core::ids::{PractitionerId, ScheduleId};
use daybook_engine::ports::{Practitioner, RemoteError};
use futures_util::future::try_join3;

use crate::config::{Base, can_exist};
use crate::ehr::Server;
use crate::reference::{Actor, actor, id_of};
use crate::requests::{GetOrganization, GetPractitioner, SearchByIds, SearchRoles, SearchSchedules};

use crate::translate::{closures_from, full_name, openings_from, zone_from};
use crate::wire::{
    self, HealthcareService, Location, NotAvailable, Organization, PractitionerRole, Reference, RoleEntry,
    Schedule,
};

/// More services or places of one clinician than these are not looked up.
const MOST_REFERENCES: usize = 50;

pub(crate) async fn practitioner(server: &Server, id: &PractitionerId) -> Result<Practitioner, RemoteError> {
    let missing = || RemoteError::Missing { what: format!("practitioner {id} of the EHR") };
    if !can_exist(id.as_str()) {
        return Err(missing());
    }
    let actor = format!("Practitioner/{id}");
    let (person, (roles, places), schedules) =
        try_join3(read_person(server, id), active_roles(server, id), schedules_of(server, vec![actor]))
            .await?;
    let person = person.ok_or_else(missing)?;
    let schedules =
        if schedules.is_empty() { schedules_of(server, actors(&roles)).await? } else { schedules };
    let services = services_of(server, &roles).await?;
    let time_zone = zone_of(server, &person, &roles, &services, places).await?;
    let hours = hours_of(server, &roles, &services, time_zone.as_deref());
    let name = person.name.as_deref().and_then(full_name);
    Ok(Practitioner { name, time_zone, schedules, hours })
}

/// `None` where there is no such clinician, or no longer.
async fn read_person(
    server: &Server,
    id: &PractitionerId,
) -> Result<Option<wire::Practitioner>, RemoteError> {
    let answer = server.send(&GetPractitioner { id }.prepare(&server.base)).await?;
    if answer.absence().is_some() {
        return Ok(None);
    }
    let person: wire::Practitioner = answer.accepted()?.json()?;
    Ok((person.active != Some(false)).then_some(person))
}

/// The roles in force and the places that came with them. An EHR without roles has none.
pub(super) async fn active_roles(
    server: &Server,
    id: &PractitionerId,
) -> Result<(Vec<PractitionerRole>, Vec<Location>), RemoteError> {
    let request = SearchRoles { practitioner: id }.prepare(&server.base);
    let found = optional(server.search::<RoleEntry>(request).await)?;
    let (mut roles, mut places) = (Vec::new(), Vec::new());
    for entry in found.map(|found| found.items).unwrap_or_default() {
        match entry {
            RoleEntry::PractitionerRole(role) if is_theirs(&server.base, &role, id) => roles.push(role),
            RoleEntry::Location(place) => places.push(place),
            RoleEntry::PractitionerRole(_) | RoleEntry::Other => {}
        }
    }
    Ok((roles, places))
}

fn is_theirs(base: &Base, role: &PractitionerRole, id: &PractitionerId) -> bool {
    let clinician = id_of(base, "Practitioner", role.practitioner.as_ref());
    role.active != Some(false) && clinician == Some(id.as_str())
}

fn actors(roles: &[PractitionerRole]) -> Vec<String> {
    let ids = roles.iter().filter_map(|role| role.id.as_deref());
    ids.map(|id| format!("PractitionerRole/{id}")).take(MOST_REFERENCES).collect()
}

async fn schedules_of(server: &Server, actors: Vec<String>) -> Result<Vec<ScheduleId>, RemoteError> {
    if actors.is_empty() {
        return Ok(Vec::new());
    }
    let request = SearchSchedules { actors: &actors }.prepare(&server.base);
    let found = optional(server.search::<Schedule>(request).await)?;
    let schedules = found.map(|found| found.items).unwrap_or_default();
    let wanted = |schedule: &Schedule| {
        let mut names =
            schedule.actor.iter().flatten().map(|reference| match actor(&server.base, reference) {
                Actor::Practitioner(id) => format!("Practitioner/{id}"),
                Actor::Role(id) => format!("PractitionerRole/{id}"),
                _ => String::new(),
            });
        schedule.active != Some(false) && names.any(|name| actors.contains(&name))
    };
    let mut ids: Vec<ScheduleId> = schedules
        .into_iter()
        .filter(wanted)
        .filter_map(|schedule| schedule.id)
        .map(ScheduleId::new)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Asked only where a role has no hours of its own.
async fn services_of(
    server: &Server,
    roles: &[PractitionerRole],
) -> Result<Vec<HealthcareService>, RemoteError> {
    let without_hours = roles.iter().filter(|role| has_no_hours(role));
    let references = without_hours.flat_map(|role| role.healthcare_service.iter().flatten());
    let ids = ids_of(&server.base, "HealthcareService", references);
    let mut services =
        by_ids::<HealthcareService>(server, "the EHR's services", "HealthcareService", &ids).await?;
    services.retain(|service| service.active != Some(false));
    Ok(services)
}

fn has_no_hours(role: &PractitionerRole) -> bool {
    role.available_time.as_deref().unwrap_or_default().is_empty()
}

/// Each role's own hours, or else those of its services; all roles together.
///
/// An absence closes the clinician in every role: our hours have one list of closures, and too little
/// offered is better than too much.
fn hours_of(
    server: &Server,
    roles: &[PractitionerRole],
    services: &[HealthcareService],
    zone: Option<&str>,
) -> Hours {
    let mut hours = Hours::default();
    for role in roles {
        add_closures(&mut hours.closures, role.not_available.as_deref(), zone);
        if !has_no_hours(role) {
            add_openings(&mut hours.openings, role.available_time.as_deref());
            continue;
        }
        let references = role.healthcare_service.iter().flatten();
        let ids = ids_of(&server.base, "HealthcareService", references);
        for service in
            services.iter().filter(|service| service.id.as_ref().is_some_and(|id| ids.contains(id)))
        {
            add_openings(&mut hours.openings, service.available_time.as_deref());
            add_closures(&mut hours.closures, service.not_available.as_deref(), zone);
        }
    }
    hours
}

fn add_openings(openings: &mut Vec<Opening>, times: Option<&[wire::AvailableTime]>) {
    for opening in openings_from(times.unwrap_or_default()) {
        if !openings.contains(&opening) {
            openings.push(opening);
        }
    }
}

fn add_closures(closures: &mut Vec<Closure>, absences: Option<&[NotAvailable]>, zone: Option<&str>) {
    for closure in closures_from(absences.unwrap_or_default(), zone) {
        if !closures.contains(&closure) {
            closures.push(closure);
        }
    }
}

/// Role, service, place, clinician, organization: the nearest that names a zone.
async fn zone_of(
    server: &Server,
    person: &wire::Practitioner,
    roles: &[PractitionerRole],
    services: &[HealthcareService],
    included: Vec<Location>,
) -> Result<Option<String>, RemoteError> {
    let near = roles.iter().find_map(|role| zone_from(role.extension.as_deref()));
    let near = near.or_else(|| services.iter().find_map(|service| zone_from(service.extension.as_deref())));
    if near.is_some() {
        return Ok(near);
    }
    let places = places_of(server, roles, included).await?;
    let place = places.iter().find_map(|place| zone_from(place.extension.as_deref()));
    if let Some(zone) = place.or_else(|| zone_from(person.extension.as_deref())) {
        return Ok(Some(zone));
    }
    let references = roles.iter().filter_map(|role| role.organization.as_ref());
    let references = references.chain(places.iter().filter_map(|place| place.managing_organization.as_ref()));
    for id in ids_of(&server.base, "Organization", references) {
        let answer = server.send(&GetOrganization { id: &id }.prepare(&server.base)).await?;
        let organization = optional(answer.accepted().and_then(|answer| answer.json::<Organization>()))?;
        if let Some(zone) = organization.and_then(|organization| zone_from(organization.extension.as_deref()))
        {
            return Ok(Some(zone));
        }
    }
    Ok(None)
}

/// The places of the roles in their order; those that were not included are read.
async fn places_of(
    server: &Server,
    roles: &[PractitionerRole],
    mut places: Vec<Location>,
) -> Result<Vec<Location>, RemoteError> {
    let references = roles.iter().flat_map(|role| role.location.iter().flatten());
    let ids = ids_of(&server.base, "Location", references);
    let is_known = |id: &String| places.iter().any(|place| place.id.as_ref() == Some(id));
    let unknown: Vec<String> = ids.iter().filter(|id| !is_known(id)).cloned().collect();
    places.extend(by_ids::<Location>(server, "the EHR's locations", "Location", &unknown).await?);
    let order =
        |place: &Location| ids.iter().position(|id| place.id.as_ref() == Some(id)).unwrap_or(usize::MAX);
    places.sort_by_key(order);
    Ok(places)
}

fn ids_of<'a>(base: &Base, kind: &str, references: impl Iterator<Item = &'a Reference>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in references.filter_map(|reference| id_of(base, kind, Some(reference))) {
        if !ids.iter().any(|known| known == id) && ids.len() < MOST_REFERENCES {
            ids.push(id.to_owned());
        }
    }
    ids
}

async fn by_ids<T>(
    server: &Server,
    what: &'static str,
    kind: &str,
    ids: &[String],
) -> Result<Vec<T>, RemoteError>
where
    T: wire::Resource + serde::de::DeserializeOwned,
{
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let request = SearchByIds { what, kind, ids, elements: None };
    let found = optional(server.search::<T>(request.prepare(&server.base)).await)?;
    let mut items = found.map(|found| found.items).unwrap_or_default();
    items.retain(|item| ids.iter().any(|id| item.id() == Some(id.as_str())));
    Ok(items)
}

/// A type that the EHR does not offer, or not to us, is as if it held nothing.
fn optional<T>(result: Result<T, RemoteError>) -> Result<Option<T>, RemoteError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(RemoteError::Missing { .. } | RemoteError::Forbidden { .. } | RemoteError::Rejected { .. }) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
