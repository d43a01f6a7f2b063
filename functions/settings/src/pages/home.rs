//! The first page: which calendars are connected and how they are. A clinician without any begins at once; an
//! administrator goes on to the practice.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use daybook_core::connection::{Connection, State as ConnectionState};
use daybook_core::launch::Role;
use daybook_engine::view::{View, state_word};

use super::connection::{Over, over};
use super::words::{Zone, calendar, review_asked, sentence};
use super::{Ending, Guest, Room, Shell, feed, show};

/// More connections than this are not listed: a clinician has one or two.
const MOST_SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shell: Shell,
    rows: Vec<Row>,
    feed: Option<Subscription>,
}

/// The read-only feed, if there is one.
struct Subscription {
    /// Names its colour.
    mark: &'static str,
    since: String,
    sentence: String,
}

/// One connection.
struct Row {
    id: String,
    calendar: &'static str,
    account: String,
    /// Names its colour.
    state: &'static str,
    sentence: String,
    left: Option<String>,
    review_asked: Option<String>,
}

pub(crate) async fn home(State(room): State<Room>, guest: Guest) -> Result<Response, Ending> {
    if guest.session.visitor.role == Role::Admin {
        return Ok(to("/settings/practice"));
    }
    let rows = rows(&room, &guest).await?;
    let feed = subscription(&room, &guest).await?;
    if rows.is_empty() && feed.is_none() {
        return Ok(to("/settings/connect"));
    }
    let page = Home { shell: guest.shell(), rows, feed };
    show(&page.shell, &page)
}

async fn subscription(room: &Room, guest: &Guest) -> Result<Option<Subscription>, Ending> {
    let own = guest.practitioner()?;
    let found = room.engine.feed(&guest.practice.id, own).await;
    let Some(view) = found.map_err(|error| Ending::of(error).to(guest))? else { return Ok(None) };
    let zone = Zone::of_clinician(&room.engine, &guest.practice, own).await;
    let since = zone.time(view.feed.made_at);
    Ok(Some(Subscription { mark: feed::mark(&view), since, sentence: feed::sentence(&view, &zone) }))
}

async fn rows(room: &Room, guest: &Guest) -> Result<Vec<Row>, Ending> {
    let own = guest.practitioner()?;
    let engine = &room.engine;
    let found = engine.store.list_connections(&guest.practice.id, Some(own)).await;
    let found = found.map_err(|error| Ending::of(error.into()).to(guest))?;
    let mut rows = Vec::new();
    let shown: Vec<Connection> = found.iter().filter(|one| one.concerns_clinician(&found)).cloned().collect();
    for connection in shown.into_iter().take(MOST_SHOWN) {
        let zone = Zone::of(engine, &connection, &guest.practice).await;
        let view = engine.view_of(connection).await.map_err(|error| Ending::of(error).to(guest))?;
        rows.push(Row {
            id: view.connection.id.to_string(),
            calendar: calendar(view.connection.provider),
            account: view
                .connection
                .account
                .as_ref()
                .map(|account| account.label.clone())
                .unwrap_or_default(),
            state: state_word(view.state),
            sentence: sentence(&view, &zone),
            left: left_behind(&view),
            review_asked: review_asked(&view, &zone),
        });
    }
    Ok(rows)
}

/// Of one that has ended.
fn left_behind(view: &View) -> Option<String> {
    match over(view) {
        Over::Left(left) if view.state == ConnectionState::Disconnected => Some(left),
        Over::Left(_) | Over::Kept | Over::Nothing => None,
    }
}

/// On to another page of ours.
pub(crate) fn to(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response()
}
