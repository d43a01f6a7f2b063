//! One clinician's week as the page shows it, read from the records. Times are in the practice's zone.

use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;

use super::actions::Notice;
use super::reading::{
    closed_slots, interval, is_away, is_on, name_of, patient_of, text, what, who, window_minutes,
};
use crate::ehr::kind::Kind;
use crate::ehr::params::values_at;
use crate::ehr::store::{Clause, Tx};
use crate::ehr::{MOUNT, zone};
use crate::page::dates::{
    Hour, Room, hours, midnight, minutes_on, monday_of, next_start, range_text, times_text,
};
use crate::page::grid::{Frame, Minutes, lanes};

#[derive(Template)]
#[template(path = "week.html")]
pub(super) struct WeekPage {
    mount: &'static str,
    look: &'static str,
    practice: String,
    zone: String,
    practitioner: String,
    title: String,
    range: String,
    clinicians: Vec<Choice>,
    patients: Vec<Choice>,
    services: Vec<Choice>,
    weeks: [Link; 3],
    hours: Vec<Hour>,
    days: Vec<Day>,
    beside: Vec<Beside>,
    next_start: String,
    notice: Option<Notice>,
}

/// Something to choose, by id.
struct Choice {
    id: String,
    name: String,
    is_chosen: bool,
}

struct Link {
    label: &'static str,
    monday: Date,
}

struct Day {
    date: Date,
    weekday: String,
    label: String,
    is_today: bool,
    /// How many stand side by side at most.
    lanes: usize,
    open: Vec<String>,
    items: Vec<Item>,
}

/// One thing in the grid.
struct Item {
    key: String,
    id: String,
    look: &'static str,
    place: String,
    lane: String,
    /// As much as fits on it.
    times: String,
    /// From when to when.
    whole: String,
    title: String,
    detail: String,
    status: String,
    start: String,
    minutes: i64,
}

/// An appointment of this week that takes no time in the grid.
struct Beside {
    title: String,
    detail: String,
    what: &'static str,
}

/// A thing with its times, before it has a place.
struct Entry {
    body: Value,
    look: &'static str,
    from: Timestamp,
    to: Timestamp,
}

/// What a week is made of.
struct Records {
    zone: TimeZone,
    monday: Date,
    role: Vec<Value>,
    appointments: Vec<Value>,
    closed: Vec<Value>,
}

impl WeekPage {
    pub(super) fn build(
        tx: &Tx<'_>,
        practitioner: Option<&str>,
        week: Option<Date>,
        notice: Option<Notice>,
        now: Timestamp,
    ) -> rusqlite::Result<Self> {
        let zone = zone::of_practice(tx)?;
        let today = now.to_zoned(zone.clone()).date();
        let this_monday = monday_of(today).unwrap_or(today);
        let monday = week.and_then(|day| monday_of(day).ok()).unwrap_or(this_monday);
        let mut clinicians = choices(tx, Kind::Practitioner)?;
        let chosen = choose(&mut clinicians, practitioner);
        let (practitioner, title) = chosen.unwrap_or_default();
        let records = Records::read(tx, &practitioner, monday, zone.clone())?;
        let frame = records.frame();
        let location = tx.bodies(Kind::Location, &[])?;
        Ok(Self {
            mount: MOUNT,
            look: "ehr",
            practice: location.first().map(name_of).unwrap_or_default(),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            practitioner,
            title,
            range: range_text(monday),
            clinicians,
            patients: choices(tx, Kind::Patient)?,
            services: choices(tx, Kind::HealthcareService)?,
            weeks: [
                Link { label: "Previous week", monday: monday.saturating_sub(7.days()) },
                Link { label: "This week", monday: this_monday },
                Link { label: "Next week", monday: monday.saturating_add(7.days()) },
            ],
            hours: hours(frame),
            days: (0..7).map(|day| records.day(monday.saturating_add(day.days()), today, frame)).collect(),
            beside: records.beside(),
            next_start: next_start(now, monday, this_monday, &zone),
            notice,
        })
    }
}

impl Records {
    fn read(tx: &Tx<'_>, practitioner: &str, monday: Date, zone: TimeZone) -> rusqlite::Result<Self> {
        let (start, end) = (midnight(monday, &zone), midnight(monday.saturating_add(7.days()), &zone));
        // Closed times may be long; appointments are not.
        let reaching_in = Clause::starts_within(start - SignedDuration::from_hours(24 * 40), end);
        let mut appointments = tx.bodies(
            Kind::Appointment,
            &[
                Clause::refers("practitioner", Kind::Practitioner, practitioner),
                Clause::starts_within(start - SignedDuration::from_hours(24), end),
            ],
        )?;
        let untimed = Clause { sql: "r.start_us IS NULL".to_owned(), values: Vec::new() };
        let own = Clause::refers("practitioner", Kind::Practitioner, practitioner);
        appointments.extend(tx.bodies(Kind::Appointment, &[own, untimed])?);
        let of_role = Clause::refers("practitioner", Kind::Practitioner, practitioner);
        Ok(Self {
            role: tx.bodies(Kind::PractitionerRole, &[of_role])?,
            closed: closed_slots(tx, practitioner, &reaching_in)?,
            zone,
            monday,
            appointments,
        })
    }

    fn entries(&self) -> Vec<Entry> {
        let on = self.appointments.iter().filter(|body| is_on(body));
        let appointments = on.filter_map(|body| entry(body, appointment_look(body)));
        let mut entries: Vec<Entry> =
            appointments.chain(self.closed.iter().filter_map(|body| entry(body, "closed"))).collect();
        entries.sort_by_key(|entry| (entry.from, entry.to));
        entries
    }

    /// The hours that the week needs. Things that fill half a day or more do not stretch it.
    fn frame(&self) -> Frame {
        let days = || (0..7).map(|day| self.monday.saturating_add(day.days()));
        let entries = self.entries();
        let busy = days().flat_map(|date| self.on_day(date, &entries)).map(|(span, _)| span);
        let open = days().flat_map(|date| self.open_on(date));
        Frame::around(busy.chain(open).filter(|span| span.to - span.from < 12 * 60))
    }

    fn day(&self, date: Date, today: Date, frame: Frame) -> Day {
        let entries = self.entries();
        let placed = self.on_day(date, &entries);
        let spans: Vec<Minutes> = placed.iter().map(|(span, _)| *span).collect();
        let lanes = lanes(&spans);
        let most = lanes.iter().map(|(_, of)| *of).max().unwrap_or(1);
        let items = placed
            .iter()
            .zip(lanes)
            .filter_map(|((span, entry), lane)| Some(self.item(date, entry, frame.place(*span)?, lane)));
        Day {
            date,
            weekday: date.strftime("%A").to_string(),
            label: date.strftime("%b %-d").to_string(),
            is_today: date == today,
            lanes: most,
            open: self.open_on(date).into_iter().filter_map(|span| frame.place(span)).collect(),
            items: items.collect(),
        }
    }

    /// What touches a day, with the minutes of the day that it takes.
    fn on_day<'a>(&self, date: Date, entries: &'a [Entry]) -> Vec<(Minutes, &'a Entry)> {
        let touching =
            |entry: &'a Entry| minutes_on(date, entry.from, entry.to, &self.zone).map(|span| (span, entry));
        entries.iter().filter_map(touching).collect()
    }

    /// Operational hours of a day, from the clinician's roles.
    fn open_on(&self, date: Date) -> Vec<Minutes> {
        let weekday = date.strftime("%a").to_string().to_lowercase();
        let working = self.role.iter().filter(|role| !is_away(role, date));
        let windows = working.flat_map(|role| values_at(role, "availableTime"));
        let of_day = windows.filter(|window| {
            let days = values_at(window, "daysOfWeek");
            days.is_empty() || days.iter().any(|day| **day == weekday)
        });
        of_day.map(window_minutes).collect()
    }

    fn item(&self, date: Date, entry: &Entry, place: String, (lane, of): (usize, usize)) -> Item {
        let local = |at: Timestamp| at.to_zoned(self.zone.clone());
        let id = text(&entry.body, "id");
        let minutes = entry.from.duration_until(entry.to).as_mins();
        let (title, detail) = match entry.look {
            "closed" => ("Closed (external calendar)".to_owned(), String::new()),
            _ => (who(&entry.body), what(&entry.body)),
        };
        Item {
            key: format!("{id}-{date}"),
            look: entry.look,
            place,
            lane: format!("lane-{lane}-of-{of}"),
            times: times_text(entry.from, entry.to, &self.zone, Room::of(minutes, of)),
            whole: times_text(entry.from, entry.to, &self.zone, Room::Both),
            title,
            detail,
            status: text(&entry.body, "status"),
            start: local(entry.from).strftime("%Y-%m-%dT%H:%M").to_string(),
            minutes,
            id,
        }
    }

    fn beside(&self) -> Vec<Beside> {
        let off = |body: &&Value| !is_on(body) || interval(body).is_none();
        let one = |body: &Value| {
            let when = interval(body)
                .map(|(from, _)| from.to_zoned(self.zone.clone()).strftime("%A, %-I:%M %P").to_string());
            Beside {
                title: who(body),
                detail: when.unwrap_or_else(|| "no time yet".to_owned()),
                what: if is_on(body) { "Requested" } else { "Cancelled" },
            }
        };
        self.appointments.iter().filter(off).map(one).collect()
    }
}

fn choices(tx: &Tx<'_>, kind: Kind) -> rusqlite::Result<Vec<Choice>> {
    let found = tx.bodies(kind, &[])?;
    let choice = |body: &Value| Choice { id: text(body, "id"), name: name_of(body), is_chosen: false };
    Ok(found.iter().map(choice).collect())
}

/// Marks the wanted clinician, or else the first; answers id and name.
fn choose(clinicians: &mut [Choice], wanted: Option<&str>) -> Option<(String, String)> {
    let position = clinicians.iter().position(|choice| Some(choice.id.as_str()) == wanted).unwrap_or(0);
    let chosen = clinicians.get_mut(position)?;
    chosen.is_chosen = true;
    Some((chosen.id.clone(), chosen.name.clone()))
}

fn entry(body: &Value, look: &'static str) -> Option<Entry> {
    let (from, to) = interval(body)?;
    Some(Entry { body: body.clone(), look, from, to })
}

fn appointment_look(body: &Value) -> &'static str {
    let status = body.get("status").and_then(Value::as_str);
    match (patient_of(body), status) {
        (None, _) => "internal",
        (Some(_), Some("proposed" | "pending" | "waitlist")) => "tentative",
        (Some(_), _) => "booked",
    }
}
