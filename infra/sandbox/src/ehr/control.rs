//! Switches for tests and demonstrations: make the EHR unreachable, lose its hooks. They live in memory
//! only and change no record.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::store::Hooks;
use super::{MOUNT, Sandbox};
use crate::page::answer::is_cross_site;

#[derive(Default)]
pub(super) struct Control {
    unavailable: AtomicBool,
    drops_hooks: AtomicBool,
}

/// What a control request may say; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    unavailable: Option<bool>,
    hooks: Option<Hooks>,
}

#[derive(Serialize)]
struct Standing {
    unavailable: bool,
    hooks: Hooks,
}

impl Control {
    pub(super) fn hooks(&self) -> Hooks {
        if self.drops_hooks.load(Ordering::Relaxed) { Hooks::Drop } else { Hooks::Deliver }
    }

    pub(super) fn is_unavailable(&self) -> bool {
        self.unavailable.load(Ordering::Relaxed)
    }

    fn standing(&self) -> Standing {
        Standing { unavailable: self.is_unavailable(), hooks: self.hooks() }
    }

    fn follow(&self, wish: &Wish) {
        if let Some(unavailable) = wish.unavailable {
            self.unavailable.store(unavailable, Ordering::Relaxed);
        }
        if let Some(hooks) = wish.hooks {
            self.drops_hooks.store(hooks == Hooks::Drop, Ordering::Relaxed);
        }
    }
}

pub(super) fn routes() -> Router<Sandbox> {
    Router::new().route(&format!("{MOUNT}/control"), get(show).post(set))
}

async fn show(State(sandbox): State<Sandbox>) -> Json<impl Serialize> {
    Json(sandbox.inner.control.standing())
}

async fn set(State(sandbox): State<Sandbox>, headers: HeaderMap, body: axum::body::Bytes) -> Response {
    if is_cross_site(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match serde_json::from_slice::<Wish>(&body) {
        Ok(wish) => {
            sandbox.inner.control.follow(&wish);
            Json(sandbox.inner.control.standing()).into_response()
        }
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response(),
    }
}

/// Answers 503 in place of the page while the practice plays dead.
pub(super) async fn refuse_while_unavailable(
    State(sandbox): State<Sandbox>,
    request: Request,
    next: Next,
) -> Response {
    if sandbox.inner.control.is_unavailable() {
        let headers = [(header::RETRY_AFTER, "1")];
        return (StatusCode::SERVICE_UNAVAILABLE, headers, "the sandbox EHR is switched off").into_response();
    }
    next.run(request).await
}
