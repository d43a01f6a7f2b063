//! The sandbox EHR: a small practice that speaks FHIR R4, has a page for people, and tells a hook what
//! changed. It is no part of Daybook and imports none of it: whatever is learnt about it goes over HTTP.

mod control;
mod fhir;
mod hook;
mod instant;
mod kind;
mod launch;
mod page;
mod params;
mod seed;
mod store;
mod told;
mod zone;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use jiff::Timestamp;
use tokio::sync::Notify;

pub use hook::{BadSecret, HookTarget};
pub use launch::{BadKey, LaunchTarget};

use control::Control;
use launch::LaunchKey;
use store::{Store, Tx};

/// Where the router lives on its host; the FHIR base is this followed by `/fhir`.
pub const MOUNT: &str = "/sandbox/ehr";

/// The practice: its records, its outbox, its switches. Cheap to clone; all clones are the same practice.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    control: Control,
    trust: told::Trust,
    wake: Notify,
    launch_key: LaunchKey,
    /// Where people are sent to for the calendar sync, once somebody has said it.
    launch: OnceLock<LaunchTarget>,
}

/// The practice's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the sandbox EHR's file cannot be opened")]
    File(#[from] rusqlite::Error),
    #[error("the sandbox EHR's first day cannot be laid out")]
    Seed(#[from] jiff::Error),
    #[error("the sandbox EHR has no key to send people on with")]
    Key(#[from] BadKey),
}

impl Sandbox {
    /// Opens the practice kept in `file`; on first open it is created and filled with people and with two
    /// weeks of appointments, beginning with the Monday of the week that holds `now`.
    pub fn open(file: &Path, now: Timestamp) -> Result<Self, OpenError> {
        let store = Store::open(file)?;
        store.run(now, store::Hooks::Drop, |tx| seed::plant(tx, now))?;
        let fresh = LaunchKey::make()?;
        let kept = store.run(now, store::Hooks::Drop, |tx| tx.keep_secret("launch key", &fresh))?;
        let inner = Inner {
            store,
            control: Control::default(),
            trust: told::Trust::default(),
            wake: Notify::new(),
            launch_key: LaunchKey::read(&kept.value)?,
            launch: OnceLock::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The keys with which this EHR signs what it sends people on with: a JWK Set, public halves only.
    pub fn launch_keys(&self) -> String {
        self.inner.launch_key.public().to_string()
    }

    /// Says where people are sent to for the calendar sync; the first word counts.
    pub fn offer_calendar_sync(&self, target: LaunchTarget) {
        if self.inner.launch.set(target).is_err() {
            tracing::debug!("the calendar sync is offered already");
        }
    }

    /// Every route of the EHR under its full path ([`MOUNT`]), to be merged into the host's router.
    pub fn router(&self) -> Router {
        let inside = Router::new()
            .merge(fhir::routes())
            .merge(page::routes(self))
            .merge(told::routes(self))
            .merge(control::routes())
            .with_state(self.clone());
        Router::new().route(MOUNT, get(|| async { Redirect::permanent("/sandbox/ehr/") })).merge(inside)
    }

    /// Takes notices that this secret has signed, `whsec_` and base64, at `/notices` below [`MOUNT`].
    pub fn trust_notices(&self, secret: &str) -> Result<(), BadSecret> {
        self.inner.trust.give(secret)
    }

    /// Posts what changed to `target`, for ever. Unsent messages are kept in the file and survive a crash.
    pub async fn deliver_hooks(self, target: HookTarget) {
        hook::deliver(self, target).await;
    }

    /// Runs `work` in one transaction at the present time, and wakes the hook if it left a message.
    fn transact<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let done = self.inner.store.run(now(), self.inner.control.hooks(), work)?;
        if done.queued > 0 {
            self.inner.wake.notify_one();
        }
        Ok(done.value)
    }
}

#[expect(clippy::disallowed_methods, reason = "the sandbox is an outside world and has a clock of its own")]
fn now() -> Timestamp {
    Timestamp::now()
}
