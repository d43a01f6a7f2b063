//! The common budget of requests to a provider, where several practices share one registered program.

use async_trait::async_trait;
use daybook_core::connection::Provider;
use daybook_core::ids::PracticeId;
use daybook_core::quota::Quota;
use jiff::Timestamp;

use super::StoreError;

/// Counts what is drawn, minute by minute, for all processes of the deployment.
#[async_trait]
pub trait Quotas: Send + Sync {
    /// Draws `wanted` requests from the minute of `now`. `false` where the minute, or the practice's part of it, does
    /// not hold that many any more. One write.
    async fn draw(
        &self,
        provider: Provider,
        practice: &PracticeId,
        quota: Quota,
        wanted: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}
