//! A patient's name, read only where the level asks for it. Nothing here can be printed.

use serde::Deserialize;

use super::Resource;

#[derive(Deserialize)]
pub(crate) struct Patient {
    #[serde(rename = "resourceType")]
    resource_type: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<Vec<HumanName>>,
}

#[derive(Deserialize)]
pub(crate) struct HumanName {
    #[serde(rename = "use")]
    pub(crate) usage: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) family: Option<String>,
    pub(crate) given: Option<Vec<String>>,
}

impl Resource for Patient {
    const KIND: &'static str = "Patient";

    fn resource_type(&self) -> Option<&str> {
        self.resource_type.as_deref()
    }

    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}
