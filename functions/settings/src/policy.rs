//! A practice's policy on the wire: what may be asked for, and how it is shown. Bounds are checked here; what follows from
//! a policy is for the core.

use std::collections::BTreeSet;

use daybook_core::policy::{AccountHome, AccountKind, Allowed, Attestation, Policy};
use daybook_core::window::WindowDays;
use daybook_core::{connection as domain, detail::Part2};
use daybook_doorway::Fault;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::JsonBody;
use crate::words::{Detail, Feed, Provider};

pub(crate) const MOST_NAMES: usize = 200;
const MOST_DOMAIN_CHARS: usize = 253;
pub(crate) const MOST_NAME_CHARS: usize = 200;
/// An attestation holds for a year unless it says otherwise, and never for longer than five.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
const MOST_HELD: SignedDuration = SignedDuration::from_hours(5 * 366 * 24);

/// What is to hold for a practice.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PracticeBody {
    policy: PolicyBody,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct PolicyBody {
    /// The most that any event may tell.
    detail_cap: Detail,
    /// Whether 42 CFR Part 2 applies: then every event says `Busy`.
    part2: bool,
    /// `null`: all of them.
    providers: Option<Vec<Provider>>,
    /// The domains whose accounts may be connected; `null`: all of them.
    account_domains: Option<Vec<String>>,
    /// The widest window that may be chosen.
    window: BoundsBody,
    feed: Feed,
    attestations: Vec<AttestationBody>,
}

impl Default for PolicyBody {
    fn default() -> Self {
        Self {
            detail_cap: Detail::Full,
            part2: false,
            providers: None,
            account_domains: None,
            window: BoundsBody::default(),
            feed: Feed::Allowed,
            attestations: Vec::new(),
        }
    }
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct BoundsBody {
    #[schema(maximum = 3650)]
    past_days: u32,
    #[schema(minimum = 1, maximum = 1826)]
    future_days: u32,
}

impl Default for BoundsBody {
    fn default() -> Self {
        WindowDays::WIDEST.into()
    }
}

impl From<WindowDays> for BoundsBody {
    fn from(days: WindowDays) -> Self {
        Self { past_days: days.past_days().into(), future_days: days.future_days().into() }
    }
}

/// Somebody's word that an agreement covers patient data in the accounts of one domain.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AttestationBody {
    /// The organisation's domain, or the name of a calendar server.
    domain: String,
    /// Who gives their word, by name.
    attested_by: String,
    #[serde(default)]
    text_version: Option<u32>,
    /// Now, if not said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    given_at: Option<Timestamp>,
    /// A year later, if not said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A policy as it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyAnswer {
    detail_cap: Detail,
    part2: bool,
    providers: Option<Vec<Provider>>,
    account_domains: Option<Vec<String>>,
    window: BoundsBody,
    feed: Feed,
    attestations: Vec<AttestationAnswer>,
}

#[derive(Serialize, ToSchema)]
struct AttestationAnswer {
    domain: String,
    attested_by: String,
    text_version: u32,
    given_at: String,
    expires_at: String,
}

impl From<Policy> for PolicyAnswer {
    fn from(policy: Policy) -> Self {
        Self {
            detail_cap: policy.detail_cap.into(),
            part2: policy.part2 == Part2::Yes,
            providers: named(policy.providers, Provider::from),
            account_domains: named(policy.account_domains, |domain| domain),
            window: policy.window.into(),
            feed: policy.feed.into(),
            attestations: policy.attestations.into_iter().map(AttestationAnswer::from).collect(),
        }
    }
}

impl From<Attestation> for AttestationAnswer {
    fn from(given: Attestation) -> Self {
        Self {
            domain: given.domain,
            attested_by: given.attested_by,
            text_version: given.text_version,
            given_at: given.given_at.to_string(),
            expires_at: given.expires_at.to_string(),
        }
    }
}

fn named<T, N>(allowed: Allowed<T>, name: impl Fn(T) -> N) -> Option<Vec<N>> {
    match allowed {
        Allowed::All => None,
        Allowed::Only(some) => Some(some.into_iter().map(name).collect()),
    }
}

/// The policy that a body asks for. An attestation that stands already keeps the time at which it was given, so that the
/// same request twice changes nothing.
pub(crate) fn policy(
    body: JsonBody<PracticeBody>,
    before: &Policy,
    now: Timestamp,
) -> Result<Policy, Vec<Fault>> {
    let JsonBody { read: PracticeBody { policy }, mut faults } = body;
    let window = WindowDays::new(policy.window.past_days, policy.window.future_days);
    if window.is_none() {
        faults.push(fault("window", "expected 0 to 3650 past days and 1 to 1826 future days"));
    }
    let account_domains = policy.account_domains.map(|names| domains(&names, &mut faults));
    let attestations = attestations(policy.attestations, before, now, &mut faults);
    let providers = policy.providers.map(|some| some.into_iter().map(domain::Provider::from).collect());
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Policy {
        detail_cap: policy.detail_cap.into(),
        part2: if policy.part2 { Part2::Yes } else { Part2::No },
        providers: providers.map_or(Allowed::All, Allowed::Only),
        account_domains: account_domains.map_or(Allowed::All, Allowed::Only),
        window: window.unwrap_or(WindowDays::WIDEST),
        feed: policy.feed.into(),
        attestations,
    })
}

fn domains(names: &[String], faults: &mut Vec<Fault>) -> BTreeSet<String> {
    if names.len() > MOST_NAMES {
        faults.push(fault("account_domains", "at most 200 are kept"));
    }
    let read = names.iter().enumerate().filter_map(|(at, name)| {
        let read = domain_of(name);
        if read.is_none() {
            faults.push(fault(&format!("account_domains/{at}"), "expected a domain such as example.org"));
        }
        read
    });
    read.collect()
}

fn attestations(
    given: Vec<AttestationBody>,
    before: &Policy,
    now: Timestamp,
    faults: &mut Vec<Fault>,
) -> Vec<Attestation> {
    if given.len() > MOST_NAMES {
        faults.push(fault("attestations", "at most 200 are kept"));
    }
    let mut read: Vec<Attestation> = Vec::new();
    for (at, body) in given.into_iter().enumerate() {
        match attestation(&body, before, now) {
            Err((place, why)) => faults.push(fault(&format!("attestations/{at}/{place}"), why)),
            Ok(one) if read.iter().any(|other| other.domain == one.domain) => {
                faults.push(fault(&format!("attestations/{at}/domain"), "is there twice"));
            }
            Ok(one) => read.push(one),
        }
    }
    read.sort_unstable_by(|one, other| one.domain.cmp(&other.domain));
    read
}

fn attestation(
    body: &AttestationBody,
    before: &Policy,
    now: Timestamp,
) -> Result<Attestation, (&'static str, &'static str)> {
    let domain = domain_of(&body.domain).ok_or(("domain", "expected a domain such as example.org"))?;
    let attested_by = body.attested_by.trim().to_owned();
    if attested_by.is_empty() || attested_by.chars().count() > MOST_NAME_CHARS {
        return Err(("attested_by", "expected a name of at most 200 characters"));
    }
    let text_version = body.text_version.unwrap_or(Attestation::TEXT_VERSION);
    let same = |known: &&Attestation| {
        known.domain == domain && known.attested_by == attested_by && known.text_version == text_version
    };
    let known = before.attestations.iter().find(same);
    let given_at = body.given_at.or(known.map(|known| known.given_at)).unwrap_or(now);
    let in_a_year = given_at.checked_add(YEAR).unwrap_or(Timestamp::MAX);
    let kept = known.filter(|known| known.given_at == given_at).map(|known| known.expires_at);
    let expires_at = body.expires_at.or(kept).unwrap_or(in_a_year);
    if expires_at <= given_at || expires_at.duration_since(given_at) > MOST_HELD {
        return Err(("expires_at", "expected a time after given_at, and at most five years after"));
    }
    Ok(Attestation { domain, attested_by, text_version, given_at, expires_at })
}

/// A domain or a server's name, as accounts are compared with it.
pub(crate) fn domain_of(text: &str) -> Option<String> {
    let domain = AccountHome::new(AccountKind::Server, text).domain;
    let is_plain = |c: char| c.is_alphanumeric() || "-._:[]".contains(c);
    let fits = !domain.is_empty() && domain.len() <= MOST_DOMAIN_CHARS && domain.chars().all(is_plain);
    fits.then_some(domain)
}

fn fault(place: &str, detail: &str) -> Fault {
    Fault { pointer: format!("/policy/{place}"), detail: detail.to_owned() }
}
