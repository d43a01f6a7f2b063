//! A common budget of requests to a provider, counted in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use daybook_core::connection::Provider;
use daybook_core::ids::PracticeId;
use daybook_core::quota::Quota;
use daybook_engine::ports::{Quotas, StoreError};
use jiff::Timestamp;

use super::house::House;
use crate::world::worker::Worker;

/// What was drawn in each minute.
#[derive(Default)]
struct Ledger(Mutex<BTreeMap<i64, BTreeMap<PracticeId, u32>>>);

#[async_trait]
impl Quotas for Ledger {
    async fn draw(
        &self,
        _: Provider,
        practice: &PracticeId,
        quota: Quota,
        wanted: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut ledger = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = ledger.entry(now.as_second() / 60).or_default();
        let (all, own) = (minute.values().sum::<u32>(), minute.entry(practice.clone()).or_default());
        let fits = all + wanted <= quota.per_minute && *own + wanted <= quota.part();
        *own += if fits { wanted } else { 0 };
        Ok(fits)
    }
}

impl House {
    /// From now on so many requests a minute are all that a provider allows this deployment.
    pub fn allow_each_minute(&mut self, provider: Provider, per_minute: u32) {
        self.engine.budgets.insert(provider, (Arc::new(Ledger::default()), Quota { per_minute }));
        self.workers = (0..2).map(|number| Worker::new(number, self.engine.clone())).collect();
    }
}
