//! Disconnecting: what stays and what goes is chosen first; the connection's page then shows what is left, down to
//! nothing.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use daybook_core::audit::Deed;
use daybook_core::connection::{Connection, MainCalendar, Mirrors, State as ConnectionState};
use daybook_engine::EngineError;
use daybook_engine::audit::Doing;
use daybook_engine::ports::ConnectionRef;

use super::home::to;
use super::told::told;
use super::words::{calendar, number, standing};
use super::{Ending, Guest, Posted, Room, Shell, show};

#[derive(Template)]
#[template(path = "leave.html")]
struct Leave {
    shell: Shell,
    id: String,
    calendar: &'static str,
    account: String,
    standing: String,
    events: String,
    has_signed_in: bool,
    /// The provider refuses us: nothing can be removed there.
    is_shut: bool,
    /// The main calendar is one that we made.
    is_made: bool,
}

pub(crate) async fn form(
    State(room): State<Room>,
    Path(id): Path<String>,
    guest: Guest,
) -> Result<Response, Ending> {
    let connection = guest.connection(&room.engine, &id).await?;
    let view = room.engine.view_of(connection).await.map_err(|error| Ending::of(error).to(&guest))?;
    if matches!(view.state, ConnectionState::Disconnecting | ConnectionState::Disconnected) {
        return Ok(to(&format!("/settings/connections/{id}")));
    }
    let page = Leave {
        shell: guest.shell(),
        id,
        calendar: calendar(view.connection.provider),
        account: view.connection.account.as_ref().map(|account| account.label.clone()).unwrap_or_default(),
        standing: standing(&view.counts),
        events: number(view.counts.mirrored_events, "event", "events"),
        is_made: matches!(view.connection.settings.main_calendar, MainCalendar::Made(_)),
        is_shut: view.connection.evidence.is_shut(),
        has_signed_in: view.connection.evidence.authorised_at.is_some(),
    };
    show(&page.shell, &page)
}

pub(crate) async fn leave(
    State(room): State<Room>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let connection = guest.connection(&room.engine, &id).await?;
    disconnect(&room, &posted, &connection).await.map_err(|error| Ending::of(error).to(guest))?;
    // Not your account: begin again at once.
    let next = match (fields.get("then"), &connection.evidence.succeeds) {
        ("connect", Some(succession)) => format!("/settings/connections/{}/move", succession.of),
        ("connect", None) => "/settings/connect".to_owned(),
        _ => format!("/settings/connections/{id}"),
    };
    Ok(to(&next))
}

/// As the form says what becomes of the events; the trail tells who did it.
pub(super) async fn disconnect(
    room: &Room,
    posted: &Posted,
    connection: &Connection,
) -> Result<(), EngineError> {
    let keeps = posted.fields.get("mirrors") == "keep";
    let mirrors = if keeps { Mirrors::Keep } else { Mirrors::Remove };
    let done = room.engine.disconnect(&ConnectionRef::from(connection), mirrors).await;
    told(room, &posted.guest, Doing::to(Deed::Disconnected, connection), done).await?;
    Ok(())
}
