//! Looks, with each comparison of everything, whether calendars came into the account. It adds none: the clinician is asked.

use daybook_core::connection::{BlockingCalendars, CalendarRef};
use daybook_core::new_calendar;

use super::Session;
use crate::ports::CalendarInfo;

impl Session<'_> {
    /// What the account has now is remembered the first time; what comes later is new. A list that cannot be had changes
    /// nothing.
    pub(super) async fn see_newcomers(&mut self) {
        let has_chosen = matches!(self.settings.blocking_calendars, BlockingCalendars::Chosen(_));
        if !self.reads_events() || !self.looks_at_everything() || !has_chosen {
            return;
        }
        let listed = match self.account.list_calendars().await {
            Ok(listed) => listed,
            Err(error) => {
                tracing::info!(connection = %self.at.id, error = %error, "new calendars could not be looked for");
                return;
            }
        };
        let left = self.connection.evidence.left_calendars.clone();
        let schedule = &mut self.connection.schedule;
        if schedule.known_calendars.is_empty() {
            schedule.known_calendars = listed.into_iter().map(|calendar| calendar.id).collect();
            return;
        }
        let own: Vec<CalendarRef> = listed.into_iter().filter(|calendar| calendar.owned).map(named).collect();
        schedule.new_calendars = new_calendar::found(&own, &schedule.known_calendars, &self.settings, &left);
    }
}

fn named(calendar: CalendarInfo) -> CalendarRef {
    CalendarRef { id: calendar.id, name: calendar.name }
}
