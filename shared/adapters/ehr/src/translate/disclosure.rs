//! What a level may tell, from the least that shows it. Where it cannot be found, nothing is told.

use daybook_core::detail::Modality;

use crate::wire::{AsModality, AsService, Coded, HumanName, Identifier, Named};

/// Words inside a code that mean a remote visit. `VR` is HL7's own (`v3-ActCode`, virtual).
const REMOTE_WORDS: [&str; 6] = ["telehealth", "telemed", "teletherapy", "virtual", "video", "remote"];
const IN_PERSON_WORDS: [&str; 5] = ["in-person", "inperson", "in_person", "face-to-face", "office-visit"];
const LONGEST_NUMBER: usize = 32;

/// From codes alone: texts are for people and say more than they should.
pub(crate) fn modality_from(told: &AsModality) -> Option<Modality> {
    let lists = [&told.service_type, &told.service_category].into_iter().flatten().flatten();
    let codes: Vec<String> = lists.chain(&told.appointment_type).flat_map(codes).collect();
    let any = |words: &[&str]| codes.iter().any(|code| words.iter().any(|word| code.contains(word)));
    if codes.iter().any(|code| code == "vr") || any(&REMOTE_WORDS) || has_link(told) {
        return Some(Modality::Telehealth);
    }
    any(&IN_PERSON_WORDS).then_some(Modality::InPerson)
}

fn codes(concept: &Coded) -> Vec<String> {
    let codings = concept.coding.iter().flatten();
    codings.filter_map(|coding| coding.code.as_ref()).map(|code| code.to_ascii_lowercase()).collect()
}

/// A meeting link: an Endpoint beside the appointment, or R5's virtual service carried in an extension.
fn has_link(told: &AsModality) -> bool {
    let mut beside = told.supporting_information.iter().flatten();
    let mut extensions = told.extension.iter().flatten().filter_map(|extension| extension.url.as_deref());
    beside.any(|reference| {
        let text = reference.reference.as_deref().unwrap_or_default();
        reference.kind.as_deref() == Some("Endpoint") || text.contains("Endpoint/")
    }) || extensions.any(|url| url.ends_with("Appointment.virtualService"))
}

/// The EHR's own number for the appointment. Only what looks like a number of some sort.
pub(crate) fn number_from(identifiers: &[Identifier]) -> Option<String> {
    let current = identifiers.iter().filter(|identifier| identifier.usage.as_deref() != Some("old"));
    let mut numbers = current.filter_map(|identifier| identifier.value.as_deref()).map(str::trim);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/' | '#');
    let is_number = |value: &&str| {
        value.len() <= LONGEST_NUMBER
            && value.chars().all(plain)
            && value.contains(|c: char| c.is_ascii_digit())
    };
    numbers.find(is_number).map(str::to_owned)
}

pub(crate) fn service_from(told: &AsService) -> Option<String> {
    told.service_type.iter().flatten().chain(&told.appointment_type).find_map(name_of)
}

fn name_of(concept: &Named) -> Option<String> {
    let displays = concept.coding.iter().flatten().filter_map(|coding| coding.display.as_deref());
    concept
        .text
        .as_deref()
        .into_iter()
        .chain(displays)
        .map(str::trim)
        .find(|name| !name.is_empty())
        .map(str::to_owned)
}

/// The name that the record prefers, as it is spoken.
pub(crate) fn full_name(names: &[HumanName]) -> Option<String> {
    let name = preferred(names)?;
    let parts = parts_of(name).join(" ");
    let text = name.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    text.map(str::to_owned).or_else(|| (!parts.is_empty()).then_some(parts))
}

/// `J.D.`: the first letters of the first and of the last name.
pub(crate) fn initials(names: &[HumanName]) -> Option<String> {
    let name = preferred(names)?;
    let mut parts = parts_of(name);
    if parts.is_empty() {
        parts = name.text.as_deref().unwrap_or_default().split_whitespace().collect();
    }
    let ends = match parts.as_slice() {
        [] => return None,
        [only] => vec![*only],
        [first, .., last] => vec![*first, *last],
    };
    let letters = ends.iter().filter_map(|part| part.chars().find(|c| c.is_alphanumeric()));
    let letters: String = letters.flat_map(|letter| letter.to_uppercase().chain(['.'])).collect();
    (!letters.is_empty()).then_some(letters)
}

/// Given names and family name.
fn parts_of(name: &HumanName) -> Vec<&str> {
    let given = name.given.iter().flatten().map(String::as_str).take(1);
    given.chain(name.family.as_deref()).map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn preferred(names: &[HumanName]) -> Option<&HumanName> {
    names.iter().min_by_key(|name| match name.usage.as_deref() {
        Some("official") => 0,
        Some("usual") => 1,
        Some("old" | "maiden" | "nickname" | "anonymous") => 3,
        _ => 2,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn modality_from_codes() {
        for (json, expected) in [
            (r#"{"serviceType":[{"coding":[{"code":"Telehealth-50"}]}]}"#, Some(Modality::Telehealth)),
            (r#"{"appointmentType":{"coding":[{"code":"VR"}]}}"#, Some(Modality::Telehealth)),
            (r#"{"supportingInformation":[{"reference":"Endpoint/e"}]}"#, Some(Modality::Telehealth)),
            (
                r#"{"extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService"}]}"#,
                Some(Modality::Telehealth),
            ),
            (r#"{"serviceCategory":[{"coding":[{"code":"in-person"}]}]}"#, Some(Modality::InPerson)),
            (r#"{"serviceType":[{"coding":[{"code":"therapy-50"}],"text":"video"}]}"#, None),
            ("{}", None),
        ] {
            assert_eq!(modality_from(&serde_json::from_str(json).unwrap()), expected, "{json}");
        }
    }

    #[test]
    fn numbers_look_like_numbers() {
        for (json, expected) in [
            (r#"[{"value":"C-1042"}]"#, Some("C-1042")),
            (r#"[{"use":"old","value":"1"},{"system":"s","value":"7001"}]"#, Some("7001")),
            (r#"[{"value":"Jane Doe 7"},{"value":"Jane"},{"value":""}]"#, None),
            ("[]", None),
        ] {
            let identifiers: Vec<Identifier> = serde_json::from_str(json).unwrap();
            assert_eq!(number_from(&identifiers).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn names_and_initials() {
        for (json, name, letters) in [
            (r#"[{"given":["Ada","M"],"family":"Quill"}]"#, Some("Ada Quill"), Some("A.Q.")),
            (
                r#"[{"use":"old","family":"X"},{"use":"official","family":"Quill"}]"#,
                Some("Quill"),
                Some("Q."),
            ),
            (r#"[{"text":"ada m quill"}]"#, Some("ada m quill"), Some("A.Q.")),
            (r#"[{"given":["Ötzi"],"family":"al-Masri"}]"#, Some("Ötzi al-Masri"), Some("Ö.A.")),
            (r#"[{"given":[" "]}]"#, None, None),
            ("[]", None, None),
        ] {
            let names: Vec<HumanName> = serde_json::from_str(json).unwrap();
            assert_eq!(full_name(&names).as_deref(), name, "{json}");
            assert_eq!(initials(&names).as_deref(), letters, "{json}");
        }
    }

    #[test]
    fn services_by_name() {
        for (json, expected) in [
            (r#"{"serviceType":[{"text":"Session","coding":[{"display":"x"}]}]}"#, Some("Session")),
            (r#"{"serviceType":[{"coding":[{"display":"Session"}]}]}"#, Some("Session")),
            (r#"{"serviceType":[{}],"appointmentType":{"text":"Intake"}}"#, Some("Intake")),
            ("{}", None),
        ] {
            assert_eq!(service_from(&serde_json::from_str(json).unwrap()).as_deref(), expected, "{json}");
        }
    }
}
