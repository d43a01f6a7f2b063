//! Calendars that came into an account after it was connected: each is asked about once, and none is added in silence.

use std::collections::BTreeSet;

use crate::connection::{BlockingCalendars, CalendarRef, Connection, Settings};
use crate::ids::CalendarId;

/// Whether a calendar is to close time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Closes,
    ClosesNothing,
}

/// Which of the account's own calendars are new: not there when it was first looked at, and used for nothing.
pub fn found(
    own: &[CalendarRef],
    known: &BTreeSet<CalendarId>,
    settings: &Settings,
    left: &[CalendarRef],
) -> Vec<CalendarRef> {
    let is_used = |id: &CalendarId| {
        settings.main_calendar.known().is_some_and(|main| main.id == *id)
            || chosen(settings).iter().any(|one| one.id == *id)
            || left.iter().any(|one| one.id == *id)
    };
    own.iter().filter(|one| !known.contains(&one.id) && !is_used(&one.id)).cloned().collect()
}

/// What is still to be asked.
pub fn questions(connection: &Connection) -> Vec<&CalendarRef> {
    let answered = &connection.evidence.answered_calendars;
    let chosen = chosen(&connection.settings);
    let is_open =
        |one: &&CalendarRef| !answered.contains(&one.id) && chosen.iter().all(|known| known.id != one.id);
    connection.schedule.new_calendars.iter().filter(is_open).collect()
}

/// The calendars that close time, with an answer. `None` where nobody asked, and where all of the account's close time:
/// an answer about one must not take the others away.
pub fn with(connection: &Connection, calendar: &CalendarId, answer: Answer) -> Option<BlockingCalendars> {
    let asked = questions(connection).into_iter().find(|one| one.id == *calendar)?;
    let BlockingCalendars::Chosen(chosen) = &connection.settings.blocking_calendars else { return None };
    let mut chosen = chosen.clone();
    match answer {
        Answer::Closes => chosen.push(asked.clone()),
        Answer::ClosesNothing => {}
    }
    Some(BlockingCalendars::Chosen(chosen))
}

fn chosen(settings: &Settings) -> &[CalendarRef] {
    match &settings.blocking_calendars {
        BlockingCalendars::Chosen(chosen) => chosen,
        BlockingCalendars::Owned => &[],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::connection::{MainCalendar, Schedule};
    use crate::sample;

    fn calendar(id: &str) -> CalendarRef {
        CalendarRef { id: id.into(), name: id.into() }
    }

    fn settings(main: &str, blocking: &[&str]) -> Settings {
        Settings {
            main_calendar: MainCalendar::Existing(calendar(main)),
            blocking_calendars: BlockingCalendars::Chosen(blocking.iter().map(|id| calendar(id)).collect()),
            ..sample::settings()
        }
    }

    #[test]
    fn only_what_came_later_and_is_used_for_nothing_is_new() {
        for (own, known, left, expected) in [
            (vec!["main", "private"], vec!["main", "private"], vec![], vec![]),
            (vec!["main", "private", "family"], vec!["main", "private"], vec![], vec!["family"]),
            (vec!["main", "old"], vec!["main", "old"], vec![], vec![]),
            (vec!["main", "private"], vec![], vec![], vec![]),
            (vec!["made", "family"], vec![], vec!["made"], vec!["family"]),
        ] {
            let all = |ids: &[&str]| ids.iter().map(|id| calendar(id)).collect::<Vec<_>>();
            let known = known.iter().map(|id| (*id).into()).collect();
            let found = found(&all(&own), &known, &settings("main", &["private"]), &all(&left));
            assert_eq!(found, all(&expected), "{own:?}");
        }
    }

    fn asking(settings: Settings, about: &str) -> Connection {
        let schedule = Schedule { new_calendars: vec![calendar(about)], ..Schedule::default() };
        Connection { settings, schedule, ..sample::connection("c1") }
    }

    #[test]
    fn an_answer_takes_no_calendar_away() {
        let chosen = |ids: &[&str]| settings("main", ids);
        let owned = Settings { blocking_calendars: BlockingCalendars::Owned, ..chosen(&[]) };
        for (what, settings, about, answer, expected) in [
            ("yes", chosen(&["a"]), "new", Answer::Closes, Some(vec!["a", "new"])),
            ("no", chosen(&["a"]), "new", Answer::ClosesNothing, Some(vec!["a"])),
            ("the first", chosen(&[]), "new", Answer::Closes, Some(vec!["new"])),
            ("about another", chosen(&["a"]), "b", Answer::Closes, None),
            ("about a chosen one", chosen(&["new"]), "new", Answer::ClosesNothing, None),
            ("all close, yes", owned.clone(), "new", Answer::Closes, None),
            ("all close, no", owned.clone(), "new", Answer::ClosesNothing, None),
        ] {
            let expected = expected
                .map(|ids| BlockingCalendars::Chosen(ids.into_iter().map(calendar).collect::<Vec<_>>()));
            assert_eq!(with(&asking(settings, about), &"new".into(), answer), expected, "{what}");
        }
    }
}
