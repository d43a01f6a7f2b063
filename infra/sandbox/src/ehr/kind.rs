//! The FHIR resource types that the practice keeps. What can be searched in each is in `params`.

/// A resource type of R4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Appointment,
    HealthcareService,
    Location,
    Patient,
    Practitioner,
    PractitionerRole,
    Schedule,
    Slot,
}

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::Appointment,
        Self::HealthcareService,
        Self::Location,
        Self::Patient,
        Self::Practitioner,
        Self::PractitionerRole,
        Self::Schedule,
        Self::Slot,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Appointment => "Appointment",
            Self::HealthcareService => "HealthcareService",
            Self::Location => "Location",
            Self::Patient => "Patient",
            Self::Practitioner => "Practitioner",
            Self::PractitionerRole => "PractitionerRole",
            Self::Schedule => "Schedule",
            Self::Slot => "Slot",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What an id that we choose begins with, so that a person reading a log sees what it names.
    pub(super) fn id_prefix(self) -> &'static str {
        match self {
            Self::Appointment => "apt",
            Self::HealthcareService => "svc",
            Self::Location => "loc",
            Self::Patient => "pat",
            Self::Practitioner => "prac",
            Self::PractitionerRole => "role",
            Self::Schedule => "sch",
            Self::Slot => "slot",
        }
    }

    /// Elements with a lower bound of 1 in R4; a trimmed answer (`_elements`) keeps them.
    pub(super) fn required(self) -> &'static [&'static str] {
        match self {
            Self::Appointment => &["status", "participant"],
            Self::Slot => &["schedule", "status", "start", "end"],
            Self::Schedule => &["actor"],
            Self::HealthcareService
            | Self::Location
            | Self::Patient
            | Self::Practitioner
            | Self::PractitionerRole => &[],
        }
    }
}

/// Is this a legal FHIR id (`[A-Za-z0-9\-.]{1,64}`)?
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}
