//! What an answer that is no success means. Codes decide, compared without case; sentences never do (providers
//! B.2.1).

use daybook_core::ids::ItemId;
use daybook_engine::ports::RemoteError;
use serde::Deserialize;

use super::Reply;

#[derive(Default, Deserialize)]
struct Envelope {
    error: Option<Problem>,
}

#[derive(Default, Deserialize)]
struct Problem {
    code: Option<String>,
    #[serde(rename = "@event.existingEventId")]
    existing: Option<String>,
}

/// The error's code in lower case; empty where the body holds none (HTML of a gateway).
pub fn code(reply: &Reply) -> String {
    problem(reply).code.unwrap_or_default().to_ascii_lowercase()
}

/// The event that a transaction made before, where Graph names it.
pub fn existing_event(reply: &Reply) -> Option<ItemId> {
    problem(reply).existing.filter(|id| !id.is_empty()).map(ItemId::new)
}

fn problem(reply: &Reply) -> Problem {
    let envelope: Envelope = serde_json::from_slice(&reply.body).unwrap_or_default();
    envelope.error.unwrap_or_default()
}

/// Whether it is the item that is not there. The calendar, the mailbox or the address may be missing as well.
pub fn is_item_gone(reply: &Reply) -> bool {
    matches!(reply.status.as_u16(), 404 | 410) && code(reply) == "erroritemnotfound"
}

/// What a failed request means, where it has no meaning of its own for it.
pub fn failure(what: String, reply: &Reply) -> RemoteError {
    let code = code(reply);
    let status = reply.status.as_u16();
    match code.as_str() {
        "mailboxnotenabledforrestapi" => return no_mailbox(),
        "syncstatenotfound" | "resyncrequired" => return RemoteError::CursorLost { what },
        "errorquotaexceeded" | "insufficientstorage" => return full(what),
        code if throttled(code) => return later(what, reply),
        _ => {}
    }
    match status {
        401 => RemoteError::Refused { what },
        403 if code == "authorization_requestdenied" => RemoteError::Refused { what },
        403 => RemoteError::Forbidden { what },
        404 => RemoteError::Missing { what },
        409 | 412 => RemoteError::Conflict { what },
        410 => RemoteError::CursorLost { what },
        507 => full(what),
        408 | 423 | 425 | 429 => later(what, reply),
        500.. if !matches!(status, 501 | 505) => later(what, reply),
        _ => RemoteError::Rejected { what, why: describe(status, &code) },
    }
}

/// The same of a request that concerns the whole account: what it may not do, nothing in it may.
pub fn account_failure(error: RemoteError) -> RemoteError {
    match error {
        RemoteError::Forbidden { what } => RemoteError::Refused { what },
        other => other,
    }
}

/// Throttling comes with several statuses.
fn throttled(code: &str) -> bool {
    matches!(
        code,
        "mailboxconcurrency"
            | "applicationthrottled"
            | "toomanyrequests"
            | "activitylimitreached"
            | "errorserverbusy"
            | "errormailboxstoreunavailable"
            | "servicenotavailable"
    )
}

fn later(what: String, reply: &Reply) -> RemoteError {
    RemoteError::Later { what, retry_after: reply.retry_after, cause: None }
}

fn full(what: String) -> RemoteError {
    RemoteError::Rejected { what, why: "the mailbox is full".into() }
}

/// On-premises or unlicensed: waiting does not mend it (trap B-T23).
fn no_mailbox() -> RemoteError {
    RemoteError::Missing {
        what: "the calendar of this account (its mailbox is not kept in Microsoft 365, or has no licence)"
            .into(),
    }
}

/// Codes are Graph's words; whatever else a server puts there is left out.
pub fn describe(status: u16, code: &str) -> String {
    let is_word =
        !code.is_empty() && code.len() <= 60 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_word { format!("status {status}, {code}") } else { format!("status {status}") }
}
