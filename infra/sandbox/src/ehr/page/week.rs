//! One clinician's week as the page shows it, read from the records. Times are in the practice's zone.

use askama::Template;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;

use super::actions::Notice;
use super::grid::{Frame, Minutes, lanes};
use super::reading::{
    closed_slots, interval, is_away, is_on, minute_of, name_of, patient_of, text, what, who, window_minutes,
};
use crate::ehr::kind::Kind;
use crate::ehr::params::values_at;
use crate::ehr::seed::monday_of;
use crate::ehr::store::{Clause, Tx};
use crate::ehr::zone;

#[derive(Template)]
#[template(path = "week.html")]
pub(super) struct WeekPage {
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

struct Hour {
    place: String,
    label: String,
}

struct Day {
    date: Date,
    weekday: String,
    label: String,
    is_today: bool,
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
    times: String,
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
        let items = placed
            .iter()
            .zip(lanes(&spans))
            .filter_map(|((span, entry), lane)| Some(self.item(date, entry, frame.place(*span)?, lane)));
        Day {
            date,
            weekday: date.strftime("%A").to_string(),
            label: date.strftime("%b %-d").to_string(),
            is_today: date == today,
            open: self.open_on(date).into_iter().filter_map(|span| frame.place(span)).collect(),
            items: items.collect(),
        }
    }

    /// What touches a day, with the minutes of the day that it takes.
    fn on_day<'a>(&self, date: Date, entries: &'a [Entry]) -> Vec<(Minutes, &'a Entry)> {
        let (start, end) = (midnight(date, &self.zone), midnight(date.saturating_add(1.day()), &self.zone));
        let touching = entries.iter().filter(|entry| entry.from < end && start < entry.to);
        let minute = |at: Timestamp| minute_of(at.to_zoned(self.zone.clone()).time());
        let span = |entry: &Entry| Minutes {
            from: if entry.from <= start { 0 } else { minute(entry.from) },
            to: if entry.to >= end { 24 * 60 } else { minute(entry.to) },
        };
        touching.map(|entry| (span(entry), entry)).collect()
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
        let (title, detail) = match entry.look {
            "closed" => ("Closed (external calendar)".to_owned(), String::new()),
            _ => (who(&entry.body), what(&entry.body)),
        };
        Item {
            key: format!("{id}-{date}"),
            look: entry.look,
            place,
            lane: format!("lane-{lane}-of-{of}"),
            times: format!(
                "{} – {}",
                local(entry.from).strftime("%-I:%M"),
                local(entry.to).strftime("%-I:%M %P")
            ),
            title,
            detail,
            status: text(&entry.body, "status"),
            start: local(entry.from).strftime("%Y-%m-%dT%H:%M").to_string(),
            minutes: entry.from.duration_until(entry.to).as_mins(),
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

fn midnight(date: Date, zone: &TimeZone) -> Timestamp {
    date.to_zoned(zone.clone()).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

fn hours(frame: Frame) -> Vec<Hour> {
    let hour = |hour: i32| {
        let place = frame.place(Minutes { from: hour * 60, to: hour * 60 + 60 })?;
        let label = Time::constant(i8::try_from(hour).unwrap_or(0), 0, 0, 0).strftime("%-I %P").to_string();
        Some(Hour { place, label })
    };
    (frame.first_hour..frame.last_hour).filter_map(hour).collect()
}

fn range_text(monday: Date) -> String {
    let sunday = monday.saturating_add(6.days());
    let last = if sunday.month() == monday.month() { "%-d, %Y" } else { "%B %-d, %Y" };
    format!("{} – {}", monday.strftime("%B %-d"), sunday.strftime(last))
}

/// What the booking form proposes: the next full hour, or the morning of another week's Monday.
fn next_start(now: Timestamp, monday: Date, this_monday: Date, zone: &TimeZone) -> String {
    let date_time = if monday == this_monday {
        let local = now.to_zoned(zone.clone()).datetime();
        local.date().at(local.hour(), 0, 0, 0).saturating_add(1.hour())
    } else {
        monday.at(9, 0, 0, 0)
    };
    date_time.strftime("%Y-%m-%dT%H:%M").to_string()
}
