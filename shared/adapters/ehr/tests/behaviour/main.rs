//! The adapter against an untidy EHR: one small fake that answers what it is told and writes down what it
//! was asked. It knows nothing of FHIR beyond that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::needless_pass_by_value, reason = "a fake reads better with values")]

mod appointments;
mod blocks;
mod changes;
mod fake;
mod practitioner;
