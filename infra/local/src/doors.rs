//! All doors on one address: the API, the hooks, the sign-in, the sandbox, the start page, health. What every answer has in
//! common is `functions/doorway`'s.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use daybook_doorway::{Kind, PAGE_POLICY, Problem, dress, health, never_kept};

use crate::config::DEMO;
use crate::house::House;
use crate::page;

/// Connecting asks a calendar server several things, each of which may take half a minute.
const LONGEST_REQUEST: Duration = Duration::from_mins(2);

/// Everything that this process answers.
pub fn router(house: &House) -> Router {
    let doors = Router::new()
        .merge(daybook_settings::router(
            house.engine.clone(),
            house.keyring.clone(),
            Arc::new(house.table.clone()),
        ))
        .merge(daybook_settings::platform(
            house.engine.clone(),
            house.platform_keys.clone(),
            Arc::new(house.table.clone()),
        ))
        .merge(daybook_settings::pages(
            house.engine.clone(),
            Arc::new(house.table.clone()),
            house.practices.clone(),
        ))
        .merge(daybook_settings::feeds(house.engine.clone()))
        .merge(daybook_ehr_change::router(house.engine.clone(), house.hooks.clone()))
        .merge(daybook_provider_webhook::router(house.engine.clone()))
        .merge(daybook_oauth_callback::router(house.engine.clone(), house.leads_to.clone()));
    let health = health(Arc::new(house.table.clone()), DEMO.into());
    let all = never_kept(doors).merge(health).merge(page::routes(house)).merge(sandbox(house));
    dress(all, LONGEST_REQUEST)
}

/// The policy of a page whose form leads to this origin too.
pub fn page_policy(origin: &str) -> String {
    PAGE_POLICY.replace("form-action 'self'", &format!("form-action 'self' {origin}"))
}

/// The stand-ins for the outside world.
fn sandbox(house: &House) -> Router {
    house.sandbox.router().merge(house.sandboxes.router()).layer(from_fn(this_machine_only))
}

/// The sandbox asks for no token worth the name, so it answers nobody who comes over the network.
pub async fn this_machine_only(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    match peer {
        Some(ConnectInfo(peer)) if peer.ip().to_canonical().is_loopback() => next.run(request).await,
        _ => Problem::new(Kind::NotFound).into_response(),
    }
}
