//! One row as the SDK hands it over, read and written attribute by attribute.
//! What a row means is said by the `*_row` files.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use daybook_engine::ports::StoreError;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::keys::RowKey;
use crate::schema::ROW_VERSION;

pub type Item = HashMap<String, AttributeValue>;

/// Why a row cannot be read. Names attributes, never values.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("the attribute {0} is absent, or not of the kind or form expected")]
    Attribute(&'static str),
    #[error("the row has version {0}, newer than this program reads")]
    Newer(u32),
}

impl Broken {
    /// It is in order, for a newer program.
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Newer(_))
    }

    pub fn unreadable(self, what: impl Into<String>) -> StoreError {
        StoreError::Unreadable { what: what.into(), cause: Some(Box::new(self)) }
    }
}

pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

pub fn instant(at: Timestamp) -> AttributeValue {
    number(at.as_nanosecond())
}

/// For the table's clean-up, which reads seconds.
pub fn seconds(at: Timestamp) -> AttributeValue {
    number(at.as_second())
}

/// For the table's clean-up, some time after.
pub fn seconds_after(at: Timestamp, grace: SignedDuration) -> AttributeValue {
    seconds(at.checked_add(grace).unwrap_or(Timestamp::MAX))
}

pub fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

pub fn json(value: &impl Serialize) -> AttributeValue {
    text(serde_json::to_string(value).unwrap_or_default())
}

/// JSON that is read often: as a text, each of its quotes is escaped and unescaped on every way.
pub fn json_bytes(value: &impl Serialize) -> AttributeValue {
    bytes(serde_json::to_vec(value).unwrap_or_default())
}

pub fn map<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> AttributeValue {
    AttributeValue::M(entries.map(|(key, value)| (key.to_owned(), text(value))).collect())
}

/// A new row: its name and the version of its format.
pub fn new_row(key: &RowKey) -> Item {
    new_row_of(ROW_VERSION, key)
}

/// A new row of a kind that has versions of its own.
pub fn new_row_of(version: u32, key: &RowKey) -> Item {
    let mut item = key_of(key);
    item.insert("v".into(), number(version));
    item
}

pub fn key_of(key: &RowKey) -> Item {
    HashMap::from([("pk".into(), text(&key.pk)), ("sk".into(), text(&key.sk))])
}

/// Puts what is there; `None` leaves no trace, as sparse indexes require.
pub fn put(item: &mut Item, name: &str, value: Option<AttributeValue>) {
    if let Some(value) = value {
        item.insert(name.to_owned(), value);
    }
}

/// Reads a row.
#[derive(Clone, Copy)]
pub struct Row<'a>(pub &'a Item);

impl<'a> Row<'a> {
    /// The row, if it is of a version that this program reads.
    pub fn read(item: &'a Item) -> Result<Self, Broken> {
        Self::read_up_to(ROW_VERSION, item)
    }

    /// A row of a kind that has versions of its own.
    pub fn read_up_to(newest: u32, item: &'a Item) -> Result<Self, Broken> {
        let row = Self(item);
        match row.version()? {
            version if version > newest => Err(Broken::Newer(version)),
            _ => Ok(row),
        }
    }

    pub fn version(self) -> Result<u32, Broken> {
        self.number("v")
    }

    pub fn key(self) -> Result<RowKey, Broken> {
        Ok(RowKey { pk: self.text("pk")?.to_owned(), sk: self.text("sk")?.to_owned() })
    }

    pub fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn text(self, name: &'static str) -> Result<&'a str, Broken> {
        self.find_text(name)?.ok_or(Broken::Attribute(name))
    }

    pub fn find_text(self, name: &'static str) -> Result<Option<&'a str>, Broken> {
        self.find(name, |value| value.as_s().ok().map(String::as_str))
    }

    pub fn number<T: std::str::FromStr>(self, name: &'static str) -> Result<T, Broken> {
        self.find_number(name)?.ok_or(Broken::Attribute(name))
    }

    pub fn find_number<T: std::str::FromStr>(self, name: &'static str) -> Result<Option<T>, Broken> {
        self.find(name, |value| value.as_n().ok()?.parse().ok())
    }

    pub fn instant(self, name: &'static str) -> Result<Timestamp, Broken> {
        self.find_instant(name)?.ok_or(Broken::Attribute(name))
    }

    pub fn find_instant(self, name: &'static str) -> Result<Option<Timestamp>, Broken> {
        self.find(name, |value| Timestamp::from_nanosecond(value.as_n().ok()?.parse().ok()?).ok())
    }

    pub fn bytes(self, name: &'static str) -> Result<&'a [u8], Broken> {
        self.find(name, |value| value.as_b().ok().map(AsRef::as_ref))?.ok_or(Broken::Attribute(name))
    }

    pub fn json<T: DeserializeOwned>(self, name: &'static str) -> Result<T, Broken> {
        self.find_json(name)?.ok_or(Broken::Attribute(name))
    }

    pub fn find_json<T: DeserializeOwned>(self, name: &'static str) -> Result<Option<T>, Broken> {
        self.find(name, |value| serde_json::from_str(value.as_s().ok()?).ok())
    }

    pub fn json_bytes<T: DeserializeOwned>(self, name: &'static str) -> Result<T, Broken> {
        let text = std::str::from_utf8(self.bytes(name)?).ok();
        text.and_then(|text| serde_json::from_str(text).ok()).ok_or(Broken::Attribute(name))
    }

    pub fn map(self, name: &'static str) -> Result<BTreeMap<&'a str, &'a str>, Broken> {
        self.find_map(name)?.ok_or(Broken::Attribute(name))
    }

    pub fn find_map(self, name: &'static str) -> Result<Option<BTreeMap<&'a str, &'a str>>, Broken> {
        let text = |(key, value): (&'a String, &'a AttributeValue)| {
            Some((key.as_str(), value.as_s().ok()?.as_str()))
        };
        self.find(name, |value| value.as_m().ok()?.iter().map(text).collect())
    }

    /// Absent is `None`; there, but not as `parse` wants it, is broken.
    fn find<T>(
        self,
        name: &'static str,
        parse: impl FnOnce(&'a AttributeValue) -> Option<T>,
    ) -> Result<Option<T>, Broken> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => parse(value).map(Some).ok_or(Broken::Attribute(name)),
        }
    }
}
