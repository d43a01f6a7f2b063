//! The time zone that a resource names. R4 has no element for it; the extensions are what is used.

use jiff::tz::TimeZone;

use crate::wire::Extension;

const URLS: [&str; 2] =
    ["http://hl7.org/fhir/StructureDefinition/timezone", "http://hl7.org/fhir/StructureDefinition/tz-code"];

/// An IANA name that our zone data knows.
pub(crate) fn zone_from(extensions: Option<&[Extension]>) -> Option<String> {
    let named = extensions?
        .iter()
        .filter(|extension| extension.url.as_deref().is_some_and(|url| URLS.contains(&url)));
    let mut names =
        named.filter_map(|extension| extension.value_code.as_deref().or(extension.value_string.as_deref()));
    names.find_map(|name| Some(TimeZone::get(name.trim()).ok()?.iana_name()?.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn zones_are_known_or_none() {
        let url = "http://hl7.org/fhir/StructureDefinition/timezone";
        for (value, expected) in [
            (r#""valueCode":"America/New_York""#, Some("America/New_York")),
            (r#""valueString":"europe/berlin""#, Some("Europe/Berlin")),
            (r#""valueCode":"Eastern Standard Time""#, None),
            (r#""valueCode":"""#, None),
        ] {
            let json = format!(r#"[{{"url":"{url}",{value}}}]"#);
            let extensions: Vec<Extension> = serde_json::from_str(&json).unwrap();
            assert_eq!(zone_from(Some(&extensions)).as_deref(), expected, "{value}");
        }
        assert_eq!(zone_from(None), None);
    }
}
