//! The providers' webhook door: answers handshakes, takes subscriptions and their proofs out of notifications, signals.
//! It asks no provider anything and believes nothing that a body says about an event.

mod google;
mod microsoft;
mod refusal;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use daybook_engine::Engine;

/// Larger messages are refused unread.
const MOST_BODY_BYTES: usize = 1024 * 1024;

/// The routes below `/webhooks`.
pub fn router(engine: Engine) -> Router {
    Router::new()
        .route("/webhooks/google", post(google::notified))
        .route("/webhooks/microsoft", post(microsoft::notified))
        .route("/webhooks/microsoft/lifecycle", post(microsoft::notified))
        .method_not_allowed_fallback(|| async { refusal::Refusal::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .with_state(engine)
}
