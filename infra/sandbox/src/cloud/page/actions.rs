//! What the forms do: add, move, answer, delete. What an account may not write is refused, as the API would.

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::cloud::face::{NewEvent, Repeat, Reply, When};
use crate::cloud::world::{Account, Item};
use crate::cloud::{Cloud, Tx};
use crate::page::answer::is_cross_site;
use crate::page::dates::{monday_of, read_time};

/// A repeating event that is added here goes on for so long.
const OCCURRENCES: u32 = 26;

/// What the page says after a form was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Added,
    Moved,
    Answered,
    Deleted,
    BadTime,
    Missing,
    ReadOnly,
}

impl Notice {
    const ALL: [Self; 7] = [
        Self::Added,
        Self::Moved,
        Self::Answered,
        Self::Deleted,
        Self::BadTime,
        Self::Missing,
        Self::ReadOnly,
    ];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Moved => "moved",
            Self::Answered => "answered",
            Self::Deleted => "deleted",
            Self::BadTime => "bad-time",
            Self::Missing => "missing",
            Self::ReadOnly => "read-only",
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Added => "Added.",
            Self::Moved => "Moved.",
            Self::Answered => "Answered.",
            Self::Deleted => "Deleted.",
            Self::BadTime => "Not saved: please give a date, a time, and 5 to 480 minutes.",
            Self::Missing => "Not saved: that event, calendar or account is not known.",
            Self::ReadOnly => "Not saved: that calendar can only be read.",
        }
    }

    pub(super) fn is_refusal(self) -> bool {
        matches!(self, Self::BadTime | Self::Missing | Self::ReadOnly)
    }
}

/// The event, or the occurrence of a series, that a form is about; `week` is what the browser looks at.
#[derive(Deserialize)]
pub(super) struct Target {
    account: String,
    calendar: String,
    item: String,
    #[serde(default)]
    occurrence: String,
    #[serde(default)]
    week: String,
}

#[derive(Deserialize)]
pub(super) struct NewForm {
    account: String,
    calendar: String,
    title: String,
    start: String,
    minutes: String,
    #[serde(default)]
    repeat: String,
    #[serde(default)]
    all_day: String,
}

#[derive(Deserialize)]
pub(super) struct MoveForm {
    #[serde(flatten)]
    target: Target,
    start: String,
    #[serde(default)]
    minutes: String,
    /// Given for events of whole days.
    #[serde(default)]
    days: String,
}

#[derive(Deserialize)]
pub(super) struct AnswerForm {
    #[serde(flatten)]
    target: Target,
    reply: String,
}

/// Where the browser goes next.
struct Next {
    account: String,
    week: Option<Date>,
}

pub(super) async fn add(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    Form(form): Form<NewForm>,
) -> Response {
    let mut next = Next { account: form.account.clone(), week: None };
    act(&cloud, &headers, &mut next, |tx, next| {
        let (account, zone) = writer(tx, &form.account, &form.calendar)?;
        let when = read_new(&form, &zone).ok_or(Notice::BadTime)?;
        let first = first_day(&when, &zone);
        let new = NewEvent {
            id: tx.fresh("ev"),
            calendar: form.calendar.clone(),
            title: if form.title.trim().is_empty() { "Busy".to_owned() } else { form.title.clone() },
            when,
            time_zone: account.time_zone.clone(),
            account,
            repeat: read_repeat(&form.repeat, first),
            is_free: false,
            invited_by: None,
        };
        let body = cloud.face().draft(&new);
        tx.put_item(Item::new(&new.calendar, &new.id, body));
        next.week = Some(first);
        Ok(Notice::Added)
    })
}

pub(super) async fn reschedule(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    Form(form): Form<MoveForm>,
) -> Response {
    let mut next = form.target.next();
    act(&cloud, &headers, &mut next, |tx, next| {
        let (item, zone) = form.target.find(tx)?;
        let when = read_move(&form, &zone).ok_or(Notice::BadTime)?;
        let items = cloud.face().moved(tx.world(), &item, form.target.occurrence(), &when);
        put_all(tx, items)?;
        next.week = Some(first_day(&when, &zone));
        Ok(Notice::Moved)
    })
}

pub(super) async fn answer(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    Form(form): Form<AnswerForm>,
) -> Response {
    let mut next = form.target.next();
    act(&cloud, &headers, &mut next, |tx, _| {
        let (mut item, _) = form.target.find(tx)?;
        let account = tx.world().account(&form.target.account).cloned().ok_or(Notice::Missing)?;
        let reply = match form.reply.as_str() {
            "accept" => Reply::Accept,
            "tentative" => Reply::Tentative,
            "decline" => Reply::Decline,
            _ => return Err(Notice::Missing),
        };
        item.body = cloud.face().answered(&item, &account, reply);
        tx.put_item(item);
        Ok(Notice::Answered)
    })
}

pub(super) async fn delete(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    Form(target): Form<Target>,
) -> Response {
    let mut next = target.next();
    act(&cloud, &headers, &mut next, |tx, _| {
        let (item, _) = target.find(tx)?;
        let items = cloud.face().removed(tx.world(), &item, target.occurrence());
        put_all(tx, items)?;
        Ok(Notice::Deleted)
    })
}

/// Does what a form asks in one step and sends the browser back to the week.
fn act(
    cloud: &Cloud,
    headers: &HeaderMap,
    next: &mut Next,
    work: impl FnOnce(&mut Tx<'_>, &mut Next) -> Result<Notice, Notice>,
) -> Response {
    if is_cross_site(headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (Ok(notice) | Err(notice)) = cloud.change(|tx| work(tx, next));
    Redirect::to(&next.address(cloud.mount(), notice)).into_response()
}

impl Next {
    fn address(&self, mount: &str, notice: Notice) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("account", &self.account);
        if let Some(monday) = self.week.and_then(|day| monday_of(day).ok()) {
            query.append_pair("week", &monday.to_string());
        }
        query.append_pair("notice", notice.name());
        format!("{mount}/?{}", query.finish())
    }
}

impl Target {
    fn next(&self) -> Next {
        Next { account: self.account.clone(), week: self.week.parse().ok() }
    }

    fn occurrence(&self) -> Option<&str> {
        Some(self.occurrence.as_str()).filter(|occurrence| !occurrence.is_empty())
    }

    /// The live item, if the account may write it, and the account's zone.
    fn find(&self, tx: &Tx<'_>) -> Result<(Item, TimeZone), Notice> {
        let (_, zone) = writer(tx, &self.account, &self.calendar)?;
        let found = tx.world().item(&self.calendar, &self.item).filter(|item| !item.deleted);
        Ok((found.cloned().ok_or(Notice::Missing)?, zone))
    }
}

/// The account, if it may write the calendar, and its zone.
fn writer(tx: &Tx<'_>, account: &str, calendar: &str) -> Result<(Account, TimeZone), Notice> {
    let account = tx.world().account(account).cloned().ok_or(Notice::Missing)?;
    let role = tx.world().role(&account.id, calendar).ok_or(Notice::Missing)?;
    let zone = TimeZone::get(&account.time_zone).unwrap_or(TimeZone::UTC);
    if role.may_write() { Ok((account, zone)) } else { Err(Notice::ReadOnly) }
}

fn put_all(tx: &mut Tx<'_>, items: Vec<Item>) -> Result<(), Notice> {
    if items.is_empty() {
        return Err(Notice::Missing);
    }
    for item in items {
        tx.put_item(item);
    }
    Ok(())
}

fn read_new(form: &NewForm, zone: &TimeZone) -> Option<When> {
    if form.all_day.is_empty() {
        return timed(&form.start, &form.minutes, zone);
    }
    let start = form.start.parse::<DateTime>().ok()?.date();
    Some(When::Days { start, end: start.tomorrow().ok()? })
}

fn read_move(form: &MoveForm, zone: &TimeZone) -> Option<When> {
    if form.days.is_empty() {
        return timed(&form.start, &form.minutes, zone);
    }
    let start: Date = form.start.parse().ok()?;
    let days: i32 = form.days.parse().ok().filter(|days| (1..=366).contains(days))?;
    Some(When::Days { start, end: start.checked_add(days.days()).ok()? })
}

fn timed(start: &str, minutes: &str, zone: &TimeZone) -> Option<When> {
    let (start, end) = read_time(start, minutes, zone)?;
    Some(When::Timed { start, end })
}

fn read_repeat(text: &str, first: Date) -> Repeat {
    match text {
        "daily" => Repeat::Daily { count: OCCURRENCES },
        "weekly" => Repeat::Weekly { on: first.weekday(), count: OCCURRENCES },
        _ => Repeat::Once,
    }
}

fn first_day(when: &When, zone: &TimeZone) -> Date {
    match when {
        When::Timed { start, .. } => start.to_zoned(zone.clone()).date(),
        When::Days { start, .. } => *start,
    }
}
