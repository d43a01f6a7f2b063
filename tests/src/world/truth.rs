//! What ought to stand, read from the world itself: the owner's side as it is now and as it was.

use std::collections::BTreeMap;

use daybook_core::appointment::{Standing, standing};
use daybook_core::busy::{Busy, busy, busy_by_hand};
use daybook_core::connection::{BlockingCalendars, Direction, MainCalendar};
use daybook_core::event::{Event, EventRef};
use daybook_core::free_day;
use daybook_core::ids::{AppointmentId, CalendarId, PracticeId};
use daybook_core::key::{Owner, Target};
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use daybook_engine::ports::{ConnectionRef, Named};

use super::calendar::{Body, Item, Tombstone, zone};
use super::ehr::Booked;
use super::{State, key_of};

/// What the rules remember of mirrors.
#[derive(Default)]
pub(super) struct Truth {
    step: u64,
    /// Which version of its owner each mirror has shown.
    pub shown: BTreeMap<MirrorId, usize>,
    /// When each mirror was last removed.
    pub removed: BTreeMap<MirrorId, u64>,
}

/// What an owner wants to stand now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wish {
    pub at: Option<Interval>,
    /// The step of the world at which it came to want this.
    pub since: u64,
}

impl State {
    /// How many steps people have taken.
    pub(crate) fn step(&self) -> u64 {
        self.truth.step
    }

    /// A person does something.
    pub(crate) fn next_step(&mut self) -> u64 {
        self.truth.step += 1;
        self.truth.step
    }

    pub(super) fn truth(&mut self) -> &mut Truth {
        &mut self.truth
    }

    pub fn booked(&self, practice: &PracticeId, id: &AppointmentId) -> Option<&Booked> {
        self.ehrs.get(practice)?.appointments.get(id)
    }

    pub fn item(&self, at: &ConnectionRef, calendar: &CalendarId, item: &str) -> Option<&Item> {
        let account = self.rows.get(at)?.connection.account.as_ref()?;
        self.accounts.get(&account.label)?.calendars.get(calendar)?.items.get(&item.into())
    }

    fn tombstone(&self, at: &ConnectionRef, calendar: &CalendarId, item: &str) -> Option<&Tombstone> {
        let account = self.rows.get(at)?.connection.account.as_ref()?;
        self.accounts.get(&account.label)?.calendars.get(calendar)?.tombstones.get(&item.into())
    }

    /// What this owner wants of this connection.
    pub fn wish(&self, at: &ConnectionRef, owner: &Owner) -> Wish {
        match owner {
            Owner::Appointment(id) => self.wish_of_appointment(at, id),
            Owner::Event(event) => {
                let item = self.item(at, &event.calendar, event.item.as_str());
                let Some(item) = item else {
                    let left = self.tombstone(at, &event.calendar, event.item.as_str());
                    return Wish { at: None, since: left.map_or(0, |left| left.step) };
                };
                let Body::Events(events) = &item.body else {
                    return Wish { at: self.foreign(at, event.item.as_str(), item), since: item.step };
                };
                let found = events.iter().find(|found| found.occurrence == event.occurrence);
                Wish { at: found.and_then(|found| self.closed_by(at, event, found)), since: item.step }
            }
        }
    }

    /// The time that an event closes, with what its clinician has said of it.
    fn closed_by(&self, at: &ConnectionRef, event: &EventRef, found: &Event) -> Option<Interval> {
        let closed_days = &self.rows.get(at)?.connection.evidence.closed_days;
        let verdict = if free_day::is_closed(closed_days, &free_day::name(&key_of(&at.practice), event)) {
            busy_by_hand(found, &zone())
        } else {
            busy(found, &zone())
        };
        closed(verdict)
    }

    /// A mirror of another practice or clinician is an ordinary event.
    fn foreign(&self, at: &ConnectionRef, item: &str, found: &Item) -> Option<Interval> {
        let Body::Mirror(content) = &found.body else { return None };
        let practitioner = &self.rows.get(at)?.connection.practitioner;
        let is_ours = |mirror| key_of(&at.practice).is_ours(practitioner, &mirror);
        (!MirrorId::parse(item).is_some_and(is_ours)).then_some(content.interval)
    }

    fn wish_of_appointment(&self, at: &ConnectionRef, id: &AppointmentId) -> Wish {
        let nothing = Wish { at: None, since: 0 };
        let Some(booked) = self.booked(&at.practice, id) else { return nothing };
        let (Some(row), Some(practice)) = (self.rows.get(at), self.practice(&at.practice)) else {
            return nothing;
        };
        let standing =
            standing(&booked.appointment, &row.connection.practitioner, self.now, practice.proposed);
        let shown = match standing {
            Standing::Shown { at, .. } if !booked.is_erased => Some(at),
            _ => None,
        };
        Wish { at: shown, since: booked.step }
    }

    /// Every time that this owner ever took, oldest first.
    pub(super) fn history(&self, at: &ConnectionRef, owner: &Owner) -> Vec<Interval> {
        let found = match owner {
            Owner::Appointment(id) => self.booked(&at.practice, id).map(|booked| &booked.history),
            Owner::Event(event) => {
                let (calendar, item) = (&event.calendar, event.item.as_str());
                let standing = self.item(at, calendar, item).map(|item| &item.history);
                standing.or_else(|| self.tombstone(at, calendar, item).map(|left| &left.history))
            }
        };
        found.cloned().unwrap_or_default()
    }

    /// By which account a connection works.
    pub(crate) fn account_of(&self, at: &ConnectionRef) -> Option<String> {
        Some(self.rows.get(at)?.connection.account.as_ref()?.label.clone())
    }

    /// Where this connection's mirrors of each lane should stand.
    pub(crate) fn targets(&self, at: &ConnectionRef) -> Vec<Target> {
        let Some(row) = self.rows.get(at) else { return Vec::new() };
        let settings = &row.connection.settings;
        let main = match &settings.main_calendar {
            MainCalendar::Existing(calendar) | MainCalendar::Made(calendar) => {
                Some(Target::Calendar(calendar.id.clone()))
            }
            MainCalendar::Create(_) | MainCalendar::None => None,
        };
        let is_two_way = settings.direction == Direction::TwoWay;
        let ehr = self.ehrs.get(&at.practice).filter(|_| is_two_way);
        let practitioner = ehr.and_then(|ehr| ehr.practitioners.get(&row.connection.practitioner));
        let schedules = practitioner.into_iter().flat_map(|found| found.schedules.iter().cloned());
        main.into_iter().chain(schedules.map(Target::Schedule)).collect()
    }

    /// What a provider names that tells of every calendar which this connection reads.
    pub(crate) fn all_calendars(&self, at: &ConnectionRef) -> Named {
        let targets = self.targets(at).into_iter().filter_map(|target| match target {
            Target::Calendar(id) => Some(id),
            Target::Schedule(_) => None,
        });
        Named::calendars(targets.chain(self.blocking(at)).collect::<Vec<_>>())
    }

    pub(crate) fn blocking(&self, at: &ConnectionRef) -> Vec<CalendarId> {
        let Some(row) = self.rows.get(at) else { return Vec::new() };
        match &row.connection.settings.blocking_calendars {
            BlockingCalendars::Chosen(chosen) => chosen.iter().map(|calendar| calendar.id.clone()).collect(),
            BlockingCalendars::Owned => Vec::new(),
        }
    }
}

/// The time that an event closes, if any.
pub fn closes(event: &Event) -> Option<Interval> {
    closed(busy(event, &zone()))
}

fn closed(verdict: Busy) -> Option<Interval> {
    match verdict {
        Busy::Closes(block) => Some(block.interval),
        Busy::Open(_) => None,
    }
}
