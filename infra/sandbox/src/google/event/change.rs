//! What a write does to the items of a calendar: the event itself, and the exceptions of a series that go with it.
//! It returns what is to be put; it neither checks permissions nor puts anything.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::series::{Kind, Occurrence, PAST, Shape, WITH_SERIES, kind, series_of, shape, zone_of};
use crate::cloud::{Calendar, Item, World};

/// An event as it is stored, or an occurrence that nobody has written down yet.
pub enum Found<'a> {
    Item(&'a Item),
    Occurrence(&'a Item, Occurrence),
}

/// Looks an id up: stored ones first, then occurrences of series.
pub fn find<'a>(world: &'a World, calendar: &Calendar, id: &str) -> Option<Found<'a>> {
    let stored = world.item(&calendar.id, id);
    if let Some(item) = stored.filter(|item| !went_with_series(item)) {
        return Some(Found::Item(item));
    }
    let (series, _) = id.rsplit_once('_')?;
    let master = world.item(&calendar.id, series)?;
    let occurrence = shape(master)?.occurrence(series, id, &zone_of(calendar));
    match (occurrence, stored) {
        (Some(occurrence), None) => Some(Found::Occurrence(master, occurrence)),
        (Some(occurrence), Some(_)) if !master.deleted => Some(Found::Occurrence(master, occurrence)),
        (_, stored) => stored.map(Found::Item),
    }
}

impl Found<'_> {
    /// The item to change; an occurrence becomes an exception.
    pub fn item(&self) -> Item {
        match self {
            Self::Item(item) => (*item).clone(),
            Self::Occurrence(master, at) => exception(master, at),
        }
    }

    /// Is it deleted, by itself or with its series?
    pub fn is_deleted(&self) -> bool {
        match self {
            Self::Item(item) | Self::Occurrence(item, _) => item.deleted,
        }
    }

    /// The sequence number behind its etag.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Item(item) | Self::Occurrence(item, _) => item.seq,
        }
    }
}

/// Was this exception deleted only because its series left it?
pub fn went_with_series(item: &Item) -> bool {
    item.body.get(WITH_SERIES).is_some()
}

/// One occurrence, written down as an event of its own.
pub fn exception(master: &Item, at: &Occurrence) -> Item {
    let mut body = master.body.as_object().cloned().unwrap_or_default();
    body.retain(|key, _| key != "recurrence" && !key.starts_with('~'));
    body.entry("iCalUID").or_insert_with(|| json!(format!("{}@google.com", master.id)));
    body.insert("recurringEventId".to_owned(), json!(master.id));
    body.insert("originalStartTime".to_owned(), at.start.json(&TimeZone::UTC));
    body.insert("start".to_owned(), at.start.json(&TimeZone::UTC));
    body.insert("end".to_owned(), at.end.json(&TimeZone::UTC));
    Item::new(&master.calendar, &at.id, Value::Object(body))
}

/// What is put when an event gets a new body. A body whose status is `cancelled` deletes it and keeps its details.
pub fn edited(world: &World, calendar: &Calendar, item: &Item, mut body: Map<String, Value>) -> Vec<Item> {
    let (before, after) = (shape(item), Shape::of(&Value::Object(body.clone())));
    if let Some(past) = item.body.get(PAST) {
        body.insert(PAST.to_owned(), past.clone());
    }
    if let Some(before) = before.filter(|before| item.seq > 0 && Some(before) != after.as_ref()) {
        before.remember(&mut body, &item.body, world.seq + 1);
    }
    let deleted = body.get("status").and_then(Value::as_str) == Some("cancelled");
    let next = Item { body: Value::Object(body), deleted, ..item.clone() };
    let mut put = Vec::new();
    if kind(&item.body) == Kind::Series {
        let zone = zone_of(calendar);
        let still = |id: &str| {
            !deleted && after.as_ref().is_some_and(|after| after.occurrence(&item.id, id, &zone).is_some())
        };
        put.extend(left_behind(world, item, still));
    }
    put.insert(0, next);
    put
}

/// What is put when an event is deleted: a series takes its exceptions along. What has others invited keeps its
/// details, so that the organizer may bring it back.
pub fn removed(world: &World, calendar: &Calendar, item: &Item) -> Vec<Item> {
    let mut gone = Item { deleted: true, ..item.clone() };
    if let Some(body) = gone.body.as_object_mut() {
        let organizer = body.get("organizer").and_then(|one| one.get("email")).and_then(Value::as_str);
        let meeting = body.contains_key("attendees") && organizer.is_none_or(|email| email == calendar.id);
        if meeting && kind(&item.body) != Kind::Exception {
            body.insert("status".to_owned(), json!("cancelled"));
        }
    }
    let mut put = vec![gone];
    if kind(&item.body) == Kind::Series {
        put.extend(left_behind(world, item, |_| false));
    }
    put
}

/// The exceptions of a series that it leads to no longer, deleted. Holes stay holes.
fn left_behind(world: &World, master: &Item, still: impl Fn(&str) -> bool) -> Vec<Item> {
    let exceptions = world
        .items_of(&master.calendar)
        .filter(|one| series_of(&one.body) == Some(master.id.as_str()) && !one.deleted && !still(&one.id));
    let marked = exceptions.map(|one| {
        let mut gone = Item { deleted: true, ..one.clone() };
        if let Some(body) = gone.body.as_object_mut() {
            body.insert(WITH_SERIES.to_owned(), json!(true));
        }
        gone
    });
    marked.collect()
}
