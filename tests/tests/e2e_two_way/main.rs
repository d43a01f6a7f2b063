//! Two-way sync from outside: the clinician's own events close time in the EHR. `e2e_aws` plays the
//! same stories on AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod stories;

use daybook_tests::outside::place::Place;

const PLACE: Place = Place::OneMachine;
