//! Faults planned for coming requests. What one looks like on the wire is the face's to say.

use serde::{Deserialize, Serialize};

/// What a request wants, as far as faults care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Calendars and who one is.
    Account,
    /// One item by id.
    Get,
    /// Listings and deltas, also free/busy.
    List,
    /// Create, change, delete.
    Write,
    /// Watch, subscribe, renew, stop.
    Subscribe,
    /// A batch as a whole; its parts ask for themselves.
    Batch,
}

/// What to answer in place of the truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 429, with `Retry-After` in seconds if given.
    TooMany { retry_after_s: Option<u32> },
    /// 403 with the provider's reason (`userRateLimitExceeded`, `quotaExceeded`, `ErrorAccessDenied`, ...).
    Forbidden { reason: String },
    /// A 5xx or any other status in the provider's usual shape.
    Status { status: u16, retry_after_s: Option<u32> },
    /// A 5xx as a front end answers it: HTML.
    Html { status: u16 },
    /// 410: the cursor is not known any more.
    CursorExpired,
    /// 401, although the token is good.
    Unauthorized,
    /// The work is done, but the answer is a 5xx: the client cannot know.
    LostAnswer,
    /// A listing that does not know of the newest write yet (Google).
    Stale,
    /// The answer comes late.
    Slow { delay_ms: u64 },
}

/// A fault for the next so many requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planned {
    /// Account by id or address; nobody: everybody.
    #[serde(default)]
    pub(super) account: Option<String>,
    /// Nothing: any.
    #[serde(default)]
    pub(super) operation: Option<Operation>,
    #[serde(default = "once")]
    pub(super) times: u32,
    pub(super) answer: Fault,
}

fn once() -> u32 {
    1
}

impl Planned {
    fn means(&self, account: &str, email: Option<&str>, operation: Operation) -> bool {
        self.names(account, email) && self.operation.is_none_or(|wanted| wanted == operation)
    }

    fn names(&self, account: &str, email: Option<&str>) -> bool {
        self.account.as_deref().is_none_or(|named| named == account || Some(named) == email)
    }
}

pub(super) fn take(
    planned: &mut Vec<Planned>,
    account: &str,
    email: Option<&str>,
    operation: Operation,
) -> Option<Fault> {
    let fits =
        |one: &Planned| !matches!(one.answer, Fault::Slow { .. }) && one.means(account, email, operation);
    let at = planned.iter().position(fits)?;
    use_up(planned, at)
}

/// The delay in milliseconds that is planned for any request of an account.
pub(super) fn take_slow(planned: &mut Vec<Planned>, account: &str, email: Option<&str>) -> Option<u64> {
    let fits = |one: &Planned| matches!(one.answer, Fault::Slow { .. }) && one.names(account, email);
    let at = planned.iter().position(fits)?;
    match use_up(planned, at) {
        Some(Fault::Slow { delay_ms }) => Some(delay_ms),
        _ => None,
    }
}

fn use_up(planned: &mut Vec<Planned>, at: usize) -> Option<Fault> {
    let one = planned.get_mut(at)?;
    one.times = one.times.saturating_sub(1);
    let answer = one.answer.clone();
    if one.times == 0 {
        planned.remove(at);
    }
    Some(answer)
}
