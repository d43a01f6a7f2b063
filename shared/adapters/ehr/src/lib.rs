//! EHRs behind the engine's port: FHIR R4. It reads appointments, hours and schedules and keeps our busy
//! blocks; it decides nothing, and below the level that asks for a patient it has no field that could hold one.

mod blocks;
mod config;
mod digest;
mod directory;
mod ehr;
mod http;
mod instant;
mod pages;
mod read;
mod reference;
mod refusal;
mod requests;
mod translate;
mod wire;

pub use config::{BadConfig, FhirConfig};
pub use directory::EhrDirectory;
pub use ehr::FhirEhr;
