//! Patients' names, for the two levels that show them. Nobody else reads a patient.

use std::collections::{BTreeSet, HashMap};

use daybook_core::detail::{Detail, Disclosure};
use daybook_engine::ports::RemoteError;

use crate::ehr::Server;
use crate::requests::SearchByIds;
use crate::translate::{full_name, initials};
use crate::wire::{HumanName, Location, Patient, Resource};

const IDS_PER_REQUEST: usize = 50;
/// A group's names are not listed on end.
const MOST_PATIENTS: usize = 3;

/// Names of patients and places, by their ids.
#[derive(Default)]
pub(super) struct Directory {
    patients: HashMap<String, Vec<HumanName>>,
    places: HashMap<String, String>,
}

/// Whom and where one appointment concerns.
#[derive(Default)]
pub(super) struct Concerned {
    pub(super) patients: Vec<String>,
    pub(super) places: Vec<String>,
}

impl Directory {
    /// Reads what `detail` may show of them. A patient whom we may not read stays nameless.
    pub(super) async fn read(
        server: &Server,
        concerned: impl Iterator<Item = &Concerned> + Clone,
        detail: Detail,
    ) -> Result<Self, RemoteError> {
        let mut directory = Self::default();
        let patients = distinct(concerned.clone().flat_map(|one| &one.patients));
        for patient in by_id::<Patient>(server, "the EHR's patients", &patients).await? {
            directory.patients.insert(patient.id.unwrap_or_default(), patient.name.unwrap_or_default());
        }
        if detail == Detail::Full {
            let places = distinct(concerned.flat_map(|one| &one.places));
            for place in by_id::<Location>(server, "the EHR's locations", &places).await? {
                directory.places.extend(place.id.zip(place.name));
            }
        }
        Ok(directory)
    }

    pub(super) fn initials(&self, concerned: &Concerned) -> Disclosure {
        match self.names(concerned, initials) {
            names if names.is_empty() => Disclosure::Appointment { modality: None },
            names => Disclosure::Initials { initials: names.join(", ") },
        }
    }

    pub(super) fn full(&self, concerned: &Concerned, service: Option<String>) -> Disclosure {
        let names = self.names(concerned, full_name);
        if names.is_empty() {
            return Disclosure::Appointment { modality: None };
        }
        let location = concerned.places.iter().find_map(|place| self.places.get(place)).cloned();
        Disclosure::Full { patient: names.join(", "), service, location }
    }

    fn names(&self, concerned: &Concerned, name: fn(&[HumanName]) -> Option<String>) -> Vec<String> {
        let known = concerned.patients.iter().filter_map(|id| self.patients.get(id));
        known.filter_map(|names| name(names)).take(MOST_PATIENTS).collect()
    }
}

fn distinct<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    ids.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

/// What we may not read is left out; an EHR that cannot be reached is an error.
async fn by_id<T>(server: &Server, what: &'static str, ids: &[String]) -> Result<Vec<T>, RemoteError>
where
    T: Resource + serde::de::DeserializeOwned,
{
    let mut all = Vec::new();
    for ids in ids.chunks(IDS_PER_REQUEST) {
        let request = SearchByIds { what, kind: T::KIND, ids, elements: Some("id,name") };
        match server.search::<T>(request.prepare(&server.base)).await {
            Ok(found) => all.extend(found.items.into_iter().filter(|item| is_among(item, ids))),
            Err(
                RemoteError::Forbidden { .. } | RemoteError::Missing { .. } | RemoteError::Rejected { .. },
            ) => {
                tracing::warn!(what, "may not be read; the appointments stay without names");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn is_among<T: Resource>(item: &T, ids: &[String]) -> bool {
    ids.iter().any(|id| item.id() == Some(id.as_str()))
}
