//! A new server's calendars, and two weeks of somebody's life. Everything is invented. It runs once per file.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::store::{Collection, Look, Tx};
use super::{Furnishing, OpenError, ical, people};
use crate::page::dates::monday_of;

/// One calendar that somebody has from the first day: slug, name, look, component, color.
type Made = (&'static str, &'static str, Look, &'static str, &'static str);

const LIVED: [Made; 6] = [
    ("home", "Home", Look::Own, "VEVENT", "#1BADF8FF"),
    ("family", "Family", Look::Own, "VEVENT", "#34C759FF"),
    ("choir", "Choir (shared with you)", Look::Shared, "VEVENT", "#CC73E1FF"),
    ("holidays", "US Holidays", Look::Subscribed, "VEVENT", "#FF9500FF"),
    ("reminders", "Reminders", Look::Own, "VTODO", "#FF3B30FF"),
    ("inbox", "Inbox", Look::Inbox, "VEVENT", "#8E8E93FF"),
];
const BARE: [Made; 1] = [("home", "Home", Look::Own, "VEVENT", "#1BADF8FF")];

/// An event: calendar, name, days after Monday, the lines that say when (`{d}` is the day), others.
type Event = (&'static str, &'static str, i32, &'static str, &'static str);

const HOUR_NY: &str = "DTSTART;TZID=America/New_York:{d}T";
const EVENTS: [Event; 9] = [
    ("home", "dentist", 1, "080000|090000", "SUMMARY:Dentist"),
    ("home", "swim", 0, "180000|190000", "SUMMARY:Swimming\r\nRRULE:FREQ=WEEKLY;COUNT=12"),
    ("home", "lunch", 3, "120000|133000", "SUMMARY:Lunch with Robin"),
    ("home", "flight", 9, "150000|163000", "SUMMARY:Pick up Sam\r\nLOCATION:Station"),
    (
        "home",
        "lecture",
        8,
        "110000|123000",
        "SUMMARY:Lecture\r\nORGANIZER:mailto:robin@school.example\r\nATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{me}",
    ),
    ("home", "newspaper", 2, "070000|073000", "SUMMARY:Read the paper\r\nTRANSP:TRANSPARENT"),
    ("family", "birthday", 4, "", "SUMMARY:Birthday of Aunt Edith"),
    ("choir", "rehearsal", 2, "193000|213000", "SUMMARY:Rehearsal\r\nRRULE:FREQ=WEEKLY;COUNT=20"),
    ("holidays", "holiday", 7, "", "SUMMARY:A holiday\r\nTRANSP:TRANSPARENT"),
];

/// Fills a file that has never held anything.
pub(super) fn plant(tx: &Tx<'_>, now: Timestamp, furnishing: Furnishing) -> Result<(), OpenError> {
    if !tx.is_fresh()? {
        return Ok(());
    }
    let monday = monday_of(now.to_zoned(ical::zone()).date())?;
    for person in &people::PEOPLE {
        let (calendars, events): (&[Made], &[Event]) = match furnishing {
            Furnishing::Lived => (&LIVED, &EVENTS),
            Furnishing::Bare => (&BARE, &[]),
        };
        for made in calendars {
            let calendar = tx.add_collection(collection(person.id, made))?;
            for event in events.iter().filter(|event| event.0 == made.0) {
                let text = text(event, monday, now, person)?;
                tx.put_object(&calendar, &format!("{}.ics", event.1), &uid(event, person), Some(&text))?;
            }
        }
    }
    Ok(())
}

fn collection(person: &str, (slug, name, look, component, color): &Made) -> Collection {
    Collection {
        born: 0,
        person: person.to_owned(),
        slug: (*slug).to_owned(),
        name: (*name).to_owned(),
        color: (*color).to_owned(),
        look: *look,
        component: (*component).to_owned(),
        seq: 0,
    }
}

fn uid(event: &Event, person: &people::Person) -> String {
    format!("{}-{}@sandbox.example", event.1, person.id)
}

fn text(event: &Event, monday: Date, now: Timestamp, person: &people::Person) -> Result<String, jiff::Error> {
    let (_, _, after, hours, lines) = event;
    let day = monday.checked_add(after.days())?;
    let (day, next) = (day.strftime("%Y%m%d").to_string(), day.tomorrow()?.strftime("%Y%m%d").to_string());
    let (zone, times) = match hours.split_once('|') {
        Some((from, to)) => {
            let start = HOUR_NY.replace("{d}", &day);
            (ical::VTIMEZONE, format!("{start}{from}\r\n{}{to}", start.replace("DTSTART", "DTEND")))
        }
        None => ("", format!("DTSTART;VALUE=DATE:{day}\r\nDTEND;VALUE=DATE:{next}")),
    };
    let lines = format!("{times}\r\n{}", lines.replace("{me}", person.email));
    Ok(ical::object(zone, &uid(event, person), now, &lines))
}
