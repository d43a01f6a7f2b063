//! Reading the EHR: appointments, changes, and who works when. Nothing here writes.

mod appointments;
mod batch;
mod changes;
mod cursor;
mod patients;
mod practitioner;
mod roles;

pub(crate) use appointments::{get_appointments, list_appointments};
pub(crate) use changes::list_changes;
pub(crate) use practitioner::practitioner;
pub(crate) use roles::RoleBook;
