//! Google's side of the page and the seed: its JSON as a week that people can look at, and their deeds as its JSON.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::event::busy::{is_busy, own_response};
use super::event::change::{edited, exception, removed};
use super::event::moment::Moment;
use super::event::series::{Occurrence, shape, zone_of};
use super::event::show::{Reader, Sees};
use super::events::entries::{Entry, Look};
use super::events::list::everything;
use crate::cloud::{
    Account, Calendar, Face, Item, NewEvent, Repeat, Reply, Role, Shown, Standing, When, World,
};

/// Google, as the page and the seed see it.
pub struct GoogleFace;

impl Face for GoogleFace {
    fn shown(&self, world: &World, account: &str, from: Timestamp, to: Timestamp) -> Vec<Shown> {
        let Some(account) = world.account(account) else { return Vec::new() };
        let terms = everything(from, to);
        let listed = world.calendars_of(&account.id);
        let all = listed.into_iter().flat_map(|(calendar, role)| {
            let standing = Look::new(world, calendar, &terms).standing().into_values();
            standing.filter_map(|entry| line(&entry, account, calendar, role)).collect::<Vec<_>>()
        });
        all.collect()
    }

    fn draft(&self, new: &NewEvent) -> Value {
        let (start, end) = times(&new.when, Some(&new.time_zone));
        let utc = TimeZone::UTC;
        let mut body = json!({"summary": new.title, "start": start.json(&utc), "end": end.json(&utc),
            "creator": {"email": new.account.email}, "organizer": {"email": new.calendar},
            "reminders": {"useDefault": true}});
        let Some(fields) = body.as_object_mut() else { return body };
        if let Some(rule) = rule(new.repeat) {
            fields.insert("recurrence".to_owned(), json!([rule]));
        }
        if new.is_free {
            fields.insert("transparency".to_owned(), json!("transparent"));
        }
        if let Some(host) = &new.invited_by {
            let person = json!({"email": host.email, "displayName": host.name});
            fields.insert("creator".to_owned(), json!({"email": host.email}));
            fields.insert("organizer".to_owned(), person);
            let attendees = json!([
                {"email": host.email, "displayName": host.name, "organizer": true, "responseStatus": "accepted"},
                {"email": new.account.email, "responseStatus": "needsAction"}]);
            fields.insert("attendees".to_owned(), attendees);
        }
        body
    }

    fn moved(&self, world: &World, item: &Item, occurrence: Option<&str>, when: &When) -> Vec<Item> {
        let Some((calendar, item)) = target(world, item, occurrence) else { return Vec::new() };
        let zone = item.body.get("start").and_then(|start| start.get("timeZone")).and_then(Value::as_str);
        let (start, end) = times(when, zone);
        let mut body = without_past(&item.body);
        body.insert("start".to_owned(), start.json(&TimeZone::UTC));
        body.insert("end".to_owned(), end.json(&TimeZone::UTC));
        let sequence = body.get("sequence").and_then(Value::as_u64).unwrap_or(0);
        body.insert("sequence".to_owned(), json!(sequence + 1));
        edited(world, calendar, &item, body)
    }

    fn removed(&self, world: &World, item: &Item, occurrence: Option<&str>) -> Vec<Item> {
        let target = target(world, item, occurrence);
        target.map_or_else(Vec::new, |(calendar, item)| removed(world, calendar, &item))
    }

    fn answered(&self, item: &Item, account: &Account, reply: Reply) -> Value {
        let word = match reply {
            Reply::Accept => "accepted",
            Reply::Tentative => "tentative",
            Reply::Decline => "declined",
        };
        let mut body = item.body.clone();
        let attendees = body.get_mut("attendees").and_then(Value::as_array_mut);
        for one in attendees.into_iter().flatten().filter_map(Value::as_object_mut) {
            let email = one.get("email").and_then(Value::as_str);
            if email.is_some_and(|email| email.eq_ignore_ascii_case(&account.email)) {
                one.insert("responseStatus".to_owned(), json!(word));
            }
        }
        body
    }
}

/// The item that a deed is about, and its calendar: an occurrence is written down for it.
fn target<'a>(world: &'a World, item: &Item, occurrence: Option<&str>) -> Option<(&'a Calendar, Item)> {
    let calendar = world.calendars.get(&item.calendar)?;
    let Some(id) = occurrence else { return Some((calendar, item.clone())) };
    let at = shape(item)?.occurrence(&item.id, id, &zone_of(calendar))?;
    Some((calendar, exception(item, &at)))
}

fn without_past(body: &Value) -> Map<String, Value> {
    let fields = body.as_object().into_iter().flatten().filter(|(key, _)| !key.starts_with('~'));
    fields.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn line(entry: &Entry<'_>, account: &Account, calendar: &Calendar, role: Role) -> Option<Shown> {
    let Entry::Live(item, at) = entry else { return None };
    let when = when(item, at.as_ref(), &zone_of(calendar))?;
    let sees = match role {
        Role::FreeBusyOnly => Sees::Times,
        Role::SharedReader => Sees::Shared,
        _ => Sees::All,
    };
    let reader = Reader { account, calendar, zone: TimeZone::UTC, sees, attendees: usize::MAX };
    let shown = reader.event(item, at.as_ref());
    let title = shown.get("summary").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Shown {
        calendar: calendar.id.clone(),
        item: item.id.clone(),
        occurrence: at.as_ref().map(|at| at.id.clone()),
        title,
        when,
        standing: standing(item, account, calendar),
    })
}

fn standing(item: &Item, account: &Account, calendar: &Calendar) -> Standing {
    match own_response(&item.body, account, calendar) {
        Some("needsAction") => Standing::Invited,
        Some("declined") => Standing::Declined,
        _ if !is_busy(&item.body, account, calendar) => Standing::Free,
        Some("tentative") => Standing::Tentative,
        _ if item.body.get("status").and_then(Value::as_str) == Some("tentative") => Standing::Tentative,
        _ => Standing::Busy,
    }
}

fn when(item: &Item, at: Option<&Occurrence>, zone: &TimeZone) -> Option<When> {
    let moment = |key: &str| item.body.get(key).and_then(|value| Moment::parse(value).ok());
    let (start, end) = match at {
        Some(at) => (at.start.clone(), at.end.clone()),
        None => (moment("start")?, moment("end")?),
    };
    Some(match (&start, &end) {
        (Moment::Day(start), Moment::Day(end)) => When::Days { start: *start, end: *end },
        _ => When::Timed { start: start.instant(zone), end: end.instant(zone) },
    })
}

fn times(when: &When, zone: Option<&str>) -> (Moment, Moment) {
    match when {
        When::Days { start, end } => (Moment::Day(*start), Moment::Day(*end)),
        When::Timed { start, end } => {
            let time = |at: &Timestamp| Moment::Time { at: *at, zone: zone.map(str::to_owned) };
            (time(start), time(end))
        }
    }
}

fn rule(repeat: Repeat) -> Option<String> {
    match repeat {
        Repeat::Once => None,
        Repeat::Daily { count } => Some(format!("RRULE:FREQ=DAILY;COUNT={count}")),
        Repeat::Weekly { on, count } => Some(format!("RRULE:FREQ=WEEKLY;COUNT={count};BYDAY={}", day(on))),
    }
}

fn day(on: Weekday) -> &'static str {
    match on {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::cloud::{Organisation, Person};

    const HOME: &str = "dora@clinic.example";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn timed(start: &str, end: &str) -> When {
        When::Timed { start: at(start), end: at(end) }
    }

    fn world() -> World {
        let mut world = World::default();
        let account = Account {
            id: "dora".to_owned(),
            email: HOME.to_owned(),
            name: "Dora".to_owned(),
            kind: Organisation::Personal,
            time_zone: "Europe/Berlin".to_owned(),
        };
        let calendar = Calendar {
            id: HOME.to_owned(),
            account: "dora".to_owned(),
            name: "Dora".to_owned(),
            role: Role::Primary,
            time_zone: "Europe/Berlin".to_owned(),
            made_by_client: None,
            shared_with: std::collections::BTreeMap::new(),
            extra: Value::Null,
            seq: 1,
            deleted: false,
        };
        world.accounts.insert("dora".to_owned(), account);
        world.calendars.insert(HOME.to_owned(), calendar);
        world
    }

    fn draft(world: &World, title: &str, when: When, repeat: Repeat, host: Option<&str>) -> Item {
        let person = |email: &str| Person { name: "Host".to_owned(), email: email.to_owned() };
        let new = NewEvent {
            id: title.to_owned(),
            calendar: HOME.to_owned(),
            account: world.accounts["dora"].clone(),
            title: title.to_owned(),
            when,
            time_zone: "Europe/Berlin".to_owned(),
            repeat,
            is_free: title == "days",
            invited_by: host.map(person),
        };
        Item { seq: 2, ..Item::new(HOME, title, GoogleFace.draft(&new)) }
    }

    fn put(world: &mut World, items: Vec<Item>) {
        for item in items {
            world.seq += 1;
            let key = (item.calendar.clone(), item.id.clone());
            world.items.insert(key, Item { seq: world.seq, ..item });
        }
    }

    fn week(world: &World) -> Vec<String> {
        let shown = GoogleFace.shown(world, "dora", at("2026-03-02T00:00:00Z"), at("2026-03-16T00:00:00Z"));
        let mut lines: Vec<String> = shown
            .into_iter()
            .map(|one| {
                let start = match one.when {
                    When::Timed { start, .. } => start.to_string(),
                    When::Days { start, end } => format!("{start}/{end}"),
                };
                format!("{start} {} {:?}", one.title, one.standing)
            })
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn people_add_move_answer_and_delete() {
        let mut world = world();
        let weekly = Repeat::Weekly { on: Weekday::Tuesday, count: 2 };
        let series =
            draft(&world, "series", timed("2026-03-03T08:00:00Z", "2026-03-03T09:00:00Z"), weekly, None);
        let days = When::Days { start: "2026-03-04".parse().unwrap(), end: "2026-03-06".parse().unwrap() };
        let days = draft(&world, "days", days, Repeat::Once, None);
        let when = timed("2026-03-05T08:00:00Z", "2026-03-05T09:00:00Z");
        let meeting = draft(&world, "meeting", when, Repeat::Once, Some("host@x.example"));
        put(&mut world, vec![series, days, meeting]);
        assert_eq!(
            week(&world),
            [
                "2026-03-03T08:00:00Z series Busy",
                "2026-03-04/2026-03-06 days Free",
                "2026-03-05T08:00:00Z meeting Invited",
                "2026-03-10T08:00:00Z series Busy",
            ]
        );
        let item = |world: &World, id: &str| world.item(HOME, id).unwrap().clone();
        let to = timed("2026-03-11T08:00:00Z", "2026-03-11T09:00:00Z");
        let moved = GoogleFace.moved(&world, &item(&world, "series"), Some("series_20260310T080000Z"), &to);
        put(&mut world, moved);
        let gone = GoogleFace.removed(&world, &item(&world, "series"), Some("series_20260303T080000Z"));
        put(&mut world, gone);
        let days = When::Days { start: "2026-03-07".parse().unwrap(), end: "2026-03-08".parse().unwrap() };
        let moved = GoogleFace.moved(&world, &item(&world, "days"), None, &days);
        put(&mut world, moved);
        let meeting = item(&world, "meeting");
        let body = GoogleFace.answered(&meeting, &world.accounts["dora"], Reply::Decline);
        put(&mut world, vec![Item { body, ..meeting }]);
        assert_eq!(
            week(&world),
            [
                "2026-03-05T08:00:00Z meeting Declined",
                "2026-03-07/2026-03-08 days Free",
                "2026-03-11T08:00:00Z series Busy",
            ]
        );
        let gone = GoogleFace.removed(&world, &item(&world, "series"), None);
        assert_eq!(gone.len(), 2);
    }
}
