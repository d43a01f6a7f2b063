//! The time zone that a resource names. R4 has no element for it; the extensions are what is used.

use jiff::tz::TimeZone;

use crate::wire::Extension;

const URLS: [&str; 2] =
    ["http://hl7.org/fhir/StructureDefinition/timezone", "http://hl7.org/fhir/StructureDefinition/tz-code"];

/// An IANA name that our zone data knows.
pub(crate) fn zone_from(extensions: Option<&[Extension]>) -> Option<String> {
    let is_zone = |extension: &&Extension| extension.url.as_deref().is_some_and(|url| URLS.contains(&url));
    let value =
        |extension: &Extension| extension.value_code.clone().or_else(|| extension.value_string.clone());
    let mut names = extensions?.iter().filter(is_zone).filter_map(value);
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
