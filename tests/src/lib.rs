//! Stories, simulation, contract and end-to-end tests.

pub mod outside;
