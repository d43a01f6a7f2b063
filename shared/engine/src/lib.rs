//! The use cases: connect, receive a signal, sync, sweep, change, disconnect. They order the steps and keep the
//! promises about crashes; what to do about an event or an appointment is decided in `daybook-core`.

pub mod accounts;
pub mod answers;
pub mod audit;
pub mod command;
pub mod connect;
pub mod error;
pub mod feed;
mod notices;
pub mod policy;
pub mod ports;
mod practices;
pub mod preview;
pub mod receive;
pub mod review;
pub mod roster;
pub mod sign_in;
pub mod sweep;
pub mod switch;
pub mod sync;
mod tokens;
pub mod verify;
pub mod view;
pub mod week;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use daybook_core::connection::Provider;
use daybook_core::quota::Quota;

pub use accounts::{Accounts, Providers};
pub use error::{EngineError, chain};

use ports::{Absent, Clock, Courier, Ehrs, Queue, Quotas, Random, Store, Vault};

/// The use cases over one set of ports. Cheap to clone; every deployment builds one.
#[derive(Clone)]
pub struct Engine {
    pub store: Arc<dyn Store>,
    pub vault: Arc<dyn Vault>,
    pub queue: Arc<dyn Queue>,
    pub ehrs: Arc<dyn Ehrs>,
    pub accounts: Arc<Accounts>,
    /// Nobody, where this process posts no notices.
    pub courier: Arc<dyn Courier>,
    practices: Arc<practices::KnownPractices>,
    feeds: Arc<feed::ReadFeeds>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub pace: Pace,
    /// What providers allow this deployment, all practices together. A provider that is not named allows what it likes.
    pub budgets: BTreeMap<Provider, (Arc<dyn Quotas>, Quota)>,
    /// Where browsers and providers reach us: `https://sync.example.org`, without a slash at its end.
    pub public_url: String,
    /// The name of this process where no other works on the same table: a machine whose data directory is locked.
    pub sole_process: Option<String>,
}

/// How long things may take and how often they happen.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks at a calendar of which nobody tells, and at a practice's EHR: what is lost is found within it.
    pub poll: Duration,
    /// The same for a calendar whose provider notifies.
    pub poll_told: Duration,
    /// Between two comparisons of everything.
    pub reconcile: Duration,
    /// How long a worker's claim holds without a checkpoint.
    pub lease: Duration,
    /// The longest that one step at the other side may take, with the requests that it consists of: none starts unless
    /// the lease outlives it.
    pub request: Duration,
    /// How long a run may go on before it must hand over to the next.
    pub run: Duration,
    /// A request that has been waiting this long is sent again.
    pub resend: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_mins(1),
            poll_told: Duration::from_mins(1),
            reconcile: Duration::from_hours(24),
            lease: Duration::from_mins(2),
            request: Duration::from_mins(1),
            run: Duration::from_mins(10),
            resend: Duration::from_mins(2),
        }
    }
}

/// A run is over so long before the process that it is in must end.
const LEFT_OVER: Duration = Duration::from_secs(10);

impl Pace {
    /// The same, for a process that ends in so long: a run hands over early enough for the step that it is in to end.
    #[must_use]
    pub fn within(self, process: Duration) -> Self {
        Self { run: self.run.min(process.saturating_sub(LEFT_OVER + self.request)), ..self }
    }
}

impl Engine {
    /// Puts an engine together with the default pace.
    pub fn new(
        store: Arc<dyn Store>,
        vault: Arc<dyn Vault>,
        queue: Arc<dyn Queue>,
        ehrs: Arc<dyn Ehrs>,
        providers: Providers,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let accounts = Accounts::new(providers, store.clone(), vault.clone(), clock.clone(), random.clone());
        let (practices, feeds) = (Arc::default(), Arc::default());
        Self {
            store,
            vault,
            queue,
            ehrs,
            accounts: Arc::new(accounts),
            courier: Arc::new(Absent),
            practices,
            feeds,
            clock,
            random,
            pace: Pace::default(),
            budgets: BTreeMap::new(),
            public_url: "http://localhost".into(),
            sole_process: None,
        }
    }
}
