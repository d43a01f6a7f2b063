//! The sandbox CalDAV server: two people with calendars, for clients that speak RFC 4791 and RFC 6578. It sends no
//! invitations, expands no recurrences and knows none of its clients.

mod control;
mod dav;
mod ical;
mod page;
mod people;
mod place;
mod seed;
mod store;
mod xml;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Redirect;
use axum::routing::any;
use jiff::Timestamp;

use control::Control;
use store::{Store, Tx};

/// Where the router lives on its host; what a person types into a client is the host followed by this.
pub const MOUNT: &str = "/sandbox/caldav";

/// iCloud's limit for one event (Apple Support 103188).
const MAX_RESOURCE_BYTES: usize = 20 * 1024 * 1024;

/// Where the server gets the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the server needs to be opened.
pub struct Opening {
    /// The file that survives `kill -9`; `None` keeps everything in memory.
    pub file: Option<PathBuf>,
    pub clock: Clock,
    /// What stands in the calendars when they are new.
    pub furnishing: Furnishing,
}

/// What a new server holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Furnishing {
    /// Several calendars for each person, with two weeks of events from this Monday on.
    Lived,
    /// One empty calendar for each person.
    Bare,
}

/// The server: its people, their calendars, its switches. Cheap to clone; all clones are the same server.
#[derive(Clone)]
pub struct CalDav {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    control: Control,
    clock: Clock,
}

/// The server's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the sandbox CalDAV server's file cannot be opened")]
    File(#[from] rusqlite::Error),
    #[error("the sandbox CalDAV server's first days cannot be laid out")]
    Seed(#[from] jiff::Error),
}

impl CalDav {
    pub fn open(opening: Opening) -> Result<Self, OpenError> {
        let store = Store::open(opening.file.as_deref())?;
        let now = (opening.clock)();
        store.run(|tx| seed::plant(tx, now, opening.furnishing))?;
        Ok(Self { inner: Arc::new(Inner { store, control: Control::default(), clock: opening.clock }) })
    }

    /// Every route under its full path ([`MOUNT`]) and the well-known address (RFC 6764), to be merged into the
    /// host's router.
    pub fn router(&self) -> Router {
        let well_known = any(|| async { Redirect::permanent(&format!("{MOUNT}/")) });
        Router::new()
            .merge(page::routes())
            .merge(control::routes())
            .merge(dav::routes())
            .with_state(self.clone())
            .route("/.well-known/caldav", well_known.clone())
            .route(&format!("{MOUNT}/.well-known/caldav"), well_known)
            .layer(DefaultBodyLimit::max(MAX_RESOURCE_BYTES))
    }

    fn transact<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.inner.store.run(work)
    }

    /// No sync token given so far is honoured any more.
    fn expire_tokens(&self) -> rusqlite::Result<()> {
        self.inner.store.run(|tx: &Tx<'_>| tx.expire_tokens())
    }

    fn control(&self) -> &Control {
        &self.inner.control
    }

    fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }
}
