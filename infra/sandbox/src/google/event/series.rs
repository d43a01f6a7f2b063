//! Where an event stands: a single one once, a series as often as its rule says. It remembers where an event stood
//! before, so that a sync token can be told what went away. It renders nothing.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::moment::Moment;
use super::rule::Rules;
use crate::cloud::{Calendar, Item};

/// Where earlier shapes are kept in a body; never shown.
pub const PAST: &str = "~past";
/// Set on an exception that was deleted because its series was, or no longer leads to it; never shown.
pub const WITH_SERIES: &str = "~withSeries";
/// Earlier shapes of one event that are remembered.
const MAX_PAST: usize = 100;

/// What kind of item a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Single,
    Series,
    /// One occurrence that was changed or cancelled by itself.
    Exception,
}

/// The kind of a stored body.
pub fn kind(body: &Value) -> Kind {
    if body.get("recurringEventId").is_some() {
        return Kind::Exception;
    }
    let lines = body.get("recurrence").and_then(Value::as_array);
    if lines.is_some_and(|lines| !lines.is_empty()) { Kind::Series } else { Kind::Single }
}

/// The id of the series that an exception belongs to.
pub fn series_of(body: &Value) -> Option<&str> {
    body.get("recurringEventId").and_then(Value::as_str)
}

/// The zone of a calendar; UTC if it names none that is known.
pub fn zone_of(calendar: &Calendar) -> TimeZone {
    TimeZone::get(&calendar.time_zone).unwrap_or(TimeZone::UTC)
}

/// The times that a listing asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// `timeMin`: an event ends after it.
    pub after: Option<Timestamp>,
    /// `timeMax`: an event starts before it.
    pub before: Option<Timestamp>,
    /// Where endless series stop being expanded.
    pub horizon: Timestamp,
}

impl Window {
    /// Is any of the event inside?
    pub fn holds(&self, start: Timestamp, end: Timestamp) -> bool {
        self.after.is_none_or(|after| end > after)
            && self.before.is_none_or(|before| start < before)
            && start < self.horizon
    }

    /// As `holds`, for what is no series: it has no horizon.
    fn holds_single(&self, start: Timestamp, end: Timestamp) -> bool {
        Self { horizon: Timestamp::MAX, ..*self }.holds(start, end)
    }
}

/// One occurrence of a series, as the rule gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// `<series>_<original start>`.
    pub id: String,
    /// Where the rule puts it; also its start, as nobody has moved it.
    pub start: Moment,
    pub end: Moment,
}

/// What decides where an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    start: Moment,
    end: Moment,
    recurrence: Vec<String>,
}

impl Shape {
    /// The present shape of a body; `None` if it has no times, which no stored one lacks.
    pub fn of(body: &Value) -> Option<Self> {
        let moment = |key: &str| body.get(key).and_then(|value| Moment::parse(value).ok());
        let lines = body.get("recurrence").and_then(Value::as_array).into_iter().flatten();
        let recurrence = lines.filter_map(|line| line.as_str().map(str::to_owned)).collect();
        Some(Self { start: moment("start")?, end: moment("end")?, recurrence })
    }

    /// The shapes that were given up after the world had reached `seq`.
    pub fn past_since(body: &Value, seq: u64) -> Vec<Self> {
        let past = body.get(PAST).and_then(Value::as_array).into_iter().flatten();
        let newer = past.filter(|one| one.get("until").and_then(Value::as_u64).is_some_and(|at| at > seq));
        newer.filter_map(Self::of).collect()
    }

    /// Does it repeat?
    pub fn repeats(&self) -> bool {
        !self.recurrence.is_empty()
    }

    /// Start and end of the first (or only) occurrence.
    pub fn span(&self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        (self.start.instant(zone), self.end.instant(zone))
    }

    /// Does any of it lie inside?
    pub fn touches(&self, id: &str, zone: &TimeZone, window: &Window) -> bool {
        if self.repeats() {
            return !self.occurrences(id, zone, window).is_empty();
        }
        let (start, end) = self.span(zone);
        window.holds_single(start, end)
    }

    /// The occurrences of a series inside the window, in order; of a single event none.
    pub fn occurrences(&self, id: &str, zone: &TimeZone, window: &Window) -> Vec<Occurrence> {
        let Ok(rules) = Rules::parse(self.recurrence.iter().map(String::as_str)) else { return Vec::new() };
        let (start, end) = self.span(zone);
        let margin = end.duration_since(start).saturating_add(SignedDuration::from_hours(48));
        let wall_zone = self.start.zone(zone);
        let from = window.after.map_or(Timestamp::MIN, |after| minus(after, margin));
        let to = window.before.map_or(window.horizon, |before| before.min(window.horizon));
        let (from, to) = (wall_zone.to_datetime(from), wall_zone.to_datetime(plus(to, margin)));
        let starts = rules.starts(&self.start, zone, from, to).into_iter();
        let found = starts.map(|start| Occurrence {
            id: format!("{id}_{}", start.suffix()),
            end: self.end_of(&start),
            start,
        });
        found.filter(|one| window.holds(one.start.instant(zone), one.end.instant(zone))).collect()
    }

    /// The occurrence of that id, whenever it is.
    pub fn occurrence(&self, series: &str, id: &str, zone: &TimeZone) -> Option<Occurrence> {
        let (day, _) = id.strip_prefix(series)?.strip_prefix('_')?.split_at_checked(8)?;
        let day = jiff::civil::Date::strptime("%Y%m%d", day).ok()?;
        let noon = TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::time(12, 0, 0, 0))).ok()?;
        let (from, to) =
            (minus(noon, SignedDuration::from_hours(48)), plus(noon, SignedDuration::from_hours(48)));
        let window = Window { after: Some(from), before: Some(to), horizon: Timestamp::MAX };
        self.occurrences(series, zone, &window).into_iter().find(|one| one.id == id)
    }

    /// An occurrence lasts as long as the first one: exactly, or in days.
    fn end_of(&self, start: &Moment) -> Moment {
        match (start, &self.start, &self.end) {
            (Moment::Day(day), Moment::Day(first), Moment::Day(last)) => {
                Moment::Day(first.until(*last).and_then(|days| day.checked_add(days)).unwrap_or(*day))
            }
            (Moment::Time { at, .. }, Moment::Time { at: first, .. }, Moment::Time { at: last, zone }) => {
                Moment::Time { at: plus(*at, last.duration_since(*first)), zone: zone.clone() }
            }
            _ => self.end.clone(),
        }
    }

    /// Notes in `body` that this shape was given up by the change that takes the world to `until`.
    pub fn remember(&self, body: &mut Map<String, Value>, before: &Value, until: u64) {
        let mut past = before.get(PAST).and_then(Value::as_array).cloned().unwrap_or_default();
        past.push(json!({"start": self.start.json(&TimeZone::UTC), "end": self.end.json(&TimeZone::UTC),
            "recurrence": self.recurrence, "until": until}));
        let surplus = past.len().saturating_sub(MAX_PAST);
        body.insert(PAST.to_owned(), Value::Array(past.split_off(surplus)));
    }
}

fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn minus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// The present shape of an item.
pub fn shape(item: &Item) -> Option<Shape> {
    Shape::of(&item.body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_series_stands_where_its_rule_leads() {
        let body = json!({"start": {"dateTime": "2026-03-03T09:00:00+01:00", "timeZone": "Europe/Berlin"},
            "end": {"dateTime": "2026-03-03T10:00:00+01:00", "timeZone": "Europe/Berlin"},
            "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=TU"]});
        let shape = Shape::of(&body).unwrap();
        let ids = |after: Option<&str>, before: &str| {
            let window = Window {
                after: after.map(at),
                before: Some(at(before)),
                horizon: at("2028-01-01T00:00:00Z"),
            };
            let found = shape.occurrences("abc", &TimeZone::UTC, &window);
            found.into_iter().map(|one| one.id).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ids(None, "2026-03-11T00:00:00Z"), "abc_20260303T080000Z abc_20260310T080000Z");
        // The bounds are exclusive: it ends at nine, it starts at eight.
        assert_eq!(ids(Some("2026-03-10T09:00:00Z"), "2026-03-17T08:00:00Z"), "");
        assert_eq!(ids(Some("2026-03-10T08:59:59Z"), "2026-03-17T08:00:00Z"), "abc_20260310T080000Z");
        // Nine o'clock on the wall, before and after the change of the clocks.
        assert_eq!(ids(Some("2026-03-29T00:00:00Z"), "2026-04-01T00:00:00Z"), "abc_20260331T070000Z");
        let found = shape.occurrence("abc", "abc_20270105T080000Z", &TimeZone::UTC).unwrap();
        assert_eq!(found.end.suffix(), "20270105T090000Z");
        for missing in
            ["abc_20270105T070000Z", "abc_20270106T080000Z", "abc_", "abc_x", "other_20270105T080000Z"]
        {
            assert_eq!(shape.occurrence("abc", missing, &TimeZone::UTC), None, "{missing}");
        }
    }

    #[test]
    fn days_stay_days() {
        let body = json!({"start": {"date": "2026-12-24"}, "end": {"date": "2026-12-27"},
            "recurrence": ["RRULE:FREQ=YEARLY;COUNT=2"]});
        let shape = Shape::of(&body).unwrap();
        let window = Window { after: None, before: None, horizon: at("2030-01-01T00:00:00Z") };
        let found = shape.occurrences("x", &TimeZone::get("Asia/Tokyo").unwrap(), &window);
        let text: Vec<_> = found.iter().map(|one| format!("{} {}", one.id, one.end.suffix())).collect();
        assert_eq!(text, ["x_20261224 20261227", "x_20271224 20271227"]);
    }
}
