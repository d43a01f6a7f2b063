//! What people do in a story, and what they see: the EHR's staff, clinicians in their calendars.

use daybook_core::appointment::{Participation, Status};
use daybook_core::event::{Event, EventStatus, Response, ShownAs};
use daybook_core::ids::{ItemId, OccurrenceId};
use daybook_core::time::{Interval, When};
use jiff::SignedDuration;
use jiff::civil::Date;

use super::stage::{MADE, Stage, time};
use crate::world::State;
use crate::world::calendar::{Body, single};
use crate::world::rules::minute;
use crate::world::scene::{appointment, demo};

const ACCOUNTS: [&str; 2] = ["work", "home"];

impl Stage {
    pub(super) fn people(&mut self, who: &str, words: &[&str]) {
        let mut state = self.world.lock();
        match who {
            "ehr" => staff(&mut state, words),
            account if ACCOUNTS.contains(&account) => {
                let account = state.accounts.get_mut(account).unwrap();
                match words[0] {
                    "down" => account.is_down = true,
                    "up" => (account.is_down, account.is_locked) = (false, false),
                    "locked" => account.is_locked = true,
                    other => panic!("what is {other}?"),
                }
            }
            calendar => {
                let calendar = named(&state, calendar);
                clinician(&mut state, &calendar, words);
            }
        }
    }

    /// What stands in a calendar, or in the EHR as closed time.
    pub(super) fn show(&mut self, where_: &str) -> Vec<String> {
        let mut state = self.world.lock();
        if where_ == "blocks" {
            let blocked = state.blocked(&demo());
            return blocked
                .iter()
                .map(|at| format!("closed {} to {}", minute(at.start()), minute(at.end())))
                .collect();
        }
        let name = named(&state, where_);
        let Some(account) = find_account_of(&state, &name) else { return vec!["no such calendar".into()] };
        let calendar = state.calendar(account, &name);
        let mut lines: Vec<String> = calendar
            .items
            .values()
            .filter_map(|item| match &item.body {
                Body::Mirror(content) => {
                    let notes = item.notes.as_ref().map(|notes| format!(", noted: {notes}"));
                    Some(format!(
                        "{} {}{}",
                        minute(content.interval.start()),
                        content.title,
                        notes.unwrap_or_default()
                    ))
                }
                Body::Events(_) | Body::Unreadable => None,
            })
            .collect();
        lines.sort();
        if lines.is_empty() { vec!["no mirrors".into()] } else { lines }
    }
}

/// `book a1 TIME LENGTH [WHO]`, `move a1 +2h`, `cancel a1`, `reassign a1 grace`, `erase a1`, `down`, `up`.
fn staff(state: &mut State, words: &[&str]) {
    let id = || words[1].into();
    match words[0] {
        "down" => state.ehrs.get_mut(&demo()).unwrap().is_down = true,
        "up" => state.ehrs.get_mut(&demo()).unwrap().is_down = false,
        "book" => {
            let who = words.get(4).copied().unwrap_or("ada");
            state.book(&demo(), appointment(words[1], who, lasting(words[2], words[3])));
        }
        "move" => {
            state.change(&demo(), &id(), |a| a.when = a.when.map(|at| at.map(|at| later(at, words[2]))));
        }
        "cancel" => state.change(&demo(), &id(), |a| a.status = Status::Cancelled),
        "garble" => state.change(&demo(), &id(), |a| a.status = Status::Unknown),
        "rebook" => state.change(&demo(), &id(), |a| a.status = Status::Booked),
        "reassign" => {
            state.change(&demo(), &id(), |a| {
                a.practitioners = vec![(words[2].into(), Participation::Accepted)];
            });
        }
        "erase" => state.erase(&demo(), &id()),
        other => panic!("what is {other}?"),
    }
}

/// `add gym TIME LENGTH [free|declined|..]`, `add trip 2026-11-26 all-day`, `series gym TIME LENGTH weekly 4`,
/// `move gym +1h`, `move gym.2 +1h`, `drop gym.2`, `set gym free`, `remove gym`, `split gym 3 into gym2`,
/// and on mirrors `drag a1 +2h`, `delete a1`, `note a1 WORDS`, `copy a1`; `forget` loses the bookmarks.
fn clinician(state: &mut State, calendar: &str, words: &[&str]) {
    let account = account_of(state, calendar);
    match words[0] {
        "add" => {
            let event = added(&words[2..]);
            state.put_event(account, calendar, words[1], vec![event]);
        }
        "series" => {
            let events = series(lasting(words[2], words[3]), words[4], words[5].parse().unwrap());
            state.put_event(account, calendar, words[1], events);
        }
        "move" | "drop" | "set" => {
            let (item, occurrence) = words[1].split_once('.').unwrap_or((words[1], ""));
            let events = events_of(state, account, calendar, item);
            let events = changed(events, occurrence, words[0], words.get(2).copied().unwrap_or_default());
            state.put_event(account, calendar, item, events);
        }
        "split" => {
            let (from, events): (u32, _) =
                (words[2].parse().unwrap(), events_of(state, account, calendar, words[1]));
            let number = |event: &Event| event.occurrence.as_str().parse::<u32>().unwrap_or_default();
            let (first, second) = events.into_iter().partition(|event| number(event) < from);
            state.put_event(account, calendar, words[1], first);
            state.put_event(account, calendar, words[4], second);
        }
        "garble" => {
            let step = state.next_step();
            state.calendar(account, calendar).put(words[1].into(), Body::Unreadable, None, step);
        }
        "remove" => state.remove_event(account, calendar, words[1]),
        "forget" => {
            let calendar = state.calendar(account, calendar);
            calendar.changes += 1;
            calendar.forgotten = calendar.changes;
        }
        _ => reader(state, account, calendar, words),
    }
}

/// A reader does something to a mirror of ours.
fn reader(state: &mut State, account: &str, calendar: &str, words: &[&str]) {
    let item = mirror(state, words[1], calendar);
    let at = state.calendar(account, calendar).items[&item].body.spans()[0];
    match words[0] {
        "drag" => state.touch_mirror(account, calendar, &item, Some(later(at, words[2])), None),
        "note" => state.touch_mirror(account, calendar, &item, None, Some(&words[2..].join(" "))),
        "delete" => state.remove_event(account, calendar, item.as_str()),
        "copy" => state.put_event(account, calendar, "copied", vec![single(later(at, words[2]))]),
        other => panic!("what is {other}?"),
    }
}

fn mirror(state: &State, appointment: &str, calendar: &str) -> ItemId {
    let mirror = state.mirror_of(appointment, calendar);
    ItemId::new(mirror.unwrap_or_else(|| panic!("no mirror of {appointment} in {calendar}")).as_str())
}

/// `ours` is a calendar that we made.
fn named(state: &State, calendar: &str) -> String {
    let all = ACCOUNTS.iter().flat_map(|account| state.accounts[*account].calendars.keys());
    let made = all.map(daybook_core::ids::CalendarId::as_str).find(|id| id.starts_with(MADE));
    made.filter(|_| calendar == "ours").unwrap_or(calendar).to_owned()
}

fn account_of(state: &State, calendar: &str) -> &'static str {
    find_account_of(state, calendar).unwrap_or_else(|| panic!("no calendar {calendar}"))
}

fn find_account_of(state: &State, calendar: &str) -> Option<&'static str> {
    let holds = |account: &&&str| state.accounts[**account].calendars.contains_key(&calendar.into());
    ACCOUNTS.iter().find(holds).copied()
}

fn lasting(start: &str, length: &str) -> Interval {
    let length: SignedDuration = length.parse().unwrap();
    Interval::between(time(start), time(start) + length)
}

fn later(at: Interval, by: &str) -> Interval {
    let by: SignedDuration = by.trim_start_matches('+').parse().unwrap();
    Interval::between(at.start() + by, at.end() + by)
}

fn added(words: &[&str]) -> Event {
    let when = if words[1] == "all-day" {
        let first: Date = words[0].parse().unwrap();
        When::AllDay { first, end: first.tomorrow().unwrap() }
    } else {
        When::Timed(lasting(words[0], words[1]))
    };
    let event =
        Event { when, ..single(Interval::between(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH)) };
    words[2..].iter().fold(event, |event, word| shown(event, word))
}

fn shown(event: Event, word: &str) -> Event {
    match word {
        "free" => Event { shown_as: ShownAs::Free, ..event },
        "busy" => Event { shown_as: ShownAs::Busy, response: Response::Own, ..event },
        "declined" => Event { response: Response::Declined, ..event },
        "unanswered" => Event { response: Response::Unanswered, ..event },
        "cancelled" => Event { status: EventStatus::Cancelled, ..event },
        "away" => Event { shown_as: ShownAs::OutOfOffice, ..event },
        other => panic!("what is {other}?"),
    }
}

fn series(first: Interval, how_often: &str, times: i64) -> Vec<Event> {
    let every = SignedDuration::from_hours(if how_often == "weekly" { 7 * 24 } else { 24 });
    (0..times)
        .map(|n| {
            let by = every * i32::try_from(n).unwrap();
            let at = Interval::between(first.start() + by, first.end() + by);
            Event { occurrence: OccurrenceId::new((n + 1).to_string()), ..single(at) }
        })
        .collect()
}

fn events_of(state: &mut State, account: &str, calendar: &str, item: &str) -> Vec<Event> {
    match &state.calendar(account, calendar).items[&ItemId::from(item)].body {
        Body::Events(events) => events.clone(),
        Body::Mirror(_) | Body::Unreadable => panic!("{item} is no event"),
    }
}

fn changed(events: Vec<Event>, occurrence: &str, how: &str, by: &str) -> Vec<Event> {
    let is_meant = |event: &Event| occurrence.is_empty() || event.occurrence.as_str() == occurrence;
    let change = |event: Event| match (&event.when, how) {
        _ if !is_meant(&event) => Some(event),
        (_, "drop") => None,
        (When::Timed(at), "move") => Some(Event { when: When::Timed(later(*at, by)), ..event }),
        _ => Some(shown(event, by)),
    };
    events.into_iter().filter_map(change).collect()
}
