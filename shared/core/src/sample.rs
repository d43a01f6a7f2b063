//! A connection for tests, here and in other crates: two-way at Google, of nobody in particular. What a test is about, it
//! says itself.

use crate::connection::{
    AgedOut, BlockScope, BlockingCalendars, Connection, Direction, Evidence, MainCalendar, Provider,
    Schedule, Settings, Signals, Start,
};
use crate::detail::Detail;
use crate::notice::Told;
use crate::window::WindowDays;

pub fn settings() -> Settings {
    Settings {
        direction: Direction::TwoWay,
        window: WindowDays::default(),
        detail: Detail::Busy,
        main_calendar: MainCalendar::None,
        blocking_calendars: BlockingCalendars::Chosen(Vec::new()),
        aged_out: AgedOut::Remove,
        block_scope: BlockScope::All,
        reminder_minutes: None,
        start: Start::WhenAuthorised,
    }
}

pub fn connection(id: &str) -> Connection {
    Connection {
        practice: "demo".into(),
        id: id.into(),
        practitioner: "prac-1".into(),
        provider: Provider::Google,
        account: None,
        settings: settings(),
        version: 1,
        evidence: Evidence::default(),
        schedule: Schedule::default(),
        signals: Signals::default(),
        progress: None,
        problems: [].into(),
        told: Told::default(),
    }
}
