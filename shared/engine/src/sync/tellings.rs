//! Being told of changes: a subscription for each calendar that is read, renewed ahead of its end. Where a provider does
//! not tell, polling alone finds changes; nothing else depends on it.

use std::time::Duration;

use daybook_core::ids::{CalendarId, SubscriptionId};
use daybook_core::proof::Proof;
use daybook_core::subscription::{Subscription, Telling};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::lease::Lease;
use super::{Halt, Session, after};
use crate::ports::{NewSubscription, RemoteError, Subscribing, SubscriptionRow};
use crate::sign_in::provider_word;

/// When a subscription that could not be had for a passing reason is asked for again.
const AGAIN: Duration = Duration::from_mins(10);

impl Session<'_> {
    /// Opens and renews what is due, and ends what is no longer read. Before the calendars are read, so that nothing
    /// falls between the two.
    pub(super) async fn keep_subscribed(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let Some(subscribing) = self.account.subscriptions() else { return Ok(()) };
        let mut read = self.read_calendars();
        read.sort();
        read.dedup();
        for id in &read {
            if self.is_telling_due(id, lease) {
                let telling = self.subscribe(subscribing, id, lease).await?;
                lease.release.schedule.tellings.insert(id.clone(), telling);
            }
        }
        let unread: Vec<CalendarId> =
            lease.release.schedule.tellings.keys().filter(|id| !read.contains(id)).cloned().collect();
        for id in unread {
            let telling = lease.release.schedule.tellings.remove(&id);
            if let Some(ended) = telling.as_ref().and_then(Telling::subscription) {
                self.end_subscription(subscribing, ended).await?;
            }
        }
        Ok(())
    }

    /// Leaving: nobody is to tell us anything any more.
    pub(super) async fn end_subscriptions(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let tellings = std::mem::take(&mut lease.release.schedule.tellings);
        let Some(subscribing) = self.account.subscriptions() else {
            return self.forget_subscriptions(tellings.into_values()).await;
        };
        for subscription in tellings.values().filter_map(Telling::subscription) {
            self.end_subscription(subscribing, subscription).await?;
        }
        Ok(())
    }

    async fn forget_subscriptions(&self, tellings: impl Iterator<Item = Telling>) -> Result<(), Halt> {
        for telling in tellings {
            if let Some(subscription) = telling.subscription() {
                self.forget_subscription(&subscription.id).await?;
            }
        }
        Ok(())
    }

    fn is_telling_due(&self, id: &CalendarId, lease: &Lease<'_>) -> bool {
        let is_marked = self.connection.signals.marks.subscriptions.contains_key(id);
        let telling = lease.release.schedule.tellings.get(id);
        is_marked || telling.is_none_or(|telling| telling.due_at() <= self.now)
    }

    async fn subscribe(
        &self,
        subscribing: &dyn Subscribing,
        id: &CalendarId,
        lease: &Lease<'_>,
    ) -> Result<Telling, Halt> {
        let telling = lease.release.schedule.tellings.get(id);
        let before = self.provable(telling.and_then(Telling::subscription)).await?;
        let wanted = self.wanted();
        match open(subscribing, id, before, &wanted).await {
            Ok(opened) => self.note_subscription(subscribing, id, before, opened, &wanted.secret).await,
            Err(RemoteError::Refused { .. }) => Err(Halt::Refused),
            Err(error) => {
                tracing::info!(connection = %self.at.id, calendar = %id, error = %error, "no notifications; the calendar is polled");
                Ok(refusal(&error, before, self.now))
            }
        }
    }

    /// A subscription whose row is lost shows a secret that nobody knows any more: another takes its place.
    async fn provable<'s>(&self, before: Option<&'s Subscription>) -> Result<Option<&'s Subscription>, Halt> {
        let Some(subscription) = before else { return Ok(None) };
        let provider = self.connection.provider;
        let row = self.engine.store.find_subscription(provider, &subscription.id).await?;
        if row.is_some() {
            return Ok(before);
        }
        if let Some(subscribing) = self.account.subscriptions() {
            self.end_subscription(subscribing, subscription).await?;
        }
        Ok(None)
    }

    fn wanted(&self) -> NewSubscription {
        let Self { engine, connection, now, .. } = self;
        let url = format!("{}/webhooks/{}", engine.public_url, provider_word(connection.provider));
        NewSubscription {
            id: engine.random.token(),
            secret: engine.random.token().into(),
            lifecycle_url: format!("{url}/lifecycle"),
            url,
            now: *now,
        }
    }

    /// A renewed subscription goes on showing its first secret.
    async fn note_subscription(
        &self,
        subscribing: &dyn Subscribing,
        id: &CalendarId,
        before: Option<&Subscription>,
        opened: Subscription,
        secret: &SecretString,
    ) -> Result<Telling, Halt> {
        let (store, provider) = (&self.engine.store, self.connection.provider);
        let known = match before.filter(|before| before.id == opened.id) {
            Some(same) => store.find_subscription(provider, &same.id).await?,
            None => None,
        };
        let row = SubscriptionRow {
            provider,
            id: opened.id.clone(),
            at: self.at.clone(),
            calendar: id.clone(),
            secret: known.map_or_else(|| Proof::of(secret.expose_secret()), |known| known.secret),
            expires_at: opened.expires_at,
        };
        store.put_subscription(&row).await?;
        if let Some(old) = before.filter(|before| before.id != opened.id) {
            self.end_subscription(subscribing, old).await?;
        }
        Ok(Telling::Subscribed(opened))
    }

    /// One that the provider does not end now ends by itself; its notifications are ignored from here on.
    async fn end_subscription(
        &self,
        subscribing: &dyn Subscribing,
        subscription: &Subscription,
    ) -> Result<(), Halt> {
        if let Err(error) = subscribing.unsubscribe(subscription).await {
            tracing::info!(connection = %self.at.id, error = %error, "a subscription runs out by itself");
        }
        self.forget_subscription(&subscription.id).await
    }

    async fn forget_subscription(&self, id: &SubscriptionId) -> Result<(), Halt> {
        Ok(self.engine.store.remove_subscription(self.connection.provider, id).await?)
    }
}

async fn open(
    subscribing: &dyn Subscribing,
    id: &CalendarId,
    before: Option<&Subscription>,
    wanted: &NewSubscription,
) -> Result<Subscription, RemoteError> {
    let Some(before) = before else { return subscribing.subscribe(id, wanted).await };
    match subscribing.renew(id, before, wanted).await {
        Err(RemoteError::Missing { .. }) => subscribing.subscribe(id, wanted).await,
        renewed => renewed,
    }
}

/// A refusal that time may mend is not final, and what holds until then is kept.
fn refusal(error: &RemoteError, before: Option<&Subscription>, now: Timestamp) -> Telling {
    let is_final = matches!(
        error,
        RemoteError::Rejected { .. } | RemoteError::Forbidden { .. } | RemoteError::Missing { .. }
    );
    let ask_again_at = after(now, AGAIN);
    match before.filter(|before| before.expires_at > now) {
        Some(standing) => Telling::Held { subscription: standing.clone(), ask_again_at },
        None if is_final => Telling::refused(now),
        None => Telling::Refused { ask_again_at },
    }
}
