//! Requests about subscriptions. While one is made, Graph asks both our addresses whether they are ours.

use daybook_core::ids::{CalendarId, SubscriptionId};
use daybook_engine::ports::{NewSubscription, RemoteError};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::calendars::Page;
use super::failure::code;
use super::{Call, Operation, Reply, encoded, failure, parse_json};

/// How long a subscription is to live. Which limit holds differs by edition of the documentation (trap B-T18).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// Just under seven days.
    Long,
    /// Just under three, where Graph refuses that.
    Short,
}

impl Life {
    fn length(self) -> SignedDuration {
        match self {
            Life::Long => SignedDuration::from_mins(10_070),
            Life::Short => SignedDuration::from_mins(4_200),
        }
    }

    fn ends(self, now: Timestamp) -> Timestamp {
        now.checked_add(self.length()).unwrap_or(Timestamp::MAX)
    }
}

/// The thing that is watched: one calendar (`me/events` tells of the default one alone, trap B-T16).
pub fn resource(calendar: &CalendarId) -> String {
    format!("me/calendars/{calendar}/events")
}

/// A subscription as Graph tells it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    pub id: String,
    pub resource: Option<String>,
    pub notification_url: Option<String>,
    pub expiration_date_time: Option<Timestamp>,
}

impl Standing {
    /// For how long at least it has been left alone: Graph tells when it ends, and we give it one of two lives.
    pub fn idle(&self, now: Timestamp) -> Option<SignedDuration> {
        let left = self.expiration_date_time?.duration_since(now);
        let life = if left > Life::Short.length() { Life::Long } else { Life::Short };
        life.length().checked_sub(left)
    }
}

/// What became of asking for one.
#[derive(Debug)]
pub enum Subscribed {
    Until(Standing),
    /// Graph does not take the request as it is; a shorter life it may.
    Unwelcome(RemoteError),
    /// One on the same resource stands already.
    Taken,
}

pub struct Subscribe<'a> {
    pub calendar: &'a CalendarId,
    pub wanted: &'a NewSubscription,
    pub life: Life,
}

impl Operation for Subscribe<'_> {
    type Answer = Subscribed;

    fn what(&self) -> String {
        format!("a subscription to calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        let body = json!({
            "changeType": "created,updated,deleted",
            "notificationUrl": self.wanted.url,
            "lifecycleNotificationUrl": self.wanted.lifecycle_url,
            "resource": resource(self.calendar),
            "expirationDateTime": self.life.ends(self.wanted.now).to_string(),
            "clientState": self.wanted.secret.expose_secret(),
            "latestSupportedTlsVersion": "v1_2",
        });
        Call::send(Method::POST, "/subscriptions".into(), body)
    }

    fn parse(&self, reply: &Reply) -> Result<Subscribed, RemoteError> {
        match (reply.status.as_u16(), code(reply).as_str()) {
            (409, _) => Ok(Subscribed::Taken),
            // It asked our addresses and was not answered as it wants.
            (400, "validationerror") => Err(failure(self.what(), reply)),
            (400, _) => Ok(Subscribed::Unwelcome(failure(self.what(), reply))),
            _ => parse_json(self.what(), reply).map(Subscribed::Until),
        }
    }
}

/// Lets a subscription live on.
pub struct Renew<'a> {
    pub id: &'a SubscriptionId,
    pub now: Timestamp,
    pub life: Life,
}

impl Operation for Renew<'_> {
    type Answer = Subscribed;

    fn what(&self) -> String {
        format!("subscription {}", self.id)
    }

    fn prepare(&self) -> Call {
        let body = json!({ "expirationDateTime": self.life.ends(self.now).to_string() });
        Call::send(Method::PATCH, format!("/subscriptions/{}", encoded(self.id.as_str())), body)
    }

    fn parse(&self, reply: &Reply) -> Result<Subscribed, RemoteError> {
        match reply.status.as_u16() {
            400 => Ok(Subscribed::Unwelcome(failure(self.what(), reply))),
            410 => Err(RemoteError::Missing { what: self.what() }),
            _ => parse_json(self.what(), reply).map(Subscribed::Until),
        }
    }
}

/// One page of the subscriptions of this account.
pub struct ListSubscriptions {
    pub target: String,
}

impl Operation for ListSubscriptions {
    type Answer = Page<Standing>;

    fn what(&self) -> String {
        "the subscriptions of the account".into()
    }

    fn prepare(&self) -> Call {
        Call::get(self.target.clone())
    }

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError> {
        parse_json(self.what(), reply)
    }
}

/// Ends a subscription. Ending what has ended succeeds.
pub struct Unsubscribe<'a> {
    pub id: &'a SubscriptionId,
}

impl Operation for Unsubscribe<'_> {
    type Answer = ();

    fn what(&self) -> String {
        format!("subscription {}", self.id)
    }

    fn prepare(&self) -> Call {
        Call::delete(format!("/subscriptions/{}", encoded(self.id.as_str())))
    }

    fn parse(&self, reply: &Reply) -> Result<(), RemoteError> {
        match reply.status.as_u16() {
            200..=299 | 404 | 410 => Ok(()),
            _ => Err(failure(self.what(), reply)),
        }
    }
}
