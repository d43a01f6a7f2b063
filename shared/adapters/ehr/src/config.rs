//! How an EHR is reached, and the addresses that follow from its base. It sends nothing.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Where a practice's EHR is, and what it wants to see with every request.
#[derive(Clone, Debug)]
pub struct FhirConfig {
    /// The FHIR base, `https://ehr.example/fhir`, with or without a slash at its end.
    pub base_url: String,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<SecretString>,
    /// Further headers, an API key for example.
    pub headers: Vec<(String, SecretString)>,
}

impl FhirConfig {
    /// An EHR that asks for nothing but its address.
    pub fn open(base_url: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), token: None, headers: Vec::new() }
    }

    /// The headers of every request, marked so that nothing prints their values.
    pub(crate) fn credentials(&self) -> Result<HeaderMap, BadConfig> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let known = HeaderName::try_from(name.as_str()).map_err(|_| BadConfig::Header(name.clone()))?;
            headers.insert(known, secret(name, value.expose_secret())?);
        }
        if let Some(token) = &self.token {
            headers.insert(
                AUTHORIZATION,
                secret("authorization", &format!("Bearer {}", token.expose_secret()))?,
            );
        }
        Ok(headers)
    }
}

fn secret(name: &str, value: &str) -> Result<HeaderValue, BadConfig> {
    let mut value = HeaderValue::try_from(value).map_err(|_| BadConfig::Header(name.to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Why an EHR cannot be reached as configured.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    #[error("the EHR's base url is no http address without query: {0}")]
    Base(String),
    #[error("the EHR's header {0} has a name or value that http does not allow")]
    Header(String),
    #[error(transparent)]
    Client(#[from] daybook_http::SetupError),
}

/// The FHIR base. Its path ends with a slash.
#[derive(Clone, Debug)]
pub(crate) struct Base(Url);

impl Base {
    pub(crate) fn parse(text: &str) -> Result<Self, BadConfig> {
        let refuse = || BadConfig::Base(text.chars().take(200).collect());
        let mut url = Url::parse(text).map_err(|_| refuse())?;
        let fits = matches!(url.scheme(), "http" | "https") && url.query().is_none();
        if !fits || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(refuse());
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }

    /// Where bundles are posted.
    pub(crate) fn root(&self) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
        }
        url
    }

    /// `Slot`.
    pub(crate) fn kind(&self, kind: &str) -> Url {
        self.below(&[kind])
    }

    /// `Slot/slot-200`; whatever the id holds is escaped.
    pub(crate) fn item(&self, kind: &str, id: &str) -> Url {
        self.below(&[kind, id])
    }

    /// `Slot?start=ge2026...`.
    pub(crate) fn search(&self, kind: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.kind(kind);
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    /// An item's address as a bundle's entry names it.
    pub(crate) fn relative_item(&self, kind: &str, id: &str) -> String {
        let whole = self.item(kind, id);
        whole.as_str().strip_prefix(self.0.as_str()).unwrap_or(whole.as_str()).to_owned()
    }

    /// An address that the server gave, read on our server: our credentials go nowhere else. A server behind a
    /// gateway may know itself by another name; what it means is the same path here. `None` outside the base.
    pub(crate) fn follow(&self, link: &str) -> Option<Url> {
        let given = self.0.join(link).ok()?;
        if given.origin() == self.0.origin() {
            return Some(given);
        }
        let is_below = given.path().starts_with(self.0.path().trim_end_matches('/'));
        let mut here = self.0.clone();
        here.set_path(given.path());
        here.set_query(given.query());
        is_below.then_some(here)
    }

    /// An absolute reference into this server, without the base.
    pub(crate) fn strip<'a>(&self, reference: &'a str) -> Option<&'a str> {
        reference.strip_prefix(self.0.as_str())
    }

    fn below(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// Whether an id can name anything at all on a server. What cannot is as good as gone.
pub(crate) fn can_exist(id: &str) -> bool {
    !id.is_empty() && id.len() <= 256 && id != "." && id != ".."
}

/// A value inside a search: what separates values is escaped (FHIR R4, search, "escaping").
pub(crate) fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '\\' | ',' | '|' | '$') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Several ids as one search value.
pub(crate) fn joined<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    values.into_iter().map(escaped).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn addresses_follow_from_the_base() {
        for base in ["https://ehr.example/fhir", "https://ehr.example/fhir/"] {
            let base = Base::parse(base).unwrap();
            assert_eq!(base.root().as_str(), "https://ehr.example/fhir");
            assert_eq!(base.item("Slot", "a b/c").as_str(), "https://ehr.example/fhir/Slot/a%20b%2Fc");
            assert_eq!(base.relative_item("Slot", "a b"), "Slot/a%20b");
            assert_eq!(
                base.search("Slot", &[("identifier", "urn:daybook:block|")]).as_str(),
                "https://ehr.example/fhir/Slot?identifier=urn%3Adaybook%3Ablock%7C"
            );
        }
        assert_eq!(Base::parse("http://h:1").unwrap().kind("Slot").as_str(), "http://h:1/Slot");
        for bad in ["", "ehr", "ftp://ehr.example/", "https://ehr.example/?a=b", "https://me:x@ehr.example/"]
        {
            assert!(Base::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_are_followed_on_our_own_server_only() {
        let base = Base::parse("https://ehr.example/fhir").unwrap();
        for (link, followed) in [
            ("https://ehr.example/fhir?page=2", Some("https://ehr.example/fhir?page=2")),
            ("Appointment?page=2", Some("https://ehr.example/fhir/Appointment?page=2")),
            (
                "http://inside:8080/fhir/Appointment?page=2",
                Some("https://ehr.example/fhir/Appointment?page=2"),
            ),
            ("//elsewhere.example/fhir?page=2", Some("https://ehr.example/fhir?page=2")),
            ("https://elsewhere.example/other?page=2", None),
        ] {
            assert_eq!(base.follow(link).as_ref().map(Url::as_str), followed, "{link}");
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let mut config = FhirConfig::open("https://ehr.example");
        config.token = Some("hunter2".to_owned().into());
        config.headers.push(("x-api-key".into(), "hunter3".to_owned().into()));
        let printed = format!("{config:?} {:?}", config.credentials().unwrap());
        assert!(!printed.contains("hunter"), "{printed}");
    }

    #[test]
    fn separators_are_escaped() {
        assert_eq!(joined(["a", "b,c", r"d\e|f$"]), r"a,b\,c,d\\e\|f\$");
    }
}
