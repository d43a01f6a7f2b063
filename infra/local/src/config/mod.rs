//! The configuration: `DAYBOOK_*` variables, and a `daybook.toml` with the same keys. It is read once, and all that is
//! wrong with it is told at once. A fault names the key and what is expected, never the value: it may be a secret.

mod practice;
mod provider;
mod source;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use daybook_caldav::Allow;
use secrecy::SecretString;
use url::Url;

pub use practice::{DEMO, EhrConfig, PracticeConfig};
pub use provider::{Client, ProviderConfig};
pub use source::Faults;
use source::{Source, from_file};

/// The file beside which the process was started; it need not exist.
pub const FILE: &str = "daybook.toml";
const PREFIX: &str = "DAYBOOK_";

/// Everything that can be set.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// How others reach us, where it is not the address that we listen on.
    pub public_url: Option<Url>,
    pub caldav_allow: Allow,
    pub sweep: Duration,
    pub google: ProviderConfig,
    pub microsoft: ProviderConfig,
    /// May say what holds for any practice. `None`: to be generated, or kept in the data directory.
    pub platform_key: Option<SecretString>,
    /// The practice `demo` first, then those of the file.
    pub practices: Vec<PracticeConfig>,
}

impl Config {
    /// From the variables and the file's text; a variable wins.
    pub fn read(
        variables: impl Iterator<Item = (String, String)>,
        file: Option<&str>,
    ) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let file = file.map(|text| from_file(text, &mut faults)).unwrap_or_default();
        let mut source = Source::variables(file.values);
        source.overlay(variables);
        let config = Self {
            listen: source.read("LISTEN", &mut faults, address).unwrap_or(([127, 0, 0, 1], 8787).into()),
            data_dir: source.text("DATA_DIR").map_or_else(|| PathBuf::from(".daybook"), PathBuf::from),
            public_url: source.read("PUBLIC_URL", &mut faults, web_address),
            caldav_allow: source
                .read_even_empty("CALDAV_ALLOW", &mut faults, allow)
                .unwrap_or_else(|| "loopback".parse().unwrap_or_default()),
            sweep: source.read("SWEEP_SECONDS", &mut faults, seconds).unwrap_or(Duration::from_mins(1)),
            google: provider::read(&mut source, provider::GOOGLE, &mut faults),
            microsoft: provider::read(&mut source, provider::MICROSOFT, &mut faults),
            platform_key: source.read("PLATFORM_KEY", &mut faults, practice::key),
            practices: practice::read_all(&mut source, file.practices, &mut faults),
        };
        source.refuse_rest(&mut faults);
        faults.none_or(config)
    }
}

/// Whether a variable of this name, without its prefix, is one of ours.
fn is_known(key: &str) -> bool {
    const OURS: [&str; 6] =
        ["LISTEN", "DATA_DIR", "PUBLIC_URL", "CALDAV_ALLOW", "SWEEP_SECONDS", "PLATFORM_KEY"];
    OURS.contains(&key) || provider::is_key(key) || practice::is_key_of_demo(key)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| "expected an address and port such as 127.0.0.1:8787".to_owned())
}

fn web_address(text: &str) -> Result<Url, String> {
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
    };
    let url = Url::parse(text).ok().filter(plain);
    url.ok_or_else(|| "expected an http or https address without user, password and query".to_owned())
}

fn allow(text: &str) -> Result<Allow, String> {
    text.parse().map_err(|_| "expected a comma list of `host`, `host:port` and `loopback`".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u64>() {
        Ok(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err("expected 1 to 86400 seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests;
