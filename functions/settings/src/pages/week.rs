//! The week as it stands on both sides, read just now: drawn, and in words, by time alone. It asks for nothing of a patient
//! and shows no title.

mod picture;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use daybook_core::audit::{Deed, Part};
use daybook_core::free_day::{FreeDay, Standing};
use daybook_core::time::{Interval, date_of, start_of_day};
use daybook_core::week::{Counterpart, What};
use daybook_engine::audit::Doing;
use daybook_engine::ports::ConnectionRef;
use daybook_engine::week::{HoursKnown, Week};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use self::picture::{Picture, picture};
use super::home::to;
use super::told::told;
use super::{Ending, Guest, Posted, Room, Shell, show};

#[derive(Deserialize)]
pub(crate) struct Asked {
    from: Option<String>,
}

#[derive(Template)]
#[template(path = "week.html")]
struct Page {
    shell: Shell,
    id: String,
    title: String,
    zone: String,
    picture: Picture,
    days: Vec<Day>,
    /// All-day entries marked free.
    free_days: Vec<Free>,
    has_hours: bool,
    missing: usize,
    /// Its Monday, as addresses have it.
    first: String,
    before: String,
    after: String,
}

/// An all-day entry marked free.
struct Free {
    day: String,
    mark: String,
    is_closed: bool,
}

/// One day with what stands, in order.
struct Day {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    time: String,
    what: &'static str,
    note: &'static str,
}

pub(crate) async fn page(
    State(room): State<Room>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    guest: Guest,
) -> Result<Response, Ending> {
    let connection = guest.connection(&room.engine, &id).await?;
    let day = asked.from.and_then(|from| from.parse::<Date>().ok());
    let week = room.engine.week(connection, day).await.map_err(|error| Ending::at(&guest, &id, error))?;
    let page = page_of(&guest, id, &week);
    show(&page.shell, &page)
}

fn page_of(guest: &Guest, id: String, week: &Week) -> Page {
    let name = |day: Date| day.strftime("%a, %b %-d").to_string();
    let is_missing = |what: What| {
        matches!(what, What::Appointment(Counterpart::Missing) | What::Event(Counterpart::Missing))
    };
    let all = (0..7).map(|days: i64| week.first.saturating_add(days.days()));
    Page {
        shell: guest.shell(),
        id,
        title: format!("Week of {}", week.first.strftime("%B %-d, %Y")),
        zone: week.zone.iana_name().unwrap_or("UTC").to_owned(),
        picture: picture(week),
        days: all.map(|day| Day { name: name(day), rows: rows(week, day) }).collect(),
        free_days: week.free_days.iter().map(|free| self::free(free, name)).collect(),
        first: week.first.to_string(),
        has_hours: week.hours == HoursKnown::Given,
        missing: week.entries.iter().filter(|entry| is_missing(entry.what)).count(),
        before: week.first.saturating_sub(7.days()).to_string(),
        after: week.first.saturating_add(7.days()).to_string(),
    }
}

fn free(day: &FreeDay, name: impl Fn(Date) -> String) -> Free {
    let last = day.end.yesterday().unwrap_or(day.end);
    let days =
        if last <= day.first { name(day.first) } else { format!("{} to {}", name(day.first), name(last)) };
    Free { day: days, mark: day.mark.clone(), is_closed: day.standing == Standing::ClosedByHand }
}

/// One click: this day is closed, or open again.
pub(crate) async fn decide(
    State(room): State<Room>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let connection = guest.connection(&room.engine, &id).await?;
    let at = ConnectionRef::from(&connection);
    let wanted = match fields.get("deed") {
        "close" => Standing::ClosedByHand,
        "open" => Standing::Open,
        _ => return Err(Ending::nowhere().to(guest)),
    };
    let done = room.engine.decide_day(&at, fields.get("day"), wanted).await;
    let doing = Doing::to(Deed::SettingsChanged, &connection).changing([Part::FreeDays].into());
    told(&room, guest, doing, done).await.map_err(|error| Ending::at(guest, &id, error))?;
    let week = fields.get("from").parse::<Date>().map(|from| format!("?from={from}")).unwrap_or_default();
    Ok(to(&format!("/settings/connections/{id}/week{week}")))
}

/// What begins on this day; what lasts since yesterday is told where it began.
fn rows(week: &Week, day: Date) -> Vec<Row> {
    let mut told: Vec<(Interval, &'static str, &'static str)> = Vec::new();
    for entry in &week.entries {
        let (what, note) = words(entry.what);
        told.push((entry.at, what, note));
    }
    told.extend(week.free.iter().map(|free| (*free, "Free for clients", "")));
    let first = start_of_day(week.first, &week.zone);
    told.retain(|(at, ..)| date_of(at.start().max(first), &week.zone) == day);
    told.sort_unstable();
    told.into_iter().map(|(at, what, note)| Row { time: clock(week, at), what, note }).collect()
}

fn words(what: What) -> (&'static str, &'static str) {
    match what {
        What::Appointment(Counterpart::Stands) => ("Appointment in the EHR", "In your calendar"),
        What::Appointment(Counterpart::Missing) => ("Appointment in the EHR", "Not in your calendar yet"),
        What::Appointment(Counterpart::NotWanted) => ("Appointment in the EHR", ""),
        What::Event(Counterpart::Stands) => ("Your own event", "Closed in the EHR"),
        What::Event(Counterpart::Missing) => ("Your own event", "Not closed in the EHR yet"),
        What::Event(Counterpart::NotWanted) => ("Your own event", ""),
        What::Mirror => ("Entry of Daybook's in your calendar", ""),
        What::Block => ("Closed in the EHR", ""),
    }
}

fn clock(week: &Week, at: Interval) -> String {
    let local = |instant: jiff::Timestamp| instant.to_zoned(week.zone.clone());
    let (from, to) = (local(at.start()), local(at.end()));
    let format = if from.date() == to.date() { "%-I:%M %P" } else { "%b %-d, %-I:%M %P" };
    format!("{} to {}", from.strftime("%-I:%M %P"), to.strftime(format))
}
