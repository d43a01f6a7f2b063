//! Bundles: pages of a search, and the answers to a batch. Where each resource is read for itself, one that cannot be
//! read does not spoil the others.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Meta;
use crate::refusal::Outcome;

#[derive(Deserialize)]
pub(crate) struct Bundle<R> {
    #[serde(rename = "resourceType")]
    pub(crate) resource_type: Option<String>,
    pub(crate) meta: Option<Meta>,
    pub(crate) link: Option<Vec<Link>>,
    pub(crate) entry: Option<Vec<Option<Entry<R>>>>,
}

#[derive(Deserialize)]
pub(crate) struct Link {
    pub(crate) relation: Option<String>,
    pub(crate) url: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Entry<R> {
    pub(crate) resource: Option<R>,
    pub(crate) search: Option<SearchMode>,
    pub(crate) response: Option<EntryResponse>,
}

#[derive(Deserialize)]
pub(crate) struct SearchMode {
    pub(crate) mode: Option<String>,
}

/// What one entry of a batch came to.
#[derive(Deserialize)]
pub(crate) struct EntryResponse {
    /// `201 Created`: a number, and perhaps words.
    pub(crate) status: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) location: Option<String>,
    #[serde(rename = "lastModified")]
    pub(crate) last_modified: Option<String>,
    pub(crate) outcome: Option<Outcome>,
}

/// A resource as far as it could be read.
pub(crate) enum Read<T> {
    Understood(T),
    Named(Stub),
    Nameless,
}

impl<'de, T: Resource> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match T::read(text) {
            Ok(resource) => Self::Understood(resource),
            Err(_) => serde_json::from_str(text).map_or(Self::Nameless, Self::Named),
        })
    }
}

/// What is left of a resource that does not have its type's shape.
#[derive(Deserialize)]
pub(crate) struct Stub {
    #[serde(rename = "resourceType")]
    pub(crate) resource_type: Option<String>,
    pub(crate) id: String,
}

/// A type that can be searched for.
pub(crate) trait Resource: DeserializeOwned {
    /// `Appointment`.
    const KIND: &'static str;

    /// Reads one of its text, in JSON, where it is read for itself.
    fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    fn resource_type(&self) -> Option<&str>;

    fn id(&self) -> Option<&str>;
}

impl<R> Bundle<R> {
    /// The address of the next page.
    pub(crate) fn next(&self) -> Option<&str> {
        let mut links = self.link.iter().flatten();
        links.find(|link| link.relation.as_deref() == Some("next")).and_then(|link| link.url.as_deref())
    }
}
