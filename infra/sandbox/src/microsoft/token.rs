//! What `$skiptoken` and `$deltatoken` hold: the frozen window, from which change on, and how far this round is.
//! Nothing about them is kept, so that any number of rounds may be open at once.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::call::Window;
use super::ids::digits;
use super::refusal::Refusal;

/// A page token of one round (`after` or `page` set) or the link to the next round.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub(super) struct Token {
    pub calendar: String,
    from: Timestamp,
    to: Timestamp,
    /// Changes after this one are told; `None` in an initial round, which tells everything.
    pub since: Option<u64>,
    /// The last change that this round tells.
    pub until: u64,
    pub page: u32,
    pub after: Option<Place>,
}

/// Where in the order of a round an entry stands. The order looks arbitrary and is always the same.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    shuffled: String,
    item: String,
    /// A master is 0, its occurrences follow.
    within: u32,
}

impl Place {
    pub fn of(item: &str, within: usize) -> Self {
        let within = u32::try_from(within).unwrap_or(u32::MAX);
        Self { shuffled: mark(item.as_bytes()), item: item.to_owned(), within }
    }
}

impl Token {
    pub fn initial(calendar: &str, window: Window, until: u64) -> Self {
        let (Window { from, to }, calendar) = (window, calendar.to_owned());
        Self { calendar, from, to, since: None, until, page: 0, after: None }
    }

    /// The next round, which begins where this one ends.
    pub fn next_round(&self) -> Self {
        Self { since: Some(self.until), page: 0, after: None, ..self.clone() }
    }

    pub fn next_page(&self, after: Option<Place>) -> Self {
        Self { page: self.page.saturating_add(1), after, ..self.clone() }
    }

    pub fn window(&self) -> Window {
        Window { from: self.from, to: self.to }
    }

    pub fn encode(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        format!("{}{}", URL_SAFE_NO_PAD.encode(&text), mark(&text))
    }

    /// A token that was cut or altered is told apart from one that is too old.
    pub fn decode(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let (body, sum) = text.split_at_checked(text.len().checked_sub(MARK)?)?;
            let body = URL_SAFE_NO_PAD.decode(body).ok()?;
            serde_json::from_slice(&body).ok().filter(|_| mark(&body) == sum)
        };
        read().ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "BadRequest", "Badly formed token."))
    }
}

const MARK: usize = 8;

/// Eight letters that differ for different bytes.
fn mark(bytes: &[u8]) -> String {
    let sum = digest(&SHA256, bytes);
    digits(sum.as_ref().iter().take(MARK / 2).copied())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_token_survives_only_whole() {
        let window = Window {
            from: "2026-01-01T00:00:00Z".parse().unwrap(),
            to: "2026-02-01T00:00:00Z".parse().unwrap(),
        };
        let token = Token::initial("cal", window, 7).next_page(Some(Place::of("ev1", 3)));
        let text = token.encode();
        assert_eq!(Token::decode(&text).unwrap(), token);
        for length in [0, 5, 8, text.len() - 1] {
            let refusal = Token::decode(text.get(..length).unwrap()).unwrap_err();
            assert_eq!((refusal.status.as_u16(), refusal.message.as_str()), (400, "Badly formed token."));
        }
    }
}
