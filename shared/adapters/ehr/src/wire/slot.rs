//! Slots. The whole of one is kept beside what we read of it, so that an update loses nothing that the EHR
//! or a person has added.

use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Identifier, Meta, Reference, Resource};

#[derive(Deserialize, Clone)]
pub(crate) struct Slot {
    #[serde(rename = "resourceType")]
    pub(crate) resource_type: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) meta: Option<Meta>,
    pub(crate) identifier: Option<Vec<Identifier>>,
    pub(crate) schedule: Option<Reference>,
    pub(crate) status: Option<SlotStatus>,
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SlotStatus {
    Busy,
    Free,
    BusyUnavailable,
    BusyTentative,
    EnteredInError,
    #[serde(other)]
    Unknown,
}

/// A slot, and all of it.
#[derive(Clone)]
pub(crate) struct KeptSlot {
    pub(crate) slot: Slot,
    pub(crate) raw: Value,
}

impl<'de> Deserialize<'de> for KeptSlot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Value::deserialize(deserializer)?;
        let slot = Slot::deserialize(&raw).map_err(|_| D::Error::custom("no slot"))?;
        Ok(Self { slot, raw })
    }
}

/// A slot that is only looked at.
pub(crate) struct ListedSlot {
    pub(crate) slot: Slot,
    /// As it came, where it was read for itself. One that tells no state of its own always is.
    pub(crate) text: Option<String>,
}

impl<'de> Deserialize<'de> for ListedSlot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let slot = Slot::deserialize(deserializer)?;
        if slot.meta.as_ref().is_some_and(Meta::tells_states) {
            Ok(Self { slot, text: None })
        } else {
            Err(D::Error::custom("a slot whose state only its text tells"))
        }
    }
}

impl Resource for Slot {
    const KIND: &'static str = "Slot";

    fn resource_type(&self) -> Option<&str> {
        self.resource_type.as_deref()
    }

    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl Resource for KeptSlot {
    const KIND: &'static str = Slot::KIND;

    fn resource_type(&self) -> Option<&str> {
        self.slot.resource_type()
    }

    fn id(&self) -> Option<&str> {
        self.slot.id()
    }
}

impl Resource for ListedSlot {
    const KIND: &'static str = Slot::KIND;

    fn read(text: &str) -> serde_json::Result<Self> {
        // The long way takes what the short one refuses and a kept slot has: a field that is named twice.
        let slot = serde_json::from_str(text).or_else(|_| Slot::deserialize(&Value::from_str(text)?))?;
        Ok(Self { slot, text: Some(text.to_owned()) })
    }

    fn resource_type(&self) -> Option<&str> {
        self.slot.resource_type()
    }

    fn id(&self) -> Option<&str> {
        self.slot.id()
    }
}
