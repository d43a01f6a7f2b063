//! The audit trail of each practice. Entries are added and read; nothing changes or removes one, and they leave by
//! themselves after [`daybook_core::audit::KEPT_FOR`].

use async_trait::async_trait;
use daybook_core::audit::Entry;
use daybook_core::ids::PracticeId;

use super::StoreError;

/// Where to go on reading, by an [`Entry::id`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// Oldest first, those that come after this id; `None`: from the beginning.
    After(Option<String>),
    /// Newest first, those that come before this id; `None`: from the end.
    Before(Option<String>),
}

/// A part of a trail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrailPart {
    pub entries: Vec<Entry>,
    /// The id of the last row that was looked at, read or not, where there are more.
    pub more: Option<String>,
}

#[async_trait]
pub trait Trail: Send + Sync {
    /// Adds an entry. `Exists` where one of its id is there already.
    async fn add_entry(&self, entry: &Entry) -> Result<(), StoreError>;

    /// At most `limit` of a practice's entries. One that cannot be read is left out, and ends nothing.
    async fn list_entries(
        &self,
        practice: &PracticeId,
        reading: &Reading,
        limit: usize,
    ) -> Result<TrailPart, StoreError>;
}
