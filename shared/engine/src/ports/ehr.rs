//! The EHR: appointments to read, schedules whose time can be closed.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::appointment::Appointment;
use daybook_core::detail::Detail;
use daybook_core::hours::Hours;
use daybook_core::ids::{AppointmentId, Cursor, PracticeId, PractitionerId, ScheduleId};
use daybook_core::time::Interval;

use super::{Completeness, MirrorSighting, Mirrors, RemoteError};

/// Finds the EHR of a practice.
#[async_trait]
pub trait Ehrs: Send + Sync {
    async fn open(&self, practice: &PracticeId) -> Result<Arc<dyn Ehr>, RemoteError>;
}

/// One practice's EHR. No method reads more of a patient than `detail` allows.
#[async_trait]
pub trait Ehr: Send + Sync {
    /// `Missing` where the EHR does not know the practitioner.
    async fn practitioner(&self, id: &PractitionerId) -> Result<Practitioner, RemoteError>;

    /// Every appointment of the practitioner that overlaps `within`, whatever its status.
    async fn list_appointments(
        &self,
        practitioner: &PractitionerId,
        within: Interval,
        detail: Detail,
    ) -> Result<Appointments, RemoteError>;

    /// Reads by id, one answer for each id that has one, in as few requests as it takes.
    async fn get_appointments(
        &self,
        ids: &[AppointmentId],
        detail: Detail,
    ) -> Result<Vec<(AppointmentId, Found)>, RemoteError>;

    /// Which appointments of the whole practice changed since the cursor; without one, only a cursor that
    /// starts now, taken from the server's data. One request where nothing changed.
    async fn list_changes(&self, since: Option<&Cursor>) -> Result<Changes, RemoteError>;

    /// Our own blocks in a schedule that overlap `within`.
    async fn list_blocks(
        &self,
        schedule: &ScheduleId,
        within: Interval,
    ) -> Result<Vec<MirrorSighting>, RemoteError>;

    /// The place of our blocks in a schedule.
    fn blocks(&self, schedule: &ScheduleId) -> Arc<dyn Mirrors>;
}

/// What the EHR says about a practitioner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Practitioner {
    /// How the practice calls them.
    pub name: Option<String>,
    /// IANA name, as the EHR gives it.
    pub time_zone: Option<String>,
    pub schedules: Vec<ScheduleId>,
    pub hours: Hours,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appointments {
    pub items: Vec<Appointment>,
    /// How many could not be understood; each makes the listing incomplete for itself only.
    pub unreadable: Vec<AppointmentId>,
    pub completeness: Completeness,
}

/// What reading an appointment by id found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    Standing(Appointment),
    /// The EHR confirms that it does not exist (404, 410).
    Gone,
    /// It exists and cannot be understood.
    Unreadable,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Changes {
    /// Each with the practitioners that it now names.
    pub appointments: Vec<(AppointmentId, Vec<PractitionerId>)>,
    pub cursor: Cursor,
}
