//! Each request to Google as a small struct that prepares it and reads its answer; tested with literal bytes. Nothing
//! here sends anything, and nothing here carries a token.

pub mod batch;
pub mod calendars;
pub mod change;
pub mod channels;
pub mod event;
pub mod events;
pub mod failure;
pub mod free_busy;
pub mod person;
pub mod sharing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use daybook_engine::ports::RemoteError;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub use failure::failure;

/// One request and its answer.
pub trait Operation: Send + Sync {
    type Answer: Send;

    /// What it is about, for errors.
    fn what(&self) -> String;

    /// The request, without who asks.
    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error>;

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError>;
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    /// How long a throttling server asks us to wait.
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

/// Where Google is.
#[derive(Clone, Debug)]
pub struct Api(Url);

impl Api {
    pub fn new(base: Url) -> Self {
        Self(base)
    }

    /// A place below the base; each segment is escaped.
    pub fn url<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// A place in the calendar API.
    fn calendar<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Url {
        self.url(["calendar", "v3"].into_iter().chain(segments))
    }

    /// Path and query of a request to this place, as seen from the base.
    fn below_base<'r>(&self, request: &'r Request<Bytes>) -> &'r str {
        let whole = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        whole.strip_prefix(self.0.path().trim_end_matches('/')).unwrap_or(whole)
    }
}

fn get(url: &Url) -> Result<Request<Bytes>, http::Error> {
    Request::get(url.as_str()).body(Bytes::new())
}

fn send_json(method: &str, url: &Url, body: &Value) -> Result<Request<Bytes>, http::Error> {
    Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string().into())
}

/// Reads a success; everything else is a failure.
fn read<T: DeserializeOwned>(what: String, reply: &Reply) -> Result<T, RemoteError> {
    if !reply.status.is_success() {
        return Err(failure(what, reply));
    }
    daybook_http::read_json(&reply.body).map_err(|error| unintelligible(what, &error))
}

/// The place of the fault, without the words that stand there: they may be a person's.
fn unintelligible(what: String, error: &serde_json::Error) -> RemoteError {
    let place = format!("{:?} in line {}, column {}", error.classify(), error.line(), error.column());
    RemoteError::Unintelligible { what, cause: Some(place.into()) }
}
