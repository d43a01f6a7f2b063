//! The times that answers carry in their headers. It knows no clock.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// How long a throttling server asks us to wait: seconds, or an HTTP date (RFC 9110 section 10.2.3). `now` is the
/// clock that a date is compared with, ours or the server's own; without one a date says nothing.
pub fn retry_after(headers: &HeaderMap, now: impl Into<Option<Timestamp>>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = parse_http_date(value)?.duration_since(now.into()?);
    Some(Duration::try_from(wait).unwrap_or_default())
}

/// The time in an HTTP header: `Mon, 12 Oct 2026 13:05:11 GMT`.
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        for (value, with_clock, without) in [
            ("120", Some(120), Some(120)),
            (" 7 ", Some(7), Some(7)),
            ("Sun, 01 Mar 2026 10:01:00 GMT", Some(60), None),
            ("Sun, 01 Mar 2026 09:00:00 GMT", Some(0), None),
            ("-1", None, None),
            ("soon", None, None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            let seconds = |now: Option<Timestamp>| retry_after(&headers, now).map(|wait| wait.as_secs());
            assert_eq!((seconds(Some(now)), seconds(None)), (with_clock, without), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn http_dates_are_instants() {
        let read = parse_http_date("Mon, 12 Oct 2026 13:05:11 GMT");
        assert_eq!(read, Some("2026-10-12T13:05:11Z".parse().unwrap()));
        assert_eq!(parse_http_date("30"), None);
    }
}
