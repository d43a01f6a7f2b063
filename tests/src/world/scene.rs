//! What people do in this world: book, move and cancel, put events into calendars, drag and delete mirrors. It changes
//! the owner's side only; nothing here is Daybook's work.

use daybook_core::appointment::{Appointment, Kind, Participation, Status};
use daybook_core::connection::{BlockingCalendars, CalendarRef, Direction, MainCalendar, Provider, Settings};
use daybook_core::detail::Disclosure;
use daybook_core::event::Event;
use daybook_core::ids::{AppointmentId, CalendarId, ItemId, PracticeId, PractitionerId};
use daybook_core::mirror::MirrorId;
use daybook_core::policy::Policy;
use daybook_core::sample;
use daybook_core::time::Interval;
use daybook_core::window::WindowDays;
use daybook_engine::connect::NewConnection;
use daybook_engine::ports::{Login, Practice};

use super::accounts::info;
use super::calendar::{Body, CalendarState};
use super::ehr::Booked;
use super::{State, ehr};

/// The practice of most scenes.
pub fn demo() -> PracticeId {
    "demo".into()
}

pub fn practice(id: &str) -> Practice {
    Practice {
        id: id.into(),
        time_zone_fallback: None,
        proposed: daybook_core::appointment::ProposedPolicy::Ignore,
        launch: None,
        frame_origins: Vec::new(),
        policy: Policy::default(),
        set_at: None,
        notices_to: None,
    }
}

/// What a clinician chooses who wants everything.
pub fn two_way(main: &str, blocking: &[&str]) -> Settings {
    let calendar = |id: &str| CalendarRef { id: id.into(), name: id.into() };
    Settings {
        direction: Direction::TwoWay,
        window: WindowDays::new(7, 60).expect("it is inside the bounds"),
        main_calendar: MainCalendar::Existing(calendar(main)),
        blocking_calendars: BlockingCalendars::Chosen(blocking.iter().map(|id| calendar(id)).collect()),
        ..sample::settings()
    }
}

pub fn login(account: &str) -> Login {
    Login {
        url: "https://calendars.example.org".into(),
        username: account.into(),
        password: String::new().into(),
    }
}

pub fn connection(practice: &str, practitioner: &str, account: &str, settings: Settings) -> NewConnection {
    NewConnection {
        practice: practice.into(),
        practitioner: practitioner.into(),
        provider: Provider::Caldav,
        settings,
        login: Some(login(account)),
    }
}

/// An ordinary appointment.
pub fn appointment(id: &str, practitioner: &str, at: Interval) -> Appointment {
    Appointment {
        id: id.into(),
        status: Status::Booked,
        when: Some(Ok(at)),
        practitioners: vec![(practitioner.into(), Participation::Accepted)],
        kind: Kind::Patient,
        disclosure: Disclosure::Busy,
    }
}

impl State {
    /// A practitioner with one schedule, and the practice if need be.
    pub fn employ(&mut self, practice: &str, practitioner: &str, schedule: &str) {
        let ehr = self.ehrs.entry(practice.into()).or_default();
        ehr.practitioners.insert(practitioner.into(), ehr::practitioner(schedule));
    }

    /// An account with these calendars.
    pub fn open_account(&mut self, label: &str, calendars: &[&str]) {
        let account = self.accounts.entry(label.to_owned()).or_default();
        for id in calendars {
            account.calendars.insert((*id).into(), CalendarState::new(info(id)));
        }
    }

    /// The EHR stores an appointment as it is now.
    pub fn book(&mut self, practice: &PracticeId, appointment: Appointment) {
        let step = self.next_step();
        self.tell_read(|| {
            format!(
                "* the EHR has {:?}: {:?}, {:?}, {:?}",
                appointment.id, appointment.status, appointment.when, appointment.practitioners
            )
        });
        let ehr = self.ehrs.entry(practice.clone()).or_default();
        ehr.changes += 1;
        let changed = ehr.changes;
        let before = ehr.appointments.remove(&appointment.id);
        let mut history = before.map(|booked| booked.history).unwrap_or_default();
        if let Some(Ok(at)) = appointment.when
            && history.last() != Some(&at)
        {
            history.push(at);
        }
        let id = appointment.id.clone();
        ehr.appointments.insert(id, Booked { appointment, changed, step, history, is_erased: false });
    }

    /// Changes an appointment, if there is one.
    pub fn change(
        &mut self,
        practice: &PracticeId,
        id: &AppointmentId,
        change: impl FnOnce(&mut Appointment),
    ) {
        let Some(booked) = self.booked(practice, id) else { return };
        let mut appointment = booked.appointment.clone();
        change(&mut appointment);
        self.book(practice, appointment);
    }

    /// The EHR forgets an appointment altogether.
    pub fn erase(&mut self, practice: &PracticeId, id: &AppointmentId) {
        let step = self.next_step();
        self.tell_read(|| format!("* the EHR erases {id}"));
        let Some(ehr) = self.ehrs.get_mut(practice) else { return };
        if let Some(booked) = ehr.appointments.get_mut(id) {
            (booked.is_erased, booked.step) = (true, step);
        }
    }

    pub fn calendar(&mut self, account: &str, calendar: &str) -> &mut CalendarState {
        let account = self.accounts.get_mut(account).expect("the account is open");
        account.calendars.get_mut(&CalendarId::from(calendar)).expect("the calendar is there")
    }

    /// A person puts an event or a series into a calendar, in the place of what stood under that name.
    pub fn put_event(&mut self, account: &str, calendar: &str, item: &str, events: Vec<Event>) {
        let step = self.next_step();
        self.tell_read(|| {
            format!(
                "* {item} is put into {calendar}: {} events, {:?}",
                events.len(),
                events.first().map(|event| event.when)
            )
        });
        self.calendar(account, calendar).put(item.into(), Body::Events(events), None, step);
    }

    pub fn remove_event(&mut self, account: &str, calendar: &str, item: &str) {
        let step = self.next_step();
        self.tell_read(|| format!("* {item} is removed from {calendar}"));
        self.calendar(account, calendar).remove(&item.into(), step);
    }

    /// Names of our mirrors in a calendar, in order of their times.
    pub fn mirrors(&mut self, account: &str, calendar: &str) -> Vec<(ItemId, Interval)> {
        let items = &self.calendar(account, calendar).items;
        let mut mirrors: Vec<(ItemId, Interval)> = items
            .iter()
            .filter_map(|(id, item)| match &item.body {
                Body::Mirror(content) => Some((id.clone(), content.interval)),
                Body::Events(_) | Body::Unreadable => None,
            })
            .collect();
        mirrors.sort_by_key(|(_, at)| *at);
        mirrors
    }

    /// A person drags a mirror of ours to another time, or writes something on it.
    pub fn touch_mirror(
        &mut self,
        account: &str,
        calendar: &str,
        item: &ItemId,
        to: Option<Interval>,
        notes: Option<&str>,
    ) {
        let step = self.next_step();
        self.tell_read(|| format!("* somebody touches {item} in {calendar}: to {to:?}, notes {notes:?}"));
        let calendar = self.calendar(account, calendar);
        let Some(found) = calendar.items.get(item) else { return };
        let Body::Mirror(content) = &found.body else { return };
        let mut content = content.clone();
        content.interval = to.unwrap_or(content.interval);
        let notes = notes.map(str::to_owned).or_else(|| found.notes.clone());
        calendar.put(item.clone(), Body::Mirror(content), notes, step);
    }

    /// The mirror of an appointment, by what the links say.
    pub fn mirror_of(&self, appointment: &str, calendar: &str) -> Option<MirrorId> {
        let links = self.rows.values().flat_map(|row| row.links.values());
        let of = |link: &&daybook_core::link::Link| {
            super::rules::named(Some(link), &link.target) == format!("{appointment} in {calendar}")
        };
        links.filter(of).map(|link| link.mirror.clone()).next()
    }

    /// Everybody whom an appointment names, as an EHR's hook would.
    pub fn named_by(&self, practice: &PracticeId, id: &AppointmentId) -> Vec<PractitionerId> {
        let booked = self.booked(practice, id);
        booked
            .map(|booked| booked.appointment.practitioners.iter().map(|(id, _)| id.clone()).collect())
            .unwrap_or_default()
    }
}
