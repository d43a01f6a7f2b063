//! The address for notices, and the page. One that came before is thanked for and not shown twice.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;

use super::page::NoticesPage;
use crate::ehr::control::refuse_while_unavailable;
use crate::ehr::{MOUNT, Sandbox, now};
use crate::page::answer;

pub(in crate::ehr) fn routes(sandbox: &Sandbox) -> Router<Sandbox> {
    Router::new()
        .route(&format!("{MOUNT}/notices"), get(show).post(take))
        .layer(middleware::from_fn_with_state(sandbox.clone(), refuse_while_unavailable))
}

async fn take(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(id) = sandbox.inner.trust.proven(&headers, &body, now()) else {
        return StatusCode::UNAUTHORIZED;
    };
    let text = std::str::from_utf8(&body).ok();
    let Some(text) = text.filter(|text| serde_json::from_str::<Value>(text).is_ok_and(|it| it.is_object()))
    else {
        return StatusCode::BAD_REQUEST;
    };
    match sandbox.transact(|tx| tx.take_notice(&id, text, super::MOST)) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::warn!(%error, "a notice could not be kept");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn show(State(sandbox): State<Sandbox>) -> Response {
    match sandbox
        .transact(NoticesPage::build)
        .map_err(|error| error.to_string())
        .and_then(|page| render(&page))
    {
        Ok(html) => answer::page(html),
        Err(error) => {
            tracing::error!(error, "the page of notices could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn render(page: &NoticesPage) -> Result<String, String> {
    askama::Template::render(page).map_err(|error| error.to_string())
}
