//! What the table keeps for those who come from outside: browsers that sign in, providers that notify, accounts that
//! several connections share, the right to refresh.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use daybook_core::connection::{AccountName, Provider};
use daybook_core::feed::Feed;
use daybook_core::ids::{PracticeId, PractitionerId, SubscriptionId};
use daybook_core::proof::Proof;
use daybook_engine::ports::{
    ConnectionRef, Feeds, SignInVisit, SignIns, Stage, StoreError, SubscriptionRow, Subscriptions,
};
use jiff::Timestamp;

use super::World;
use super::fault::Point;

#[derive(Default)]
pub(crate) struct Outside {
    visits: BTreeMap<String, SignInVisit>,
    subscriptions: BTreeMap<(Provider, SubscriptionId), SubscriptionRow>,
    accounts: BTreeSet<(Provider, AccountName, ConnectionRef)>,
    refreshes: BTreeMap<ConnectionRef, (String, Timestamp)>,
    feeds: BTreeMap<(PracticeId, PractitionerId), Feed>,
}

impl World {
    pub(crate) async fn note_user(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("an account")?;
        self.lock().outside.accounts.insert((provider, account.clone(), at.clone()));
        ending.store("an account", ())
    }

    pub(crate) async fn forget_user(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("an account")?;
        self.lock().outside.accounts.remove(&(provider, account.clone(), at.clone()));
        ending.store("an account", ())
    }

    pub(crate) async fn users_of(
        &self,
        provider: Provider,
        account: &AccountName,
    ) -> Result<Vec<ConnectionRef>, StoreError> {
        self.point(Point::TableRead).await.of_store("an account")?;
        let state = self.lock();
        let users = state.outside.accounts.iter().filter(|(of, name, _)| *of == provider && name == account);
        Ok(users.map(|(.., at)| at.clone()).collect())
    }

    pub(crate) async fn take_refresh(
        &self,
        at: &ConnectionRef,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a refresh")?;
        let mut state = self.lock();
        let is_held = state.outside.refreshes.get(at).is_some_and(|(_, until)| *until > now);
        if !is_held {
            state.outside.refreshes.insert(at.clone(), (holder.to_owned(), until));
        }
        ending.store("a refresh", !is_held)
    }

    pub(crate) async fn return_refresh(&self, at: &ConnectionRef, holder: &str) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a refresh")?;
        let mut state = self.lock();
        if state.outside.refreshes.get(at).is_some_and(|(by, _)| by == holder) {
            state.outside.refreshes.remove(at);
        }
        ending.store("a refresh", ())
    }
}

#[async_trait]
impl SignIns for World {
    async fn begin_visit(&self, visit: &SignInVisit) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a visit")?;
        let mut state = self.lock();
        if state.outside.visits.contains_key(&visit.nonce) {
            return Err(StoreError::Exists { what: "the visit".into() });
        }
        state.outside.visits.insert(visit.nonce.clone(), visit.clone());
        ending.store("a visit", ())
    }

    async fn find_visit(&self, nonce: &str) -> Result<Option<SignInVisit>, StoreError> {
        self.point(Point::TableRead).await.of_store("a visit")?;
        Ok(self.lock().outside.visits.get(nonce).cloned())
    }

    async fn move_visit(&self, nonce: &str, from: Stage, to: Stage) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a visit")?;
        let mut state = self.lock();
        match state.outside.visits.get_mut(nonce).filter(|visit| visit.stage == from) {
            Some(visit) => visit.stage = to,
            None => return Err(StoreError::Stale { what: "the visit".into() }),
        }
        ending.store("a visit", ())
    }
}

#[async_trait]
impl Subscriptions for World {
    async fn put_subscription(&self, row: &SubscriptionRow) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a subscription")?;
        self.lock().outside.subscriptions.insert((row.provider, row.id.clone()), row.clone());
        ending.store("a subscription", ())
    }

    async fn find_subscription(
        &self,
        provider: Provider,
        id: &SubscriptionId,
    ) -> Result<Option<SubscriptionRow>, StoreError> {
        self.point(Point::TableRead).await.of_store("a subscription")?;
        Ok(self.lock().outside.subscriptions.get(&(provider, id.clone())).cloned())
    }

    async fn remove_subscription(&self, provider: Provider, id: &SubscriptionId) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a subscription")?;
        self.lock().outside.subscriptions.remove(&(provider, id.clone()));
        ending.store("a subscription", ())
    }
}

fn owner(feed: &Feed) -> (PracticeId, PractitionerId) {
    (feed.practice.clone(), feed.practitioner.clone())
}

#[async_trait]
impl Feeds for World {
    async fn find_feed(
        &self,
        practice: &PracticeId,
        practitioner: &PractitionerId,
    ) -> Result<Option<Feed>, StoreError> {
        self.point(Point::TableRead).await.of_store("a feed")?;
        let owner = (practice.clone(), practitioner.clone());
        Ok(self.lock().outside.feeds.get(&owner).cloned())
    }

    async fn list_feeds(&self, practice: &PracticeId) -> Result<Vec<Feed>, StoreError> {
        self.point(Point::TableRead).await.of_store("feeds")?;
        let state = self.lock();
        Ok(state.outside.feeds.values().filter(|feed| feed.practice == *practice).cloned().collect())
    }

    async fn feed_opened_by(&self, secret: Proof) -> Result<Option<Feed>, StoreError> {
        self.point(Point::TableRead).await.of_store("a feed")?;
        Ok(self.lock().outside.feeds.values().find(|feed| feed.secret == secret).cloned())
    }

    async fn put_feed(&self, feed: &Feed, replaces: Option<Proof>) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a feed")?;
        let mut state = self.lock();
        if state.outside.feeds.get(&owner(feed)).map(|stored| stored.secret) != replaces {
            return Err(StoreError::Stale { what: "the feed".into() });
        }
        state.outside.feeds.insert(owner(feed), feed.clone());
        drop(state);
        ending.store("a feed", ())
    }

    async fn note_fetch(&self, feed: &Feed) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a feed")?;
        let mut state = self.lock();
        match state.outside.feeds.get_mut(&owner(feed)).filter(|stored| stored.secret == feed.secret) {
            Some(stored) => stored.clone_from(feed),
            None => return Err(StoreError::Missing { what: "the feed".into() }),
        }
        ending.store("a feed", ())
    }

    async fn remove_feed(&self, feed: &Feed) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a feed")?;
        let mut state = self.lock();
        if state.outside.feeds.get(&owner(feed)).is_some_and(|stored| stored.secret != feed.secret) {
            return Err(StoreError::Stale { what: "the feed".into() });
        }
        state.outside.feeds.remove(&owner(feed));
        drop(state);
        ending.store("a feed", ())
    }
}
