//! The calendars that we made: when one goes again. A calendar that the clinician chose is never among them. Who deletes
//! one, and how, is elsewhere.

use crate::connection::{BlockingCalendars, CalendarRef, Connection, Direction, MainCalendar, Provider};
use crate::ids::CalendarId;

/// Whether anything stands in a calendar, whenever it takes place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contents {
    Nothing,
    Something,
}

/// What becomes of a calendar that we made and no longer write to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is deleted if nothing stands in it.
    Goes,
    /// Somebody uses it.
    Stays,
    /// It is not known yet whether we go on using it.
    Waits,
}

/// What is left behind once `after` takes the place of `before`, beside what was left before. What is written to again is
/// left no longer.
pub fn left(before: &MainCalendar, after: &MainCalendar, already: &[CalendarRef]) -> Vec<CalendarRef> {
    let made = match before {
        MainCalendar::Made(calendar) => Some(calendar),
        MainCalendar::Existing(_) | MainCalendar::Create(_) | MainCalendar::None => None,
    };
    let again = after.known().map(|calendar| &calendar.id);
    let mut left: Vec<CalendarRef> = already.to_vec();
    left.extend(made.cloned());
    left.retain(|calendar| Some(&calendar.id) != again);
    left.sort_by(|one, other| one.id.cmp(&other.id));
    left.dedup_by(|one, other| one.id == other.id);
    left
}

/// What becomes of one that `of` left behind. `others` are all other connections that might know the calendar.
pub fn fate(calendar: &CalendarId, of: &Connection, others: &[Connection]) -> Fate {
    let goes_on = of.evidence.disconnect.is_none();
    match &of.settings.main_calendar {
        MainCalendar::Create(_) if goes_on => return Fate::Waits,
        main if goes_on && main.known().is_some_and(|main| main.id == *calendar) => return Fate::Stays,
        _ => {}
    }
    let is_used = others.iter().any(|other| is_near(other, of) && uses(other, calendar, of));
    if is_used { Fate::Stays } else { Fate::Goes }
}

/// The calendars that are read for their events, without one that is gone.
pub fn without(blocking: &BlockingCalendars, gone: &[CalendarId]) -> BlockingCalendars {
    match blocking {
        BlockingCalendars::Owned => BlockingCalendars::Owned,
        BlockingCalendars::Chosen(chosen) => {
            let kept = chosen.iter().filter(|calendar| !gone.contains(&calendar.id));
            BlockingCalendars::Chosen(kept.cloned().collect())
        }
    }
}

/// Whether a name of a calendar means the same to both. A path means something else on each calendar server.
fn is_near(other: &Connection, of: &Connection) -> bool {
    other.provider == of.provider && (of.provider != Provider::Caldav || home(other) == home(of))
}

fn home(connection: &Connection) -> Option<&crate::policy::AccountHome> {
    connection.account.as_ref().map(|account| &account.home)
}

/// Whoever leaves uses nothing any more. One that is about to make a calendar in the same account may find this one.
fn uses(other: &Connection, calendar: &CalendarId, of: &Connection) -> bool {
    let settings = &other.settings;
    if other.evidence.disconnect.is_some() {
        return false;
    }
    let writes = match &settings.main_calendar {
        MainCalendar::Create(_) => other.account.is_some() && other.account == of.account,
        main => main.known().is_some_and(|main| main.id == *calendar),
    };
    let reads = match &settings.blocking_calendars {
        BlockingCalendars::Chosen(chosen) => chosen.iter().any(|one| one.id == *calendar),
        BlockingCalendars::Owned => false,
    };
    writes || (reads && settings.direction == Direction::TwoWay)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use jiff::Timestamp;

    use super::*;
    use crate::connection::{AccountName, Disconnect, Mirrors, Settings};
    use crate::policy::{AccountHome, AccountKind};
    use crate::sample;

    fn calendar(id: &str) -> CalendarRef {
        CalendarRef { id: id.into(), name: id.to_uppercase() }
    }

    fn ids(calendars: &[CalendarRef]) -> Vec<&str> {
        calendars.iter().map(|calendar| calendar.id.as_str()).collect()
    }

    #[test]
    fn only_what_we_made_is_left_and_what_is_used_again_is_not() {
        let (made, chosen) =
            (|id| MainCalendar::Made(calendar(id)), |id| MainCalendar::Existing(calendar(id)));
        for (before, after, already, expected) in [
            (made("a"), chosen("b"), vec![], vec!["a"]),
            (made("a"), MainCalendar::None, vec![], vec!["a"]),
            (made("a"), MainCalendar::Create("B".into()), vec![], vec!["a"]),
            (made("a"), made("a"), vec![], vec![]),
            (chosen("a"), chosen("b"), vec![], vec![]),
            (chosen("a"), MainCalendar::None, vec![], vec![]),
            (MainCalendar::Create("A".into()), chosen("b"), vec![], vec![]),
            (chosen("b"), made("a"), vec![calendar("a")], vec![]),
            (made("b"), MainCalendar::None, vec![calendar("c"), calendar("b")], vec!["b", "c"]),
        ] {
            assert_eq!(ids(&left(&before, &after, &already)), expected, "{before:?} {after:?}");
        }
    }

    fn connection(id: &str, main: MainCalendar, subject: &str) -> Connection {
        let home = AccountHome::of_address(AccountKind::Server, subject);
        Connection {
            account: Some(AccountName { subject: subject.into(), label: subject.into(), home }),
            settings: Settings { main_calendar: main, ..sample::settings() },
            ..sample::connection(id)
        }
    }

    fn with(connection: &Connection, change: impl FnOnce(&mut Connection)) -> Connection {
        let mut changed = connection.clone();
        change(&mut changed);
        changed
    }

    fn leaves(connection: &mut Connection) {
        let asked_at = Timestamp::UNIX_EPOCH;
        connection.evidence.disconnect = Some(Disconnect { asked_at, mirrors: Mirrors::Remove });
    }

    #[test]
    fn one_that_nobody_uses_goes() {
        let of = connection("c1", MainCalendar::None, "ada@here.example");
        let (chosen, created) = (MainCalendar::Existing(calendar("a")), MainCalendar::Create("A".into()));
        let other = |main: &MainCalendar| connection("c2", main.clone(), "eve@there.example");
        let reader =
            with(&of, |one| one.settings.blocking_calendars = BlockingCalendars::Chosen(vec![calendar("a")]));
        let server = |one: &Connection| with(one, |one| one.provider = Provider::Caldav);
        for (what, of, other, expected) in vec![
            ("nobody else", of.clone(), None, Fate::Goes),
            ("written to", of.clone(), Some(other(&chosen)), Fate::Stays),
            ("made by another", of.clone(), Some(other(&MainCalendar::Made(calendar("a")))), Fate::Stays),
            ("another one", of.clone(), Some(other(&MainCalendar::Made(calendar("b")))), Fate::Goes),
            ("by one who leaves", of.clone(), Some(with(&other(&chosen), leaves)), Fate::Goes),
            ("read", of.clone(), Some(reader.clone()), Fate::Stays),
            (
                "read one-way",
                of.clone(),
                Some(with(&reader, |one| one.settings.direction = Direction::EhrToCalendar)),
                Fate::Goes,
            ),
            (
                "perhaps found",
                of.clone(),
                Some(with(&of, |one| one.settings.main_calendar = created.clone())),
                Fate::Stays,
            ),
            ("made elsewhere", of.clone(), Some(other(&created)), Fate::Goes),
            (
                "another provider",
                of.clone(),
                Some(with(&other(&chosen), |one| one.provider = Provider::Microsoft)),
                Fate::Goes,
            ),
            ("a path on another server", server(&of), Some(server(&other(&chosen))), Fate::Goes),
            ("a path on the same server", server(&of), Some(server(&reader)), Fate::Stays),
        ] {
            let others: Vec<Connection> = other.into_iter().collect();
            assert_eq!(fate(&"a".into(), &of, &others), expected, "{what}");
        }
    }

    #[test]
    fn ones_own_use_counts_until_one_leaves() {
        let made = connection("c1", MainCalendar::Made(calendar("a")), "ada@here.example");
        let to_make = connection("c1", MainCalendar::Create("A".into()), "ada@here.example");
        for (of, expected) in [
            (made.clone(), Fate::Stays),
            (with(&made, leaves), Fate::Goes),
            (to_make.clone(), Fate::Waits),
            (with(&to_make, leaves), Fate::Goes),
        ] {
            assert_eq!(fate(&"a".into(), &of, &[]), expected, "{of:?}");
        }
    }

    #[test]
    fn what_is_gone_is_read_no_more() {
        let chosen = BlockingCalendars::Chosen(vec![calendar("a"), calendar("b")]);
        assert_eq!(without(&chosen, &["a".into()]), BlockingCalendars::Chosen(vec![calendar("b")]));
        assert_eq!(without(&BlockingCalendars::Owned, &["a".into()]), BlockingCalendars::Owned);
    }
}
