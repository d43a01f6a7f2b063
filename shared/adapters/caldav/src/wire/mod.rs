//! Each request to a server as a small struct that prepares it and reads its answer; tested with literal bytes.
//! Nothing here sends anything.

pub mod change;
pub mod multistatus;
pub mod read;
#[cfg(test)]
mod tests;
pub mod xml;

use daybook_engine::ports::RemoteError;
use http::Request;
use url::Url;

use crate::href;
use crate::http::Reply;
use multistatus::Multistatus;

/// One request and its answer.
pub trait Operation {
    type Answer;

    /// What it is about, for errors.
    fn what(&self) -> String;

    /// The request, on `base`'s server.
    fn prepare(&self, base: &Url) -> Result<Request<String>, http::Error>;

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError>;
}

/// How deep a request looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    Zero,
    One,
}

impl Depth {
    fn as_str(self) -> &'static str {
        match self {
            Depth::Zero => "0",
            Depth::One => "1",
        }
    }
}

fn request(method: &str, base: &Url, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(href::url_of(base, path).as_str())
}

fn request_xml(
    method: &str,
    base: &Url,
    path: &str,
    depth: Depth,
    root: &xml::XmlNode<'_>,
) -> Result<Request<String>, http::Error> {
    request(method, base, path)
        .header("Depth", depth.as_str())
        .header(http::header::CONTENT_TYPE, "application/xml; charset=utf-8")
        .body(xml::document(root))
}

fn parse_multistatus(what: String, reply: &Reply) -> Result<Multistatus, RemoteError> {
    if !reply.status.is_success() {
        return Err(failure(what, reply));
    }
    multistatus::parse(&reply.url, &reply.body)
        .map_err(|cause| RemoteError::Unintelligible { what, cause: Some(Box::new(cause)) })
}

/// What a status that is no success means, where the request has no meaning of its own for it.
pub fn failure(what: String, reply: &Reply) -> RemoteError {
    let broken = multistatus::preconditions(&reply.body);
    match reply.status.as_u16() {
        401 => RemoteError::Refused { what },
        403 if may_not(&broken) => RemoteError::Forbidden { what },
        404 | 410 => RemoteError::Missing { what },
        409 | 412 if broken.is_empty() => RemoteError::Conflict { what },
        412 => RemoteError::Conflict { what },
        507 => RemoteError::Rejected { what, why: "the account's storage is full".into() },
        status if is_passing(status) => {
            RemoteError::Later { what, retry_after: reply.retry_after, cause: None }
        }
        status => RemoteError::Rejected { what, why: describe(status, &broken) },
    }
}

/// A bare 403 says that we may not, too.
fn may_not(broken: &[String]) -> bool {
    broken.is_empty() || broken.iter().any(|name| name == "need-privileges")
}

/// Throttled, locked, misdirected or broken: another time it may succeed.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 421 | 423 | 425 | 429) || (status >= 500 && !matches!(status, 501 | 505 | 507))
}

/// Names of preconditions are the protocol's, not the server's prose.
fn describe(status: u16, broken: &[String]) -> String {
    match broken.first() {
        Some(name) => format!("status {status}, {name}"),
        None => format!("status {status}"),
    }
}

fn header<'a>(reply: &'a Reply, name: &http::HeaderName) -> Option<&'a str> {
    reply.headers.get(name)?.to_str().ok().filter(|value| !value.trim().is_empty())
}

/// What the tests of this room share.
#[cfg(test)]
pub mod fixture {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    pub fn base() -> Url {
        Url::parse("https://dav.example.org/u/").unwrap()
    }

    pub fn reply(status: u16, body: &str) -> Reply {
        Reply {
            url: base(),
            status: http::StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            retry_after: None,
            body: body.to_owned().into(),
        }
    }
}
