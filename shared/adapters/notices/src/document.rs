//! A notice as JSON: the same whether it is posted or read again. Ids, a state and names of problems; no content.

use daybook_core::connection::{ProblemKind, State};
use daybook_core::notice::{News, Notice};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::Serialize;
use utoipa::ToSchema;

/// What Daybook tells the practice's EHR.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = Notice)]
pub struct Document {
    /// The same however often it is sent; the `webhook-id` of its posts.
    id: String,
    #[serde(rename = "type")]
    #[schema(example = "connection.state_changed")]
    kind: &'static str,
    /// RFC 3339: when it happened.
    timestamp: String,
    data: DocumentData,
}

/// Whom it is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = NoticeData)]
pub struct DocumentData {
    connection: String,
    practitioner_id: String,
    /// Counts the notices of this connection, without a gap.
    number: u64,
    /// What the connection had come to.
    #[schema(example = "active")]
    state: &'static str,
    /// From the catalogue of problems, where there is something for a person to do.
    #[schema(example = "/problems/credentials-refused")]
    problem: Option<&'static str>,
    /// How many mirrors stand again as they should.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// Which conflict was found, or is over: a name without meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<String>,
}

impl From<&Notice> for Document {
    fn from(notice: &Notice) -> Self {
        Self {
            id: notice.id(),
            kind: notice.news.name(),
            timestamp: time(notice.at),
            data: DocumentData {
                connection: notice.connection.to_string(),
                practitioner_id: notice.practitioner.to_string(),
                number: notice.number,
                state: state(notice.state),
                problem: problem(&notice.news),
                count: notice.news.count(),
                conflict: notice.news.conflict().map(str::to_owned),
            },
        }
    }
}

/// Whole milliseconds: the id is made of no more.
fn time(at: Timestamp) -> String {
    let whole = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Floor);
    at.round(whole).unwrap_or(at).to_string()
}

/// As the API spells it.
fn state(state: State) -> &'static str {
    match state {
        State::Authorising => "authorising",
        State::Ready => "ready",
        State::Syncing => "syncing",
        State::Active => "active",
        State::ReconnectRequired => "reconnect_required",
        State::Paused => "paused",
        State::Disconnecting => "disconnecting",
        State::Disconnected => "disconnected",
    }
}

/// As `docs/problems.md` has them.
fn problem(news: &News) -> Option<&'static str> {
    match news {
        News::ReconnectRequired(ProblemKind::PermissionMissing) => Some("/problems/permission-missing"),
        News::ReconnectRequired(_) => Some("/problems/credentials-refused"),
        News::BrakeEngaged => Some("/problems/brake-engaged"),
        News::StateChanged
        | News::MirrorRestored { .. }
        | News::ConflictFound { .. }
        | News::ConflictCleared { .. }
        | News::ReviewDue => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_notice_says_who_and_what_and_nothing_else() {
        let conflict = || "c0ff1c7".to_owned();
        for (news, state, expected) in [
            (
                News::StateChanged,
                State::Active,
                r#""type":"connection.state_changed","timestamp":"2026-10-12T13:05:11.204Z","data":{"connection":"c1","practitioner_id":"12","number":3,"state":"active","problem":null}}"#,
            ),
            (
                News::ReconnectRequired(ProblemKind::CredentialsRefused),
                State::ReconnectRequired,
                r#""type":"connection.reconnect_required","timestamp":"2026-10-12T13:05:11.204Z","data":{"connection":"c1","practitioner_id":"12","number":3,"state":"reconnect_required","problem":"/problems/credentials-refused"}}"#,
            ),
            (
                News::MirrorRestored { count: 2 },
                State::Active,
                r#""type":"mirror.restored","timestamp":"2026-10-12T13:05:11.204Z","data":{"connection":"c1","practitioner_id":"12","number":3,"state":"active","problem":null,"count":2}}"#,
            ),
            (
                News::ConflictFound { conflict: conflict() },
                State::Active,
                r#""type":"conflict.found","timestamp":"2026-10-12T13:05:11.204Z","data":{"connection":"c1","practitioner_id":"12","number":3,"state":"active","problem":null,"conflict":"c0ff1c7"}}"#,
            ),
        ] {
            let notice = Notice {
                practice: "demo".into(),
                connection: "c1".into(),
                practitioner: "12".into(),
                number: 3,
                at: "2026-10-12T13:05:11.204999Z".parse().unwrap(),
                state,
                news,
            };
            let text = serde_json::to_string(&Document::from(&notice)).unwrap();
            assert_eq!(text, format!(r#"{{"id":"ntc_01791810311204_c1_00000003",{expected}"#));
        }
    }
}
