//! What the page says about one week. Repeating events are told beside it, once, because nothing here expands them.

use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::actions::Notice;
use crate::caldav::ical::{self, When};
use crate::caldav::people::{PEOPLE, Person};
use crate::caldav::store::{Collection, Look, Object, Tx};
use crate::caldav::{MOUNT, OpenError};
use crate::page::dates::{Room, midnight, monday_of, next_start, range_text, times_text};

#[derive(Template)]
#[template(path = "caldav.html")]
pub(super) struct WeekPage {
    mount: &'static str,
    look: &'static str,
    people: &'static [Person],
    person: &'static Person,
    monday: Date,
    range: String,
    zone: &'static str,
    weeks: Vec<(&'static str, Date)>,
    days: Vec<Day>,
    beside: Vec<Item>,
    /// Where events can be added.
    calendars: Vec<Collection>,
    next_start: String,
    host: String,
    notice: Option<Notice>,
}

struct Day {
    date: Date,
    label: String,
    items: Vec<Item>,
}

#[derive(Clone)]
struct Item {
    key: String,
    slug: String,
    name: String,
    calendar: String,
    title: String,
    when: When,
    times: String,
    /// As a form field has it, where the event can be moved.
    start: Option<String>,
    minutes: i64,
    is_writable: bool,
}

impl WeekPage {
    pub(super) fn build(
        tx: &Tx<'_>,
        person: &'static Person,
        week: Option<Date>,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let zone = ical::zone();
        let this_monday = monday_of(now.to_zoned(zone.clone()).date())?;
        let monday = week.and_then(|day| monday_of(day).ok()).unwrap_or(this_monday);
        let collections = tx.list_collections(person.id)?;
        let shown = collections.iter().filter(|one| one.look != Look::Inbox && one.component == "VEVENT");
        let mut items = Vec::new();
        for one in shown {
            items.extend(tx.list_objects(one)?.iter().filter_map(|object| item(one, object, &zone)));
        }
        items.sort_by_key(|item| rank(item.when, &zone));
        let days = (0..7).map(|after| day(monday.saturating_add(after.days()), &items, &zone)).collect();
        let (back, on) = (monday.saturating_sub(7.days()), monday.saturating_add(7.days()));
        Ok(Self {
            mount: MOUNT,
            look: "caldav",
            people: &PEOPLE,
            person,
            monday,
            range: range_text(monday),
            zone: ical::ZONE,
            weeks: vec![("Previous", back), ("This week", this_monday), ("Next", on)],
            days,
            beside: items.into_iter().filter(|item| item.when == When::Any).collect(),
            calendars: collections.into_iter().filter(takes_events).collect(),
            next_start: next_start(now, monday, this_monday, &zone),
            host: String::new(),
            notice: None,
        })
    }

    /// With the host that was asked, and what became of a form.
    pub(super) fn said(mut self, host: &str, notice: Option<Notice>) -> Self {
        host.clone_into(&mut self.host);
        self.notice = notice;
        self
    }
}

pub(super) fn takes_events(one: &Collection) -> bool {
    one.look == Look::Own && one.component == "VEVENT"
}

fn day(date: Date, items: &[Item], zone: &TimeZone) -> Day {
    let (from, to) = (midnight(date, zone), midnight(date.saturating_add(1.day()), zone));
    let on_it = |item: &&Item| item.when != When::Any && item.when.touches(from, to);
    Day {
        date,
        label: date.strftime("%A, %B %-d").to_string(),
        items: items.iter().filter(on_it).cloned().collect(),
    }
}

fn rank(when: When, zone: &TimeZone) -> Timestamp {
    match when {
        When::Timed(start, _) => start,
        When::Days(first, _) => midnight(first, zone),
        When::Any => Timestamp::MIN,
    }
}

fn item(one: &Collection, object: &Object, zone: &TimeZone) -> Option<Item> {
    let facts = ical::read(object.text.as_deref()?).ok()?;
    let (times, start, minutes) = match facts.when {
        When::Any => ("repeats".to_owned(), None, 0),
        When::Days(..) => ("all day".to_owned(), None, 0),
        When::Timed(start, end) => {
            let field = start.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string();
            let minutes = end.duration_since(start).as_mins().clamp(5, 480);
            (times_text(start, end, zone, Room::Both), Some(field), minutes)
        }
    };
    Some(Item {
        key: object.seq.to_string(),
        slug: one.slug.clone(),
        name: object.name.clone(),
        calendar: one.name.clone(),
        title: if facts.title.is_empty() { "(no title)".to_owned() } else { facts.title },
        when: facts.when,
        times,
        start,
        minutes,
        is_writable: takes_events(one),
    })
}
