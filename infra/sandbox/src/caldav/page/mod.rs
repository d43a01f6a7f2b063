//! A page for people without a calendar app: one person's week, and forms to add, move and delete events. It shows
//! and changes what clients see, and needs no script.

mod actions;
mod week;

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::civil::Date;

use super::{CalDav, MOUNT, people};
use crate::page::answer;
use actions::Notice;
use week::WeekPage;

pub(super) fn routes() -> Router<CalDav> {
    Router::new()
        .merge(answer::assets(MOUNT))
        .route(&format!("{MOUNT}/events"), post(actions::add))
        .route(&format!("{MOUNT}/events/move"), post(actions::reschedule))
        .route(&format!("{MOUNT}/events/delete"), post(actions::delete))
}

/// The week that a query names; whatever is left out or unknown takes its default.
pub(super) fn show(server: &CalDav, query: &str, headers: &HeaderMap) -> Response {
    let said = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let [first, _] = &people::PEOPLE;
    let person = said("person").and_then(|id| people::find(&id)).unwrap_or(first);
    let week = said("week").and_then(|week| week.parse::<Date>().ok());
    let notice = said("notice").and_then(|name| Notice::from_name(&name));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let built = server
        .transact(|tx| WeekPage::build(tx, person, week, server.now()))
        .map_err(|error| error.to_string())
        .and_then(|page| page.said(host, notice).render().map_err(|error| error.to_string()));
    match built {
        Ok(html) => answer::page(html),
        Err(error) => {
            tracing::error!(error, "the sandbox CalDAV server's page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
