//! From FHIR's words to ours: one element, one small function. No I/O.

mod appointment;
mod disclosure;
mod hours;
mod zone;

pub(crate) use appointment::{Draft, draft_from};
pub(crate) use disclosure::{full_name, initials, modality_from, number_from, service_from};
pub(crate) use hours::{closures_from, openings_from};
pub(crate) use zone::zone_from;
