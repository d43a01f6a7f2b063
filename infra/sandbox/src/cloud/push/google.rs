//! Google's channel messages: headers only, no body; they say that something changed, not what.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::sender::Post;
use crate::cloud::world::{Message, Saying};

pub(super) fn post(message: Message) -> Post {
    let to = &message.to;
    let resource_id = to.extra.get("resourceId").and_then(|value| value.as_str()).unwrap_or_default();
    let mut headers: Vec<(String, String)> = [
        ("Content-Type", "application/json; utf-8"),
        ("User-Agent", "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)"),
        ("X-Goog-Channel-ID", &to.id),
        ("X-Goog-Channel-Expiration", &http_date(to.expires)),
        ("X-Goog-Resource-ID", resource_id),
        ("X-Goog-Resource-URI", &to.resource),
        ("X-Goog-Resource-State", state(&message.saying)),
        ("X-Goog-Message-Number", &message.number.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    if let Some(secret) = &to.secret {
        headers.push(("X-Goog-Channel-Token".to_owned(), secret.clone()));
    }
    Post { url: to.url.clone(), headers, body: String::new(), messages: vec![message] }
}

fn state(saying: &Saying) -> &'static str {
    match saying {
        Saying::Hello => "sync",
        Saying::Changed { .. } | Saying::Lifecycle(_) => "exists",
        Saying::Gone => "not_exists",
    }
}

fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}
