//! The practice's time zone, which its location carries in the extension that is used for it in practice.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::kind::Kind;
use super::store::Tx;

const EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/timezone";

/// The zone that a location names.
pub(super) fn named_by(location: Option<&Value>) -> Option<&str> {
    let extensions = location?.get("extension")?.as_array()?;
    let named = extensions.iter().find(|extension| extension.get("url").is_some_and(|url| url == EXTENSION));
    named?.get("valueCode")?.as_str()
}

/// The first zone that any location names, or UTC.
pub(super) fn of_practice(tx: &Tx<'_>) -> rusqlite::Result<TimeZone> {
    let locations = tx.bodies(Kind::Location, &[])?;
    let named = locations.iter().find_map(|location| named_by(Some(location)));
    Ok(named.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC))
}
