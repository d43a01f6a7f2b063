//! The cookie of whoever is at the settings page: how it is called, how it is kept, whether a browser shows one. What it
//! holds, and whether that is true, is for the settings page to say.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

const NAME: &str = "daybook";
/// Over TLS no neighbouring host may set it
/// (<https://www.rfc-editor.org/rfc/rfc6265bis#section-4.1.3.2>).
const HOST_ONLY: &str = "__Host-daybook";
/// Browsers keep no cookie that is much longer.
const MOST_CHARS: usize = 3_500;

/// The cookie's name and ways at one public address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionCookie {
    /// Over TLS.
    Secure,
    /// On plain HTTP, which is for this machine alone.
    Plain,
}

impl SessionCookie {
    pub fn at(public_url: &str) -> Self {
        if public_url.starts_with("https://") { Self::Secure } else { Self::Plain }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Secure => HOST_ONLY,
            Self::Plain => NAME,
        }
    }

    /// What the browser shows, if it could be ours.
    pub fn shown(self, headers: &HeaderMap) -> Option<&str> {
        let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, value)| *name == self.name() && is_plain(value)).map(|(_, value)| value)
    }

    /// For a page at the top of its window.
    pub fn keep(self, value: &str, seconds: u32) -> Option<HeaderValue> {
        self.line(value, seconds, "SameSite=Lax")
    }

    /// For a page in another site's frame: bound to that site, so that browsers which block the cookies of third parties
    /// keep it (<https://developer.mozilla.org/docs/Web/Privacy/Guides/Privacy_sandbox/Partitioned_cookies>).
    pub fn keep_in_frame(self, value: &str, seconds: u32) -> Option<HeaderValue> {
        match self {
            Self::Secure => self.line(value, seconds, "SameSite=None; Partitioned"),
            // Without TLS there is no such cookie.
            Self::Plain => self.keep(value, seconds),
        }
    }

    fn line(self, value: &str, seconds: u32, ways: &str) -> Option<HeaderValue> {
        let secure = match self {
            Self::Secure => "; Secure",
            Self::Plain => "",
        };
        let name = self.name();
        let line = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; {ways}{secure}");
        HeaderValue::from_str(&line).ok()
    }
}

fn is_plain(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=MOST_CHARS).contains(&value.len()) && value.chars().all(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn over_tls_a_neighbours_cookie_does_not_count() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=b; daybook=theirs"));
        assert_eq!(SessionCookie::at("https://sync.example.org").shown(&headers), None);
        assert_eq!(SessionCookie::at("http://127.0.0.1:8787").shown(&headers), Some("theirs"));
        headers.append(COOKIE, HeaderValue::from_static("__Host-daybook=ours"));
        assert_eq!(SessionCookie::at("https://sync.example.org").shown(&headers), Some("ours"));
    }

    #[test]
    fn the_cookie_is_kept_as_its_place_allows() {
        let (tls, plain) = (SessionCookie::Secure, SessionCookie::Plain);
        for (line, expected) in [
            (tls.keep("v", 9), "__Host-daybook=v; Path=/; Max-Age=9; HttpOnly; SameSite=Lax; Secure"),
            (
                tls.keep_in_frame("v", 9),
                "__Host-daybook=v; Path=/; Max-Age=9; HttpOnly; SameSite=None; Partitioned; Secure",
            ),
            (plain.keep("v", 9), "daybook=v; Path=/; Max-Age=9; HttpOnly; SameSite=Lax"),
            (plain.keep_in_frame("v", 9), "daybook=v; Path=/; Max-Age=9; HttpOnly; SameSite=Lax"),
        ] {
            assert_eq!(line.unwrap(), expected);
        }
    }
}
