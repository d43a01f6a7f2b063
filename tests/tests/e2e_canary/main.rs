//! Canaries on one machine: marked words in every text field of the EHR and of clinicians' own events, and everything that
//! people do, at every level. `e2e_aws` plays the same stories on AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod story;

use daybook_tests::outside::place::Place;

const PLACE: Place = Place::OneMachine;
