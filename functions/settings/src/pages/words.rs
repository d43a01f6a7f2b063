//! What a connection is, in a clinician's words: one honest sentence, the problems with what to do, times in the
//! practice's zone with its name. It is told what is so, and finds nothing out.

use daybook_core::connection::{Connection, MainCalendar, Provider, PutBack, State, Verified, Went};
use daybook_core::ids::PractitionerId;
use daybook_core::time::Interval;
use daybook_engine::Engine;
use daybook_engine::command::Patch;
use daybook_engine::ports::{Counts, Practice};
use daybook_engine::preview::LanePreview;
use daybook_engine::view::View;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The zone in which times are told.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// The practitioner's, as the EHR gives it; else the practice's; else UTC. The EHR is asked where no sync has yet.
    pub async fn of(engine: &Engine, connection: &Connection, practice: &Practice) -> Self {
        let known = connection.schedule.practitioner.as_ref().and_then(|known| known.time_zone.clone());
        if let Some(known) = known.or(practice.time_zone_fallback.clone()) {
            return Self::named(Some(&known));
        }
        let asked = engine.practitioner(&practice.id, &connection.practitioner).await;
        Self::named(asked.ok().and_then(|told| told.time_zone).as_deref())
    }

    /// The same, where there is no connection that would remember it.
    pub async fn of_clinician(engine: &Engine, practice: &Practice, practitioner: &PractitionerId) -> Self {
        let asked = engine.practitioner(&practice.id, practitioner).await;
        let told = asked.ok().and_then(|told| told.time_zone).or_else(|| practice.time_zone_fallback.clone());
        Self::named(told.as_deref())
    }

    pub fn named(name: Option<&str>) -> Self {
        let found = name.and_then(|name| Some((TimeZone::get(name).ok()?, name.to_owned())));
        let (zone, name) = found.unwrap_or((TimeZone::UTC, "UTC".to_owned()));
        Self { zone, name }
    }

    /// `Nov 22, 3:45 pm (America/New_York)`.
    pub fn time(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        format!("{} ({})", local.strftime("%b %-d, %-I:%M %P"), self.name)
    }

    /// `Nov 22, 3:45 pm – 4:30 pm (America/New_York)`.
    pub fn span(&self, at: Interval) -> String {
        let local = |at: Timestamp| at.to_zoned(self.zone.clone());
        let (start, end) = (local(at.start()), local(at.end()));
        let format = if start.date() == end.date() { "%-I:%M %P" } else { "%b %-d, %-I:%M %P" };
        format!("{} – {} ({})", start.strftime("%b %-d, %-I:%M %P"), end.strftime(format), self.name)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// `Nov 22, 2026, 3:45:07 pm`, for a page that names the zone once.
    pub fn moment(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%b %-d, %Y, %-I:%M:%S %P").to_string()
    }

    pub fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    pub fn date(&self, at: Timestamp, days: i64) -> String {
        let day = at.to_zoned(self.zone.clone()).date().saturating_add(jiff::Span::new().days(days));
        day.strftime("%b %-d, %Y").to_string()
    }
}

/// A provider as people call it.
pub(crate) fn provider(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "Google",
        Provider::Microsoft => "Outlook",
        Provider::Caldav => "your calendar server",
    }
}

/// What is connected there.
pub(crate) fn calendar(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "Google Calendar",
        Provider::Microsoft => "Outlook / Microsoft 365",
        Provider::Caldav => "Apple or other CalDAV calendar",
    }
}

/// "1 appointment", "2 appointments".
pub(crate) fn number(count: u64, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
}

/// The state in one sentence, and when both sides were last looked at.
pub(crate) fn sentence(view: &View, zone: &Zone) -> String {
    let looked = view.connection.evidence.last_synced_at;
    let looked = looked.map(|at| format!(" Last looked at {}.", zone.time(at)));
    format!("{}{}", state(view, zone), looked.unwrap_or_default())
}

fn state(view: &View, zone: &Zone) -> String {
    let connection = &view.connection;
    let evidence = &connection.evidence;
    match view.state {
        State::Authorising => {
            "You have not signed in yet. Nothing is read and nothing is written.".to_owned()
        }
        State::Ready => "You have signed in. Nothing is written before you say yes.".to_owned(),
        State::Syncing => "The first sync is at work.".to_owned(),
        State::Active => active(connection).to_owned(),
        State::ReconnectRequired if evidence.lacks_access_only() => {
            let name = provider(connection.provider);
            format!("Waiting for you: for what you chose, {name} has to allow one more thing.")
        }
        State::ReconnectRequired => {
            let name = provider(connection.provider);
            format!("Stopped: {name} wants you to sign in again. What stands stays, and may be out of date.")
        }
        State::Paused => {
            let since = evidence.paused_at.map(|at| format!(" since {}", zone.time(at))).unwrap_or_default();
            format!("Paused{since}. What stands stays, and may be out of date.")
        }
        State::Disconnecting => format!("Disconnecting. Still to be removed: {}.", left(&view.counts)),
        State::Disconnected => "Disconnected. Daybook can no longer open this account.".to_owned(),
    }
}

fn active(connection: &Connection) -> &'static str {
    if connection.needs_attention() {
        return "Working, but something needs your attention.";
    }
    if !connection.signals.settled() {
        return "Something has changed, and Daybook is looking at it now.";
    }
    "In step."
}

/// That the clinician is asked to look it through.
pub(crate) fn review_asked(view: &View, zone: &Zone) -> Option<String> {
    let last = view.connection.evidence.reviewed_at;
    let last =
        last.map_or_else(|| "not reviewed yet".to_owned(), |at| format!("last reviewed {}", zone.time(at)));
    view.is_review_due.then(|| format!("Please look this through: {last}."))
}

/// When both sides were last tried, and how that went.
pub(crate) fn verified(connection: &Connection, zone: &Zone) -> Option<String> {
    let Verified { at, went } = connection.evidence.verified?;
    let at = zone.time(at);
    Some(match went {
        Went::Well => format!("Last verified {at}: all well."),
        Went::Badly => format!("Last verified {at}: something did not work."),
    })
}

/// What became of entries that were moved or deleted in the calendar.
pub(crate) fn put_back(view: &View, zone: &Zone) -> Option<String> {
    let PutBack { times, last_at } = view.put_back?;
    let last = zone.time(last_at);
    Some(format!(
        "Put back after being moved or deleted in your calendar: {times}, last {last}. Appointments are changed in the EHR."
    ))
}

/// What stands now.
pub(crate) fn standing(counts: &Counts) -> String {
    let shown = number(counts.mirrored_events, "appointment is", "appointments are");
    let closed = number(counts.busy_blocks, "time is", "times are");
    format!("{shown} in your calendar; {closed} closed in the EHR.")
}

/// What a disconnect has still to remove.
pub(crate) fn left(counts: &Counts) -> String {
    let events = number(counts.mirrored_events, "event in your calendar", "events in your calendar");
    let blocks = number(counts.busy_blocks, "closed time in the EHR", "closed times in the EHR");
    format!("{events} and {blocks}")
}

/// Where appointments would come, and from where they would go.
pub(crate) struct Places {
    into: &'static str,
    from: String,
}

impl Places {
    pub fn of(before: &MainCalendar, patch: &Patch) -> Self {
        let moves = patch.main_calendar.as_ref().is_some_and(|main| main.known() != before.known());
        match before.known().filter(|_| moves) {
            Some(old) => Self { into: "your new main calendar", from: format!("“{}”", old.name) },
            None => Self { into: "your calendar", from: "your calendar".to_owned() },
        }
    }
}

/// What a sync would do to appointments, a line each; nothing where it would do nothing.
pub(crate) fn to_appointments(lane: LanePreview, places: &Places) -> Vec<String> {
    let of = |count| number(count, "appointment", "appointments");
    let one = |count: u64, line: String| (count > 0).then_some(line);
    let LanePreview { create, change, delete } = lane;
    let lines = [
        one(create, format!("Will add {} to {}", of(create), places.into)),
        one(change, format!("Will change {} in your calendar", of(change))),
        one(delete, format!("Will remove {} from {}", of(delete), places.from)),
    ];
    lines.into_iter().flatten().collect()
}

/// The same to times in the EHR.
pub(crate) fn to_blocks(lane: LanePreview) -> Vec<String> {
    let of = |count| number(count, "time", "times");
    let one = |count: u64, line: String| (count > 0).then_some(line);
    let LanePreview { create, change, delete } = lane;
    let lines = [
        one(create, format!("Will close {} in the EHR", of(create))),
        one(change, format!("Will move {} that are closed in the EHR", of(change))),
        one(delete, format!("Will open {} in the EHR", of(delete))),
    ];
    lines.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use daybook_core::connection::CalendarRef;

    use super::*;

    #[test]
    fn times_are_told_in_the_practices_zone_with_its_name() {
        let at: Timestamp = "2026-11-22T20:45:00Z".parse().unwrap();
        for (name, expected) in [
            (Some("America/New_York"), "Nov 22, 3:45 pm (America/New_York)"),
            (Some("Mars/Olympus"), "Nov 22, 8:45 pm (UTC)"),
            (None, "Nov 22, 8:45 pm (UTC)"),
        ] {
            assert_eq!(Zone::named(name).time(at), expected);
        }
    }

    #[test]
    fn counts_are_said_as_people_say_them() {
        let lane = |create, change, delete| LanePreview { create, change, delete };
        let old = MainCalendar::Existing(CalendarRef { id: "a".into(), name: "Work".into() });
        assert_eq!(
            to_appointments(lane(42, 0, 1), &Places::of(&old, &Patch::default())),
            ["Will add 42 appointments to your calendar", "Will remove 1 appointment from your calendar"]
        );
        let elsewhere = Patch { main_calendar: Some(MainCalendar::None), ..Patch::default() };
        assert_eq!(
            to_appointments(lane(42, 0, 42), &Places::of(&old, &elsewhere)),
            ["Will add 42 appointments to your new main calendar", "Will remove 42 appointments from “Work”"]
        );
        assert_eq!(to_blocks(lane(18, 0, 0)), ["Will close 18 times in the EHR"]);
        assert!(to_blocks(lane(0, 0, 0)).is_empty());
    }
}
