//! Who sees the main calendar: looked at before anything is told there, and again with each comparison of everything, so
//! that a calendar which is shared later tells less from the next day on. It asks for nothing where nothing is told.

use daybook_core::connection::Onlookers;
use daybook_core::detail::{Cap, Detail};
use daybook_core::policy::Audience;
use jiff::Timestamp;

use super::lease::Lease;
use super::problems::About;
use super::scope::scope;
use super::session::remote;
use super::{Halt, Session};
use crate::ports::RemoteError;
use crate::view::{audience_of, known_audience, tie};

impl Session<'_> {
    /// Settles the detail in force. A list that cannot be had leaves what was known; a calendar of which nothing is known
    /// tells nothing.
    pub(crate) async fn see_onlookers(&mut self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let Some(main) = self.main_calendar().cloned() else { return Ok(()) };
        let known = known_audience(&self.connection, &self.settings);
        let is_due = known.is_none() || self.looks_at_everything();
        if !is_due || self.detail_seen_by(None) == Detail::Busy {
            return Ok(());
        }
        let seen = remote(self.look_at_onlookers().await, About::Account, self.now, lease)?.flatten();
        if let Some(audience) = seen {
            self.connection.schedule.onlookers = Some(Onlookers { calendar: main, audience });
        }
        self.tell_at_most(self.detail_seen_by(seen.or(known).or(Some(Audience::Unknown))), lease);
        Ok(())
    }

    /// The level in force and what lowered it, by what was seen. What a calendar tells of which nothing is known, nobody
    /// needs to ask.
    pub(crate) fn level(&self) -> (Detail, Option<Cap>) {
        let known = known_audience(&self.connection, &self.settings);
        let audience = self.main_calendar().and(known.or(Some(Audience::Unknown)));
        let tie = tie(&self.connection, audience, self.now);
        self.practice.policy.effective(self.connection.settings.detail, &tie)
    }

    /// When the next agreement ends by which entries may tell what they do.
    pub(crate) fn next_expiry(&self, now: Timestamp) -> Option<Timestamp> {
        self.practice.policy.next_expiry(&tie(&self.connection, None, now))
    }

    async fn look_at_onlookers(&self) -> Result<Option<Audience>, RemoteError> {
        let calendars = self.list_calendars().await?;
        audience_of(&self.settings.main_calendar, calendars, &*self.account).await
    }

    fn detail_seen_by(&self, audience: Option<Audience>) -> Detail {
        let tie = tie(&self.connection, audience, self.now);
        self.practice.policy.effective(self.connection.settings.detail, &tie).0
    }

    /// Another level than the last comparison's is a reason to look at everything.
    fn tell_at_most(&mut self, detail: Detail, lease: &Lease<'_>) {
        if detail == self.detail {
            return;
        }
        self.detail = detail;
        let held = (detail, self.days);
        let wider = scope(&self.connection, lease.previous, held, self.now, &self.zone, &self.engine.pace);
        self.scope = wider;
    }
}
