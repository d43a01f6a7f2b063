//! Writing events. The condition is visible at each call, and no write ever causes a mail (E-089).

use bytes::Bytes;
use daybook_core::ids::Revision;
use daybook_engine::ports::RemoteError;
use http::Request;
use http::header::{HeaderValue, IF_MATCH};
use serde::Deserialize;
use serde_json::Value;

use super::failure::reason;
use super::{Api, Operation, Reply, failure, read, send_json};

/// What becomes of an event.
#[derive(Clone, Debug)]
pub enum Change {
    /// Made, under an id of ours that stands in the body. It must never have been used.
    Insert(Value),
    /// Put in place of what stands: whatever the body leaves out is cleared.
    Replace(Value),
    /// Only what the body names is exchanged; `null` clears.
    Patch(Value),
    /// Removed. Removing what is deleted already succeeds.
    Remove,
}

/// One write.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    pub calendar: &'a str,
    pub event: &'a str,
    pub change: Change,
    /// The state that it may replace; `None` is any.
    pub over: Option<Revision>,
}

/// What became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    Stands {
        revision: Option<Revision>,
    },
    Removed,
    /// The id is in use, perhaps by a deleted event (trap A-T8).
    Taken,
    /// There is no such event, or no such calendar: the answers are the same.
    NotFound,
}

#[derive(Deserialize)]
struct Written {
    etag: Option<String>,
}

impl Operation for Write<'_> {
    type Answer = Outcome;

    fn what(&self) -> String {
        "a mirror in a Google calendar".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let events = ["calendars", self.calendar, "events"];
        let event = events.into_iter().chain((!self.makes()).then_some(self.event));
        let mut url = api.calendar(event);
        url.query_pairs_mut().append_pair("sendUpdates", "none");
        let mut request = match &self.change {
            Change::Insert(body) => send_json("POST", &url, body),
            Change::Replace(body) => send_json("PUT", &url, body),
            Change::Patch(body) => send_json("PATCH", &url, body),
            Change::Remove => Request::delete(url.as_str()).body(Bytes::new()),
        }?;
        if let Some(revision) = &self.over {
            request.headers_mut().insert(IF_MATCH, HeaderValue::from_str(revision.as_str())?);
        }
        Ok(request)
    }

    fn parse(&self, reply: &Reply) -> Result<Outcome, RemoteError> {
        let removes = matches!(self.change, Change::Remove);
        match reply.status.as_u16() {
            200..=299 | 410 if removes => Ok(Outcome::Removed),
            404 | 410 => Ok(Outcome::NotFound),
            409 if self.makes() && reason(reply).as_deref() != Some("conflict") => Ok(Outcome::Taken),
            200..=299 => read(self.what(), reply)
                .map(|written: Written| Outcome::Stands { revision: written.etag.map(Revision::new) }),
            _ => Err(failure(self.what(), reply)),
        }
    }
}

impl Write<'_> {
    fn makes(&self) -> bool {
        matches!(self.change, Change::Insert(_))
    }
}
