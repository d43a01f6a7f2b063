//! Appointments. The common part has no field that could hold anything about a patient; what a level may
//! tell beyond it is a part of its own, read at that level only.

use daybook_core::detail::Modality;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Coded, Extension, Identifier, Meta, Named, Reference, Resource};
use crate::translate::{modality_from, number_from, service_from};

/// What every level reads.
#[derive(Deserialize)]
pub(crate) struct Appointment {
    #[serde(rename = "resourceType")]
    pub(crate) resource_type: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) meta: Option<Meta>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    #[serde(rename = "minutesDuration")]
    pub(crate) minutes_duration: Option<i64>,
    pub(crate) participant: Option<Vec<Participant>>,
}

#[derive(Deserialize)]
pub(crate) struct Participant {
    pub(crate) actor: Option<Reference>,
    pub(crate) status: Option<ParticipationCode>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StatusCode {
    Proposed,
    Pending,
    Booked,
    Arrived,
    Fulfilled,
    Cancelled,
    #[serde(alias = "no-show")]
    Noshow,
    EnteredInError,
    CheckedIn,
    Waitlist,
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ParticipationCode {
    Accepted,
    Declined,
    Tentative,
    NeedsAction,
    #[serde(other)]
    Unknown,
}

/// An appointment with what its level adds.
pub(crate) struct Told<L> {
    pub(crate) appointment: Appointment,
    pub(crate) more: L,
}

impl<'de, L: Level> Deserialize<'de> for Told<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        L::told(deserializer)
    }
}

impl<L: Level> Resource for Told<L> {
    const KIND: &'static str = "Appointment";

    fn resource_type(&self) -> Option<&str> {
        self.appointment.resource_type.as_deref()
    }

    fn id(&self) -> Option<&str> {
        self.appointment.id.as_deref()
    }
}

/// What a level adds to an appointment by reading the appointment itself.
pub(crate) enum Telling {
    Nothing,
    Modality(Option<Modality>),
    Number(Option<String>),
    Service(Option<String>),
}

/// The part of an appointment that one level adds.
pub(crate) trait Level: DeserializeOwned + Send {
    /// The elements that a search must bring, as `_elements` wants them.
    const ELEMENTS: &'static str;

    /// Reads an appointment along with it: both of the same text.
    fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Told<Self>, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let both =
            || Ok(Told { appointment: serde_json::from_str(text)?, more: serde_json::from_str(text)? });
        both().map_err(|_: serde_json::Error| D::Error::custom("no appointment of this level"))
    }

    fn tell(self) -> Telling;
}

/// Busy; also initials, which are the patient's record's to tell.
#[derive(Deserialize)]
pub(crate) struct AsNothing {}

impl Level for AsNothing {
    const ELEMENTS: &'static str = "id,meta,status,start,end,minutesDuration,participant";

    fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Told<Self>, D::Error> {
        Ok(Told { appointment: Appointment::deserialize(deserializer)?, more: Self {} })
    }

    fn tell(self) -> Telling {
        Telling::Nothing
    }
}

/// How it takes place, from codes alone.
#[derive(Deserialize)]
pub(crate) struct AsModality {
    #[serde(rename = "serviceType")]
    pub(crate) service_type: Option<Vec<Coded>>,
    #[serde(rename = "serviceCategory")]
    pub(crate) service_category: Option<Vec<Coded>>,
    #[serde(rename = "appointmentType")]
    pub(crate) appointment_type: Option<Coded>,
    #[serde(rename = "supportingInformation")]
    pub(crate) supporting_information: Option<Vec<Reference>>,
    pub(crate) extension: Option<Vec<Extension>>,
}

impl Level for AsModality {
    const ELEMENTS: &'static str = "id,meta,status,start,end,minutesDuration,participant,serviceType,\
        serviceCategory,appointmentType,supportingInformation,extension";

    fn tell(self) -> Telling {
        Telling::Modality(modality_from(&self))
    }
}

/// The EHR's own number.
#[derive(Deserialize)]
pub(crate) struct AsNumber {
    pub(crate) identifier: Option<Vec<Identifier>>,
}

impl Level for AsNumber {
    const ELEMENTS: &'static str = "id,meta,status,start,end,minutesDuration,participant,identifier";

    fn tell(self) -> Telling {
        Telling::Number(number_from(self.identifier.as_deref().unwrap_or_default()))
    }
}

/// The name of the service.
#[derive(Deserialize)]
pub(crate) struct AsService {
    #[serde(rename = "serviceType")]
    pub(crate) service_type: Option<Vec<Named>>,
    #[serde(rename = "appointmentType")]
    pub(crate) appointment_type: Option<Named>,
}

impl Level for AsService {
    const ELEMENTS: &'static str =
        "id,meta,status,start,end,minutesDuration,participant,serviceType,appointmentType";

    fn tell(self) -> Telling {
        Telling::Service(service_from(&self))
    }
}
