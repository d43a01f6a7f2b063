//! Simulated histories: a seed decides what people do, what goes wrong, who crashes where and who goes next; the
//! production engine must keep its promises throughout, and both sides must agree at the end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]
#![allow(clippy::missing_panics_doc, reason = "a test that panics says so")]

pub mod crossing;
mod ending;
mod history;
mod hooks;
mod people;
pub mod year;

pub use history::{Ended, History, play, retell};
