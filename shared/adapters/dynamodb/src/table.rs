//! The table itself: the handful of requests that all stores are made of, and how many of them were made.
//! It knows rows by name only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::AsyncSleep;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, Select};
use daybook_engine::ports::{Clock, StoreError};

use crate::expression::Change;
use crate::failure::{collided, later, refusal};
use crate::item::{Broken, Item, Row, key_of, text};
use crate::keys::RowKey;
use crate::schema::{EXPIRES_AT, Schema, TABLE};

/// The single table, through the AWS SDK. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

/// Rows asked for and rows written since the start, refused writes included. A query counts once a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RequestCounts {
    pub reads: u64,
    pub writes: u64,
}

#[derive(Default)]
struct Counters {
    reads: AtomicU64,
    writes: AtomicU64,
}

/// How a conditional write went.
pub(crate) enum Written {
    /// The attributes that were asked back.
    Done(Item),
    /// The condition did not hold for this row; `None` where there is no row.
    Refused(Option<Item>),
}

/// What to look for in the table or in an index.
pub(crate) struct Ask {
    pub schema: Schema,
    /// The partition.
    pub hash: aws_sdk_dynamodb::types::AttributeValue,
    /// A clause about `#range`, with the value of `:range`.
    pub range: Option<(&'static str, aws_sdk_dynamodb::types::AttributeValue)>,
}

/// In which order of the sort key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

/// No partition of ours has more pages than this; a listing that does is broken off.
const MOST_PAGES: usize = 10_000;
/// How often a request that collided, or was answered in part, is made.
pub(crate) const MOST_TRIES: u32 = 5;
/// The most rows that one batch may ask for.
const BATCH: usize = 100;

impl Ask {
    /// Rows of one partition of the table whose sort key begins so.
    pub fn begins_with(pk: String, prefix: &str) -> Self {
        Self { schema: TABLE, hash: text(pk), range: Some(("begins_with(#range, :range)", text(prefix))) }
    }
}

impl Table {
    /// A table of that name; the clock tells which rows have expired.
    pub fn new(client: Client, name: &str, clock: Arc<dyn Clock>) -> Self {
        Self { client, name: name.to_owned(), clock, counters: Arc::default() }
    }

    /// For benches: what syncing costs here.
    pub fn requests(&self) -> RequestCounts {
        RequestCounts {
            reads: self.counters.reads.load(Ordering::Relaxed),
            writes: self.counters.writes.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn count_reads(&self, rows: usize) {
        self.counters.reads.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_writes(&self, rows: usize) {
        self.counters.writes.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// One row as it stands now, unless it has expired.
    pub(crate) async fn get(&self, key: &RowKey, what: &str) -> Result<Option<Item>, StoreError> {
        self.count_reads(1);
        let asked = self.client.get_item().table_name(&self.name).set_key(Some(key_of(key)));
        let found = asked.consistent_read(true).send().await.map_err(|error| later(what, error))?;
        Ok(found.item.filter(|item| self.lives(item)))
    }

    /// Rows as they stand now, in no order; missing and expired ones are left out.
    pub(crate) async fn get_all(&self, mut keys: Vec<RowKey>, what: &str) -> Result<Vec<Item>, StoreError> {
        keys.sort();
        keys.dedup();
        match keys.as_slice() {
            [] => Ok(Vec::new()),
            [key] => Ok(self.get(key, what).await?.into_iter().collect()),
            _ => {
                let mut items = Vec::with_capacity(keys.len());
                for chunk in keys.chunks(BATCH) {
                    items.extend(self.get_batch(chunk, what).await?);
                }
                items.retain(|item| self.lives(item));
                Ok(items)
            }
        }
    }

    async fn get_batch(&self, keys: &[RowKey], what: &str) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let mut wanted: Vec<Item> = keys.iter().map(key_of).collect();
        for tried in 0..MOST_TRIES {
            self.count_reads(wanted.len());
            let ask = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
            let ask =
                ask.map_err(|error| StoreError::Later { what: what.to_owned(), cause: Some(error.into()) })?;
            let asked = self.client.batch_get_item().request_items(&self.name, ask).send().await;
            let answer = asked.map_err(|error| later(what, error))?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            wanted = answer
                .unprocessed_keys
                .unwrap_or_default()
                .into_values()
                .flat_map(|rest| rest.keys)
                .collect();
            if wanted.is_empty() {
                return Ok(items);
            }
            self.pause(tried).await;
        }
        Err(StoreError::Later { what: what.to_owned(), cause: None })
    }

    /// Changes one row if the change's condition holds.
    pub(crate) async fn update(
        &self,
        key: &RowKey,
        change: &Change,
        back: ReturnValue,
        what: &str,
    ) -> Result<Written, StoreError> {
        let mut tried = 0;
        loop {
            self.count_writes(1);
            let asked = self
                .client
                .update_item()
                .table_name(&self.name)
                .set_key(Some(key_of(key)))
                .set_update_expression(change.update())
                .set_condition_expression(change.condition())
                .set_expression_attribute_names(change.names())
                .set_expression_attribute_values(change.values())
                .return_values(back.clone())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            match asked {
                Ok(done) => return Ok(Written::Done(done.attributes.unwrap_or_default())),
                Err(error) if collided(&error) && tried < MOST_TRIES => self.pause(tried).await,
                Err(error) => return refusal(&error).ok_or_else(|| later(what, error)),
            }
            tried += 1;
        }
    }

    /// Puts a whole row if the change's condition holds; the change says nothing else.
    pub(crate) async fn put(&self, item: Item, only_if: &Change, what: &str) -> Result<Written, StoreError> {
        let mut tried = 0;
        loop {
            self.count_writes(1);
            let asked = self
                .client
                .put_item()
                .table_name(&self.name)
                .set_item(Some(item.clone()))
                .set_condition_expression(only_if.condition())
                .set_expression_attribute_names(only_if.names())
                .set_expression_attribute_values(only_if.values())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            match asked {
                Ok(_) => return Ok(Written::Done(Item::new())),
                Err(error) if collided(&error) && tried < MOST_TRIES => self.pause(tried).await,
                Err(error) => return refusal(&error).ok_or_else(|| later(what, error)),
            }
            tried += 1;
        }
    }

    /// Deletes a row if the change's condition holds; the change says nothing else.
    pub(crate) async fn delete(
        &self,
        key: &RowKey,
        only_if: &Change,
        what: &str,
    ) -> Result<Written, StoreError> {
        let mut tried = 0;
        loop {
            self.count_writes(1);
            let asked = self
                .client
                .delete_item()
                .table_name(&self.name)
                .set_key(Some(key_of(key)))
                .set_condition_expression(only_if.condition())
                .set_expression_attribute_names(only_if.names())
                .set_expression_attribute_values(only_if.values())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            match asked {
                Ok(_) => return Ok(Written::Done(Item::new())),
                Err(error) if collided(&error) && tried < MOST_TRIES => self.pause(tried).await,
                Err(error) => return refusal(&error).ok_or_else(|| later(what, error)),
            }
            tried += 1;
        }
    }

    /// At most `limit` rows, in the order of the sort key, page by page.
    pub(crate) async fn query(&self, ask: Ask, limit: usize, what: &str) -> Result<Vec<Item>, StoreError> {
        self.query_in(Order::Ascending, ask, limit, what).await
    }

    /// The same, in the order that is asked for.
    pub(crate) async fn query_in(
        &self,
        order: Order,
        ask: Ask,
        limit: usize,
        what: &str,
    ) -> Result<Vec<Item>, StoreError> {
        let asked = self.prepare_query(ask).scan_index_forward(order == Order::Ascending);
        let (mut items, mut from) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            self.count_reads(1);
            let page_size = i32::try_from(limit.saturating_sub(items.len())).ok();
            let page = asked.clone().set_limit(page_size).set_exclusive_start_key(from);
            let page = page.send().await.map_err(|error| later(what, error))?;
            items.extend(page.items.unwrap_or_default().into_iter().filter(|item| self.lives(item)));
            from = page.last_evaluated_key;
            if from.is_none() || items.len() >= limit {
                return Ok(items);
            }
        }
        Err(StoreError::Later { what: what.to_owned(), cause: Some("more pages than there can be".into()) })
    }

    /// How many rows there are, without reading them over the wire.
    pub(crate) async fn count(&self, ask: Ask, what: &str) -> Result<u64, StoreError> {
        let asked = self.prepare_query(ask).select(Select::Count);
        let (mut count, mut from) = (0, None);
        for _ in 0..MOST_PAGES {
            self.count_reads(1);
            let page = asked.clone().set_exclusive_start_key(from);
            let page = page.send().await.map_err(|error| later(what, error))?;
            count += u64::try_from(page.count).unwrap_or_default();
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(count);
            }
        }
        Err(StoreError::Later { what: what.to_owned(), cause: Some("more pages than there can be".into()) })
    }

    fn prepare_query(&self, ask: Ask) -> QueryFluentBuilder {
        let Schema { name, hash, range } = ask.schema;
        let asked = self.client.query().table_name(&self.name);
        let asked = match name {
            "" => asked.consistent_read(true),
            index => asked.index_name(index),
        };
        let asked = asked
            .expression_attribute_names("#hash", hash.name())
            .expression_attribute_values(":hash", ask.hash);
        match (ask.range, range) {
            (Some((clause, value)), Some(range)) => asked
                .key_condition_expression(format!("#hash = :hash AND {clause}"))
                .expression_attribute_names("#range", range.name())
                .expression_attribute_values(":range", value),
            _ => asked.key_condition_expression("#hash = :hash"),
        }
    }

    /// The table deletes expired rows days late; we do not see them from the moment on.
    fn lives(&self, item: &Item) -> bool {
        let expires_at = Row(item).find_number::<i64>(EXPIRES_AT).ok().flatten();
        expires_at.is_none_or(|at| at > self.clock.now().as_second())
    }

    /// Waits a little longer each time, where the SDK was given a way to wait.
    pub(crate) async fn pause(&self, tried: u32) {
        if let Some(sleep) = self.client.config().sleep_impl() {
            sleep.sleep(Duration::from_millis(25 << tried.min(6))).await;
        }
    }
}

/// Reads rows of a listing. Those that cannot be read are left alone and left out.
pub(crate) fn readable<T>(items: &[Item], read: impl Fn(&Item) -> Result<T, Broken>) -> Vec<T> {
    let one = |item: &Item| {
        read(item)
            .inspect_err(|error| {
                let row = Row(item).key().map(|key| format!("{} {}", key.pk, key.sk)).unwrap_or_default();
                tracing::warn!(row, %error, "left a row out of a listing");
            })
            .ok()
    };
    items.iter().filter_map(one).collect()
}
