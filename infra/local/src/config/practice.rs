//! The practices of the configuration: `demo` from the variables, others from `[[practice]]` tables.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::appointment::ProposedPolicy;
use daybook_core::detail::{Detail, Part2};
use daybook_core::ids::PracticeId;
use daybook_core::launch::LaunchTrust;
use daybook_core::policy::Policy;
use daybook_ehr_change::HookSecret;
use daybook_engine::ports::Practice;
use daybook_launch::KeySet;
use daybook_notices::NoticeSecret;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::source::{Faults, Source};
use super::web_address;

/// A practice, and how it and its EHR prove themselves.
#[derive(Debug)]
pub struct PracticeConfig {
    pub practice: Practice,
    /// `None`: to be generated, or kept in the data directory.
    pub api_key: Option<SecretString>,
    /// `None` likewise for `demo`; other practices then have no hook.
    pub hook_secret: Option<SecretString>,
    /// `None` likewise for `demo`; other practices' notices are then kept and not posted.
    pub notice_secret: Option<SecretString>,
    pub ehr: EhrConfig,
}

/// Where a practice's EHR is.
#[derive(Debug)]
pub enum EhrConfig {
    Sandbox,
    Fhir { url: Url, token: Option<SecretString> },
}

/// The practice of the variables.
pub const DEMO: &str = "demo";

/// `demo` and all others, each with a name and a key of its own.
pub fn read_all(
    source: &mut Source,
    tables: Vec<BTreeMap<String, String>>,
    faults: &mut Faults,
) -> Vec<PracticeConfig> {
    let mut practices = vec![read(source, DEMO.to_owned(), faults)];
    for (index, table) in tables.into_iter().enumerate() {
        let mut source = Source::table(index + 1, table);
        let id = source.require("ID", faults, practice_id);
        let practice = read(&mut source, id.clone().unwrap_or_default(), faults);
        if practice.api_key.is_none() {
            faults.add(&source.name("API_KEY"), "is required");
        }
        if practice.practice.notices_to.is_some() && practice.notice_secret.is_none() {
            faults.add(&source.name("NOTICE_SECRET"), "is required with an address for notices");
        }
        source.refuse_rest(faults);
        practices.extend(id.map(|_| practice));
    }
    refuse_twins(&practices, faults);
    practices
}

/// As `demo`'s variables spell them, and without capitals in a table.
const KEYS: [&str; 14] = [
    "NOTICE_URL",
    "NOTICE_SECRET",
    "API_KEY",
    "EHR_FHIR_URL",
    "EHR_TOKEN",
    "EHR_HOOK_SECRET",
    "TIME_ZONE",
    "DETAIL_CAP",
    "PART2",
    "PROPOSED",
    "LAUNCH_ISSUER",
    "LAUNCH_JWKS",
    "LAUNCH_RETURN_URLS",
    "FRAME_ORIGINS",
];

/// Whether a variable of this name is one of `demo`'s.
pub fn is_key_of_demo(key: &str) -> bool {
    KEYS.contains(&key)
}

fn read(source: &mut Source, id: String, faults: &mut Faults) -> PracticeConfig {
    let url = source.read("EHR_FHIR_URL", faults, web_address);
    let token = source.read("EHR_TOKEN", faults, key);
    PracticeConfig {
        practice: Practice {
            id: PracticeId::new(id),
            time_zone_fallback: source.read("TIME_ZONE", faults, time_zone),
            proposed: source.read("PROPOSED", faults, proposed).unwrap_or_default(),
            launch: launch(source, faults),
            frame_origins: source.read("FRAME_ORIGINS", faults, origins).unwrap_or_default(),
            policy: Policy {
                detail_cap: source.read("DETAIL_CAP", faults, detail).unwrap_or(Detail::Full),
                part2: source.read("PART2", faults, part2).unwrap_or_default(),
                ..Policy::default()
            },
            set_at: None,
            notices_to: source.read("NOTICE_URL", faults, web_address).map(Into::into),
        },
        api_key: source.read("API_KEY", faults, key),
        hook_secret: source.read("EHR_HOOK_SECRET", faults, hook_secret),
        notice_secret: source.read("NOTICE_SECRET", faults, notice_secret),
        ehr: url.map_or(EhrConfig::Sandbox, |url| EhrConfig::Fhir { url, token }),
    }
}

/// Whom the EHR may send to the settings page: who signs and by which keys belong together.
fn launch(source: &mut Source, faults: &mut Faults) -> Option<LaunchTrust> {
    let issuer = source.read("LAUNCH_ISSUER", faults, issuer);
    let keys = source.read("LAUNCH_JWKS", faults, launch_keys);
    let return_urls = source.read("LAUNCH_RETURN_URLS", faults, addresses).unwrap_or_default();
    if issuer.is_some() != keys.is_some() {
        let absent = if issuer.is_some() { "LAUNCH_JWKS" } else { "LAUNCH_ISSUER" };
        faults.add(&source.name(absent), "is required, and usable, beside the other");
    }
    Some(LaunchTrust { issuer: issuer?, keys: keys?, return_urls })
}

/// Two practices behind one name, or one key, would be one practice.
fn refuse_twins(practices: &[PracticeConfig], faults: &mut Faults) {
    let (mut ids, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for practice in practices {
        let id = practice.practice.id.as_str();
        if !ids.insert(id) {
            faults.add(&format!("practice {id}"), "is there twice");
        }
        if practice.api_key.as_ref().is_some_and(|key| !keys.insert(key.expose_secret())) {
            faults.add(&format!("practice {id}"), "has the API key of another practice");
        }
    }
}

fn practice_id(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if text.len() <= 64 && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("expected at most 64 of a-z, 0-9, `-` and `_`".to_owned())
    }
}

pub fn key(text: &str) -> Result<SecretString, String> {
    if text.len() <= 4_096 && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned().into())
    } else {
        Err("expected visible ASCII characters without spaces".to_owned())
    }
}

fn hook_secret(text: &str) -> Result<SecretString, String> {
    HookSecret::parse(text).map(|_| text.to_owned().into()).map_err(|error| format!("expected: {error}"))
}

fn issuer(text: &str) -> Result<String, String> {
    if text.len() <= 1_024 && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("expected visible ASCII characters without spaces".to_owned())
    }
}

fn launch_keys(text: &str) -> Result<String, String> {
    KeySet::parse(text).map(|_| text.to_owned()).map_err(|error| format!("expected {error}"))
}

/// As they are written, since an address counts only as a whole.
fn addresses(text: &str) -> Result<Vec<String>, String> {
    let all = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    let checked = all.map(|one| web_address(one).map(|_| one.to_owned()));
    checked
        .collect::<Result<_, _>>()
        .map_err(|_| "expected a comma list of http or https addresses".to_owned())
}

fn origins(text: &str) -> Result<Vec<String>, String> {
    let all = addresses(text)?;
    let is_origin =
        |one: &String| Url::parse(one).is_ok_and(|url| url.origin().ascii_serialization() == *one);
    if all.iter().all(is_origin) {
        Ok(all)
    } else {
        Err("expected a comma list of origins such as https://ehr.example".to_owned())
    }
}

fn notice_secret(text: &str) -> Result<SecretString, String> {
    let secret = SecretString::from(text.to_owned());
    NoticeSecret::parse(&secret).map_err(|error| format!("expected: {error}"))?;
    Ok(secret)
}

fn time_zone(text: &str) -> Result<String, String> {
    let known = TimeZone::get(text).is_ok();
    known.then(|| text.to_owned()).ok_or_else(|| "expected an IANA name such as America/New_York".to_owned())
}

fn detail(text: &str) -> Result<Detail, String> {
    match text {
        "busy" => Ok(Detail::Busy),
        "appointment" => Ok(Detail::Appointment),
        "reference" => Ok(Detail::Reference),
        "initials" => Ok(Detail::Initials),
        "full" => Ok(Detail::Full),
        _ => Err("expected busy, appointment, reference, initials or full".to_owned()),
    }
}

fn part2(text: &str) -> Result<Part2, String> {
    match text {
        "true" => Ok(Part2::Yes),
        "false" => Ok(Part2::No),
        _ => Err("expected true or false".to_owned()),
    }
}

fn proposed(text: &str) -> Result<ProposedPolicy, String> {
    match text {
        "ignore" => Ok(ProposedPolicy::Ignore),
        "counts_as_booked" => Ok(ProposedPolicy::CountsAsBooked),
        _ => Err("expected ignore or counts_as_booked".to_owned()),
    }
}
