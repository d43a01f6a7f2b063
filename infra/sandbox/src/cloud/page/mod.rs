//! The page for people.

use axum::Router;

use super::Cloud;

pub(super) fn routes(_cloud: &Cloud) -> Router<Cloud> {
    Router::new()
}
