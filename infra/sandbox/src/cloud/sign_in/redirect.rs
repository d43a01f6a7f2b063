//! How the authorise leg ends: with the browser sent back to the client.

use std::convert::Infallible;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use url::Url;

use super::request::{FirstConsent, Merge, Place, Request};
use super::scopes::answered;
use super::tokens::{Grant, consent};
use crate::cloud::world::{Account, Code, Consent};
use crate::cloud::{Cloud, Dialect};

const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Gives out a code for what was granted, and sends the browser back with it.
pub(super) fn with_code(cloud: &Cloud, request: &Request, account: &Account, mut granted: Grant) -> Response {
    let dialect = cloud.dialect();
    let code: Result<String, Infallible> = cloud.change(|tx| {
        let earlier = tx.world().consents.get(&Consent::key_of(&account.id, &request.client));
        let first = if earlier.is_none() { FirstConsent::Yes } else { FirstConsent::No };
        if let (Some(earlier), Merge::WithEarlier) = (earlier, request.merge) {
            granted.scopes.extend(earlier.scopes.iter().cloned());
        }
        consent(tx, &granted);
        let code = tx.fresh(match dialect {
            Dialect::Google => "4/0A",
            Dialect::Microsoft => "0.AXoA.",
        });
        tx.keep(Code {
            value: code.clone(),
            account: account.id.clone(),
            client: request.client.clone(),
            redirect_uri: request.redirect_uri.clone(),
            scopes: granted.scopes.clone(),
            challenge: request.challenge.clone(),
            keeps: request.keeps(dialect, first),
            nonce: request.nonce.clone(),
            expires: tx.now() + CODE_LIFE,
            used: false,
        });
        Ok(code)
    });
    let code = code.unwrap_or_default();
    let scope = answered(dialect, &granted.scopes);
    let mut said = vec![("code", code.as_str())];
    match dialect {
        Dialect::Google => said.extend([("scope", scope.as_str()), ("authuser", "0"), ("prompt", "consent")]),
        Dialect::Microsoft => said.push(("session_state", "6f1d3b0e-0000-4000-8000-000000000001")),
    }
    back(&request.redirect, request.place, request.state.as_deref(), &said)
}

/// Sends the browser back with a refusal.
pub(super) fn with_error(request: &Request, error: &str, text: &str, subcode: Option<&str>) -> Response {
    let mut said = vec![("error", error)];
    if !text.is_empty() {
        said.push(("error_description", text));
    }
    said.extend(subcode.map(|subcode| ("error_subcode", subcode)));
    back(&request.redirect, request.place, request.state.as_deref(), &said)
}

/// 302 to the client, whose own parameters stay.
pub(super) fn back(to: &Url, place: Place, state: Option<&str>, said: &[(&str, &str)]) -> Response {
    let mut to = to.clone();
    let said = said.iter().copied().chain(state.map(|state| ("state", state)));
    match place {
        Place::Query => {
            to.query_pairs_mut().extend_pairs(said);
        }
        Place::Fragment => {
            let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish();
            to.set_fragment(Some(&text));
        }
    }
    found(to.as_str())
}

/// A plain 302.
pub(super) fn found(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
