//! The EHRs of this world, as signers of launches: each practice has a key of its own, made once a process.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::RETURN_URL;

/// The world's clock stands at this second.
pub const NOW: i64 = 1_791_810_312;

static DEMO: LazyLock<EcdsaKeyPair> = LazyLock::new(pair);
static OTHER: LazyLock<EcdsaKeyPair> = LazyLock::new(pair);

fn pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

fn of(practice: &str) -> &'static EcdsaKeyPair {
    if practice == "demo" { &DEMO } else { &OTHER }
}

pub fn keys(practice: &str) -> String {
    let point = of(practice).public_key().as_ref()[1..].to_vec();
    let (x, y) = point.split_at(32);
    json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k1", "x": encode(x), "y": encode(y)}]}).to_string()
}

/// Good claims of `prac-1` of `demo`, with these over them.
#[expect(clippy::needless_pass_by_value, reason = "tests write it in place")]
pub fn claims(more: Value) -> Value {
    let mut claims = json!({"iss": "https://demo.ehr.example", "aud": "http://localhost", "sub": "Practitioner/prac-1",
        "tenant": "demo", "role": "clinician", "return_url": RETURN_URL, "iat": NOW, "nbf": NOW, "exp": NOW + 120,
        "jti": format!("lt_{}", more)});
    claims.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    claims
}

/// What the practice's EHR signs.
pub fn token(practice: &str, claims: &Value) -> String {
    let header = json!({"alg": "ES256", "typ": "JWT", "kid": "k1"});
    let text = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = of(practice).sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", encode(signature))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
