//! Sign-in with OAuth 2.0, as Google and Microsoft do it: an authorisation server for accounts without passwords.
//! It gives out opaque tokens and says whose they are; what a scope opens is the face's to judge.

mod tokens;

use axum::Router;

use super::Cloud;
pub use tokens::{BadToken, Grant, Issued};

pub(super) fn routes(_cloud: &Cloud) -> Router<Cloud> {
    Router::new()
}
