//! Google and Microsoft in the configuration: who we are there, and where they are. What is not given follows from
//! whether there is a client: with one it is the real provider, without one the sandbox.

use secrecy::SecretString;
use url::Url;

use super::source::{Faults, Source};
use super::web_address;

/// What was given; everything may be absent.
#[derive(Debug, Default)]
pub struct ProviderConfig {
    pub client: Option<Client>,
    pub auth_url: Option<Url>,
    pub token_url: Option<Url>,
    /// Google only.
    pub revoke_url: Option<Url>,
    pub api_url: Option<Url>,
}

/// As which program this deployment is registered.
#[derive(Debug)]
pub struct Client {
    pub id: String,
    pub secret: SecretString,
}

pub const GOOGLE: &str = "GOOGLE";
pub const MICROSOFT: &str = "MICROSOFT";

/// Whether a variable of this name is one of a provider's.
pub fn is_key(key: &str) -> bool {
    let common = ["CLIENT_ID", "CLIENT_SECRET", "AUTH_URL", "TOKEN_URL", "API_URL"];
    match key.split_once('_') {
        Some((GOOGLE, key)) => common.contains(&key) || key == "REVOKE_URL",
        Some((MICROSOFT, key)) => common.contains(&key),
        _ => false,
    }
}

/// The keys of one provider, by its name in capitals.
pub fn read(source: &mut Source, provider: &str, faults: &mut Faults) -> ProviderConfig {
    let key = |key: &str| format!("{provider}_{key}");
    let mut url = |name: &str, faults: &mut Faults| source.read(&key(name), faults, web_address);
    let auth_url = url("AUTH_URL", faults);
    let token_url = url("TOKEN_URL", faults);
    let revoke_url = if provider == GOOGLE { url("REVOKE_URL", faults) } else { None };
    let api_url = url("API_URL", faults);
    let id = source.read(&key("CLIENT_ID"), faults, client_text);
    let secret = source.read(&key("CLIENT_SECRET"), faults, client_text);
    let client = match (id, secret) {
        (None, None) => None,
        (Some(id), Some(secret)) => Some(Client { id, secret: secret.into() }),
        // Another token address may be a server that asks for none.
        (Some(id), None) if token_url.is_some() => Some(Client { id, secret: SecretString::default() }),
        (Some(_), None) => {
            faults.add(&source.name(&key("CLIENT_SECRET")), "is required with the client's id");
            None
        }
        (None, Some(_)) => {
            faults.add(&source.name(&key("CLIENT_ID")), "is required with the client's secret");
            None
        }
    };
    ProviderConfig { client, auth_url, token_url, revoke_url, api_url }
}

fn client_text(text: &str) -> Result<String, String> {
    if text.len() <= 1_024 && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("expected visible ASCII characters without spaces".to_owned())
    }
}
