//! One-way sync from outside: the real binary, the sandbox EHR, a real Radicale. `e2e_aws` plays the
//! same stories on AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod alone;
mod stories;

use daybook_tests::outside::place::Place;

const PLACE: Place = Place::OneMachine;
