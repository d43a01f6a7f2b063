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
    Schedules,
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
const SCHEDULES: &str = "schedules";
const LEFT_CALENDAR: &str = "left calendar";
const WAITING_CALENDAR: &str = "waiting calendar";
const GRANT: &str = "grant";

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
            About::Schedules => SCHEDULES.into(),
            About::Brake(Source::Ehr) => "brake on the EHR".into(),
            About::Brake(Source::Calendar(id)) => format!("brake{OF_CALENDAR}{id}"),
            About::Writes(Lane::Appointments) => "writes to the calendar".into(),
            About::Writes(Lane::Busy) => "writes to the EHR".into(),
            About::Parked => "parked".into(),
            About::LeftBehind => "left behind".into(),
            About::LeftCalendar => LEFT_CALENDAR.into(),
            About::WaitingCalendar => WAITING_CALENDAR.into(),
            About::Grant => GRANT.into(),
        }
    }
}

/// What a stored problem is about, as far as its kind leaves it open: for whoever tells a person of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    Calendar(CalendarId),
    /// One that we made.
    MadeCalendar,
    /// Our access to the account.
    Grant,
    /// Where time would be closed in the EHR.
    Schedules,
    /// The kind says it.
    Plain,
}

impl Subject {
    /// By the key under which the problem is stored.
    pub fn of(key: &str) -> Self {
        match key {
            GRANT => Subject::Grant,
            LEFT_CALENDAR | WAITING_CALENDAR => Subject::MadeCalendar,
            SCHEDULES => Subject::Schedules,
            _ => key.split_once(OF_CALENDAR).map_or(Subject::Plain, |(_, id)| Subject::Calendar(id.into())),
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
        self.put(about, Problem { kind, detail: detail.into(), count: None, since: self.now });
    }

    /// The same of so many things.
    pub fn set_counted(&mut self, about: About<'_>, kind: ProblemKind, count: usize, detail: String) {
        let count = u64::try_from(count).ok();
        self.put(about, Problem { kind, detail, count, since: self.now });
    }

    fn put(&mut self, about: About<'_>, problem: Problem) {
        let key = about.key();
        let known = self.map.get(&key).filter(|known| known.kind == problem.kind);
        let since = known.map_or(problem.since, |known| known.since);
        self.map.insert(key, Problem { since, ..problem });
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
        if count == 0 { self.clear(about) } else { self.set_counted(about, kind, count, detail(count)) }
    }

    /// As [`Self::count`], where only a part was looked at: what nobody knew yet is told, and nothing is taken back.
    pub fn count_part(
        &mut self,
        about: About<'_>,
        kind: ProblemKind,
        count: usize,
        detail: impl FnOnce(usize) -> String,
    ) {
        if count > 0 && !self.has(about) {
            self.set_counted(about, kind, count, detail(count));
        }
    }

    /// Drops what is told of calendars that are no longer read.
    pub fn keep_calendars(&mut self, read: &[CalendarId]) {
        self.map.retain(|key, _| match key.split_once(OF_CALENDAR) {
            Some((_, id)) => read.iter().any(|calendar| calendar.as_str() == id),
            None => true,
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn what_a_problem_is_about_is_read_back_from_its_key() {
        let id: CalendarId = "team of calendar ada".into();
        let calendar = Subject::Calendar(id.clone());
        for (about, expected) in [
            (About::Calendar(&id), calendar.clone()),
            (About::Items(&id), calendar.clone()),
            (About::FreeDays(&id), calendar.clone()),
            (About::Brake(&Source::Calendar(id.clone())), calendar),
            (About::Brake(&Source::Ehr), Subject::Plain),
            (About::LeftBehind, Subject::Plain),
            (About::LeftCalendar, Subject::MadeCalendar),
            (About::WaitingCalendar, Subject::MadeCalendar),
            (About::Grant, Subject::Grant),
            (About::Schedules, Subject::Schedules),
            (About::Practitioner, Subject::Plain),
        ] {
            assert_eq!(Subject::of(&about.key()), expected, "{about:?}");
        }
    }
}
