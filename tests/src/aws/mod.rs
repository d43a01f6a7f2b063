//! Daybook as it runs on AWS: real Lambda processes behind queue mappings, schedules and an HTTP API, in ministack on
//! this machine. Nothing here knows how Daybook works inside; what a test asks of it is in [`Stack`].

mod alone;
mod client;
mod emulator;
mod ending;
mod recorder;
mod roles;
mod stack;
mod tools;

pub use alone::Alone;
pub use client::{Client, Invoked};
pub use recorder::{Call, Keeper, Put};
pub use roles::Statement;
pub use stack::Stack;
