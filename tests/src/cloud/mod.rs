//! Real adapters against stand-ins of Google, Microsoft and CalDAV, all in one process: no network, no runtime, a clock
//! that the test sets, and one seed that decides everything. What a provider does is the sandboxes' to say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]
#![allow(clippy::missing_panics_doc, reason = "a test that panics says so")]

pub mod browser;
mod budget;
mod ending;
pub mod hand;
mod hiccups;
pub mod history;
pub mod house;
mod people;
pub mod postman;
pub mod stage;
pub mod streets;
pub mod truth;
