//! What would happen, in counts, before anything does; and the yes. What was chosen is carried along in the form, so that
//! nothing is saved, and nothing lost, before the click.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use daybook_core::access::Access;
use daybook_core::audit::{Deed, settings_parts};
use daybook_core::connection::{Connection, Direction, MainCalendar, Settings};
use daybook_core::detail::{Cap, Detail};
use daybook_engine::audit::Doing;
use daybook_engine::command::Patch;
use daybook_engine::ports::{ConnectionRef, RemoteError};
use daybook_engine::preview::Preview;
use daybook_engine::{EngineError, chain};
use tokio::time::timeout;

use super::choices::{NAMES, again, patch};
use super::fields::Fields;
use super::home::to;
use super::levels::{name, why};
use super::moving::then;
use super::told::told;
use super::words::{Places, Zone, provider, to_appointments, to_blocks};
use super::{Ending, Guest, Posted, Room, Shell, show};

const VERSION: &str = "version";

/// So long a person waits for the counts. The rest of the answer still fits into what a door on Lambda has for all of it
/// ([`daybook_doorway::ON_LAMBDA`]): whoever chose a wide range is not left with an empty page.
const LONGEST_COUNT: Duration = Duration::from_secs(15);

#[derive(Template)]
#[template(path = "preview.html")]
#[expect(clippy::struct_excessive_bools, reason = "what the page shows or leaves out")]
struct PreviewPage {
    shell: Shell,
    id: String,
    provider: &'static str,
    is_started: bool,
    counted: Counted,
    /// The word on the button.
    yes: &'static str,
    /// Where an appointment will tell less than was chosen, or may.
    tells: Option<String>,
    writes_nothing: bool,
    is_two_way: bool,
    /// The calendar that we made is left for another.
    leaves_made: bool,
    fields: Vec<(String, String)>,
    version: u64,
}

/// How much an appointment will tell.
#[derive(Clone, Copy)]
enum Level {
    Known(Detail, Option<Cap>),
    /// Nobody could look at who sees the calendar.
    Unseen,
}

/// What the look at both sides came to.
enum Counted {
    Lines {
        appointments: Vec<String>,
        blocks: Vec<String>,
        /// The second phase, for one that takes another's place.
        then: Vec<String>,
        /// When something of the clinician's own takes place exactly when an appointment does.
        by_hand: Vec<String>,
    },
    /// The provider has to allow more before anybody can look.
    NeedsConsent,
    /// One side did not answer, or not in time.
    NotNow,
}

pub(crate) async fn preview(
    State(room): State<Room>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Ending> {
    let connection = posted.guest.connection(&room.engine, &id).await?;
    match seen(&room, &posted, &connection).await {
        Ok(page) => show(&page.shell, &page),
        Err(fault) => again(&room, &posted, &connection, fault).await,
    }
}

async fn seen(room: &Room, posted: &Posted, connection: &Connection) -> Result<PreviewPage, Ending> {
    let Posted { guest, fields } = posted;
    let patch = asked(posted, connection)?;
    let (counted, level) = counted(room, guest, connection, &patch).await.map_err(Ending::of)?;
    let is_started = connection.evidence.started_at.is_some();
    let main = patch.main_calendar.as_ref().unwrap_or(&connection.settings.main_calendar);
    Ok(PreviewPage {
        shell: guest.shell(),
        id: connection.id.to_string(),
        provider: provider(connection.provider),
        is_started,
        counted,
        yes: if is_started { "Save" } else { "Start Sync" },
        tells: tells(main, patch.detail.unwrap_or(connection.settings.detail), level),
        writes_nothing: patch.main_calendar == Some(MainCalendar::None),
        leaves_made: leaves_made(&connection.settings.main_calendar, &patch),
        is_two_way: patch.direction == Some(Direction::TwoWay),
        fields: fields.only(&NAMES),
        version: connection.version,
    })
}

/// What the chosen calendar makes of the chosen level. Where nobody could look at it, what may come of it.
fn tells(main: &MainCalendar, wanted: Detail, level: Level) -> Option<String> {
    match (level, main) {
        (_, MainCalendar::None) => None,
        (Level::Known(detail, Some(cap)), _) if detail < wanted => {
            Some(format!("An appointment will tell less than you chose: “{}”. {}", name(detail), why(cap)))
        }
        (Level::Unseen, MainCalendar::Existing(_)) if wanted > Detail::Busy => {
            let less = name(Detail::Busy);
            Some(format!(
                "If others see the calendar that you chose, an appointment there tells less: “{less}”."
            ))
        }
        (Level::Known(..) | Level::Unseen, _) => None,
    }
}

fn leaves_made(before: &MainCalendar, patch: &Patch) -> bool {
    matches!(before, MainCalendar::Made(_)) && patch.main_calendar.as_ref().is_some_and(|main| main != before)
}

/// What the form would change of the connection.
fn asked(posted: &Posted, connection: &Connection) -> Result<Patch, Ending> {
    patch(&posted.fields, &connection.settings, posted.guest.practice.policy.window)
}

async fn counted(
    room: &Room,
    guest: &Guest,
    connection: &Connection,
    patch: &Patch,
) -> Result<(Counted, Level), EngineError> {
    if !is_allowed(connection, patch) {
        // What is refused even so is refused before anybody signs in for it.
        room.engine.check_change(connection, patch).await?;
        return Ok((Counted::NeedsConsent, Level::Unseen));
    }
    let found = timeout(LONGEST_COUNT, looked(room, connection, patch)).await;
    match found.unwrap_or_else(|_| Err(too_late())) {
        Ok((found, then)) => {
            let zone = Zone::of(&room.engine, connection, &guest.practice).await;
            let places = Places::of(&connection.settings.main_calendar, patch);
            let lines = Counted::Lines {
                appointments: to_appointments(found.appointments, &places),
                blocks: to_blocks(found.blocks),
                then,
                by_hand: found.coincidences.iter().map(|at| zone.span(*at)).collect(),
            };
            let (detail, cap) = found.level;
            Ok((lines, Level::Known(detail, cap)))
        }
        Err(error @ (EngineError::Calendar(_) | EngineError::Ehr(_))) => {
            tracing::warn!(error = chain(&error), "what a sync would do could not be counted");
            Ok((Counted::NotNow, Level::Unseen))
        }
        Err(error) => Err(error),
    }
}

fn too_late() -> EngineError {
    let what = "one of both sides, which is read in full,".to_owned();
    EngineError::Calendar(RemoteError::Later { what, retry_after: None, cause: None })
}

/// What would be done, and what then, where another is to leave for it.
async fn looked(
    room: &Room,
    connection: &Connection,
    patch: &Patch,
) -> Result<(Preview, Vec<String>), EngineError> {
    if connection.evidence.succeeds.is_some() && connection.evidence.handed_over_at.is_none() {
        match room.engine.preview_switch(connection, patch).await {
            Ok(preview) => {
                let lines = then(&preview);
                return Ok((preview.writes, lines));
            }
            // It is not there any more: there is nothing to wait for.
            Err(EngineError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((room.engine.preview_change(connection, patch).await?, Vec::new()))
}

/// Whether the provider has allowed what these settings need.
fn is_allowed(connection: &Connection, patch: &Patch) -> bool {
    let settings = Settings {
        direction: patch.direction.unwrap_or(connection.settings.direction),
        main_calendar: patch
            .main_calendar
            .clone()
            .unwrap_or_else(|| connection.settings.main_calendar.clone()),
        ..connection.settings.clone()
    };
    connection.evidence.granted.is_none_or(|granted| granted.covers(Access::needed(&settings)))
}

/// The clinician's yes: what was chosen holds from now on, and the sync starts if it has not.
pub(crate) async fn apply(
    State(room): State<Room>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Ending> {
    let connection = posted.guest.connection(&room.engine, &id).await?;
    match saved(&room, &posted, &connection).await {
        Ok(changed) if changed.evidence.lacks_access() => room.to_sign_in(&posted.guest, &changed).await,
        Ok(_) => Ok(to(&format!("/settings/connections/{id}"))),
        Err(fault) => again(&room, &posted, &connection, fault).await,
    }
}

async fn saved(room: &Room, posted: &Posted, connection: &Connection) -> Result<Connection, Ending> {
    let Posted { guest, fields } = posted;
    let patch = asked(posted, connection)?;
    let at = ConnectionRef::from(connection);
    let changed = room.engine.change(&at, version(fields), &patch).await;
    let parts = changed.as_ref().map(|now| settings_parts(&connection.settings, &now.settings));
    let doing = Doing::to(Deed::SettingsChanged, connection).changing(parts.unwrap_or_default());
    let changed = told(room, guest, doing, changed).await.map_err(Ending::of)?;
    if changed.evidence.started_at.is_some() {
        return Ok(changed);
    }
    let started = room.engine.start(&at).await;
    let started = told(room, guest, Doing::to(Deed::Started, connection), started).await;
    let started = started.map_err(Ending::of)?;
    if let Some(succession) = &started.evidence.succeeds {
        let old = Doing { connection: Some(succession.of.clone()), ..Doing::to(Deed::Switched, &started) };
        told(room, guest, old, Ok(())).await.map_err(Ending::of)?;
    }
    Ok(started)
}

/// What the person has seen: a change made meanwhile is not overwritten.
fn version(fields: &Fields) -> Option<u64> {
    fields.get(VERSION).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::connection::CalendarRef;

    fn calendar() -> MainCalendar {
        MainCalendar::Existing(CalendarRef { id: "c".into(), name: "Family".to_owned() })
    }

    #[test]
    fn what_the_chosen_calendar_takes_away_of_the_level_is_said() {
        let shared = Level::Known(Detail::Busy, Some(Cap::SharedCalendar));
        let made = || MainCalendar::Create("Work".to_owned());
        for (level, main, wanted, told) in [
            (shared, calendar(), Detail::Full, Some("Others see this calendar too.")),
            (shared, calendar(), Detail::Busy, None),
            (shared, MainCalendar::None, Detail::Full, None),
            (Level::Known(Detail::Full, None), calendar(), Detail::Full, None),
            (Level::Unseen, calendar(), Detail::Full, Some("If others see the calendar")),
            (Level::Unseen, calendar(), Detail::Busy, None),
            (Level::Unseen, made(), Detail::Full, None),
        ] {
            let found = tells(&main, wanted, level);
            assert_eq!(found.is_some(), told.is_some(), "{main:?} {wanted:?} {found:?}");
            assert!(found.is_none_or(|found| told.is_some_and(|told| found.contains(told))), "{main:?}");
        }
    }
}
