//! Switches for tests and demonstrations, and a count of what was asked. They live in memory only; they change no
//! calendar.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::{CalDav, MOUNT};
use crate::page::answer::is_cross_site;

#[derive(Default)]
pub(super) struct Control {
    switches: Mutex<Switches>,
}

#[derive(Clone, Default, Serialize)]
pub(super) struct Switches {
    /// Requests by method and place: `PUT /calendars/{person}/{calendar}/{event}`.
    requests: BTreeMap<String, u64>,
    /// How many of them were answered with 401.
    refused: u64,
    refuse_password: BTreeSet<String>,
    fail: Option<Failure>,
    /// How many members one answer to a sync-collection holds at most; 0: all.
    page_size: usize,
    manners: Manners,
    etag_on_put: Tags,
    multiget_drops: usize,
}

/// Whose habits the server has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Manners {
    /// Prefixes, and lenient.
    #[default]
    Plain,
    /// Default namespaces and CDATA, and as strict as iCloud has been seen to be.
    Apple,
}

/// Whether the answer to a PUT names the new state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tags {
    #[default]
    Sent,
    Omitted,
}

/// So many requests are answered with a status in place of the truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failure {
    requests: u64,
    pub(super) status: u16,
    /// Seconds or an HTTP date, as it is to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<String>,
    /// Only requests with this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// Only this person's requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
}

/// What a control request may say; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    expire_tokens: bool,
    #[serde(default)]
    forget_counts: bool,
    refuse_password: Option<BTreeSet<String>>,
    fail: Option<Failure>,
    page_size: Option<usize>,
    manners: Option<Manners>,
    etag_on_put: Option<Tags>,
    multiget_drops: Option<usize>,
}

impl Control {
    pub(super) fn manners(&self) -> Manners {
        self.switches().manners
    }

    pub(super) fn tags(&self) -> Tags {
        self.switches().etag_on_put
    }

    /// How many members an answer may hold.
    pub(super) fn page_size(&self) -> usize {
        match self.switches().page_size {
            0 => usize::MAX,
            size => size,
        }
    }

    pub(super) fn refuses(&self, person: &str) -> bool {
        self.switches().refuse_password.contains(person)
    }

    pub(super) fn count(&self, method: &str, pattern: &str) {
        *self.switches().requests.entry(format!("{method} {pattern}")).or_default() += 1;
    }

    pub(super) fn count_refused(&self) {
        self.switches().refused += 1;
    }

    /// The failure to answer this request with, if it is one of those that are to fail.
    pub(super) fn take_failure(&self, method: &str, person: &str) -> Option<Failure> {
        let mut switches = self.switches();
        let failure = switches.fail.as_mut().filter(|failure| {
            failure.requests > 0
                && failure.method.as_deref().is_none_or(|only| only == method)
                && failure.person.as_deref().is_none_or(|only| only == person)
        })?;
        failure.requests -= 1;
        Some(failure.clone())
    }

    /// How many lines the next multiget leaves out; told once.
    pub(super) fn take_drops(&self) -> usize {
        std::mem::take(&mut self.switches().multiget_drops)
    }

    fn switches(&self) -> MutexGuard<'_, Switches> {
        self.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Switches {
    fn follow(&mut self, wish: Wish) {
        if wish.forget_counts {
            self.requests.clear();
            self.refused = 0;
        }
        if let Some(failure) = wish.fail {
            self.fail = Some(failure).filter(|failure| failure.requests > 0);
        }
        self.refuse_password = wish.refuse_password.unwrap_or(std::mem::take(&mut self.refuse_password));
        self.page_size = wish.page_size.unwrap_or(self.page_size);
        self.manners = wish.manners.unwrap_or(self.manners);
        self.etag_on_put = wish.etag_on_put.unwrap_or(self.etag_on_put);
        self.multiget_drops = wish.multiget_drops.unwrap_or(self.multiget_drops);
    }
}

pub(super) fn routes() -> Router<CalDav> {
    Router::new().route(&format!("{MOUNT}/control"), get(show).post(set))
}

async fn show(State(server): State<CalDav>) -> Json<impl Serialize> {
    Json(server.control().switches().clone())
}

async fn set(State(server): State<CalDav>, headers: HeaderMap, body: Bytes) -> Response {
    if is_cross_site(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let wish: Wish = match serde_json::from_slice(&body) {
        Ok(wish) => wish,
        Err(error) => return (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response(),
    };
    if wish.fail.as_ref().is_some_and(|failure| !(400..600).contains(&failure.status)) {
        return (StatusCode::UNPROCESSABLE_ENTITY, "a failure has a status from 400 to 599").into_response();
    }
    if wish.expire_tokens
        && let Err(error) = server.expire_tokens()
    {
        tracing::error!(%error, "the sandbox CalDAV server cannot use its file");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut switches = server.control().switches();
    switches.follow(wish);
    Json(switches.clone()).into_response()
}
