//! Credentials as the JSON that gets sealed. It exists only on its way into and out of the seal.

use daybook_engine::ports::Credentials;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Room enough that writing never moves, so that no copy stays behind in freed memory.
const ROOM: usize = 16 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum Written<'a> {
    Caldav {
        url: &'a str,
        username: &'a str,
        password: &'a str,
        home: Option<&'a str>,
        addresses: &'a [String],
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum Read {
    Caldav {
        url: String,
        username: String,
        password: SecretString,
        #[serde(default)]
        home: Option<String>,
        #[serde(default)]
        addresses: Vec<String>,
    },
}

pub fn to_bytes(credentials: &Credentials) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let row = match credentials {
        Credentials::Caldav { url, username, password, home, addresses } => Written::Caldav {
            url,
            username,
            password: password.expose_secret(),
            home: home.as_deref(),
            addresses,
        },
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *bytes, &row)?;
    Ok(bytes)
}

pub fn from_bytes(bytes: &[u8]) -> Result<Credentials, serde_json::Error> {
    Ok(match serde_json::from_slice(bytes)? {
        Read::Caldav { url, username, password, home, addresses } => {
            Credentials::Caldav { url, username, password, home, addresses }
        }
    })
}
