//! What the page's forms do. They write calendar objects as a calendar app would, and ask nobody's password: the
//! page is for demonstrations on one machine.

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::week::takes_events;
use crate::caldav::store::{Collection, Tx};
use crate::caldav::{CalDav, MOUNT, ical};
use crate::page::answer::is_cross_site;
use crate::page::dates::read_time;

/// What the page says after a form was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Added,
    Moved,
    Deleted,
    BadTime,
    Missing,
}

impl Notice {
    const ALL: [Self; 5] = [Self::Added, Self::Moved, Self::Deleted, Self::BadTime, Self::Missing];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Moved => "moved",
            Self::Deleted => "deleted",
            Self::BadTime => "bad-time",
            Self::Missing => "missing",
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Added => "Added.",
            Self::Moved => "Moved.",
            Self::Deleted => "Deleted.",
            Self::BadTime => "Not saved: please give a date, a time, and 5 to 480 minutes.",
            Self::Missing => "Not saved: that calendar or event is not there.",
        }
    }

    pub(super) fn is_refusal(self) -> bool {
        matches!(self, Self::BadTime | Self::Missing)
    }
}

#[derive(Deserialize)]
pub(super) struct NewEvent {
    person: String,
    calendar: String,
    title: String,
    start: String,
    minutes: String,
    repeat: String,
}

#[derive(Deserialize)]
pub(super) struct NewTime {
    person: String,
    calendar: String,
    name: String,
    start: String,
    minutes: String,
}

#[derive(Deserialize)]
pub(super) struct Named {
    person: String,
    calendar: String,
    name: String,
}

/// What to say, and where the browser goes on.
struct Next {
    day: Option<Date>,
    notice: Notice,
}

impl From<Notice> for Next {
    fn from(notice: Notice) -> Self {
        Self { day: None, notice }
    }
}

pub(super) async fn add(
    State(server): State<CalDav>,
    headers: HeaderMap,
    Form(form): Form<NewEvent>,
) -> Response {
    act(&server, &headers, &form.person, |tx| {
        let Some(times) = read_time(&form.start, &form.minutes, &ical::zone()) else {
            return Ok(Notice::BadTime.into());
        };
        let Some(inside) = target(tx, &form.person, &form.calendar)? else {
            return Ok(Notice::Missing.into());
        };
        // The number of changes so far is a name that no event had before.
        let uid = format!("page-{}-{}", inside.born, inside.seq);
        let text = new_text(&uid, &form, times, server.now());
        tx.put_object(&inside, &format!("{uid}.ics"), &uid, Some(&text))?;
        Ok(Next { day: Some(day_of(times.0)), notice: Notice::Added })
    })
}

pub(super) async fn reschedule(
    State(server): State<CalDav>,
    headers: HeaderMap,
    Form(form): Form<NewTime>,
) -> Response {
    act(&server, &headers, &form.person, |tx| {
        let Some((start, end)) = read_time(&form.start, &form.minutes, &ical::zone()) else {
            return Ok(Notice::BadTime.into());
        };
        let Some(inside) = target(tx, &form.person, &form.calendar)? else {
            return Ok(Notice::Missing.into());
        };
        let object = tx.find_object(&inside, &form.name)?;
        let text = object.as_ref().and_then(|object| ical::moved(object.text.as_deref()?, start, end));
        let (Some(object), Some(text)) = (object, text) else { return Ok(Notice::Missing.into()) };
        tx.put_object(&inside, &object.name, &object.uid, Some(&text))?;
        Ok(Next { day: Some(day_of(start)), notice: Notice::Moved })
    })
}

pub(super) async fn delete(
    State(server): State<CalDav>,
    headers: HeaderMap,
    Form(form): Form<Named>,
) -> Response {
    act(&server, &headers, &form.person, |tx| {
        let Some(inside) = target(tx, &form.person, &form.calendar)? else {
            return Ok(Notice::Missing.into());
        };
        let Some(object) = tx.find_object(&inside, &form.name)? else { return Ok(Notice::Missing.into()) };
        tx.remove_object(&inside, &object)?;
        Ok(Notice::Deleted.into())
    })
}

/// Does what a form asks in one transaction and sends the browser back to the week.
fn act(
    server: &CalDav,
    headers: &HeaderMap,
    person: &str,
    work: impl FnOnce(&Tx<'_>) -> rusqlite::Result<Next>,
) -> Response {
    if is_cross_site(headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let next = match server.transact(work) {
        Ok(next) => next,
        Err(error) => {
            tracing::error!(%error, "the sandbox CalDAV server could not save a form");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("person", person).append_pair("notice", next.notice.name());
    if let Some(day) = next.day {
        query.append_pair("week", &day.to_string());
    }
    Redirect::to(&format!("{MOUNT}/?{}", query.finish())).into_response()
}

/// A calendar that the page may write to.
fn target(tx: &Tx<'_>, person: &str, slug: &str) -> rusqlite::Result<Option<Collection>> {
    Ok(tx.find_collection(person, slug)?.filter(takes_events))
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(ical::zone()).date()
}

fn new_text(uid: &str, form: &NewEvent, (start, end): (Timestamp, Timestamp), now: Timestamp) -> String {
    let repeat = if form.repeat == "weekly" { Some("FREQ=WEEKLY;COUNT=10") } else { None };
    ical::event(&ical::NewEvent { uid, title: &form.title, start, end, repeat, now })
}
