//! Logging out: the cookie goes. Nothing else is kept of a session, so nothing else is to be ended.

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use daybook_core::audit::Deed;
use daybook_engine::audit::Doing;

use super::session::end;
use super::told::told;
use super::{Ending, Posted, Room, Shell, show};

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut {
    shell: Shell,
    return_url: Option<String>,
}

pub(crate) async fn log_out(State(room): State<Room>, posted: Posted) -> Result<Response, Ending> {
    let guest = posted.guest;
    told(&room, &guest, Doing::of(Deed::LoggedOut), Ok(())).await?;
    let shell = Shell::strange_in(&guest.practice);
    let session = guest.session;
    let page = SignedOut { shell, return_url: session.visitor.return_url };
    let cookie = end(&room.engine, session.place)?;
    let body = show(&page.shell, &page)?;
    Ok(([(SET_COOKIE, cookie)], body).into_response())
}
