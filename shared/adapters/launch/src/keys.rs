//! An EHR's public keys, each for the one algorithm that its kind allows: a token chooses among keys, never among
//! algorithms (RFC 8725 section 3.1).

use daybook_core::launch::Claims;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use crate::claims::{MOST_TOKEN_BYTES, Unproven, WireClaims};

/// More keys than an EHR needs while it replaces one.
const MOST_KEYS: usize = 20;
/// Shorter RSA keys are no longer safe (NIST SP 800-131A).
const LEAST_RSA_BITS: usize = 2_048;

/// Why a key set cannot be used; it quotes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadKeys {
    #[error("a JSON Web Key Set, {{\"keys\": [...]}}")]
    Form,
    #[error("1 to 20 keys")]
    Number,
    #[error("keys that each have a `kid` of their own")]
    Names,
    #[error("public keys for ES256, ES384, RS256 (of at least 2048 bits) or EdDSA")]
    Kind,
}

/// The keys, by their `kid`.
pub struct KeySet {
    keys: Vec<Key>,
}

struct Key {
    id: String,
    algorithm: Algorithm,
    public: DecodingKey,
}

impl KeySet {
    /// Reads a JWK Set (RFC 7517 section 5).
    pub fn parse(text: &str) -> Result<Self, BadKeys> {
        let set: JwkSet = serde_json::from_str(text).map_err(|_| BadKeys::Form)?;
        if !(1..=MOST_KEYS).contains(&set.keys.len()) {
            return Err(BadKeys::Number);
        }
        let keys = set.keys.iter().map(Key::of).collect::<Result<Vec<_>, _>>()?;
        let is_twin =
            |(index, key): (usize, &Key)| keys.iter().skip(index + 1).any(|other| other.id == key.id);
        if keys.iter().enumerate().any(is_twin) {
            return Err(BadKeys::Names);
        }
        Ok(Self { keys })
    }

    /// The claims of a token that one of these keys has signed.
    pub fn read(&self, token: &str) -> Result<Claims, Unproven> {
        if token.len() > MOST_TOKEN_BYTES {
            return Err(Unproven::Form);
        }
        let header = decode_header(token).map_err(|_| Unproven::Form)?;
        let id = header.kid.ok_or(Unproven::Key)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or(Unproven::Key)?;
        if header.alg != key.algorithm {
            return Err(Unproven::Key);
        }
        let read = decode::<WireClaims>(token, &key.public, &key.validation());
        read.map_err(|error| Unproven::of(&error))?.claims.try_into()
    }
}

impl Key {
    fn of(jwk: &Jwk) -> Result<Self, BadKeys> {
        let id = jwk.common.key_id.clone().filter(|id| !id.is_empty()).ok_or(BadKeys::Names)?;
        let algorithm = algorithm(&jwk.algorithm).ok_or(BadKeys::Kind)?;
        let public = DecodingKey::from_jwk(jwk).map_err(|_| BadKeys::Kind)?;
        Ok(Self { id, algorithm, public })
    }

    /// The signature only: times and names are the core's to check, on its own clock.
    fn validation(&self) -> Validation {
        let mut validation = Validation::new(self.algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation
    }
}

/// The one algorithm of a key of this kind. Secret keys have none: whoever can check with them can also sign.
fn algorithm(parameters: &AlgorithmParameters) -> Option<Algorithm> {
    match parameters {
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => Some(Algorithm::ES256),
            EllipticCurve::P384 => Some(Algorithm::ES384),
            _ => None,
        },
        // Four letters of base64 hold three bytes.
        AlgorithmParameters::RSA(key) => (key.n.len() * 6 >= LEAST_RSA_BITS).then_some(Algorithm::RS256),
        AlgorithmParameters::OctetKeyPair(key) => {
            (key.curve == EllipticCurve::Ed25519).then_some(Algorithm::EdDSA)
        }
        _ => None,
    }
}
