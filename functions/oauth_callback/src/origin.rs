//! Where a form may lead. Nothing is decided here about who signs in.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use daybook_core::connection::Provider;
use url::Url;

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

/// A browser that loads a page before anybody asked for it would use the link up.
pub(crate) fn is_prefetch(headers: &HeaderMap) -> bool {
    let purposes = ["sec-purpose", "purpose"].into_iter().filter_map(|name| headers.get(name)?.to_str().ok());
    purposes.into_iter().any(|purpose| purpose.contains("prefetch"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_form_leads_to_its_own_provider_only() {
        let mut leads_to = LeadsTo::default();
        leads_to.add(Provider::Google, &"https://accounts.google.com/o/oauth2/v2/auth".parse().unwrap());
        let google = leads_to.policy(Provider::Google);
        assert!(google.contains("form-action 'self' https://accounts.google.com;"), "{google}");
        assert!(leads_to.policy(Provider::Caldav).contains("form-action 'self';"));
    }
}
