//! The calendars' side: Google, Microsoft and CalDAV as configured, and their stand-ins in this process. Which of both
//! is spoken to follows from the configuration; the stand-ins are always there.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use daybook_caldav::{Allow, Caldav};
use daybook_core::connection::Provider;
use daybook_engine::Providers;
use daybook_engine::ports::{CalendarProvider, Clock};
use daybook_google::{Google, GoogleConfig};
use daybook_http::{Transport, Web};
use daybook_microsoft::{Microsoft, MicrosoftConfig};
use daybook_oauth_callback::LeadsTo;
use daybook_sandbox::caldav::CalDav as SandboxCaldav;
use daybook_sandbox::cloud::{Cloud, HttpCaller, Opening};
use daybook_sandbox::google::Google as SandboxGoogle;
use daybook_sandbox::microsoft::Microsoft as SandboxMicrosoft;
use daybook_sandbox::{caldav, google, microsoft};
use url::Url;

use crate::config::{Client, ProviderConfig};
use crate::data_dir::DataDir;
use crate::house::{StartError, failed};

/// A provider answers within seconds, or not at all. Several answers must fit into one step of a sync.
const ANSWER: Duration = Duration::from_secs(10);

/// As whom we come to a stand-in, which knows everybody.
const SANDBOX_CLIENT: &str = "daybook-sandbox";
/// Where Microsoft sends people with private accounts on, by redirect.
const MICROSOFT_PRIVATE: &str = "https://login.live.com";

/// How calendars are reached.
pub struct Calendars {
    pub providers: Providers,
    pub leads_to: LeadsTo,
}

/// Puts the adapters together. `own_url` is where the stand-ins are.
pub fn connect(
    google: ProviderConfig,
    microsoft: ProviderConfig,
    allow: Allow,
    own_url: &Url,
    clock: &Arc<dyn Clock>,
) -> Result<Calendars, StartError> {
    let web = Web::tuned(|client| client.timeout(ANSWER)).map_err(failed("providers cannot be reached"))?;
    let web: Arc<dyn Transport> = Arc::new(web);
    let caldav = Caldav::new(allow, clock.clone()).map_err(failed("CalDAV servers cannot be reached"))?;
    let google = google_config(google, own_url)?;
    let microsoft = microsoft_config(microsoft, own_url)?;
    let mut leads_to = LeadsTo::default();
    leads_to.add(Provider::Google, &google.auth_url);
    leads_to.add(Provider::Microsoft, &microsoft.auth_url);
    leads_to.add(Provider::Microsoft, &parse(MICROSOFT_PRIVATE)?);
    let google: Arc<dyn CalendarProvider> = Arc::new(Google::new(google, web.clone(), clock.clone()));
    let microsoft: Arc<dyn CalendarProvider> = Arc::new(Microsoft::new(microsoft, web, clock.clone()));
    let caldav: Arc<dyn CalendarProvider> = Arc::new(caldav);
    let providers =
        [(Provider::Google, google), (Provider::Microsoft, microsoft), (Provider::Caldav, caldav)];
    Ok(Calendars { providers: providers.into(), leads_to })
}

fn google_config(given: ProviderConfig, own_url: &Url) -> Result<GoogleConfig, StartError> {
    let place = Place::of(given.client.as_ref(), own_url, google::MOUNT);
    Ok(GoogleConfig {
        auth_url: place.or(given.auth_url, "https://accounts.google.com", "/o/oauth2/v2/auth")?,
        token_url: place.or(given.token_url, "https://oauth2.googleapis.com", "/token")?,
        revoke_url: place.or(given.revoke_url, "https://oauth2.googleapis.com", "/revoke")?,
        api_url: place.or(given.api_url, "https://www.googleapis.com", "")?,
        client_id: client(given.client.as_ref()),
        client_secret: given.client.map(|client| client.secret).unwrap_or_default(),
    })
}

fn microsoft_config(given: ProviderConfig, own_url: &Url) -> Result<MicrosoftConfig, StartError> {
    const SIGN_IN: &str = "https://login.microsoftonline.com";
    let place = Place::of(given.client.as_ref(), own_url, microsoft::MOUNT);
    Ok(MicrosoftConfig {
        auth_url: place.or(given.auth_url, SIGN_IN, "/common/oauth2/v2.0/authorize")?,
        token_url: place.or(given.token_url, SIGN_IN, "/common/oauth2/v2.0/token")?,
        api_url: place.or(given.api_url, "https://graph.microsoft.com", "/v1.0")?,
        client_id: client(given.client.as_ref()),
        client_secret: given.client.map(|client| client.secret).unwrap_or_default(),
    })
}

fn client(given: Option<&Client>) -> String {
    given.map_or_else(|| SANDBOX_CLIENT.to_owned(), |client| client.id.clone())
}

/// Where a provider is, unless the configuration says otherwise.
enum Place {
    Real,
    /// The stand-in, which has everything below one address.
    Sandbox(String),
}

impl Place {
    fn of(client: Option<&Client>, own_url: &Url, mount: &str) -> Self {
        match client {
            Some(_) => Place::Real,
            None => Place::Sandbox(base(own_url, mount)),
        }
    }

    fn or(&self, given: Option<Url>, origin: &str, path: &str) -> Result<Url, StartError> {
        match (given, self) {
            (Some(given), _) => Ok(given),
            (None, Place::Real) => parse(&format!("{origin}{path}")),
            (None, Place::Sandbox(base)) => parse(&format!("{base}{path}")),
        }
    }
}

fn base(own_url: &Url, mount: &str) -> String {
    format!("{}{mount}", own_url.as_str().trim_end_matches('/'))
}

fn parse(url: &str) -> Result<Url, StartError> {
    url.parse().map_err(failed("a provider's address cannot be used"))
}

/// The stand-ins, each with a file of its own.
pub struct Sandboxes {
    google: SandboxGoogle,
    microsoft: SandboxMicrosoft,
    caldav: SandboxCaldav,
}

impl Sandboxes {
    pub fn open(data: &DataDir, own_url: &Url, clock: &Arc<dyn Clock>) -> Result<Self, StartError> {
        let caller = Arc::new(HttpCaller::new().map_err(failed("the sandbox cannot notify"))?);
        let opening = |mount: &str, file: &str| -> Result<Opening, StartError> {
            Ok(Opening {
                file: Some(data.file(file)),
                base: parse(&base(own_url, mount))?,
                clock: ticking(clock),
                caller: caller.clone(),
            })
        };
        let google = SandboxGoogle::open(opening(google::MOUNT, "sandbox-google.db")?)
            .map_err(failed("the sandbox Google cannot be opened"))?;
        let microsoft = SandboxMicrosoft::open(opening(microsoft::MOUNT, "sandbox-microsoft.db")?)
            .map_err(failed("the sandbox Microsoft cannot be opened"))?;
        let opening = caldav::Opening {
            file: Some(data.file("sandbox-caldav.db")),
            clock: ticking(clock),
            furnishing: caldav::Furnishing::Lived,
        };
        let caldav =
            SandboxCaldav::open(opening).map_err(failed("the sandbox CalDAV server cannot be opened"))?;
        Ok(Self { google, microsoft, caldav })
    }

    /// All of them, under their full paths.
    pub fn router(&self) -> Router {
        self.google.router().merge(self.microsoft.router()).merge(self.caldav.router())
    }

    /// Notifies whoever subscribed, for as long as the process runs.
    pub fn deliver(&self) {
        for cloud in [self.google.cloud(), self.microsoft.cloud()] {
            tokio::spawn(Cloud::deliver(cloud.clone()));
        }
    }
}

fn ticking(clock: &Arc<dyn Clock>) -> daybook_sandbox::cloud::Clock {
    let clock = clock.clone();
    Arc::new(move || clock.now())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn own() -> Url {
        "http://127.0.0.1:8787/".parse().unwrap()
    }

    #[test]
    fn a_client_means_the_real_provider() {
        let client = |id: &str| Some(Client { id: id.into(), secret: "s".into() });
        let google =
            google_config(ProviderConfig { client: client("g"), ..ProviderConfig::default() }, &own())
                .unwrap();
        assert_eq!(google.client_id, "g");
        assert_eq!(google.auth_url.as_str(), "https://accounts.google.com/o/oauth2/v2/auth");
        assert_eq!(google.token_url.as_str(), "https://oauth2.googleapis.com/token");
        assert_eq!(google.revoke_url.as_str(), "https://oauth2.googleapis.com/revoke");
        assert_eq!(google.api_url.as_str(), "https://www.googleapis.com/");
        let given = ProviderConfig {
            client: client("m"),
            api_url: Some("http://127.0.0.1:1/v1.0".parse().unwrap()),
            ..ProviderConfig::default()
        };
        let microsoft = microsoft_config(given, &own()).unwrap();
        assert_eq!(
            microsoft.token_url.as_str(),
            "https://login.microsoftonline.com/common/oauth2/v2.0/token"
        );
        assert_eq!(microsoft.api_url.as_str(), "http://127.0.0.1:1/v1.0");
    }

    #[test]
    fn without_one_it_is_the_sandbox_unless_an_address_is_given() {
        let given = ProviderConfig {
            token_url: Some("http://127.0.0.1:1/token".parse().unwrap()),
            ..ProviderConfig::default()
        };
        let google = google_config(given, &own()).unwrap();
        assert_eq!(google.client_id, SANDBOX_CLIENT);
        assert_eq!(google.auth_url.as_str(), "http://127.0.0.1:8787/sandbox/google/o/oauth2/v2/auth");
        assert_eq!(google.token_url.as_str(), "http://127.0.0.1:1/token");
        assert_eq!(google.api_url.as_str(), "http://127.0.0.1:8787/sandbox/google");
        let microsoft = microsoft_config(ProviderConfig::default(), &own()).unwrap();
        assert_eq!(
            microsoft.auth_url.as_str(),
            "http://127.0.0.1:8787/sandbox/microsoft/common/oauth2/v2.0/authorize"
        );
        assert_eq!(microsoft.api_url.as_str(), "http://127.0.0.1:8787/sandbox/microsoft/v1.0");
    }
}
