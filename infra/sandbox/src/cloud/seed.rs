//! The first days of a provider: four people, their calendars, a few events in this week and the next. Everybody is
//! invented. It runs once; later the file alone counts.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use serde_json::Value;

use super::face::{Face, NewEvent, Person, Repeat, When};
use super::world::{Account, Calendar, Item, Organisation, Role};
use super::{Dialect, Tx};
use crate::page::dates::monday_of;

const ZONE: &str = "America/New_York";
const HALF_A_YEAR: u32 = 26;

/// Name, address, kind; the last one owns what is shared with the others.
const PEOPLE: [(&str, &str, Organisation); 4] = [
    ("Ada Okafor", "ada@clinic.example", Organisation::Organisation),
    ("Ben Reyes", "ben@clinic.example", Organisation::Organisation),
    ("Carla Halvorsen", "carla@home.example", Organisation::Personal),
    ("Front Desk", "desk@clinic.example", Organisation::Organisation),
];

/// What stands in a calendar at first.
struct Planned {
    title: &'static str,
    /// Days after this week's Monday.
    day: i32,
    at: At,
    repeat: Repeat,
    invited: bool,
}

enum At {
    /// Hour, minute, and how many minutes.
    Clock(i8, i8, i64),
    WholeDay,
}

const fn once(title: &'static str, day: i32, at: At) -> Planned {
    Planned { title, day, at, repeat: Repeat::Once, invited: false }
}

const fn weekly(title: &'static str, day: i32, on: Weekday, at: At) -> Planned {
    Planned { title, day, at, repeat: Repeat::Weekly { on, count: HALF_A_YEAR }, invited: false }
}

const PRIMARY: [Planned; 4] = [
    weekly("Physiotherapy", 1, Weekday::Tuesday, At::Clock(8, 0, 45)),
    once("Dentist", 3, At::Clock(13, 30, 60)),
    once("Conference", 10, At::WholeDay),
    Planned {
        title: "Case discussion",
        day: 8,
        at: At::Clock(12, 0, 60),
        repeat: Repeat::Once,
        invited: true,
    },
];
const FAMILY: [Planned; 2] = [
    once("Parents' evening", 2, At::Clock(17, 0, 90)),
    weekly("School run", 4, Weekday::Friday, At::Clock(15, 0, 30)),
];
const TEAM: [Planned; 1] = [weekly("Team meeting", 3, Weekday::Thursday, At::Clock(12, 0, 45))];
const ROOMS: [Planned; 1] = [once("Room 2: group", 1, At::Clock(14, 0, 90))];
const CLUB: [Planned; 1] = [weekly("Run along the river", 5, Weekday::Saturday, At::Clock(9, 0, 60))];
const HOLIDAYS: [(&str, i8, i8); 4] = [
    ("New Year's Day", 1, 1),
    ("Independence Day", 7, 4),
    ("Veterans Day", 11, 11),
    ("Christmas Day", 12, 25),
];

/// Fills a provider that holds nobody.
pub(super) fn plant(tx: &mut Tx<'_>, dialect: Dialect, face: &dyn Face) -> Result<(), jiff::Error> {
    let zone = TimeZone::get(ZONE)?;
    let monday = monday_of(tx.now().to_zoned(zone.clone()).date())?;
    let mut garden = Garden { tx, dialect, face, zone, monday };
    let people: Vec<Account> =
        (1..).zip(PEOPLE).map(|(number, person)| garden.person(number, person)).collect();
    for person in &people {
        garden.own_calendars(person)?;
    }
    if let Some((desk, others)) = people.split_last() {
        garden.shared_calendars(desk, others)?;
    }
    Ok(())
}

/// Where the seed is put, and when.
struct Garden<'a, 'w> {
    tx: &'a mut Tx<'w>,
    dialect: Dialect,
    face: &'a dyn Face,
    zone: TimeZone,
    monday: Date,
}

impl Garden<'_, '_> {
    fn person(&mut self, number: u32, (name, email, kind): (&str, &str, Organisation)) -> Account {
        let id = match self.dialect {
            Dialect::Google => format!("1000000000000000000{number:02}"),
            Dialect::Microsoft => format!("5a9d0000-0000-4000-8000-0000000000{number:02}"),
        };
        let account =
            Account { id, email: email.to_owned(), name: name.to_owned(), kind, time_zone: ZONE.to_owned() };
        self.tx.put_account(account.clone());
        account
    }

    fn own_calendars(&mut self, person: &Account) -> Result<(), jiff::Error> {
        let (id, name) = match self.dialect {
            Dialect::Google => (person.email.clone(), person.email.clone()),
            Dialect::Microsoft => (self.calendar_id(), "Calendar".to_owned()),
        };
        let primary = self.calendar(&id, &name, &person.id, Role::Primary, BTreeMap::new());
        self.fill(&primary, person, &PRIMARY)?;
        let id = self.calendar_id();
        let family = self.calendar(&id, "Family", &person.id, Role::Own, BTreeMap::new());
        self.fill(&family, person, &FAMILY)
    }

    fn shared_calendars(&mut self, desk: &Account, others: &[Account]) -> Result<(), jiff::Error> {
        let with = |role: Role| others.iter().map(|other| (other.id.clone(), role)).collect();
        let id = self.calendar_id();
        let team = self.calendar(&id, "Team meetings", &desk.id, Role::Own, with(Role::SharedWriter));
        self.fill(&team, desk, &TEAM)?;
        let id = self.calendar_id();
        let rooms = self.calendar(&id, "Room bookings", &desk.id, Role::Own, with(Role::SharedReader));
        self.fill(&rooms, desk, &ROOMS)?;
        let id = self.public_id("running.club@import.calendar.google.com");
        let club = self.calendar(&id, "Running club", "", Role::Subscribed, with(Role::Subscribed));
        self.fill(&club, &public("Running club", &id), &CLUB)?;
        let id = self.public_id("en.usa#holiday@group.v.calendar.google.com");
        self.calendar(&id, "Holidays in United States", "", Role::Holiday, with(Role::Holiday));
        self.holidays(&id)
    }

    fn calendar_id(&mut self) -> String {
        match self.dialect {
            Dialect::Google => format!("{}@group.calendar.google.com", self.tx.fresh("c_")),
            Dialect::Microsoft => format!("{}AAA=", self.tx.fresh("AAMkAG")),
        }
    }

    fn public_id(&mut self, google: &str) -> String {
        match self.dialect {
            Dialect::Google => google.to_owned(),
            Dialect::Microsoft => self.calendar_id(),
        }
    }

    fn calendar(
        &mut self,
        id: &str,
        name: &str,
        owner: &str,
        role: Role,
        shared_with: BTreeMap<String, Role>,
    ) -> Calendar {
        self.tx.put_calendar(Calendar {
            id: id.to_owned(),
            account: owner.to_owned(),
            name: name.to_owned(),
            role,
            time_zone: ZONE.to_owned(),
            made_by_client: None,
            shared_with,
            extra: Value::Null,
            seq: 0,
            deleted: false,
        })
    }

    fn fill(
        &mut self,
        calendar: &Calendar,
        person: &Account,
        planned: &[Planned],
    ) -> Result<(), jiff::Error> {
        for one in planned {
            let when = self.when(one)?;
            let invited_by = one.invited.then(|| Person {
                name: "Ingrid Lund".to_owned(),
                email: "ingrid@hospital.example".to_owned(),
            });
            let new = NewEvent {
                id: self.tx.fresh("ev"),
                calendar: calendar.id.clone(),
                account: person.clone(),
                title: one.title.to_owned(),
                when,
                time_zone: ZONE.to_owned(),
                repeat: one.repeat,
                is_free: false,
                invited_by,
            };
            self.put(&new);
        }
        Ok(())
    }

    fn when(&self, planned: &Planned) -> Result<When, jiff::Error> {
        let day = self.monday.checked_add(planned.day.days())?;
        Ok(match planned.at {
            At::WholeDay => When::Days { start: day, end: day.tomorrow()? },
            At::Clock(hour, minute, minutes) => {
                let start = day.at(hour, minute, 0, 0).to_zoned(self.zone.clone())?.timestamp();
                When::Timed { start, end: start.checked_add(SignedDuration::from_mins(minutes))? }
            }
        })
    }

    fn holidays(&mut self, calendar: &str) -> Result<(), jiff::Error> {
        for year in [self.monday.year(), self.monday.year() + 1] {
            for (title, month, day) in HOLIDAYS {
                let start = Date::new(year, month, day)?;
                let new = NewEvent {
                    id: self.tx.fresh("ev"),
                    calendar: calendar.to_owned(),
                    account: public("Holidays in United States", calendar),
                    title: title.to_owned(),
                    when: When::Days { start, end: start.tomorrow()? },
                    time_zone: ZONE.to_owned(),
                    repeat: Repeat::Once,
                    is_free: true,
                    invited_by: None,
                };
                self.put(&new);
            }
        }
        Ok(())
    }

    fn put(&mut self, new: &NewEvent) {
        let body = self.face.draft(new);
        self.tx.put_item(Item::new(&new.calendar, &new.id, body));
    }
}

/// Whoever publishes a calendar that nobody owns.
fn public(name: &str, calendar: &str) -> Account {
    Account {
        id: String::new(),
        email: calendar.to_owned(),
        name: name.to_owned(),
        kind: Organisation::Organisation,
        time_zone: ZONE.to_owned(),
    }
}
