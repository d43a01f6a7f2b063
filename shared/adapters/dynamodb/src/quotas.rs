//! The common budget of requests to a provider: one row a minute, which expires. It does not know how large a budget is.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;
use daybook_core::connection::Provider;
use daybook_core::ids::PracticeId;
use daybook_core::quota::Quota;
use daybook_engine::ports::{Quotas, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::expression::Change;
use crate::item::{number, seconds_after};
use crate::keys;
use crate::schema::EXPIRES_AT;
use crate::table::{Table, Written};

const MINUTE_S: i64 = 60;
/// How long a minute's row outlives it.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

#[async_trait]
impl Quotas for Table {
    async fn draw(
        &self,
        provider: Provider,
        practice: &PracticeId,
        quota: Quota,
        wanted: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Conditions cannot add: what may have been drawn before, so that there is room for this.
        let (Some(of_all), Some(of_part)) =
            (quota.per_minute.checked_sub(wanted), quota.part().checked_sub(wanted))
        else {
            return Ok(false);
        };
        let key = keys::quota(provider, now.as_second().div_euclid(MINUTE_S));
        let change = Change::of_absent_or_readable()
            .alias("part", &format!("p#{practice}"))
            .assign_once(EXPIRES_AT, seconds_after(now, KEPT))
            .add("total", wanted)
            .add("part", wanted)
            .only_if(&at_most("total", "of_all"), [("of_all", number(of_all))])
            .only_if(&at_most("part", "of_part"), [("of_part", number(of_part))]);
        let what = "the budget of a provider";
        Ok(matches!(self.update(&key, &change, ReturnValue::None, what).await?, Written::Done(_)))
    }
}

fn at_most(name: &str, most: &str) -> String {
    format!("(attribute_not_exists(#{name}) OR #{name} <= :{most})")
}
