//! Writing links under a generation. Repeating a save changes nothing; a save by a worker that was overtaken is
//! refused.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, TransactWriteItem};
use daybook_core::link::Link;
use daybook_engine::ports::{ConnectionRef, LinkChange, StoreError};

use crate::expression::Change;
use crate::item::{Row, key_of, number};
use crate::keys::{self, RowKey};
use crate::link_row::to_item;
use crate::links::named;
use crate::schema::LINK_VERSION;
use crate::table::{Table, Written};

/// The table takes 100 steps in a transaction; one of them checks the generation.
const MOST_AT_ONCE: usize = 99;

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
        if self.transact(steps, &named(at)).await? {
            return Ok(());
        }
        Err(StoreError::Stale { what: named(at) })
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
        match change {
            LinkChange::Put(link) => self.put_step(to_item(at, link, generation), &only_if),
            LinkChange::Remove(_) => {
                let delete = Delete::builder()
                    .table_name(&self.name)
                    .set_key(Some(key_of(key)))
                    .set_condition_expression(only_if.condition())
                    .set_expression_attribute_names(only_if.names())
                    .set_expression_attribute_values(only_if.values());
                TransactWriteItem::builder().set_delete(delete.build().ok()).build()
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
