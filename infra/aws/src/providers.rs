//! The calendars' side: Google and Microsoft where this deployment is registered there, and CalDAV servers. Addresses are
//! the providers' own unless the configuration says otherwise.

use std::sync::Arc;
use std::time::Duration;

use daybook_caldav::Caldav;
use daybook_core::connection::Provider;
use daybook_engine::Providers;
use daybook_engine::ports::Clock;
use daybook_google::{Google, GoogleConfig};
use daybook_http::{Transport, Web};
use daybook_microsoft::{Microsoft, MicrosoftConfig};
use secrecy::SecretString;
use url::Url;

use crate::config::{CalendarsConfig, ProviderConfig};
use crate::letters::{Letter, Letters};
use crate::start::{StartError, failed};

/// A provider answers within seconds, or not at all. Several answers must fit into one step of a sync.
const ANSWER: Duration = Duration::from_secs(10);
/// Where Microsoft sends people with private accounts on, by redirect.
const MICROSOFT_PRIVATE: &str = "https://login.live.com";

/// The ways out to calendars, which outlive every change of a secret.
pub struct Ways {
    web: Arc<dyn Transport>,
    caldav: Arc<Caldav>,
}

impl Ways {
    pub fn new(config: &CalendarsConfig, clock: &Arc<dyn Clock>) -> Result<Self, StartError> {
        let web =
            Web::tuned(|client| client.timeout(ANSWER)).map_err(failed("providers cannot be reached"))?;
        let caldav = Caldav::new(config.caldav_allow.clone(), clock.clone());
        let caldav = caldav.map_err(failed("CalDAV servers cannot be reached"))?;
        Ok(Self { web: Arc::new(web), caldav: Arc::new(caldav) })
    }
}

/// Calendars with what proves us to their providers.
#[derive(Default)]
pub struct Calendars {
    pub providers: Providers,
    /// Where a browser is led to in order to sign in.
    pub sign_in_pages: Vec<(Provider, Url)>,
}

impl Calendars {
    pub fn connect(
        config: &CalendarsConfig,
        ways: &Ways,
        letters: &Letters,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let mut calendars = Self::default();
        calendars.providers.insert(Provider::Caldav, ways.caldav.clone());
        if let Some(given) = &config.google {
            let google = google(given, letters.client_secret(Letter::Google)?)?;
            calendars.sign_in_pages.push((Provider::Google, google.auth_url.clone()));
            let google = Google::new(google, ways.web.clone(), clock.clone());
            calendars.providers.insert(Provider::Google, Arc::new(google));
        }
        if let Some(given) = &config.microsoft {
            let microsoft = microsoft(given, letters.client_secret(Letter::Microsoft)?)?;
            calendars.sign_in_pages.push((Provider::Microsoft, microsoft.auth_url.clone()));
            calendars.sign_in_pages.push((Provider::Microsoft, parse(MICROSOFT_PRIVATE)?));
            let microsoft = Microsoft::new(microsoft, ways.web.clone(), clock.clone());
            calendars.providers.insert(Provider::Microsoft, Arc::new(microsoft));
        }
        Ok(calendars)
    }
}

fn google(given: &ProviderConfig, client_secret: SecretString) -> Result<GoogleConfig, StartError> {
    Ok(GoogleConfig {
        client_id: given.client_id.clone(),
        client_secret,
        auth_url: or(given.auth_url.as_ref(), "https://accounts.google.com/o/oauth2/v2/auth")?,
        token_url: or(given.token_url.as_ref(), "https://oauth2.googleapis.com/token")?,
        revoke_url: or(given.revoke_url.as_ref(), "https://oauth2.googleapis.com/revoke")?,
        api_url: or(given.api_url.as_ref(), "https://www.googleapis.com")?,
    })
}

fn microsoft(given: &ProviderConfig, client_secret: SecretString) -> Result<MicrosoftConfig, StartError> {
    const SIGN_IN: &str = "https://login.microsoftonline.com/common/oauth2/v2.0";
    Ok(MicrosoftConfig {
        client_id: given.client_id.clone(),
        client_secret,
        auth_url: or(given.auth_url.as_ref(), &format!("{SIGN_IN}/authorize"))?,
        token_url: or(given.token_url.as_ref(), &format!("{SIGN_IN}/token"))?,
        api_url: or(given.api_url.as_ref(), "https://graph.microsoft.com/v1.0")?,
    })
}

fn or(given: Option<&Url>, usual: &str) -> Result<Url, StartError> {
    given.map_or_else(|| parse(usual), |given| Ok(given.clone()))
}

fn parse(url: &str) -> Result<Url, StartError> {
    url.parse().map_err(failed("a provider's address cannot be used"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn given(api_url: Option<&str>) -> ProviderConfig {
        let api_url = api_url.map(|url| url.parse().unwrap());
        ProviderConfig { client_id: "id".into(), auth_url: None, token_url: None, revoke_url: None, api_url }
    }

    #[test]
    fn a_provider_is_where_it_is() {
        let google = google(&given(None), "s".to_owned().into()).unwrap();
        assert_eq!(google.auth_url.as_str(), "https://accounts.google.com/o/oauth2/v2/auth");
        assert_eq!(google.token_url.as_str(), "https://oauth2.googleapis.com/token");
        assert_eq!(google.revoke_url.as_str(), "https://oauth2.googleapis.com/revoke");
        assert_eq!(google.api_url.as_str(), "https://www.googleapis.com/");
        let microsoft = microsoft(&given(Some("http://127.0.0.1:1/v1.0")), "s".to_owned().into()).unwrap();
        assert_eq!(microsoft.api_url.as_str(), "http://127.0.0.1:1/v1.0");
        let sign_in = "https://login.microsoftonline.com/common/oauth2/v2.0";
        assert_eq!(microsoft.auth_url.as_str(), format!("{sign_in}/authorize"));
        assert_eq!(microsoft.token_url.as_str(), format!("{sign_in}/token"));
    }
}
