//! How many requests a run may still send to its provider: a few unasked, more from the budget that all practices share.

use std::time::Duration;

use jiff::Timestamp;

use super::lease::Lease;
use crate::error::EngineError;

/// The budget is counted by the minute.
const MINUTE_MS: i64 = 60_000;
/// After a minute whose budget was spent, not everybody comes back at once.
const SPREAD: Duration = Duration::from_secs(30);

impl Lease<'_> {
    /// Takes so many requests from the run's allowance, drawing more where it runs out. Where the minute's budget is
    /// spent, answers how long to wait.
    pub async fn allow(&mut self, requests: usize) -> Result<Option<Duration>, EngineError> {
        let (engine, provider) = (self.engine, self.connection.provider);
        let Some((quotas, quota)) = engine.budgets.get(&provider) else { return Ok(None) };
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        if let Some(wanted) = self.allowance.lacks(requests, *quota) {
            let now = self.now();
            if !quotas.draw(provider, &self.at.practice, *quota, wanted, now).await? {
                return Ok(Some(left_of_minute(now) + SPREAD.mul_f64(engine.random.unit())));
            }
            self.allowance.add(wanted);
        }
        self.allowance.spend(requests);
        Ok(None)
    }
}

fn left_of_minute(now: Timestamp) -> Duration {
    let left_ms = MINUTE_MS - now.as_millisecond().rem_euclid(MINUTE_MS);
    Duration::from_millis(left_ms.unsigned_abs())
}
