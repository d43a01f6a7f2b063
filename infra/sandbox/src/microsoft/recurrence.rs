//! Graph's recurrence JSON (providers B.3.9): read, completed as Graph answers it, and run on the clock by the
//! RRULE engine, as if there were no zones. Does not know which occurrences were moved or cut out.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use recurrence::RRuleSet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::Refusal;
use super::zone::Moment;

/// Steps of one series that are looked at: more than a day each for 100 years.
const MAX_STEPS: usize = 40_000;
const MAX_OCCURRENCES: u32 = 999;

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Recurrence {
    pattern: Pattern,
    range: Range,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pattern {
    #[serde(rename = "type")]
    kind: Kind,
    interval: u16,
    #[serde(default)]
    month: i8,
    #[serde(default)]
    day_of_month: i8,
    #[serde(default)]
    days_of_week: Vec<Day>,
    #[serde(default)]
    first_day_of_week: Day,
    #[serde(default)]
    index: Index,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Daily,
    Weekly,
    AbsoluteMonthly,
    RelativeMonthly,
    AbsoluteYearly,
    RelativeYearly,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    #[default]
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Index {
    #[default]
    First,
    Second,
    Third,
    Fourth,
    Last,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Range {
    #[serde(rename = "type")]
    kind: End,
    start_date: Date,
    #[serde(default = "never")]
    end_date: Date,
    #[serde(default)]
    recurrence_time_zone: Option<String>,
    #[serde(default)]
    number_of_occurrences: u32,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
enum End {
    Numbered,
    #[serde(rename = "endDate")]
    On,
    #[serde(rename = "noEnd")]
    Never,
}

fn never() -> Date {
    Date::constant(1, 1, 1)
}

impl Recurrence {
    /// Reads and checks what a client wrote for an event that starts at `start`.
    pub fn parse(value: &Value, start: &Moment) -> Result<Self, Refusal> {
        let mut read: Self =
            serde_json::from_value(value.clone()).map_err(|_| Refusal::bad_value("Recurrence"))?;
        let zone = read.range.recurrence_time_zone.get_or_insert_with(|| start.zone.name().to_owned());
        let zone = super::zone::Zone::find(zone).ok_or_else(|| Refusal::bad_zone(zone))?;
        if !read.pattern.is_complete() || !read.range.is_complete() {
            return Err(Refusal::bad_value("Recurrence"));
        }
        if zone.wall(start.instant()).date() != read.range.start_date
            && start.wall.date() != read.range.start_date
        {
            return Err(Refusal::bad_value("Recurrence.Range.StartDate"));
        }
        Ok(read)
    }

    /// What an item already holds, which was checked when it came.
    pub fn stored(value: &Value) -> Option<Self> {
        serde_json::from_value(value.clone()).ok()
    }

    pub fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The zone whose clock the series keeps.
    pub fn zone_name(&self) -> &str {
        self.range.recurrence_time_zone.as_deref().unwrap_or("UTC")
    }

    /// Wall times of occurrences from `start` until `to`, both included.
    pub fn walls(&self, start: DateTime, to: DateTime) -> Vec<DateTime> {
        let Some(set) = self.set(start) else { return vec![start] };
        let walls = set.limit().into_iter().take(MAX_STEPS).map_while(|at| {
            let at = Timestamp::from_second(at.timestamp()).ok()?;
            Some(TimeZone::UTC.to_datetime(at)).filter(|wall| *wall <= to)
        });
        walls.collect()
    }

    fn set(&self, start: DateTime) -> Option<RRuleSet> {
        let text = |wall: DateTime| wall.strftime("%Y%m%dT%H%M%SZ").to_string();
        let bound = match self.range.kind {
            End::Numbered => format!(";COUNT={}", self.range.number_of_occurrences),
            End::On => format!(";UNTIL={}", text(self.range.end_date.at(23, 59, 59, 0))),
            End::Never => String::new(),
        };
        format!("DTSTART:{}\nRRULE:{}{bound}", text(start), self.pattern.rule()).parse().ok()
    }
}

impl Pattern {
    fn is_complete(&self) -> bool {
        let day = (1..=31).contains(&self.day_of_month);
        let month = (1..=12).contains(&self.month);
        let days = !self.days_of_week.is_empty();
        (1..=999).contains(&self.interval)
            && match self.kind {
                Kind::Daily => true,
                Kind::Weekly | Kind::RelativeMonthly => days,
                Kind::AbsoluteMonthly => day,
                Kind::AbsoluteYearly => day && month,
                Kind::RelativeYearly => days && month,
            }
    }

    fn rule(&self) -> String {
        let interval = self.interval;
        let days: Vec<&str> = self.days_of_week.iter().map(|day| day.short()).collect();
        let days = format!(";BYDAY={}", days.join(","));
        let month = format!(";BYMONTH={}", self.month);
        let nth = format!(";BYSETPOS={}", self.index.position());
        let rest = match self.kind {
            Kind::Daily => "DAILY".to_owned(),
            Kind::Weekly => format!("WEEKLY{days};WKST={}", self.first_day_of_week.short()),
            Kind::AbsoluteMonthly => format!("MONTHLY{}", self.day()),
            Kind::RelativeMonthly => format!("MONTHLY{days}{nth}"),
            Kind::AbsoluteYearly => format!("YEARLY{month}{}", self.day()),
            Kind::RelativeYearly => format!("YEARLY{month}{days}{nth}"),
        };
        let (frequency, parts) = rest.split_once(';').unwrap_or((&rest, ""));
        let parts = if parts.is_empty() { String::new() } else { format!(";{parts}") };
        format!("FREQ={frequency};INTERVAL={interval}{parts}")
    }

    /// Outlook puts the 31st on the last day of a shorter month, where a plain rule would leave the month out.
    fn day(&self) -> String {
        if self.day_of_month <= 28 {
            return format!(";BYMONTHDAY={}", self.day_of_month);
        }
        let days: Vec<String> = (28..=self.day_of_month).map(|day| day.to_string()).collect();
        format!(";BYMONTHDAY={};BYSETPOS=-1", days.join(","))
    }
}

impl Range {
    fn is_complete(&self) -> bool {
        match self.kind {
            End::Numbered => (1..=MAX_OCCURRENCES).contains(&self.number_of_occurrences),
            End::On => self.end_date >= self.start_date,
            End::Never => true,
        }
    }
}

impl Day {
    fn short(self) -> &'static str {
        match self {
            Self::Sunday => "SU",
            Self::Monday => "MO",
            Self::Tuesday => "TU",
            Self::Wednesday => "WE",
            Self::Thursday => "TH",
            Self::Friday => "FR",
            Self::Saturday => "SA",
        }
    }
}

impl Index {
    fn position(self) -> i8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
            Self::Fourth => 4,
            Self::Last => -1,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn days(pattern: &Value, range: &Value, start: &str) -> Vec<String> {
        let start =
            Moment::parse(&json!({"dateTime": start, "timeZone": "Europe/Berlin"}), "Event.Start").unwrap();
        let recurrence = Recurrence::parse(&json!({"pattern": pattern, "range": range}), &start).unwrap();
        let to = start.wall.checked_add(jiff::Span::new().days(400)).unwrap();
        recurrence.walls(start.wall, to).iter().map(|wall| wall.strftime("%m-%d").to_string()).collect()
    }

    #[test]
    fn every_pattern_gives_its_days() {
        let numbered = |count: u32, date: &str| json!({"type": "numbered", "startDate": date, "numberOfOccurrences": count});
        for (pattern, range, start, expected) in [
            (
                json!({"type": "daily", "interval": 2}),
                numbered(3, "2026-03-03"),
                "2026-03-03T09:00:00",
                "03-03 03-05 03-07",
            ),
            (
                json!({"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday", "thursday"], "firstDayOfWeek": "monday"}),
                json!({"type": "endDate", "startDate": "2026-03-03", "endDate": "2026-03-19"}),
                "2026-03-03T09:00:00",
                "03-03 03-05 03-17 03-19",
            ),
            (
                json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31}),
                numbered(4, "2026-01-31"),
                "2026-01-31T09:00:00",
                "01-31 02-28 03-31 04-30",
            ),
            (
                json!({"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["friday"], "index": "last"}),
                numbered(2, "2026-03-27"),
                "2026-03-27T09:00:00",
                "03-27 04-24",
            ),
            (
                json!({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 3, "month": 3}),
                numbered(2, "2026-03-03"),
                "2026-03-03T09:00:00",
                "03-03 03-03",
            ),
            (
                json!({"type": "relativeYearly", "interval": 1, "daysOfWeek": ["monday"], "index": "second", "month": 3}),
                numbered(2, "2026-03-09"),
                "2026-03-09T09:00:00",
                "03-09 03-08",
            ),
        ] {
            assert_eq!(days(&pattern, &range, start).join(" "), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_incomplete_is_refused() {
        let start = Moment::parse(&json!({"dateTime": "2026-03-03T09:00:00"}), "Event.Start").unwrap();
        let range = json!({"type": "noEnd", "startDate": "2026-03-03"});
        for (pattern, range) in [
            (json!({"type": "weekly", "interval": 1}), range.clone()),
            (json!({"type": "hourly", "interval": 1}), range.clone()),
            (json!({"type": "daily", "interval": 0}), range),
            (json!({"type": "daily", "interval": 1}), json!({"type": "noEnd", "startDate": "2026-03-04"})),
            (json!({"type": "daily", "interval": 1}), json!({"type": "numbered", "startDate": "2026-03-03"})),
        ] {
            let wish = json!({"pattern": pattern, "range": range});
            assert!(Recurrence::parse(&wish, &start).is_err(), "{wish}");
        }
    }
}
