//! What the table looks like from outside: its keys, its indexes, its clean-up. This is the one place that says so;
//! deployments are compared with it. It holds no row's format.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use daybook_engine::ports::StoreError;

use crate::failure::later;
use crate::table::Table;

/// An attribute that is part of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    Text(&'static str),
    Number(&'static str),
}

/// A key schema: of the table, or of one index. Indexes project keys only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schema {
    /// Empty for the table itself.
    pub name: &'static str,
    pub hash: Key,
    pub range: Option<Key>,
}

/// The table's own key.
pub const TABLE: Schema = Schema { name: "", hash: Key::Text("pk"), range: Some(Key::Text("sk")) };

/// What the sweep looks for: connections and practices by the time at which they are due.
pub const DUE: Schema =
    Schema { name: "due", hash: Key::Number("due_shard"), range: Some(Key::Number("due_at")) };

/// From an appointment to the links that mirror it.
pub const APPOINTMENT: Schema =
    Schema { name: "appointment", hash: Key::Text("appointment_key"), range: None };

/// The links of a connection that owe work, by the time before which not to try.
pub const OWING: Schema =
    Schema { name: "owing", hash: Key::Text("owing_pk"), range: Some(Key::Number("owing_at")) };

/// From the id that the other side chose for a mirror to its link, where that id does not carry our own name.
pub const REMOTE: Schema = Schema { name: "remote", hash: Key::Text("remote_key"), range: None };

/// All indexes.
pub const INDEXES: [Schema; 4] = [DUE, APPOINTMENT, OWING, REMOTE];

/// The attribute by which rubbish expires, in seconds since the epoch.
pub const EXPIRES_AT: &str = "expires_at";

/// How many partitions the index of due work has.
pub const DUE_SHARDS: u32 = 8;

/// The version of the rows that this program writes, but for links. It reads this one and the one before.
pub const ROW_VERSION: u32 = 1;

/// Links have changed their form since; all other rows have not (ADR 20).
pub const LINK_VERSION: u32 = 2;

impl Key {
    pub fn name(self) -> &'static str {
        match self {
            Key::Text(name) | Key::Number(name) => name,
        }
    }

    fn kind(self) -> ScalarAttributeType {
        match self {
            Key::Text(_) => ScalarAttributeType::S,
            Key::Number(_) => ScalarAttributeType::N,
        }
    }
}

impl Schema {
    fn keys(&self) -> impl Iterator<Item = (Key, KeyType)> {
        let range = self.range.map(|key| (key, KeyType::Range));
        std::iter::once((self.hash, KeyType::Hash)).chain(range)
    }

    fn elements(&self) -> Option<Vec<KeySchemaElement>> {
        self.keys()
            .map(|(key, kind)| {
                KeySchemaElement::builder().attribute_name(key.name()).key_type(kind).build().ok()
            })
            .collect()
    }

    fn index(&self) -> Option<GlobalSecondaryIndex> {
        GlobalSecondaryIndex::builder()
            .index_name(self.name)
            .set_key_schema(self.elements())
            .projection(keys_only())
            .build()
            .ok()
    }

    /// The index, for a table that is there already.
    fn addition(&self) -> GlobalSecondaryIndexUpdate {
        let create = CreateGlobalSecondaryIndexAction::builder()
            .index_name(self.name)
            .set_key_schema(self.elements())
            .projection(keys_only())
            .build();
        GlobalSecondaryIndexUpdate::builder().set_create(create.ok()).build()
    }
}

fn keys_only() -> Projection {
    Projection::builder().projection_type(ProjectionType::KeysOnly).build()
}

fn attributes<'a>(schemas: impl IntoIterator<Item = &'a Schema>) -> Option<Vec<AttributeDefinition>> {
    schemas
        .into_iter()
        .flat_map(Schema::keys)
        .map(|(key, _)| {
            AttributeDefinition::builder().attribute_name(key.name()).attribute_type(key.kind()).build().ok()
        })
        .collect()
}

impl Table {
    /// Makes the table where a deployment has not, on one machine and in tests, or adds to one that an older
    /// program made.
    pub async fn create_if_missing(&self) -> Result<(), StoreError> {
        let made = self
            .client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(attributes(std::iter::once(&TABLE).chain(&INDEXES)))
            .set_key_schema(TABLE.elements())
            .set_global_secondary_indexes(INDEXES.iter().map(Schema::index).collect())
            .send()
            .await;
        match made {
            Ok(_) => self.expire_rubbish().await,
            Err(SdkError::ServiceError(refused)) if refused.err().is_resource_in_use_exception() => {
                self.add_missing_indexes().await
            }
            Err(error) => Err(later("the table", error)),
        }
    }

    async fn add_missing_indexes(&self) -> Result<(), StoreError> {
        let asked = self.client.describe_table().table_name(&self.name).send().await;
        let table = asked.map_err(|error| later("the table", error))?.table;
        let there = table.and_then(|table| table.global_secondary_indexes).unwrap_or_default();
        let is_there = |schema: &&Schema| there.iter().any(|index| index.index_name() == Some(schema.name));
        for missing in INDEXES.iter().filter(|schema| !is_there(schema)) {
            self.add_index(missing).await?;
        }
        Ok(())
    }

    async fn add_index(&self, schema: &Schema) -> Result<(), StoreError> {
        let asked = self
            .client
            .update_table()
            .table_name(&self.name)
            .set_attribute_definitions(attributes([schema]))
            .global_secondary_index_updates(schema.addition())
            .send()
            .await;
        asked.map(|_| ()).map_err(|error| later("the table", error))
    }

    async fn expire_rubbish(&self) -> Result<(), StoreError> {
        let by = TimeToLiveSpecification::builder().enabled(true).attribute_name(EXPIRES_AT).build();
        let asked = self
            .client
            .update_time_to_live()
            .table_name(&self.name)
            .set_time_to_live_specification(by.ok())
            .send()
            .await;
        asked.map(|_| ()).map_err(|error| later("the table", error))
    }
}
