//! How answers are written: lines of a multistatus, and refusals that name the precondition (RFC 4918 sections 13 and
//! 16). When which is due is the requests' business.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::caldav::control::{Failure, Manners};
use crate::caldav::xml::{CALDAV, DAV, Element, Name, dav};

const XML: &str = "application/xml; charset=utf-8";

/// Why a request is not done.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    precondition: Option<Element>,
}

impl Refusal {
    pub(super) fn bare(status: StatusCode) -> Self {
        Self { status, precondition: None }
    }

    pub(super) fn missing() -> Self {
        Self::bare(StatusCode::NOT_FOUND)
    }

    pub(super) fn not_allowed() -> Self {
        Self::bare(StatusCode::METHOD_NOT_ALLOWED)
    }

    /// 403 with a precondition of RFC 4918 and its kin.
    pub(super) fn dav(name: &'static str) -> Self {
        Self::because(StatusCode::FORBIDDEN, Element::new(Name::new(DAV, name)))
    }

    /// 403 with a precondition of RFC 4791.
    pub(super) fn caldav(name: &'static str) -> Self {
        Self::because(StatusCode::FORBIDDEN, Element::new(Name::new(CALDAV, name)))
    }

    pub(super) fn needs_privileges() -> Self {
        Self::dav("need-privileges")
    }

    pub(super) fn because(status: StatusCode, precondition: Element) -> Self {
        Self { status, precondition: Some(precondition) }
    }

    pub(super) fn response(self, manners: Manners) -> Response {
        let mut response = match self.precondition {
            Some(precondition) => document(self.status, &dav("error").with([precondition]), manners),
            None => self.status.into_response(),
        };
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(super::ALLOW));
        }
        response
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the sandbox CalDAV server cannot use its file");
        Self::bare(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// A failure that the control asked for.
pub(super) fn failure(failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response = status.into_response();
    let wait = failure.retry_after.as_deref().and_then(|wait| HeaderValue::from_str(wait).ok());
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

/// One line about a resource with its properties: those that it has, and those that it has not (E-036 is about the
/// latter).
pub(super) fn found(href: &str, has: Vec<Element>, has_not: Vec<Name>) -> Element {
    let mut parts = vec![dav("href").text(href)];
    // Nothing asked for is an empty success.
    if !has.is_empty() || has_not.is_empty() {
        parts.push(propstat(has, "HTTP/1.1 200 OK"));
    }
    if !has_not.is_empty() {
        parts.push(propstat(has_not.into_iter().map(Element::new).collect(), "HTTP/1.1 404 Not Found"));
    }
    dav("response").with(parts)
}

pub(super) fn propstat(props: Vec<Element>, status: &str) -> Element {
    dav("propstat").with([dav("prop").with(props), dav("status").text(status)])
}

/// One line that is a status alone.
pub(super) fn gone(href: &str) -> Element {
    dav("response").with([dav("href").text(href), dav("status").text("HTTP/1.1 404 Not Found")])
}

/// The line that says that there is more (RFC 6578 section 3.6).
pub(super) fn cut_short(href: &str) -> Element {
    let error = dav("error").with([dav("number-of-matches-within-limits")]);
    let status = dav("status").text("HTTP/1.1 507 Insufficient Storage");
    dav("response").with([dav("href").text(href), status, error])
}

pub(super) fn multistatus(parts: Vec<Element>, manners: Manners) -> Response {
    document(StatusCode::MULTI_STATUS, &dav("multistatus").with(parts), manners)
}

pub(super) fn document(status: StatusCode, root: &Element, manners: Manners) -> Response {
    (status, [(header::CONTENT_TYPE, XML)], root.document(manners)).into_response()
}
