//! Which worker holds which connection, as the table gave it: what a remote write is held against.

use daybook_engine::ports::{Acquired, ConnectionRef};
use jiff::Timestamp;

use super::State;

/// One worker's lease.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub at: ConnectionRef,
    pub generation: u64,
    pub until: Timestamp,
    /// The step of the world at which it began to look.
    pub since: u64,
    /// The version of the settings with which it works.
    pub version: u64,
}

impl State {
    pub(super) fn claim(&mut self, at: &ConnectionRef, acquired: &Acquired, until: Timestamp) {
        let Some(worker) = self.worker else { return };
        let (generation, version) = (acquired.generation, acquired.connection.version);
        let claim = Claim { at: at.clone(), generation, until, since: self.step(), version };
        self.claims.insert(worker, claim);
    }

    pub(super) fn note_claim(&mut self, at: &ConnectionRef, generation: u64, until: Option<Timestamp>) {
        let Some(worker) = self.worker else { return };
        let Some(claim) = self.claims.get_mut(&worker) else { return };
        match until {
            Some(until) if claim.at == *at && claim.generation == generation => claim.until = until,
            _ => {
                self.claims.remove(&worker);
            }
        }
    }

    /// The connection that the worker being polled works on.
    pub(super) fn current_claim(&self) -> Option<ConnectionRef> {
        self.worker.and_then(|worker| self.claims.get(&worker)).map(|claim| claim.at.clone())
    }

    pub(super) fn held(&self) -> Option<Claim> {
        self.worker.and_then(|worker| self.claims.get(&worker)).cloned()
    }

    /// A worker is gone, whatever it held.
    pub fn lose_worker(&mut self, worker: usize) {
        self.claims.remove(&worker);
    }
}
