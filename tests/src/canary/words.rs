//! The canaries: words that stand nowhere else, one for each text field of what the EHR and the providers hold, and the
//! least level from which each may leave the EHR. And the eye that finds them, however they are written.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::outside::calendar::PASSWORD;
use crate::outside::cloud::CLIENT_SECRET;
use crate::outside::daybook::{API_KEY, HOOK_SECRET, PLATFORM_KEY};
use crate::outside::place::NOTICE_SECRET;

/// The levels, least first, as the API spells them.
pub const LEVELS: [&str; 5] = ["busy", "appointment", "reference", "initials", "full"];

/// The level that tells least.
pub const LEAST: &str = "busy";
/// The level that tells most.
pub const MOST: &str = "full";

/// What may be told of an appointment, and from which level on. Whatever is not here is never told.
pub const TOLD: [(&str, &str); 7] = [
    ("(telehealth)", "appointment"),
    ("CN-904217", "reference"),
    ("Z.Q.", "initials"),
    ("Zephyrine", "full"),
    ("Quillanary", "full"),
    ("Canaryservice", "full"),
    ("Canaryroom", "full"),
];

/// In the EHR, and never told to anybody: what is wrong with a person, where they live, how they are called, who pays,
/// what a colleague noted. Fields that a level reads beside others are here too.
pub const NEVER_TOLD: [&str; 47] = [
    "Maidencanary",
    "Nickcanary",
    "Prefixcanary",
    "Narrativecanary",
    "Addresscanary",
    "Citycanary",
    "Zipcanary",
    "Mailcanary",
    "Phonecanary",
    "1961-07-19",
    "Kincanary",
    "Insurancecanary",
    "Photocanary",
    "Languagecanary",
    "Maritalcanary",
    "Displaycanary",
    "Descriptioncanary",
    "Commentcanary",
    "Instructioncanary",
    "Reasoncanary",
    "F10.20canary",
    "Diagnosiscanary",
    "Referencedcanary",
    "Typecanary",
    "Categorycanary",
    "Specialtycanary",
    "Supportcanary",
    "Basedoncanary",
    "Extensioncanary",
    "Containedcanary",
    "Tagcanary",
    "Oldnumbercanary7",
    "Textnumbercanary",
    "Participantcanary",
    "Cancelcanary",
    "Servicecodecanary",
    "Roomnotecanary",
    "Roomphonecanary",
    "Roomaddresscanary",
    "Doctorphonecanary",
    "Doctormailcanary",
    "Doctoraddresscanary",
    "Schedulecanary",
    "Slotcanary",
    "Minutescanary",
    "Brokencanary",
    "Relativecanary",
];

/// In the clinician's own events, and never told to anybody else.
pub const OF_EVENTS: [&str; 16] = [
    "Titlecanary",
    "Bodycanary",
    "Placecanary",
    "Guestcanary",
    "Guestnamecanary",
    "Hostcanary",
    "Hostnamecanary",
    "Filecanary",
    "Filelinkcanary",
    "Colourcanary",
    "Meetingcanary",
    "Propertycanary",
    "Contactcanary",
    "Notecanary",
    "Linkcanary",
    "Alarmcanary",
];

/// What a calendar calls an event. Links hold ids, so it stands in the table, and nowhere else.
pub const ID_OF_EVENT: &str = "Uidcanary";

/// Whatever is not to be told at this level.
pub fn secrets_at(level: &str) -> Vec<&'static str> {
    let rank = |level: &str| LEVELS.iter().position(|one| *one == level).unwrap();
    let told = TOLD.iter().filter(|(_, from)| rank(from) > rank(level)).map(|(word, _)| *word);
    told.chain(NEVER_TOLD).chain(OF_EVENTS).chain([ID_OF_EVENT]).collect()
}

/// Whatever is never to be told to somebody who is told nothing.
pub fn all_secrets() -> Vec<&'static str> {
    secrets_at("busy")
}

/// Whatever is not to be kept.
pub fn content() -> Vec<&'static str> {
    all_secrets().into_iter().filter(|word| *word != ID_OF_EVENT).collect()
}

/// Keys and passwords of the stories, and the beginnings that the providers' tokens have.
const KEYS: [&str; 9] =
    [API_KEY, PLATFORM_KEY, CLIENT_SECRET, PASSWORD, "ada-sandbox", "ya29.", "1//0g", "eyJ0eXAi", "0.AXoA"];

/// Whatever is not to stand in a log or a message, and nowhere in the open.
pub fn keys() -> Vec<&'static str> {
    let signed_with = [HOOK_SECRET, NOTICE_SECRET].map(|secret| secret.trim_start_matches("whsec_"));
    KEYS.into_iter().chain(signed_with).collect()
}

/// The level that the stories are played at where they choose none: what `DAYBOOK_TEST_LEVEL` says, or what tells most.
///
/// # Panics
/// Where it says something else.
pub fn level_of_stories() -> &'static str {
    let Ok(chosen) = std::env::var("DAYBOOK_TEST_LEVEL") else { return MOST };
    let known = LEVELS.into_iter().find(|level| *level == chosen);
    known.unwrap_or_else(|| panic!("DAYBOOK_TEST_LEVEL is one of {LEVELS:?}"))
}

/// The canaries among `words` that stand in `bytes`: plain, in any case, folded as iCalendar folds, percent-encoded, or as
/// base64. A short word stands in decoded noise by chance, so it is not looked for there.
pub fn found(bytes: &[u8], words: &[&'static str]) -> Vec<&'static str> {
    let plain = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let unfolded = FOLDS.iter().fold(plain.clone(), |text, fold| text.replace(fold, ""));
    let unescaped = String::from_utf8_lossy(&unescaped(bytes)).to_ascii_lowercase();
    let decoded = String::from_utf8_lossy(&decoded(bytes)).to_ascii_lowercase();
    let stands = |word: &str| {
        let word = word.to_ascii_lowercase();
        let is_written = [&plain, &unfolded, &unescaped].into_iter().any(|text| text.contains(&word));
        is_written || (word.len() >= LEAST_DECODED && decoded.contains(&word))
    };
    words.iter().copied().filter(|word| stands(word)).collect()
}

/// Where a line of iCalendar goes on, also as JSON writes it.
const FOLDS: [&str; 6] = ["\r\n ", "\r\n\t", "\n ", "\n\t", "\\r\\n ", "\\n "];
const LEAST_DECODED: usize = 6;

fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let (mut plain, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| *first == b'%');
        plain.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    plain
}

/// What stands in base64 there, of either alphabet, wherever in a run of such letters it begins and ends.
fn decoded(bytes: &[u8]) -> Vec<u8> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let reader = GeneralPurpose::new(&alphabet::STANDARD, lenient);
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let mut all = Vec::new();
    for run in bytes.split(|byte| !is_of_it(byte)).filter(|run| run.len() >= 12) {
        let standard: Vec<u8> = run.iter().copied().map(of_standard_alphabet).collect();
        for from in 0..4 {
            let rest = &standard[from..];
            // One letter alone is less than a byte.
            let whole = if rest.len() % 4 == 1 { &rest[..rest.len() - 1] } else { rest };
            all.extend(reader.decode(whole).unwrap_or_default());
            all.push(b'\n');
        }
    }
    all
}

fn of_standard_alphabet(letter: u8) -> u8 {
    match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};

    use super::*;

    /// A check that cannot fail shows nothing: each way of writing a word is found.
    #[test]
    fn a_planted_leak_is_found_however_it_is_written() {
        let words = all_secrets();
        for leak in [
            "SUMMARY:Appt Descriptioncanary".to_owned(),
            "level=warn error=\"invalid type: string \\\"DESCRIPTIONCANARY\\\"\"".to_owned(),
            "/v1/events?q=Description%63anary".to_owned(),
            BASE64_STANDARD.encode("x Descriptioncanary y"),
            BASE64_STANDARD.encode("xy Descriptioncanary y"),
            BASE64_URL_SAFE.encode("xyz Descriptioncanary y"),
            BASE64_STANDARD.encode("Descriptioncanary"),
            format!("/v1/events/{}", BASE64_URL_SAFE_NO_PAD.encode("Descriptioncanary")),
            format!("ntc_{}-1", BASE64_URL_SAFE_NO_PAD.encode("aDescriptioncanary")),
            "SUMMARY:Appt Descri\r\n ptioncanary".to_owned(),
            r#"{"body":"SUMMARY:Appt Descri\r\n ptioncanary"}"#.to_owned(),
        ] {
            assert_eq!(found(leak.as_bytes(), &words), ["Descriptioncanary"], "{leak}");
        }
        assert_eq!(found(b"SUMMARY:Busy\0\xff binary %zz %", &words), Vec::<&str>::new());
        for (at, level) in LEVELS.iter().enumerate() {
            let hidden = secrets_at(level);
            for (word, from) in TOLD {
                let is_hidden = LEVELS.iter().position(|one| *one == from).unwrap() > at;
                assert_eq!(hidden.contains(&word), is_hidden, "{word} at {level}");
            }
            assert!(NEVER_TOLD.iter().chain(&OF_EVENTS).all(|word| hidden.contains(word)));
        }
    }
}
