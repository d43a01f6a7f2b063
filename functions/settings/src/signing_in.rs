//! What a sign-in with an address, a user name and a password came to, as a problem document. Its faults are in what was
//! typed; every other failure means what it means everywhere.

use daybook_doorway::{Fault, Kind, Problem};
use daybook_engine::EngineError;
use daybook_engine::ports::RemoteError;

/// The problem that a failed sign-in is answered with.
pub(crate) fn signing_in(error: EngineError) -> Problem {
    match &error {
        EngineError::Calendar(RemoteError::Refused { .. }) => Problem::new(Kind::CredentialsRefused)
            .with_detail("the server refuses this user name and password"),
        EngineError::Calendar(RemoteError::Missing { .. }) => {
            no_calendar_server("there are no calendars at this address")
        }
        EngineError::Calendar(RemoteError::Rejected { .. }) => {
            no_calendar_server("this address cannot be used")
        }
        _ => error.into(),
    }
}

fn no_calendar_server(detail: &str) -> Problem {
    Problem::invalid(vec![Fault { pointer: "/caldav/url".to_owned(), detail: detail.to_owned() }])
}
