//! The one cookie: it tells one browser from every other, for as long as a sign-in lasts. It names nobody.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

const NAME: &str = "daybook_sign_in";
/// A link and a stay at the provider last ten minutes each.
const HOLDS_S: u32 = 3_600;
const MOST_CHARS: usize = 128;

/// What the browser shows, if it could be ours.
pub(crate) fn browser(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, value)| *name == NAME && is_plain(value))?;
    Some(value)
}

fn is_plain(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=MOST_CHARS).contains(&value.len()) && value.chars().all(plain)
}

/// `Lax`, since the browser comes back from another site.
pub(crate) fn keep(browser: &str, public_url: &str) -> Option<HeaderValue> {
    let secure = if public_url.starts_with("https://") { "; Secure" } else { "" };
    let line = format!("{NAME}={browser}; Path=/; Max-Age={HOLDS_S}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&line).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn only_our_own_cookie_counts() {
        for (lines, expected) in [
            (vec![], None),
            (vec!["daybook_sign_in=abc-_1"], Some("abc-_1")),
            (vec!["a=b; daybook_sign_in=abc", "daybook_sign_in=def"], Some("abc")),
            (vec!["a=b", "c=d;daybook_sign_in=abc"], Some("abc")),
            (vec!["daybook_sign_in="], None),
            (vec!["xdaybook_sign_in=abc; daybook_sign_in2=abc"], None),
            (vec!["daybook_sign_in=a b"], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
            }
            assert_eq!(browser(&headers), expected, "{lines:?}");
        }
    }
}
