//! Opening and closing channels: how Google tells of changes.

use bytes::Bytes;
use daybook_engine::ports::{NewSubscription, RemoteError};
use http::Request;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::failure::reason;
use super::{Api, Operation, Reply, failure, read, send_json};

/// A week, in seconds: what Google grants events at most.
pub const TTL_SECONDS: i64 = 604_800;

/// Opens a channel for a calendar's events.
pub struct Watch<'a> {
    pub calendar: &'a str,
    pub wanted: &'a NewSubscription,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    pub id: String,
    pub resource_id: Option<String>,
    /// Milliseconds since 1970, as text; may be sooner than asked for.
    pub expiration: Option<String>,
}

impl Operation for Watch<'_> {
    type Answer = Channel;

    fn what(&self) -> String {
        "the subscription to a Google calendar".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let body = json!({
            "id": self.wanted.id,
            "type": "web_hook",
            "address": self.wanted.url,
            "token": self.wanted.secret.expose_secret(),
            "params": { "ttl": TTL_SECONDS.to_string() },
        });
        send_json("POST", &api.calendar(["calendars", self.calendar, "events", "watch"]), &body)
    }

    fn parse(&self, reply: &Reply) -> Result<Channel, RemoteError> {
        // Another time it has another id.
        if reason(reply).as_deref() == Some("channelIdNotUnique") {
            return Err(RemoteError::Later { what: self.what(), retry_after: None, cause: None });
        }
        read(self.what(), reply)
    }
}

/// Closes a channel. Closing what is not open succeeds.
pub struct Stop<'a> {
    pub channel: &'a str,
    pub resource: &'a str,
}

impl Operation for Stop<'_> {
    type Answer = ();

    fn what(&self) -> String {
        "the end of a subscription at Google".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let body = json!({ "id": self.channel, "resourceId": self.resource });
        send_json("POST", &api.calendar(["channels", "stop"]), &body)
    }

    fn parse(&self, reply: &Reply) -> Result<(), RemoteError> {
        match reply.status.as_u16() {
            200..=299 | 404 | 410 => Ok(()),
            _ => Err(failure(self.what(), reply)),
        }
    }
}
