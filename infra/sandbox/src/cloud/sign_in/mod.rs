//! Sign-in with OAuth 2.0, as Google and Microsoft do it: an authorisation server for accounts without passwords.
//! It gives out opaque tokens and says whose they are; what a scope opens is the face's to judge.

mod consent;
mod exchange;
mod identity;
mod redirect;
mod refusal;
mod request;
mod scopes;
mod tokens;

use axum::Router;
use axum::routing::{get, post};

use super::{Cloud, Dialect};
pub use tokens::{BadToken, Grant, Issued};
pub(super) use tokens::{expire_access_tokens, revoke};

pub(super) fn routes(cloud: &Cloud) -> Router<Cloud> {
    let at = |path: &str| format!("{}{path}", cloud.mount());
    match cloud.dialect() {
        Dialect::Google => Router::new()
            .route(&at("/o/oauth2/v2/auth"), get(consent::ask).post(consent::answer))
            .route(&at("/token"), post(exchange::token))
            .route(&at("/revoke"), post(exchange::revoke))
            .route(&at("/oauth2/v3/userinfo"), get(identity::userinfo))
            .route(&at("/v1/userinfo"), get(identity::userinfo)),
        Dialect::Microsoft => Router::new()
            .route(
                &at("/{tenant}/oauth2/v2.0/authorize"),
                get(consent::ask_in_tenant).post(consent::answer_in_tenant),
            )
            .route(&at("/{tenant}/oauth2/v2.0/token"), post(exchange::token))
            .route(&at("/{tenant}/v2.0/adminconsent"), get(consent::admin)),
    }
}
