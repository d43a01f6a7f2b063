//! Free/busy: merged blocks per calendar. A calendar that cannot be answered for has errors of its own while the
//! answer as a whole is a 200; that it has no blocks does not mean that it is free.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::access::{Seen, Visitor};
use super::answer::Answer;
use super::call::Call;
use super::event::busy::is_busy;
use super::event::moment::{millis_text, offset_text};
use super::event::series::zone_of;
use super::events::entries::{Entry, Look};
use super::events::list::everything;
use super::refusal::Refusal;
use crate::cloud::{Cloud, World};

/// Not documented; about three months fails.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 90);
const MOST_CALENDARS: usize = 50;

/// `freebusy.query`.
pub fn query(cloud: &Cloud, visitor: &Visitor, call: &Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let (from, to) = (bound(&body, "timeMin")?, bound(&body, "timeMax")?);
    if from >= to {
        return Err(Refusal::time_range_empty());
    }
    if to.duration_since(from) > LONGEST {
        let message = "The requested time range is too long.";
        return Err(Refusal::bad("global", "timeRangeTooLong", message));
    }
    let reader = reader_zone(&body)?;
    let most = body.get("calendarExpansionMax").and_then(Value::as_u64);
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST_CALENDARS).min(MOST_CALENDARS);
    let items = body.get("items").and_then(Value::as_array).into_iter().flatten();
    let ids = items.filter_map(|item| item.get("id").and_then(Value::as_str));
    let calendars: Map<String, Value> = cloud.read(|world| {
        let one = |(place, id): (usize, &str)| {
            let answer = if place < most {
                of(world, visitor, id, from, to, &reader)
            } else {
                error("tooManyCalendarsRequested")
            };
            (id.to_owned(), answer)
        };
        ids.enumerate().map(one).collect()
    });
    Ok(Answer::json(json!({"kind": "calendar#freeBusy", "timeMin": millis_text(from),
        "timeMax": millis_text(to), "groups": {}, "calendars": calendars})))
}

fn bound(body: &Map<String, Value>, key: &str) -> Result<Timestamp, Refusal> {
    let text = body.get(key).and_then(Value::as_str);
    let text = text.ok_or_else(|| Refusal::required(&format!("Missing {key} parameter.")))?;
    text.parse().map_err(|_| Refusal::bad("global", "badRequest", "Bad Request"))
}

fn reader_zone(body: &Map<String, Value>) -> Result<TimeZone, Refusal> {
    let name = body.get("timeZone").and_then(Value::as_str).unwrap_or("UTC");
    TimeZone::get(name).map_err(|_| Refusal::invalid("Invalid time zone."))
}

fn error(reason: &str) -> Value {
    json!({"errors": [{"domain": "global", "reason": reason}], "busy": []})
}

fn of(
    world: &World,
    visitor: &Visitor,
    id: &str,
    from: Timestamp,
    to: Timestamp,
    reader: &TimeZone,
) -> Value {
    let Ok(seen) = visitor.see(world, id) else { return error("notFound") };
    let blocks = blocks(world, &seen, from, to).into_iter();
    let blocks: Vec<Value> = blocks
        .map(|(start, end)| json!({"start": offset_text(start, reader), "end": offset_text(end, reader)}))
        .collect();
    json!({"busy": blocks})
}

/// Busy time inside the window; what overlaps or touches is one block.
fn blocks(world: &World, seen: &Seen, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let (terms, zone) = (everything(from, to), zone_of(&seen.calendar));
    let standing = Look::new(world, &seen.calendar, &terms).standing();
    let busy = standing.values().filter(|entry| is_taken(entry, seen));
    let mut spans: Vec<_> = busy
        .map(|entry| entry.span(&zone))
        .map(|(start, end)| (start.max(from), end.min(to)))
        .filter(|(start, end)| start < end)
        .collect();
    spans.sort_unstable();
    let mut merged: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (start, end) in spans {
        match merged.last_mut() {
            Some((_, last)) if start <= *last => *last = end.max(*last),
            _ => merged.push((start, end)),
        }
    }
    merged
}

fn is_taken(entry: &Entry<'_>, seen: &Seen) -> bool {
    matches!(entry, Entry::Live(..)) && is_busy(&entry.item().body, &seen.account, &seen.calendar)
}
