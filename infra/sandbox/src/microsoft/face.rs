//! Events as the page and the seed see them. Writes nothing itself: it answers what is to be put.

use jiff::Timestamp;
use jiff::civil::Weekday;
use serde_json::{Value, json};

use super::call::Window;
use super::draft;
use super::edit::{self, Target};
use super::series::{self, Seen};
use super::stored::{self, is_all_day, text};
use super::zone::{Zone, seven_digits, stamp};
use crate::cloud::{Account, Face, Item, NewEvent, Repeat, Reply, Role, Shown, Standing, When, World};

pub(super) struct GraphFace;

impl Face for GraphFace {
    fn shown(&self, world: &World, account: &str, from: Timestamp, to: Timestamp) -> Vec<Shown> {
        let calendars = world.calendars_of(account);
        let seen = calendars.iter().flat_map(|(calendar, role)| {
            let all = series::seen(world, &calendar.id, Window { from, to });
            all.into_iter().filter(|one| !is_cancelled(one)).map(move |one| shown(&calendar.id, *role, &one))
        });
        seen.collect()
    }

    fn draft(&self, new: &NewEvent) -> Value {
        let show_as = if new.is_free { "free" } else { "busy" };
        let mut request = times(&new.when, &new.time_zone);
        request = stored::with(
            &request,
            json!({"subject": new.title, "showAs": show_as, "recurrence": recurrence(new)}),
        );
        let body = draft::created(&request, &new.account).unwrap_or_default();
        let Some(host) = &new.invited_by else { return body };
        let address = |name: &str, email: &str| json!({"emailAddress": {"name": name, "address": email}});
        let guest = stored::with(
            &address(&new.account.name, &new.account.email),
            json!({"type": "required", "status": {"response": "none", "time": "0001-01-01T00:00:00Z"}}),
        );
        let invited = json!({
            "organizer": address(&host.name, &host.email), "isOrganizer": false, "attendees": [guest],
            "showAs": "tentative", "responseStatus": {"response": "notResponded", "time": "0001-01-01T00:00:00Z"},
        });
        stored::with(&body, invited)
    }

    fn moved(&self, world: &World, item: &Item, occurrence: Option<&str>, when: &When) -> Vec<Item> {
        let zone = stored::span(&item.body)
            .map_or_else(|| "UTC".to_owned(), |span| span.start.zone.name().to_owned());
        let target = target(world, item, occurrence);
        target.and_then(|target| target.changed(world, &times(when, &zone)).ok()).unwrap_or_default()
    }

    fn removed(&self, world: &World, item: &Item, occurrence: Option<&str>) -> Vec<Item> {
        target(world, item, occurrence).map(|target| target.removed(world)).unwrap_or_default()
    }

    fn answered(&self, item: &Item, _account: &Account, reply: Reply) -> Value {
        let (response, show_as) = match reply {
            Reply::Accept => ("accepted", "busy"),
            Reply::Tentative => ("tentativelyAccepted", "tentative"),
            Reply::Decline => ("declined", "free"),
        };
        let status = json!({"response": response, "time": stamp(item.updated)});
        stored::with(&item.body, json!({"responseStatus": status, "showAs": show_as}))
    }
}

fn target<'w>(world: &'w World, item: &Item, occurrence: Option<&str>) -> Option<Target<'w>> {
    edit::find(world, &item.calendar, occurrence.unwrap_or(&item.id))
}

fn is_cancelled(seen: &Seen<'_>) -> bool {
    body(seen).get("isCancelled") == Some(&Value::Bool(true))
}

fn body<'a>(seen: &'a Seen<'_>) -> &'a Value {
    match seen {
        Seen::Whole(item, _) | Seen::Occurrence(item, _) => &item.body,
    }
}

fn shown(calendar: &str, role: Role, seen: &Seen<'_>) -> Shown {
    let (item, occurrence) = match seen {
        Seen::Whole(item, _) => (item.id.clone(), None),
        Seen::Occurrence(master, one) => (master.id.clone(), Some(one.key.clone())),
    };
    let (span, body) = (seen.span(), body(seen));
    let when = if is_all_day(body) {
        When::Days { start: span.start.wall.date(), end: span.end.wall.date() }
    } else {
        When::Timed { start: span.start.instant(), end: span.end.instant() }
    };
    let title = if role == Role::FreeBusyOnly { String::new() } else { text(body, "subject").to_owned() };
    Shown { calendar: calendar.to_owned(), item, occurrence, title, when, standing: standing(body) }
}

fn standing(body: &Value) -> Standing {
    let response = body.pointer("/responseStatus/response").and_then(Value::as_str).unwrap_or_default();
    match (response, text(body, "showAs")) {
        ("notResponded", _) => Standing::Invited,
        ("declined", _) => Standing::Declined,
        (_, "free") => Standing::Free,
        (_, "tentative") => Standing::Tentative,
        _ => Standing::Busy,
    }
}

fn times(when: &When, zone: &str) -> Value {
    let time = |wall| json!({"dateTime": seven_digits(wall), "timeZone": zone});
    match when {
        When::Timed { start, end } => {
            let rules = Zone::find(zone).unwrap_or_default();
            json!({"start": time(rules.wall(*start)), "end": time(rules.wall(*end)), "isAllDay": false})
        }
        When::Days { start, end } => {
            json!({"start": time(start.at(0, 0, 0, 0)), "end": time(end.at(0, 0, 0, 0)), "isAllDay": true})
        }
    }
}

fn recurrence(new: &NewEvent) -> Value {
    let start = match &new.when {
        When::Timed { start, .. } => Zone::find(&new.time_zone).unwrap_or_default().wall(*start).date(),
        When::Days { start, .. } => *start,
    };
    let range = |count: u32| {
        json!({"type": "numbered", "startDate": start.to_string(), "numberOfOccurrences": count,
            "recurrenceTimeZone": new.time_zone})
    };
    match new.repeat {
        Repeat::Once => Value::Null,
        Repeat::Daily { count } => {
            json!({"pattern": {"type": "daily", "interval": 1}, "range": range(count)})
        }
        Repeat::Weekly { on, count } => {
            let pattern =
                json!({"type": "weekly", "interval": 1, "daysOfWeek": [day(on)], "firstDayOfWeek": "monday"});
            json!({"pattern": pattern, "range": range(count)})
        }
    }
}

fn day(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}
