//! The EHR's door: proves the sender, takes ids out of the message, marks them, queues a signal. It never believes
//! what a message says about an appointment, and never follows an address found in one.

mod bundle;
mod door;
mod notice;
mod proof;
mod recent;
mod refusal;
mod resource;

use axum::Router;
use axum::routing::{any, post};
use daybook_engine::Engine;

pub use proof::{BadSecret, HookKeys, HookSecret};

use door::Door;

/// The routes below `/hooks/ehr`.
pub fn router(engine: Engine, keys: HookKeys) -> Router {
    let door = Door::new(engine, keys);
    Router::new()
        .route("/hooks/ehr/{practice}", post(door::signed_json))
        .route("/hooks/ehr/{practice}/fhir", post(door::fhir_bundle))
        .route("/hooks/ehr/{practice}/r4/{subscription}", post(door::rest_hook))
        .route("/hooks/ehr/{practice}/r4/{subscription}/{kind}/{id}", any(door::rest_hook_resource))
        .method_not_allowed_fallback(|| async { refusal::Refusal::MethodNotAllowed })
        .with_state(door)
}
