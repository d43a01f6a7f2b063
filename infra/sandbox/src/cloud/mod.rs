//! What the sandbox Google and the sandbox Microsoft have in common: accounts and calendars in memory and in one
//! file, sign-in, notifications, switches for tests, a page for people. It speaks no calendar API; that is the
//! faces' work ([`Face`]).

mod caller;
mod control;
mod face;
mod page;
mod push;
mod seed;
mod sign_in;
mod store;
mod tx;
mod world;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use jiff::Timestamp;
use tokio::sync::Notify;
use url::Url;

pub use caller::{Answered, Caller, HttpCaller, Unreachable};
pub use control::{Fault, Operation};
pub use face::{Face, NewEvent, Person, Repeat, Reply, Shown, Standing, When};
pub use sign_in::{BadToken, Grant, Issued};
pub use store::StoreError;
pub use tx::Tx;
pub use world::{Account, Calendar, Item, Mail, Organisation, Role, Subscription, World};

use control::Control;
use store::Store;

/// Where a provider gets the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Whose habits the common parts follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Google,
    Microsoft,
}

/// What a provider needs to be opened.
pub struct Opening {
    /// The file that survives `kill -9`; `None` keeps everything in memory.
    pub file: Option<PathBuf>,
    /// Where the mount is reached: `http://127.0.0.1:8787/sandbox/google`, without a slash at the end.
    pub base: Url,
    pub clock: Clock,
    pub caller: Arc<dyn Caller>,
}

/// One provider: its world, its switches, its outbox. Cheap to clone; all clones are the same provider.
#[derive(Clone)]
pub struct Cloud {
    inner: Arc<Inner>,
}

struct Inner {
    world: RwLock<World>,
    store: Option<Store>,
    base: Url,
    clock: Clock,
    caller: Arc<dyn Caller>,
    control: Control,
    wake: Notify,
    dialect: Dialect,
    face: Arc<dyn Face>,
}

/// The provider cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the provider's file cannot be opened")]
    File(#[from] StoreError),
    #[error("the provider's first days cannot be laid out")]
    Seed(#[from] jiff::Error),
}

impl Cloud {
    /// Opens a provider; one that holds nothing yet gets its people and their first two weeks.
    pub fn open(opening: Opening, dialect: Dialect, face: Arc<dyn Face>) -> Result<Self, OpenError> {
        let store = opening.file.as_deref().map(Store::open).transpose().map_err(StoreError::from)?;
        let world = store.as_ref().map(Store::load).transpose()?.unwrap_or_default();
        let inner = Inner {
            world: RwLock::new(world),
            store,
            base: opening.base,
            clock: opening.clock,
            caller: opening.caller,
            control: Control::default(),
            wake: Notify::new(),
            dialect,
            face,
        };
        let cloud = Self { inner: Arc::new(inner) };
        if cloud.read(|world| world.accounts.is_empty()) {
            cloud.change(|tx| seed::plant(tx, dialect, cloud.inner.face.as_ref()))?;
        }
        Ok(cloud)
    }

    pub fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }

    /// Where the mount is reached, without a slash at the end.
    pub fn base(&self) -> &Url {
        &self.inner.base
    }

    /// The path of the mount: `/sandbox/google`.
    pub fn mount(&self) -> &str {
        self.inner.base.path().trim_end_matches('/')
    }

    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// How a handshake is sent.
    pub fn caller(&self) -> &dyn Caller {
        self.inner.caller.as_ref()
    }

    /// Reads the world.
    pub fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.inner.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the world in one step, which is undone if `work` fails: calendars and items that it puts get the next
    /// sequence numbers, the file learns of everything, and the subscriptions of what changed are woken.
    pub fn change<T, E>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut world = self.inner.world.write().unwrap_or_else(PoisonError::into_inner);
        let mut tx = Tx::new(&mut world, self.now());
        let done = match work(&mut tx) {
            Ok(done) => done,
            Err(error) => {
                tx.roll_back();
                return Err(error);
            }
        };
        let changes = tx.take_changes();
        push::queue(&mut tx, self.inner.dialect, self.inner.control.notifications(), &changes);
        let writes = tx.into_writes();
        if let Some(Err(error)) = self.inner.store.as_ref().map(|store| store.write(&writes)) {
            tracing::error!(%error, "a sandbox provider cannot write its file; memory goes on without it");
        }
        self.inner.wake.notify_one();
        Ok(done)
    }

    /// The whole provider: the face's API (full paths under the mount) with sign-in, control and page. Requests are
    /// counted by method and matched path.
    pub fn routes(&self, api: Router) -> Router {
        let own = Router::new()
            .merge(sign_in::routes(self))
            .merge(control::routes(self))
            .merge(page::routes(self))
            .with_state(self.clone());
        let all = api.merge(own);
        all.route_layer(axum::middleware::from_fn_with_state(self.clone(), control::note_request))
    }

    /// Posts what waits, for ever. Unsent messages are kept in the file and survive a crash.
    pub async fn deliver(self) {
        push::deliver(self).await;
    }

    /// Posts what is due now, once; answers how many messages were sent. For tests, which move the clock.
    pub async fn deliver_due(&self) -> usize {
        push::deliver_due(self).await
    }

    /// The class that colours its pages.
    fn look(&self) -> &'static str {
        match self.inner.dialect {
            Dialect::Google => "google",
            Dialect::Microsoft => "microsoft",
        }
    }

    fn face(&self) -> &dyn Face {
        self.inner.face.as_ref()
    }
}
