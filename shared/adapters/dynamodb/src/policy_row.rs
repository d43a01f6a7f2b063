//! A practice's policy as JSON in its row. Fields are only ever added, with a default that allows no more than before.

use daybook_core::connection::Provider;
use daybook_core::detail::{Detail, Part2};
use daybook_core::policy::{Allowed, Attestation, Feed, Policy};
use daybook_core::window::WindowDays;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::Broken;
use crate::words::Word;

/// `None` in a list of names: all are allowed.
#[derive(Serialize, Deserialize)]
pub struct PolicyRow {
    #[serde(with = "crate::words")]
    detail_cap: Detail,
    #[serde(with = "crate::words")]
    part2: Part2,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    providers: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_domains: Option<Vec<String>>,
    past_days: u16,
    future_days: u16,
    #[serde(with = "crate::words")]
    feed: Feed,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attestations: Vec<AttestationRow>,
}

#[derive(Serialize, Deserialize)]
struct AttestationRow {
    domain: String,
    attested_by: String,
    text_version: u32,
    given_at: Timestamp,
    expires_at: Timestamp,
}

impl From<&Policy> for PolicyRow {
    fn from(policy: &Policy) -> Self {
        Self {
            detail_cap: policy.detail_cap,
            part2: policy.part2,
            providers: named(&policy.providers, |provider| provider.word().to_owned()),
            account_domains: named(&policy.account_domains, String::clone),
            past_days: policy.window.past_days(),
            future_days: policy.window.future_days(),
            feed: policy.feed,
            attestations: policy.attestations.iter().map(AttestationRow::from).collect(),
        }
    }
}

impl TryFrom<PolicyRow> for Policy {
    type Error = Broken;

    fn try_from(row: PolicyRow) -> Result<Self, Broken> {
        let window = WindowDays::new(row.past_days.into(), row.future_days.into());
        Ok(Self {
            detail_cap: row.detail_cap,
            part2: row.part2,
            providers: allowed(row.providers, |word| Provider::from_word(&word)),
            account_domains: allowed(row.account_domains, Some),
            window: window.ok_or(Broken::Attribute("policy"))?,
            feed: row.feed,
            attestations: row.attestations.into_iter().map(Attestation::from).collect(),
        })
    }
}

impl From<&Attestation> for AttestationRow {
    fn from(given: &Attestation) -> Self {
        Self {
            domain: given.domain.clone(),
            attested_by: given.attested_by.clone(),
            text_version: given.text_version,
            given_at: given.given_at,
            expires_at: given.expires_at,
        }
    }
}

impl From<AttestationRow> for Attestation {
    fn from(row: AttestationRow) -> Self {
        Self {
            domain: row.domain,
            attested_by: row.attested_by,
            text_version: row.text_version,
            given_at: row.given_at,
            expires_at: row.expires_at,
        }
    }
}

fn named<T>(allowed: &Allowed<T>, name: impl Fn(&T) -> String) -> Option<Vec<String>> {
    match allowed {
        Allowed::All => None,
        Allowed::Only(some) => Some(some.iter().map(name).collect()),
    }
}

/// A name that this program does not know is one that it cannot reach either.
fn allowed<T: Ord>(names: Option<Vec<String>>, read: impl Fn(String) -> Option<T>) -> Allowed<T> {
    names.map_or(Allowed::All, |names| Allowed::Only(names.into_iter().filter_map(read).collect()))
}
