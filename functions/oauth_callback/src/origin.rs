//! Where a form comes from, and where it may lead. Nothing is decided here about who signs in.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use daybook_core::connection::Provider;
use url::Url;

const SITE: &str = "sec-fetch-site";
/// Of a page without a form.
pub(crate) const CLOSED_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'none'";

/// To which origins the form on our page leads by redirect: browsers hold `form-action` against those too.
#[derive(Clone, Debug, Default)]
pub struct LeadsTo(BTreeMap<Provider, Vec<String>>);

impl LeadsTo {
    /// The provider's sign-in page may live at this address too.
    pub fn add(&mut self, provider: Provider, page: &Url) {
        self.0.entry(provider).or_default().push(page.origin().ascii_serialization());
    }

    /// The policy of our page for this provider.
    pub(crate) fn policy(&self, provider: Provider) -> String {
        let origins = self.0.get(&provider).map(Vec::as_slice).unwrap_or_default();
        let forms = ["'self'".to_owned()].iter().chain(origins).cloned().collect::<Vec<_>>().join(" ");
        CLOSED_POLICY.replace("form-action 'none'", &format!("form-action {forms}"))
    }
}

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

/// A browser that loads a page before anybody asked for it would use the link up.
pub(crate) fn is_prefetch(headers: &HeaderMap) -> bool {
    let purposes = ["sec-purpose", "purpose"].into_iter().filter_map(|name| headers.get(name)?.to_str().ok());
    purposes.into_iter().any(|purpose| purpose.contains("prefetch"))
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

    #[test]
    fn a_form_leads_to_its_own_provider_only() {
        let mut leads_to = LeadsTo::default();
        leads_to.add(Provider::Google, &"https://accounts.google.com/o/oauth2/v2/auth".parse().unwrap());
        let google = leads_to.policy(Provider::Google);
        assert!(google.contains("form-action 'self' https://accounts.google.com;"), "{google}");
        assert!(leads_to.policy(Provider::Caldav).contains("form-action 'self';"));
    }
}
