//! Free times and the booking check: the door below `/v1/practices/{practice}/practitioners/{id}/availability`. It proves
//! who asks. It offers nothing yet, and says so in the words of the catalogue of problems.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use daybook_doorway::{Keyring, Kind, Problem, prove};
use daybook_engine::Engine;

const PLACE: &str = "/v1/practices/{practice}/practitioners/{id}/availability";

/// Every route about availability.
pub fn router(engine: Engine, keys: Keyring) -> Router {
    Router::new()
        .route(PLACE, any(not_offered))
        .route(&format!("{PLACE}/{{*rest}}"), any(not_offered))
        .route_layer(from_fn_with_state(Arc::new(keys), prove))
        .with_state(engine)
}

async fn not_offered() -> Problem {
    Problem::new(Kind::NotFound).with_detail("availability is not offered by this deployment")
}
