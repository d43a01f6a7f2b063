//! The `/v1` API: proves who asks, parses, calls a use case, answers. It decides nothing itself.

mod answer;
mod audit;
mod body;
mod connections;
mod faults;
mod feed_file;
mod feeds;
mod notices;
mod openapi;
mod pages;
mod policy;
mod practices;
mod query;
mod request;
mod revision;
mod signing_in;
mod told;
mod twice;
mod words;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use daybook_doorway::{prove, prove_platform};
use daybook_engine::Engine;
use daybook_engine::ports::Idempotency;

pub use daybook_doorway::{Keyring, Kind, PlatformKeys, Problem};
pub use feed_file::router as feeds;
pub use pages::router as pages;

/// Larger bodies are refused unread.
const MOST_BODY_BYTES: usize = 64 * 1024;

/// What the handlers share.
#[derive(Clone)]
struct Door {
    engine: Engine,
    answers: Arc<dyn Idempotency>,
}

/// Every route of the API that concerns connections, and the document that describes them.
pub fn router(engine: Engine, keys: Keyring, answers: Arc<dyn Idempotency>) -> Router {
    let door = Door { engine, answers };
    Router::new()
        .nest("/v1/practices/{practice}", practice_routes(&door, &Arc::new(keys)))
        .route("/openapi.json", get(|| async { Json(openapi::document()) }))
        .with_state(door)
}

/// What holds for a practice, for whoever runs the platform that it is on.
pub fn platform(engine: Engine, keys: PlatformKeys, answers: Arc<dyn Idempotency>) -> Router {
    let door = Door { engine, answers };
    Router::new()
        .route("/v1/practices/{practice}", get(practices::get).put(practices::put))
        .method_not_allowed_fallback(|| async { Problem::new(Kind::MethodNotAllowed) })
        .route_layer(from_fn_with_state(door.clone(), told::audit_platform))
        .route_layer(from_fn_with_state(Arc::new(keys), prove_platform))
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .with_state(door)
}

fn practice_routes(door: &Door, keys: &Arc<Keyring>) -> Router<Door> {
    Router::new()
        .route("/connections", post(connections::create).get(connections::list))
        .route(
            "/connections/{id}",
            get(connections::get).patch(connections::change).delete(connections::disconnect),
        )
        .route("/connections/{id}/start", post(connections::start))
        .route("/connections/{id}/sync", post(connections::sync))
        .route("/connections/{id}/pause", post(connections::pause))
        .route("/connections/{id}/resume", post(connections::resume))
        .route("/connections/{id}/confirm-deletions", post(connections::confirm_deletions))
        .route("/connections/{id}/preview", post(connections::preview))
        .route("/connections/{id}/calendars", get(connections::calendars))
        .route("/practitioners/{id}/feed", post(feeds::make).get(feeds::get).delete(feeds::revoke))
        .route("/notices", get(notices::list))
        .route("/audit", get(audit::list))
        .method_not_allowed_fallback(|| async { Problem::new(Kind::MethodNotAllowed) })
        // The last layer is the outermost: first the caller is proven, then the trail kept, then repetitions caught.
        .route_layer(from_fn_with_state(door.clone(), twice::answer_once))
        .route_layer(from_fn_with_state(door.clone(), told::audit))
        .route_layer(from_fn_with_state(keys.clone(), prove))
        .fallback(|| async { Problem::new(Kind::NotFound) })
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
}
