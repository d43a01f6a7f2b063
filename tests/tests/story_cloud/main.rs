//! Stories of one clinician and one provider, told once and played at each: the production engine, the real adapters,
//! the stand-ins, one clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod diary;
mod leaving;
mod looks;
mod mirrors;
mod push;
mod sharing;
mod sign_in;
mod throttle;
mod tokens;
mod windows;

use daybook_core::connection::Provider;
use jiff::SignedDuration;

const CLOUDS: [Provider; 2] = [Provider::Google, Provider::Microsoft];
const ALL: [Provider; 3] = [Provider::Google, Provider::Microsoft, Provider::Caldav];

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}
