//! Daybook as it runs on AWS: real Lambda processes behind queue mappings, schedules and an HTTP API, in ministack on
//! this machine. Nothing here knows how Daybook works inside; what a test asks of it is in [`Stack`].

mod client;
pub mod emulator;
mod front;
mod recorder;
mod roles;
mod stack;
mod tools;

pub use client::{Client, Invoked};
pub use recorder::Call;
pub use roles::Statement;
pub use stack::Stack;
pub use tools::{binaries, emulator_of_one_function, tools};
