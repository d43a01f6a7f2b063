//! Why a use case did not do as asked, by what the asker can do about it.

use crate::ports::{RemoteError, StoreError, VaultError};

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("{what} is not known here")]
    NotFound { what: String },
    /// The same practitioner and account are connected already.
    #[error("practitioner {practitioner} is already connected to this account by connection {existing}")]
    AlreadyConnected { practitioner: String, existing: String },
    /// The caller saw an older version.
    #[error("connection {connection} was changed meanwhile")]
    Stale { connection: String },
    /// The request makes no sense as it stands; `field` says where.
    #[error("{field}: {why}")]
    Invalid { field: &'static str, why: String },
    /// The connection is in a state in which this cannot be done.
    #[error("connection {connection} is {state}")]
    WrongState { connection: String, state: &'static str },
    /// The practice's policy forbids it.
    #[error("the practice does not allow {what}")]
    NotAllowed { what: &'static str },
    /// Two-way cannot start before a time zone is known.
    #[error("neither the EHR nor the practice gives a time zone for practitioner {practitioner}")]
    TimeZoneMissing { practitioner: String },
    #[error("the calendar's side failed")]
    Calendar(#[source] RemoteError),
    #[error("the EHR's side failed")]
    Ehr(#[source] RemoteError),
    #[error("the table failed")]
    Store(#[from] StoreError),
    #[error("the vault failed")]
    Vault(#[from] VaultError),
}

/// An error with all its causes, for one line of a log: not every kind of log looks beneath the first.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
