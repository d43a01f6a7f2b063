//! What the sandbox Google and Microsoft have in common, from outside, with a face of a few lines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod control;
mod face;
mod house;
mod page;
mod push;
mod sign_in;
mod store;
