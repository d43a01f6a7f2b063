//! Stories, simulation, contract and end-to-end tests.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    reason = "test support: a panic is how a test fails"
)]

pub mod aws;
pub mod canary;
pub mod cloud;
pub mod contract;
pub mod outside;
pub mod person;
pub mod radicale;
pub mod sample;
pub mod secrets_manager;
pub mod server;
pub mod simulation;
pub mod stand_in;
pub mod story;
pub mod tools;
pub mod vault_contract;
pub mod world;
