//! The practice's own screen: one clinician's week, and forms to book, move and cancel. It shows and
//! changes the same records as the FHIR door, and needs no script.

mod actions;
mod grid;
mod reading;
mod week;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use jiff::civil::Date;
use serde::Deserialize;

use super::control::refuse_while_unavailable;
use super::{MOUNT, Sandbox, now};
use actions::Notice;
use week::WeekPage;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("../../../assets/ehr.css");
const MARK: &str = include_str!("../../../assets/mark.svg");

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
        .route(
            &format!("{MOUNT}/assets/ehr.css"),
            get(|| async { asset("text/css; charset=utf-8", STYLE.to_owned()) }),
        )
        .route(
            &format!("{MOUNT}/assets/grid.css"),
            get(|| async { asset("text/css; charset=utf-8", grid::stylesheet()) }),
        )
        .route(&format!("{MOUNT}/assets/mark.svg"), get(|| async { asset("image/svg+xml", MARK.to_owned()) }))
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
        Ok(html) => guarded(Html(html).into_response()),
        Err(error) => {
            tracing::error!(error, "the sandbox EHR's page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn asset(kind: &'static str, text: String) -> Response {
    let kind: (HeaderName, &str) = (header::CONTENT_TYPE, kind);
    ([kind, (header::CACHE_CONTROL, "max-age=60")], text).into_response()
}
