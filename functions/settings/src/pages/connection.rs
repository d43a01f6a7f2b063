//! One connection: its state in one honest sentence, its problems with what to do, and what a person may do to it.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use daybook_core::audit::{Deed, settings_parts};
use daybook_core::connection::{
    Direction, Disconnect, MainCalendar, Mirrors, ProblemKind, State as ConnectionState,
};
use daybook_core::ids::CalendarId;
use daybook_core::new_calendar::{Answer, questions};
use daybook_engine::audit::Doing;
use daybook_engine::ports::ConnectionRef;
use daybook_engine::view::{View, state_word};

use super::before::chosen_before;
use super::home::to;
use super::levels::why;
use super::moving::{Moving, Step};
use super::problems::{Told, confirmation, problems};
use super::session::Place;
use super::told::told;
use super::words::{Zone, calendar, left, put_back, review_asked, sentence, standing, verified};
use super::{Ending, Guest, Posted, Room, Shell, show};

#[derive(Template)]
#[template(path = "connection.html")]
struct Page {
    shell: Shell,
    id: String,
    calendar: &'static str,
    account: String,
    /// Names its colour.
    state: &'static str,
    sentence: String,
    standing: String,
    owing: u64,
    over: Over,
    progress: Option<(u64, u64)>,
    problems: Vec<Told>,
    /// Over the problems.
    heading: &'static str,
    summary: Vec<(&'static str, String)>,
    sign_in: Option<String>,
    /// Goes with the sign-in's address.
    chosen: &'static str,
    /// The page looks again by itself.
    is_moving: bool,
    opens_window: bool,
    /// What the yes does that the brake waits for.
    confirmation: Option<String>,
    moving: Moving,
    put_back: Option<String>,
    review_asked: Option<String>,
    verified: Option<String>,
    may_change: bool,
    /// New calendars about which nobody has answered: id and name.
    newcomers: Vec<(String, String)>,
}

/// What a connection that has ended has left.
pub(crate) enum Over {
    /// The proof: every link is gone.
    Nothing,
    /// The person wanted it so.
    Kept,
    Left(String),
}

pub(crate) async fn page(
    State(room): State<Room>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    guest: Guest,
) -> Result<Response, Ending> {
    let connection = guest.connection(&room.engine, &id).await?;
    let zone = Zone::of(&room.engine, &connection, &guest.practice).await;
    let view = room.engine.view_of(connection).await.map_err(|error| Ending::of(error).to(&guest))?;
    let moving = Moving::of(&room, &guest, &view).await?;
    let page = page_of(&guest, &view, &zone, moving, chosen_before(query.as_deref()));
    show(&page.shell, &page)
}

fn page_of(guest: &Guest, view: &View, zone: &Zone, moving: Moving, chosen: &'static str) -> Page {
    let connection = &view.connection;
    let is_settling = view.state == ConnectionState::Active && !connection.signals.settled();
    let progress = connection.progress.filter(|_| view.state == ConnectionState::Syncing);
    Page {
        shell: guest.shell(),
        id: connection.id.to_string(),
        calendar: calendar(connection.provider),
        account: connection.account.as_ref().map(|account| account.label.clone()).unwrap_or_default(),
        state: state_word(view.state),
        sentence: sentence(view, zone),
        standing: standing(&view.counts),
        owing: view.counts.owing,
        over: over(view),
        progress: progress.map(|progress| (progress.done, progress.total)),
        problems: problems(connection, zone),
        heading: if connection.needs_attention() { "What needs attention" } else { "Good to know" },
        summary: summary(view),
        newcomers: newcomers(view),
        put_back: put_back(view, zone),
        review_asked: review_asked(view, zone),
        verified: verified(connection, zone),
        // What is signed out cannot tell its calendars.
        may_change: view.state != ConnectionState::ReconnectRequired
            || connection.evidence.lacks_access_only(),
        sign_in: view.authorise_url.clone(),
        chosen,
        is_moving: is_settling
            || moving.goes_on()
            || matches!(view.state, ConnectionState::Syncing | ConnectionState::Disconnecting),
        moving,
        opens_window: guest.session.place == Place::Frame,
        confirmation: confirmation(connection),
    }
}

/// Leftovers are never passed over: neither what is still linked, nor what could no longer be reached.
pub(crate) fn over(view: &View) -> Over {
    let connection = &view.connection;
    let behind = connection.problems.values().filter(|problem| problem.kind == ProblemKind::LeftBehind);
    let behind: Vec<&str> = behind.map(|problem| problem.detail.as_str()).collect();
    let linked = view.counts.mirrored_events + view.counts.busy_blocks;
    match connection.evidence.disconnect {
        _ if !behind.is_empty() => Over::Left(behind.join("; ")),
        _ if linked > 0 => Over::Left(left(&view.counts)),
        Some(Disconnect { mirrors: Mirrors::Keep, .. }) => Over::Kept,
        _ => Over::Nothing,
    }
}

fn newcomers(view: &View) -> Vec<(String, String)> {
    if view.state != ConnectionState::Active {
        return Vec::new();
    }
    let asked = questions(&view.connection).into_iter();
    asked.map(|calendar| (calendar.id.to_string(), calendar.name.clone())).collect()
}

/// What was chosen, in words.
fn summary(view: &View) -> Vec<(&'static str, String)> {
    let settings = &view.connection.settings;
    let direction = match settings.direction {
        Direction::EhrToCalendar => "Appointments appear in your calendar",
        Direction::TwoWay => "Both ways: your busy times also close the EHR",
    };
    let main = match &settings.main_calendar {
        MainCalendar::Create(name) => format!("“{name}”, to be made"),
        MainCalendar::Made(calendar) | MainCalendar::Existing(calendar) => format!("“{}”", calendar.name),
        MainCalendar::None => "None: nothing is written".to_owned(),
    };
    let (past, future) = (settings.window.past_days(), settings.window.future_days());
    let range = format!("From {past} days ago to {future} days ahead");
    let level = super::levels::name(view.effective_detail);
    let detail = match view.effective_detail_reason {
        Some(cap) => format!("{level}. {}", why(cap)),
        None => level.to_owned(),
    };
    vec![
        ("Direction", direction.to_owned()),
        ("Main calendar", main),
        ("Time range", range),
        ("Detail", detail),
    ]
}

/// The buttons: one deed each.
pub(crate) async fn act(
    State(room): State<Room>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let connection = guest.connection(&room.engine, &id).await?;
    let at = ConnectionRef::from(&connection);
    let engine = &room.engine;
    let (deed, done) = match fields.get("deed") {
        "sync" => (Deed::SyncAsked, engine.sync_now(&at).await),
        "pause" => (Deed::Paused, engine.pause(&at).await),
        "resume" => (Deed::Resumed, engine.resume(&at).await),
        "confirm_deletions" => (Deed::DeletionsConfirmed, engine.confirm_deletions(&at).await),
        "calendar_closes" | "calendar_does_not" => {
            let answer =
                if fields.get("deed") == "calendar_closes" { Answer::Closes } else { Answer::ClosesNothing };
            let calendar = CalendarId::new(fields.get("calendar"));
            (Deed::SettingsChanged, engine.answer_about_calendar(&at, &calendar, answer).await)
        }
        "sign_in" => return room.to_sign_in(guest, &connection).await,
        _ => return Err(Ending::nowhere().to(guest)),
    };
    let page = format!("/settings/connections/{id}");
    let after = done.as_ref().map(|changed| settings_parts(&connection.settings, &changed.settings));
    let doing = Doing::to(deed, &connection).changing(after.unwrap_or_default());
    told(&room, guest, doing, done).await.map_err(|error| Ending::at(guest, &id, error))?;
    Ok(to(&page))
}
