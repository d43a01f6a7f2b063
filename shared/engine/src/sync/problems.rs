//! What a person should know about a connection, one line a thing, kept until the thing is well again.

use std::collections::BTreeMap;

use daybook_core::connection::{Problem, ProblemKind};
use daybook_core::ids::CalendarId;
use daybook_core::link::Lane;
use daybook_core::plan::Source;
use jiff::Timestamp;

/// What a problem is about. At most one problem is told of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum About<'a> {
    SignIn,
    Account,
    MainCalendar,
    Calendar(&'a CalendarId),
    Items(&'a CalendarId),
    FreeDays(&'a CalendarId),
    Ehr,
    Appointments,
    Practitioner,
    Brake(&'a Source),
    Writes(Lane),
    Parked,
    LeftBehind,
    LeftCalendar,
    /// One that is still to go.
    WaitingCalendar,
    Grant,
}

/// Between what a line is about and the calendar that it names.
const OF_CALENDAR: &str = " of calendar ";

impl About<'_> {
    /// The key under which it is stored.
    fn key(self) -> String {
        match self {
            About::SignIn => "sign-in".into(),
            About::Account => "account".into(),
            About::MainCalendar => "main calendar".into(),
            About::Calendar(id) => format!("reading{OF_CALENDAR}{id}"),
            About::Items(id) => format!("items{OF_CALENDAR}{id}"),
            About::FreeDays(id) => format!("free days{OF_CALENDAR}{id}"),
            About::Ehr => "ehr".into(),
            About::Appointments => "appointments".into(),
            About::Practitioner => "practitioner".into(),
            About::Brake(Source::Ehr) => "brake on the EHR".into(),
            About::Brake(Source::Calendar(id)) => format!("brake{OF_CALENDAR}{id}"),
            About::Writes(Lane::Appointments) => "writes to the calendar".into(),
            About::Writes(Lane::Busy) => "writes to the EHR".into(),
            About::Parked => "parked".into(),
            About::LeftBehind => "left behind".into(),
            About::LeftCalendar => "left calendar".into(),
            About::WaitingCalendar => "waiting calendar".into(),
            About::Grant => "grant".into(),
        }
    }
}

/// The problems of one connection.
pub(crate) struct Problems<'a> {
    pub map: &'a mut BTreeMap<String, Problem>,
    pub now: Timestamp,
}

impl Problems<'_> {
    /// Remembers it; one that lasts keeps its beginning.
    pub fn set(&mut self, about: About<'_>, kind: ProblemKind, detail: impl Into<String>) {
        let key = about.key();
        let since =
            self.map.get(&key).filter(|known| known.kind == kind).map_or(self.now, |known| known.since);
        self.map.insert(key, Problem { kind, detail: detail.into(), since });
    }

    pub fn has(&self, about: About<'_>) -> bool {
        self.map.contains_key(&about.key())
    }

    pub fn clear(&mut self, about: About<'_>) {
        self.map.remove(&about.key());
    }

    /// Sets it where there is something to count, else clears it.
    pub fn count(
        &mut self,
        about: About<'_>,
        kind: ProblemKind,
        count: usize,
        detail: impl FnOnce(usize) -> String,
    ) {
        if count == 0 { self.clear(about) } else { self.set(about, kind, detail(count)) }
    }

    /// Drops what is told of calendars that are no longer read.
    pub fn keep_calendars(&mut self, read: &[CalendarId]) {
        self.map.retain(|key, _| match key.split_once(OF_CALENDAR) {
            Some((_, id)) => read.iter().any(|calendar| calendar.as_str() == id),
            None => true,
        });
    }
}
