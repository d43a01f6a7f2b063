//! How much of an appointment may leave the EHR, and what an event then says.
//! A `Disclosure` cannot hold more than its own level: what was not read cannot leak.

use crate::appointment::{Appointment, Standing};
use crate::mirror::MirrorContent;

/// The detail levels, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Detail {
    /// `Busy`, and nothing else.
    #[default]
    Busy,
    /// That it is an appointment, and how it takes place.
    Appointment,
    /// The EHR's own reference number.
    Reference,
    /// The patient's initials. These are patient data.
    Initials,
    /// Name, service and place.
    Full,
}

/// What the EHR was asked to tell about one appointment: one variant a level.
#[derive(Clone, PartialEq, Eq)]
pub enum Disclosure {
    Busy,
    Appointment { modality: Option<Modality> },
    Reference { number: String },
    Initials { initials: String },
    Full { patient: String, service: Option<String>, location: Option<String> },
}

/// Never prints what it holds.
impl std::fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Disclosure({:?})", self.level())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Modality {
    Telehealth,
    InPerson,
}

impl Disclosure {
    pub fn level(&self) -> Detail {
        match self {
            Disclosure::Busy => Detail::Busy,
            Disclosure::Appointment { .. } => Detail::Appointment,
            Disclosure::Reference { .. } => Detail::Reference,
            Disclosure::Initials { .. } => Detail::Initials,
            Disclosure::Full { .. } => Detail::Full,
        }
    }

    /// What the event is called.
    pub fn title(&self) -> String {
        match self {
            Disclosure::Busy => "Busy".into(),
            Disclosure::Appointment { modality: None } => "Appointment".into(),
            Disclosure::Appointment { modality: Some(Modality::Telehealth) } => {
                "Appointment (telehealth)".into()
            }
            Disclosure::Appointment { modality: Some(Modality::InPerson) } => {
                "Appointment (in person)".into()
            }
            Disclosure::Reference { number } => format!("Appt {number}"),
            Disclosure::Initials { initials } => format!("Appt {initials}"),
            Disclosure::Full { patient, service: None, .. } => patient.clone(),
            Disclosure::Full { patient, service: Some(service), .. } => format!("{patient} – {service}"),
        }
    }

    fn location(&self) -> Option<String> {
        match self {
            Disclosure::Full { location, .. } => location.clone(),
            _ => None,
        }
    }
}

/// Who or what limits the detail below what the clinician chose; see [`crate::policy`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cap {
    /// The practice's policy.
    Practice,
    /// 42 CFR Part 2: the mere association is protected.
    Part2,
    /// No agreement can cover patient data with this account (iCloud, private accounts).
    Account,
    /// Nobody has attested an agreement for this account's domain.
    NoAgreement,
    /// The attestation for this account's domain is over.
    AgreementOver,
    /// Others see the main calendar.
    SharedCalendar,
    /// Anybody sees the main calendar.
    PublicCalendar,
    /// Nobody can tell who sees the main calendar.
    UnknownAudience,
    /// The practice no longer allows this provider or this account's domain.
    NotAllowed,
    /// The address of a feed is its only lock.
    Feed,
}

/// Whether the practice treats substance use disorders under 42 CFR Part 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Part2 {
    #[default]
    No,
    Yes,
}

/// The event that an appointment becomes, or `None` where the calendar shows nothing.
/// At `Busy`: the title `Busy`, no place; the adapters add that it is private and opaque.
pub fn project(
    appointment: &Appointment,
    standing: Standing,
    reminder_minutes: Option<u32>,
) -> Option<MirrorContent> {
    let Standing::Shown { at, certainty } = standing else { return None };
    Some(MirrorContent {
        title: appointment.disclosure.title(),
        interval: at,
        certainty,
        location: appointment.disclosure.location(),
        reminder_minutes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_by_level() {
        for (disclosure, title) in [
            (Disclosure::Busy, "Busy"),
            (Disclosure::Appointment { modality: None }, "Appointment"),
            (Disclosure::Appointment { modality: Some(Modality::Telehealth) }, "Appointment (telehealth)"),
            (Disclosure::Appointment { modality: Some(Modality::InPerson) }, "Appointment (in person)"),
            (Disclosure::Reference { number: "C-1042".into() }, "Appt C-1042"),
            (Disclosure::Initials { initials: "J.D.".into() }, "Appt J.D."),
            (
                Disclosure::Full { patient: "P Q".into(), service: Some("Session".into()), location: None },
                "P Q – Session",
            ),
        ] {
            assert_eq!(disclosure.title(), title);
            let expected_place = matches!(&disclosure, Disclosure::Full { location: Some(_), .. });
            assert_eq!(disclosure.location().is_some(), expected_place);
        }
    }

    #[test]
    fn debug_output_tells_the_level_only() {
        let full = Disclosure::Full { patient: "P Q".into(), service: None, location: None };
        assert_eq!(format!("{full:?}"), "Disclosure(Full)");
    }
}
