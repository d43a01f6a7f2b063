//! The catalogue of problems that the API answers with, as RFC 9457 documents. `docs/problems.md` says who must
//! act on each. No document quotes a secret, content, or the text of an error of ours.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Each kind has one `type`, one title and one status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Malformed,
    Unauthorised,
    NotFound,
    MethodNotAllowed,
    AlreadyConnected,
    WrongState,
    NotAllowed,
    InProgress,
    Stale,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    CredentialsRefused,
    TimeZoneMissing,
    IdempotencyConflict,
    CalendarUnreachable,
    ProviderMisconfigured,
    EhrUnreachable,
    Unavailable,
    Internal,
}

impl Kind {
    /// The last part of the `type`, the title for people, the HTTP status.
    fn entry(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Kind::Malformed => ("malformed", "The request cannot be read", StatusCode::BAD_REQUEST),
            Kind::Unauthorised => ("unauthorised", "The key is missing or wrong", StatusCode::UNAUTHORIZED),
            Kind::NotFound => ("not-found", "There is nothing here", StatusCode::NOT_FOUND),
            Kind::MethodNotAllowed => {
                ("method-not-allowed", "This method does not exist here", StatusCode::METHOD_NOT_ALLOWED)
            }
            Kind::AlreadyConnected => {
                ("already-connected", "This account is connected already", StatusCode::CONFLICT)
            }
            Kind::WrongState => ("wrong-state", "The connection's state forbids this", StatusCode::CONFLICT),
            Kind::NotAllowed => ("not-allowed", "The practice does not allow this", StatusCode::FORBIDDEN),
            Kind::InProgress => {
                ("in-progress", "The same request is being answered right now", StatusCode::CONFLICT)
            }
            Kind::Stale => ("stale", "The connection was changed meanwhile", StatusCode::PRECONDITION_FAILED),
            Kind::TooLarge => ("too-large", "The request is too large", StatusCode::PAYLOAD_TOO_LARGE),
            Kind::UnsupportedMediaType => {
                ("unsupported-media-type", "The body must be JSON", StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Kind::Invalid => {
                ("invalid", "The request cannot be fulfilled as it stands", StatusCode::UNPROCESSABLE_ENTITY)
            }
            Kind::CredentialsRefused => (
                "credentials-refused",
                "The calendar's provider refuses the credentials",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Kind::TimeZoneMissing => {
                ("time-zone-missing", "No time zone is known", StatusCode::UNPROCESSABLE_ENTITY)
            }
            Kind::IdempotencyConflict => (
                "idempotency-conflict",
                "The idempotency key stands for another request",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Kind::CalendarUnreachable => {
                ("calendar-unreachable", "The calendar server does not answer", StatusCode::BAD_GATEWAY)
            }
            Kind::ProviderMisconfigured => (
                "provider-misconfigured",
                "The provider does not accept this deployment",
                StatusCode::BAD_GATEWAY,
            ),
            Kind::EhrUnreachable => ("ehr-unreachable", "The EHR does not answer", StatusCode::BAD_GATEWAY),
            Kind::Unavailable => {
                ("unavailable", "Daybook is busy; try again", StatusCode::SERVICE_UNAVAILABLE)
            }
            Kind::Internal => ("internal", "Something went wrong here", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// What is wrong with one part of a request. It never quotes the value: that may be a password.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Fault {
    /// JSON pointer (RFC 6901) into the body, or `?name` for a part of the query.
    pub pointer: String,
    pub detail: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.pointer, self.detail)
    }
}

/// One problem document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    kind: Kind,
    detail: Option<String>,
    faults: Vec<Fault>,
    retry_after_s: Option<u64>,
}

/// The document as it goes over the wire.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// From the catalogue in `docs/problems.md`.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What is wrong with which part of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

impl Problem {
    pub fn new(kind: Kind) -> Self {
        Self { kind, detail: None, faults: Vec::new(), retry_after_s: None }
    }

    /// What this is about, for the one who must act.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// When it is worth trying again, in seconds.
    #[must_use]
    pub fn with_retry_after(self, retry_after_s: u64) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..self }
    }

    /// A request with these faults.
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let detail = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Self { faults, ..Self::new(Kind::Invalid).with_detail(detail) }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (name, title, status) = self.kind.entry();
        let document = Document {
            kind: format!("/problems/{name}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            errors: self.faults,
        };
        let body = serde_json::to_string(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.kind == Kind::Unauthorised {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
