//! What the server must know of a calendar object: whose UID it has, and when it is. The text itself is kept as it
//! came.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarParameterName,
    ICalendarProperty, ICalendarValue,
};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, ToSpan};

/// The zone of both people, for days and for times without a zone.
pub(super) const ZONE: &str = "America/New_York";

/// As RFC 5545 section 3.6.5 has it.
pub(super) const VTIMEZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\nBEGIN:DAYLIGHT\r\nDTSTART:20070311T020000\r\n\
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nTZNAME:EDT\r\nEND:DAYLIGHT\r\n\
BEGIN:STANDARD\r\nDTSTART:20071104T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\nTZOFFSETFROM:-0400\r\n\
TZOFFSETTO:-0500\r\nTZNAME:EST\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

/// What stands in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) uid: String,
    /// `VEVENT`, `VTODO`.
    pub(super) component: String,
    pub(super) when: When,
    pub(super) title: String,
    /// What a strict server misses in it (providers' habits): `CALSCALE`, `DTEND`, `METHOD`, `VTIMEZONE`.
    pub(super) odd: Vec<&'static str>,
}

/// When an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Timed(Timestamp, Timestamp),
    /// The second day is not part of it.
    Days(Date, Date),
    /// It repeats, or says nothing that can be compared: any time may be meant.
    Any,
}

/// Why a text is no calendar object (RFC 4791 section 5.3.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoObject {
    Data,
    Object,
}

pub(super) fn read(text: &str) -> Result<Facts, NoObject> {
    let calendar = ICalendar::parse(text).map_err(|_| NoObject::Data)?;
    let shown: Vec<&ICalendarComponent> = calendar.components.iter().filter(|one| is_content(one)).collect();
    let first = shown.first().ok_or(NoObject::Object)?;
    let uid = first.uid().filter(|uid| !uid.is_empty()).ok_or(NoObject::Object)?;
    let same =
        |one: &&ICalendarComponent| one.uid() == Some(uid) && one.component_type == first.component_type;
    if !shown.iter().all(same) {
        return Err(NoObject::Object);
    }
    Ok(Facts {
        uid: uid.to_owned(),
        component: first.component_type.as_str().to_ascii_uppercase(),
        when: if shown.len() > 1 { When::Any } else { when(first) },
        title: text_of(first, &ICalendarProperty::Summary).unwrap_or_default(),
        odd: odd(&calendar, first),
    })
}

/// An event that the page makes.
pub(super) struct NewEvent<'a> {
    pub(super) uid: &'a str,
    pub(super) title: &'a str,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// A recurrence rule.
    pub(super) repeat: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// A whole object. Its times are those of [`ZONE`], so that a series keeps its hour.
pub(super) fn event(new: &NewEvent<'_>) -> String {
    let local = |at: Timestamp| at.to_zoned(zone()).strftime("%Y%m%dT%H%M%S").to_string();
    let repeat = new.repeat.map(|rule| format!("\r\nRRULE:{rule}")).unwrap_or_default();
    let lines =
        format!("DTSTART;TZID={ZONE}:{}\r\nDTEND;TZID={ZONE}:{}{repeat}", local(new.start), local(new.end));
    let text = object(VTIMEZONE, new.uid, new.now, &lines);
    let title = ICalendarValue::Text(new.title.to_owned());
    edited(&text, |event| event.add_property(ICalendarProperty::Summary, title)).unwrap_or(text)
}

/// A whole object around the lines of an event.
pub(super) fn object(zone: &str, uid: &str, now: Timestamp, lines: &str) -> String {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Sandbox//Calendars//EN\r\nCALSCALE:GREGORIAN\r\n{zone}\
         BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:{stamp}\r\nSEQUENCE:0\r\nSTATUS:CONFIRMED\r\n{lines}\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// The same object at another time; the zone of its time becomes UTC.
pub(super) fn moved(text: &str, start: Timestamp, end: Timestamp) -> Option<String> {
    edited(text, |event| {
        let times = [ICalendarProperty::Dtstart, ICalendarProperty::Dtend, ICalendarProperty::Duration];
        event.entries.retain(|entry| !times.contains(&entry.name));
        for (name, at) in [(ICalendarProperty::Dtstart, start), (ICalendarProperty::Dtend, end)] {
            let parts = PartialDateTime::from_utc_timestamp(at.as_second());
            event.add_property(name, ICalendarValue::PartialDateTime(Box::new(parts)));
        }
    })
}

fn edited(text: &str, edit: impl FnOnce(&mut ICalendarComponent)) -> Option<String> {
    let mut calendar = ICalendar::parse(text).ok()?;
    edit(calendar.components.iter_mut().find(|one| is_content(one))?);
    Some(calendar.to_string())
}

pub(super) fn zone() -> TimeZone {
    TimeZone::get(ZONE).unwrap_or(TimeZone::UTC)
}

impl When {
    /// Whether any of it lies in a half-open range; the server reads days and floating times in [`ZONE`].
    pub(super) fn touches(self, from: Timestamp, to: Timestamp) -> bool {
        match self {
            Self::Any => true,
            // An event without length is inside if its start is (RFC 4791 section 9.9).
            Self::Timed(start, end) => start < to && (end > from || (start == end && start >= from)),
            Self::Days(first, end) => {
                let midnight = |date: Date| date.to_zoned(zone()).map(|zoned| zoned.timestamp());
                let reach = (midnight(first), midnight(end));
                matches!(reach, (Ok(start), Ok(end)) if start < to && end > from)
            }
        }
    }
}

fn is_content(component: &ICalendarComponent) -> bool {
    use ICalendarComponentType as Type;
    matches!(component.component_type, Type::VEvent | Type::VTodo | Type::VJournal)
}

fn when(event: &ICalendarComponent) -> When {
    if event.is_recurrent_or_override() {
        return When::Any;
    }
    let at = |name| event.property(&name).and_then(moment);
    match (at(ICalendarProperty::Dtstart), at(ICalendarProperty::Dtend)) {
        (Some(Moment::Day(first)), Some(Moment::Day(end))) => When::Days(first, end),
        (Some(Moment::Day(first)), None) => match span(event) {
            Some(span) => When::Days(first, first.saturating_add(span)),
            None => When::Days(first, first.saturating_add(1.day())),
        },
        (Some(Moment::At(start)), Some(Moment::At(end))) => When::Timed(start, end),
        (Some(Moment::At(start)), None) => {
            let exact = |span: Span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok();
            let length: Option<SignedDuration> = span(event).and_then(exact);
            When::Timed(start, start.saturating_add(length.unwrap_or_default()).unwrap_or(start))
        }
        _ => When::Any,
    }
}

enum Moment {
    At(Timestamp),
    Day(Date),
}

fn moment(entry: &ICalendarEntry) -> Option<Moment> {
    let parts = entry.values.first()?.as_partial_date_time()?;
    let (year, month) = (i16::try_from(parts.year?).ok()?, i8::try_from(parts.month?).ok()?);
    let date = Date::new(year, month, i8::try_from(parts.day?).ok()?).ok()?;
    let Some(hour) = parts.hour else { return Some(Moment::Day(date)) };
    let small = |part: Option<u8>| i8::try_from(part.unwrap_or(0)).ok();
    let time = Time::new(small(Some(hour))?, small(parts.minute)?, small(parts.second)?.min(59), 0).ok()?;
    let zone = match (parts.tz_hour, entry.parameter(&ICalendarParameterName::Tzid)) {
        (Some(_), _) => TimeZone::UTC,
        // A zone of the object's own making is not read: such an event may be at any time.
        (None, Some(name)) => TimeZone::get(name.as_text()?).ok()?,
        (None, None) => zone(),
    };
    DateTime::from_parts(date, time).to_zoned(zone).ok().map(|zoned| Moment::At(zoned.timestamp()))
}

fn span(event: &ICalendarComponent) -> Option<Span> {
    let ICalendarValue::Duration(duration) = event.property(&ICalendarProperty::Duration)?.values.first()?
    else {
        return None;
    };
    let days = i64::from(duration.weeks) * 7 + i64::from(duration.days);
    let seconds =
        i64::from(duration.hours) * 3600 + i64::from(duration.minutes) * 60 + i64::from(duration.seconds);
    Span::new().try_days(days).ok()?.try_seconds(seconds).ok()
}

fn text_of(component: &ICalendarComponent, name: &ICalendarProperty) -> Option<String> {
    component.property(name)?.values.first()?.as_text().map(str::to_owned)
}

/// What iCloud has been seen to refuse.
fn odd(calendar: &ICalendar, event: &ICalendarComponent) -> Vec<&'static str> {
    use ICalendarProperty as Property;
    let outside = calendar.components.first();
    let has_outside = |name| outside.is_some_and(|one| one.has_property(&name));
    let zoned =
        event.property(&Property::Dtstart).is_some_and(|at| at.has_parameter(&ICalendarParameterName::Tzid));
    let has_zone =
        calendar.components.iter().any(|one| one.component_type == ICalendarComponentType::VTimezone);
    let ends = event.has_property(&Property::Dtend) || event.has_property(&Property::Duration);
    [
        ("METHOD", has_outside(Property::Method)),
        ("CALSCALE", !has_outside(Property::Calscale)),
        ("DTEND", !ends),
        ("STATUS", !event.has_property(&Property::Status)),
        ("SEQUENCE", !event.has_property(&Property::Sequence)),
        ("VTIMEZONE", zoned && !has_zone),
    ]
    .into_iter()
    .filter_map(|(name, is_odd)| is_odd.then_some(name))
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn object(lines: &str) -> String {
        super::object("", "u", Timestamp::UNIX_EPOCH, &lines.replace('|', "\r\n"))
    }

    #[test]
    fn when_an_object_is() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let timed = |from: &str, to: &str| When::Timed(at(from), at(to));
        for (lines, expected) in [
            (
                "DTSTART:20260303T100000Z|DTEND:20260303T110000Z",
                timed("2026-03-03T10:00:00Z", "2026-03-03T11:00:00Z"),
            ),
            (
                "DTSTART;TZID=Europe/Berlin:20260303T100000|DURATION:PT30M",
                timed("2026-03-03T09:00:00Z", "2026-03-03T09:30:00Z"),
            ),
            ("DTSTART:20260303T100000", timed("2026-03-03T15:00:00Z", "2026-03-03T15:00:00Z")),
            (
                "DTSTART;VALUE=DATE:20260303",
                When::Days("2026-03-03".parse().unwrap(), "2026-03-04".parse().unwrap()),
            ),
            (
                "DTSTART;VALUE=DATE:20260303|DTEND;VALUE=DATE:20260306",
                When::Days("2026-03-03".parse().unwrap(), "2026-03-06".parse().unwrap()),
            ),
            ("DTSTART;TZID=Mars:20260303T100000|DTEND;TZID=Mars:20260303T110000", When::Any),
            ("DTSTART:20260303T100000Z|RRULE:FREQ=DAILY", When::Any),
            ("SUMMARY:lost", When::Any),
        ] {
            assert_eq!(read(&object(lines)).unwrap().when, expected, "{lines}");
        }
    }

    #[test]
    fn what_touches_a_range() {
        let at = |hour: i64| Timestamp::from_second(hour * 3600).unwrap();
        for (start, end, touches) in [
            (1, 2, false),
            (1, 5, true),
            (5, 6, true),
            (7, 9, true),
            (8, 9, false),
            (4, 4, true),
            (8, 8, false),
        ] {
            assert_eq!(When::Timed(at(start), at(end)).touches(at(4), at(8)), touches, "{start} to {end}");
        }
    }

    #[test]
    fn what_is_no_object() {
        let two =
            object("SUMMARY:a").replace("END:VEVENT", "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:v\r\nEND:VEVENT");
        for (text, expected) in [
            ("hello", NoObject::Data),
            ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", NoObject::Object),
            (&two, NoObject::Object),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_moved_object_keeps_the_rest() {
        let text = object("DTSTART;TZID=Europe/Berlin:20260303T100000|DURATION:PT30M|SUMMARY:Swim|X-MINE:1");
        let (start, end) = ("2026-03-04T08:00:00Z".parse().unwrap(), "2026-03-04T09:00:00Z".parse().unwrap());
        let text = moved(&text, start, end).unwrap();
        assert_eq!(read(&text).unwrap().when, When::Timed(start, end));
        assert!(text.contains("SUMMARY:Swim") && text.contains("X-MINE:1"), "{text}");
    }
}
