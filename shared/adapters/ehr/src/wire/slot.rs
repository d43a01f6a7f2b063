//! Slots. The whole of one is kept beside what we read of it, so that an update loses nothing that the EHR
//! or a person has added.

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

impl Resource for KeptSlot {
    const KIND: &'static str = "Slot";

    fn resource_type(&self) -> Option<&str> {
        self.slot.resource_type.as_deref()
    }

    fn id(&self) -> Option<&str> {
        self.slot.id.as_deref()
    }
}
