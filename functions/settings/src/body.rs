//! Reads a JSON body: its type, its size, its syntax, its faults. What the values mean is for [`crate::request`].

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use daybook_doorway::{Fault, Kind, Problem};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::faults;

/// A body that was read as far as it could be, and what was wrong with the rest.
pub(crate) struct JsonBody<T> {
    pub read: T,
    pub faults: Vec<Fault>,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(&request) {
            return Err(Problem::new(Kind::UnsupportedMediaType));
        }
        let bytes = read_bytes(request, state).await?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
            let place = format!("no JSON from line {}, column {}", error.line(), error.column());
            Problem::new(Kind::Malformed).with_detail(place)
        })?;
        let (read, faults) = faults::read(value);
        match read {
            Some(read) => Ok(Self { read, faults }),
            None => Err(Problem::invalid(faults)),
        }
    }
}

/// The whole body, if it is small enough.
pub(crate) async fn read_bytes<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<axum::body::Bytes, Problem> {
    axum::body::Bytes::from_request(request, state).await.map_err(|rejection| {
        match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Kind::TooLarge),
            _ => Problem::new(Kind::Malformed).with_detail("the body ended early"),
        }
    })
}

/// `application/json`, or anything built on it (`application/merge-patch+json`).
fn is_json(request: &Request) -> bool {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}
