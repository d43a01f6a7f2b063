//! One account's week as the page shows it. Times are in the account's zone.

use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::actions::Notice;
use crate::cloud::face::{Shown, Standing, When};
use crate::cloud::world::{Account, Role, World};
use crate::cloud::{Cloud, Dialect};
use crate::page::dates::{
    Hour, Room, hours, midnight, minutes_on, monday_of, next_start, range_text, times_text,
};
use crate::page::grid::{Frame, Minutes, lanes};

/// Whose week, which week, and what to say.
pub(super) struct Wanted {
    pub(super) account: Option<String>,
    pub(super) week: Option<Date>,
    pub(super) notice: Option<Notice>,
}

#[derive(Template)]
#[template(path = "diary.html")]
pub(super) struct DiaryPage {
    mount: String,
    look: &'static str,
    provider: &'static str,
    account: String,
    title: String,
    email: String,
    range: String,
    zone: String,
    accounts: Vec<Choice>,
    weeks: [Link; 3],
    hours: Vec<Hour>,
    days: Vec<Day>,
    writable: Vec<Choice>,
    listed: Vec<Listed>,
    next_start: String,
    notice: Option<Notice>,
}

/// Something to choose, by id.
struct Choice {
    id: String,
    name: String,
    is_chosen: bool,
}

struct Link {
    label: &'static str,
    monday: Date,
}

/// A calendar in the list.
struct Listed {
    name: String,
    role: &'static str,
}

struct Day {
    date: Date,
    weekday: String,
    label: String,
    is_today: bool,
    /// How many stand side by side at most.
    lanes: usize,
    whole: Vec<Card>,
    items: Vec<Card>,
}

/// One thing of a day: on it, and in the card that opens.
struct Card {
    key: String,
    calendar: String,
    item: String,
    occurrence: String,
    look: &'static str,
    place: String,
    lane: String,
    /// As much as fits on it.
    times: String,
    /// From when to when.
    period: String,
    title: String,
    detail: String,
    status: &'static str,
    /// For the form: a local time, or a date.
    start: String,
    minutes: i64,
    /// Of an event of whole days; 0 for others.
    day_count: i32,
    may_change: bool,
    may_answer: bool,
}

/// What a week is made of.
struct Week<'a> {
    world: &'a World,
    account: &'a Account,
    zone: TimeZone,
    monday: Date,
    shown: Vec<Shown>,
}

impl DiaryPage {
    pub(super) fn build(cloud: &Cloud, wanted: &Wanted) -> Self {
        cloud.read(|world| {
            let fallback = || world.accounts.values().next();
            let account = wanted.account.as_deref().and_then(|who| world.account(who)).or_else(fallback);
            match account {
                Some(account) => Self::of(cloud, world, account, wanted.week, wanted.notice),
                None => Self::empty(cloud),
            }
        })
    }

    fn of(
        cloud: &Cloud,
        world: &World,
        account: &Account,
        week: Option<Date>,
        notice: Option<Notice>,
    ) -> Self {
        let zone = TimeZone::get(&account.time_zone).unwrap_or(TimeZone::UTC);
        let now = cloud.now();
        let today = now.to_zoned(zone.clone()).date();
        let this_monday = monday_of(today).unwrap_or(today);
        let monday = week.and_then(|day| monday_of(day).ok()).unwrap_or(this_monday);
        let week = Week::read(cloud, world, account, zone.clone(), monday);
        let frame = week.frame();
        let days = (0..7).map(|day| week.day(monday.saturating_add(day.days()), today, frame)).collect();
        Self {
            account: account.id.clone(),
            title: account.name.clone(),
            email: account.email.clone(),
            range: range_text(monday),
            zone: account.time_zone.clone(),
            accounts: accounts(world, account),
            weeks: links(monday, this_monday),
            hours: hours(frame),
            days,
            writable: writable(world, account),
            listed: listed(world, account),
            next_start: next_start(now, monday, this_monday, &zone),
            notice,
            ..Self::empty(cloud)
        }
    }

    /// A provider without anybody.
    fn empty(cloud: &Cloud) -> Self {
        Self {
            mount: cloud.mount().to_owned(),
            look: cloud.look(),
            provider: match cloud.dialect() {
                Dialect::Google => "Google Calendar",
                Dialect::Microsoft => "Microsoft 365",
            },
            account: String::new(),
            title: "Nobody".to_owned(),
            email: String::new(),
            range: String::new(),
            zone: "UTC".to_owned(),
            accounts: Vec::new(),
            weeks: links(Date::ZERO, Date::ZERO),
            hours: Vec::new(),
            days: Vec::new(),
            writable: Vec::new(),
            listed: Vec::new(),
            next_start: String::new(),
            notice: None,
        }
    }
}

fn links(monday: Date, this_monday: Date) -> [Link; 3] {
    [
        Link { label: "Previous week", monday: monday.saturating_sub(7.days()) },
        Link { label: "This week", monday: this_monday },
        Link { label: "Next week", monday: monday.saturating_add(7.days()) },
    ]
}

fn accounts(world: &World, chosen: &Account) -> Vec<Choice> {
    let choice = |account: &Account| Choice {
        id: account.id.clone(),
        name: account.name.clone(),
        is_chosen: account.id == chosen.id,
    };
    world.accounts.values().map(choice).collect()
}

fn writable(world: &World, account: &Account) -> Vec<Choice> {
    let calendars = world.calendars_of(&account.id).into_iter().filter(|(_, role)| role.may_write());
    calendars
        .map(|(calendar, role)| Choice {
            id: calendar.id.clone(),
            name: calendar.name.clone(),
            is_chosen: role == Role::Primary,
        })
        .collect()
}

fn listed(world: &World, account: &Account) -> Vec<Listed> {
    let calendars = world.calendars_of(&account.id).into_iter();
    calendars.map(|(calendar, role)| Listed { name: calendar.name.clone(), role: role_text(role) }).collect()
}

fn role_text(role: Role) -> &'static str {
    match role {
        Role::Primary => "Main calendar",
        Role::Own => "Own calendar",
        Role::SharedWriter => "Shared by somebody, may be changed",
        Role::SharedReader => "Shared by somebody, read only",
        Role::FreeBusyOnly => "Shared by somebody, busy times only",
        Role::Subscribed => "Subscribed",
        Role::Holiday => "Holidays",
    }
}

impl<'a> Week<'a> {
    fn read(cloud: &Cloud, world: &'a World, account: &'a Account, zone: TimeZone, monday: Date) -> Self {
        let (from, to) = (midnight(monday, &zone), midnight(monday.saturating_add(7.days()), &zone));
        let mut shown = cloud.face().shown(world, &account.id, from, to);
        shown.sort_by_key(|one| (first_moment(&one.when, &zone), one.calendar.clone(), one.item.clone()));
        Self { world, account, zone, monday, shown }
    }

    /// The hours that the week needs. Things that fill half a day or more do not stretch it.
    fn frame(&self) -> Frame {
        let days = (0..7).map(|day| self.monday.saturating_add(day.days()));
        let spans = days.flat_map(|date| self.timed_on(date)).map(|(span, _)| span);
        Frame::around(spans.filter(|span| span.to - span.from < 12 * 60))
    }

    fn timed_on(&self, date: Date) -> Vec<(Minutes, &Shown)> {
        let span = |one: &Shown| match one.when {
            When::Timed { start, end } => minutes_on(date, start, end, &self.zone),
            When::Days { .. } => None,
        };
        self.shown.iter().filter_map(|one| Some((span(one)?, one))).collect()
    }

    fn day(&self, date: Date, today: Date, frame: Frame) -> Day {
        let timed = self.timed_on(date);
        let spans: Vec<Minutes> = timed.iter().map(|(span, _)| *span).collect();
        let lanes = lanes(&spans);
        let most = lanes.iter().map(|(_, of)| *of).max().unwrap_or(1);
        let items = timed.iter().zip(lanes).enumerate().filter_map(|(number, ((span, one), (lane, of)))| {
            let place = frame.place(*span)?;
            let card = self.card(format!("{date}-{number}"), one, of);
            Some(Card { place, lane: format!("lane-{lane}-of-{of}"), ..card })
        });
        let whole = self.shown.iter().filter(|one| is_whole_on(&one.when, date));
        let whole = whole.enumerate().map(|(number, one)| self.card(format!("{date}-w{number}"), one, 1));
        Day {
            date,
            weekday: date.strftime("%A").to_string(),
            label: date.strftime("%b %-d").to_string(),
            is_today: date == today,
            lanes: most,
            whole: whole.collect(),
            items: items.collect(),
        }
    }

    /// A thing without a place in the grid.
    fn card(&self, key: String, one: &Shown, lanes: usize) -> Card {
        let calendar = self.world.calendars.get(&one.calendar);
        let role = calendar.and_then(|calendar| calendar.role_of(&self.account.id));
        let (look, status) = look(one.standing);
        let card = Card {
            key,
            calendar: one.calendar.clone(),
            item: one.item.clone(),
            occurrence: one.occurrence.clone().unwrap_or_default(),
            look,
            place: String::new(),
            lane: String::new(),
            times: String::new(),
            period: String::new(),
            title: if one.title.is_empty() { "Busy".to_owned() } else { one.title.clone() },
            detail: calendar.map(|calendar| calendar.name.clone()).unwrap_or_default(),
            status,
            start: String::new(),
            minutes: 0,
            day_count: 0,
            may_change: role.is_some_and(Role::may_write),
            may_answer: matches!(one.standing, Standing::Invited | Standing::Declined),
        };
        self.timed(card, one, lanes)
    }

    fn timed(&self, card: Card, one: &Shown, lanes: usize) -> Card {
        match one.when {
            When::Timed { start, end } => {
                let minutes = start.duration_until(end).as_mins();
                let local = start.to_zoned(self.zone.clone());
                Card {
                    times: times_text(start, end, &self.zone, Room::of(minutes, lanes)),
                    period: times_text(start, end, &self.zone, Room::Both),
                    start: local.strftime("%Y-%m-%dT%H:%M").to_string(),
                    minutes,
                    ..card
                }
            }
            When::Days { start, end } => Card {
                period: "all day".to_owned(),
                start: start.to_string(),
                day_count: start.until(end).map_or(1, |span| span.get_days()).max(1),
                ..card
            },
        }
    }
}

fn first_moment(when: &When, zone: &TimeZone) -> (Timestamp, Timestamp) {
    match when {
        When::Timed { start, end } => (*start, *end),
        When::Days { start, end } => (midnight(*start, zone), midnight(*end, zone)),
    }
}

fn is_whole_on(when: &When, date: Date) -> bool {
    matches!(when, When::Days { start, end } if *start <= date && date < *end)
}

fn look(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Busy => ("booked", "busy"),
        Standing::Tentative => ("tentative", "tentative"),
        Standing::Free => ("free", "shown as free"),
        Standing::Invited => ("invited", "invitation, not answered"),
        Standing::Declined => ("declined", "declined"),
    }
}
