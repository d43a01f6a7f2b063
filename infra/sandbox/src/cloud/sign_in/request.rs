//! The authorise leg's request, read and judged. What is wrong with who asks is shown to the person; only what is
//! wrong with the question goes back to the client.

use std::collections::BTreeSet;

use url::Url;

use super::scopes::canonical;
use crate::cloud::Dialect;
use crate::cloud::world::{Challenge, Keeps};

/// The parameters of a request, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(pub(super) Vec<(String, String)>);

/// A request that can be answered.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) client: String,
    /// As sent; the second leg must repeat it byte for byte.
    pub(super) redirect_uri: String,
    pub(super) redirect: Url,
    pub(super) scopes: BTreeSet<String>,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<Challenge>,
    pub(super) login_hint: Option<String>,
    pub(super) prompts: BTreeSet<String>,
    pub(super) offline: Offline,
    pub(super) merge: Merge,
    pub(super) place: Place,
}

/// Does the client want to come back without the person?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offline {
    Wanted,
    Not,
}

/// Google's `include_granted_scopes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    WithEarlier,
    Alone,
}

/// Where the answer stands in the redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Fragment,
}

/// Why a request is not answered.
pub(super) enum Refused {
    /// Told to the person, never redirected.
    Shown { error: &'static str, text: String },
    /// Told to the client.
    Back { redirect: Box<Url>, state: Option<String>, error: &'static str, text: &'static str },
}

impl Asked {
    /// The first value of a parameter; an empty one counts as missing.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    /// All values of a parameter.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }
}

/// Reads a request in a provider's dialect.
pub(super) fn read(dialect: Dialect, asked: &Asked) -> Result<Request, Refused> {
    let shown = |error, text: &str| Refused::Shown { error, text: text.to_owned() };
    let client = asked.owned("client_id");
    let client = client.ok_or_else(|| shown("invalid_request", "The parameter client_id is missing."))?;
    let redirect_uri = asked.owned("redirect_uri");
    let redirect_uri =
        redirect_uri.ok_or_else(|| shown("invalid_request", "The parameter redirect_uri is missing."))?;
    let redirect = redirect_target(&redirect_uri).ok_or_else(|| {
        shown("redirect_uri_mismatch", "The parameter redirect_uri is no address that this client may use.")
    })?;
    let state = asked.owned("state");
    let back = |error, text| Refused::Back {
        redirect: Box::new(redirect.clone()),
        state: state.clone(),
        error,
        text,
    };
    if asked.get("response_type") != Some("code") {
        return Err(back("unsupported_response_type", "The response type must be code."));
    }
    let scopes = read_scopes(dialect, asked)
        .ok_or_else(|| back("invalid_scope", "A scope is missing or not known."))?;
    let challenge = read_challenge(asked)
        .map_err(|()| back("invalid_request", "The code challenge method must be S256 or plain."))?;
    let offline = match dialect {
        Dialect::Google => asked.get("access_type") == Some("offline"),
        Dialect::Microsoft => scopes.contains("offline_access"),
    };
    let merges = dialect == Dialect::Google && asked.get("include_granted_scopes") == Some("true");
    let in_fragment = asked.get("response_mode") == Some("fragment");
    Ok(Request {
        client,
        redirect_uri,
        redirect,
        scopes,
        state,
        nonce: asked.owned("nonce"),
        challenge,
        login_hint: asked.owned("login_hint"),
        prompts: words(asked.get("prompt")),
        offline: if offline { Offline::Wanted } else { Offline::Not },
        merge: if merges { Merge::WithEarlier } else { Merge::Alone },
        place: if in_fragment { Place::Fragment } else { Place::Query },
    })
}

impl Request {
    /// Google gives a refresh token with a fresh consent only; Microsoft whenever it was asked for.
    pub(super) fn keeps(&self, dialect: Dialect, first_consent: FirstConsent) -> Keeps {
        let fresh = dialect == Dialect::Microsoft
            || first_consent == FirstConsent::Yes
            || self.prompts.contains("consent");
        if self.offline == Offline::Wanted && fresh { Keeps::RefreshToken } else { Keeps::Nothing }
    }
}

/// Has the account never granted this client anything?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstConsent {
    Yes,
    No,
}

fn redirect_target(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let fine = matches!(url.scheme(), "https" | "http") && url.fragment().is_none() && url.has_host();
    fine.then_some(url)
}

fn read_scopes(dialect: Dialect, asked: &Asked) -> Option<BTreeSet<String>> {
    let scopes: BTreeSet<String> = words(asked.get("scope"));
    let scopes: Option<BTreeSet<String>> = scopes.iter().map(|scope| canonical(dialect, scope)).collect();
    scopes.filter(|scopes| !scopes.is_empty())
}

fn read_challenge(asked: &Asked) -> Result<Option<Challenge>, ()> {
    let Some(challenge) = asked.get("code_challenge") else { return Ok(None) };
    match asked.get("code_challenge_method") {
        Some("S256") => Ok(Some(Challenge::S256(challenge.to_owned()))),
        Some("plain") | None => Ok(Some(Challenge::Plain(challenge.to_owned()))),
        Some(_) => Err(()),
    }
}

fn words(text: Option<&str>) -> BTreeSet<String> {
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}
