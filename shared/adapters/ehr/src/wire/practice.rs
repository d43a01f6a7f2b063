//! Who works where and when: practitioners, their roles, services, places and schedules.

use serde::Deserialize;

use super::{Extension, HumanName, Reference, Resource};

/// A clinician; no patient.
#[derive(Deserialize)]
pub(crate) struct Practitioner {
    pub(crate) name: Option<Vec<HumanName>>,
    pub(crate) active: Option<bool>,
    pub(crate) extension: Option<Vec<Extension>>,
}

#[derive(Deserialize)]
pub(crate) struct PractitionerRole {
    pub(crate) id: Option<String>,
    pub(crate) active: Option<bool>,
    pub(crate) extension: Option<Vec<Extension>>,
    pub(crate) practitioner: Option<Reference>,
    pub(crate) organization: Option<Reference>,
    pub(crate) location: Option<Vec<Reference>>,
    #[serde(rename = "healthcareService")]
    pub(crate) healthcare_service: Option<Vec<Reference>>,
    #[serde(rename = "availableTime")]
    pub(crate) available_time: Option<Vec<AvailableTime>>,
    #[serde(rename = "notAvailable")]
    pub(crate) not_available: Option<Vec<NotAvailable>>,
}

/// What a search for roles brings: roles, and the places that were asked for along with them.
#[derive(Deserialize)]
#[serde(tag = "resourceType")]
pub(crate) enum RoleEntry {
    PractitionerRole(PractitionerRole),
    Location(Location),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(crate) struct HealthcareService {
    pub(crate) id: Option<String>,
    pub(crate) active: Option<bool>,
    pub(crate) extension: Option<Vec<Extension>>,
    #[serde(rename = "availableTime")]
    pub(crate) available_time: Option<Vec<AvailableTime>>,
    #[serde(rename = "notAvailable")]
    pub(crate) not_available: Option<Vec<NotAvailable>>,
    #[serde(rename = "resourceType")]
    resource_type: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Location {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) extension: Option<Vec<Extension>>,
    #[serde(rename = "managingOrganization")]
    pub(crate) managing_organization: Option<Reference>,
    #[serde(rename = "resourceType")]
    resource_type: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Organization {
    pub(crate) extension: Option<Vec<Extension>>,
}

#[derive(Deserialize)]
pub(crate) struct Schedule {
    #[serde(rename = "resourceType")]
    resource_type: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) active: Option<bool>,
    pub(crate) actor: Option<Vec<Reference>>,
}

#[derive(Deserialize, Default)]
pub(crate) struct AvailableTime {
    #[serde(rename = "daysOfWeek")]
    pub(crate) days_of_week: Option<Vec<String>>,
    #[serde(rename = "allDay")]
    pub(crate) all_day: Option<bool>,
    #[serde(rename = "availableStartTime")]
    pub(crate) start: Option<String>,
    #[serde(rename = "availableEndTime")]
    pub(crate) end: Option<String>,
}

/// Without its description: nobody here needs to know why.
#[derive(Deserialize)]
pub(crate) struct NotAvailable {
    pub(crate) during: Option<Period>,
}

#[derive(Deserialize)]
pub(crate) struct Period {
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
}

macro_rules! resource {
    ($name:ident) => {
        impl Resource for $name {
            const KIND: &'static str = stringify!($name);

            fn resource_type(&self) -> Option<&str> {
                self.resource_type.as_deref()
            }

            fn id(&self) -> Option<&str> {
                self.id.as_deref()
            }
        }
    };
}

resource!(HealthcareService);
resource!(Location);
resource!(Schedule);

impl Resource for RoleEntry {
    const KIND: &'static str = "PractitionerRole";

    /// Whatever came is wanted: the type is in the variant.
    fn resource_type(&self) -> Option<&str> {
        None
    }

    fn id(&self) -> Option<&str> {
        match self {
            RoleEntry::PractitionerRole(role) => role.id.as_deref(),
            RoleEntry::Location(location) => location.id.as_deref(),
            RoleEntry::Other => None,
        }
    }
}
