//! Writing links under a generation. Repeating a save changes nothing; a save by a worker that was overtaken is
//! refused.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use daybook_core::link::Link;
use daybook_engine::ports::{ConnectionRef, LinkChange, StoreError};

use crate::expression::Change;
use crate::failure::{collided, later};
use crate::item::{Item, Row, key_of, number};
use crate::keys::{self, RowKey};
use crate::link_row::to_item;
use crate::links::named;
use crate::schema::LINK_VERSION;
use crate::table::{MOST_TRIES, Table, Written};

/// The table takes 100 steps in a transaction; one of them checks the generation.
const MOST_AT_ONCE: usize = 99;

/// Why a transaction did not happen.
enum Cancelled {
    Stale,
    Collided,
    Other,
}

impl Table {
    pub(crate) async fn save(
        &self,
        at: &ConnectionRef,
        generation: u64,
        changes: &[LinkChange],
    ) -> Result<(), StoreError> {
        // A transaction takes each row once: of several changes to one, the last counts.
        let rows: BTreeMap<RowKey, &LinkChange> =
            changes.iter().map(|change| (keys::link(at, link_of(change)), change)).collect();
        let rows: Vec<_> = rows.into_iter().collect();
        match rows.as_slice() {
            [] => Ok(()),
            [(key, change)] => self.save_one(at, generation, key, change).await,
            _ => {
                for chunk in rows.chunks(MOST_AT_ONCE) {
                    self.save_together(at, generation, chunk).await?;
                }
                Ok(())
            }
        }
    }

    async fn save_one(
        &self,
        at: &ConnectionRef,
        generation: u64,
        key: &RowKey,
        change: &LinkChange,
    ) -> Result<(), StoreError> {
        let only_if = not_overtaken(generation);
        let written = match change {
            LinkChange::Put(link) => self.put(to_item(at, link, generation), &only_if, &named(at)).await?,
            LinkChange::Remove(_) => self.delete(key, &only_if, &named(at)).await?,
        };
        match written {
            Written::Done(_) => Ok(()),
            Written::Refused(Some(old)) => match Row::read_up_to(LINK_VERSION, &old) {
                Ok(_) => Err(StoreError::Stale { what: named(at) }),
                Err(broken) => Err(broken.unreadable(named(at))),
            },
            Written::Refused(None) => Err(StoreError::Stale { what: named(at) }),
        }
    }

    async fn save_together(
        &self,
        at: &ConnectionRef,
        generation: u64,
        rows: &[(RowKey, &LinkChange)],
    ) -> Result<(), StoreError> {
        let mut steps = vec![self.still_leased(at, generation)];
        steps.extend(rows.iter().map(|(key, change)| self.step(at, generation, key, change)));
        let mut tried = 0;
        loop {
            self.count_writes(steps.len());
            let asked = self.client.transact_write_items().set_transact_items(Some(steps.clone()));
            let Err(error) = asked.send().await else { return Ok(()) };
            match why(&error) {
                Cancelled::Stale => return Err(StoreError::Stale { what: named(at) }),
                Cancelled::Collided if tried < MOST_TRIES => self.pause(tried).await,
                Cancelled::Collided | Cancelled::Other => return Err(later(named(at), error)),
            }
            tried += 1;
        }
    }

    /// Changes one row, if the change's condition holds, and puts others with it. Nothing is asked back.
    pub(crate) async fn update_with(
        &self,
        key: &RowKey,
        change: &Change,
        rows: Vec<Item>,
        what: &str,
    ) -> Result<Written, StoreError> {
        let steps: Vec<TransactWriteItem> = std::iter::once(self.update_step(key, change))
            .chain(rows.into_iter().map(|row| self.put_step(row)))
            .collect();
        let mut tried = 0;
        loop {
            self.count_writes(steps.len());
            let asked = self.client.transact_write_items().set_transact_items(Some(steps.clone()));
            let Err(error) = asked.send().await else { return Ok(Written::Done(Item::new())) };
            match why(&error) {
                Cancelled::Stale => return Ok(Written::Refused(self.get(key, what).await?)),
                Cancelled::Collided if tried < MOST_TRIES => self.pause(tried).await,
                Cancelled::Collided | Cancelled::Other => return Err(later(what, error)),
            }
            tried += 1;
        }
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

    fn put_step(&self, row: Item) -> TransactWriteItem {
        let put = Put::builder().table_name(&self.name).set_item(Some(row));
        TransactWriteItem::builder().set_put(put.build().ok()).build()
    }

    fn still_leased(&self, at: &ConnectionRef, generation: u64) -> TransactWriteItem {
        let only_if = Change::default().only_if("#generation = :g", [("g", number(generation))]);
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(key_of(&keys::connection(at))))
            .set_condition_expression(only_if.condition())
            .set_expression_attribute_names(only_if.names())
            .set_expression_attribute_values(only_if.values())
            .build();
        TransactWriteItem::builder().set_condition_check(check.ok()).build()
    }

    fn step(
        &self,
        at: &ConnectionRef,
        generation: u64,
        key: &RowKey,
        change: &LinkChange,
    ) -> TransactWriteItem {
        let only_if = not_overtaken(generation);
        let step = TransactWriteItem::builder();
        match change {
            LinkChange::Put(link) => {
                let put = Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(to_item(at, link, generation)))
                    .set_condition_expression(only_if.condition())
                    .set_expression_attribute_names(only_if.names())
                    .set_expression_attribute_values(only_if.values());
                step.set_put(put.build().ok()).build()
            }
            LinkChange::Remove(_) => {
                let delete = Delete::builder()
                    .table_name(&self.name)
                    .set_key(Some(key_of(key)))
                    .set_condition_expression(only_if.condition())
                    .set_expression_attribute_names(only_if.names())
                    .set_expression_attribute_values(only_if.values());
                step.set_delete(delete.build().ok()).build()
            }
        }
    }
}

fn link_of(change: &LinkChange) -> &Link {
    match change {
        LinkChange::Put(link) | LinkChange::Remove(link) => link,
    }
}

/// The row is absent, or of a version that we read and of no newer generation.
fn not_overtaken(generation: u64) -> Change {
    Change::default().only_if(
        "(attribute_not_exists(#pk) OR (#generation <= :g AND #v <= :readable))",
        [("g", number(generation)), ("readable", number(LINK_VERSION))],
    )
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
        () if reasons().any(|code| code == "ConditionalCheckFailed") => Cancelled::Stale,
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
            (&["None", "ConditionalCheckFailed"][..], "stale"),
            (&["TransactionConflict", "ConditionalCheckFailed"], "stale"),
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
                Cancelled::Stale => "stale",
                Cancelled::Collided => "collided",
                Cancelled::Other => "other",
            };
            assert_eq!(word, expected, "{codes:?}");
        }
    }
}
