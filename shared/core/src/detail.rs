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

/// Who or what limits the detail below what the clinician chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cap {
    /// The practice's policy.
    Practice,
    /// 42 CFR Part 2: the mere association is protected.
    Part2,
    /// No agreement covers patient data with this account (iCloud, consumer accounts, unknown servers).
    Account,
}

/// What limits the detail for one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caps {
    pub practice: Detail,
    pub account: Detail,
    pub part2: Part2,
}

/// Whether the practice treats substance use disorders under 42 CFR Part 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Part2 {
    #[default]
    No,
    Yes,
}

impl Caps {
    /// The level in force, and what lowered it, if anything did.
    pub fn effective(&self, wanted: Detail) -> (Detail, Option<Cap>) {
        let part2 = match self.part2 {
            Part2::Yes => Detail::Busy,
            Part2::No => Detail::Full,
        };
        [(part2, Cap::Part2), (self.practice, Cap::Practice), (self.account, Cap::Account)].into_iter().fold(
            (wanted, None),
            |(level, why), (cap, who)| if cap < level { (cap, Some(who)) } else { (level, why) },
        )
    }
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

    #[test]
    fn the_lowest_cap_wins_and_is_named() {
        let caps = |practice, account, part2| Caps { practice, account, part2 };
        for (caps, wanted, expected) in [
            (caps(Detail::Full, Detail::Full, Part2::No), Detail::Full, (Detail::Full, None)),
            (
                caps(Detail::Full, Detail::Appointment, Part2::No),
                Detail::Full,
                (Detail::Appointment, Some(Cap::Account)),
            ),
            (
                caps(Detail::Busy, Detail::Appointment, Part2::No),
                Detail::Full,
                (Detail::Busy, Some(Cap::Practice)),
            ),
            (
                caps(Detail::Full, Detail::Full, Part2::Yes),
                Detail::Initials,
                (Detail::Busy, Some(Cap::Part2)),
            ),
            (caps(Detail::Full, Detail::Appointment, Part2::No), Detail::Busy, (Detail::Busy, None)),
        ] {
            assert_eq!(caps.effective(wanted), expected);
        }
    }
}
