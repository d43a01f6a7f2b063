//! Which zone a TZID means. Other programs write IANA names, Windows names, names behind a path, offsets, and
//! names of their own with the rules beside them (providers C.8).

use std::cell::RefCell;
use std::collections::HashMap;

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarFrequency, ICalendarMonth,
    ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue, ICalendarWeekday,
};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use windows_timezones::WindowsTimezone;

use super::moment::{Moment, offset_of};

/// The zones of one resource; each name is looked up once.
pub struct Zones<'a> {
    calendar: &'a ICalendar,
    known: RefCell<HashMap<String, Option<TimeZone>>>,
}

impl<'a> Zones<'a> {
    pub fn of(calendar: &'a ICalendar) -> Self {
        Self { calendar, known: RefCell::default() }
    }

    /// IANA, then Windows, then what stands behind a path, then the resource's own rules, then an offset.
    /// `None`: nobody knows it, and the time is floating.
    pub fn find(&self, tzid: &str) -> Option<TimeZone> {
        if let Some(known) = self.known.borrow().get(tzid) {
            return known.clone();
        }
        let found = named(tzid).or_else(|| embedded(self.calendar, tzid)).or_else(|| fixed(tzid));
        self.known.borrow_mut().insert(tzid.to_owned(), found.clone());
        found
    }
}

/// The IANA name of a zone that a server names.
pub fn iana_name(tzid: &str) -> Option<String> {
    named(tzid)?.iana_name().map(str::to_owned)
}

/// The IANA name of the zone in a `calendar-timezone` property, which holds a VTIMEZONE.
pub fn calendar_zone_name(text: &str) -> Option<String> {
    super::calendars(text)
        .iter()
        .flat_map(|calendar| &calendar.components)
        .filter(|component| component.component_type == ICalendarComponentType::VTimezone)
        .find_map(|component| iana_name(tzid_of(component)?))
}

fn named(tzid: &str) -> Option<TimeZone> {
    let tzid = tzid.trim().trim_matches('"');
    iana(tzid).or_else(|| windows(tzid)).or_else(|| behind_a_path(tzid))
}

fn iana(name: &str) -> Option<TimeZone> {
    if name.is_empty() {
        return None;
    }
    TimeZone::get(name).ok()
}

fn windows(name: &str) -> Option<TimeZone> {
    iana(name.parse::<WindowsTimezone>().ok()?.tzdb_id())
}

/// `/freeassociation.sourceforge.net/Europe/Berlin`, `/mozilla.org/20070129_1/America/New_York`.
fn behind_a_path(name: &str) -> Option<TimeZone> {
    let segments: Vec<&str> = name.split('/').filter(|segment| !segment.is_empty()).collect();
    [3, 2].into_iter().find_map(|count| {
        let from = segments.len().checked_sub(count)?;
        iana(&segments.get(from..)?.join("/"))
    })
}

/// `GMT+0100`, `UTC-5`, `+01:00`.
fn fixed(name: &str) -> Option<TimeZone> {
    let name = name.trim().trim_matches('"').to_ascii_uppercase();
    let rest = name.strip_prefix("GMT").or_else(|| name.strip_prefix("UTC")).unwrap_or(&name);
    let (sign, digits) = match rest.split_at_checked(1)? {
        ("+", digits) => (1, digits.replace(':', "")),
        ("-", digits) => (-1, digits.replace(':', "")),
        _ => return None,
    };
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok().map(TimeZone::fixed)
}

fn tzid_of(component: &ICalendarComponent) -> Option<&str> {
    component.property(&ICalendarProperty::Tzid)?.values.first()?.as_text()
}

/// One STANDARD or DAYLIGHT part of a VTIMEZONE.
struct Observance {
    onset: DateTime,
    offset: Offset,
    /// When it begins each year, as POSIX writes it (`M3.5.0/02:00:00`); `None`: it began once.
    yearly: Option<String>,
}

/// The rules that stand in the resource, as a POSIX zone: of each kind the newest. Rules of the past are left
/// out, which can only be wrong for the past.
fn embedded(calendar: &ICalendar, tzid: &str) -> Option<TimeZone> {
    let is_it = |component: &&ICalendarComponent| {
        component.component_type == ICalendarComponentType::VTimezone && tzid_of(component) == Some(tzid)
    };
    let zone = calendar.components.iter().find(is_it)?;
    let newest = |kind: &ICalendarComponentType| {
        let parts = zone.component_ids.iter().filter_map(|id| calendar.component_by_id(*id));
        parts.filter(|part| &part.component_type == kind).filter_map(observance).max_by_key(|o| o.onset)
    };
    let standard = newest(&ICalendarComponentType::Standard);
    let daylight = newest(&ICalendarComponentType::Daylight);
    if let (Some(winter), Some(summer)) = (&standard, &daylight)
        && let (Some(back), Some(forth)) = (&winter.yearly, &summer.yearly)
    {
        let posix =
            format!("STD{}DST{},{forth},{back}", posix_offset(winter.offset), posix_offset(summer.offset));
        return TimeZone::posix(&posix).ok();
    }
    standard.or(daylight).map(|only| TimeZone::fixed(only.offset))
}

fn observance(part: &ICalendarComponent) -> Option<Observance> {
    let first = |name| part.property(&name).and_then(|entry| entry.values.first());
    let Some(ICalendarValue::PartialDateTime(onset)) = first(ICalendarProperty::Dtstart) else { return None };
    let Some(ICalendarValue::PartialDateTime(offset)) = first(ICalendarProperty::Tzoffsetto) else {
        return None;
    };
    let onset = Moment::from_parts(onset, None)?.wall();
    let yearly = match first(ICalendarProperty::Rrule) {
        Some(ICalendarValue::RecurrenceRule(rule)) => posix_rule(rule, onset),
        _ => None,
    };
    Some(Observance { onset, offset: offset_of(offset)?, yearly })
}

/// The n-th weekday of a month, the one kind of rule that zones have.
fn posix_rule(rule: &ICalendarRecurrenceRule, onset: DateTime) -> Option<String> {
    let [day] = rule.byday.as_slice() else { return None };
    if rule.freq != ICalendarFrequency::Yearly || rule.until.is_some() {
        return None;
    }
    let month = rule.bymonth.first().map_or(onset.month().unsigned_abs(), ICalendarMonth::month);
    let week = match (day.ordwk, rule.bymonthday.iter().min()) {
        (Some(-1), _) => 5,
        (Some(week @ 1..=5), _) => week,
        // "The Sunday on or after the 8th" is the second one.
        (None, Some(first @ 1..=31)) => i16::from((first - 1) / 7 + 1),
        _ => return None,
    };
    let weekday = match day.weekday {
        ICalendarWeekday::Sunday => 0,
        ICalendarWeekday::Monday => 1,
        ICalendarWeekday::Tuesday => 2,
        ICalendarWeekday::Wednesday => 3,
        ICalendarWeekday::Thursday => 4,
        ICalendarWeekday::Friday => 5,
        ICalendarWeekday::Saturday => 6,
    };
    Some(format!("M{month}.{week}.{weekday}/{}", onset.time().strftime("%H:%M:%S")))
}

/// POSIX counts offsets the other way round: west is positive.
fn posix_offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds > 0 { "-" } else { "+" };
    let seconds = seconds.unsigned_abs();
    format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn noon_in(tzid: &str, calendar: &str) -> Vec<String> {
        let calendars = super::super::calendars(calendar);
        let zone = Zones::of(&calendars[0]).find(tzid);
        ["2026-01-15T12:00", "2026-07-15T12:00"]
            .into_iter()
            .filter_map(|wall| zone.as_ref().map(|z| (z, wall)))
            .map(|(zone, wall)| {
                zone.to_ambiguous_timestamp(wall.parse().unwrap())
                    .compatible()
                    .unwrap()
                    .strftime("%H%M")
                    .to_string()
            })
            .collect()
    }

    #[test]
    fn e_072_every_way_to_name_a_zone() {
        let none = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";
        for (tzid, expected) in [
            ("Europe/Berlin", vec!["1100", "1000"]),
            ("europe/berlin", vec!["1100", "1000"]),
            ("\"W. Europe Standard Time\"", vec!["1100", "1000"]),
            ("Eastern Standard Time", vec!["1700", "1600"]),
            ("/freeassociation.sourceforge.net/Europe/Berlin", vec!["1100", "1000"]),
            ("/mozilla.org/20070129_1/America/Argentina/Buenos_Aires", vec!["1500", "1500"]),
            ("GMT+0100", vec!["1100", "1100"]),
            ("UTC-5", vec!["1700", "1700"]),
            ("+05:45", vec!["0615", "0615"]),
            ("UTC", vec!["1200", "1200"]),
            ("Somewhere", vec![]),
            ("", vec![]),
            ("/", vec![]),
        ] {
            assert_eq!(noon_in(tzid, none), expected, "{tzid}");
        }
    }

    #[test]
    fn rules_that_stand_in_the_resource() {
        let calendar = |rule: &str, inner: &str| {
            format!(
                "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n\
                 RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n\
                 END:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\n{rule}\r\n\
                 TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\n{inner}END:VTIMEZONE\r\nEND:VCALENDAR\r\n"
            )
        };
        let nested = "BEGIN:VTIMEZONE\r\nTZID:X\r\n".repeat(1000);
        for (rule, inner, expected) in [
            ("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "", ["1100", "1000"]),
            ("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=SU;BYMONTHDAY=8,9,10,11,12,13,14", "", ["1100", "1000"]),
            ("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20100101T000000Z", "", ["1100", "1100"]),
            ("X-NOTHING:1", "", ["1100", "1100"]),
            ("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", &nested, ["1100", "1000"]),
        ] {
            assert_eq!(noon_in("X", &calendar(rule, inner)), expected, "{rule}");
        }
    }
}
