//! The read-only feed: make one, look at it, revoke it, and answer who fetches it from the EHR as it stands. How a feed is
//! written down is a door's business.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use daybook_core::appointment::standing;
use daybook_core::detail::{Cap, Detail, project};
use daybook_core::feed::{self, Feed, State};
use daybook_core::ids::{PracticeId, PractitionerId};
use daybook_core::mirror::{MirrorContent, MirrorId};
use daybook_core::policy::Feed as Feeds;
use daybook_core::proof::Proof;
use daybook_core::time::{Interval, date_of};
use daybook_core::window::WindowDays;
use futures_util::lock::Mutex;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};

use crate::Engine;
use crate::error::{EngineError, chain};
use crate::ports::{Completeness, Practice, RemoteError, StoreError};
use crate::sync::zone;

/// An answer is good for so long: who fetches more often gets the same again, and the EHR is not asked.
const READ_EVERY: Duration = Duration::from_mins(5);
/// After a failure the EHR is left alone for so long.
const PAUSE: Duration = Duration::from_mins(1);
/// More feeds than this are not remembered at once.
const MOST: usize = 128;
/// No address of ours has a longer secret.
const MOST_SECRET_BYTES: usize = 200;

/// A feed, with what follows from it and its practice's policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedView {
    pub feed: Feed,
    pub state: State,
    pub effective_detail: Detail,
    pub effective_detail_reason: Option<Cap>,
}

/// What a feed shows now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedPage {
    /// In order of time.
    pub entries: Vec<(MirrorId, MirrorContent)>,
    /// Since when it shows just this.
    pub since: Timestamp,
}

/// What was read a moment ago, by the digest of the secret. Kept by this process alone: no table holds any of it.
#[derive(Default)]
pub(crate) struct ReadFeeds(Lock<HashMap<[u8; 32], Place>>);

/// Held while the EHR is asked, so that of several who fetch at once one asks.
type Place = Arc<Mutex<Option<Read>>>;

struct Read {
    at: Timestamp,
    detail: Detail,
    /// `None`: the EHR did not answer.
    entries: Option<Arc<Vec<(MirrorId, MirrorContent)>>>,
}

impl ReadFeeds {
    fn place(&self, secret: Proof) -> Place {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST && !places.contains_key(&secret.to_bytes()) {
            places.clear();
        }
        places.entry(secret.to_bytes()).or_default().clone()
    }
}

impl Read {
    fn holds(&self, detail: Detail, now: Timestamp) -> bool {
        let long = if self.entries.is_some() { READ_EVERY } else { PAUSE };
        self.detail == detail && self.at <= now && now < self.at + long
    }
}

impl Engine {
    /// Makes the practitioner's feed, and answers its secret this once. A feed that they had has another address from
    /// then on.
    pub async fn make_feed(
        &self,
        practice: &PracticeId,
        practitioner: &PractitionerId,
        detail: Detail,
    ) -> Result<(FeedView, SecretString), EngineError> {
        let practice = self.practice(practice).await?;
        if practice.policy.feed == Feeds::Forbidden {
            return Err(EngineError::NotAllowed { what: "read-only feeds" });
        }
        self.practitioner(&practice.id, practitioner).await?;
        let before = self.store.find_feed(&practice.id, practitioner).await?;
        let secret = self.random.token();
        let feed = Feed {
            practice: practice.id.clone(),
            practitioner: practitioner.clone(),
            secret: Proof::of(&secret),
            detail,
            made_at: self.clock.now(),
            fetched_at: None,
            shown: None,
        };
        self.store.put_feed(&feed, before.map(|before| before.secret)).await?;
        Ok((view(feed, &practice, self.clock.now()), secret.into()))
    }

    /// The practitioner's feed, if they have one.
    pub async fn feed(
        &self,
        practice: &PracticeId,
        practitioner: &PractitionerId,
    ) -> Result<Option<FeedView>, EngineError> {
        let practice = self.practice(practice).await?;
        let found = self.store.find_feed(&practice.id, practitioner).await?;
        Ok(found.map(|feed| view(feed, &practice, self.clock.now())))
    }

    /// Ends the practitioner's feed, and answers whether there was one. Again: no effect.
    pub async fn revoke_feed(
        &self,
        practice: &PracticeId,
        practitioner: &PractitionerId,
    ) -> Result<bool, EngineError> {
        let Some(feed) = self.store.find_feed(practice, practitioner).await? else { return Ok(false) };
        self.store.remove_feed(&feed).await?;
        Ok(true)
    }

    /// Where a calendar program finds the feed.
    pub fn feed_url(&self, secret: &SecretString) -> SecretString {
        format!("{}/feeds/{}.ics", self.public_url, secret.expose_secret()).into()
    }

    /// What the feed with this secret shows. `NotFound` for whatever is wrong with the secret or the feed.
    pub async fn fetch_feed(&self, secret: &str) -> Result<FeedPage, EngineError> {
        if secret.len() > MOST_SECRET_BYTES {
            return Err(unknown());
        }
        let found = self.store.feed_opened_by(Proof::of(secret)).await?;
        let feed = found.ok_or_else(unknown)?;
        let practice = self.practice(&feed.practice).await.map_err(|error| match error {
            EngineError::NotFound { .. } => unknown(),
            other => other,
        })?;
        let now = self.clock.now();
        let view = view(feed, &practice, now);
        if view.state != State::Active {
            return Err(unknown());
        }
        let entries = self.read_feed(&view, &practice, now).await?;
        let since = self.note_fetch(&view.feed, &entries, now).await?;
        Ok(FeedPage { entries: entries.to_vec(), since })
    }

    async fn read_feed(
        &self,
        view: &FeedView,
        practice: &Practice,
        now: Timestamp,
    ) -> Result<Arc<Vec<(MirrorId, MirrorContent)>>, EngineError> {
        let place = self.feeds.place(view.feed.secret);
        let mut place = place.lock().await;
        let detail = view.effective_detail;
        let known = place.as_ref().filter(|read| read.holds(detail, now));
        if let Some(read) = known {
            return read.entries.clone().ok_or_else(|| EngineError::Ehr(paused()));
        }
        let read = self.feed_entries(&view.feed, practice, detail, now).await;
        let entries = read.as_ref().ok().cloned().map(Arc::new);
        *place = Some(Read { at: now, detail, entries: entries.clone() });
        entries.ok_or_else(|| read.err().unwrap_or_else(|| EngineError::Ehr(paused())))
    }

    /// The practitioner's appointments as the EHR has them now, over as long a time as a connection covers by itself.
    async fn feed_entries(
        &self,
        feed: &Feed,
        practice: &Practice,
        detail: Detail,
        now: Timestamp,
    ) -> Result<Vec<(MirrorId, MirrorContent)>, EngineError> {
        let key = self.vault.practice_key(&practice.id).await?;
        let ehr = self.ehrs.open(&practice.id).await.map_err(EngineError::Ehr)?;
        let within = window(practice, now);
        let listing = ehr.list_appointments(&feed.practitioner, within, detail).await;
        let listing = listing.map_err(EngineError::Ehr)?;
        // A part would look as if the rest had been cancelled.
        if listing.completeness != Completeness::Complete {
            return Err(EngineError::Ehr(paused()));
        }
        let mut entries: Vec<(MirrorId, MirrorContent)> = listing
            .items
            .iter()
            .filter_map(|one| {
                let standing = standing(one, &feed.practitioner, now, practice.proposed);
                let content = project(one, standing, None)?;
                Some((key.feed_id(&feed.practitioner, &one.id), content))
            })
            .collect();
        entries.sort_unstable_by(|one, other| (one.1.interval, &one.0).cmp(&(other.1.interval, &other.0)));
        entries.dedup_by(|one, other| one.0 == other.0);
        Ok(entries)
    }

    /// Since when the feed shows this. What cannot be noted is no reason to answer nothing.
    async fn note_fetch(
        &self,
        feed: &Feed,
        entries: &[(MirrorId, MirrorContent)],
        now: Timestamp,
    ) -> Result<Timestamp, EngineError> {
        let key = self.vault.practice_key(&feed.practice).await?;
        let (after, since) = feed.fetched(key.fingerprint_feed(entries), now);
        if after == *feed {
            return Ok(since);
        }
        match self.store.note_fetch(&after).await {
            Ok(()) => Ok(since),
            // Revoked while it was read.
            Err(StoreError::Missing { .. }) => Err(unknown()),
            Err(error) => {
                tracing::warn!(practice = %feed.practice, error = chain(&error), "a fetch of a feed was not noted");
                Ok(since)
            }
        }
    }
}

pub(crate) fn view(feed: Feed, practice: &Practice, now: Timestamp) -> FeedView {
    let (effective_detail, effective_detail_reason) = feed::detail(&practice.policy, feed.detail);
    FeedView { state: feed.state(&practice.policy, now), effective_detail, effective_detail_reason, feed }
}

/// The days are the practice's where it says its zone; the EHR is not asked for it, which would double what a fetch costs.
fn window(practice: &Practice, now: Timestamp) -> Interval {
    let zone = zone::parse(practice.time_zone_fallback.as_deref()).unwrap_or(TimeZone::UTC);
    WindowDays::default().within(practice.policy.window).on(date_of(now, &zone), &zone)
}

fn unknown() -> EngineError {
    EngineError::NotFound { what: "the feed".into() }
}

fn paused() -> RemoteError {
    RemoteError::Later { what: "the EHR".into(), retry_after: Some(PAUSE), cause: None }
}
