//! The `start`, `end` and `originalStartTime` of an event: a day, or an instant with the zone in which it was
//! meant. Does not know which of them an event needs.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// A day of an all-day event, or a point in time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    Day(Date),
    Time { at: Timestamp, zone: Option<String> },
}

/// It says no time, two times, or an impossible one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMoment {
    #[error("no time is given")]
    Missing,
    #[error("the time cannot be read")]
    Unreadable,
    #[error("a time without an offset needs a time zone")]
    NoZone,
}

impl Moment {
    /// Reads `{"date"}` or `{"dateTime", "timeZone"}`.
    pub fn parse(value: &Value) -> Result<Self, BadMoment> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        match (text("date"), text("dateTime")) {
            (None, None) => Err(BadMoment::Missing),
            (Some(_), Some(_)) => Err(BadMoment::Unreadable),
            (Some(day), None) => day.parse().map(Self::Day).map_err(|_| BadMoment::Unreadable),
            (None, Some(time)) => timed(time, text("timeZone")),
        }
    }

    /// When it begins; a day begins where the calendar is.
    pub fn instant(&self, calendar: &TimeZone) -> Timestamp {
        match self {
            Self::Day(day) => calendar
                .to_zoned(day.to_datetime(jiff::civil::Time::midnight()))
                .map_or(Timestamp::MAX, |at| at.timestamp()),
            Self::Time { at, .. } => *at,
        }
    }

    /// What the clock on the wall says, where the event was meant.
    pub fn wall(&self, calendar: &TimeZone) -> DateTime {
        match self {
            Self::Day(day) => day.to_datetime(jiff::civil::Time::midnight()),
            Self::Time { at, .. } => self.zone(calendar).to_datetime(*at),
        }
    }

    /// The zone that the event names, or the calendar's.
    pub fn zone(&self, calendar: &TimeZone) -> TimeZone {
        match self {
            Self::Time { zone: Some(name), .. } => TimeZone::get(name).unwrap_or_else(|_| calendar.clone()),
            _ => calendar.clone(),
        }
    }

    /// The same kind of moment at another wall time.
    pub fn at_wall(&self, wall: DateTime, calendar: &TimeZone) -> Self {
        match self {
            Self::Day(_) => Self::Day(wall.date()),
            Self::Time { zone, .. } => {
                let at = self.zone(calendar).to_zoned(wall).map_or(Timestamp::MAX, |at| at.timestamp());
                Self::Time { at, zone: zone.clone() }
            }
        }
    }

    /// The moment as Google shows it: the offset is the reader's, the zone the event's.
    pub fn json(&self, reader: &TimeZone) -> Value {
        match self {
            Self::Day(day) => json!({"date": day.to_string()}),
            Self::Time { at, zone } => {
                let mut fields = Map::new();
                fields.insert("dateTime".to_owned(), json!(offset_text(*at, reader)));
                if let Some(zone) = zone {
                    fields.insert("timeZone".to_owned(), json!(zone));
                }
                Value::Object(fields)
            }
        }
    }

    /// What follows the series' id in the id of an instance.
    pub fn suffix(&self) -> String {
        match self {
            Self::Day(day) => day.strftime("%Y%m%d").to_string(),
            Self::Time { at, .. } => at.strftime("%Y%m%dT%H%M%SZ").to_string(),
        }
    }
}

fn timed(text: &str, zone: Option<&str>) -> Result<Moment, BadMoment> {
    let known = zone.map(TimeZone::get).transpose().map_err(|_| BadMoment::Unreadable)?;
    let at = match (text.parse::<Timestamp>(), &known) {
        (Ok(at), _) => at,
        (Err(_), Some(known)) => {
            let wall: DateTime = text.parse().map_err(|_| BadMoment::Unreadable)?;
            known.to_zoned(wall).map_err(|_| BadMoment::Unreadable)?.timestamp()
        }
        (Err(_), None) => {
            let wall = text.parse::<DateTime>();
            return Err(if wall.is_ok() { BadMoment::NoZone } else { BadMoment::Unreadable });
        }
    };
    Ok(Moment::Time { at, zone: zone.map(str::to_owned) })
}

/// RFC 3339 with the offset of `reader`, `Z` where that is nothing.
pub fn offset_text(at: Timestamp, reader: &TimeZone) -> String {
    let there = at.to_zoned(reader.clone());
    if there.offset().is_zero() {
        return at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    }
    there.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The milliseconds form in which Google writes `created`, `updated` and the bounds of free/busy.
pub fn millis_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_moment_is_read_and_shown() {
        let cases = [
            (json!({"date": "2026-12-24"}), "UTC", json!({"date": "2026-12-24"}), "20261224"),
            (
                json!({"dateTime": "2026-03-03T09:00:00+01:00", "timeZone": "Europe/Berlin"}),
                "Europe/Berlin",
                json!({"dateTime": "2026-03-03T09:00:00+01:00", "timeZone": "Europe/Berlin"}),
                "20260303T080000Z",
            ),
            (
                json!({"dateTime": "2026-07-03T09:00:00", "timeZone": "America/New_York"}),
                "UTC",
                json!({"dateTime": "2026-07-03T13:00:00Z", "timeZone": "America/New_York"}),
                "20260703T130000Z",
            ),
            (
                json!({"dateTime": "2026-07-03T09:00:00Z"}),
                "Asia/Kolkata",
                json!({"dateTime": "2026-07-03T14:30:00+05:30"}),
                "20260703T090000Z",
            ),
        ];
        for (given, reader, shown, suffix) in cases {
            let moment = Moment::parse(&given).unwrap();
            assert_eq!(moment.json(&TimeZone::get(reader).unwrap()), shown);
            assert_eq!(moment.suffix(), suffix);
        }
    }

    #[test]
    fn a_bad_moment_is_refused() {
        let cases = [
            (json!({}), BadMoment::Missing),
            (json!({"dateTime": "2026-07-03T09:00:00"}), BadMoment::NoZone),
            (json!({"dateTime": "soon"}), BadMoment::Unreadable),
            (json!({"date": "2026-02-30"}), BadMoment::Unreadable),
            (json!({"date": "2026-02-03", "dateTime": "2026-07-03T09:00:00Z"}), BadMoment::Unreadable),
            (json!({"dateTime": "2026-07-03T09:00:00Z", "timeZone": "Mars/Base"}), BadMoment::Unreadable),
        ];
        for (given, error) in cases {
            assert_eq!(Moment::parse(&given), Err(error), "{given}");
        }
    }
}
