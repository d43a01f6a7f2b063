//! The configuration: `DAYBOOK_*` variables, read once, and all that is wrong with them told at once. A fault names the
//! variable and what is expected, never the value. No secret is in a variable.

mod meaning;
mod source;

use std::time::Duration;

use daybook_caldav::Allow;
use daybook_core::connection::Provider;
use daybook_core::detail::Detail;
use daybook_core::launch::LaunchTrust;
use daybook_core::policy::Policy;
use daybook_engine::ports::Practice;
use daybook_secrets::TokenStore;
use jiff::civil::Date;
use url::Url;

pub use source::Faults;
use source::Source;

/// What a function may have beside the table, and so which variables it reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Queue,
    Vault,
    Calendars,
    Ehr,
    ApiKeys,
    PlatformKeys,
    HookSecrets,
    Courier,
}

/// Everything that can be set. What belongs to nothing that the function has is `None`, whatever the variables say.
#[derive(Debug)]
pub struct Config {
    pub table: String,
    /// The dimension of the metrics.
    pub stack: String,
    pub practice: Practice,
    pub queue_url: Option<String>,
    pub secrets: Option<SecretsConfig>,
    pub calendars: Option<CalendarsConfig>,
    pub ehr_url: Option<Url>,
    pub pace: PaceConfig,
    /// Requests to Google each minute, all practices together; `None` is no budget of ours.
    pub google_per_minute: Option<u32>,
    /// When the secret of our registration at Microsoft ends.
    pub microsoft_secret_expires: Option<Date>,
}

/// Which secrets are ours.
#[derive(Debug)]
pub struct SecretsConfig {
    pub prefix: String,
    pub token_store: TokenStore,
    /// The key under which secrets are made.
    pub kms_key: Option<String>,
}

/// How calendars are reached, and how their providers reach us.
#[derive(Debug)]
pub struct CalendarsConfig {
    /// Without a slash at its end.
    pub public_url: String,
    pub caldav_allow: Allow,
    pub google: Option<ProviderConfig>,
    pub microsoft: Option<ProviderConfig>,
}

/// One registration, and addresses where they are not the provider's own.
#[derive(Debug)]
pub struct ProviderConfig {
    pub client_id: String,
    pub auth_url: Option<Url>,
    pub token_url: Option<Url>,
    /// Google only.
    pub revoke_url: Option<Url>,
    pub api_url: Option<Url>,
}

/// How often calendars and the EHR are looked at.
#[derive(Debug)]
pub struct PaceConfig {
    pub poll: Duration,
    pub poll_told: Duration,
}

impl Config {
    /// From the variables of the process, for a function that has these.
    pub fn read(variables: impl Iterator<Item = (String, String)>, kinds: &[Kind]) -> Result<Self, Faults> {
        let mut source = Source::new(variables);
        let has = |kind| kinds.contains(&kind);
        let config = Self {
            table: source.require("TABLE", meaning::text).unwrap_or_default(),
            stack: source.find("STACK", meaning::text).unwrap_or_else(|| "daybook".to_owned()),
            practice: practice(&mut source),
            queue_url: has(Kind::Queue)
                .then(|| source.require("QUEUE_URL", meaning::web_address))
                .flatten()
                .map(Into::into),
            secrets: kinds.iter().any(|kind| kind.has_secrets()).then(|| secrets(&mut source)),
            calendars: has(Kind::Calendars).then(|| calendars(&mut source)),
            ehr_url: has(Kind::Ehr).then(|| source.require("EHR_FHIR_URL", meaning::web_address)).flatten(),
            pace: pace(&mut source),
            google_per_minute: Some(source.find("GOOGLE_PER_MINUTE", meaning::count).unwrap_or(8_000))
                .filter(|budget| *budget > 0),
            microsoft_secret_expires: source.find("MICROSOFT_SECRET_EXPIRES", meaning::date),
        };
        source.end().none_or(config)
    }
}

impl Kind {
    fn has_secrets(self) -> bool {
        self != Kind::Queue
    }
}

impl CalendarsConfig {
    pub fn of(&self, provider: Provider) -> Option<&ProviderConfig> {
        match provider {
            Provider::Google => self.google.as_ref(),
            Provider::Microsoft => self.microsoft.as_ref(),
            Provider::Caldav => None,
        }
    }
}

fn practice(source: &mut Source) -> Practice {
    Practice {
        id: source.find("PRACTICE", meaning::practice_id).unwrap_or_else(|| "demo".into()),
        time_zone_fallback: source.find("TIME_ZONE", meaning::time_zone),
        proposed: source.find("PROPOSED", meaning::proposed).unwrap_or_default(),
        launch: launch(source),
        frame_origins: source.find("FRAME_ORIGINS", meaning::origins).unwrap_or_default(),
        policy: Policy {
            detail_cap: source.find("DETAIL_CAP", meaning::detail).unwrap_or(Detail::Full),
            part2: source.find("PART2", meaning::part2).unwrap_or_default(),
            ..Policy::default()
        },
        set_at: None,
        notices_to: source.find("NOTICE_URL", meaning::web_address).map(Into::into),
    }
}

/// Whom the EHR may send to the settings page: nobody, unless both who signs and by what is said.
fn launch(source: &mut Source) -> Option<LaunchTrust> {
    let issuer = source.find("LAUNCH_ISSUER", meaning::text);
    let keys = source.find("LAUNCH_JWKS", meaning::launch_keys);
    let return_urls = source.find("LAUNCH_RETURN_URLS", meaning::addresses).unwrap_or_default();
    Some(LaunchTrust { issuer: issuer?, keys: keys?, return_urls })
}

fn secrets(source: &mut Source) -> SecretsConfig {
    SecretsConfig {
        prefix: source.require("SECRETS_PREFIX", meaning::secrets_prefix).unwrap_or_default(),
        token_store: source.find("TOKEN_STORE", meaning::token_store).unwrap_or_default(),
        kms_key: source.find("KMS_KEY_ID", meaning::text),
    }
}

fn calendars(source: &mut Source) -> CalendarsConfig {
    CalendarsConfig {
        public_url: source.require("PUBLIC_URL", meaning::base_address).unwrap_or_default(),
        caldav_allow: source.find("CALDAV_ALLOW", meaning::allow).unwrap_or_default(),
        google: provider(source, "GOOGLE"),
        microsoft: provider(source, "MICROSOFT"),
    }
}

fn provider(source: &mut Source, name: &str) -> Option<ProviderConfig> {
    let mut url = |key: &str| source.find(&format!("{name}_{key}"), meaning::web_address);
    let (auth_url, token_url) = (url("AUTH_URL"), url("TOKEN_URL"));
    let (revoke_url, api_url) = (url("REVOKE_URL"), url("API_URL"));
    let client_id = source.find(&format!("{name}_CLIENT_ID"), meaning::text)?;
    Some(ProviderConfig { client_id, auth_url, token_url, revoke_url, api_url })
}

fn pace(source: &mut Source) -> PaceConfig {
    PaceConfig {
        poll: source.find("POLL_SECONDS", meaning::seconds).unwrap_or(Duration::from_mins(5)),
        poll_told: source.find("POLL_TOLD_SECONDS", meaning::seconds).unwrap_or(Duration::from_hours(1)),
    }
}

#[cfg(test)]
mod tests;
