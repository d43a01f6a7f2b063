//! A person in Google Calendar.

use daybook_core::connection::Provider;
use daybook_core::ids::CalendarId;
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Ask, Hand, Kept, Shown, Standing, Weeks, between, escaped, json_of, text, wide};
use crate::cloud::house::{HOST, House};

const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/calendar"];
const ZONE: &str = "America/New_York";

pub struct GoogleHand {
    pub account: &'static str,
    token: Kept,
}

impl GoogleHand {
    pub fn of(account: &'static str) -> Self {
        Self { account, token: Kept::default() }
    }

    fn ask(&self, house: &House, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{HOST}/sandbox/google/calendar/v3{path}");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let issue = || house.google.issue(self.account, "a-person", &SCOPES).unwrap().access_token;
        let send = |token: &str| {
            let (authorization, headers) =
                (format!("Bearer {token}"), &[("content-type", "application/json")]);
            Ask { method, url: url.clone(), authorization, headers, body: body.clone() }.send(house)
        };
        json_of(&format!("{method} {path}"), self.token.ask(issue, send))
    }

    fn event(calendar: &CalendarId, item: &str) -> String {
        format!("/calendars/{}/events/{}?sendUpdates=none", escaped(calendar.as_str()), escaped(item))
    }
}

fn times(at: Interval) -> Value {
    let moment = |at: Timestamp| json!({"dateTime": at.to_string(), "timeZone": ZONE});
    json!({"start": moment(at.start()), "end": moment(at.end())})
}

fn with(mut body: Value, more: Value) -> Value {
    let (Some(fields), Value::Object(more)) = (body.as_object_mut(), more) else { return body };
    fields.extend(more);
    body
}

/// As Google names one of a series: by when it was first meant to be.
fn occurrence(item: &str, from: Interval) -> String {
    format!("{item}_{}", from.start().strftime("%Y%m%dT%H%M%SZ"))
}

impl Hand for GoogleHand {
    fn provider(&self) -> Provider {
        Provider::Google
    }

    fn make_calendar(&self, house: &House, name: &str) -> CalendarId {
        let made = self.ask(house, "POST", "/calendars", Some(json!({"summary": name})));
        CalendarId::new(text(&made["id"]))
    }

    fn add(&self, house: &House, calendar: &CalendarId, at: Interval, weeks: Weeks) -> String {
        let rule = match weeks {
            Weeks::Once => json!({}),
            Weeks::Times(times) => json!({"recurrence": [format!("RRULE:FREQ=WEEKLY;COUNT={times}")]}),
            Weeks::ForEver => json!({"recurrence": ["RRULE:FREQ=WEEKLY"]}),
        };
        let body = with(with(json!({"summary": "Something private"}), times(at)), rule);
        let path = format!("/calendars/{}/events", escaped(calendar.as_str()));
        text(&self.ask(house, "POST", &path, Some(body))["id"]).to_owned()
    }

    fn shift(&self, house: &House, calendar: &CalendarId, item: &str, to: Interval) {
        self.ask(house, "PATCH", &Self::event(calendar, item), Some(times(to)));
    }

    fn delete(&self, house: &House, calendar: &CalendarId, item: &str) {
        self.ask(house, "DELETE", &Self::event(calendar, item), None);
    }

    fn change_one(
        &self,
        house: &House,
        calendar: &CalendarId,
        item: &str,
        from: Interval,
        to: Option<Interval>,
    ) {
        let one = occurrence(item, from);
        match to {
            Some(to) => self.shift(house, calendar, &one, to),
            None => self.delete(house, calendar, &one),
        }
    }

    fn show_as(&self, house: &House, calendar: &CalendarId, item: &str, shown: Shown) {
        let word = if shown == Shown::Free { "transparent" } else { "opaque" };
        self.ask(house, "PATCH", &Self::event(calendar, item), Some(json!({"transparency": word})));
    }

    fn copy(&self, house: &House, calendar: &CalendarId, item: &str, to: Interval) -> String {
        let first = self.ask(house, "GET", &Self::event(calendar, item), None);
        let kept = ["summary", "visibility", "transparency", "extendedProperties", "reminders"];
        let kept = kept.into_iter().filter_map(|name| Some((name.to_owned(), first.get(name)?.clone())));
        let body = with(times(to), Value::Object(kept.collect()));
        let path = format!("/calendars/{}/events", escaped(calendar.as_str()));
        text(&self.ask(house, "POST", &path, Some(body))["id"]).to_owned()
    }

    fn standing(&self, house: &House, calendar: &CalendarId) -> Vec<Standing> {
        let (wide, mut page, mut standing) = (wide(house), String::new(), Vec::new());
        for _ in 0..100 {
            let path = format!(
                "/calendars/{}/events?singleEvents=true&maxResults=2500&timeMin={}&timeMax={}{page}",
                escaped(calendar.as_str()),
                wide.start(),
                wide.end()
            );
            let listed = self.ask(house, "GET", &path, None);
            standing.extend(listed["items"].as_array().unwrap().iter().map(read));
            match listed["nextPageToken"].as_str() {
                Some(next) => page = format!("&pageToken={next}"),
                None => return standing,
            }
        }
        panic!("the pages do not end")
    }

    fn expire_bookmarks(&self, house: &House) {
        let done: Result<(), ()> = house.google.change(|tx| {
            tx.expire_cursors();
            Ok(())
        });
        done.unwrap();
    }
}

fn read(event: &Value) -> Standing {
    let instant = |moment: &Value| match moment["dateTime"].as_str() {
        Some(at) => at.parse::<Timestamp>().unwrap(),
        None => start_of_day(text(&moment["date"])),
    };
    let item = event["recurringEventId"].as_str().unwrap_or(text(&event["id"]));
    Standing {
        item: item.to_owned(),
        at: between(instant(&event["start"]), instant(&event["end"])),
        is_busy: event["transparency"] != "transparent" && !is_declined(event),
        mirror: MirrorId::parse(text(&event["id"])),
        title: text(&event["summary"]).to_owned(),
        is_private: event["visibility"] == "private",
        people: event["attendees"].as_array().map_or(0, Vec::len),
    }
}

fn start_of_day(date: &str) -> Timestamp {
    let day: jiff::civil::Date = date.parse().unwrap();
    daybook_core::time::start_of_day(day, &crate::world::calendar::zone())
}

fn is_declined(event: &Value) -> bool {
    let people = event["attendees"].as_array().into_iter().flatten();
    people.filter(|one| one["self"] == true).any(|one| one["responseStatus"] == "declined")
}
