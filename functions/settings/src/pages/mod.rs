//! Settings > Calendar Sync, for people: the signed launch that brings them, their session, and the pages. A page asks a
//! use case and shows what came of it; it decides nothing, and works with script off.
//!
//! To add a page: write a handler that takes [`Guest`] (a `GET`) or [`Posted`] (a form), which stand for a session that
//! holds and, with a form, for one of our own; give its template a field `shell` made by [`Guest::shell`] and let it
//! extend `shell.html`; answer with [`show`], or with [`show_refused`] where a form cannot be saved; and name its route in [`router`]. What goes wrong is an [`Ending`]: what it
//! is, and one thing to do next. Each form holds the line
//! `{{ shell.token_field()|safe }}`.

mod before;
mod choices;
mod connection;
mod ending;
mod feed;
mod fields;
mod home;
mod launch;
mod leave;
mod levels;
mod moving;
mod practice;
mod preview;
mod problems;
mod review;
mod session;
mod shell;
mod sign_out;
mod told;
mod verify;
mod week;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use daybook_core::ids::PracticeId;
use daybook_engine::Engine;
use daybook_engine::ports::Idempotency;

pub(crate) use ending::Ending;
pub(crate) use session::{Guest, Posted};
pub(crate) use shell::{Shell, show, show_refused};

/// A form of ours is never larger: a hundred calendars, each with a long id.
const MOST_FORM_BYTES: usize = 128 * 1024;
const STYLE: &str = concat!(
    include_str!("../../../doorway/assets/palette.css"),
    include_str!("../../assets/look.css"),
    include_str!("../../assets/settings.css")
);
const SCRIPT: &str = include_str!("../../assets/settings.js");
const MARK: &str = include_str!("../../assets/mark.svg");

/// What the pages share.
#[derive(Clone)]
pub(crate) struct Room {
    pub engine: Engine,
    /// Remembers which launches were used.
    pub used: Arc<dyn Idempotency>,
    /// Those that are looked through where a launch names none.
    pub practices: Arc<[PracticeId]>,
}

/// The launch and the pages. `practices` are those that this deployment was configured with; a launch may name others.
pub fn router(engine: Engine, used: Arc<dyn Idempotency>, practices: Vec<PracticeId>) -> Router {
    let room = Room { engine, used, practices: practices.into() };
    Router::new()
        .route("/launch", post(launch::launch))
        .route("/settings", get(home::home))
        .route("/settings/", get(|| async { Redirect::permanent("/settings") }))
        .route("/settings/connect", get(before::form).post(before::connect))
        .route("/settings/connections/{id}", get(connection::page))
        .route("/settings/connections/{id}/choices", get(choices::form).post(choices::form_again))
        .route("/settings/connections/{id}/preview", post(preview::preview))
        .route("/settings/connections/{id}/apply", post(preview::apply))
        .route("/settings/connections/{id}/leave", get(leave::form).post(leave::leave))
        .route("/settings/connections/{id}/move", get(moving::form).post(moving::begin))
        .route("/settings/connections/{id}/do", post(connection::act))
        .route("/settings/connections/{id}/verify", get(verify::form).post(verify::verify))
        .route("/settings/connections/{id}/week", get(week::page))
        .route("/settings/connections/{id}/day", post(week::decide))
        .route("/settings/connections/{id}/review", get(review::page).post(review::done))
        .route("/settings/feed", get(feed::page).post(feed::act))
        .route("/settings/practice", get(practice::page))
        .route("/settings/practice/disconnect", get(practice::disconnecting).post(practice::disconnect))
        .route("/settings/practice/policy", get(practice::policy).post(practice::apply))
        .route("/settings/practice/policy/preview", post(practice::preview))
        .route("/settings/practice/agreements", get(practice::agreements).post(practice::give))
        .route("/settings/practice/agreements/withdraw", post(practice::withdraw))
        .route("/settings/practice/audit", get(practice::trail))
        .route("/settings/practice/audit/export", get(practice::export))
        .route("/settings/log-out", post(sign_out::log_out))
        .route("/settings/assets/settings.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route(
            "/settings/assets/settings.js",
            get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .route("/settings/assets/mark.svg", get(|| async { asset("image/svg+xml", MARK) }))
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .layer(DefaultBodyLimit::max(MOST_FORM_BYTES))
        .with_state(room)
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=300")], text)
}
