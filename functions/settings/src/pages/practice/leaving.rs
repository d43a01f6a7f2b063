//! Ending a clinician's connection in their place: they have left, or their calendar must not go on.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use daybook_core::connection::{AccountName, Connection};
use daybook_engine::ports::ConnectionRef;

use super::super::fields::Fields;
use super::super::home::to;
use super::super::leave::disconnect;
use super::super::words::{calendar, number};
use super::super::{Ending, Guest, Posted, Room, Shell, show};
use super::name_of;

const HOME: &str = "/settings/practice";

#[derive(Template)]
#[template(path = "practice_leave.html")]
struct Page {
    shell: Shell,
    id: String,
    who: String,
    calendar: &'static str,
    account: Option<String>,
    events: String,
    has_signed_in: bool,
    /// Daybook can open the account, and so remove what stands there.
    is_open: bool,
}

pub(crate) async fn form(
    State(room): State<Room>,
    RawQuery(query): RawQuery,
    guest: Guest,
) -> Result<Response, Ending> {
    let id = Fields::read(query.unwrap_or_default().as_bytes()).get("connection").to_owned();
    let connection = theirs(&room, &guest, &id).await?;
    let known = room.engine.practitioner(&guest.practice.id, &connection.practitioner).await.ok();
    let view = room.engine.view_of(connection).await.map_err(|error| Ending::of(error).to(&guest))?;
    let connection = &view.connection;
    let page = Page {
        shell: guest.shell(),
        id,
        who: name_of(&connection.practitioner, known.as_ref()),
        calendar: calendar(connection.provider),
        account: connection.account.as_ref().map(AccountName::masked),
        events: number(view.counts.mirrored_events, "event", "events"),
        has_signed_in: connection.evidence.authorised_at.is_some(),
        is_open: !connection.evidence.is_shut(),
    };
    show(&page.shell, &page)
}

pub(crate) async fn leave(State(room): State<Room>, posted: Posted) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let connection = theirs(&room, guest, fields.get("connection")).await?;
    let done = disconnect(&room, &posted, &connection).await;
    done.map_err(|error| Ending::of(error).to(guest).with_link(HOME, "Back"))?;
    Ok(to(HOME))
}

/// Any connection of the practice.
async fn theirs(room: &Room, guest: &Guest, id: &str) -> Result<Connection, Ending> {
    guest.administers()?;
    let at = ConnectionRef { practice: guest.practice.id.clone(), id: id.into() };
    room.engine.find(&at).await.map_err(|error| Ending::of(error).to(guest).with_link(HOME, "Back"))
}
