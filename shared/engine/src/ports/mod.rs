//! What the use cases need from the outside world, as small traits. Adapters implement them; the simulation
//! implements them with faults. No provider's word appears here.

mod absent;
pub mod audit;
pub mod calendar;
pub mod ehr;
pub mod feeds;
pub mod idempotency;
pub mod notices;
pub mod queue;
pub mod quota;
pub mod sign_in;
pub mod store;
pub mod vault;
pub mod visits;
pub mod world;

pub use absent::Absent;
pub use audit::{Reading, Trail, TrailPart};
pub use calendar::{
    Account, BusyTimes, Calendar, CalendarInfo, CalendarProvider, Completeness, Contents, Entry, Expected,
    Listing, MirrorRef, MirrorSighting, Mirrors, Naming, NewSubscription, Step, Subscribing, Written,
};
pub use ehr::{Appointments, Changes, Ehr, Ehrs, Found, Practitioner};
pub use feeds::Feeds;
pub use idempotency::{Answer, Claim, Idempotency};
pub use notices::{Courier, Delivery, NewNotice, NoticeRef, Notices, Offered};
pub use queue::{Cause, Queue, Request};
pub use quota::Quotas;
pub use sign_in::{
    AccessToken, AccessTokens, AccountIdentity, Code, Login, NoTokens, PageRefusal, PageSignIn,
    PasswordSignIn, Refreshed, SignIn, SignedIn, Visit,
};
pub use store::{
    Acquired, ConnectionRef, Connections, Counts, Due, LeaseTerm, LinkChange, Links, Named, Practice,
    Practices, Previous, Release, Signalled, Store, StoreError,
};
pub use vault::{Credentials, Stored, Vault, VaultError};
pub use visits::{SignInVisit, SignIns, Stage, SubscriptionRow, Subscriptions};
pub use world::{Clock, Random};

use std::time::Duration;

/// Why the other side (a provider or an EHR) did not do as asked, by what to do next.
/// The messages hold no content of events and no secret.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Throttled, locked, down or too slow: the same again later, not before `retry_after`.
    #[error("{what} is busy or unreachable")]
    Later {
        what: String,
        retry_after: Option<Duration>,
        #[source]
        cause: Option<Underlying>,
    },
    /// The credentials are not, or no longer, accepted. Never retried by itself.
    #[error("{what} refuses our credentials")]
    Refused { what: String },
    /// The bookmark has expired: list in full.
    #[error("the cursor of {what} has expired")]
    CursorLost { what: String },
    /// Somebody else changed it since: read again, decide again.
    #[error("{what} has changed meanwhile")]
    Conflict { what: String },
    /// The calendar, schedule or practitioner itself is not there.
    #[error("{what} does not exist")]
    Missing { what: String },
    /// We may read but not write it.
    #[error("{what} may not be written")]
    Forbidden { what: String },
    /// The other side does not accept this deployment as it is registered there: an operator must act.
    #[error("{what} does not accept how this deployment is registered: {why}")]
    Unconfigured { what: String, why: String },
    /// This one request will never be accepted as it is. The others go on.
    #[error("{what} was rejected: {why}")]
    Rejected { what: String, why: String },
    /// The answer is none that its protocol allows: a person must look.
    #[error("{what} answered in a way we do not understand")]
    Unintelligible {
        what: String,
        #[source]
        cause: Option<Underlying>,
    },
}

/// The underlying error, kept for the log.
pub type Underlying = Box<dyn std::error::Error + Send + Sync>;

impl RemoteError {
    /// How long the other side asked us to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            RemoteError::Later { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
