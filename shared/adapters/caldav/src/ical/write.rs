//! Writes a mirror: a resource with one event, in UTC, private and opaque, without people in it. Over a mirror that
//! a person has decorated, only our own lines are exchanged: the rest stays as it is, byte for byte, because no
//! library writes a stranger's object back unharmed.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarClassification, ICalendarComponent, ICalendarComponentType, ICalendarDuration,
    ICalendarProperty, ICalendarStatus, ICalendarTransparency, ICalendarValue,
};
use daybook_core::link::Touch;
use daybook_core::mirror::{Certainty, MirrorContent, MirrorId};
use jiff::Timestamp;

use super::mirror::ALARM_MARK;

const PRODUCT: &str = "-//Daybook//Calendar sync//EN";
const BUSY_STATUS: &str = "X-MICROSOFT-CDO-BUSYSTATUS";

/// The lines of an event that are ours, and those that would make more of it than one private event.
const OURS: [&str; 19] = [
    "UID",
    "DTSTAMP",
    "LAST-MODIFIED",
    "SEQUENCE",
    "DTSTART",
    "DTEND",
    "DURATION",
    "SUMMARY",
    "STATUS",
    "TRANSP",
    "CLASS",
    BUSY_STATUS,
    "LOCATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "ATTENDEE",
    "ORGANIZER",
];

/// The lines of a calendar object that are ours, or that a stored object must not have.
const OURS_OUTSIDE: [&str; 4] = ["VERSION", "PRODID", "CALSCALE", "METHOD"];

/// A whole resource.
pub fn fresh(mirror: &MirrorId, content: &MirrorContent, now: Timestamp) -> String {
    let alarm = content.reminder_minutes.map(|minutes| alarm(mirror, minutes));
    let mut event = event(mirror, content, now);
    let mut calendar = outside();
    calendar.component_ids = vec![1];
    event.component_ids = alarm.iter().map(|_| 2).collect();
    ICalendar { components: [calendar, event].into_iter().chain(alarm).collect() }.to_string()
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

/// `old` with our lines exchanged; tells whether anything of a person's was kept. `None`: it holds no event.
pub fn merged(
    old: &str,
    mirror: &MirrorId,
    content: &MirrorContent,
    now: Timestamp,
) -> Option<(String, Touch)> {
    let ours = fresh(mirror, content, now);
    let (ours, theirs) = (Object::read(&ours), Object::read(old));
    let (our_event, their_event) = (ours.event()?, theirs.event()?);
    let kept_lines: Vec<&Part<'_>> = their_event.parts.iter().filter(|part| part.stays(mirror)).collect();
    let zones = theirs.parts.iter().filter(|part| part.is_inner("VTIMEZONE"));
    let mut text = String::from("BEGIN:VCALENDAR\r\n");
    ours.parts.iter().filter(|part| part.is_one_of(&OURS_OUTSIDE)).for_each(|part| part.write(&mut text));
    theirs.parts.iter().filter(|part| part.stays_outside()).for_each(|part| part.write(&mut text));
    zones.for_each(|part| part.write(&mut text));
    text.push_str("BEGIN:VEVENT\r\n");
    our_event.parts.iter().for_each(|part| part.write(&mut text));
    kept_lines.iter().for_each(|part| part.write(&mut text));
    text.push_str("END:VEVENT\r\nEND:VCALENDAR\r\n");
    Some((text, if kept_lines.is_empty() { Touch::OursAlone } else { Touch::Decorated }))
}

/// A component as raw lines and inner components.
struct Object<'a> {
    name: String,
    parts: Vec<Part<'a>>,
}

enum Part<'a> {
    /// A content line with its folds.
    Line(&'a str),
    Inner(Object<'a>),
}

/// A mirror is nested two deep; anything deeper is flattened instead of followed.
const MAX_DEPTH: usize = 8;

impl<'a> Object<'a> {
    fn read(text: &'a str) -> Self {
        let mut open = vec![Self { name: String::new(), parts: Vec::new() }];
        for line in content_lines(text) {
            match (name_of(line).as_str(), open.len()) {
                ("BEGIN", depth) if depth <= MAX_DEPTH => {
                    open.push(Self { name: value_of(line), parts: Vec::new() });
                }
                ("BEGIN", _) => {}
                ("END", _) => close(&mut open),
                _ => {
                    if let Some(innermost) = open.last_mut() {
                        innermost.parts.push(Part::Line(line));
                    }
                }
            }
        }
        while open.len() > 1 {
            close(&mut open);
        }
        let root = open.pop().unwrap_or(Self { name: String::new(), parts: Vec::new() });
        root.parts
            .into_iter()
            .find_map(|part| part.inner("VCALENDAR"))
            .unwrap_or(Self { name: String::new(), parts: Vec::new() })
    }

    fn event(&self) -> Option<&Object<'a>> {
        self.parts.iter().find_map(|part| match part {
            Part::Inner(inner) if inner.name == "VEVENT" => Some(inner),
            _ => None,
        })
    }
}

fn close(open: &mut Vec<Object<'_>>) {
    if open.len() > 1
        && let Some(done) = open.pop()
        && let Some(around) = open.last_mut()
    {
        around.parts.push(Part::Inner(done));
    }
}

impl<'a> Part<'a> {
    fn inner(self, name: &str) -> Option<Object<'a>> {
        match self {
            Part::Inner(inner) if inner.name == name => Some(inner),
            _ => None,
        }
    }

    fn is_inner(&self, name: &str) -> bool {
        matches!(self, Part::Inner(inner) if inner.name == name)
    }

    fn is_one_of(&self, names: &[&str]) -> bool {
        matches!(self, Part::Line(line) if names.contains(&name_of(line).as_str()))
    }

    /// Whether this part of an event is a person's (or their program's).
    fn stays(&self, mirror: &MirrorId) -> bool {
        match self {
            Part::Line(line) => !line.trim().is_empty() && !self.is_one_of(&OURS),
            Part::Inner(inner) => !(inner.name == "VALARM" && inner.is_our_alarm(mirror)),
        }
    }

    fn stays_outside(&self) -> bool {
        matches!(self, Part::Line(line) if !line.trim().is_empty() && !self.is_one_of(&OURS_OUTSIDE))
    }

    fn write(&self, text: &mut String) {
        match self {
            Part::Line(line) => {
                for physical in line.lines() {
                    text.push_str(physical);
                    text.push_str("\r\n");
                }
            }
            Part::Inner(inner) => {
                text.push_str(&format!("BEGIN:{}\r\n", inner.name));
                inner.parts.iter().for_each(|part| part.write(text));
                text.push_str(&format!("END:{}\r\n", inner.name));
            }
        }
    }
}

impl Object<'_> {
    fn is_our_alarm(&self, mirror: &MirrorId) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Line(line) => {
                let name = name_of(line);
                name == ALARM_MARK
                    || (name == "UID" && value_of(line) == mirror.as_str().to_ascii_uppercase())
            }
            Part::Inner(_) => false,
        })
    }
}

/// Physical lines joined to content lines, the folds left in.
fn content_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_start_matches('\u{feff}');
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .match_indices('\n')
            .map(|(at, _)| at + 1)
            .find(|at| !rest.get(*at..).is_some_and(|next| next.starts_with([' ', '\t'])))
            .unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line)
    })
}

/// The name before the parameters or the value, in upper case; also where a fold goes through it.
fn name_of(line: &str) -> String {
    let mut name = String::new();
    for physical in line
        .lines()
        .enumerate()
        .map(|(row, text)| if row == 0 { text } else { text.get(1..).unwrap_or_default() })
    {
        match physical.find([':', ';']) {
            Some(end) => return name + &physical.get(..end).unwrap_or_default().to_ascii_uppercase(),
            None => name.push_str(&physical.to_ascii_uppercase()),
        }
    }
    name
}

/// The value of a short line, in upper case.
fn value_of(line: &str) -> String {
    line.split_once(':').map(|(_, value)| value.trim().to_ascii_uppercase()).unwrap_or_default()
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

    /// What a person's client makes of our mirror: an alarm, notes, a colour, an attachment, a zone of its own.
    fn decorated() -> String {
        let lines = "DESCRIPTION:bring the key\r\n and the lamp\r\nCOLOR:teal\r\nCATEGORIES:a,b\r\n\
                     ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=text/plain:aGVsbG8=\r\nX-A;P=\"x:y\":1\r\n";
        let alarm = "BEGIN:VALARM\r\nUID:their-alarm\r\nACTION:AUDIO\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";
        fresh(&name(), &MirrorContent { reminder_minutes: Some(5), ..content() }, now())
            .replace("SUMMARY:Busy\r\n", &format!("SUMMARY:Busy\r\n{lines}"))
            .replace("END:VEVENT", &format!("{alarm}END:VEVENT"))
            .replace(
                "BEGIN:VEVENT",
                "X-WR-CALNAME:Work\r\nBEGIN:VTIMEZONE\r\nTZID:Z\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT",
            )
    }

    #[test]
    fn a_persons_additions_are_no_difference_and_survive() {
        let old = decorated();
        assert_eq!(mirror::content(&old).unwrap(), MirrorContent { reminder_minutes: Some(5), ..content() });
        let moved = MirrorContent { title: "Appointment".into(), reminder_minutes: Some(30), ..content() };
        for old in [old.clone(), old.replace("\r\n", "\n")] {
            let (text, touch) = merged(&old, &name(), &moved, now()).unwrap();
            assert_eq!(touch, Touch::Decorated);
            assert_eq!(mirror::content(&text).unwrap(), moved);
            for kept in [
                "DESCRIPTION:bring the key\r\n and the lamp\r\n",
                "COLOR:teal\r\n",
                "CATEGORIES:a,b\r\n",
                "ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=text/plain:aGVsbG8=\r\n",
                "X-A;P=\"x:y\":1\r\n",
                "BEGIN:VALARM\r\nUID:their-alarm\r\nACTION:AUDIO\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n",
                "X-WR-CALNAME:Work\r\n",
                "BEGIN:VTIMEZONE\r\nTZID:Z\r\nEND:VTIMEZONE\r\n",
            ] {
                assert!(text.contains(kept), "{kept} in {text}");
            }
            assert_eq!(text.matches("BEGIN:VALARM").count(), 2);
            assert_eq!(text.matches("SUMMARY").count(), 1);
        }
    }

    #[test]
    fn what_is_ours_alone_stays_so_and_guests_go() {
        let old = fresh(&name(), &content(), now());
        assert_eq!(merged(&old, &name(), &content(), now()).unwrap(), (old.clone(), Touch::OursAlone));
        let invited = old.replace(
            "END:VEVENT",
            "ATT\r\n ENDEE:mailto:x@example.org\r\nORGANIZER:mailto:y@example.org\r\nEND:VEVENT",
        );
        assert_eq!(merged(&invited, &name(), &content(), now()).unwrap(), (old.clone(), Touch::OursAlone));
        let recurring = old
            .replace("END:VEVENT", "RRULE:FREQ=DAILY\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT");
        assert_eq!(merged(&recurring, &name(), &content(), now()).unwrap().0, old);
        assert_eq!(merged("rubbish", &name(), &content(), now()), None);
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
