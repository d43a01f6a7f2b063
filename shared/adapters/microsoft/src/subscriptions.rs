//! Being told of changes. Graph holds one subscription a calendar: where one stands that an answer which was lost has
//! left behind, it is ended first (trap B-T19). Another connection's to the same account is never ended.

use async_trait::async_trait;
use daybook_core::ids::{CalendarId, SubscriptionId};
use daybook_core::subscription::Subscription;
use daybook_engine::ports::{NewSubscription, RemoteError, Subscribing};
use jiff::SignedDuration;

use crate::account::MicrosoftAccount;
use crate::wire::Operation;
use crate::wire::subscriptions::{
    Life, ListSubscriptions, Renew, Standing, Subscribe, Subscribed, Unsubscribe, resource,
};

/// Pages of an account's subscriptions.
const MAX_PAGES: usize = 50;
/// A subscription that is in use is renewed more often; one that was made just now may be another connection's.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_hours(24);

#[async_trait]
impl Subscribing for MicrosoftAccount {
    async fn subscribe(
        &self,
        calendar: &CalendarId,
        wanted: &NewSubscription,
    ) -> Result<Subscription, RemoteError> {
        if let Some(standing) = self.try_to_subscribe(calendar, wanted).await? {
            return Ok(known(standing, calendar, wanted));
        }
        self.end_left_behind(calendar, wanted).await?;
        let taken = || RemoteError::Rejected {
            what: resource(calendar),
            why: "another subscription to it stands already".into(),
        };
        let standing = self.try_to_subscribe(calendar, wanted).await?.ok_or_else(taken)?;
        Ok(known(standing, calendar, wanted))
    }

    async fn renew(
        &self,
        calendar: &CalendarId,
        current: &Subscription,
        wanted: &NewSubscription,
    ) -> Result<Subscription, RemoteError> {
        let mut refusal = RemoteError::Missing { what: format!("subscription {}", current.id) };
        for life in [Life::Long, Life::Short] {
            match self.session.ask(&Renew { id: &current.id, now: wanted.now, life }).await? {
                Subscribed::Until(standing) => return Ok(known(standing, calendar, wanted)),
                Subscribed::Unwelcome(error) => refusal = error,
                Subscribed::Taken => {}
            }
        }
        Err(refusal)
    }

    async fn unsubscribe(&self, subscription: &Subscription) -> Result<(), RemoteError> {
        self.session.ask(&Unsubscribe { id: &subscription.id }).await
    }
}

impl MicrosoftAccount {
    /// `None`: one on this calendar stands already.
    async fn try_to_subscribe(
        &self,
        calendar: &CalendarId,
        wanted: &NewSubscription,
    ) -> Result<Option<Standing>, RemoteError> {
        let ask = |life| Subscribe { calendar, wanted, life };
        let shorter = match self.session.ask(&ask(Life::Long)).await? {
            Subscribed::Unwelcome(_) => self.session.ask(&ask(Life::Short)).await?,
            other => other,
        };
        match shorter {
            Subscribed::Until(standing) => Ok(Some(standing)),
            Subscribed::Unwelcome(error) => Err(error),
            Subscribed::Taken => Ok(None),
        }
    }

    async fn end_left_behind(
        &self,
        calendar: &CalendarId,
        wanted: &NewSubscription,
    ) -> Result<(), RemoteError> {
        let watched = resource(calendar);
        let mut page = ListSubscriptions { target: "/subscriptions".into() };
        for _ in 0..MAX_PAGES {
            let found = self.session.ask(&page).await?;
            for standing in &found.value {
                let same = standing.resource.as_deref().is_some_and(|one| is_same(one, &watched));
                if same && is_left_behind(standing, wanted) {
                    let id = SubscriptionId::new(standing.id.as_str());
                    self.session.ask(&Unsubscribe { id: &id }).await?;
                }
            }
            let Some(next) = found.next else { return Ok(()) };
            page.target = self.session.follow(&next, &page.what())?;
        }
        Ok(())
    }
}

/// Told to our own address, and not looked after for a day.
fn is_left_behind(standing: &Standing, wanted: &NewSubscription) -> bool {
    standing.notification_url.as_deref() == Some(wanted.url.as_str())
        && standing.idle(wanted.now).is_some_and(|idle| idle >= LEFT_BEHIND)
}

/// Graph may answer with a slash in front.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_matches('/') == other.trim_matches('/')
}

fn known(standing: Standing, calendar: &CalendarId, wanted: &NewSubscription) -> Subscription {
    Subscription {
        id: SubscriptionId::new(standing.id),
        resource: standing.resource.or_else(|| Some(resource(calendar))),
        opened_at: wanted.now,
        // Without a time it is looked after at once.
        expires_at: standing.expiration_date_time.unwrap_or(wanted.now),
    }
}
