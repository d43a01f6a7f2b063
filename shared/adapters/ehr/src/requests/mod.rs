//! What we ask of an EHR: small structs that become a request. Pure; nothing here sends.

mod appointments;
mod bundle;
mod practice;
mod slots;

pub(crate) use appointments::{
    GetAppointment, SearchAppointments, SearchAppointmentsById, SearchChanges, SearchNewest,
};
pub(crate) use bundle::{EntryAnswer, PostBatch, parse_batch};
pub(crate) use practice::{GetOrganization, GetPractitioner, SearchByIds, SearchRoles, SearchSchedules};
pub(crate) use slots::{
    BLOCK_SYSTEM, CreateSlot, DeleteSlot, GetSlot, SearchSlots, SearchSlotsById, SearchSlotsByMirror,
    UpdateSlot,
};
