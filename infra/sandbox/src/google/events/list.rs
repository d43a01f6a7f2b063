//! One page of a calendar's events: full listings, incremental ones, and the occurrences of one series. Sync tokens
//! come on the last page only.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::ask::{Ask, From, Order};
use super::cursor::{Cancelled, Page, PageToken, Series, SyncToken, Terms, text_of};
use super::entries::{Entries, Entry, Look};
use crate::cloud::World;
use crate::google::access::Seen;
use crate::google::call::Query;
use crate::google::event::moment::{Moment, millis_text};
use crate::google::event::series::{Kind, kind, series_of, zone_of};
use crate::google::event::show::{Reader, etag};
use crate::google::refusal::Refusal;

/// Every so many states of the world, a full listing begins with a page that holds nothing.
const HOLLOW_EVERY: u64 = 5;

/// Where a listing stands.
struct Course {
    terms: Terms,
    since: Option<u64>,
    seq: u64,
    after: String,
    page: Page,
}

/// Listings may lag behind writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knows {
    All,
    NotTheNewest,
}

/// `events.list`.
pub fn events(
    world: &World,
    now: Timestamp,
    seen: &Seen,
    query: &Query,
    knows: Knows,
) -> Result<Value, Refusal> {
    let ask = Ask::parse(query, now)?;
    let mut course = course(world, seen, &ask)?;
    let terms = course.terms.clone();
    let look = Look::new(world, &seen.calendar, &terms);
    let mut found = match course.since {
        Some(since) => look.changed(since),
        None => look.standing(),
    };
    if knows == Knows::NotTheNewest {
        course.seq = miss_newest(world, seen, course.since, &mut found).min(course.seq);
    }
    Ok(page(world, seen, &ask, &course, found))
}

/// The newest write is not seen yet, and the sync token tells of it later. What was there before it cannot be shown
/// as it was, so a full listing misses new events only.
fn miss_newest(world: &World, seen: &Seen, since: Option<u64>, found: &mut Entries<'_>) -> u64 {
    let newest = world.items_of(&seen.calendar.id).map(|item| item.seq).max().unwrap_or(0);
    found.retain(|_, entry| {
        let item = entry.item();
        item.seq != newest || (since.is_none() && item.created != item.updated)
    });
    newest.saturating_sub(1).max(since.unwrap_or(0))
}

/// `events.instances`.
pub fn instances(
    world: &World,
    now: Timestamp,
    seen: &Seen,
    id: &str,
    query: &Query,
) -> Result<Value, Refusal> {
    let series = world.item(&seen.calendar.id, id).ok_or_else(Refusal::not_found)?;
    if kind(&series.body) != Kind::Series {
        return Err(Refusal::invalid("The event is not recurring."));
    }
    let ask = Ask::parse(query, now)?;
    let mut course = course(world, seen, &ask)?;
    course.terms.series = Series::Expanded;
    let mut found = Look::new(world, &seen.calendar, &course.terms).standing();
    found.retain(|_, entry| entry.item().id == id || series_of(&entry.item().body) == Some(id));
    if let Some(original) = query.one("originalStart") {
        let at = original.parse().map(|at| Moment::Time { at, zone: None }.suffix());
        let wanted = at.unwrap_or_else(|_| original.replace('-', ""));
        found.retain(|key, _| key.ends_with(&wanted));
    }
    let mut answer = page(world, seen, &ask, &course, found);
    if let Some(fields) = answer.as_object_mut() {
        // A token of the whole calendar would say more than was asked.
        fields.remove("nextSyncToken");
    }
    Ok(answer)
}

fn course(world: &World, seen: &Seen, ask: &Ask) -> Result<Course, Refusal> {
    let calendar = &seen.calendar.id;
    match &ask.from {
        From::Start(terms) => {
            let page = if world.seq.is_multiple_of(HOLLOW_EVERY) { Page::Hollow } else { Page::Filled };
            Ok(Course { terms: terms.clone(), since: None, seq: world.seq, after: String::new(), page })
        }
        From::Sync(token) => {
            let live = world.is_live_cursor(token.seq) && token.seq <= world.seq;
            let terms = token.terms.clone().filter(|_| live && token.of == *calendar);
            let terms = terms.ok_or_else(Refusal::full_sync_required)?;
            let since = Some(token.seq);
            Ok(Course { terms, since, seq: world.seq, after: String::new(), page: Page::Filled })
        }
        From::Page(token) => {
            let bad = || Refusal::parameter("pageToken", "Invalid page token value.");
            let terms = token.terms.clone().filter(|_| token.of == *calendar).ok_or_else(bad)?;
            if token.since.is_some_and(|since| !world.is_live_cursor(since)) {
                return Err(Refusal::full_sync_required());
            }
            let (since, seq, after) = (token.since, token.seq, token.after.clone());
            Ok(Course { terms, since, seq, after, page: token.page })
        }
    }
}

fn page(world: &World, seen: &Seen, ask: &Ask, course: &Course, found: Entries<'_>) -> Value {
    let zone = zone_of(&seen.calendar);
    let mut keyed: Vec<(String, Entry<'_>)> = found
        .into_values()
        .filter(|entry| course.since.is_some() || ask.picks.take(entry))
        .map(|entry| (key(&entry, ask.picks.order, &zone), entry))
        .filter(|(key, _)| course.after.is_empty() || *key > course.after)
        .collect();
    keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
    let hollow = course.page == Page::Hollow && !keyed.is_empty();
    let size = if hollow { 0 } else { ask.page_size };
    let more = keyed.len() > size;
    keyed.truncate(size);
    let reader = seen.reader(ask.view.zone.clone().unwrap_or(zone), ask.view.attendees);
    let items: Vec<Value> = keyed.iter().map(|(_, entry)| shown(&reader, entry)).collect();
    let mut answer = head(world, seen, &reader.zone);
    let last = keyed.last().map_or(&course.after, |(key, _)| key);
    let next = if more {
        Some(("nextPageToken", next_page(seen, ask, course, last)))
    } else {
        sync_token(seen, ask, course)
    };
    if let Some(fields) = answer.as_object_mut() {
        fields.extend(next.map(|(name, text)| (name.to_owned(), json!(text))));
        fields.insert("items".to_owned(), Value::Array(items));
    }
    answer
}

/// What the listing is sorted by.
fn key(entry: &Entry<'_>, order: Order, zone: &TimeZone) -> String {
    let id = entry.id();
    match order {
        Order::Any => id.to_owned(),
        Order::Start => {
            let seconds = i128::from(entry.span(zone).0.as_second()) - i128::from(Timestamp::MIN.as_second());
            format!("{seconds:016} {id}")
        }
        Order::Updated => format!("{:016} {id}", entry.item().seq),
    }
}

fn shown(reader: &Reader<'_>, entry: &Entry<'_>) -> Value {
    match entry {
        Entry::Live(item, at) => reader.event(item, at.as_ref()),
        Entry::Gone(item, at) => reader.tombstone(item, at.as_ref()),
    }
}

/// A page that is full is followed by a hollow one.
fn next_page(seen: &Seen, ask: &Ask, course: &Course, last: &str) -> String {
    let page = if course.page == Page::Hollow { Page::Filled } else { Page::Hollow };
    text_of(&PageToken {
        of: seen.calendar.id.clone(),
        query: ask.query.clone(),
        since: course.since,
        seq: course.seq,
        after: last.to_owned(),
        page,
        terms: Some(course.terms.clone()),
    })
}

fn sync_token(seen: &Seen, ask: &Ask, course: &Course) -> Option<(&'static str, String)> {
    let token =
        SyncToken { of: seen.calendar.id.clone(), seq: course.seq, terms: Some(course.terms.clone()) };
    ask.picks.allow_sync().then(|| ("nextSyncToken", text_of(&token)))
}

fn head(world: &World, seen: &Seen, zone: &TimeZone) -> Value {
    let calendar = &seen.calendar;
    let newest = world.items_of(&calendar.id).map(|item| item.updated).max();
    json!({"kind": "calendar#events", "etag": etag(world.seq), "summary": calendar.name,
        "updated": millis_text(newest.unwrap_or(Timestamp::UNIX_EPOCH)),
        "timeZone": zone.iana_name().unwrap_or("UTC"), "accessRole": seen.access_role(),
        "defaultReminders": [{"method": "popup", "minutes": 10}]})
}

/// The terms on which free/busy and the page look: everything that stands, occurrence by occurrence.
pub fn everything(after: Timestamp, before: Timestamp) -> Terms {
    let window =
        crate::google::event::series::Window { after: Some(after), before: Some(before), horizon: before };
    Terms { series: Series::Expanded, cancelled: Cancelled::Hidden, types: Vec::new(), window }
}
