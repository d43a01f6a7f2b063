//! Writes a mirror: a resource with one event, in UTC, private and opaque, without people in it. How a mirror that a
//! person has decorated is written over is [`super::merge`]'s business.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarClassification, ICalendarComponent, ICalendarComponentType, ICalendarDuration,
    ICalendarMethod, ICalendarParameter, ICalendarParameterValue, ICalendarProperty, ICalendarStatus,
    ICalendarTransparency, ICalendarValue, ICalendarValueType,
};
use daybook_core::mirror::{Certainty, MirrorContent, MirrorId};
use jiff::Timestamp;

use super::mirror::ALARM_MARK;

const PRODUCT: &str = "-//Daybook//Calendar sync//EN";
pub(super) const BUSY_STATUS: &str = "X-MICROSOFT-CDO-BUSYSTATUS";

/// A whole resource.
pub fn fresh(mirror: &MirrorId, content: &MirrorContent, now: Timestamp) -> String {
    let alarm = content.reminder_minutes.map(|minutes| alarm(mirror, minutes));
    let mut event = event(mirror, content, now);
    let mut calendar = outside();
    calendar.component_ids = vec![1];
    event.component_ids = alarm.iter().map(|_| 2).collect();
    ICalendar { components: [calendar, event].into_iter().chain(alarm).collect() }.to_string()
}

/// A calendar to subscribe to, which its reader looks at anew every so many hours; `since` is when it last changed.
pub fn published(
    name: &str,
    entries: &[(MirrorId, MirrorContent)],
    since: Timestamp,
    refresh_hours: u32,
) -> String {
    let mut calendar = outside();
    let text = |text: &str| ICalendarValue::Text(plain(text));
    let every = || {
        ICalendarValue::Duration(ICalendarDuration { hours: refresh_hours, ..ICalendarDuration::default() })
    };
    let duration = ICalendarParameter::value(ICalendarParameterValue::Value(ICalendarValueType::Duration));
    calendar.add_property(ICalendarProperty::Method, ICalendarValue::Method(ICalendarMethod::Publish));
    // RFC 7986, sections 5.1 and 5.7; with what older readers know instead.
    calendar.add_property(ICalendarProperty::Name, text(name));
    calendar.add_property(ICalendarProperty::Other("X-WR-CALNAME".into()), text(name));
    calendar.add_property_with_params(ICalendarProperty::RefreshInterval, [duration], every());
    calendar.add_property(ICalendarProperty::Other("X-PUBLISHED-TTL".into()), every());
    let events = entries.iter().map(|(mirror, content)| event(mirror, content, since));
    let components: Vec<ICalendarComponent> = std::iter::once(calendar).chain(events).collect();
    let inside = 1..u32::try_from(components.len()).unwrap_or(u32::MAX);
    let mut whole = ICalendar { components };
    if let Some(calendar) = whole.components.first_mut() {
        calendar.component_ids = inside.collect();
    }
    whole.to_string()
}

fn outside() -> ICalendarComponent {
    let mut calendar = ICalendarComponent::new(ICalendarComponentType::VCalendar);
    let text = |text: &str| ICalendarValue::Text(text.to_owned());
    calendar.add_property(ICalendarProperty::Version, text("2.0"));
    calendar.add_property(ICalendarProperty::Prodid, text(PRODUCT));
    // iCloud refuses objects without it (providers C.4.1), as it does without STATUS, SEQUENCE and DTEND.
    calendar.add_property(ICalendarProperty::Calscale, text("GREGORIAN"));
    calendar
}

fn event(mirror: &MirrorId, content: &MirrorContent, now: Timestamp) -> ICalendarComponent {
    use ICalendarProperty as Property;
    let (status, busy) = match content.certainty {
        Certainty::Confirmed => (ICalendarStatus::Confirmed, "BUSY"),
        Certainty::Tentative => (ICalendarStatus::Tentative, "TENTATIVE"),
    };
    let mut event = ICalendarComponent::new(ICalendarComponentType::VEvent);
    event.add_uid(mirror.as_str());
    event.add_property(Property::Dtstamp, instant(now));
    event.add_property(Property::LastModified, instant(now));
    event.add_sequence(sequence(now));
    event.add_property(Property::Dtstart, instant(content.interval.start()));
    event.add_property(Property::Dtend, instant(content.interval.end()));
    event.add_property(Property::Summary, ICalendarValue::Text(plain(&content.title)));
    event.add_property(Property::Status, ICalendarValue::Status(status));
    event.add_property(Property::Transp, ICalendarValue::Transparency(ICalendarTransparency::Opaque));
    event.add_property(Property::Class, ICalendarValue::Classification(ICalendarClassification::Private));
    event.add_property(Property::Other(BUSY_STATUS.into()), ICalendarValue::Text(busy.into()));
    if let Some(place) = &content.location {
        event.add_property(Property::Location, ICalendarValue::Text(plain(place)));
    }
    event
}

fn alarm(mirror: &MirrorId, minutes: u32) -> ICalendarComponent {
    let mut alarm = ICalendarComponent::new(ICalendarComponentType::VAlarm);
    let before = ICalendarDuration { neg: minutes > 0, minutes, ..ICalendarDuration::default() };
    alarm.add_uid(mirror.as_str());
    alarm.add_property(ICalendarProperty::Action, ICalendarValue::Text("DISPLAY".into()));
    alarm.add_property(ICalendarProperty::Description, ICalendarValue::Text("Reminder".into()));
    alarm.add_property(ICalendarProperty::Trigger, ICalendarValue::Duration(before));
    alarm.add_property(ICalendarProperty::Other(ALARM_MARK.into()), ICalendarValue::Text("1".into()));
    alarm
}

fn instant(instant: Timestamp) -> ICalendarValue {
    ICalendarValue::PartialDateTime(Box::new(PartialDateTime::from_utc_timestamp(instant.as_second())))
}

/// Grows with each write, without reading what stands there: seconds since 2020, which fit until 2088.
fn sequence(now: Timestamp) -> i64 {
    (now.as_second() - 1_577_836_800).max(0)
}

/// Control characters cannot stand in a calendar object.
fn plain(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use daybook_core::time::Interval;

    use super::super::mirror;
    use super::*;

    fn name() -> MirrorId {
        MirrorId::parse(&format!("db1{}", "0".repeat(40))).unwrap()
    }

    fn content() -> MirrorContent {
        MirrorContent {
            title: "Busy".into(),
            interval: Interval::new(
                "2026-03-03T08:00:00Z".parse().unwrap(),
                "2026-03-03T08:30:00Z".parse().unwrap(),
            )
            .unwrap(),
            certainty: Certainty::Confirmed,
            location: None,
            reminder_minutes: None,
        }
    }

    fn now() -> Timestamp {
        "2026-02-01T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_whole_resource() {
        let id = name();
        assert_eq!(
            fresh(&id, &content(), now()),
            format!(
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Daybook//Calendar sync//EN\r\nCALSCALE:GREGORIAN\r\n\
                 BEGIN:VEVENT\r\nUID:{id}\r\nDTSTAMP:20260201T100000Z\r\nLAST-MODIFIED:20260201T100000Z\r\n\
                 SEQUENCE:192103200\r\nDTSTART:20260303T080000Z\r\nDTEND:20260303T083000Z\r\nSUMMARY:Busy\r\n\
                 STATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nCLASS:PRIVATE\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\r\n\
                 END:VEVENT\r\nEND:VCALENDAR\r\n"
            )
        );
    }

    #[test]
    fn a_calendar_to_subscribe_to() {
        let id = name();
        let event = format!(
            "BEGIN:VEVENT\r\nUID:{id}\r\nDTSTAMP:20260201T100000Z\r\nLAST-MODIFIED:20260201T100000Z\r\n\
             SEQUENCE:192103200\r\nDTSTART:20260303T080000Z\r\nDTEND:20260303T083000Z\r\nSUMMARY:Busy\r\n\
             STATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nCLASS:PRIVATE\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\r\n\
             END:VEVENT\r\n"
        );
        for (entries, events) in [(vec![], String::new()), (vec![(id.clone(), content())], event)] {
            assert_eq!(
                published("Work schedule", &entries, now(), 1),
                format!(
                    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Daybook//Calendar sync//EN\r\nCALSCALE:GREGORIAN\r\n\
                     METHOD:PUBLISH\r\nNAME:Work schedule\r\nX-WR-CALNAME:Work schedule\r\n\
                     REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n{events}END:VCALENDAR\r\n"
                )
            );
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let plain = content();
        for (written, expected) in [
            (plain.clone(), plain.clone()),
            (
                MirrorContent { certainty: Certainty::Tentative, ..content() },
                MirrorContent { certainty: Certainty::Tentative, ..content() },
            ),
            (
                MirrorContent { reminder_minutes: Some(0), ..content() },
                MirrorContent { reminder_minutes: Some(0), ..content() },
            ),
            (
                MirrorContent { reminder_minutes: Some(2880), ..content() },
                MirrorContent { reminder_minutes: Some(2880), ..content() },
            ),
            (
                MirrorContent {
                    title: " A; b, c\\d \u{2013} \u{e9}".repeat(20),
                    location: Some("Room 2; left, up".into()),
                    ..content()
                },
                MirrorContent {
                    title: " A; b, c\\d \u{2013} \u{e9}".repeat(20).trim().into(),
                    location: Some("Room 2; left, up".into()),
                    ..content()
                },
            ),
            (
                MirrorContent { title: "a\r\nDTSTART:19700101T000000Z\u{0}".into(), ..content() },
                MirrorContent { title: "a  DTSTART:19700101T000000Z".into(), ..content() },
            ),
        ] {
            let text = fresh(&name(), &written, now());
            assert!(text.lines().all(|line| line.len() <= 75), "{text}");
            assert_eq!(mirror::content(&text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_mirror_that_was_opened_up_differs_from_all_that_we_write() {
        let text = fresh(&name(), &content(), now());
        for (from, to) in [
            ("CLASS:PRIVATE", "CLASS:PUBLIC"),
            ("CLASS:PRIVATE\r\n", ""),
            ("TRANSP:OPAQUE", "TRANSP:TRANSPARENT"),
            ("STATUS:CONFIRMED", "STATUS:CANCELLED"),
            ("END:VEVENT", "RRULE:FREQ=DAILY\r\nEND:VEVENT"),
            ("DTSTART:20260303T080000Z\r\nDTEND:20260303T083000Z", "DTSTART;VALUE=DATE:20260303"),
            ("DTSTART:20260303T080000Z", "DTSTART:20260303T081500Z"),
        ] {
            let altered = text.replace(from, to);
            assert_ne!(altered, text);
            assert_ne!(mirror::content(&altered).unwrap(), content(), "{to}");
        }
        for (from, to) in [
            ("CLASS:PRIVATE", "CLASS:CONFIDENTIAL"),
            ("TRANSP:OPAQUE\r\n", ""),
            ("SUMMARY:Busy", "SUMMARY: Busy "),
            ("END:VEVENT", "X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M\r\nEND:VEVENT"),
            ("DTSTART:20260303T080000Z", "DTSTART;TZID=Europe/Berlin:20260303T090000"),
        ] {
            assert_eq!(mirror::content(&text.replace(from, to)).unwrap(), content(), "{to}");
        }
    }
}
