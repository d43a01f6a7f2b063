//! Daybook on AWS from outside: the deployed template in ministack, every function a real Lambda process. First the
//! same stories as on one machine, then what only a set of functions can get wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../e2e_canary/story/mod.rs"]
mod canary;
#[path = "../e2e_one_way/stories.rs"]
mod one_way;
#[path = "../e2e_two_way/stories.rs"]
mod two_way;

#[path = "../e2e_cloud/caldav.rs"]
mod caldav;
#[path = "../e2e_cloud/diary.rs"]
mod diary;
#[path = "../e2e_cloud/leaving.rs"]
mod leaving;
#[path = "../e2e_cloud/mirrors.rs"]
mod mirrors;
#[path = "../e2e_cloud/policy.rs"]
mod policy;
#[path = "../e2e_cloud/sign_in.rs"]
mod sign_in;
#[path = "../e2e_cloud/tokens.rs"]
mod tokens;

mod crash;
mod hostile;
mod passing;
mod permissions;
mod stores;
mod storm;
mod throttled;

use daybook_tests::outside::cloud::Provider;
use daybook_tests::outside::place::Place;
use daybook_tests::outside::scene::{
    BY_PUSH, Scene, at_both as at_both_in, book, hour, main_calendar, problems, sign_in_again,
};

const PLACE: Place = Place::Aws;

/// The same story at each provider, one after the other.
async fn at_both<F, Fut>(more: &[(&str, &str)], story: F)
where
    F: Fn(Scene) -> Fut,
    Fut: Future<Output = ()>,
{
    at_both_in(PLACE, more, story).await;
}

async fn scene(provider: Provider, more: &[(&str, &str)]) -> Option<Scene> {
    Scene::open(PLACE, provider, more).await
}
