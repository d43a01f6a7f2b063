//! What people do in a simulated history, by chance: the EHR's staff, clinicians in their calendars, and commands.

use daybook_core::appointment::{Participation, Status};
use daybook_core::connection::{BlockingCalendars, CalendarRef, Direction, MainCalendar, Mirrors, State};
use daybook_core::event::{Event, Response, ShownAs};
use daybook_core::ids::{AppointmentId, ItemId, OccurrenceId};
use daybook_core::time::{Interval, When};
use daybook_core::window::WindowDays;
use daybook_engine::command::Patch;
use daybook_engine::ports::ConnectionRef;
use jiff::SignedDuration;

use super::history::{History, Sweeping};
use super::hooks::Hook;
use crate::world::calendar::single;
use crate::world::scene::{appointment, demo};
use crate::world::worker::run;

/// So many appointments and items at most: small worlds meet every case sooner.
const MOST: u32 = 6;

impl History {
    /// A time that nothing has had before, mostly well inside the window.
    fn some_time(&mut self) -> Interval {
        self.made += 1;
        let day = if self.chance.u32(0..8) == 0 { self.chance.i64(-9..80) } else { self.chance.i64(3..12) };
        let now = self.world.lock().now;
        let midnight = now.as_second() - now.as_second() % 86_400;
        let start = midnight + day * 86_400 + i64::from(self.made) * 60 + 14 * 3600;
        let start = jiff::Timestamp::from_second(start).unwrap();
        Interval::between(start, start + SignedDuration::from_mins(50))
    }

    /// Sometimes things move back to where they were.
    fn back_to(&mut self, past: &[Interval], fresh: Interval) -> Interval {
        if past.is_empty() || self.chance.u32(0..4) > 0 {
            return fresh;
        }
        past[self.chance.usize(0..past.len())]
    }

    pub(super) fn somebody_acts(&mut self) {
        match self.chance.u32(0..20) {
            0..10 => self.staff_acts(),
            10..17 => self.clinician_acts(),
            _ => self.reader_acts(),
        }
    }

    fn staff_acts(&mut self) {
        let id: AppointmentId = format!("a{}", self.chance.u32(0..MOST)).as_str().into();
        let fresh = self.some_time();
        let past = self.world.lock().booked(&demo(), &id).map(|booked| booked.history.clone());
        let at = self.back_to(&past.unwrap_or_default(), fresh);
        let what = self.chance.u32(0..10);
        let colleague = if self.chance.bool() { "ada" } else { "grace" };
        let mut state = self.world.lock();
        let before = state.named_by(&demo(), &id);
        let stands = state.booked(&demo(), &id).is_some_and(|booked| !booked.is_erased);
        match what {
            _ if !stands => state.book(&demo(), appointment(id.as_str(), "ada", at)),
            0..5 => state.change(&demo(), &id, |a| a.when = Some(Ok(at))),
            5..7 => state.change(&demo(), &id, |a| a.status = Status::Cancelled),
            7 => state.change(&demo(), &id, |a| a.status = Status::Booked),
            8 if self.may_vanish > 0 => {
                self.may_vanish -= 1;
                state.erase(&demo(), &id);
            }
            _ => state.change(&demo(), &id, |a| {
                a.practitioners = vec![(colleague.into(), Participation::Accepted)];
            }),
        }
        drop(state);
        self.ehr_tells(&id, before);
    }

    fn clinician_acts(&mut self) {
        let item = format!("e{}", self.chance.u32(0..MOST - 2));
        let calendar = ["private", "private", "main"][self.chance.usize(0..3)];
        let fresh = self.some_time();
        let past = self.world.lock().calendar("work", calendar).history_of(&item);
        let at = self.back_to(&past, fresh);
        let event = match self.chance.u32(0..8) {
            0 => Event { shown_as: ShownAs::Free, ..single(at) },
            1 => Event { response: Response::Declined, ..single(at) },
            _ => single(at),
        };
        let is_series = self.chance.u32(0..4) == 0;
        let removes = self.chance.u32(0..4) == 0;
        let mut state = self.world.lock();
        if removes {
            state.remove_event("work", calendar, &item);
        } else if is_series {
            state.put_event("work", calendar, &item, weekly(at));
        } else {
            state.put_event("work", calendar, &item, vec![event]);
        }
        drop(state);
        self.send(Hook::Account("work"));
    }

    /// Somebody does something to a mirror of ours.
    fn reader_acts(&mut self) {
        let to = self.some_time();
        let calendar = if self.chance.u32(0..4) == 0 { "new" } else { "main" };
        let what = self.chance.u32(0..5);
        let mut state = self.world.lock();
        let mirrors = state.mirrors("work", calendar);
        if mirrors.is_empty() {
            return;
        }
        let (item, at) = mirrors[self.chance.usize(0..mirrors.len())].clone();
        match what {
            0 | 1 => state.touch_mirror("work", calendar, &item, Some(to), None),
            2 => state.touch_mirror("work", calendar, &item, None, Some("mine")),
            3 => state.remove_event("work", calendar, item.as_str()),
            _ => {
                let copy = ItemId::new(format!("copy-{item}"));
                state.put_event("work", calendar, copy.as_str(), vec![single(at)]);
            }
        }
        drop(state);
        self.send(Hook::Account("work"));
    }

    /// A clinician changes something about the connection.
    pub(super) fn somebody_commands(&mut self) {
        let Some(at) = self.adas() else {
            return self.connect("ada", "work", "main", &["main", "private"]);
        };
        // A command that fails is a person who tries again, or does not.
        let done = match self.chance.u32(0..12) {
            0..3 => run(self.engine.pause(&at)),
            3..6 => run(self.engine.resume(&at)),
            6 if !self.has_disconnected => {
                self.has_disconnected = true;
                let mirrors = if self.chance.bool() { Mirrors::Remove } else { Mirrors::Keep };
                run(self.engine.disconnect(&at, mirrors))
            }
            7 if self.sweeping == Sweeping::On => run(self.engine.sync_now(&at)),
            _ => {
                let patch = self.some_patch();
                self.world.lock().tell_read(|| format!("- {patch:?}"));
                run(self.engine.change(&at, None, &patch))
            }
        };
        self.world.lock().tell_read(|| {
            let evidence = done.as_ref().map(|done| &done.evidence);
            format!("- a command: {evidence:?}")
        });
    }

    /// Ada's connection, unless it has ended.
    fn adas(&self) -> Option<ConnectionRef> {
        let state = self.world.lock();
        let is_hers = |at: &&ConnectionRef| {
            let connection = &state.rows[*at].connection;
            connection.practitioner.as_str() == "ada" && connection.evidence.state() != State::Disconnected
        };
        self.connections.iter().find(is_hers).cloned()
    }

    fn some_patch(&mut self) -> Patch {
        let calendar = |id: &str| CalendarRef { id: id.into(), name: id.into() };
        let chosen =
            |ids: &[&str]| Some(BlockingCalendars::Chosen(ids.iter().map(|id| calendar(id)).collect()));
        let nothing = Patch::default();
        match self.chance.u32(0..10) {
            0 => Patch { direction: Some(Direction::EhrToCalendar), ..nothing },
            1 | 2 => Patch { direction: Some(Direction::TwoWay), ..nothing },
            3 => Patch { main_calendar: Some(MainCalendar::Existing(calendar("new"))), ..nothing },
            4 | 5 => Patch { main_calendar: Some(MainCalendar::Existing(calendar("main"))), ..nothing },
            6 => Patch { main_calendar: Some(MainCalendar::None), ..nothing },
            7 => Patch { blocking_calendars: chosen(&["main", "private", "new"]), ..nothing },
            8 => Patch { blocking_calendars: chosen(&["main"]), ..nothing },
            _ => Patch { window: WindowDays::new(7, [20, 60][self.chance.usize(0..2)]), ..nothing },
        }
    }
}

fn weekly(first: Interval) -> Vec<Event> {
    let later = |n: i32| {
        let by = SignedDuration::from_hours(7 * 24) * n;
        Interval::between(first.start() + by, first.end() + by)
    };
    let occurrence = |n: i32| Event {
        occurrence: OccurrenceId::new(n.to_string()),
        when: When::Timed(later(n)),
        ..single(first)
    };
    (0..3).map(occurrence).collect()
}
