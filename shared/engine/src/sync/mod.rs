//! Sync one connection: lease, observe, look, plan, apply, agree, cursors last.

pub mod zone;

use crate::Engine;
use crate::error::EngineError;
use crate::ports::Request;

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Run {
    /// Everything that could be done is done.
    Done,
    /// Somebody else holds the lease; what was asked stays asked.
    Held,
    /// It stopped at its time limit and asked to be continued.
    Continued,
}

impl Engine {
    /// Takes one request from the queue to its end.
    pub async fn sync(&self, _request: &Request) -> Result<Run, EngineError> {
        Ok(Run::Done)
    }
}
