//! A first connection by a click: makes one for a clinician of the sandbox EHR and leads to its sign-in page. It is
//! offered to this machine alone, and signs nobody in.

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Form, Router};
use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, Connection, Direction, MainCalendar, Provider, Settings, Start,
    State as ConnectionState,
};
use daybook_core::detail::Detail;
use daybook_core::ids::PractitionerId;
use daybook_core::window::WindowDays;
use daybook_doorway::{Kind, Problem};
use daybook_engine::connect::NewConnection;
use daybook_engine::{Engine, EngineError};
use daybook_oauth_callback::is_own_form;
use serde::Deserialize;

use crate::config::DEMO;

/// What the start page's form asks for.
#[derive(Deserialize)]
struct Wanted {
    practitioner: String,
    provider: Which,
    #[serde(default)]
    direction: Way,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    Google,
    Microsoft,
    Caldav,
}

/// A box that is not ticked is not sent.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    #[default]
    EhrToCalendar,
    TwoWay,
}

/// `POST /try`.
pub fn routes(engine: Engine) -> Router {
    Router::new().route("/try", post(begin)).with_state(engine)
}

async fn begin(
    State(engine): State<Engine>,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Problem> {
    if !is_own_form(&headers, &engine.public_url) {
        return Err(Problem::new(Kind::NotFound));
    }
    let connection = match waiting(&engine, &wanted).await? {
        Some(connection) => connection,
        None => engine.connect(asked(&wanted)).await?,
    };
    let link = engine.sign_in_link(&connection).await?.ok_or_else(|| Problem::new(Kind::WrongState))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, link)]).into_response())
}

/// One that was begun like this before and waits still.
async fn waiting(engine: &Engine, wanted: &Wanted) -> Result<Option<Connection>, EngineError> {
    let practitioner = PractitionerId::new(&wanted.practitioner);
    let all = engine.store.list_connections(&DEMO.into(), Some(&practitioner)).await?;
    let is_same = |connection: &Connection| {
        connection.evidence.state() == ConnectionState::Authorising
            && connection.provider == provider(wanted.provider)
            && connection.settings == settings(wanted.direction)
    };
    Ok(all.into_iter().find(is_same))
}

fn asked(wanted: &Wanted) -> NewConnection {
    NewConnection {
        practice: DEMO.into(),
        practitioner: PractitionerId::new(&wanted.practitioner),
        provider: provider(wanted.provider),
        settings: settings(wanted.direction),
        login: None,
    }
}

fn provider(which: Which) -> Provider {
    match which {
        Which::Google => Provider::Google,
        Which::Microsoft => Provider::Microsoft,
        Which::Caldav => Provider::Caldav,
    }
}

/// The API's defaults.
fn settings(way: Way) -> Settings {
    Settings {
        direction: match way {
            Way::EhrToCalendar => Direction::EhrToCalendar,
            Way::TwoWay => Direction::TwoWay,
        },
        window: WindowDays::default(),
        detail: Detail::default(),
        main_calendar: MainCalendar::Create("Work schedule".to_owned()),
        blocking_calendars: BlockingCalendars::Owned,
        aged_out: AgedOut::default(),
        block_scope: BlockScope::default(),
        reminder_minutes: None,
        start: Start::default(),
    }
}
