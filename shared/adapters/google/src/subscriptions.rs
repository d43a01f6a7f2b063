//! Standing requests to be told of changes. A channel cannot be prolonged: renewing opens another.

use async_trait::async_trait;
use daybook_core::ids::{CalendarId, SubscriptionId};
use daybook_core::subscription::Subscription;
use daybook_engine::ports::{NewSubscription, RemoteError, Subscribing};
use jiff::{SignedDuration, Timestamp};

use crate::account::GoogleAccount;
use crate::wire::channels::{Channel, Stop, TTL_SECONDS, Watch};

#[async_trait]
impl Subscribing for GoogleAccount {
    async fn subscribe(
        &self,
        calendar: &CalendarId,
        wanted: &NewSubscription,
    ) -> Result<Subscription, RemoteError> {
        let channel = self.session.ask(&Watch { calendar: calendar.as_str(), wanted }).await?;
        Ok(subscription(channel, wanted.now))
    }

    async fn renew(
        &self,
        calendar: &CalendarId,
        _current: &Subscription,
        wanted: &NewSubscription,
    ) -> Result<Subscription, RemoteError> {
        self.subscribe(calendar, wanted).await
    }

    /// Without the name of what is watched it cannot be ended, and ends by itself within a week.
    async fn unsubscribe(&self, subscription: &Subscription) -> Result<(), RemoteError> {
        let Some(resource) = &subscription.resource else { return Ok(()) };
        self.session.ask(&Stop { channel: subscription.id.as_str(), resource }).await
    }
}

/// It ends when Google says, which may be sooner than we asked.
fn subscription(channel: Channel, now: Timestamp) -> Subscription {
    let told = channel.expiration.and_then(|text| text.parse().ok());
    let told = told.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let asked = || now.checked_add(SignedDuration::from_secs(TTL_SECONDS)).unwrap_or(Timestamp::MAX);
    Subscription {
        id: SubscriptionId::new(channel.id),
        resource: channel.resource_id,
        opened_at: now,
        expires_at: told.unwrap_or_else(asked),
    }
}
