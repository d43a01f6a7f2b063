//! Single events: insert, get, replace, patch, delete. A write happens in one step, and is told to nobody by mail
//! unless the client lets it.

use serde_json::{Map, Value, json};

use crate::cloud::{Cloud, Item, Tx};
use crate::google::access::{Seen, Visitor};
use crate::google::answer::Answer;
use crate::google::call::Call;
use crate::google::event::busy::is_self;
use crate::google::event::change::{Found, edited, find, removed};
use crate::google::event::series::zone_of;
use crate::google::event::show::etag;
use crate::google::event::write;
use crate::google::refusal::Refusal;

type Fields = Map<String, Value>;

/// `events.insert`.
pub fn insert(cloud: &Cloud, visitor: &Visitor, calendar: &str, call: &Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    if body.contains_key("id") && body.contains_key("iCalUID") {
        return Err(Refusal::invalid("The id and iCalUID cannot both be given."));
    }
    cloud.change(|tx| {
        let seen = visitor.see_to_write(tx.world(), calendar)?;
        let mut fields = write::created(&body, &zone_of(&seen.calendar))?;
        fields.insert("creator".to_owned(), json!({"email": seen.account.email}));
        let organizer = json!({"email": seen.calendar.id, "displayName": seen.calendar.name});
        fields.entry("organizer").or_insert(organizer);
        let id = id_for(tx, &seen, &body)?;
        let item = Item::new(&seen.calendar.id, &id, Value::Object(fields));
        note_mail(tx, &seen, call, "invitation", &item);
        let item = tx.put_item(item);
        Ok(shown(&seen, &item))
    })
}

/// The client's id if it is a legal one that nothing has ever had, else a new one.
fn id_for(tx: &mut Tx<'_>, seen: &Seen, body: &Fields) -> Result<String, Refusal> {
    let Some(id) = body.get("id").filter(|id| !id.is_null()) else { return Ok(tx.fresh("e")) };
    let legal = |id: &&str| {
        (5..=1024).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b'a'..=b'v' | b'0'..=b'9'))
    };
    let id = id.as_str().filter(legal).ok_or_else(|| Refusal::invalid("Invalid resource id value."))?;
    if tx.world().item(&seen.calendar.id, id).is_some() {
        return Err(Refusal::duplicate());
    }
    Ok(id.to_owned())
}

/// `events.get`. A deleted event is still shown, as cancelled.
pub fn get(
    cloud: &Cloud,
    visitor: &Visitor,
    calendar: &str,
    id: &str,
    call: &Call,
) -> Result<Answer, Refusal> {
    let attendees = call.query.number("maxAttendees", 1..=usize::MAX)?.unwrap_or(usize::MAX);
    cloud.read(|world| {
        let seen = visitor.see(world, calendar)?;
        let found = find(world, &seen.calendar, id).ok_or_else(Refusal::not_found)?;
        if call.has(&etag(found.seq())) {
            return Ok(Answer::not_modified());
        }
        let reader = seen.reader(zone_of(&seen.calendar), attendees);
        Ok(Answer::json(match &found {
            Found::Item(item) if item.deleted => reader.deleted(item),
            Found::Item(item) => reader.event(item, None),
            Found::Occurrence(item, at) if item.deleted => reader.tombstone(item, Some(at)),
            Found::Occurrence(item, at) => reader.event(item, Some(at)),
        }))
    })
}

/// `events.update`.
pub fn update(
    cloud: &Cloud,
    visitor: &Visitor,
    calendar: &str,
    id: &str,
    call: &Call,
) -> Result<Answer, Refusal> {
    change(cloud, visitor, calendar, id, call, write::replaced)
}

/// `events.patch`.
pub fn patch(
    cloud: &Cloud,
    visitor: &Visitor,
    calendar: &str,
    id: &str,
    call: &Call,
) -> Result<Answer, Refusal> {
    change(cloud, visitor, calendar, id, call, write::patched)
}

type Rewrite = fn(&Fields, &Fields, &jiff::tz::TimeZone) -> Result<Fields, Refusal>;

fn change(
    cloud: &Cloud,
    visitor: &Visitor,
    calendar: &str,
    id: &str,
    call: &Call,
    rewrite: Rewrite,
) -> Result<Answer, Refusal> {
    let body = call.json()?;
    cloud.change(|tx| {
        let seen = visitor.see_to_write(tx.world(), calendar)?;
        let found = find(tx.world(), &seen.calendar, id).ok_or_else(Refusal::not_found)?;
        call.check_if_match(&etag(found.seq()))?;
        let revives = matches!(body.get("status").and_then(Value::as_str), Some("confirmed" | "tentative"));
        if found.is_deleted() && !revives {
            return Err(Refusal::deleted());
        }
        let item = found.item();
        let before = item.body.as_object().cloned().unwrap_or_default();
        let after = rewrite(&before, &body, &zone_of(&seen.calendar))?;
        if !is_organizer(&before, &seen) && write::touches_shared(&before, &after) {
            return Err(Refusal::non_organizer());
        }
        let put = edited(tx.world(), &seen.calendar, &item, after);
        note_mail(tx, &seen, call, "update", put.first().unwrap_or(&item));
        let put = put_all(tx, put);
        Ok(shown(&seen, put.first().unwrap_or(&item)))
    })
}

/// `events.delete`.
pub fn delete(
    cloud: &Cloud,
    visitor: &Visitor,
    calendar: &str,
    id: &str,
    call: &Call,
) -> Result<Answer, Refusal> {
    cloud.change(|tx| {
        let seen = visitor.see_to_write(tx.world(), calendar)?;
        let found = find(tx.world(), &seen.calendar, id).ok_or_else(Refusal::not_found)?;
        if found.is_deleted() {
            return Err(Refusal::deleted());
        }
        call.check_if_match(&etag(found.seq()))?;
        let item = found.item();
        note_mail(tx, &seen, call, "cancellation", &item);
        let put = removed(tx.world(), &seen.calendar, &item);
        put_all(tx, put);
        Ok(Answer::empty())
    })
}

fn put_all(tx: &mut Tx<'_>, items: Vec<Item>) -> Vec<Item> {
    items.into_iter().map(|item| tx.put_item(item)).collect()
}

fn shown(seen: &Seen, item: &Item) -> Answer {
    let reader = seen.reader(zone_of(&seen.calendar), usize::MAX);
    Answer::json(if item.deleted { reader.deleted(item) } else { reader.event(item, None) })
}

fn is_organizer(body: &Fields, seen: &Seen) -> bool {
    let email = body.get("organizer").and_then(|one| one.get("email")).and_then(Value::as_str);
    email.is_none_or(|email| is_self(email, &seen.account, &seen.calendar))
}

/// Google mails those invited unless it is told not to.
fn note_mail(tx: &mut Tx<'_>, seen: &Seen, call: &Call, kind: &str, item: &Item) {
    if call.query.one("sendUpdates") == Some("none") {
        return;
    }
    let attendees = item.body.get("attendees").and_then(Value::as_array).into_iter().flatten();
    let emails = attendees.filter_map(|one| one.get("email").and_then(Value::as_str));
    let to: Vec<String> =
        emails.filter(|email| !is_self(email, &seen.account, &seen.calendar)).map(str::to_owned).collect();
    if !to.is_empty() {
        tx.mail(&seen.client, &seen.account.email, to, kind, &item.id);
    }
}
