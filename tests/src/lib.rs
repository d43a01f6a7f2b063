//! Stories, simulation, contract and end-to-end tests.

pub mod contract;
pub mod outside;
pub mod radicale;
pub mod simulation;
pub mod story;
pub mod world;
