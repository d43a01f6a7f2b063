//! What a refusal of the EHR means for us, by its status and by the codes of its `OperationOutcome`.
//! The words that a server adds are never read: they may name a patient.

use std::time::Duration;

use daybook_engine::ports::RemoteError;
use http::StatusCode;
use serde::Deserialize;

/// FHIR R4 `issue-type`. What is not among them is no code, whatever else it may be.
const CODES: [&str; 31] = [
    "invalid",
    "structure",
    "required",
    "value",
    "invariant",
    "security",
    "login",
    "unknown",
    "expired",
    "forbidden",
    "suppressed",
    "processing",
    "not-supported",
    "duplicate",
    "multiple-matches",
    "not-found",
    "deleted",
    "too-long",
    "code-invalid",
    "extension",
    "too-costly",
    "business-rule",
    "conflict",
    "transient",
    "lock-error",
    "no-store",
    "exception",
    "timeout",
    "incomplete",
    "throttled",
    "informational",
];

/// The codes that a refusal carries; none where it says nothing that we know.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Codes(Vec<&'static str>);

#[derive(Deserialize)]
pub(crate) struct Outcome {
    #[serde(rename = "resourceType")]
    resource_type: Option<String>,
    issue: Option<Vec<Issue>>,
}

#[derive(Deserialize)]
struct Issue {
    severity: Option<String>,
    code: Option<String>,
}

impl Codes {
    /// Reads a body, which may be anything. `None` where it is no `OperationOutcome`.
    pub(crate) fn from_body(body: &[u8]) -> Option<Self> {
        let outcome: Outcome = serde_json::from_slice(body).ok()?;
        (outcome.resource_type.as_deref() == Some("OperationOutcome")).then(|| Self::from_outcome(&outcome))
    }

    pub(crate) fn from_outcome(outcome: &Outcome) -> Self {
        let issues = outcome.issue.iter().flatten();
        let grave =
            issues.filter(|issue| !matches!(issue.severity.as_deref(), Some("information" | "warning")));
        let code = |issue: &Issue| CODES.into_iter().find(|code| Some(*code) == issue.code.as_deref());
        Self(grave.filter_map(code).collect())
    }

    pub(crate) fn have(&self, wanted: &[&str]) -> bool {
        self.0.iter().any(|code| wanted.contains(code))
    }
}

/// What to do after an answer that is no success (FHIR R4 http page, "status codes").
pub(crate) fn refusal(
    what: &str,
    status: StatusCode,
    codes: &Codes,
    retry_after: Option<Duration>,
) -> RemoteError {
    let what = what.to_owned();
    if codes.have(&["throttled", "transient", "timeout", "lock-error", "no-store", "incomplete"]) {
        return RemoteError::Later { what, retry_after, cause: None };
    }
    match status.as_u16() {
        401 => RemoteError::Refused { what },
        408 | 423 | 425 | 429 | 500 | 502..=599 => RemoteError::Later { what, retry_after, cause: None },
        400..=499 if codes.have(&["login", "expired", "unknown"]) => RemoteError::Refused { what },
        403 => RemoteError::Forbidden { what },
        400..=499 if codes.have(&["forbidden", "suppressed"]) => RemoteError::Forbidden { what },
        409 | 412 => RemoteError::Conflict { what },
        400..=499 if codes.have(&["conflict", "duplicate", "multiple-matches"]) => {
            RemoteError::Conflict { what }
        }
        404 | 410 if !codes.have(&["not-supported"]) => RemoteError::Missing { what },
        400..=499 | 501 => RemoteError::Rejected { what, why: reason(status, codes) },
        _ => RemoteError::Unintelligible { what, cause: Some(format!("status {status}").into()) },
    }
}

/// The same refusal for another step of the same request; the cause stays with the first.
pub(crate) fn again(error: &RemoteError) -> RemoteError {
    match error {
        RemoteError::Later { what, retry_after, .. } => {
            RemoteError::Later { what: what.clone(), retry_after: *retry_after, cause: None }
        }
        RemoteError::Refused { what } => RemoteError::Refused { what: what.clone() },
        RemoteError::CursorLost { what } => RemoteError::CursorLost { what: what.clone() },
        RemoteError::Conflict { what } => RemoteError::Conflict { what: what.clone() },
        RemoteError::Missing { what } => RemoteError::Missing { what: what.clone() },
        RemoteError::Forbidden { what } => RemoteError::Forbidden { what: what.clone() },
        RemoteError::Unconfigured { what, why } => {
            RemoteError::Unconfigured { what: what.clone(), why: why.clone() }
        }
        RemoteError::Rejected { what, why } => RemoteError::Rejected { what: what.clone(), why: why.clone() },
        RemoteError::Unintelligible { what, cause } => RemoteError::Unintelligible {
            what: what.clone(),
            cause: cause.as_ref().map(|cause| cause.to_string().into()),
        },
    }
}

/// A code or a number, never a server's own words.
fn reason(status: StatusCode, codes: &Codes) -> String {
    codes.0.first().map_or_else(|| format!("status {}", status.as_u16()), |code| (*code).to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn meaning(status: u16, code: &str) -> String {
        let body = format!(
            r#"{{"resourceType":"OperationOutcome","issue":[
                {{"severity":"warning","code":"throttled"}},
                {{"severity":"error","code":"{code}","diagnostics":"Jane Doe is at version 4","details":{{"text":"Jane"}}}}]}}"#
        );
        let codes = Codes::from_body(body.as_bytes()).unwrap();
        let error = refusal("the block", StatusCode::from_u16(status).unwrap(), &codes, None);
        assert!(!format!("{error:?}").contains("Jane"), "{error:?}");
        match error {
            RemoteError::Later { .. } => "later".into(),
            RemoteError::Refused { .. } => "refused".into(),
            RemoteError::CursorLost { .. } => "cursor lost".into(),
            RemoteError::Conflict { .. } => "conflict".into(),
            RemoteError::Missing { .. } => "missing".into(),
            RemoteError::Forbidden { .. } => "forbidden".into(),
            RemoteError::Rejected { why, .. } => format!("rejected: {why}"),
            RemoteError::Unconfigured { .. } => "unconfigured".into(),
            RemoteError::Unintelligible { .. } => "unintelligible".into(),
        }
    }

    #[test]
    fn the_refusal_table() {
        for (status, code, expected) in [
            (401, "", "refused"),
            (401, "login", "refused"),
            (403, "", "forbidden"),
            (403, "forbidden", "forbidden"),
            (403, "expired", "refused"),
            (403, "throttled", "later"),
            (400, "suppressed", "forbidden"),
            (400, "structure", "rejected: structure"),
            (400, "Jane Doe", "rejected: status 400"),
            (404, "not-found", "missing"),
            (404, "not-supported", "rejected: not-supported"),
            (410, "deleted", "missing"),
            (409, "conflict", "conflict"),
            (409, "lock-error", "later"),
            (412, "multiple-matches", "conflict"),
            (422, "duplicate", "conflict"),
            (422, "business-rule", "rejected: business-rule"),
            (422, "invariant", "rejected: invariant"),
            (405, "", "rejected: status 405"),
            (413, "too-long", "rejected: too-long"),
            (408, "", "later"),
            (423, "", "later"),
            (429, "throttled", "later"),
            (500, "exception", "later"),
            (500, "processing", "later"),
            (501, "not-supported", "rejected: not-supported"),
            (503, "", "later"),
            (504, "timeout", "later"),
            (302, "", "unintelligible"),
            (200, "", "unintelligible"),
        ] {
            assert_eq!(meaning(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn other_bodies_carry_no_codes() {
        for body in ["", "<html>", "{}", r#"{"resourceType":"Appointment"}"#] {
            assert_eq!(Codes::from_body(body.as_bytes()), None, "{body}");
        }
        let empty = Codes::from_body(br#"{"resourceType":"OperationOutcome"}"#);
        assert_eq!(empty, Some(Codes::default()));
    }
}
