//! All doors on one address: the API, the hooks, the sign-in, the sandbox, the start page, health. What every answer has in
//! common (a request id, security headers, a time limit) is added here.

use std::any::Any;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use daybook_engine::ports::Practices;
use daybook_settings::{Kind, Problem};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::config::DEMO;
use crate::house::House;
use crate::page;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Connecting asks a calendar server several things, each of which may take half a minute.
const LONGEST_REQUEST: Duration = Duration::from_mins(2);
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Everything that this process answers.
pub fn router(house: &House) -> Router {
    let doors = Router::new()
        .merge(daybook_settings::router(
            house.engine.clone(),
            house.keyring.clone(),
            std::sync::Arc::new(house.table.clone()),
        ))
        .merge(daybook_ehr_change::router(house.engine.clone(), house.hooks.clone()))
        .merge(daybook_provider_webhook::router(house.engine.clone()))
        .merge(daybook_oauth_callback::router(house.engine.clone(), house.leads_to.clone()))
        // Asked again, the answer may be another one.
        .layer(SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-store")));
    let health = Router::new().route("/health", get(health)).with_state(house.table.clone());
    Router::new()
        .merge(doors)
        .merge(health)
        .merge(page::routes(house))
        .merge(sandbox(house))
        .fallback(|| async { Problem::new(Kind::NotFound) })
        .layer(
            ServiceBuilder::new()
                .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
                .layer(TraceLayer::new_for_http().make_span_with(span))
                .layer(PropagateRequestIdLayer::new(REQUEST_ID))
                .layer(SetResponseHeaderLayer::if_not_present(
                    CONTENT_SECURITY_POLICY,
                    HeaderValue::from_static(PAGE_POLICY),
                ))
                .layer(SetResponseHeaderLayer::if_not_present(
                    X_CONTENT_TYPE_OPTIONS,
                    HeaderValue::from_static("nosniff"),
                ))
                .layer(SetResponseHeaderLayer::if_not_present(
                    REFERRER_POLICY,
                    HeaderValue::from_static("no-referrer"),
                ))
                .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST_REQUEST))
                .layer(CatchPanicLayer::custom(internal)),
        )
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

/// The route and not the path: a path may hold what a person typed.
fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), route, id)
}

/// The panic's own text stays in the log.
fn internal(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(Kind::Internal).into_response()
}

/// Whether the doors can reach their table.
async fn health(State(table): State<daybook_dynamodb::Table>) -> Response {
    match table.find_practice(&DEMO.into()).await {
        Ok(_) => axum::Json(Health { status: "ok" }).into_response(),
        Err(error) => {
            tracing::warn!(error = crate::chain(&error), "the table does not answer");
            Problem::new(Kind::Unavailable).with_retry_after(5).into_response()
        }
    }
}

#[derive(serde::Serialize)]
struct Health {
    status: &'static str,
}
