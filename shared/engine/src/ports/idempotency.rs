//! Answers to requests that carried a key of the caller's, kept so that a repetition has no second effect.
//! It does not know what was asked: a request is a keyed digest.

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use jiff::Timestamp;

use super::StoreError;

/// What was answered to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub status: u16,
    /// Headers that belong to the answer; names in lower case.
    pub headers: Vec<(String, String)>,
    /// JSON; empty where there is none.
    pub body: String,
}

/// What became of the attempt to claim a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Claim {
    /// Nobody used it yet, or who did never answered and its time is up: go on.
    Yours,
    /// The same request was answered before.
    Answered(Answer),
    /// The same request is being answered right now.
    Running,
    /// The key stands for another request.
    Taken,
}

/// Keys of one practice; each is forgotten at its `until`, which a reader checks against `now`.
#[async_trait]
pub trait Idempotency: Send + Sync {
    /// Claims `key` for the request with this digest. A claim that nobody answers lapses at `until`.
    async fn claim(
        &self,
        practice: &PracticeId,
        key: &str,
        digest: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, StoreError>;

    /// Keeps the answer to a claimed request until `until`.
    async fn keep_answer(
        &self,
        practice: &PracticeId,
        key: &str,
        digest: &str,
        answer: &Answer,
        until: Timestamp,
    ) -> Result<(), StoreError>;

    /// Gives a claim back: the request had no effect. Giving back what is not there succeeds.
    async fn give_back(&self, practice: &PracticeId, key: &str) -> Result<(), StoreError>;
}
