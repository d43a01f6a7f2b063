//! The screen of a sandbox provider: one account's week over all its calendars, and forms to add, move, answer and
//! delete events. What it changes is what the API shows, and tells subscriptions like any other change. No script.

mod actions;
mod diary;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::civil::Date;
use serde::Deserialize;

use super::Cloud;
use crate::page::answer::{assets, page};
use actions::Notice;
use diary::{DiaryPage, Wanted};

/// What the page's address may say; whatever is left out or unknown takes its default.
#[derive(Deserialize)]
struct Wish {
    account: Option<String>,
    week: Option<String>,
    notice: Option<String>,
}

pub(super) fn routes(cloud: &Cloud) -> Router<Cloud> {
    let at = |path: &str| format!("{}{path}", cloud.mount());
    let home = at("/");
    Router::new()
        .route(cloud.mount(), get(move || async move { Redirect::permanent(&home) }))
        .route(&at("/"), get(show))
        .route(&at("/events"), post(actions::add))
        .route(&at("/events/move"), post(actions::reschedule))
        .route(&at("/events/answer"), post(actions::answer))
        .route(&at("/events/delete"), post(actions::delete))
        .merge(assets(cloud.mount()))
}

async fn show(State(cloud): State<Cloud>, Query(wish): Query<Wish>) -> Response {
    let wanted = Wanted {
        account: wish.account,
        week: wish.week.and_then(|week| week.parse::<Date>().ok()),
        notice: wish.notice.and_then(|name| Notice::from_name(&name)),
    };
    match DiaryPage::build(&cloud, &wanted).render() {
        Ok(html) => page(html),
        Err(error) => {
            tracing::error!(%error, "a sandbox provider's page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
