//! Looks, with each comparison of everything, whether calendars came into the account. It adds none: the clinician is asked.

use daybook_core::connection::{BlockingCalendars, CalendarRef, Connection};
use daybook_core::new_calendar;

use super::Session;

impl Session<'_> {
    /// What the account has now is remembered the first time; what comes later is new. A list that cannot be had changes
    /// nothing.
    pub(super) async fn see_newcomers(&mut self) {
        let has_chosen = matches!(self.settings.blocking_calendars, BlockingCalendars::Chosen(_));
        if !self.reads_events() || !self.looks_at_everything() || !has_chosen {
            return;
        }
        let listed = match self.list_calendars().await {
            Ok(listed) => listed,
            Err(error) => {
                tracing::info!(connection = %self.at.id, error = %error, "new calendars could not be looked for");
                return;
            }
        };
        let Connection { evidence, schedule, .. } = &self.connection;
        if schedule.known_calendars.is_empty() {
            self.connection.schedule.known_calendars =
                listed.iter().map(|calendar| calendar.id.clone()).collect();
            return;
        }
        let own: Vec<CalendarRef> =
            listed.iter().filter(|calendar| calendar.owned).map(CalendarRef::from).collect();
        let known = &schedule.known_calendars;
        self.connection.schedule.new_calendars =
            new_calendar::found(&own, known, &self.settings, &evidence.left_calendars);
    }
}
