//! What a clinician answers to what comes up later: does this all-day entry close its day, does this new calendar close
//! time. Each is a command as any other; what follows from it is the sync's to do.

use daybook_core::connection::Connection;
use daybook_core::free_day::{self, Standing};
use daybook_core::ids::CalendarId;
use daybook_core::new_calendar::{self, Answer};
use jiff::tz::TimeZone;

use crate::Engine;
use crate::error::EngineError;
use crate::ports::ConnectionRef;

/// Longer is no mark of ours.
const MOST_MARK_BYTES: usize = 64;

impl Engine {
    /// Closes the day of an all-day entry that is marked free, or takes that back.
    pub async fn decide_day(
        &self,
        at: &ConnectionRef,
        mark: &str,
        wanted: Standing,
    ) -> Result<Connection, EngineError> {
        let invalid = |why: &str| EngineError::Invalid { field: "day", why: why.to_owned() };
        if mark.is_empty()
            || mark.len() > MOST_MARK_BYTES
            || !mark.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(invalid("there is no such day"));
        }
        // Whatever the practice's zone: a day more or less of an old mark matters to nobody.
        let today = TimeZone::UTC.to_datetime(self.clock.now()).date();
        self.command(at, None, |connection| {
            let closed = free_day::with(&connection.evidence.closed_days, mark, wanted, today);
            connection.evidence.closed_days =
                closed.ok_or_else(|| invalid("too many days are closed by hand"))?;
            Ok(())
        })
        .await
    }

    /// Takes the answer about a calendar that is new. Where nobody asked, it is not found.
    pub async fn answer_about_calendar(
        &self,
        at: &ConnectionRef,
        calendar: &CalendarId,
        answer: Answer,
    ) -> Result<Connection, EngineError> {
        self.command(at, None, |connection| {
            let chosen = new_calendar::with(connection, calendar, answer);
            let nobody_asked = || EngineError::NotFound { what: "a new calendar of that id".to_owned() };
            connection.settings.blocking_calendars = chosen.ok_or_else(nobody_asked)?;
            connection.evidence.answered_calendars.insert(calendar.clone());
            Ok(())
        })
        .await
    }
}
