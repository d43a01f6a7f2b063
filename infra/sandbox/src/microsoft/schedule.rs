//! `getSchedule` (providers B.4.3): what others may know of an address's main calendar. Personal accounts have none.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::call::{Answer, Call, Window};
use super::refusal::Refusal;
use super::series::{self, Seen};
use super::stored::{list, text};
use super::visit::{Need, Visit};
use super::zone::{Moment, Zone};
use crate::cloud::{Account, Organisation, World};

const MAX_DAYS: i64 = 62;
const MAX_SCHEDULES: usize = 20;
const SECONDS_PER_MINUTE: i64 = 60;

struct Question {
    window: Window,
    interval_minutes: i64,
}

impl Visit<'_> {
    pub fn get_schedule(&self, call: &Call) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        if self.account.kind == Organisation::Personal {
            return Err(Refusal::denied());
        }
        let request = call.json()?;
        let question = Question::parse(request)?;
        let who = list(request, "schedules");
        if who.is_empty() || who.len() > MAX_SCHEDULES {
            return Err(Refusal::bad_value("schedules"));
        }
        let zone = &call.prefer.zone;
        let value: Vec<Value> = self.graph.cloud.read(|world| {
            let addresses = who.iter().map(|one| one.as_str().unwrap_or_default());
            addresses.map(|address| question.answer(world, address, zone)).collect()
        });
        Ok(Answer::ok(
            json!({"@odata.context": self.context("Collection(scheduleInformation)"), "value": value}),
        ))
    }
}

impl Question {
    fn parse(request: &Value) -> Result<Self, Refusal> {
        let moment = |name: &str| Moment::parse(request.get(name).unwrap_or(&Value::Null), name);
        let window = Window { from: moment("startTime")?.instant(), to: moment("endTime")?.instant() };
        let interval_minutes = request.get("availabilityViewInterval").map_or(Some(30), Value::as_i64);
        let interval_minutes = interval_minutes.filter(|minutes| (5..=1440).contains(minutes));
        let hours = window.to.duration_since(window.from).as_hours();
        if window.to <= window.from || hours > MAX_DAYS * 24 {
            let message =
                "The requested time duration specified for FreeBusyViewOptions.TimeWindow is not allowed.";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "ErrorTimeIntervalTooBig", message));
        }
        let interval_minutes =
            interval_minutes.ok_or_else(|| Refusal::bad_value("availabilityViewInterval"))?;
        Ok(Self { window, interval_minutes })
    }

    fn answer(&self, world: &World, address: &str, zone: &Zone) -> Value {
        let account = world.accounts.values().find(|account| account.email.eq_ignore_ascii_case(address));
        let Some((account, calendar)) =
            account.and_then(|account| Some((account, world.primary(&account.id)?)))
        else {
            let message = "The e-mail address cannot be resolved.";
            let error = json!({"responseCode": "ErrorMailRecipientNotFound", "message": message});
            return json!({"scheduleId": address, "availabilityView": "", "scheduleItems": [], "error": error});
        };
        let seen = series::seen(world, &calendar.id, self.window);
        let items: Vec<Value> = seen.iter().map(|one| item(one, zone)).collect();
        json!({"scheduleId": address, "availabilityView": self.digits(&seen), "scheduleItems": items,
            "workingHours": working_hours(account)})
    }

    /// One digit for each interval: the busiest thing in it.
    fn digits(&self, seen: &[Seen<'_>]) -> String {
        let step = self.interval_minutes * SECONDS_PER_MINUTE;
        let (from, to) = (self.window.from.as_second(), self.window.to.as_second());
        let mut digits = String::new();
        let mut at = from;
        while at < to {
            let inside = |one: &&Seen<'_>| {
                let span = one.span();
                span.start.instant().as_second() < at + step && span.end.instant().as_second() > at
            };
            let busiest = seen.iter().filter(inside).map(|one| digit(status(one))).max().unwrap_or('0');
            digits.push(busiest);
            at += step;
        }
        digits
    }
}

fn body<'a>(seen: &'a Seen<'_>) -> &'a Value {
    match seen {
        Seen::Whole(item, _) | Seen::Occurrence(item, _) => &item.body,
    }
}

fn status<'a>(seen: &'a Seen<'_>) -> &'a str {
    text(body(seen), "showAs")
}

fn digit(status: &str) -> char {
    match status {
        "free" => '0',
        "tentative" => '1',
        "oof" => '3',
        "workingElsewhere" => '4',
        _ => '2',
    }
}

fn item(seen: &Seen<'_>, zone: &Zone) -> Value {
    let (span, body) = (seen.span(), body(seen));
    let is_private = text(body, "sensitivity") != "normal";
    let subject = if is_private { "" } else { text(body, "subject") };
    json!({"status": status(seen), "isPrivate": is_private, "subject": subject,
        "start": span.start.shown_in(zone, super::stored::is_all_day(body)),
        "end": span.end.shown_in(zone, super::stored::is_all_day(body))})
}

fn working_hours(account: &Account) -> Value {
    json!({"daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "startTime": "08:00:00.0000000", "endTime": "17:00:00.0000000", "timeZone": {"name": account.time_zone}})
}
