//! The domain and every decision: what an event means, what is owed, what may be written.
//!
//! Nothing here reads a clock, draws a random number, waits or talks to anyone: time and keys are arguments,
//! decisions are return values. `cargo xtask test --only purity` holds it to that.

pub mod access;
pub mod appointment;
pub mod audit;
pub mod availability;
pub mod brake;
pub mod busy;
pub mod coincidence;
pub mod conflict;
pub mod connection;
pub mod decide;
pub mod detail;
pub mod event;
pub mod feed;
pub mod free_day;
pub mod health;
pub mod hours;
pub mod ids;
pub mod key;
pub mod launch;
pub mod link;
pub mod made;
pub mod mirror;
pub mod new_calendar;
pub mod notice;
pub mod plan;
pub mod policy;
pub mod probe;
pub mod proof;
pub mod quota;
pub mod restore;
pub mod retry;
pub mod review;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
pub mod subscription;
pub mod succession;
pub mod time;
pub mod week;
pub mod window;
