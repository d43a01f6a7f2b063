//! Credentials as the JSON that gets sealed or becomes part of a secret. It exists only on its way in and out.

use daybook_core::connection::Provider;
use daybook_engine::ports::Credentials;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Room enough that writing never moves, so that no copy stays behind in freed memory.
pub const ROOM: usize = 16 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Written<'a> {
    Caldav {
        url: &'a str,
        username: &'a str,
        password: &'a str,
        home: Option<&'a str>,
        addresses: &'a [String],
    },
    Granted {
        provider: ProviderWord,
        refresh_token: &'a str,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Read {
    Caldav {
        url: String,
        username: String,
        password: SecretString,
        #[serde(default)]
        home: Option<String>,
        #[serde(default)]
        addresses: Vec<String>,
    },
    Granted {
        provider: ProviderWord,
        refresh_token: SecretString,
    },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderWord {
    Google,
    Microsoft,
    Caldav,
}

impl From<Provider> for ProviderWord {
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Google => Self::Google,
            Provider::Microsoft => Self::Microsoft,
            Provider::Caldav => Self::Caldav,
        }
    }
}

impl From<ProviderWord> for Provider {
    fn from(word: ProviderWord) -> Self {
        match word {
            ProviderWord::Google => Self::Google,
            ProviderWord::Microsoft => Self::Microsoft,
            ProviderWord::Caldav => Self::Caldav,
        }
    }
}

impl<'a> From<&'a Credentials> for Written<'a> {
    fn from(credentials: &'a Credentials) -> Self {
        match credentials {
            Credentials::Caldav { url, username, password, home, addresses } => Self::Caldav {
                url,
                username,
                password: password.expose_secret(),
                home: home.as_deref(),
                addresses,
            },
            Credentials::Granted { provider, refresh_token } => {
                Self::Granted { provider: (*provider).into(), refresh_token: refresh_token.expose_secret() }
            }
        }
    }
}

impl From<Read> for Credentials {
    fn from(read: Read) -> Self {
        match read {
            Read::Caldav { url, username, password, home, addresses } => {
                Self::Caldav { url, username, password, home, addresses }
            }
            Read::Granted { provider, refresh_token } => {
                Self::Granted { provider: provider.into(), refresh_token }
            }
        }
    }
}

pub fn to_bytes(credentials: &Credentials) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *bytes, &Written::from(credentials))?;
    Ok(bytes)
}

pub fn from_bytes(bytes: &[u8]) -> Result<Credentials, serde_json::Error> {
    serde_json::from_slice::<Read>(bytes).map(Credentials::from)
}
