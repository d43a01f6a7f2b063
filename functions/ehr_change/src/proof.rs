//! Proves who sent a hook: Standard Webhooks signatures, or the secret itself as a bearer token. Everything secret is
//! compared in constant time, and nothing is parsed before it is proven.

use std::collections::HashMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daybook_core::ids::PracticeId;
use jiff::Timestamp;

const PREFIX: &str = "whsec_";
/// A message older, or younger, than this is not accepted: it may be a replay.
const TOLERANCE_S: i64 = 300;
/// More signatures in one header than this are not looked at.
const MOST_SIGNATURES: usize = 16;

/// A hook's secret. Prints nothing of itself.
#[derive(Clone)]
pub struct HookSecret {
    signing: hmac::Key,
    bearer: String,
}

impl std::fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookSecret([redacted])")
    }
}

/// The text is no secret of Standard Webhooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a hook secret is `whsec_` and the base64 of 24 to 64 bytes")]
pub struct BadSecret;

impl HookSecret {
    /// Reads `whsec_...`.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let bearer = text.strip_prefix(PREFIX).ok_or(BadSecret)?;
        let bytes = STANDARD.decode(bearer).map_err(|_| BadSecret)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(BadSecret);
        }
        Ok(Self { signing: hmac::Key::new(hmac::HMAC_SHA256, &bytes), bearer: bearer.to_owned() })
    }
}

/// The live secrets of each practice: usually one, two while one is being replaced.
#[derive(Clone, Debug, Default)]
pub struct HookKeys {
    keys: HashMap<PracticeId, Vec<HookSecret>>,
}

impl HookKeys {
    /// Accepts this secret for this practice, beside those that it has.
    pub fn add(&mut self, practice: PracticeId, secret: HookSecret) {
        self.keys.entry(practice).or_default().push(secret);
    }

    /// The secrets of a practice, if it is one of ours.
    pub(crate) fn of(&self, practice: &PracticeId) -> Option<&[HookSecret]> {
        self.keys.get(practice).map(Vec::as_slice)
    }
}

/// Whether one of the secrets signed this body lately. Answers the message's id.
pub(crate) fn signed(
    secrets: &[HookSecret],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let (id, timestamp) = (text("webhook-id")?, text("webhook-timestamp")?);
    let sent_s: i64 = timestamp.parse().ok()?;
    if now.as_second().abs_diff(sent_s) > TOLERANCE_S.unsigned_abs() || id.is_empty() {
        return None;
    }
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let given = text("webhook-signature")?.split(' ').take(MOST_SIGNATURES);
    let versions = given.filter_map(|signature| signature.strip_prefix("v1,"));
    let mut tags = versions.filter_map(|tag| STANDARD.decode(tag).ok());
    let proven = tags.any(|tag| secrets.iter().any(|key| hmac::verify(&key.signing, &signed, &tag).is_ok()));
    proven.then(|| id.to_owned())
}

/// Whether the `Authorization` header carries one of the secrets.
pub(crate) fn bears(secrets: &[HookSecret], headers: &HeaderMap) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some((scheme, token)) = given.split_once(' ') else { return false };
    let token = token.trim().as_bytes();
    let matches = |key: &HookSecret| verify_slices_are_equal(key.bearer.as_bytes(), token).is_ok();
    scheme.eq_ignore_ascii_case("bearer") && secrets.iter().any(matches)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "evt_01JA0V3M8E7Q";
    const SENT: &str = "1791810312";
    const SIGNATURE: &str = "v1,NmYye+atm07GtYj3CwJUU97IPDkIVnMZTFMG/8XSLXk=";
    const BODY: &str = r#"{"type":"appointment.updated","timestamp":"2026-10-12T13:05:11.204Z","data":{"id":"7001","version":"4","practitioner_id":"12","changed_fields":["start","end"]}}"#;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn check(signature: &str, body: &str, late_s: i64, secrets: &[&str]) -> bool {
        let headers =
            headers(&[("webhook-id", ID), ("webhook-timestamp", SENT), ("webhook-signature", signature)]);
        let secrets: Vec<_> = secrets.iter().map(|text| HookSecret::parse(text).unwrap()).collect();
        let now = Timestamp::from_second(SENT.parse::<i64>().unwrap() + late_s).unwrap();
        signed(&secrets, &headers, body.as_bytes(), now).as_deref() == Some(ID)
    }

    #[test]
    fn the_acceptance_vectors_of_the_signed_hook() {
        let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let rotated = format!("v1,AAAA {SIGNATURE}");
        let flipped = BODY.replace("7001", "7002");
        for (name, signature, body, late_s, secrets, expected) in [
            ("as sent", SIGNATURE, BODY, 0, vec![SECRET], true),
            ("one byte changed", SIGNATURE, flipped.as_str(), 0, vec![SECRET], false),
            ("300 s late", SIGNATURE, BODY, 300, vec![SECRET], true),
            ("301 s late", SIGNATURE, BODY, 301, vec![SECRET], false),
            ("300 s early", SIGNATURE, BODY, -300, vec![SECRET], true),
            ("301 s early", SIGNATURE, BODY, -301, vec![SECRET], false),
            ("sender rotates", rotated.as_str(), BODY, 0, vec![SECRET], true),
            ("we rotate", SIGNATURE, BODY, 0, vec![other, SECRET], true),
            ("another's secret", SIGNATURE, BODY, 0, vec![other], false),
            ("another version", &SIGNATURE.replace("v1,", "v1a,"), BODY, 0, vec![SECRET], false),
            ("no signature", "", BODY, 0, vec![SECRET], false),
        ] {
            assert_eq!(check(signature, body, late_s, &secrets), expected, "{name}");
        }
    }

    /// The reference implementation signs; we verify. It cannot be given a clock, so we only take its signature.
    #[test]
    fn agrees_with_the_reference_implementation() {
        let theirs = standardwebhooks::Webhook::new(SECRET).unwrap();
        for body in ["", "{}", BODY, "{\"\u{e9}\":\"\u{1f600}\"}"] {
            let signature = theirs.sign(ID, SENT.parse().unwrap(), body.as_bytes()).unwrap();
            assert!(check(&signature, body, 0, &[SECRET]));
        }
    }

    #[test]
    fn secrets_of_standard_webhooks_only() {
        for (text, good) in [
            (SECRET, true),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
            ("whsec_", false),
            ("whsec_c2hvcnQ=", false),
            ("whsec_!!", false),
        ] {
            assert_eq!(HookSecret::parse(text).is_ok(), good, "{text}");
        }
        assert_eq!(format!("{:?}", HookSecret::parse(SECRET).unwrap()), "HookSecret([redacted])");
    }

    #[test]
    fn the_base64_part_is_the_bearer_token() {
        let secrets = [HookSecret::parse(SECRET).unwrap()];
        for (value, expected) in [
            ("Bearer MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true),
            ("bearer MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true),
            ("Bearer MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", false),
            ("Bearer", false),
            ("Basic MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
            ("Bearer whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
        ] {
            assert_eq!(bears(&secrets, &headers(&[("authorization", value)])), expected, "{value}");
        }
        assert!(!bears(&secrets, &HeaderMap::new()));
    }
}
