//! One cookie for each sign-in: it tells one browser from every other, for as long as the sign-in lasts. It names nobody.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

const NAME: &str = "daybook_sign_in";
/// Over TLS no neighbouring host may set it
/// (<https://www.rfc-editor.org/rfc/rfc6265bis#section-4.1.3.2>).
const HOST_ONLY: &str = "__Host-";
/// A link and a stay at the provider last ten minutes each.
const HOLDS_S: u32 = 3_600;
const MOST_CHARS: usize = 128;

/// What a sign-in's cookie is called: a clinician may have two open in one browser.
pub(crate) struct Name {
    name: String,
    is_secure: bool,
}

impl Name {
    /// `nonce` tells the sign-in. `None` where it cannot be one of ours.
    pub fn of(nonce: Option<&str>, public_url: &str) -> Option<Self> {
        let nonce = nonce.filter(|nonce| is_plain(nonce))?;
        let is_secure = public_url.starts_with("https://");
        let prefix = if is_secure { HOST_ONLY } else { "" };
        Some(Self { name: format!("{prefix}{NAME}_{nonce}"), is_secure })
    }

    /// What the browser shows, if it could be ours.
    pub fn shown<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, value)| *name == self.name && is_plain(value))?;
        Some(value)
    }

    /// `Lax`, since the browser comes back from another site.
    pub fn keep(&self, browser: &str) -> Option<HeaderValue> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let name = &self.name;
        let line = format!("{name}={browser}; Path=/; Max-Age={HOLDS_S}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&line).ok()
    }
}

fn is_plain(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=MOST_CHARS).contains(&value.len()) && value.chars().all(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn only_our_own_cookie_counts() {
        for (lines, expected) in [
            (vec![], None),
            (vec!["daybook_sign_in_n1=abc-_1"], Some("abc-_1")),
            (vec!["a=b; daybook_sign_in_n1=abc", "daybook_sign_in_n1=def"], Some("abc")),
            (vec!["a=b", "daybook_sign_in_n2=no;daybook_sign_in_n1=abc"], Some("abc")),
            (vec!["daybook_sign_in_n1="], None),
            (vec!["xdaybook_sign_in_n1=abc; daybook_sign_in_n12=abc; daybook_sign_in=abc"], None),
            (vec!["daybook_sign_in_n1=a b"], None),
            (vec!["__Host-daybook_sign_in_n1=abc"], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
            }
            let name = Name::of(Some("n1"), "http://127.0.0.1:8787").unwrap();
            assert_eq!(name.shown(&headers), expected, "{lines:?}");
        }
    }

    /// A neighbouring host can set any cookie for our domain but one with this prefix.
    #[test]
    fn over_tls_a_neighbours_cookie_does_not_count() {
        let name = Name::of(Some("n1"), "https://sync.example.org").unwrap();
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("daybook_sign_in_n1=theirs"));
        assert_eq!(name.shown(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("__Host-daybook_sign_in_n1=ours"));
        assert_eq!(name.shown(&headers), Some("ours"));
        let line = name.keep("ours").unwrap();
        assert_eq!(
            line,
            "__Host-daybook_sign_in_n1=ours; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn what_is_no_nonce_names_no_cookie() {
        for nonce in [None, Some(""), Some("a b"), Some("a=b"), Some("a;b"), Some(&*"x".repeat(129))] {
            assert!(Name::of(nonce, "https://sync.example.org").is_none(), "{nonce:?}");
        }
    }
}
