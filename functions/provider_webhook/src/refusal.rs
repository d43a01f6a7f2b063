//! Why a notification was not taken, as RFC 9457 problem documents of the catalogue in `docs/problems.md`.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use daybook_engine::EngineError;
use serde_json::json;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    Malformed,
    MethodNotAllowed,
    TooLarge,
    /// Send it again.
    Unavailable,
}

impl Refusal {
    fn entry(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Refusal::Malformed => ("malformed", "The request cannot be read", StatusCode::BAD_REQUEST),
            Refusal::MethodNotAllowed => {
                ("method-not-allowed", "This method does not exist here", StatusCode::METHOD_NOT_ALLOWED)
            }
            Refusal::TooLarge => ("too-large", "The request is too large", StatusCode::PAYLOAD_TOO_LARGE),
            Refusal::Unavailable => {
                ("unavailable", "Daybook is busy; try again", StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (name, title, status) = self.entry();
        let document =
            json!({"type": format!("/problems/{name}"), "title": title, "status": status.as_u16()});
        let mut response = (status, document.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self == Refusal::Unavailable {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// A signal that could not be stored: the provider shall repeat.
impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::warn!(%error, cause, "a provider's notification could not be taken");
        Refusal::Unavailable
    }
}
