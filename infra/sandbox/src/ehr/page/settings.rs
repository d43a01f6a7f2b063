//! Settings > Scheduling > Calendar Sync: from here a person goes to the calendar sync, by a form that this EHR has
//! signed. Who may act for whom is not asked: everyone here is invented.

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::reading::{name_of, text};
use crate::ehr::kind::Kind;
use crate::ehr::launch::Sent;
use crate::ehr::store::Tx;
use crate::ehr::{MOUNT, Sandbox, now, zone};
use crate::page::answer::{self, is_cross_site};

#[derive(Template)]
#[template(path = "calendar_sync.html")]
struct SettingsPage {
    mount: &'static str,
    look: &'static str,
    practice: String,
    zone: String,
    clinicians: Vec<Person>,
    id: String,
    name: String,
    is_offered: bool,
}

struct Person {
    id: String,
    name: String,
    is_chosen: bool,
}

/// Sends the form on by itself; with script off, by a button.
#[derive(Template)]
#[template(path = "launch.html")]
struct LaunchPage {
    mount: &'static str,
    look: &'static str,
    url: String,
    token: String,
}

/// The same, to a frame on the page.
#[derive(Template)]
#[template(path = "framed.html")]
struct FramePage {
    mount: &'static str,
    look: &'static str,
    practitioner: String,
    url: String,
    token: String,
}

#[derive(Deserialize)]
pub(super) struct Wish {
    practitioner: Option<String>,
}

pub(super) async fn show(State(sandbox): State<Sandbox>, Query(wish): Query<Wish>) -> Response {
    match sandbox.transact(|tx| build(tx, wish.practitioner.as_deref(), sandbox.inner.launch.get().is_some()))
    {
        Ok(page) => rendered(&page).map_or_else(IntoResponse::into_response, answer::page),
        Err(error) => {
            tracing::error!(%error, "the sandbox EHR's settings could not be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn build(tx: &Tx<'_>, wanted: Option<&str>, is_offered: bool) -> rusqlite::Result<SettingsPage> {
    let found = tx.bodies(Kind::Practitioner, &[])?;
    let person = |body| Person { id: text(body, "id"), name: name_of(body), is_chosen: false };
    let mut clinicians: Vec<Person> = found.iter().map(person).collect();
    let position = clinicians.iter().position(|one| Some(one.id.as_str()) == wanted).unwrap_or(0);
    let (id, name) = match clinicians.get_mut(position) {
        Some(chosen) => {
            chosen.is_chosen = true;
            (chosen.id.clone(), chosen.name.clone())
        }
        None => Default::default(),
    };
    let practice = tx.bodies(Kind::Location, &[])?.first().map(name_of).unwrap_or_default();
    let zone = zone::of_practice(tx)?.iana_name().unwrap_or("UTC").to_owned();
    Ok(SettingsPage { mount: MOUNT, look: "ehr", practice, zone, clinicians, id, name, is_offered })
}

#[derive(Deserialize)]
pub(super) struct Launch {
    practitioner: String,
    #[serde(rename = "as")]
    role: Role,
    #[serde(default, rename = "in")]
    place: Place,
}

/// Where the calendar sync is shown.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    #[default]
    Window,
    Frame,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    Clinician,
    Delegate,
    Admin,
}

/// The button: a page whose form holds a fresh token.
pub(super) async fn launch(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    Form(wanted): Form<Launch>,
) -> Response {
    if is_cross_site(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(target) = sandbox.inner.launch.get() else { return StatusCode::NOT_FOUND.into_response() };
    let sent = match wanted.role {
        Role::Clinician => Sent::Clinician(wanted.practitioner.clone()),
        Role::Delegate => Sent::Delegate(wanted.practitioner.clone()),
        Role::Admin => Sent::Admin,
    };
    let Ok(token) = sandbox.inner.launch_key.token(target, &sent, now()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (url, origin) = (target.url.to_string(), target.url.origin().ascii_serialization());
    let html = match wanted.place {
        Place::Window => rendered(&LaunchPage { mount: MOUNT, look: "ehr", url, token }),
        Place::Frame => {
            let practitioner = wanted.practitioner;
            rendered(&FramePage { mount: MOUNT, look: "ehr", practitioner, url, token })
        }
    };
    html.map_or_else(IntoResponse::into_response, |html| answer::scripted_page_leading_to(html, &origin))
}

fn rendered(page: &impl Template) -> Result<String, StatusCode> {
    page.render().map_err(|error| {
        tracing::error!(%error, "a page of the sandbox EHR could not be made");
        StatusCode::INTERNAL_SERVER_ERROR
    })
}
