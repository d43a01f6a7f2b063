//! `GET /health`: whether the doors can reach their table. It tells nothing else about the inside.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use daybook_core::ids::PracticeId;
use daybook_engine::chain;
use daybook_engine::ports::Practices;
use serde::Serialize;

use crate::problem::{Kind, Problem};

#[derive(Clone)]
struct Pulse {
    practices: Arc<dyn Practices>,
    practice: PracticeId,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// The route, which looks one practice up.
pub fn health(practices: Arc<dyn Practices>, practice: PracticeId) -> Router {
    Router::new().route("/health", get(feel)).with_state(Pulse { practices, practice })
}

async fn feel(State(pulse): State<Pulse>) -> Response {
    match pulse.practices.find_practice(&pulse.practice).await {
        Ok(_) => Json(Health { status: "ok" }).into_response(),
        Err(error) => {
            tracing::warn!(error = chain(&error), "the table does not answer");
            Problem::new(Kind::Unavailable).with_retry_after(5).into_response()
        }
    }
}
