//! The sandbox EHR from outside: only what a client, a hook or a browser could see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod fhir;
mod hook;
mod house;
mod page;
mod search;
mod seed;
mod told;
