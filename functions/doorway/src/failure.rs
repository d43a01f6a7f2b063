//! Turns a use case's failure into a problem document, and logs the cause once where it is ours or a server's.

use daybook_engine::ports::{RemoteError, StoreError, VaultError};
use daybook_engine::{EngineError, chain};

use crate::problem::{Fault, Kind, Problem};

/// When to try again where nobody says it, in seconds.
const RETRY_AFTER_S: u64 = 5;

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match &error {
            EngineError::AlreadyConnected { existing, .. } => Problem::new(Kind::AlreadyConnected)
                .with_detail(format!("connection {existing} uses this account for this practitioner")),
            EngineError::Stale { .. } => Problem::new(Kind::Stale),
            EngineError::Invalid { field, why } => {
                Problem::invalid(vec![Fault { pointer: format!("/{field}"), detail: why.clone() }])
            }
            EngineError::WrongState { state, .. } => {
                Problem::new(Kind::WrongState).with_detail(format!("the connection is {state}"))
            }
            EngineError::NotAllowed { what } => Problem::new(Kind::NotAllowed)
                .with_detail(format!("the practice does not allow {what}; its administrator can")),
            EngineError::TimeZoneMissing { .. } => Problem::new(Kind::TimeZoneMissing).with_detail(
                "two-way needs to know what a day is: set a zone in the EHR or for the practice",
            ),
            EngineError::Calendar(remote) => calendar(remote),
            EngineError::Ehr(remote) => ehr(remote),
            EngineError::Store(StoreError::Later { .. } | StoreError::Stale { .. })
            | EngineError::Vault(VaultError::Later { .. }) => {
                log(&error);
                Problem::new(Kind::Unavailable).with_retry_after(RETRY_AFTER_S)
            }
            EngineError::NotFound { .. } | EngineError::Store(StoreError::Missing { .. }) => {
                Problem::new(Kind::NotFound)
            }
            EngineError::Store(_) | EngineError::Vault(_) => {
                log(&error);
                Problem::new(Kind::Internal)
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        EngineError::from(error).into()
    }
}

fn calendar(error: &RemoteError) -> Problem {
    if !matches!(error, RemoteError::Refused { .. }) {
        log(error);
    }
    match error {
        RemoteError::Refused { .. } => Problem::new(Kind::CredentialsRefused)
            .with_detail("the provider no longer accepts the credentials; sign in again"),
        RemoteError::Later { retry_after, .. } => {
            let seconds = retry_after.map_or(RETRY_AFTER_S, |wait| wait.as_secs());
            Problem::new(Kind::CalendarUnreachable).with_retry_after(seconds)
        }
        RemoteError::Unconfigured { .. } => Problem::new(Kind::ProviderMisconfigured)
            .with_detail("the log says what the operator has to change in the registration"),
        RemoteError::Missing { .. } => {
            Problem::new(Kind::CalendarUnreachable).with_detail("the account has no calendars")
        }
        RemoteError::CursorLost { .. }
        | RemoteError::Conflict { .. }
        | RemoteError::Forbidden { .. }
        | RemoteError::Rejected { .. }
        | RemoteError::Unintelligible { .. } => Problem::new(Kind::CalendarUnreachable)
            .with_detail("the calendar's provider answers in a way that is not understood"),
    }
}

fn ehr(error: &RemoteError) -> Problem {
    log(error);
    let problem = Problem::new(Kind::EhrUnreachable);
    match error {
        RemoteError::Later { retry_after, .. } => {
            problem.with_retry_after(retry_after.map_or(RETRY_AFTER_S, |wait| wait.as_secs()))
        }
        RemoteError::Refused { .. } => problem.with_detail("the EHR refuses Daybook's credentials"),
        _ => problem.with_detail("the EHR answers in a way that is not understood"),
    }
}

/// The whole chain in one line; our errors hold no content and no secret.
fn log(error: &dyn std::error::Error) {
    tracing::warn!(error = chain(error), "a request to the API could not be fulfilled");
}
