//! What a practice's notices are signed with. It opens nothing: whoever delivers notices holds no other key.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

const PREFIX: &str = "whsec_";

/// A secret of Standard Webhooks. Prints nothing of itself.
#[derive(Clone)]
pub struct NoticeSecret(hmac::Key);

impl std::fmt::Debug for NoticeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NoticeSecret([redacted])")
    }
}

/// The text is no secret of Standard Webhooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a notice secret is `whsec_` and the base64 of 24 to 64 bytes")]
pub struct BadSecret;

impl NoticeSecret {
    /// Reads `whsec_...`.
    pub fn parse(text: &SecretString) -> Result<Self, BadSecret> {
        let encoded = text.expose_secret().strip_prefix(PREFIX).ok_or(BadSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| BadSecret)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(BadSecret);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// One signature for one attempt.
    pub(crate) fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let signed = [id.as_bytes(), b".", at.as_second().to_string().as_bytes(), b".", body].concat();
        format!("v1,{}", STANDARD.encode(hmac::sign(&self.0, &signed)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_reference_implementation_signs_alike() {
        let theirs = standardwebhooks::Webhook::new(SECRET).unwrap();
        let ours = NoticeSecret::parse(&SECRET.to_owned().into()).unwrap();
        let at = Timestamp::from_second(1_791_810_312).unwrap();
        for body in ["", "{}", "{\"\u{e9}\":\"\u{1f600}\"}"] {
            let signature = theirs.sign("ntc_1", at.as_second(), body.as_bytes()).unwrap();
            assert_eq!(ours.sign("ntc_1", at, body.as_bytes()), signature);
        }
    }

    #[test]
    fn secrets_of_standard_webhooks_only_and_never_shown() {
        for (text, good) in [
            (SECRET, true),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
            ("whsec_", false),
            ("whsec_c2hvcnQ=", false),
            ("whsec_!!", false),
        ] {
            assert_eq!(NoticeSecret::parse(&text.to_owned().into()).is_ok(), good, "{text}");
        }
        let secret = NoticeSecret::parse(&SECRET.to_owned().into()).unwrap();
        assert_eq!(format!("{secret:?}"), "NoticeSecret([redacted])");
    }
}
