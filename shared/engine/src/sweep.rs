//! The scheduled pass: polls each practice's EHR, wakes the connections that are due, sends old requests again.

use daybook_core::ids::PracticeId;

use crate::Engine;
use crate::error::EngineError;

impl Engine {
    /// One pass over one shard of the index of due work.
    pub async fn sweep(&self, _shard: u32) -> Result<(), EngineError> {
        Ok(())
    }

    /// Reads what changed in the practice's EHR and marks it on the connections concerned.
    pub async fn poll_practice(&self, _practice: &PracticeId) -> Result<(), EngineError> {
        Ok(())
    }
}
