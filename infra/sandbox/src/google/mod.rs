//! A stand-in for Google Calendar: sign-in, the Calendar API v3, push channels, and a page for people. It behaves as
//! Google's documents and its clients' bug reports say, quirks included; it is no part of Daybook and imports none
//! of it.

mod access;
mod answer;
mod batch;
mod calendars;
mod call;
mod door;
mod event;
mod events;
mod face;
mod fields;
mod freebusy;
mod rate;
mod refusal;
mod scope;
mod watch;

use std::sync::Arc;

use axum::Router;

use crate::cloud::{Cloud, Dialect, OpenError, Opening};
use face::GoogleFace;
use rate::Limiter;

/// Where the router lives on its host: the origin that clients are given is the host's followed by this.
pub const MOUNT: &str = "/sandbox/google";

/// The provider. Cheap to clone; all clones are the same provider.
#[derive(Clone)]
pub struct Google {
    cloud: Cloud,
    limiter: Arc<Limiter>,
}

impl Google {
    /// Opens the provider; `base` of the opening must end in [`MOUNT`].
    pub fn open(opening: Opening) -> Result<Self, OpenError> {
        let cloud = Cloud::open(opening, Dialect::Google, Arc::new(GoogleFace))?;
        Ok(Self { cloud, limiter: Arc::default() })
    }

    /// Every route under its full path, to be merged into the host's router.
    pub fn router(&self) -> Router {
        self.cloud.routes(door::routes(self))
    }

    /// Accounts, calendars, switches, the outbox.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }
}
