//! Standard Webhooks, the receiver's half: who knows the secret has sent it, lately. It reads no body.

use std::sync::{PoisonError, RwLock};

use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::ehr::BadSecret;

/// A message older, or younger, than this may be a replay.
const TOLERANCE_S: u64 = 300;

/// Whose notices are believed: nobody's, until a secret is given.
#[derive(Default)]
pub(in crate::ehr) struct Trust(RwLock<Option<hmac::Key>>);

impl Trust {
    pub(in crate::ehr) fn give(&self, secret: &str) -> Result<(), BadSecret> {
        let bytes = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.filter(|bytes| !bytes.is_empty()).ok_or(BadSecret)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(key);
        Ok(())
    }

    /// The message's id, if its signature holds.
    pub(super) fn proven(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Option<String> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let (id, sent) = (text("webhook-id")?, text("webhook-timestamp")?);
        if now.as_second().abs_diff(sent.parse().ok()?) > TOLERANCE_S {
            return None;
        }
        let signed = [id.as_bytes(), b".", sent.as_bytes(), b".", body].concat();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let key = known.as_ref()?;
        let mut given =
            text("webhook-signature")?.split(' ').take(16).filter_map(|one| one.strip_prefix("v1,"));
        let holds =
            given.any(|tag| STANDARD.decode(tag).is_ok_and(|tag| hmac::verify(key, &signed, &tag).is_ok()));
        holds.then(|| id.to_owned())
    }
}
