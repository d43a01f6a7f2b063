//! Tokens signed by another hand than the one that reads them: only the right key, by the right algorithm, proves one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use daybook_launch::{BadKeys, KeySet, Peek, Unproven, peek};
use serde_json::{Value, json};

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn claims() -> Value {
    json!({"iss": "https://ehr.example", "aud": "https://sync.example.org", "sub": "Practitioner/prac-12", "tenant": "demo",
        "role": "delegate", "act": {"sub": "User/9"}, "return_url": "https://ehr.example/", "tz": "America/New_York",
        "iat": 1_791_810_312, "nbf": 1_791_810_312, "exp": 1_791_810_432, "jti": "lt_1"})
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A key with what signs by it.
struct Signer {
    jwk: Value,
    alg: &'static str,
    sign: Sign,
}

impl Signer {
    fn token(&self) -> String {
        self.token_of(&json!({"alg": self.alg, "typ": "JWT", "kid": "k1"}), &claims())
    }

    fn token_of(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = encode((self.sign)(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn keys(&self) -> String {
        json!({"keys": [self.jwk]}).to_string()
    }
}

fn elliptic(alg: &'static str, curve: &str, algorithm: &'static EcdsaSigningAlgorithm) -> Signer {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let point = pair.public_key().as_ref()[1..].to_vec();
    let (x, y) = point.split_at(point.len() / 2);
    let jwk = json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y), "kid": "k1", "use": "sig"});
    let sign = move |text: &[u8]| pair.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec();
    Signer { jwk, alg, sign: Box::new(sign) }
}

fn edwards() -> Signer {
    let pair = Ed25519KeyPair::generate().unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()), "kid": "k1"});
    Signer { jwk, alg: "EdDSA", sign: Box::new(move |text| pair.sign(text).as_ref().to_vec()) }
}

fn rsa() -> Signer {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = pair.public_key();
    let (n, e) = (public.modulus().big_endian_without_leading_zero().to_vec(), public.exponent());
    let e = e.big_endian_without_leading_zero().to_vec();
    let jwk = json!({"kty": "RSA", "n": encode(n), "e": encode(e), "kid": "k1", "alg": "RS256"});
    let sign = move |text: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).unwrap();
        signature
    };
    Signer { jwk, alg: "RS256", sign: Box::new(sign) }
}

fn p256() -> Signer {
    elliptic("ES256", "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING)
}

#[test]
fn each_algorithm_proves_its_own_tokens() {
    for signer in [p256(), elliptic("ES384", "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING), edwards(), rsa()] {
        let read = KeySet::parse(&signer.keys()).unwrap().read(&signer.token());
        let claims = read.unwrap_or_else(|error| panic!("{}: {error}", signer.alg));
        assert_eq!((&*claims.subject, claims.actor.as_deref()), ("Practitioner/prac-12", Some("User/9")));
        assert_eq!(claims.expires_at.as_second() - claims.issued_at.as_second(), 120);
    }
}

#[test]
fn what_is_signed_otherwise_proves_nothing() {
    let (ours, other) = (p256(), p256());
    let keys = KeySet::parse(&ours.keys()).unwrap();
    let header = json!({"alg": "ES256", "kid": "k1"});
    let bent = ours.token().replacen("ey", "eY", 1);
    let unsigned = format!(
        "{}.{}.",
        encode(json!({"alg": "none", "kid": "k1"}).to_string()),
        encode(claims().to_string())
    );
    // The public key, taken for a secret: the classic confusion.
    let secret = hmac::Key::new(hmac::HMAC_SHA256, ours.keys().as_bytes());
    let mac = Signer {
        jwk: json!({}),
        alg: "HS256",
        sign: Box::new(move |text| hmac::sign(&secret, text).as_ref().to_vec()),
    };
    for (what, token, expected) in [
        ("another key", other.token(), Unproven::Signature),
        ("another kid", ours.token_of(&json!({"alg": "ES256", "kid": "k2"}), &claims()), Unproven::Key),
        (
            "a path for a kid",
            ours.token_of(&json!({"alg": "ES256", "kid": "../k1"}), &claims()),
            Unproven::Key,
        ),
        ("no kid", ours.token_of(&json!({"alg": "ES256"}), &claims()), Unproven::Key),
        ("another algorithm", ours.token_of(&json!({"alg": "ES384", "kid": "k1"}), &claims()), Unproven::Key),
        ("a shared secret", mac.token(), Unproven::Key),
        ("no signature", unsigned, Unproven::Form),
        ("a changed header", bent, Unproven::Form),
        ("no token", "launch".into(), Unproven::Form),
        ("nothing", String::new(), Unproven::Form),
        ("too long a token", "x".repeat(9_000), Unproven::Form),
        ("claims missing", ours.token_of(&header, &json!({"iss": "https://ehr.example"})), Unproven::Claims),
    ] {
        assert_eq!(keys.read(&token).err(), Some(expected), "{what}");
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused_when_they_are_given() {
    let jwk = p256().jwk;
    let mut nameless = jwk.clone();
    nameless.as_object_mut().unwrap().remove("kid");
    let many: Vec<Value> = (0..21).map(|_| jwk.clone()).collect();
    for (what, keys, expected) in [
        ("no JSON", "keys".to_owned(), BadKeys::Form),
        ("no set", jwk.to_string(), BadKeys::Form),
        ("none", json!({"keys": []}).to_string(), BadKeys::Number),
        ("too many", json!({"keys": many}).to_string(), BadKeys::Number),
        ("without a name", json!({"keys": [nameless]}).to_string(), BadKeys::Names),
        ("twins", json!({"keys": [jwk, jwk]}).to_string(), BadKeys::Names),
        (
            "a secret",
            json!({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}]}).to_string(),
            BadKeys::Kind,
        ),
        (
            "a short one",
            json!({"keys": [{"kty": "RSA", "n": encode([7; 128]), "e": "AQAB", "kid": "k1"}]}).to_string(),
            BadKeys::Kind,
        ),
    ] {
        assert_eq!(KeySet::parse(&keys).err(), Some(expected), "{what}");
    }
}

#[test]
fn whose_token_it_claims_to_be_is_read_without_proof() {
    let expected = Peek { issuer: "https://ehr.example".into(), tenant: Some("demo".into()) };
    assert_eq!(peek(&p256().token()), Some(expected));
    for token in ["", "a.b", "a.!.c", "a.e30.c.d"] {
        assert_eq!(peek(token), None, "{token}");
    }
}
