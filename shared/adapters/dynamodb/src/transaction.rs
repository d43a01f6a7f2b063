//! Transactions: steps that are all taken or none, and conditional writes whose answer may be lost. A transaction has a
//! token, by which the table knows the SDK's repetition and gives it the first answer again; to a plain conditional write
//! the repetition would be refused by what it wrote itself. It costs twice as much, so it is for what people do, and not
//! for each signal.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use daybook_engine::ports::StoreError;

use crate::expression::Change;
use crate::failure::{collided, later};
use crate::item::{Item, Row, key_of};
use crate::keys::RowKey;
use crate::table::{MOST_TRIES, Table, Written};

/// Why a transaction did not happen.
enum Cancelled {
    Refused,
    Collided,
    Other,
}

impl Table {
    /// Whether all steps were taken. If not, a condition was refused and none was.
    pub(crate) async fn transact(
        &self,
        steps: Vec<TransactWriteItem>,
        what: &str,
    ) -> Result<bool, StoreError> {
        let mut tried = 0;
        loop {
            self.count_writes(steps.len());
            let asked = self.client.transact_write_items().set_transact_items(Some(steps.clone()));
            let Err(error) = asked.send().await else { return Ok(true) };
            match why(&error) {
                Cancelled::Refused => return Ok(false),
                Cancelled::Collided if tried < MOST_TRIES => self.pause(tried).await,
                Cancelled::Collided | Cancelled::Other => return Err(later(what, error)),
            }
            tried += 1;
        }
    }

    /// Puts a whole row if the change's condition holds. A repetition whose first answer was lost is not refused.
    pub(crate) async fn put_once(
        &self,
        item: Item,
        only_if: &Change,
        what: &str,
    ) -> Result<Written, StoreError> {
        let key = Row(&item).key().map_err(|broken| broken.unreadable(what))?;
        self.once(&key, vec![self.put_step(item, only_if)], what).await
    }

    /// Changes one row if the change's condition holds, and puts `others` with it. Nothing is asked back. A repetition
    /// whose first answer was lost is not refused.
    pub(crate) async fn update_once(
        &self,
        key: &RowKey,
        change: &Change,
        others: Vec<Item>,
        what: &str,
    ) -> Result<Written, StoreError> {
        let others = others.into_iter().map(|row| self.put_step(row, &Change::default()));
        let steps = std::iter::once(self.update_step(key, change)).chain(others).collect();
        self.once(key, steps, what).await
    }

    /// Where it is refused, the row is told as it stands a moment later.
    async fn once(
        &self,
        key: &RowKey,
        steps: Vec<TransactWriteItem>,
        what: &str,
    ) -> Result<Written, StoreError> {
        if self.transact(steps, what).await? {
            return Ok(Written::Done(Item::new()));
        }
        Ok(Written::Refused(self.get(key, what).await?))
    }

    fn update_step(&self, key: &RowKey, change: &Change) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key_of(key)))
            .set_update_expression(change.update())
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(change.names())
            .set_expression_attribute_values(change.values());
        TransactWriteItem::builder().set_update(update.build().ok()).build()
    }

    pub(crate) fn put_step(&self, row: Item, only_if: &Change) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(row))
            .set_condition_expression(only_if.condition())
            .set_expression_attribute_names(only_if.names())
            .set_expression_attribute_values(only_if.values());
        TransactWriteItem::builder().set_put(put.build().ok()).build()
    }
}

fn why<R>(error: &SdkError<TransactWriteItemsError, R>) -> Cancelled {
    if collided(error) {
        return Cancelled::Collided;
    }
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return Cancelled::Other;
    };
    let reasons = || cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    let passing = |code| {
        matches!(code, "None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
    };
    match () {
        () if reasons().any(|code| code == "ConditionalCheckFailed") => Cancelled::Refused,
        () if reasons().all(passing) => Cancelled::Collided,
        () => Cancelled::Other,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    use super::*;

    /// The embedded table never collides with itself, so the reasons are spelled out here.
    #[test]
    fn a_refused_condition_outweighs_a_collision_and_a_collision_is_tried_again() {
        for (codes, expected) in [
            (&["None", "ConditionalCheckFailed"][..], "refused"),
            (&["TransactionConflict", "ConditionalCheckFailed"], "refused"),
            (&["None", "TransactionConflict"], "collided"),
            (&["ThrottlingError", "None"], "collided"),
            (&["ValidationError", "TransactionConflict"], "other"),
        ] {
            let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build());
            let cancelled = TransactionCanceledException::builder()
                .set_cancellation_reasons(Some(reasons.collect()))
                .build();
            let error = TransactWriteItemsError::TransactionCanceledException(cancelled);
            let word = match why(&SdkError::service_error(error, ())) {
                Cancelled::Refused => "refused",
                Cancelled::Collided => "collided",
                Cancelled::Other => "other",
            };
            assert_eq!(word, expected, "{codes:?}");
        }
    }
}
