//! What Graph says when it will not: a status, a code, a sentence. Codes are Graph's own; the sentences are
//! indicative, as its documentation asks nobody to branch on them.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::{Answer, Payload};

/// An error answer before it becomes JSON.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub code: String,
    pub message: String,
    /// Members beside `code` and `message`.
    pub beside: Map<String, Value>,
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { status, code, message, beside: Map::new(), headers: Vec::new() }
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.beside.insert(name.to_owned(), value.into());
        self
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ErrorInvalidRequest", message)
    }

    pub fn bad_query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub fn bad_value(field: &str) -> Self {
        let message = format!("The value of property '{field}' cannot be used.");
        Self::new(StatusCode::BAD_REQUEST, "ErrorPropertyValidationFailure", message)
    }

    pub fn bad_zone(name: &str) -> Self {
        let message = format!(
            "A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'."
        );
        Self::new(StatusCode::BAD_REQUEST, "TimeZoneNotSupportedException", message)
    }

    pub fn bad_id() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ErrorInvalidIdMalformed", "Id is malformed.")
    }

    pub fn denied() -> Self {
        let message = "Access is denied. Check credentials and try again.";
        Self::new(StatusCode::FORBIDDEN, "ErrorAccessDenied", message)
    }

    pub fn not_found() -> Self {
        let message = "The specified object was not found in the store.";
        Self::new(StatusCode::NOT_FOUND, "ErrorItemNotFound", message)
    }

    pub fn no_resource() -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", "The object was not found.")
    }

    pub fn token(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }

    pub fn stale() -> Self {
        let message = "The send or update operation could not be performed because the change key passed in the \
                       request does not match the current change key for the item.";
        Self::new(StatusCode::PRECONDITION_FAILED, "ErrorIrresolvableConflict", message)
    }

    pub fn crowded() -> Self {
        let message = "Application is over its MailboxConcurrency limit.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "MailboxConcurrency", message).header("retry-after", "1")
    }

    /// The answer, with the `innerError` that every Graph error carries.
    pub fn answer(self, now: jiff::Timestamp, request_id: &str) -> Answer {
        let date = now.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let mut error = Map::new();
        error.insert("code".to_owned(), self.code.into());
        error.insert("message".to_owned(), self.message.into());
        error.extend(self.beside);
        let inner = json!({"date": date, "request-id": request_id, "client-request-id": request_id});
        error.insert("innerError".to_owned(), inner);
        Answer { status: self.status, headers: self.headers, body: Payload::Json(json!({"error": error})) }
    }
}
