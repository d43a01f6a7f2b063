//! What the table keeps of read-only feeds. No row holds an address, only what proves one, and nothing of what a feed shows.

use async_trait::async_trait;
use daybook_core::feed::Feed;
use daybook_core::ids::{PracticeId, PractitionerId};
use daybook_core::proof::Proof;

use super::StoreError;

#[async_trait]
pub trait Feeds: Send + Sync {
    /// The practitioner's feed. One read.
    async fn find_feed(
        &self,
        practice: &PracticeId,
        practitioner: &PractitionerId,
    ) -> Result<Option<Feed>, StoreError>;

    /// Every feed of the practice, by practitioner.
    async fn list_feeds(&self, practice: &PracticeId) -> Result<Vec<Feed>, StoreError>;

    /// The feed that this secret opens. One read where there is none.
    async fn feed_opened_by(&self, secret: Proof) -> Result<Option<Feed>, StoreError>;

    /// Stores it anew. From then on no other secret opens the practitioner's feed; `replaces` is the one that did;
    /// `Stale` where another does by now.
    async fn put_feed(&self, feed: &Feed, replaces: Option<Proof>) -> Result<(), StoreError>;

    /// Notes when it was fetched and what it showed. `Missing` where its secret no longer opens it. One write.
    async fn note_fetch(&self, feed: &Feed) -> Result<(), StoreError>;

    /// Its secret opens nothing from then on. Removing what is not there succeeds; `Stale` where another secret opens the
    /// practitioner's feed by now.
    async fn remove_feed(&self, feed: &Feed) -> Result<(), StoreError>;
}
