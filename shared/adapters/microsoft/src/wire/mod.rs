//! Each request to Graph as a small struct that prepares it and reads its answer; tested with literal bytes.
//! Nothing here sends anything.

pub mod batch;
pub mod calendars;
pub mod event;
pub mod failure;
pub mod people;
pub mod read;
pub mod sharing;
pub mod subscriptions;
#[cfg(test)]
mod tests;
pub mod write;

use std::time::Duration;

use bytes::Bytes;
use daybook_engine::ports::RemoteError;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub use failure::failure;

/// What every request prefers: ids that stay when an event moves, and times in UTC (providers B.2, trap B-T5).
pub const PREFER: &str = r#"IdType="ImmutableId", outlook.timezone="UTC""#;
/// The same, in pages of 200.
pub const PREFER_PAGES: &str = r#"IdType="ImmutableId", outlook.timezone="UTC", odata.maxpagesize=200"#;

/// One request and its answer.
pub trait Operation: Sync {
    type Answer: Send;

    /// What it is about, for errors.
    fn what(&self) -> String;

    fn prepare(&self) -> Call;

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError>;
}

/// A request below the version root; goes alone or inside a batch.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    pub method: Method,
    /// Path and query below the root: `/me/events/AAk%3D`.
    pub target: String,
    pub prefer: &'static str,
    /// The state that it may change.
    pub if_match: Option<String>,
    pub body: Option<Value>,
}

impl Call {
    pub fn get(target: String) -> Self {
        Self { method: Method::GET, target, prefer: PREFER, if_match: None, body: None }
    }

    pub fn send(method: Method, target: String, body: Value) -> Self {
        Self { method, body: Some(body), ..Self::get(target) }
    }

    pub fn delete(target: String) -> Self {
        Self { method: Method::DELETE, ..Self::get(target) }
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    /// How long a throttling server asks us to wait.
    pub retry_after: Option<Duration>,
    /// By the server's clock, or by ours where it tells none.
    pub answered_at: Timestamp,
    pub body: Bytes,
}

/// Text as one path segment or inside a query: event ids hold `=`, `/` and `+`.
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Reads the JSON of a success.
pub fn parse_json<T: DeserializeOwned>(what: String, reply: &Reply) -> Result<T, RemoteError> {
    if !reply.status.is_success() {
        return Err(failure(what, reply));
    }
    daybook_http::read_json(&reply.body).map_err(|error| unintelligible(what, &error))
}

/// The place of the fault, without the words that stand there: they may be a person's.
pub fn unintelligible(what: String, error: &serde_json::Error) -> RemoteError {
    let place = format!("{:?} in line {}, column {}", error.classify(), error.line(), error.column());
    RemoteError::Unintelligible { what, cause: Some(place.into()) }
}

/// A link that Graph gave us, as a target below our root. `None` where it leads elsewhere: no token goes there.
pub fn target_of(root: &Url, link: &str) -> Option<String> {
    let link = Url::parse(link).ok()?;
    let rest = link.path().strip_prefix(root.path().trim_end_matches('/'))?;
    let inside = link.origin() == root.origin() && link.username().is_empty() && rest.starts_with('/');
    let query = link.query().map(|query| format!("?{query}")).unwrap_or_default();
    inside.then(|| format!("{rest}{query}"))
}
