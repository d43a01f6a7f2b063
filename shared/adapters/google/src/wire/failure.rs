//! What Google's errors mean, by what to do next. Google tells them apart by a reason in the body more than by the
//! status: a 403 may mean "slower", "never" or "ask the operator".

use std::time::Duration;

use daybook_engine::ports::RemoteError;
use serde::Deserialize;

use super::Reply;

/// Where Google says "slower" and not how long.
const SLOWER: Duration = Duration::from_secs(30);
/// An account over its calendar limits stays so for hours (E-094).
const MUCH_SLOWER: Duration = Duration::from_hours(1);

#[derive(Debug, Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    error: Body,
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<Fault>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    details: Vec<Fault>,
}

#[derive(Debug, Default, Deserialize)]
struct Fault {
    #[serde(default)]
    reason: Option<String>,
}

/// The reason, in Google's word: of the first error, of the details, or the status word. `None` where the body is
/// none of Google's (a page of something that stands in front of it).
pub fn reason(reply: &Reply) -> Option<String> {
    let error = serde_json::from_slice::<Envelope>(&reply.body).ok()?.error;
    let mut told = error.errors.into_iter().chain(error.details);
    told.find_map(|fault| fault.reason).or(error.status).filter(|word| is_word(word))
}

/// Only such words are shown or logged.
fn is_word(text: &str) -> bool {
    text.len() <= 60 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
}

/// What an answer that is no success means, where the request has no meaning of its own for it.
pub fn failure(what: String, reply: &Reply) -> RemoteError {
    let reason = reason(reply);
    let word = reason.as_deref().unwrap_or_default();
    match (reply.status.as_u16(), word) {
        (401, "push.webhookUrlUnauthorized" | "webhookUrlUnauthorized") => rejected(what, reply, word),
        (401, _) => RemoteError::Refused { what },
        (403, _) => forbidden(what, reply, word),
        (409, "conflict") | (408 | 425 | 429 | 500..=599, _) => later(what, reply, None),
        (410, "fullSyncRequired" | "updatedMinTooLongAgo") => RemoteError::CursorLost { what },
        (404 | 410, _) => RemoteError::Missing { what },
        (409 | 412, _) => RemoteError::Conflict { what },
        _ => rejected(what, reply, word),
    }
}

fn forbidden(what: String, reply: &Reply, reason: &str) -> RemoteError {
    match reason {
        "userRateLimitExceeded" | "rateLimitExceeded" | "RATE_LIMIT_EXCEEDED" => {
            later(what, reply, Some(SLOWER))
        }
        "quotaExceeded" | "dailyLimitExceeded" => later(what, reply, Some(MUCH_SLOWER)),
        "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => RemoteError::Refused { what },
        "accessNotConfigured" | "SERVICE_DISABLED" => RemoteError::Unconfigured {
            what,
            why: "the calendar API is not switched on in its project".into(),
        },
        "forbiddenForNonOrganizer" => rejected(what, reply, reason),
        "notACalendarUser" => {
            RemoteError::Missing { what: "the calendar service of this Google account".into() }
        }
        // Nothing of Google's: whatever stands in front of it.
        "" => later(what, reply, None),
        _ => RemoteError::Forbidden { what },
    }
}

/// Google's own patience counts where it names one.
fn later(what: String, reply: &Reply, usual: Option<Duration>) -> RemoteError {
    RemoteError::Later { what, retry_after: reply.retry_after.or(usual), cause: None }
}

fn rejected(what: String, reply: &Reply, reason: &str) -> RemoteError {
    let status = reply.status.as_u16();
    let why =
        if reason.is_empty() { format!("status {status}") } else { format!("status {status}, {reason}") };
    RemoteError::Rejected { what, why }
}
