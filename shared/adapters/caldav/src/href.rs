//! Paths on a CalDAV server, spelled one way. Servers differ in what they percent-encode (`@`, spaces), and the
//! same server may spell one path in two ways; an id must have one spelling.

use std::fmt::Write;

use url::Url;

/// One spelling for each path: what may stand literally in a path segment does (RFC 3986 section 3.3), everything
/// else is percent-encoded in upper case.
pub fn canonical(path: &str) -> String {
    let mut spelled = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let (byte, literal, tail) = match (byte, escaped(tail)) {
            (b'%', Some(inner)) => (inner, may_stand(inner), tail.get(2..).unwrap_or_default()),
            (other, _) => (other, other == b'/' || may_stand(other), tail),
        };
        if literal {
            spelled.push(char::from(byte));
        } else {
            let _ = write!(spelled, "%{byte:02X}");
        }
        rest = tail;
    }
    spelled
}

/// The two hexadecimal digits behind a `%`.
fn escaped(tail: &[u8]) -> Option<u8> {
    let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn may_stand(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

/// A href of an answer as a path on `base`'s server, or `None` where it lies on another one.
pub fn path_on(base: &Url, href: &str) -> Option<String> {
    let href = href.trim();
    if href.starts_with('/') && !href.starts_with("//") {
        let path = href.split(['?', '#']).next().unwrap_or_default();
        return Some(canonical(path));
    }
    let url = base.join(href).ok()?;
    (url.origin() == base.origin()).then(|| canonical(url.path()))
}

/// A path on `base`'s server as a URL. Never leads to another host.
pub fn url_of(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// A collection's path, which ends with a slash.
pub fn collection(path: &str) -> String {
    let path = canonical(path);
    if path.ends_with('/') { path } else { format!("{path}/") }
}

/// The path of the collection around a resource or collection.
pub fn parent(path: &str) -> &str {
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    trimmed.rfind('/').and_then(|slash| trimmed.get(..=slash)).unwrap_or("/")
}

/// The last segment, without `.ics`.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".ics").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn one_spelling_for_each_path() {
        for (given, expected) in [
            ("/a%40b/c/", "/a@b/c/"),
            ("/a@b/c/", "/a@b/c/"),
            ("/two words/x.ics", "/two%20words/x.ics"),
            ("/two%20words/x.ics", "/two%20words/x.ics"),
            ("/%c3%a9/", "/%C3%A9/"),
            ("/é/", "/%C3%A9/"),
            ("/a%2fb", "/a%2Fb"),
            ("/100%25", "/100%25"),
            ("/100%", "/100%25"),
            ("/%zz", "/%25zz"),
        ] {
            assert_eq!(canonical(given), expected, "{given}");
            assert_eq!(canonical(expected), expected, "{expected} again");
        }
    }

    #[test]
    fn hrefs_are_paths_on_this_server_or_nothing() {
        let base = Url::parse("https://p07-caldav.icloud.com/1/calendars/").unwrap();
        for (href, expected) in [
            ("/1/calendars/home/", Some("/1/calendars/home/")),
            ("https://p07-caldav.icloud.com:443/1/calendars/x.ics", Some("/1/calendars/x.ics")),
            ("https://evil.example/1/", None),
            ("//evil.example/1/", None),
            ("home/x.ics", Some("/1/calendars/home/x.ics")),
        ] {
            assert_eq!(path_on(&base, href).as_deref(), expected, "{href}");
        }
        assert_eq!(url_of(&base, "//evil.example/x").host_str(), base.host_str());
    }

    #[test]
    fn parents_and_stems() {
        assert_eq!(parent("/u/c/"), "/u/");
        assert_eq!(parent("/u/c/e.ics"), "/u/c/");
        assert_eq!(stem("/u/c/e.ics"), "e");
        assert_eq!(collection("/u/c"), "/u/c/");
    }
}
