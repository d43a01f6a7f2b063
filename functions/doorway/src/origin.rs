//! Whether a form was sent from a page of ours. It says nothing about who sent it.

use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use url::Url;

const SITE: &str = "sec-fetch-site";

/// Whether a form was sent from our own page, as far as the browser says. A page that sends no referrer sends
/// `Origin: null` with its forms (Fetch, "append a request Origin header"), so that is no evidence against it;
/// the cookie, which is `SameSite`, speaks where `Sec-Fetch-Site` does not.
pub fn is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let own = Url::parse(public_url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let is_own_site = text(SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    let is_own_origin = text(ORIGIN.as_str()).is_none_or(|origin| origin == own || origin == "null");
    is_own_site && is_own_origin
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    #[test]
    fn forms_of_other_sites_are_told() {
        for (headers, expected) in [
            (vec![], true),
            (vec![("origin", "https://sync.example.org")], true),
            (vec![("origin", "null")], true),
            (vec![("origin", "null"), (SITE, "same-origin")], true),
            (vec![("origin", "null"), (SITE, "cross-site")], false),
            (vec![("origin", "https://evil.example")], false),
            (vec![("origin", "http://sync.example.org")], false),
            (vec![(SITE, "same-site")], false),
            (vec![(SITE, "none")], true),
        ] {
            let pairs = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            assert_eq!(is_ours(&pairs.collect(), "https://sync.example.org"), expected, "{headers:?}");
        }
    }
}
