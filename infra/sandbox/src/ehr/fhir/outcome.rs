//! Refusals, and the `OperationOutcome` that tells a client what to do next. Its words name elements and
//! ids, never a value from a record.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// Why an interaction was not done.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    code: &'static str,
    diagnostics: String,
}

impl Refusal {
    /// `code` is one of FHIR's issue types.
    pub(super) fn new(status: StatusCode, code: &'static str, diagnostics: impl Into<String>) -> Self {
        Self { status, code, diagnostics: diagnostics.into() }
    }

    /// 400: the request cannot be read.
    pub(super) fn malformed(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "structure", diagnostics)
    }

    /// 422: readable, but against a rule of the standard.
    pub(super) fn broken_rule(code: &'static str, diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, diagnostics)
    }

    /// 404: nothing of that name.
    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", what)
    }

    /// 412: the resource is not what the client thought.
    pub(super) fn conflict(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "conflict", diagnostics)
    }

    pub(super) fn several(kind: &str) -> Self {
        let status = StatusCode::PRECONDITION_FAILED;
        Self::new(status, "multiple-matches", format!("more than one {kind} meets the condition"))
    }

    /// The resource that the client is shown.
    pub(super) fn outcome(&self) -> Value {
        json!({"resourceType": "OperationOutcome", "issue": [
            {"severity": "error", "code": self.code, "diagnostics": self.diagnostics}]})
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the sandbox EHR's file failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "exception", "the EHR could not use its file")
    }
}
