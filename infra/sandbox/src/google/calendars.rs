//! Calendars as Google shows them: the account's list with its sync tokens, and the calendars themselves, which a
//! client may make, rename and delete. Events live elsewhere.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::access::{Visitor, access_role};
use super::answer::Answer;
use super::call::{Call, Query};
use super::event::show::etag;
use super::events::cursor::{Page, PageToken, SyncToken, read, text_of};
use super::refusal::Refusal;
use crate::cloud::{Calendar, Cloud, Role, World};

const DEFAULT_PAGE: usize = 100;
const LARGEST_PAGE: usize = 250;
/// Roles as `minAccessRole` ranks them.
const RANKS: [&str; 4] = ["freeBusyReader", "reader", "writer", "owner"];
/// What a client may write besides name and zone.
const EXTRAS: [&str; 2] = ["description", "location"];

/// Where a listing of calendars stands.
struct Course {
    since: Option<u64>,
    seq: u64,
    after: String,
}

/// `calendarList.list`.
pub fn list(cloud: &Cloud, visitor: &Visitor, query: &Query) -> Result<Answer, Refusal> {
    let size = query.number("maxResults", 1..=LARGEST_PAGE)?.unwrap_or(DEFAULT_PAGE);
    let rank = rank(query)?;
    let (deleted, hidden) = (query.flag("showDeleted")?, query.flag("showHidden")?);
    cloud.read(|world| {
        let course = course(world, &visitor.account, query)?;
        let told = |calendar: &Calendar| !calendar.deleted || deleted || course.since.is_some();
        let mut found: Vec<(&Calendar, Role)> = world
            .calendars
            .values()
            .filter_map(|calendar| Some((calendar, calendar.role_of(&visitor.account)?)))
            .filter(|(calendar, role)| told(calendar) && rank_of(*role) >= rank)
            .filter(|(calendar, _)| hidden || course.since.is_some() || !is_hidden(calendar))
            .filter(|(calendar, _)| course.since.is_none_or(|since| calendar.seq > since))
            .filter(|(calendar, _)| calendar.id > course.after)
            .collect();
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().map_or("", |(calendar, _)| calendar.id.as_str());
        let next =
            if more { page_token(visitor, query, &course, last) } else { sync_token(visitor, &course) };
        let items: Vec<Value> = found.iter().map(|(calendar, role)| entry(calendar, *role)).collect();
        let mut answer = json!({"kind": "calendar#calendarList", "etag": etag(world.seq), "items": items});
        if let Some(fields) = answer.as_object_mut() {
            fields.insert(next.0.to_owned(), json!(next.1));
        }
        Ok(Answer::json(answer))
    })
}

fn course(world: &World, account: &str, query: &Query) -> Result<Course, Refusal> {
    if let Some(text) = query.one("pageToken") {
        let bad = || Refusal::parameter("pageToken", "Invalid page token value.");
        let token: PageToken = read(text).ok_or_else(bad)?;
        if token.of != account || token.query != query.lasting() {
            return Err(bad());
        }
        return Ok(Course { since: token.since, seq: token.seq, after: token.after });
    }
    let Some(text) = query.one("syncToken") else {
        return Ok(Course { since: None, seq: world.seq, after: String::new() });
    };
    if query.one("minAccessRole").is_some() {
        return Err(Refusal::parameter(
            "minAccessRole",
            "Sync token cannot be used with query restrictions.",
        ));
    }
    let token: SyncToken =
        read(text).ok_or_else(|| Refusal::parameter("syncToken", "Invalid sync token value."))?;
    if token.of != account || !world.is_live_cursor(token.seq) || token.seq > world.seq {
        return Err(Refusal::full_sync_required());
    }
    Ok(Course { since: Some(token.seq), seq: world.seq, after: String::new() })
}

fn page_token(visitor: &Visitor, query: &Query, course: &Course, last: &str) -> (&'static str, String) {
    let token = PageToken {
        of: visitor.account.clone(),
        query: query.lasting(),
        since: course.since,
        seq: course.seq,
        after: last.to_owned(),
        page: Page::Filled,
        terms: None,
    };
    ("nextPageToken", text_of(&token))
}

fn sync_token(visitor: &Visitor, course: &Course) -> (&'static str, String) {
    ("nextSyncToken", text_of(&SyncToken { of: visitor.account.clone(), seq: course.seq, terms: None }))
}

fn rank(query: &Query) -> Result<usize, Refusal> {
    let Some(name) = query.one("minAccessRole") else { return Ok(0) };
    let place = RANKS.iter().position(|known| *known == name);
    place.ok_or_else(|| Refusal::parameter("minAccessRole", "Invalid value for: minAccessRole"))
}

fn rank_of(role: Role) -> usize {
    RANKS.iter().position(|known| *known == access_role(role)).unwrap_or(0)
}

fn is_hidden(calendar: &Calendar) -> bool {
    calendar.extra.get("hidden").and_then(Value::as_bool) == Some(true)
}

/// `calendarList.get`.
pub fn get_entry(cloud: &Cloud, visitor: &Visitor, id: &str) -> Result<Answer, Refusal> {
    cloud.read(|world| {
        let seen = visitor.see(world, id)?;
        Ok(Answer::json(entry(&seen.calendar, seen.role)))
    })
}

/// A line of an account's list.
fn entry(calendar: &Calendar, role: Role) -> Value {
    if calendar.deleted {
        return json!({"kind": "calendar#calendarListEntry", "etag": etag(calendar.seq), "id": calendar.id,
            "deleted": true});
    }
    let mut entry = json!({"kind": "calendar#calendarListEntry", "accessRole": access_role(role),
        "selected": true, "colorId": "14", "backgroundColor": "#9fe1e7", "foregroundColor": "#000000",
        "defaultReminders": [], "notificationSettings": {"notifications": []},
        "fieldOfTomorrow": {"shade": [1, 2]}});
    if let Some(fields) = entry.as_object_mut() {
        fields.extend(common(calendar));
        if role == Role::Primary {
            fields.insert("primary".to_owned(), json!(true));
        }
        if is_hidden(calendar) {
            fields.insert("hidden".to_owned(), json!(true));
        }
    }
    entry
}

/// What the list and the calendar itself both say.
fn common(calendar: &Calendar) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("etag".to_owned(), json!(etag(calendar.seq)));
    fields.insert("id".to_owned(), json!(calendar.id));
    fields.insert("summary".to_owned(), json!(calendar.name));
    fields.insert("timeZone".to_owned(), json!(calendar.time_zone));
    let meeting = json!({"allowedConferenceSolutionTypes": ["hangoutsMeet"]});
    fields.insert("conferenceProperties".to_owned(), meeting);
    for key in EXTRAS {
        let value = calendar.extra.get(key).filter(|value| value.is_string());
        fields.extend(value.map(|value| (key.to_owned(), value.clone())));
    }
    fields
}

fn resource(calendar: &Calendar) -> Value {
    let mut fields = common(calendar);
    fields.insert("kind".to_owned(), json!("calendar#calendar"));
    Value::Object(fields)
}

/// `calendars.get`.
pub fn get(cloud: &Cloud, visitor: &Visitor, id: &str, call: &Call) -> Result<Answer, Refusal> {
    cloud.read(|world| {
        let seen = visitor.see(world, id)?;
        let fresh = !call.has(&etag(seen.calendar.seq));
        Ok(if fresh { Answer::json(resource(&seen.calendar)) } else { Answer::not_modified() })
    })
}

/// `acl.list`: the account, and with whom it shares.
pub fn sharing(cloud: &Cloud, visitor: &Visitor, id: &str) -> Result<Answer, Refusal> {
    cloud.read(|world| {
        let calendar = visitor.see_to_own(world, id)?.calendar;
        let rule = |kind: &str, value: Option<&str>, role: &str| {
            let id = value.map_or_else(|| kind.to_owned(), |value| format!("{kind}:{value}"));
            json!({"kind": "calendar#aclRule", "id": id, "role": role, "scope": {"type": kind, "value": value}})
        };
        let address = |account: &String| world.account(account).map(|account| account.email.as_str());
        let own = rule("user", address(&visitor.account), "owner");
        let others = calendar.shared_with.iter();
        let others = others.map(|(account, role)| rule("user", address(account), access_role(*role)));
        let everybody = calendar.is_public().then(|| rule("default", None, "reader"));
        let items: Vec<Value> = [own].into_iter().chain(others).chain(everybody).collect();
        Ok(Answer::json(json!({"kind": "calendar#acl", "etag": etag(calendar.seq), "items": items})))
    })
}

/// `calendars.insert`: always a new one, as the client cannot name it.
pub fn insert(cloud: &Cloud, visitor: &Visitor, call: &Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    cloud.change(|tx| {
        let account = tx.world().account(&visitor.account).ok_or_else(Refusal::invalid_credentials)?;
        let time_zone = account.time_zone.clone();
        let mut calendar = Calendar {
            id: format!("{}@group.calendar.google.com", tx.fresh("c_")),
            account: visitor.account.clone(),
            name: String::new(),
            role: Role::Own,
            time_zone,
            made_by_client: Some(visitor.client.clone()),
            shared_with: std::collections::BTreeMap::new(),
            extra: json!({}),
            seq: 0,
            deleted: false,
        };
        rewrite(&mut calendar, &body)?;
        Ok(Answer::json(resource(&tx.put_calendar(calendar))))
    })
}

/// `calendars.patch`.
pub fn patch(cloud: &Cloud, visitor: &Visitor, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    cloud.change(|tx| {
        let mut calendar = visitor.see_to_own(tx.world(), id)?.calendar;
        call.check_if_match(&etag(calendar.seq))?;
        rewrite(&mut calendar, &body)?;
        Ok(Answer::json(resource(&tx.put_calendar(calendar))))
    })
}

fn rewrite(calendar: &mut Calendar, body: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some(name) = body.get("summary") {
        name.as_str().unwrap_or_default().clone_into(&mut calendar.name);
    }
    if calendar.name.is_empty() {
        return Err(Refusal::required("Missing title."));
    }
    if let Some(zone) = body.get("timeZone") {
        let name = zone.as_str().filter(|name| TimeZone::get(name).is_ok());
        name.ok_or_else(|| Refusal::invalid("Invalid time zone."))?.clone_into(&mut calendar.time_zone);
    }
    let mut extra = calendar.extra.as_object().cloned().unwrap_or_default();
    for key in EXTRAS {
        extra.extend(body.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    calendar.extra = Value::Object(extra);
    Ok(())
}

/// `calendars.delete`; the main calendar cannot be deleted.
pub fn delete(cloud: &Cloud, visitor: &Visitor, id: &str, call: &Call) -> Result<Answer, Refusal> {
    cloud.change(|tx| {
        let seen = visitor.see_to_own(tx.world(), id)?;
        if seen.role == Role::Primary {
            return Err(Refusal::forbidden("The primary calendar cannot be deleted."));
        }
        call.check_if_match(&etag(seen.calendar.seq))?;
        tx.put_calendar(Calendar { deleted: true, ..seen.calendar });
        Ok(Answer::empty())
    })
}
