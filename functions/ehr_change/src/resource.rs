//! The body of a classic R4 rest-hook: empty, or a resource of which only type and id are read.

use daybook_core::ids::AppointmentId;
use serde::Deserialize;

use crate::notice::appointment_id;

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "resourceType", default)]
    resource_type: String,
    #[serde(default)]
    id: String,
}

/// The appointment that a posted resource is; `None` for an empty body and for any other resource.
pub(crate) fn appointment_of(body: &[u8]) -> Option<AppointmentId> {
    let resource: Resource = serde_json::from_slice(body).ok()?;
    if resource.resource_type != "Appointment" {
        return None;
    }
    appointment_id(&resource.id)
}
