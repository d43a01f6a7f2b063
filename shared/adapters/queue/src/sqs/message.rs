//! A request as a message carries it: which connection and why, and nothing else.

use daybook_core::ids::{ConnectionId, PracticeId};
use daybook_engine::ports::{Cause, ConnectionRef, Request};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of the messages that this program writes, and the only one that it reads. Fields may be added to it,
/// and are ignored by readers that do not know them; a message that means something else gets another version.
const VERSION: u32 = 1;

/// Why a message is no request. It quotes nothing of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    /// A newer program's, or nobody's.
    #[error("a message of version {0} is not known here")]
    Version(u32),
    #[error("the message is no request (line {line}, column {column})")]
    Malformed { line: usize, column: usize },
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Unreadable::Malformed { line: error.line(), column: error.column() }
    }
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Serialize, Deserialize)]
struct Message {
    v: u32,
    practice: String,
    connection: String,
    cause: Word,
    correlation: String,
    since: Timestamp,
}

/// What set it off, as it is spelt.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Ehr,
    Provider,
    Person,
    Sweep,
    Continued,
}

impl From<Cause> for Word {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Ehr => Word::Ehr,
            Cause::Provider => Word::Provider,
            Cause::Person => Word::Person,
            Cause::Sweep => Word::Sweep,
            Cause::Continued => Word::Continued,
        }
    }
}

impl From<Word> for Cause {
    fn from(word: Word) -> Self {
        match word {
            Word::Ehr => Cause::Ehr,
            Word::Provider => Cause::Provider,
            Word::Person => Cause::Person,
            Word::Sweep => Cause::Sweep,
            Word::Continued => Cause::Continued,
        }
    }
}

/// The body of the message that stands for a request.
pub(super) fn body(request: &Request) -> serde_json::Result<String> {
    serde_json::to_string(&Message {
        v: VERSION,
        practice: request.connection.practice.to_string(),
        connection: request.connection.id.to_string(),
        cause: request.cause.into(),
        correlation: request.correlation.clone(),
        since: request.since,
    })
}

/// The request that a message's body stands for.
pub fn parse_body(body: &str) -> Result<Request, Unreadable> {
    match serde_json::from_str(body)? {
        Version { v: VERSION } => {}
        Version { v } => return Err(Unreadable::Version(v)),
    }
    let message: Message = serde_json::from_str(body)?;
    Ok(Request {
        connection: ConnectionRef {
            practice: PracticeId::new(message.practice),
            id: ConnectionId::new(message.connection),
        },
        cause: message.cause.into(),
        correlation: message.correlation,
        since: message.since,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    /// Wherever the reader noticed it.
    const MALFORMED: Option<Unreadable> = Some(Unreadable::Malformed { line: 0, column: 0 });

    fn request(cause: Cause) -> Request {
        Request {
            connection: ConnectionRef { practice: "demo".into(), id: "c \"1\"".into() },
            cause,
            correlation: "5f0c".into(),
            since: "2026-11-22T16:46:29.5Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_request_is_spelt_so_and_comes_back() {
        for (cause, word) in [
            (Cause::Ehr, "ehr"),
            (Cause::Provider, "provider"),
            (Cause::Person, "person"),
            (Cause::Sweep, "sweep"),
            (Cause::Continued, "continued"),
        ] {
            let body = body(&request(cause)).unwrap();
            let expected = format!(
                r#"{{"v":1,"practice":"demo","connection":"c \"1\"","cause":"{word}","correlation":"5f0c","since":"2026-11-22T16:46:29.5Z"}}"#
            );
            assert_eq!(body, expected);
            assert_eq!(parse_body(&body), Ok(request(cause)));
        }
    }

    #[test]
    fn what_is_no_request_is_told_from_what_is() {
        let usual = r#"{"v":1,"practice":"p","connection":"c","cause":"ehr","correlation":"x","since":"2026-11-22T16:46:29Z""#;
        for (name, body, expected) in [
            ("as sent", format!("{usual}}}"), None),
            ("a newer field", format!(r#"{usual},"shade":{{"of":["blue"]}}}}"#), None),
            ("a newer version", r#"{"v":2,"practice":["p"]}"#.into(), Some(Unreadable::Version(2))),
            ("no version", usual.replace(r#""v":1,"#, "") + "}", MALFORMED),
            ("a field is missing", usual.replace(r#","correlation":"x""#, "") + "}", MALFORMED),
            ("another cause", usual.replace("ehr", "moon") + "}", MALFORMED),
            ("no time", usual.replace("2026-11-22T", "yesterday") + "}", MALFORMED),
            ("half of it", usual.to_owned(), MALFORMED),
            ("not JSON", "hello".into(), MALFORMED),
            ("nothing", String::new(), MALFORMED),
        ] {
            let parsed = parse_body(&body);
            match expected {
                None => assert!(parsed.is_ok(), "{name}: {parsed:?}"),
                Some(Unreadable::Version(_)) => assert_eq!(parsed.err(), expected, "{name}"),
                Some(Unreadable::Malformed { .. }) => {
                    assert!(matches!(parsed, Err(Unreadable::Malformed { .. })), "{name}: {parsed:?}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        let told = parse_body(r#"{"v":1,"practice":{"name":"Jane Doe"}}"#).unwrap_err().to_string();
        assert!(!told.contains("Jane"), "{told}");
    }
}
