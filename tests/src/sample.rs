//! A connection as the table keeps one, for benches that need no other.

use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, Connection, Direction, Evidence, MainCalendar, Provider,
    Schedule, Settings, Signals, Start,
};
use daybook_core::detail::Detail;
use daybook_core::notice::Told;
use daybook_core::window::WindowDays;
use jiff::Timestamp;

/// One that waits for somebody to sign in at Google, with the settings that a clinician gets who chooses nothing.
pub fn waiting(id: &str, now: Timestamp) -> Connection {
    Connection {
        practice: "demo".into(),
        id: id.into(),
        practitioner: "prac-1".into(),
        provider: Provider::Google,
        account: None,
        settings: Settings {
            direction: Direction::EhrToCalendar,
            window: WindowDays::default(),
            detail: Detail::Busy,
            main_calendar: MainCalendar::Create("Work schedule".into()),
            blocking_calendars: BlockingCalendars::Owned,
            aged_out: AgedOut::Remove,
            block_scope: BlockScope::All,
            reminder_minutes: None,
            start: Start::WhenAuthorised,
        },
        version: 1,
        evidence: Evidence { created_at: now, ..Evidence::default() },
        schedule: Schedule::default(),
        signals: Signals::default(),
        progress: None,
        problems: [].into(),
        told: Told::default(),
    }
}
