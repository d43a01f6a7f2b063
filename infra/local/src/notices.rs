//! What carries notices on one machine: the secrets of the practices, and the hosts that the configuration itself names.
//! What is told, and when, is the engine's.

use daybook_core::ids::PracticeId;
use daybook_notices::{NoticeSecret, Post};
use secrecy::SecretString;
use url::Url;

use crate::config::{EhrConfig, PracticeConfig};
use crate::house::{StartError, failed};

/// Where the sandbox EHR takes notices.
pub const SANDBOX: &str = "sandbox/ehr/notices";

/// The sandbox EHR is told unless somebody else is.
pub fn settle_address(practice: &mut PracticeConfig, own_url: &Url) {
    if matches!(practice.ehr, EhrConfig::Sandbox) && practice.practice.notices_to.is_none() {
        practice.practice.notices_to = own_url.join(SANDBOX).ok().map(Into::into);
    }
}

/// Carries the notices of these practices. Addresses that are set later must be public ones.
pub fn post(
    practices: &[PracticeConfig],
    secrets: &[(PracticeId, SecretString)],
) -> Result<Post, StartError> {
    let named = practices.iter().filter_map(|practice| place_of(practice.practice.notices_to.as_deref()?));
    let allow = named.collect::<Vec<_>>().join(",").parse();
    let allow = allow.map_err(failed("an address for notices cannot be used"))?;
    let post = Post::new(allow).map_err(failed("notices cannot be posted"))?;
    for (practice, secret) in secrets {
        let secret = NoticeSecret::parse(secret).map_err(failed("a secret for notices cannot be used"))?;
        post.sign_with(practice.clone(), vec![secret]);
    }
    Ok(post)
}

/// `host:port`
fn place_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_allows_what_it_names() {
        for (address, place) in [
            ("http://127.0.0.1:8787/sandbox/ehr/notices", Some("127.0.0.1:8787")),
            ("https://ehr.internal/notices", Some("ehr.internal:443")),
            ("http://[::1]:80/n", Some("[::1]:80")),
            ("nowhere", None),
        ] {
            assert_eq!(place_of(address).as_deref(), place, "{address}");
        }
    }
}
