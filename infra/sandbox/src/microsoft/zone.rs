//! Zone names as Graph takes them (Windows names, and IANA names), and the `{dateTime, timeZone}` pairs that use
//! them. A custom zone of desktop Outlook is no name that Graph accepts.

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use windows_timezones::WindowsTimezone;

use super::refusal::Refusal;

/// A zone and the name it was asked for by, which is how it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Zone {
    name: String,
    rules: TimeZone,
}

impl Default for Zone {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }
}

impl Zone {
    pub fn find(name: &str) -> Option<Self> {
        let rules = if name == "UTC" {
            TimeZone::UTC
        } else if let Ok(windows) = name.parse::<WindowsTimezone>() {
            TimeZone::get(windows.tzdb_id()).ok()?
        } else {
            TimeZone::get(name).ok()?
        };
        Some(Self { name: name.to_owned(), rules })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn wall(&self, at: Timestamp) -> DateTime {
        self.rules.to_datetime(at)
    }

    /// A wall time that does not exist or exists twice is read as Outlook does: the earlier offset.
    pub fn instant(&self, wall: DateTime) -> Timestamp {
        self.rules.to_timestamp(wall).unwrap_or_default()
    }
}

/// A time as an event holds it: on a clock, in a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub wall: DateTime,
    pub zone: Zone,
}

impl Moment {
    /// `field` names the property in errors, as Graph writes it (`Event.Start`).
    pub fn parse(value: &Value, field: &str) -> Result<Self, Refusal> {
        let text = |name| value.get(name).and_then(Value::as_str);
        let (Some(time), zone) = (text("dateTime"), text("timeZone").unwrap_or("UTC")) else {
            return Err(Refusal::bad_value(field));
        };
        let zone = Zone::find(zone).ok_or_else(|| Refusal::bad_zone(zone))?;
        let wall = match time.parse::<Timestamp>() {
            Ok(at) => zone.wall(at),
            Err(_) => time.parse().map_err(|_| Refusal::bad_value(field))?,
        };
        Ok(Self { wall, zone })
    }

    pub fn instant(&self) -> Timestamp {
        self.zone.instant(self.wall)
    }

    pub fn is_midnight(&self) -> bool {
        self.wall.time() == Time::midnight()
    }

    pub fn json(&self) -> Value {
        json!({"dateTime": seven_digits(self.wall), "timeZone": self.zone.name})
    }

    /// The same instant on another zone's clock. An all-day time keeps its date instead.
    pub fn shown_in(&self, zone: &Zone, all_day: bool) -> Value {
        let wall = if all_day { self.wall } else { zone.wall(self.instant()) };
        Self { wall, zone: zone.clone() }.json()
    }
}

/// `2026-03-03T09:00:00.0000000`: seven digits, no offset.
pub(super) fn seven_digits(wall: DateTime) -> String {
    format!("{}.{:07}", wall.strftime("%Y-%m-%dT%H:%M:%S"), wall.subsec_nanosecond() / 100)
}

/// An instant with seven digits, in UTC.
pub(super) fn stamp(at: Timestamp) -> String {
    format!("{}Z", seven_digits(TimeZone::UTC.to_datetime(at)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_are_read_on_the_clock_of_their_zone() {
        for (time, zone, means) in [
            ("2026-03-03T08:00:00", "UTC", Some("2026-03-03T08:00:00Z")),
            ("2026-03-03T08:00:00.0000000", "W. Europe Standard Time", Some("2026-03-03T07:00:00Z")),
            ("2026-07-03T08:00:00", "Europe/Berlin", Some("2026-07-03T06:00:00Z")),
            ("2026-10-25T02:30:00", "Europe/Berlin", Some("2026-10-25T00:30:00Z")),
            ("2026-03-03T08:00:00Z", "Europe/Berlin", Some("2026-03-03T08:00:00Z")),
            ("2026-03-03T08:00:00", "tzone://Microsoft/Custom", None),
            ("2026-03-03T08:00:00", "Customized Time Zone", None),
            ("today", "UTC", None),
        ] {
            let found = Moment::parse(&json!({"dateTime": time, "timeZone": zone}), "Event.Start");
            let means = means.map(|means| means.parse().unwrap());
            assert_eq!(found.ok().map(|moment| moment.instant()), means, "{time} {zone}");
        }
    }

    #[test]
    fn answers_have_seven_digits_and_no_offset() {
        let moment = Moment::parse(&json!({"dateTime": "2026-03-03T08:00:00"}), "Event.Start").unwrap();
        let zone = Zone::find("Pacific Standard Time").unwrap();
        assert_eq!(
            moment.shown_in(&zone, false),
            json!({"dateTime": "2026-03-03T00:00:00.0000000", "timeZone": "Pacific Standard Time"})
        );
    }
}
