//! Which clinician is behind a role, for EHRs that schedule roles instead of people. Where an EHR names
//! practitioners, nothing here is ever asked.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use daybook_core::ids::PractitionerId;
use daybook_engine::ports::RemoteError;

use super::practitioner::active_roles;
use crate::ehr::Server;
use crate::reference::id_of;
use crate::requests::SearchByIds;
use crate::translate::Draft;
use crate::wire::{PractitionerRole, RoleEntry};

/// More distinct roles than this are no longer looked up at once.
const ROLES_PER_REQUEST: usize = 50;

/// What is known of roles, for as long as the process lives: a role's clinician does not change.
#[derive(Default)]
pub(crate) struct RoleBook {
    clinicians: Mutex<HashMap<String, Option<PractitionerId>>>,
    roles: Mutex<HashMap<PractitionerId, Vec<String>>>,
}

/// Adds to each appointment the clinicians whom it names by role only.
pub(super) async fn resolve_roles(server: &Server, drafts: Vec<&mut Draft>) -> Result<(), RemoteError> {
    let named: BTreeSet<&str> =
        drafts.iter().flat_map(|draft| &draft.roles).map(|(role, _)| role.as_str()).collect();
    let unknown: Vec<String> = {
        let known = server.roles.clinicians.lock().unwrap_or_else(PoisonError::into_inner);
        named.into_iter().filter(|role| !known.contains_key(*role)).map(str::to_owned).collect()
    };
    for ids in unknown.chunks(ROLES_PER_REQUEST) {
        look_up(server, ids).await?;
    }
    let known = server.roles.clinicians.lock().unwrap_or_else(PoisonError::into_inner);
    for draft in drafts {
        for (role, answer) in std::mem::take(&mut draft.roles) {
            let clinician = known.get(&role).cloned().flatten();
            let is_new = |id: &PractitionerId| draft.practitioners.iter().all(|(other, _)| other != id);
            draft.practitioners.extend(clinician.filter(is_new).map(|id| (id, answer)));
        }
    }
    Ok(())
}

async fn look_up(server: &Server, ids: &[String]) -> Result<(), RemoteError> {
    let request = SearchByIds { what: "the EHR's roles", kind: "PractitionerRole", ids, elements: None };
    let found = server.search::<RoleEntry>(request.prepare(&server.base)).await?;
    let mut known = server.roles.clinicians.lock().unwrap_or_else(PoisonError::into_inner);
    for entry in &found.items {
        if let RoleEntry::PractitionerRole(PractitionerRole { id: Some(role), practitioner, .. }) = entry {
            let clinician = id_of(&server.base, "Practitioner", practitioner.as_ref());
            known.insert(role.clone(), clinician.map(PractitionerId::new));
        }
    }
    for id in ids {
        known.entry(id.clone()).or_insert(None);
    }
    Ok(())
}

/// A clinician's roles; asked once a process.
pub(super) async fn roles_of(
    server: &Server,
    practitioner: &PractitionerId,
) -> Result<Vec<String>, RemoteError> {
    let known = server.roles.roles.lock().unwrap_or_else(PoisonError::into_inner).get(practitioner).cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    let (roles, _) = active_roles(server, practitioner).await?;
    let ids: Vec<String> = roles.into_iter().filter_map(|role| role.id).collect();
    let mut book = server.roles.roles.lock().unwrap_or_else(PoisonError::into_inner);
    book.insert(practitioner.clone(), ids.clone());
    Ok(ids)
}
