//! What a clinician chooses: direction, time range, main calendar, blocking calendars, detail. The form is read and
//! shown here; whether the account has such a calendar, and what may be told, is decided elsewhere.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use daybook_core::access::{Access, Writes};
use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, CalendarRef, Connection, Direction, MainCalendar, Settings,
};
use daybook_core::ids::CalendarId;
use daybook_core::window::WindowDays;
use daybook_engine::command::Patch;
use daybook_engine::ports::CalendarInfo;
use daybook_engine::view::tie;
use daybook_engine::{EngineError, chain};

use super::before::TwoWay;
use super::fields::Fields;
use super::levels::{Level, detail, levels};
use super::words::{Zone, number, provider};
use super::{Ending, Guest, Posted, Room, Shell, show, show_refused};

/// The form's fields, as they are sent on from page to page.
pub(crate) const NAMES: [&str; 10] = [
    "direction",
    "range",
    "past_days",
    "future_days",
    "main",
    "new_name",
    "blocking",
    "detail",
    "aged_out",
    "block_scope",
];
const MOST_BLOCKING: usize = 100;
const MOST_NAME_CHARS: usize = 200;
/// Ranges that most people want: word, days back, days ahead, how far that is.
const RANGES: [(&str, u32, u32, &str); 4] = [
    ("month", 0, 30, "From today to a month ahead"),
    ("quarter", 7, 90, "From last week to three months ahead"),
    ("year", 7, 365, "From last week to a year ahead"),
    ("two_years", 30, 730, "From last month to two years ahead"),
];

#[derive(Template)]
#[template(path = "choices.html")]
#[expect(clippy::struct_excessive_bools, reason = "what the page shows or leaves out")]
struct Choices {
    shell: Shell,
    id: String,
    account: String,
    /// Why it could not be saved.
    fault: Option<String>,
    is_started: bool,
    is_two_way: bool,
    /// Why it cannot be both ways now.
    one_way_only: Option<&'static str>,
    /// Where the practice allows less than anybody may choose.
    bounds: Option<String>,
    most: WindowDays,
    ranges: Vec<Range>,
    is_custom: bool,
    past_days: u16,
    future_days: u16,
    main: Main,
    mains: Vec<Choice>,
    /// Who asks once more before a calendar that was there before may be written to.
    asks_again: Option<&'static str>,
    blocking: Vec<Choice>,
    /// So many calendars are left out.
    unshown: usize,
    levels: Vec<Level>,
    keeps_old: bool,
    only_hours: bool,
}

struct Range {
    word: &'static str,
    words: &'static str,
    until: String,
    is_chosen: bool,
}

/// Where appointments go.
struct Main {
    /// What stands in the field for a new calendar's name, or the name of the one that we made.
    name: String,
    is_ours: bool,
    is_none: bool,
    is_made: bool,
}

struct Choice {
    id: String,
    name: String,
    hint: &'static str,
    is_chosen: bool,
}

pub(crate) async fn form(
    State(room): State<Room>,
    Path(id): Path<String>,
    guest: Guest,
) -> Result<Response, Ending> {
    let connection = guest.connection(&room.engine, &id).await?;
    let settings = connection.settings.clone();
    let page = page(&room, &guest, &connection, &settings, None).await?;
    show(&page.shell, &page)
}

/// The form with what was chosen a moment ago.
pub(crate) async fn form_again(
    State(room): State<Room>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let connection = guest.connection(&room.engine, &id).await?;
    let page = page(&room, guest, &connection, &typed(fields, &connection.settings), None).await?;
    show(&page.shell, &page)
}

/// The form with what was chosen, where that cannot be saved. What is no fault of the form has a page of its own.
pub(crate) async fn again(
    room: &Room,
    posted: &Posted,
    connection: &Connection,
    fault: Ending,
) -> Result<Response, Ending> {
    let Posted { guest, fields } = posted;
    let Some(why) = fault.of_form().map(str::to_owned) else {
        let form = format!("/settings/connections/{}/choices", connection.id);
        return Err(fault.to(guest).with_link(form, "Back to your choices"));
    };
    let page = page(room, guest, connection, &typed(fields, &connection.settings), Some(why)).await?;
    show_refused(&page.shell, &page)
}

async fn page(
    room: &Room,
    guest: &Guest,
    connection: &Connection,
    settings: &Settings,
    fault: Option<String>,
) -> Result<Choices, Ending> {
    let calendars = room.engine.list_calendars(connection).await;
    let calendars = calendars.map_err(|error| Ending::at(guest, connection.id.as_str(), error))?;
    let zone = Zone::of(&room.engine, connection, &guest.practice).await;
    let now = room.engine.clock.now();
    let most = guest.practice.policy.window;
    let window = settings.window.within(most);
    let days = |(_, past, future, _): &(_, u32, u32, _)| WindowDays::new(*past, *future);
    let range = RANGES.iter().find(|range| days(range) == Some(window));
    let allowed = RANGES.iter().filter(|range| days(range).is_some_and(|days| days.fits(most)));
    let ranges = allowed.map(|(word, _, future, words)| Range {
        word,
        words,
        until: zone.date(now, i64::from(*future)),
        is_chosen: range.is_some_and(|(chosen, ..)| chosen == word),
    });
    let audience = room.engine.audience(connection, &settings.main_calendar, &calendars).await;
    let audience = audience.map_err(|error| Ending::at(guest, connection.id.as_str(), error))?;
    let tie = tie(connection, audience, now);
    let (blocking, unshown) = blocking(&calendars, settings);
    Ok(Choices {
        shell: guest.shell(),
        id: connection.id.to_string(),
        account: connection.account.as_ref().map(|account| account.label.clone()).unwrap_or_default(),
        fault,
        is_started: connection.evidence.started_at.is_some(),
        is_two_way: settings.direction == Direction::TwoWay,
        one_way_only: two_way(room, connection).await.hindrance(),
        bounds: (most != WindowDays::WIDEST).then(|| at_most(most)),
        most,
        ranges: ranges.collect(),
        is_custom: range.is_none(),
        past_days: window.past_days(),
        future_days: window.future_days(),
        main: main_of(&settings.main_calendar, &connection.settings.main_calendar),
        mains: mains(&calendars, settings, &connection.settings),
        asks_again: asks_again(connection.evidence.granted).then(|| provider(connection.provider)),
        blocking,
        unshown,
        levels: levels(&guest.practice.policy, &tie, settings.detail),
        keeps_old: settings.aged_out == AgedOut::Keep,
        only_hours: settings.block_scope == BlockScope::Hours,
    })
}

/// Whether a yes to both ways would be taken.
async fn two_way(room: &Room, connection: &Connection) -> TwoWay {
    match room.engine.require_zone(connection).await {
        Ok(()) => TwoWay::Possible,
        Err(EngineError::TimeZoneMissing { .. }) => TwoWay::NoZone,
        Err(error) => {
            tracing::warn!(error = chain(&error), "the EHR could not be asked for the zone");
            TwoWay::NotNow
        }
    }
}

fn at_most(bounds: WindowDays) -> String {
    let days = |count: u16| number(count.into(), "day", "days");
    format!(
        "Your practice allows at most {} back and {} ahead.",
        days(bounds.past_days()),
        days(bounds.future_days())
    )
}

/// Whether nobody has allowed yet that calendars are written to which we did not make.
fn asks_again(granted: Option<Access>) -> bool {
    granted.is_some_and(|granted| granted.writes < Writes::AllCalendars)
}

fn main_of(chosen: &MainCalendar, standing: &MainCalendar) -> Main {
    let made = match standing {
        MainCalendar::Made(calendar) => Some(calendar.name.clone()),
        _ => None,
    };
    let name = match chosen {
        MainCalendar::Create(name) => name.clone(),
        _ => made.clone().unwrap_or_else(|| "Work schedule".to_owned()),
    };
    Main {
        name,
        is_ours: matches!(chosen, MainCalendar::Create(_) | MainCalendar::Made(_)),
        is_none: *chosen == MainCalendar::None,
        is_made: made.is_some(),
    }
}

/// Calendars of the account that may be written, without the one that we made.
fn mains(calendars: &[CalendarInfo], chosen: &Settings, standing: &Settings) -> Vec<Choice> {
    let existing = match &chosen.main_calendar {
        MainCalendar::Existing(calendar) => Some(&calendar.id),
        _ => None,
    };
    let writable = calendars.iter().filter(|calendar| calendar.writable && !is_made(standing, &calendar.id));
    writable.map(|calendar| choice(calendar, existing == Some(&calendar.id))).collect()
}

/// Calendars that may close time, and how many more there are. Where nobody has chosen yet, the account's own ones are
/// ticked. What is ticked comes first, so that no form takes it away unseen.
fn blocking(calendars: &[CalendarInfo], chosen: &Settings) -> (Vec<Choice>, usize) {
    let is_ticked = |calendar: &CalendarInfo| match &chosen.blocking_calendars {
        BlockingCalendars::Owned => calendar.owned && !calendar.shared,
        BlockingCalendars::Chosen(all) => all.iter().any(|one| one.id == calendar.id),
    };
    let others = calendars.iter().filter(|calendar| !is_made(chosen, &calendar.id));
    let mut choices: Vec<Choice> = others.map(|calendar| choice(calendar, is_ticked(calendar))).collect();
    let unshown = choices.len().saturating_sub(MOST_BLOCKING);
    if unshown > 0 {
        choices.sort_by_key(|choice| !choice.is_chosen);
        choices.truncate(MOST_BLOCKING);
    }
    (choices, unshown)
}

fn is_made(settings: &Settings, id: &CalendarId) -> bool {
    matches!(&settings.main_calendar, MainCalendar::Made(made) if made.id == *id)
}

fn choice(calendar: &CalendarInfo, is_chosen: bool) -> Choice {
    let hint = match calendar {
        CalendarInfo { owned: false, .. } => "somebody else's, or one that you subscribe to",
        CalendarInfo { shared: true, .. } => "shared with other people",
        CalendarInfo { primary: true, .. } => "your main one",
        _ => "",
    };
    Choice { id: calendar.id.to_string(), name: calendar.name.clone(), hint, is_chosen }
}

/// What the form asks for; `before` is what stands, `bounds` the widest window that is allowed.
pub(crate) fn patch(fields: &Fields, before: &Settings, bounds: WindowDays) -> Result<Patch, Ending> {
    let direction = direction(fields);
    Ok(Patch {
        direction: Some(direction),
        // As the form showed it: what was chosen before bounds narrowed it stays for when they widen.
        window: Some(window(fields)?).filter(|chosen| *chosen != before.window.within(bounds)),
        detail: Some(
            detail(fields.get("detail"))
                .ok_or_else(|| Ending::invalid("Choose how much an appointment may tell."))?,
        ),
        main_calendar: Some(main_calendar(fields, before)?),
        // One way, none is read; what was chosen before stays for later.
        blocking_calendars: (direction == Direction::TwoWay).then(|| chosen_blocking(fields)),
        aged_out: Some(aged_out(fields)),
        block_scope: Some(block_scope(fields)),
        reminder_minutes: None,
    })
}

/// What the form says, to be shown again: what cannot be read stays as it stands, and a name is shown as it was typed.
fn typed(fields: &Fields, before: &Settings) -> Settings {
    let direction = direction(fields);
    let main = main_calendar(fields, before).ok();
    let main =
        main.or_else(|| (fields.get("main") == "ours").then(|| MainCalendar::Create(new_name(fields))));
    Settings {
        direction,
        window: window(fields).unwrap_or(before.window),
        detail: detail(fields.get("detail")).unwrap_or(before.detail),
        main_calendar: main.unwrap_or_else(|| before.main_calendar.clone()),
        blocking_calendars: ticked(fields, direction, before),
        aged_out: aged_out(fields),
        block_scope: block_scope(fields),
        ..before.clone()
    }
}

fn direction(fields: &Fields) -> Direction {
    match fields.get("direction") {
        "two_way" => Direction::TwoWay,
        _ => Direction::EhrToCalendar,
    }
}

fn aged_out(fields: &Fields) -> AgedOut {
    if fields.get("aged_out") == "keep" { AgedOut::Keep } else { AgedOut::Remove }
}

fn block_scope(fields: &Fields) -> BlockScope {
    if fields.get("block_scope") == "hours" { BlockScope::Hours } else { BlockScope::All }
}

fn new_name(fields: &Fields) -> String {
    fields.get("new_name").to_owned()
}

fn window(fields: &Fields) -> Result<WindowDays, Ending> {
    let word = fields.get("range");
    let preset = RANGES
        .iter()
        .find(|(known, ..)| *known == word)
        .and_then(|(_, past, future, _)| WindowDays::new(*past, *future));
    let number = |name| fields.get(name).parse::<u32>().ok();
    let typed = || WindowDays::new(number("past_days")?, number("future_days")?);
    preset.or_else(typed).ok_or_else(|| {
        Ending::invalid("The time range goes from 0 to 3650 days back, and from 1 to 1826 days ahead.")
    })
}

fn main_calendar(fields: &Fields, before: &Settings) -> Result<MainCalendar, Ending> {
    match fields.get("main") {
        "none" => Ok(MainCalendar::None),
        "ours" => {
            if let MainCalendar::Made(made) = &before.main_calendar {
                return Ok(MainCalendar::Made(made.clone()));
            }
            let name = new_name(fields);
            if name.is_empty() || name.chars().count() > MOST_NAME_CHARS || name.contains(char::is_control) {
                return Err(Ending::invalid("Give the new calendar a name of at most 200 letters."));
            }
            Ok(MainCalendar::Create(name))
        }
        chosen => match chosen.strip_prefix("id:").filter(|id| !id.is_empty() && id.len() <= 1_024) {
            Some(id) => Ok(MainCalendar::Existing(named_later(id))),
            None => Err(Ending::invalid("Choose where your appointments should appear.")),
        },
    }
}

fn chosen_blocking(fields: &Fields) -> BlockingCalendars {
    let ids = fields.all("blocking").into_iter().take(MOST_BLOCKING);
    BlockingCalendars::Chosen(ids.map(named_later).collect())
}

/// What is ticked when the form is shown again. One way, where none is read, the form still carries what was ticked.
fn ticked(fields: &Fields, direction: Direction, before: &Settings) -> BlockingCalendars {
    let chosen = chosen_blocking(fields);
    let carries_none = chosen == BlockingCalendars::Chosen(Vec::new());
    if direction == Direction::EhrToCalendar && carries_none {
        before.blocking_calendars.clone()
    } else {
        chosen
    }
}

/// The account says how it is called.
fn named_later(id: &str) -> CalendarRef {
    CalendarRef { id: CalendarId::new(id), name: String::new() }
}

#[cfg(test)]
mod tests;
