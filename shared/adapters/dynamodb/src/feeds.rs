//! Read-only feeds: one row a practitioner, beside the practice, and one that leads from the secret's digest to it. The
//! practitioner's row alone says which secret opens the feed, so one that leads nowhere opens nothing.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;
use daybook_core::feed::{Feed, Shown};
use daybook_core::ids::{PracticeId, PractitionerId};
use daybook_core::key::Fingerprint;
use daybook_core::proof::Proof;
use daybook_engine::chain;
use daybook_engine::ports::{Feeds, StoreError};

use crate::expression::{Change, Field};
use crate::item::{Broken, Row, bytes, instant, new_row, put, text};
use crate::keys;
use crate::table::{Ask, Table, Written, readable};
use crate::words::Word;

/// Whose it is, is not told: that is for whoever knows the secret.
const NAMED: &str = "a feed";

#[async_trait]
impl Feeds for Table {
    async fn find_feed(
        &self,
        practice: &PracticeId,
        practitioner: &PractitionerId,
    ) -> Result<Option<Feed>, StoreError> {
        let Some(item) = self.get(&keys::feed(practice, practitioner), NAMED).await? else {
            return Ok(None);
        };
        let feed = Row::read(&item).and_then(|row| feed_of(practice, practitioner, row));
        feed.map(Some).map_err(|broken| broken.unreadable(NAMED))
    }

    async fn list_feeds(&self, practice: &PracticeId) -> Result<Vec<Feed>, StoreError> {
        let ask = Ask::begins_with(keys::practice_partition(practice), keys::FEEDS);
        let mut feeds = readable(&self.query(ask, usize::MAX, NAMED).await?, |item| {
            let row = Row::read(item)?;
            let practitioner = keys::practitioner_of_feed(row.text("sk")?).ok_or(Broken::Attribute("sk"))?;
            feed_of(practice, &practitioner, row)
        });
        feeds.sort_by(|one, other| one.practitioner.cmp(&other.practitioner));
        Ok(feeds)
    }

    async fn feed_opened_by(&self, secret: Proof) -> Result<Option<Feed>, StoreError> {
        let Some(item) = self.get(&keys::feed_secret(secret), NAMED).await? else { return Ok(None) };
        let of = Row::read(&item).and_then(|row| Ok((row.text("practice")?, row.text("practitioner")?)));
        let (practice, practitioner) = of.map_err(|broken| broken.unreadable(NAMED))?;
        let feed = self.find_feed(&practice.into(), &practitioner.into()).await?;
        Ok(feed.filter(|feed| feed.secret == secret))
    }

    /// The way to it comes first: a row that says what nothing leads to would open nothing either.
    async fn put_feed(&self, feed: &Feed, replaces: Option<Proof>) -> Result<(), StoreError> {
        let mut way = new_row(&keys::feed_secret(feed.secret));
        put(&mut way, "practice", Some(text(feed.practice.as_str())));
        put(&mut way, "practitioner", Some(text(feed.practitioner.as_str())));
        self.put(way, &Change::default(), NAMED).await?;
        let mut item = new_row(&keys::feed(&feed.practice, &feed.practitioner));
        let kept = [
            ("secret", Some(bytes(feed.secret.to_bytes()))),
            ("detail", Some(text(feed.detail.word()))),
            ("made_at", Some(instant(feed.made_at))),
        ];
        for (name, value) in kept.into_iter().chain(fetched(feed)) {
            put(&mut item, name, value);
        }
        let only_if = match replaces {
            Some(old) => opened_by(old),
            None => Change::absent(),
        };
        if let Written::Refused(_) = self.put_once(item, &only_if, NAMED).await? {
            self.leave_no_way(feed.secret).await;
            return Err(StoreError::Stale { what: NAMED.into() });
        }
        if let Some(old) = replaces.filter(|old| *old != feed.secret) {
            self.leave_no_way(old).await;
        }
        Ok(())
    }

    async fn note_fetch(&self, feed: &Feed) -> Result<(), StoreError> {
        let change = opened_by(feed.secret).assign(fetched(feed));
        let key = keys::feed(&feed.practice, &feed.practitioner);
        match self.update(&key, &change, ReturnValue::None, NAMED).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Missing { what: NAMED.into() }),
        }
    }

    async fn remove_feed(&self, feed: &Feed) -> Result<(), StoreError> {
        let key = keys::feed(&feed.practice, &feed.practitioner);
        let secret = bytes(feed.secret.to_bytes());
        let only_if = Change::default()
            .only_if("(attribute_not_exists(#pk) OR #secret = :secret)", [("secret", secret)]);
        if let Written::Refused(_) = self.delete(&key, &only_if, NAMED).await? {
            return Err(StoreError::Stale { what: NAMED.into() });
        }
        self.leave_no_way(feed.secret).await;
        Ok(())
    }
}

impl Table {
    /// A way that leads to no feed opens nothing, so that one which cannot be removed is no failure.
    async fn leave_no_way(&self, secret: Proof) {
        if let Err(error) = self.delete(&keys::feed_secret(secret), &Change::default(), NAMED).await {
            tracing::warn!(error = chain(&error), "a way to a feed that is no more was left behind");
        }
    }
}

/// Of a feed that this secret opens.
fn opened_by(secret: Proof) -> Change {
    Change::of_readable().only_if("#secret = :secret", [("secret", bytes(secret.to_bytes()))])
}

/// What a fetch notes.
fn fetched(feed: &Feed) -> [Field; 3] {
    [
        ("fetched_at", feed.fetched_at.map(instant)),
        ("shown", feed.shown.map(|shown| bytes(shown.print.to_bytes()))),
        ("shown_since", feed.shown.map(|shown| instant(shown.since))),
    ]
}

fn feed_of(practice: &PracticeId, practitioner: &PractitionerId, row: Row<'_>) -> Result<Feed, Broken> {
    let shown = |since| {
        let print = Fingerprint::from_bytes(row.bytes("shown")?).ok_or(Broken::Attribute("shown"))?;
        Ok(Shown { print, since })
    };
    Ok(Feed {
        practice: practice.clone(),
        practitioner: practitioner.clone(),
        secret: Proof::from_bytes(row.bytes("secret")?).ok_or(Broken::Attribute("secret"))?,
        detail: row.word("detail")?,
        made_at: row.instant("made_at")?,
        fetched_at: row.find_instant("fetched_at")?,
        shown: row.find_instant("shown_since")?.map(shown).transpose()?,
    })
}
