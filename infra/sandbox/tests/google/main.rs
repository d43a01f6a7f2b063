//! The sandbox Google from outside: only what a client of the real one could see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod access;
mod batch;
mod calendars;
mod freebusy;
mod house;
mod listing;
mod push;
mod series;
mod single;
mod sync;
