//! Writes over a mirror that a person has decorated: only our own lines are exchanged, the rest stays as it is,
//! byte for byte, because no library writes a stranger's object back unharmed (inline attachments break).

use std::fmt::Write;

use daybook_core::link::Touch;
use daybook_core::mirror::{MirrorContent, MirrorId};
use jiff::Timestamp;

use super::mirror::ALARM_MARK;
use super::write::{BUSY_STATUS, fresh};

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
    let kept: Vec<&Part<'_>> = their_event.parts.iter().filter(|part| part.stays(mirror)).collect();
    let outside = ours.parts.iter().filter(|part| part.is_one_of(&OURS_OUTSIDE));
    let outside = outside.chain(theirs.parts.iter().filter(|part| part.stays_outside()));
    let inside = our_event.parts.iter().chain(kept.iter().copied());
    let mut text = String::from("BEGIN:VCALENDAR\r\n");
    write_all(outside, &mut text);
    text.push_str("BEGIN:VEVENT\r\n");
    write_all(inside, &mut text);
    text.push_str("END:VEVENT\r\nEND:VCALENDAR\r\n");
    Some((text, if kept.is_empty() { Touch::OursAlone } else { Touch::Decorated }))
}

fn write_all<'p, 't: 'p>(parts: impl Iterator<Item = &'p Part<'t>>, text: &mut String) {
    for part in parts {
        part.write(text);
    }
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

    /// Whether this part beside the event is a person's: names, colours, zones.
    fn stays_outside(&self) -> bool {
        match self {
            Part::Line(line) => !line.trim().is_empty() && !self.is_one_of(&OURS_OUTSIDE),
            Part::Inner(inner) => inner.name == "VTIMEZONE",
        }
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
                let _ = write!(text, "BEGIN:{}\r\n", inner.name);
                write_all(inner.parts.iter(), text);
                let _ = write!(text, "END:{}\r\n", inner.name);
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
    use daybook_core::mirror::Certainty;
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
}
