//! The outbox of notices, and who carries them. What is in a notice is `daybook_core::notice`'s.

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_core::notice::Notice;
use jiff::Timestamp;

use super::{RemoteError, StoreError};

/// A notice's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NoticeRef {
    pub practice: PracticeId,
    /// [`Notice::id`].
    pub id: String,
}

/// A notice to be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewNotice {
    pub notice: Notice,
    /// When to post it first. `None` where the practice has no address for it.
    pub offer_at: Option<Timestamp>,
}

/// How far offering it has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Delivery {
    pub attempts: u32,
    /// When to try again; `None` when it was taken, or is offered no more.
    pub offer_at: Option<Timestamp>,
    pub taken_at: Option<Timestamp>,
}

/// A notice with how far offering it has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offered {
    pub notice: Notice,
    pub delivery: Delivery,
}

/// The outbox. Notices come into it with a worker's last write, [`super::Release`]; they leave it by themselves after
/// [`daybook_core::notice::KEPT_FOR`].
#[async_trait]
pub trait Notices: Send + Sync {
    async fn find_notice(&self, at: &NoticeRef) -> Result<Option<Offered>, StoreError>;

    /// Those of a practice whose ids come after `after`, or all, oldest first, at most `limit`.
    async fn list_notices(
        &self,
        practice: &PracticeId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Notice>, StoreError>;

    /// Notes how an attempt went. One write.
    async fn note_delivery(&self, at: &NoticeRef, delivery: Delivery) -> Result<(), StoreError>;
}

/// Carries one notice to the practice's EHR, signed.
#[async_trait]
pub trait Courier: Send + Sync {
    /// `Rejected` where the receiver wants it never again; every other error is worth another attempt.
    async fn carry(&self, notice: &Notice, to: &str, now: Timestamp) -> Result<(), RemoteError>;
}
