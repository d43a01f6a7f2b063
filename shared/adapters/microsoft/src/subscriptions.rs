//! Being told of changes. One subscription a calendar: where one stands already, left by an answer that was lost, it
//! is ended first (trap B-T19).

use async_trait::async_trait;
use daybook_core::ids::{CalendarId, SubscriptionId};
use daybook_core::subscription::Subscription;
use daybook_engine::ports::{NewSubscription, RemoteError, Subscribing};

use crate::account::MicrosoftAccount;
use crate::wire::Operation;
use crate::wire::subscriptions::{
    Life, ListSubscriptions, Renew, Standing, Subscribe, Subscribed, Unsubscribe, resource,
};

/// Pages of an account's subscriptions.
const MAX_PAGES: usize = 50;

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
        self.end_standing(calendar).await?;
        let taken = || RemoteError::Later { what: resource(calendar), retry_after: None, cause: None };
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

    async fn end_standing(&self, calendar: &CalendarId) -> Result<(), RemoteError> {
        let watched = resource(calendar);
        let mut page = ListSubscriptions { target: "/subscriptions".into() };
        for _ in 0..MAX_PAGES {
            let found = self.session.ask(&page).await?;
            for standing in &found.value {
                let same = standing.resource.as_deref().is_some_and(|one| is_same(one, &watched));
                if same {
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
