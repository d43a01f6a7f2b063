//! Switches for tests and demonstrations: faults to answer, notifications to lose, tokens to expire; and what was
//! asked of the provider. They live in memory only; only the deeds among them (expire, revoke, forget) change the world.

mod document;
mod faults;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use axum::{Router, routing::get};

use super::Cloud;
pub(super) use document::{Notifications, SignIn, TokenAnswer};
use faults::Planned;
pub use faults::{Fault, Operation};

/// How things are switched at present.
#[derive(Default)]
pub(super) struct Control {
    inner: Mutex<Switches>,
}

#[derive(Default)]
struct Switches {
    planned: Vec<Planned>,
    notifications: Notifications,
    sign_in: SignIn,
    token: TokenAnswer,
    requests: BTreeMap<String, u64>,
    /// The calls inside batches.
    batched: BTreeMap<String, u64>,
}

impl Control {
    fn look<T>(&self, look: impl FnOnce(&Switches) -> T) -> T {
        look(&self.lock())
    }

    fn turn<T>(&self, turn: impl FnOnce(&mut Switches) -> T) -> T {
        turn(&mut self.lock())
    }

    pub(super) fn notifications(&self) -> Notifications {
        self.look(|switches| switches.notifications)
    }

    /// Who answers the consent page.
    pub(super) fn sign_in(&self) -> SignIn {
        self.look(|switches| switches.sign_in.clone())
    }

    /// What the token endpoint answers.
    pub(super) fn token(&self) -> TokenAnswer {
        self.look(|switches| switches.token)
    }

    fn lock(&self) -> MutexGuard<'_, Switches> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cloud {
    /// Counts a call inside a batch, by its method; the batch itself is one request.
    pub fn note_batched(&self, method: &Method) {
        self.inner.control.turn(|switches| {
            *switches.batched.entry(method.to_string()).or_default() += 1;
        });
    }

    /// The fault to answer in place of the truth, if one is planned for this account (by id) and operation; each
    /// call uses one up. `Slow` never comes here: it is waited for before the face is asked.
    pub fn fault(&self, account: &str, operation: Operation) -> Option<Fault> {
        let email = self.read(|world| world.account(account).map(|found| found.email.clone()));
        self.inner
            .control
            .turn(|switches| faults::take(&mut switches.planned, account, email.as_deref(), operation))
    }
}

pub(super) fn routes(cloud: &Cloud) -> Router<Cloud> {
    Router::new().route(&format!("{}/control", cloud.mount()), get(document::show).post(document::follow))
}

/// Counts a request, and lets it wait if a slow answer is planned.
pub(super) async fn note_request(State(cloud): State<Cloud>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let path = path.strip_prefix(cloud.mount()).unwrap_or(path);
    let counted = format!("{} {path}", request.method());
    let account = cloud.bearer(request.headers()).ok().map(|grant| {
        let email = cloud.read(|world| world.accounts.get(&grant.account).map(|found| found.email.clone()));
        (grant.account, email)
    });
    let delay_ms = cloud.inner.control.turn(|switches| {
        *switches.requests.entry(counted).or_default() += 1;
        let (id, email) = account.as_ref()?;
        faults::take_slow(&mut switches.planned, id, email.as_deref())
    });
    if let Some(delay_ms) = delay_ms {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    next.run(request).await
}
