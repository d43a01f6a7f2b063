//! One Graph request, wherever it came from (the door or a `$batch`), and one answer. Knows the conventions of
//! the URL and of the headers, not what any resource means.

use std::borrow::Cow;

use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

use super::prefer::Prefer;
use super::refusal::Refusal;

pub(super) struct Call {
    pub method: Method,
    /// Decoded segments after the version: `["me", "calendars"]`.
    pub segments: Vec<String>,
    /// The path as it was written, without the query: links to further pages repeat it.
    pub path: String,
    pub query: Query,
    pub prefer: Prefer,
    pub if_match: Option<String>,
    pub body: Body,
}

/// What came as the body.
pub(super) enum Body {
    None,
    Json(Value),
    Broken,
}

impl Call {
    /// `target` is the path and query below the version root, as sent.
    pub fn new(method: Method, target: &str) -> Result<Self, Refusal> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Ok(Self {
            method,
            segments: segments_of(path)?,
            path: path.to_owned(),
            query: Query::parse(query),
            prefer: Prefer::default(),
            if_match: None,
            body: Body::None,
        })
    }

    pub fn json(&self) -> Result<&Value, Refusal> {
        match &self.body {
            Body::Json(value @ Value::Object(_)) => Ok(value),
            Body::Json(_) | Body::None | Body::Broken => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "RequestBodyRead",
                "The request body is missing or is not a JSON object.",
            )),
        }
    }
}

fn segments_of(path: &str) -> Result<Vec<String>, Refusal> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(|part| decoded(part).ok_or_else(|| Refusal::bad_query("The URL is malformed."))).collect()
}

/// `%2F` becomes `/`; a plus sign stays, since this is a path.
fn decoded(part: &str) -> Option<String> {
    percent_decode_str(part).decode_utf8().ok().map(Cow::into_owned)
}

/// Query options, whose names are case-insensitive.
#[derive(Default)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

/// Page sizes are 1 to 1,000 (providers B.4.1).
const MAX_TOP: usize = 1_000;

impl Query {
    pub fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self { pairs: pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())).collect() }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn top(&self, default: usize) -> Result<usize, Refusal> {
        let Some(text) = self.get("$top") else { return Ok(default) };
        let top = text.parse().ok().filter(|top| (1..=MAX_TOP).contains(top));
        top.ok_or_else(|| Refusal::bad_query("The value of $top must be between 1 and 1000 inclusive."))
    }

    pub fn skip(&self) -> Result<usize, Refusal> {
        let skip = self.get("$skip").map(str::parse).transpose();
        skip.map(Option::unwrap_or_default).map_err(|_| Refusal::bad_query("Invalid value for $skip."))
    }

    /// The window of a view: at most 1,825 days long, as Graph refuses more.
    pub fn window(&self) -> Result<Window, Refusal> {
        let bound = |name| self.get(name).map(instant).transpose();
        let (Some(from), Some(to)) = (bound("startdatetime")?, bound("enddatetime")?) else {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "ErrorInvalidParameter",
                "This request requires a time window specified by the query string parameters StartDateTime and \
                 EndDateTime.",
            ));
        };
        Window { from, to }.checked()
    }

    /// The query again with one option set, for a link.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut all = form_urlencoded::Serializer::new(String::new());
        for (known, text) in self.pairs.iter().filter(|(known, _)| known != name) {
            all.append_pair(known, text);
        }
        all.append_pair(name, value).finish().replace("%24", "$")
    }
}

/// A half-open stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub from: Timestamp,
    pub to: Timestamp,
}

const MAX_WINDOW_HOURS: i64 = 1_825 * 24;

impl Window {
    fn checked(self) -> Result<Self, Refusal> {
        if self.to < self.from {
            return Err(Refusal::bad("The end date must be after the start date."));
        }
        if self.to.duration_since(self.from).as_hours() > MAX_WINDOW_HOURS {
            return Err(Refusal::bad(
                "Your request can't be completed. The range between the start and end dates is greater than the \
                 allowed range. Maximum number of days: 1825",
            ));
        }
        Ok(self)
    }

    /// A moment without length counts where it stands.
    pub fn touches(&self, start: Timestamp, end: Timestamp) -> bool {
        start < self.to && (end > self.from || (start == end && start >= self.from))
    }
}

/// A bound with its own offset; without one it means UTC (providers B.4.1).
fn instant(text: &str) -> Result<Timestamp, Refusal> {
    let zoned = text.parse::<Timestamp>().ok();
    let civil = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    zoned.or_else(civil).ok_or_else(|| {
        Refusal::new(StatusCode::BAD_REQUEST, "ErrorInvalidParameter", "The date-time cannot be read.")
    })
}

pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: Vec<(&'static str, String)>,
    pub body: Payload,
}

#[derive(Debug)]
pub(super) enum Payload {
    Nothing,
    Json(Value),
    /// What a front end says when the service behind it does not answer.
    Html(&'static str),
}

impl Answer {
    pub fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Payload::Json(body) }
    }

    pub fn created(body: Value) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    pub fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: Payload::Nothing }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn an_id_in_a_path_is_decoded_once() {
        let call = Call::new(Method::GET, "/me/events/AA%2Fb+c%3D%3D?$top=5").unwrap();
        assert_eq!(call.segments, ["me", "events", "AA/b+c=="]);
        assert_eq!(call.query.top(10).ok(), Some(5));
    }

    #[test]
    fn bounds_without_an_offset_mean_utc() {
        for (text, means) in [
            ("2026-03-01T00:00:00Z", Some("2026-03-01T00:00:00Z")),
            ("2026-03-01T00:00:00", Some("2026-03-01T00:00:00Z")),
            ("2026-03-01T00:00:00.0000000+01:00", Some("2026-02-28T23:00:00Z")),
            ("2026-03-01", Some("2026-03-01T00:00:00Z")),
            ("soon", None),
        ] {
            assert_eq!(instant(text).ok(), means.map(|means| means.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_link_repeats_the_query() {
        let query = Query::parse("startDateTime=2026-03-01T00%3A00%3A00Z&$skip=10");
        assert_eq!(query.with("$skip", "20"), "startdatetime=2026-03-01T00%3A00%3A00Z&$skip=20");
    }
}
