//! Where a clinician's password may go from one host to another: what `daybook_http` lets through is not yet where a
//! password meant for another may follow. It speaks to nobody.

use daybook_http::{Allow, Trust};
use url::Url;

/// Whether credentials meant for `from` may follow a redirect or a link to `to`.
pub fn may_follow(allow: &Allow, from: &Url, to: &Url) -> bool {
    let Ok(trust) = allow.check(to) else { return false };
    from.origin() == to.origin() || trust != Trust::Public || (is_icloud(from) && is_icloud(to))
}

/// Apple hands out the partition of an account (`p07-caldav.icloud.com`) from one entry host.
pub fn is_icloud(url: &Url) -> bool {
    url.scheme() == "https"
        && url.domain().is_some_and(|name| name == "icloud.com" || name.ends_with(".icloud.com"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn where_credentials_may_follow() {
        for (allow, from, to, expected) in [
            ("", "https://a.org/x", "https://a.org/y", true),
            ("", "https://a.org/", "https://b.org/", false),
            ("", "https://a.org/", "https://a.org:8443/", false),
            ("", "https://a.org/", "http://a.org/", false),
            ("", "https://caldav.icloud.com/", "https://p07-caldav.icloud.com:443/1/", true),
            ("", "https://caldav.icloud.com/", "http://p07-caldav.icloud.com/", false),
            ("", "https://caldav.icloud.com/", "https://evil-icloud.com/", false),
            ("", "https://a.org/", "https://p07-caldav.icloud.com/", false),
            ("b.org", "https://a.org/", "https://b.org/", true),
            ("loopback", "http://127.0.0.1:1/", "http://127.0.0.1:2/", true),
            ("", "https://a.org/", "https://169.254.169.254/", false),
        ] {
            let (from, to) = (Url::parse(from).unwrap(), Url::parse(to).unwrap());
            assert_eq!(may_follow(&allow.parse().unwrap(), &from, &to), expected, "{from} -> {to}");
        }
    }
}
