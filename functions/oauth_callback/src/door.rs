//! The handlers: open our page, go on to the provider or with a password, come back.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use daybook_core::audit::{Deed, Hand, Who};
use daybook_core::connection::{Connection, Provider};
use daybook_doorway::{SessionCookie, is_ours};
use daybook_engine::Engine;
use daybook_engine::audit::Doing;
use daybook_engine::sign_in::{Link, Returned, Stopped, Why, nonce_of_state};
use secrecy::SecretString;
use serde::Deserialize;

use crate::cookie;
use crate::ending::{Ending, retype};
use crate::origin::{self, LeadsTo};
use crate::page::{self, Again, Server};
use crate::typed::Typed;

#[derive(Clone)]
pub(crate) struct Door {
    pub engine: Engine,
    pub leads_to: Arc<LeadsTo>,
}

/// A link as its path spells it.
#[derive(Deserialize)]
pub(crate) struct Place {
    practice: String,
    connection: String,
    ticket: String,
}

impl Place {
    fn link(self) -> Link {
        Link::new(&self.practice, &self.connection, self.ticket)
    }
}

/// What our own link says beside its path.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    server: Option<String>,
}

/// What a browser brings back. Other parameters that a provider adds are not read.
#[derive(Deserialize)]
pub(crate) struct Back {
    state: SecretString,
    code: Option<SecretString>,
    error: Option<String>,
    error_description: Option<String>,
}

/// `GET /sign-in/{practice}/{connection}/{ticket}`.
pub(crate) async fn open(
    State(door): State<Door>,
    Path(place): Path<Place>,
    chosen: Result<Query<Chosen>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Ending> {
    if origin::is_prefetch(&headers) {
        return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response());
    }
    let link = place.link();
    let cookie = door.cookie(link.nonce())?;
    let opened = door.engine.open_sign_in(&link, cookie.shown(&headers)).await;
    let opened = opened.map_err(|stopped| Ending::of(stopped, None))?;
    let server = Server::of(chosen.ok().and_then(|Query(chosen)| chosen.server).as_deref());
    page::sign_in(&door.leads_to, &opened, &cookie, server, None)
}

/// `POST` to the same address: on to the provider's page, or the password that was typed.
pub(crate) async fn go_on(
    State(door): State<Door>,
    Path(place): Path<Place>,
    headers: HeaderMap,
    form: Bytes,
) -> Result<Response, Ending> {
    if !is_ours(&headers, &door.engine.public_url) {
        return Err(Ending::foreign_form());
    }
    let link = place.link();
    let cookie = door.cookie(link.nonce())?;
    let browser = cookie.shown(&headers).ok_or_else(|| Ending::of(Why::OtherBrowser.into(), None))?;
    if let Some(typed) = Typed::read(&form) {
        let from = Begun::of(&headers, &door.engine.public_url);
        return door.with_password(&link, browser, &typed, from).await;
    }
    let page = door.engine.leave_for_provider(&link, browser).await;
    let page = page.map_err(|stopped| Ending::of(stopped, None))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, page)]).into_response())
}

/// `GET /oauth/{provider}/callback`.
pub(crate) async fn come_back(
    State(door): State<Door>,
    Path(provider): Path<String>,
    query: Result<Query<Back>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Ending> {
    let over = || Ending::of(Why::LinkOver.into(), None);
    let provider = match provider.as_str() {
        "google" => Provider::Google,
        "microsoft" => Provider::Microsoft,
        _ => return Err(Ending::nowhere()),
    };
    let Ok(Query(Back { state, code, error, error_description })) = query else { return Err(over()) };
    let returned = match (code, error) {
        (_, Some(error)) => Returned::Error(error, error_description.unwrap_or_default()),
        (Some(code), None) => Returned::Code(code),
        (None, None) => return Err(over()),
    };
    let state = secrecy::ExposeSecret::expose_secret(&state);
    let cookie = door.cookie(nonce_of_state(state))?;
    let from = Begun::of(&headers, &door.engine.public_url);
    let done = door.engine.finish_sign_in(provider, state, returned, cookie.shown(&headers)).await;
    let connection = done.map_err(|stopped| Ending::of(stopped, Some(provider)).from(from))?;
    door.told(&connection).await;
    page::done(&connection, from)
}

/// Where a sign-in was begun, and so where it leads back to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Begun {
    /// On our settings page, whose session this browser shows. Whether it holds is for that page to say.
    Settings,
    Elsewhere,
}

impl Begun {
    fn of(headers: &HeaderMap, public_url: &str) -> Self {
        let shown = SessionCookie::at(public_url).shown(headers);
        shown.map_or(Self::Elsewhere, |_| Self::Settings)
    }
}

impl Door {
    /// The cookie of one sign-in.
    fn cookie(&self, nonce: Option<&str>) -> Result<cookie::Name, Ending> {
        cookie::Name::of(nonce, &self.engine.public_url).ok_or_else(|| Ending::of(Why::LinkOver.into(), None))
    }

    async fn with_password(
        &self,
        link: &Link,
        browser: &str,
        typed: &Typed,
        from: Begun,
    ) -> Result<Response, Ending> {
        let login = match typed.check() {
            Ok(login) => login,
            Err(fault) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return self.ask_again(link, browser, &Again { typed, fault, status }).await;
            }
        };
        match self.engine.sign_in_with_password(link, browser, login).await {
            Ok(connection) => {
                self.told(&connection).await;
                page::done(&connection, from)
            }
            Err(stopped) => {
                let after = self.after_password(link, browser, typed, stopped).await;
                after.map_err(|ending| ending.from(from))
            }
        }
    }

    /// The page again, where another try on it can help.
    async fn after_password(
        &self,
        link: &Link,
        browser: &str,
        typed: &Typed,
        stopped: Stopped,
    ) -> Result<Response, Ending> {
        match retype(&stopped.why) {
            Some((status, fault)) => {
                self.ask_again(link, browser, &Again { typed, fault: &fault, status }).await
            }
            None => Err(Ending::of(stopped, Some(Provider::Caldav))),
        }
    }

    async fn ask_again(&self, link: &Link, browser: &str, again: &Again<'_>) -> Result<Response, Ending> {
        let opened = self.engine.open_sign_in(link, Some(browser)).await;
        let opened = opened.map_err(|stopped| Ending::of(stopped, None))?;
        page::sign_in(&self.leads_to, &opened, &self.cookie(link.nonce())?, Server::Unsaid, Some(again))
    }

    /// The audit trail: a sign-in, and the start where the sign-in was the yes.
    async fn told(&self, connection: &Connection) {
        let evidence = &connection.evidence;
        let starts = evidence.started_at.is_some() && evidence.started_at == evidence.authorised_at;
        for deed in std::iter::once(Deed::SignedIn).chain(starts.then_some(Deed::Started)) {
            let who = Who { hand: Hand::Browser, user: None };
            self.engine.note(&connection.practice, who, Doing::to(deed, connection)).await;
        }
    }
}
