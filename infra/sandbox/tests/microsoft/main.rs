//! The sandbox Microsoft from outside: requests to the router, as a client of Graph makes them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod batch;
mod calendars;
mod delta;
mod door;
mod events;
mod house;
mod people;
mod schedule;
mod series;
mod subscriptions;
