//! Google and Microsoft from outside: the real binary with its own sandbox providers, a browser for the sign-in, an app
//! of the clinician's beside ours. Each story is told once and played at both; `e2e_aws` plays them on AWS too. Only
//! notifications wake Daybook here, unless a story sweeps: whatever arrives did so by push.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod caldav;
mod crash;
mod diary;
mod leaving;
mod mirrors;
mod moving;
mod pages;
mod policy;
mod sign_in;
mod tokens;

use daybook_tests::outside::cloud::Provider;
use daybook_tests::outside::place::Place;
use daybook_tests::outside::scene::{
    BY_PUSH, Scene, at_both as at_both_in, book, hour, main_calendar, problems, sign_in_again,
};

/// The same story at each provider, one after the other.
async fn at_both<F, Fut>(more: &[(&str, &str)], story: F)
where
    F: Fn(Scene) -> Fut,
    Fut: Future<Output = ()>,
{
    at_both_in(Place::OneMachine, more, story).await;
}

async fn scene(provider: Provider, more: &[(&str, &str)]) -> Option<Scene> {
    Scene::open(Place::OneMachine, provider, more).await
}
