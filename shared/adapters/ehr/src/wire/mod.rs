//! FHIR R4 as it arrives: nearly everything may be missing, and what we have no field for is dropped while
//! it is read. None of these types leaves this room.

mod appointment;
mod bundle;
mod patient;
mod practice;
mod slot;

pub(crate) use appointment::{
    Appointment, AsModality, AsNothing, AsNumber, AsService, Level, ParticipationCode, StatusCode, Telling,
    Told,
};
pub(crate) use bundle::{Bundle, Entry, EntryResponse, Read, Resource};
pub(crate) use patient::{HumanName, Patient};
pub(crate) use practice::{
    AvailableTime, HealthcareService, Location, NotAvailable, Organization, Period, Practitioner,
    PractitionerRole, RoleEntry, Schedule,
};
pub(crate) use slot::{KeptSlot, ListedSlot, Slot, SlotStatus};

use serde::Deserialize;

/// Without the display, which is usually somebody's name.
#[derive(Deserialize, Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) reference: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize, Clone, Debug, Default)]
pub(crate) struct Meta {
    #[serde(rename = "versionId")]
    pub(crate) version_id: Option<String>,
    #[serde(rename = "lastUpdated")]
    pub(crate) last_updated: Option<String>,
}

impl Meta {
    /// Whether one state of a resource can be told from another by it.
    pub(crate) fn tells_states(&self) -> bool {
        self.version_id.is_some() || self.last_updated.as_deref().is_some_and(|at| !at.is_empty())
    }
}

#[derive(Deserialize, Clone)]
pub(crate) struct Identifier {
    #[serde(rename = "use")]
    pub(crate) usage: Option<String>,
    pub(crate) system: Option<String>,
    pub(crate) value: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Extension {
    pub(crate) url: Option<String>,
    #[serde(rename = "valueCode")]
    pub(crate) value_code: Option<String>,
    #[serde(rename = "valueString")]
    pub(crate) value_string: Option<String>,
}

/// Its codes only; what a person reads is in [`Named`].
#[derive(Deserialize)]
pub(crate) struct Coded {
    pub(crate) coding: Option<Vec<Coding>>,
}

#[derive(Deserialize)]
pub(crate) struct Coding {
    pub(crate) code: Option<String>,
}

/// A concept by what a person reads. Only the full level asks for it.
#[derive(Deserialize)]
pub(crate) struct Named {
    pub(crate) text: Option<String>,
    pub(crate) coding: Option<Vec<NamedCoding>>,
}

#[derive(Deserialize)]
pub(crate) struct NamedCoding {
    pub(crate) display: Option<String>,
}

/// Only tells that something is a resource.
#[derive(Deserialize)]
pub(crate) struct ResourceType {
    #[serde(rename = "resourceType")]
    _resource_type: String,
}
