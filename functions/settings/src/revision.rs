//! `ETag` and `If-Match`: the version of a connection's settings, so that nobody overwrites what they have not seen.

use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, HeaderValue};

/// The entity tag of a version.
pub(crate) fn etag(version: u64) -> HeaderValue {
    // Digits and quotes are always a header's value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// What a caller says they have seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    /// They do not say, or any will do.
    Any,
    OneOf(Vec<u64>),
}

impl Seen {
    /// Tags that are not ours (weak ones included, RFC 9110 section 13.1.1) match no version.
    pub fn from(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(IF_MATCH).iter().peekable();
        if given.peek().is_none() {
            return Seen::Any;
        }
        let tags = given.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let tags: Vec<&str> = tags.map(str::trim).collect();
        if tags == ["*"] {
            return Seen::Any;
        }
        Seen::OneOf(tags.into_iter().filter_map(version).collect())
    }

    /// The version to insist on while `current` is stored, or `Err` where it is none that they have seen.
    pub fn expect(&self, current: u64) -> Result<Option<u64>, ()> {
        match self {
            Seen::Any => Ok(None),
            Seen::OneOf(versions) if versions.contains(&current) => Ok(Some(current)),
            Seen::OneOf(_) => Err(()),
        }
    }
}

fn version(tag: &str) -> Option<u64> {
    tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn if_match_by_rfc_9110() {
        for (given, expected) in [
            (vec![], Ok(None)),
            (vec!["*"], Ok(None)),
            (vec!["\"3\""], Ok(Some(3))),
            (vec!["\"2\", \"3\""], Ok(Some(3))),
            (vec!["\"2\"", "\"3\""], Ok(Some(3))),
            (vec!["\"2\""], Err(())),
            (vec!["W/\"3\""], Err(())),
            (vec!["3"], Err(())),
            (vec!["\"x\""], Err(())),
        ] {
            let mut headers = HeaderMap::new();
            for value in &given {
                headers.append(IF_MATCH, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(Seen::from(&headers).expect(3), expected, "{given:?}");
        }
    }
}
