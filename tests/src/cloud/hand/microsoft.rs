//! A person in Outlook.

use daybook_core::connection::Provider;
use daybook_core::ids::CalendarId;
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Ask, Hand, Kept, Shown, Standing, Weeks, between, escaped, json_of, text, wide};
use crate::cloud::house::{HOST, House};
use crate::world::calendar::zone;

const ZONE: &str = "America/New_York";

pub struct MicrosoftHand {
    pub account: &'static str,
    token: Kept,
}

impl MicrosoftHand {
    pub fn of(account: &'static str) -> Self {
        Self { account, token: Kept::default() }
    }

    fn ask(&self, house: &House, method: &str, path: &str, body: Option<Value>) -> Value {
        self.ask_at(house, method, &format!("{HOST}/sandbox/microsoft/v1.0{path}"), body)
    }

    fn ask_at(&self, house: &House, method: &str, url: &str, body: Option<Value>) -> Value {
        let scopes = ["User.Read", "Calendars.ReadWrite"];
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let headers = &[("content-type", "application/json"), ("prefer", "IdType=\"ImmutableId\"")];
        let issue = || house.microsoft.issue(self.account, "a-person", &scopes).unwrap().access_token;
        let send = |token: &str| {
            let authorization = format!("Bearer {token}");
            Ask { method, url: url.to_owned(), authorization, headers, body: body.clone() }.send(house)
        };
        json_of(&format!("{method} {url}"), self.token.ask(issue, send))
    }

    fn all(&self, house: &House, path: &str) -> Vec<Value> {
        let (mut url, mut all) = (format!("{HOST}/sandbox/microsoft/v1.0{path}"), Vec::new());
        for _ in 0..200 {
            let page = self.ask_at(house, "GET", &url, None);
            all.extend(page["value"].as_array().unwrap().iter().cloned());
            match page["@odata.nextLink"].as_str() {
                Some(next) => next.clone_into(&mut url),
                None => return all,
            }
        }
        panic!("the pages do not end")
    }

    fn one_of(&self, house: &House, item: &str, from: Interval) -> String {
        let path = format!("/me/events/{}/instances?{}", escaped(item), window(from));
        let all = self.all(house, &path);
        let one = all.iter().find(|one| text(&one["originalStart"]).parse().ok() == Some(from.start()));
        let one = one.or_else(|| all.iter().find(|one| instant(&one["start"]) == from.start()));
        text(&one.unwrap_or_else(|| panic!("none at {}", from.start()))["id"]).to_owned()
    }
}

fn window(at: Interval) -> String {
    format!("startDateTime={}&endDateTime={}", at.start(), at.end())
}

fn event(item: &str) -> String {
    format!("/me/events/{}", escaped(item))
}

fn times(at: Interval) -> Value {
    let moment = |at: Timestamp| {
        let wall = zone().to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S").to_string();
        json!({"dateTime": wall, "timeZone": ZONE})
    };
    json!({"start": moment(at.start()), "end": moment(at.end())})
}

fn recurrence(at: Interval, weeks: Weeks) -> Value {
    let first = zone().to_datetime(at.start()).date();
    let day = first.strftime("%A").to_string().to_lowercase();
    let pattern = json!({"type": "weekly", "interval": 1, "daysOfWeek": [day], "firstDayOfWeek": "sunday"});
    let range = match weeks {
        Weeks::Once => return Value::Null,
        Weeks::Times(times) => json!({"type": "numbered", "numberOfOccurrences": times}),
        Weeks::ForEver => json!({"type": "noEnd"}),
    };
    let begins = json!({"startDate": first.to_string(), "recurrenceTimeZone": ZONE});
    json!({"pattern": pattern, "range": with(range, begins)})
}

fn with(mut body: Value, more: Value) -> Value {
    let (Some(fields), Value::Object(more)) = (body.as_object_mut(), more) else { return body };
    fields.extend(more);
    body
}

impl Hand for MicrosoftHand {
    fn provider(&self) -> Provider {
        Provider::Microsoft
    }

    fn make_calendar(&self, house: &House, name: &str) -> CalendarId {
        let made = self.ask(house, "POST", "/me/calendars", Some(json!({"name": name})));
        CalendarId::new(text(&made["id"]))
    }

    fn add(&self, house: &House, calendar: &CalendarId, at: Interval, weeks: Weeks) -> String {
        let mut body = with(json!({"subject": "Something private"}), times(at));
        if weeks != Weeks::Once {
            body["recurrence"] = recurrence(at, weeks);
        }
        let path = format!("/me/calendars/{}/events", escaped(calendar.as_str()));
        text(&self.ask(house, "POST", &path, Some(body))["id"]).to_owned()
    }

    /// Outlook sends the rule along, which names the day of the week.
    fn shift(&self, house: &House, _: &CalendarId, item: &str, to: Interval) {
        let mut body = times(to);
        let rule = &self.ask(house, "GET", &event(item), None)["recurrence"];
        if !rule.is_null() {
            let times = rule["range"]["numberOfOccurrences"].as_u64().filter(|times| *times > 0);
            let weeks = times.map_or(Weeks::ForEver, |times| Weeks::Times(u32::try_from(times).unwrap()));
            body["recurrence"] = recurrence(to, weeks);
        }
        self.ask(house, "PATCH", &event(item), Some(body));
    }

    fn delete(&self, house: &House, _: &CalendarId, item: &str) {
        self.ask(house, "DELETE", &event(item), None);
    }

    fn change_one(
        &self,
        house: &House,
        calendar: &CalendarId,
        item: &str,
        from: Interval,
        to: Option<Interval>,
    ) {
        let one = self.one_of(house, item, from);
        match to {
            Some(to) => self.shift(house, calendar, &one, to),
            None => self.delete(house, calendar, &one),
        }
    }

    fn show_as(&self, house: &House, _: &CalendarId, item: &str, shown: Shown) {
        let word = if shown == Shown::Free { "free" } else { "busy" };
        self.ask(house, "PATCH", &event(item), Some(json!({"showAs": word})));
    }

    fn copy(&self, house: &House, calendar: &CalendarId, item: &str, to: Interval) -> String {
        let first = self.ask(house, "GET", &event(item), None);
        let kept = ["subject", "sensitivity", "showAs", "isReminderOn"];
        let kept = kept.into_iter().filter_map(|name| Some((name.to_owned(), first.get(name)?.clone())));
        let body = with(times(to), Value::Object(kept.collect()));
        let path = format!("/me/calendars/{}/events", escaped(calendar.as_str()));
        text(&self.ask(house, "POST", &path, Some(body))["id"]).to_owned()
    }

    fn standing(&self, house: &House, calendar: &CalendarId) -> Vec<Standing> {
        let path = format!(
            "/me/calendars/{}/calendarView?{}&$top=1000",
            escaped(calendar.as_str()),
            window(wide(house))
        );
        self.all(house, &path).iter().filter(|event| event["isCancelled"] != true).map(read).collect()
    }

    fn expire_bookmarks(&self, house: &House) {
        let done: Result<(), ()> = house.microsoft.change(|tx| {
            tx.expire_cursors();
            Ok(())
        });
        done.unwrap();
    }
}

fn instant(moment: &Value) -> Timestamp {
    let wall: DateTime = text(&moment["dateTime"]).parse().unwrap();
    TimeZone::UTC.to_timestamp(wall).unwrap()
}

fn read(event: &Value) -> Standing {
    let item = event["seriesMasterId"].as_str().unwrap_or(text(&event["id"]));
    let at = if event["isAllDay"] == true {
        days(event)
    } else {
        between(instant(&event["start"]), instant(&event["end"]))
    };
    let name = text(&event["transactionId"]);
    Standing {
        item: item.to_owned(),
        at,
        is_busy: event["showAs"] != "free" && event["responseStatus"]["response"] != "declined",
        mirror: MirrorId::parse(name.split('-').next().unwrap_or_default()),
        title: text(&event["subject"]).to_owned(),
        is_private: event["sensitivity"] == "private",
        people: event["attendees"].as_array().map_or(0, Vec::len),
    }
}

/// Whole days belong to no clock: the practice's holds.
fn days(event: &Value) -> Interval {
    let day = |moment: &Value| {
        let wall: DateTime = text(&moment["dateTime"]).parse().unwrap();
        daybook_core::time::start_of_day(wall.date(), &zone())
    };
    between(day(&event["start"]), day(&event["end"]))
}
