//! How the EHR sends a person to the calendar sync: a short-lived token, signed with the practice's own key. The key is
//! made once and kept in the practice's file; its public half is for whoever must check the signature.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::store::random_hex;

/// Half of what the other side takes.
const HOLDS_S: i64 = 60;

/// Where people are sent to.
#[derive(Clone, Debug)]
pub struct LaunchTarget {
    /// Takes the form.
    pub url: Url,
    /// As what the other side knows itself.
    pub audience: String,
    /// As what the other side knows the practice.
    pub tenant: String,
    /// As what the other side knows this EHR.
    pub issuer: String,
    /// Where this EHR's own settings are, for the way back.
    pub return_url: Url,
}

/// The practice's key.
pub(super) struct LaunchKey {
    pair: EcdsaKeyPair,
    id: String,
}

/// The key cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[error("the practice's launch key cannot be used")]
pub struct BadKey;

/// Who is sent, as what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Sent {
    Clinician(String),
    /// Somebody of the front desk who acts for a clinician.
    Delegate(String),
    Admin,
}

impl LaunchKey {
    /// The bytes of a new key, to be kept.
    pub(super) fn make() -> Result<Vec<u8>, BadKey> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        made.map(|bytes| bytes.as_ref().to_vec()).map_err(|_| BadKey)
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, BadKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes).map_err(|_| BadKey)?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, pair.public_key().as_ref());
        let id = encode(digest.as_ref().get(..9).unwrap_or_default());
        Ok(Self { pair, id })
    }

    /// The public half as a JWK Set (RFC 7517).
    pub(super) fn public(&self) -> Value {
        // Uncompressed: one byte that says so, then both halves (SEC 1 section 2.3.3).
        let point = self.pair.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = point.split_at(point.len() / 2);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id, "x": encode(x), "y": encode(y),
        }]})
    }

    /// A token for this person, now.
    pub(super) fn token(&self, target: &LaunchTarget, sent: &Sent, now: Timestamp) -> Result<String, BadKey> {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.id});
        let text =
            format!("{}.{}", encode(header.to_string()), encode(claims(target, sent, now).to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).map_err(|_| BadKey)?;
        Ok(format!("{text}.{}", encode(signature)))
    }
}

fn claims(target: &LaunchTarget, sent: &Sent, now: Timestamp) -> Value {
    let LaunchTarget { audience, tenant, issuer, return_url, .. } = target;
    let (subject, role, actor) = match sent {
        Sent::Clinician(id) => (format!("Practitioner/{id}"), "clinician", format!("User/{id}")),
        Sent::Delegate(id) => (format!("Practitioner/{id}"), "delegate", "User/front-desk".to_owned()),
        Sent::Admin => ("User/office".to_owned(), "practice_admin", "User/office".to_owned()),
    };
    let issued = now.as_second();
    json!({
        "iss": issuer, "aud": audience, "sub": subject, "tenant": tenant, "role": role, "act": {"sub": actor},
        "intent": "calendar-sync-settings", "return_url": return_url, "iat": issued, "nbf": issued,
        "exp": issued + HOLDS_S, "jti": format!("lt_{}", random_hex()),
    })
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
