//! What an ID token says about who signed in. Its signature is not checked: it came straight from the token endpoint,
//! over TLS, which is enough (`OpenID` Connect Core 3.1.3.7, rule 6). Never give it a token from anywhere else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Claims about the person; each provider sends some of them.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Claims {
    /// Names the account, for ever; at Microsoft only within one application.
    pub sub: String,
    #[serde(default)]
    pub email: Option<String>,
    /// Google: the domain of the organisation that the account belongs to.
    #[serde(default)]
    pub hd: Option<String>,
    /// Microsoft: the tenant that the account belongs to.
    #[serde(default)]
    pub tid: Option<String>,
    /// Microsoft: names the account within its tenant, for ever.
    #[serde(default)]
    pub oid: Option<String>,
    /// Microsoft: how the person signs in.
    #[serde(default)]
    pub preferred_username: Option<String>,
}

/// The claims of an ID token that the token endpoint has just given us. `None` where it holds none.
pub fn claims(id_token: &SecretString) -> Option<Claims> {
    let payload = id_token.expose_secret().split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}
