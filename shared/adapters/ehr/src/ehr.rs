//! One practice's FHIR R4 server, behind the port. Each method lives in a room of its own; this one only
//! opens their doors.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use daybook_core::detail::Detail;
use daybook_core::ids::{AppointmentId, Cursor, PractitionerId, ScheduleId};
use daybook_core::time::Interval;
use daybook_engine::ports::{
    Appointments, Changes, Ehr, Found, MirrorSighting, Mirrors, Practitioner, RemoteError,
};
use daybook_http::Transport;

use crate::blocks::{Blocks, list_blocks};
use crate::config::{BadConfig, Base, FhirConfig};
use crate::http::{Answer, Door, Prepared};
use crate::pages;
use crate::read::{RoleBook, get_appointments, list_appointments, list_changes, practitioner};
use crate::wire::Resource;

/// A FHIR R4 server. Cheap to clone; all clones share their limits and what they learnt about the server.
#[derive(Clone)]
pub struct FhirEhr {
    server: Arc<Server>,
}

/// The server as all rooms see it.
pub(crate) struct Server {
    pub(crate) base: Base,
    door: Door,
    pub(crate) roles: RoleBook,
    refuses_batches: AtomicBool,
}

impl FhirEhr {
    /// Makes no request yet.
    pub fn new(transport: Arc<dyn Transport>, config: &FhirConfig) -> Result<Self, BadConfig> {
        let server = Server {
            base: Base::parse(&config.base_url)?,
            door: Door::new(transport, config.credentials()?),
            roles: RoleBook::default(),
            refuses_batches: AtomicBool::new(false),
        };
        Ok(Self { server: Arc::new(server) })
    }
}

impl Server {
    pub(crate) async fn send(&self, request: &Prepared) -> Result<Answer, RemoteError> {
        self.door.send(request).await
    }

    pub(crate) async fn search<T: Resource>(
        &self,
        request: Prepared,
    ) -> Result<pages::Found<T>, RemoteError> {
        pages::search(&self.door, &self.base, request).await
    }

    /// The first page alone.
    pub(crate) async fn search_first<T: Resource>(
        &self,
        request: Prepared,
    ) -> Result<pages::Found<T>, RemoteError> {
        pages::search_first(&self.door, request).await
    }

    /// Whether it has refused a batch since this process began.
    pub(crate) fn takes_batches(&self) -> bool {
        !self.refuses_batches.load(Ordering::Relaxed)
    }

    pub(crate) fn remember_batch_refused(&self) {
        self.refuses_batches.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Ehr for FhirEhr {
    async fn practitioner(&self, id: &PractitionerId) -> Result<Practitioner, RemoteError> {
        practitioner(&self.server, id).await
    }

    async fn list_appointments(
        &self,
        practitioner: &PractitionerId,
        within: Interval,
        detail: Detail,
    ) -> Result<Appointments, RemoteError> {
        list_appointments(&self.server, practitioner, within, detail).await
    }

    async fn get_appointments(
        &self,
        ids: &[AppointmentId],
        detail: Detail,
    ) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
        get_appointments(&self.server, ids, detail).await
    }

    async fn list_changes(&self, since: Option<&Cursor>) -> Result<Changes, RemoteError> {
        list_changes(&self.server, since).await
    }

    async fn list_blocks(
        &self,
        schedule: &ScheduleId,
        within: Interval,
    ) -> Result<Vec<MirrorSighting>, RemoteError> {
        list_blocks(&self.server, schedule, within).await
    }

    fn blocks(&self, schedule: &ScheduleId) -> Arc<dyn Mirrors> {
        Arc::new(Blocks::new(Arc::clone(&self.server), schedule.clone()))
    }
}
