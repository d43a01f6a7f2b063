//! The claims as they stand in a token, and as the core knows them. A token that cannot be read says nothing.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use daybook_core::launch::Claims;
use jiff::Timestamp;
use jsonwebtoken::errors::{Error, ErrorKind};
use serde::Deserialize;

/// Longer tokens are not looked at.
pub(crate) const MOST_TOKEN_BYTES: usize = 8 * 1024;

/// Why a token proves nothing; for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unproven {
    #[error("the launch is no signed token")]
    Form,
    #[error("the launch names no key of this practice, or another algorithm than that key's")]
    Key,
    #[error("the signature of the launch does not hold")]
    Signature,
    #[error("the launch lacks a claim, or has one of the wrong form")]
    Claims,
}

impl Unproven {
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::Json(_) => Self::Claims,
            _ => Self::Form,
        }
    }
}

/// What a token says of its origin, before anything is proven: enough to know whose keys to ask.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Peek {
    #[serde(rename = "iss")]
    pub issuer: String,
    pub tenant: Option<String>,
}

/// Reads what is not proven.
pub fn peek(token: &str) -> Option<Peek> {
    let mut parts = token.split('.');
    let (Some(_), Some(body), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    if token.len() > MOST_TOKEN_BYTES {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

/// Claims that are not listed here are not read.
#[derive(Deserialize)]
pub(crate) struct WireClaims {
    iss: String,
    aud: Audience,
    sub: String,
    tenant: Option<String>,
    role: String,
    act: Option<Actor>,
    return_url: Option<String>,
    iat: i64,
    nbf: Option<i64>,
    exp: i64,
    jti: String,
}

/// One or several (RFC 7519 section 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Who acts for the subject (RFC 8693 section 4.1).
#[derive(Deserialize)]
struct Actor {
    sub: String,
}

impl TryFrom<WireClaims> for Claims {
    type Error = Unproven;

    fn try_from(wire: WireClaims) -> Result<Self, Unproven> {
        let at = |second: i64| Timestamp::from_second(second).map_err(|_| Unproven::Claims);
        Ok(Self {
            issuer: wire.iss,
            audiences: match wire.aud {
                Audience::One(one) => vec![one],
                Audience::Several(several) => several,
            },
            subject: wire.sub,
            tenant: wire.tenant,
            role: wire.role,
            actor: wire.act.map(|actor| actor.sub),
            return_url: wire.return_url,
            issued_at: at(wire.iat)?,
            not_before: wire.nbf.map(at).transpose()?,
            expires_at: at(wire.exp)?,
            id: wire.jti,
        })
    }
}
