//! The sandbox CalDAV server as its clients and the people at its page see it: by requests to its router alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod changes;
mod collections;
mod control;
mod discovery;
mod house;
mod objects;
mod page;
mod reports;
