//! How an EHR is asked: at most five calls at once, in FHIR's JSON. It does not know what the requests are for,
//! and repeats none.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use daybook_engine::ports::{RemoteError, Underlying};
use daybook_http::{Transport, TransportError, parse_http_date, read_json, retry_after};
use http::header::{ACCEPT, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Method, Request, StatusCode};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use crate::refusal::{Codes, refusal};

const FHIR_JSON: &str = "application/fhir+json";
const PARALLEL_CALLS: usize = 5;

/// A request that is ready to be sent.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Prepared {
    /// What it is about, for errors: `the EHR's appointments`.
    pub(crate) what: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

impl Prepared {
    pub(crate) fn new(what: &'static str, method: Method, url: Url) -> Self {
        Self { what, method, url, headers: Vec::new(), body: None }
    }

    pub(crate) fn get(what: &'static str, url: Url) -> Self {
        Self::new(what, Method::GET, url)
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn with_body(mut self, body: Value) -> Self {
        debug_assert!(!opens_time(&body), "a free slot would offer time that nobody meant to offer");
        self.body = Some(body);
        self
    }
}

/// Whether a body would mark time as free.
pub(crate) fn opens_time(body: &Value) -> bool {
    let entries = body.get("entry").and_then(Value::as_array).into_iter().flatten();
    let mut resources = entries.filter_map(|entry| entry.get("resource")).chain([body]);
    resources.any(|resource| resource.get("status").and_then(Value::as_str) == Some("free"))
}

/// Sends to one practice's EHR.
pub(crate) struct Door {
    transport: Arc<dyn Transport>,
    credentials: HeaderMap,
    permits: Semaphore,
}

impl Door {
    pub(crate) fn new(transport: Arc<dyn Transport>, credentials: HeaderMap) -> Self {
        Self { transport, credentials, permits: Semaphore::new(PARALLEL_CALLS) }
    }

    /// The answer, whatever its status. An error only where there is none.
    pub(crate) async fn send(&self, request: &Prepared) -> Result<Answer, RemoteError> {
        let what = request.what;
        let built = self.built(request).map_err(|error| unintelligible(what, error))?;
        let _permit = self.permits.acquire().await;
        let answer = self.transport.send(built).await.map_err(|error| unanswered(what, error))?;
        let (head, body) = answer.into_parts();
        tracing::debug!(method = %request.method, what, status = head.status.as_u16(), "the EHR answered");
        Ok(Answer { what, status: head.status, headers: head.headers, body })
    }

    fn built(&self, request: &Prepared) -> Result<Request<Bytes>, http::Error> {
        let body = request.body.as_ref().map(|body| Bytes::from(body.to_string()));
        let mut built = Request::builder()
            .method(request.method.clone())
            .uri(request.url.as_str())
            .header("x-request-id", request_id())
            .body(body.clone().unwrap_or_default())?;
        let headers = built.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(FHIR_JSON));
        headers.extend(self.credentials.clone());
        for (name, value) in &request.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value)?);
        }
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
        }
        Ok(built)
    }
}

/// Unique enough to find a call in two logs; says nothing.
fn request_id() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
    static CALLS: AtomicU64 = AtomicU64::new(0);
    format!("{:016x}-{}", *PROCESS, CALLS.fetch_add(1, Ordering::Relaxed))
}

fn unanswered(what: &str, error: TransportError) -> RemoteError {
    match error {
        TransportError::Connection(cause) => {
            RemoteError::Later { what: what.to_owned(), retry_after: None, cause: Some(cause) }
        }
        error @ (TransportError::Unbuildable(_) | TransportError::TooLarge { .. }) => {
            unintelligible(what, error)
        }
    }
}

pub(crate) fn unintelligible(what: &str, cause: impl Into<Underlying>) -> RemoteError {
    RemoteError::Unintelligible { what: what.to_owned(), cause: Some(cause.into()) }
}

/// What the EHR said.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    what: &'static str,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// How sure we are that something does not exist.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Absence {
    /// The EHR says so in its own language.
    Confirmed,
    /// Somebody on the way says 404; it may be a gateway that has lost its EHR.
    Claimed,
}

impl Answer {
    #[cfg(test)]
    pub(crate) fn of(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Self {
        let value = HeaderValue::from_static;
        let headers = headers.iter().map(|(name, text)| (HeaderName::from_static(name), value(text)));
        let status = StatusCode::from_u16(status).unwrap_or_default();
        Self { what: "the EHR", status, headers: headers.collect(), body: body.to_owned().into() }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer if it is a success.
    pub(crate) fn accepted(self) -> Result<Self, RemoteError> {
        if self.status.is_success() { Ok(self) } else { Err(self.refusal()) }
    }

    pub(crate) fn refusal(&self) -> RemoteError {
        refusal(self.what, self.status, &self.codes(), self.retry_after())
    }

    pub(crate) fn codes(&self) -> Codes {
        Codes::from_body(&self.body).unwrap_or_default()
    }

    /// Whether the answer says that what was asked for does not exist.
    pub(crate) fn absence(&self) -> Option<Absence> {
        match (self.status, Codes::from_body(&self.body)) {
            (StatusCode::GONE, _) => Some(Absence::Confirmed),
            (StatusCode::NOT_FOUND, None) => Some(Absence::Claimed),
            (StatusCode::NOT_FOUND, Some(codes)) => {
                let other =
                    ["not-supported", "security", "login", "unknown", "expired", "forbidden", "suppressed"];
                let late = ["throttled", "transient", "timeout", "lock-error", "no-store", "incomplete"];
                (!codes.have(&other) && !codes.have(&late)).then_some(Absence::Confirmed)
            }
            _ => None,
        }
    }

    /// The body. Where it does not fit, the error tells where, not what: values may be a patient's.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, RemoteError> {
        read_json(&self.body).map_err(|error| {
            let place =
                format!("{:?} error at line {}, column {}", error.classify(), error.line(), error.column());
            unintelligible(self.what, place)
        })
    }

    pub(crate) fn find_json<T: DeserializeOwned>(&self) -> Option<T> {
        read_json(&self.body).ok()
    }

    pub(crate) fn etag(&self) -> Option<&str> {
        self.text(ETAG)
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.text(LOCATION)
    }

    /// The server's own clock.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        parse_http_date(self.text(DATE)?)
    }

    /// Seconds, or a date, which is compared with the server's own clock.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers, self.date())
    }

    fn text(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn retry_after_in_both_forms() {
        let date = ("date", "Mon, 12 Oct 2026 13:05:11 GMT");
        for (value, expected) in [
            ("30", Some(30)),
            ("Mon, 12 Oct 2026 13:06:11 GMT", Some(60)),
            ("Mon, 12 Oct 2026 13:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let answer = Answer::of(429, &[date, ("retry-after", value)], "");
            assert_eq!(answer.retry_after(), expected.map(Duration::from_secs), "{value}");
        }
        let undated = Answer::of(503, &[("retry-after", "Mon, 12 Oct 2026 13:06:11 GMT")], "");
        assert_eq!(undated.retry_after(), None);
    }

    #[test]
    fn a_bare_404_is_only_a_claim() {
        let outcome =
            |code: &str| format!(r#"{{"resourceType":"OperationOutcome","issue":[{{"code":"{code}"}}]}}"#);
        for (status, body, expected) in [
            (410, String::new(), Some(Absence::Confirmed)),
            (404, outcome("not-found"), Some(Absence::Confirmed)),
            (404, outcome("processing"), Some(Absence::Confirmed)),
            (404, outcome("not-supported"), None),
            (404, outcome("forbidden"), None),
            (404, String::new(), Some(Absence::Claimed)),
            (404, "<html>no such host</html>".into(), Some(Absence::Claimed)),
            (403, outcome("not-found"), None),
            (200, String::new(), None),
        ] {
            assert_eq!(Answer::of(status, &[], &body).absence(), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_body_that_does_not_fit_is_not_quoted() {
        let error = Answer::of(200, &[], r#"["Jane Doe"]"#).json::<Vec<u8>>().unwrap_err();
        assert!(!format!("{error:?}").contains("Jane"), "{error:?}");
    }
}
