//! The sandbox Microsoft: Graph v1.0's calendars, events, views with delta, subscriptions and batches, for accounts
//! that need no tenant. It is no Exchange: what a calendar client does not use is not there.

mod batch;
mod calendars;
mod call;
mod control;
mod delta;
mod door;
mod draft;
mod edit;
mod events;
mod face;
mod filter;
mod ids;
mod prefer;
mod recurrence;
mod refusal;
mod schedule;
mod series;
mod shape;
mod stored;
mod subscriptions;
mod throttle;
mod token;
mod visit;
mod zone;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;

use crate::cloud::{Cloud, Dialect, OpenError, Opening, Subscription};
use call::Answer;
use control::Switches;
use prefer::IdForm;
use refusal::Refusal;
use throttle::Crowd;

/// Where the router lives on its host; the API root is this followed by `/v1.0`.
pub const MOUNT: &str = "/sandbox/microsoft";

/// How a notification names an item: the id in the form that the subscription asked for, and the etag.
pub(crate) fn announced(to: &Subscription, item: &str, seq: u64) -> (String, String) {
    let immutable = to.extra.get("ids").is_some_and(|form| form == "immutable");
    let form = if immutable { IdForm::Immutable } else { IdForm::Default };
    let etag = shape::weak(&shape::change_key(&to.calendar, item, seq));
    (ids::public(form, &to.calendar, item), etag)
}

/// Microsoft's side: accounts, calendars, sign-in. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Microsoft {
    cloud: Cloud,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    switches: Mutex<Switches>,
    crowd: Arc<Crowd>,
    requests: AtomicU64,
}

impl Microsoft {
    /// Opens what is kept in the file, or begins anew in memory.
    pub fn open(opening: Opening) -> Result<Self, OpenError> {
        let cloud = Cloud::open(opening, Dialect::Microsoft, Arc::new(face::GraphFace))?;
        Ok(Self { cloud, inner: Arc::default() })
    }

    /// Every route under its full path, to be merged into the host's router.
    pub fn router(&self) -> Router {
        let api =
            Router::new().merge(door::routes(self)).merge(control::routes(self)).with_state(self.clone());
        let throttled = axum::middleware::from_fn_with_state(self.clone(), door::throttled);
        self.cloud.routes(api).layer(throttled)
    }

    /// Accounts, sign-in, notifications and control, which are the same for all providers.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    fn switches<T>(&self, look: impl FnOnce(&Switches) -> T) -> T {
        look(&self.inner.switches.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn turn(&self, switches: Switches) {
        *self.inner.switches.lock().unwrap_or_else(PoisonError::into_inner) = switches;
    }

    fn crowd(&self) -> &Arc<Crowd> {
        &self.inner.crowd
    }

    /// The next request's number, in the shape of Graph's.
    fn request_id(&self) -> String {
        let number = self.inner.requests.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-4000-8000-{number:012x}")
    }

    fn refused(&self, refusal: Refusal) -> Answer {
        refusal.answer(self.cloud.now(), &self.request_id())
    }
}
