//! Standard Webhooks signatures, version `v1`: HMAC-SHA256 over `id.timestamp.body`. Only the sender's
//! half lives here.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use url::Url;

/// Where messages go, and the shared secret that signs them.
#[derive(Clone)]
pub struct HookTarget {
    url: Url,
    key: hmac::Key,
}

/// The secret is not `whsec_` followed by base64.
#[derive(Debug, thiserror::Error)]
#[error("the hook secret must be whsec_ followed by base64")]
pub struct BadSecret;

impl HookTarget {
    /// `secret` is written `whsec_` + base64, as Standard Webhooks hands secrets out.
    pub fn new(url: Url, secret: &str) -> Result<Self, BadSecret> {
        let bytes = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.filter(|bytes| !bytes.is_empty()).ok_or(BadSecret)?;
        Ok(Self { url, key: hmac::Key::new(hmac::HMAC_SHA256, &bytes) })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The `webhook-signature` header for one attempt.
    pub(super) fn sign(&self, id: &str, at: Timestamp, body: &str) -> String {
        let content = format!("{id}.{}.{body}", at.as_second());
        format!("v1,{}", STANDARD.encode(hmac::sign(&self.key, content.as_bytes())))
    }
}

impl fmt::Debug for HookTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookTarget").field("url", &self.url.as_str()).field("key", &"[redacted]").finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn target(secret: &str) -> Result<HookTarget, BadSecret> {
        HookTarget::new("http://127.0.0.1:1/hooks".parse().unwrap(), secret)
    }

    #[test]
    fn known_vectors_are_met() {
        for (secret, id, at, body, expected) in [
            (
                "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ] {
            let at = Timestamp::from_second(at).unwrap();
            assert_eq!(target(secret).unwrap().sign(id, at, body), expected);
        }
    }

    #[test]
    fn a_secret_is_checked_and_never_shown() {
        for bad in ["", "whsec_", "whsec_%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(target(bad).is_err(), "{bad}");
        }
        let shown = format!("{:?}", target("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        assert!(shown.contains("[redacted]") && !shown.contains("MfKQ"), "{shown}");
    }
}
