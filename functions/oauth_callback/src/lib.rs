//! The sign-in door: our own page before the provider's, and where the provider sends the browser back to. What a
//! sign-in means is the engine's; no code, state or ticket is written anywhere from here.

mod cookie;
mod door;
mod ending;
mod origin;
mod page;
mod plan;
mod typed;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use daybook_engine::Engine;
use tower_http::set_header::SetResponseHeaderLayer;

pub use daybook_doorway::is_ours as is_own_form;
pub use origin::LeadsTo;

/// An address, a user name and a password; larger forms are refused unread.
const MOST_FORM_BYTES: usize = 16 * 1024;

const STYLE: &str =
    concat!(include_str!("../../doorway/assets/palette.css"), include_str!("../assets/sign-in.css"));
const MARK: &str = include_str!("../assets/mark.svg");

/// Our sign-in page, its style, and the providers' way back.
pub fn router(engine: Engine, leads_to: LeadsTo) -> Router {
    let door = door::Door { engine, leads_to: Arc::new(leads_to) };
    Router::new()
        .route(
            "/sign-in/{practice}/{connection}/{ticket}",
            // A link is used up by being opened, so whoever only looks whether it is there must not open it.
            get(door::open).post(door::go_on).head(|| async { StatusCode::OK }),
        )
        .route("/oauth/{provider}/callback", get(door::come_back).head(|| async { StatusCode::OK }))
        .route("/sign-in/style.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/sign-in/mark.svg", get(|| async { asset("image/svg+xml", MARK) }))
        .layer(DefaultBodyLimit::max(MOST_FORM_BYTES))
        .layer(unless_given(CACHE_CONTROL, "no-store"))
        .layer(unless_given(CONTENT_SECURITY_POLICY, origin::CLOSED_POLICY))
        .layer(unless_given(REFERRER_POLICY, "no-referrer"))
        .layer(unless_given(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .with_state(door)
}

fn unless_given(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=300")], text)
}
