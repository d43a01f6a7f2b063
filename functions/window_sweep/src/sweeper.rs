//! One pass of one invocation, and what it measured.

use std::sync::Arc;
use std::time::Duration;

use daybook_aws::{House, Metrics, Part};
use daybook_engine::chain;
use daybook_engine::sweep::Swept;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::Turn;

/// It reads the table, polls the EHR, leaves requests and posts notices.
pub const PARTS: &[Part] = &[Part::QUEUE, Part::EHR, Part::COURIER];

/// Nothing new is begun so long before the function's own end.
const LEFT_TO_END: SignedDuration = SignedDuration::from_secs(5);

/// A sweep that has not ended so long before the function's own end is broken off; the next one finds what it left.
const LEFT_TO_TELL: Duration = Duration::from_secs(1);

/// What the function works with. Clones settle the practice together.
#[derive(Clone)]
pub struct Sweeper {
    house: House,
    settled: Arc<OnceCell<()>>,
}

impl Sweeper {
    pub fn new(house: House) -> Self {
        Self { house, settled: Arc::default() }
    }

    /// This function owns the practice's row: the others only read it.
    async fn settle(&self) {
        let settled = self.settled.get_or_try_init(|| self.house.settle_practice()).await;
        if let Err(error) = settled {
            tracing::warn!(
                error = chain(&error),
                "the practice could not be stored; the next pass tries again"
            );
        }
    }
}

/// One pass over the shard that the event names.
pub async fn sweep(sweeper: Sweeper, event: LambdaEvent<Turn>) -> Result<(), Error> {
    let house = &sweeper.house;
    let Turn { shard } = event.payload;
    if shard >= house.engine.store.due_shards() {
        return Err(format!("there is no shard {shard}").into());
    }
    let deadline = Timestamp::try_from(event.context.deadline())?;
    let left = Duration::try_from(deadline.duration_since(house.engine.clock.now()))?;
    let all = async {
        sweeper.settle().await;
        house.engine.sweep(shard, deadline.checked_sub(LEFT_TO_END)?).await.map_err(Error::from)
    };
    // What is begun in time may still wait for an EHR that does not answer.
    let swept = timeout(left.saturating_sub(LEFT_TO_TELL), all).await.map_err(Error::from).flatten();
    let swept =
        swept.inspect_err(|error| tracing::error!(shard, error = chain(error.as_ref()), "a sweep failed"))?;
    tracing::info!(shard, due = swept.due, left = swept.left, "swept");
    let now = house.engine.clock.now();
    measure(house, swept, now).write(now);
    Ok(())
}

fn measure(house: &House, swept: Swept, now: Timestamp) -> Metrics {
    let metrics = Metrics::new(&house.stack)
        .count("Due", swept.due)
        .count("LeftDue", swept.left)
        .count("StaleConnections", swept.stale)
        .seconds("OldestOwingSeconds", swept.oldest_owing.as_secs_f64());
    match house.microsoft_secret_expires {
        Some(day) => {
            let today = now.to_zoned(TimeZone::UTC).date();
            metrics.number("AppSecretDaysLeft", (day - today).get_days().into())
        }
        None => metrics,
    }
}
