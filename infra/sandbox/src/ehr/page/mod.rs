//! The practice's own screen: one clinician's week, and forms to book, move and cancel. It shows and
//! changes the same records as the FHIR door, and needs no script.

mod actions;
mod reading;
mod settings;
mod week;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::civil::Date;
use serde::Deserialize;

use super::control::refuse_while_unavailable;
use super::{MOUNT, Sandbox, now};
use crate::page::answer::{self, assets};
use actions::Notice;
use week::WeekPage;

pub(super) use reading::name_of;

/// What the page's address may say; whatever is left out or unknown takes its default.
#[derive(Deserialize)]
struct Wish {
    practitioner: Option<String>,
    week: Option<String>,
    notice: Option<String>,
}

pub(super) fn routes(sandbox: &Sandbox) -> Router<Sandbox> {
    Router::new()
        .route(&format!("{MOUNT}/"), get(show))
        .route(&format!("{MOUNT}/appointments"), post(actions::book))
        .route(&format!("{MOUNT}/appointments/{{id}}/move"), post(actions::reschedule))
        .route(&format!("{MOUNT}/appointments/{{id}}/cancel"), post(actions::cancel))
        .route(&format!("{MOUNT}/settings"), get(settings::show))
        .route(&format!("{MOUNT}/settings/calendar-sync"), post(settings::launch))
        .merge(assets(MOUNT))
        .layer(middleware::from_fn_with_state(sandbox.clone(), refuse_while_unavailable))
}

async fn show(State(sandbox): State<Sandbox>, Query(wish): Query<Wish>) -> Response {
    let monday = wish.week.and_then(|week| week.parse::<Date>().ok());
    let notice = wish.notice.and_then(|name| Notice::from_name(&name));
    let built = sandbox
        .transact(|tx| WeekPage::build(tx, wish.practitioner.as_deref(), monday, notice, now()))
        .map_err(|error| error.to_string())
        .and_then(|page| page.render().map_err(|error| error.to_string()));
    match built {
        Ok(html) => answer::page(html),
        Err(error) => {
            tracing::error!(error, "the sandbox EHR's page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
