//! A connection as the table keeps one, for benches that need no other.

use daybook_core::connection::{BlockingCalendars, Connection, Direction, Evidence, MainCalendar, Settings};
use daybook_core::sample;
use jiff::Timestamp;

/// One that waits for somebody to sign in at Google, with the settings that a clinician gets who chooses nothing.
pub fn waiting(id: &str, now: Timestamp) -> Connection {
    Connection {
        settings: Settings {
            direction: Direction::EhrToCalendar,
            main_calendar: MainCalendar::Create("Work schedule".into()),
            blocking_calendars: BlockingCalendars::Owned,
            ..sample::settings()
        },
        evidence: Evidence { created_at: now, ..Evidence::default() },
        ..sample::connection(id)
    }
}
