//! Deletes the calendars that we made and no longer write to. Which of them go is the core's to say; one in which anything
//! stands is never deleted, whoever put it there.

use daybook_core::connection::{CalendarRef, Connection, Disconnect, ProblemKind};
use daybook_core::ids::CalendarId;
use daybook_core::made::{self, Contents, Fate};
use daybook_core::succession::has_everything;

use super::disconnect::PATIENCE;
use super::lease::Lease;
use super::problems::{About, Problems};
use super::{Halt, Session};
use crate::error::EngineError;
use crate::ports::RemoteError;

const CANNOT_GO: &str = "the calendar that we made could not be deleted; please delete it there";

/// What became of one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Gone,
    Stays,
    /// Nothing can be said yet.
    Waits,
}

impl Session<'_> {
    /// For a connection that goes on, once everything stands where it belongs.
    pub(super) async fn delete_left_calendars(&self, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let (evidence, schedule) = (&lease.release.evidence, &lease.release.schedule);
        let is_whole = has_everything(evidence, schedule, self.connection.version, lease.now());
        if evidence.left_calendars.is_empty() {
            self.tell_of_waiting(0, lease);
            return Ok(());
        }
        if !is_whole {
            return Ok(());
        }
        let (mut waiting, mut gone, mut failed) = (Vec::new(), Vec::new(), 0);
        let others = self.others().await?;
        for calendar in evidence.left_calendars.clone() {
            match self.end_calendar(&calendar.id, &others, lease).await? {
                Ok(Ended::Gone) => gone.push(calendar.id),
                Ok(Ended::Waits) | Err(RemoteError::Later { .. }) => waiting.push(calendar),
                Ok(Ended::Stays) => {}
                Err(RemoteError::Refused { .. }) => return Err(Halt::Refused),
                Err(error) => {
                    tracing::info!(connection = %self.at.id, error = %error, "a calendar that we made stays for now");
                    failed += 1;
                    waiting.push(calendar);
                }
            }
        }
        lease.release.evidence.left_calendars = waiting;
        self.tell_of_waiting(failed, lease);
        self.read_no_more(&gone, lease);
        Ok(())
    }

    /// For a connection that leaves. Returns how many still wait for the provider; what cannot be deleted is told.
    pub(super) async fn leave_made_calendars(
        &self,
        disconnect: Disconnect,
        lease: &mut Lease<'_>,
    ) -> Result<usize, Halt> {
        self.tell_of_waiting(0, lease);
        let left = lease.release.evidence.left_calendars.clone();
        if left.is_empty() {
            return Ok(0);
        }
        let is_hopeless = disconnect.asked_at + PATIENCE <= self.now;
        let others = self.others().await?;
        let mut waiting: Vec<CalendarRef> = Vec::new();
        for calendar in left {
            match self.end_calendar(&calendar.id, &others, lease).await? {
                Ok(Ended::Gone | Ended::Stays) => {}
                Ok(Ended::Waits) => waiting.push(calendar),
                Err(RemoteError::Later { .. }) if !is_hopeless => waiting.push(calendar),
                Err(error) => self.tell_of_left_calendar(&error, lease),
            }
        }
        self.settle_left(&waiting, lease).await?;
        Ok(waiting.len())
    }

    /// Noted before the credentials go: without them nobody could say again that the calendar is gone.
    async fn settle_left(&self, waiting: &[CalendarRef], lease: &mut Lease<'_>) -> Result<(), Halt> {
        lease.release.evidence.left_calendars = waiting.to_vec();
        lease.connection.evidence.left_calendars = waiting.to_vec();
        lease.checkpoint().await
    }

    /// Looks once more, just before. The provider cannot be told to delete it only if it is empty.
    async fn end_calendar(
        &self,
        id: &CalendarId,
        others: &[Connection],
        lease: &mut Lease<'_>,
    ) -> Result<Result<Ended, RemoteError>, Halt> {
        if let Some(ended) = kept(id, &lease.connection, others) {
            return Ok(Ok(ended));
        }
        lease.before_write().await?;
        if let Some(pause) = lease.allow(2).await? {
            let what = "the provider, whose requests of this minute are spent,".to_owned();
            return Ok(Err(RemoteError::Later { what, retry_after: Some(pause), cause: None }));
        }
        match self.account.calendar(id).contents().await {
            Ok(Contents::Something) => return Ok(Ok(Ended::Stays)),
            Ok(Contents::Nothing) => {}
            Err(RemoteError::Missing { .. }) => return Ok(Ok(Ended::Gone)),
            Err(error) => return Ok(Err(error)),
        }
        lease.before_write().await?;
        lease.heed_commands().await?;
        // Somebody may have chosen it meanwhile.
        if let Some(ended) = kept(id, &lease.connection, &self.others().await?) {
            return Ok(Ok(ended));
        }
        tracing::info!(connection = %self.at.id, "a calendar that we made is empty and goes");
        Ok(self.account.delete_calendar(id).await.map(|()| Ended::Gone))
    }

    /// Everybody else who may know a calendar of this account: in the practice, and with the same account elsewhere.
    async fn others(&self) -> Result<Vec<Connection>, EngineError> {
        let store = &self.engine.store;
        let mut others = store.list_connections(&self.at.practice, None).await?;
        others.retain(|other| other.id != self.at.id);
        let Some(account) = &self.connection.account else { return Ok(others) };
        for at in store.connections_using(self.connection.provider, account).await? {
            if at.practice != self.at.practice {
                others.extend(store.find_connection(&at).await?);
            }
        }
        Ok(others)
    }

    /// The account owned it, so it may have been read for its events as well.
    fn read_no_more(&self, gone: &[CalendarId], lease: &mut Lease<'_>) {
        let blocking_calendars = made::without(&self.settings.blocking_calendars, gone);
        if blocking_calendars != self.settings.blocking_calendars {
            let settings = self.settings.clone();
            lease.release.settled_settings =
                Some(daybook_core::connection::Settings { blocking_calendars, ..settings });
        }
    }

    /// It is tried again with each run; whoever deletes it by hand is not told any longer.
    fn tell_of_waiting(&self, failed: usize, lease: &mut Lease<'_>) {
        let mut problems = Problems { map: &mut lease.release.problems, now: self.now };
        problems.count(About::WaitingCalendar, ProblemKind::LeftBehind, failed, |_| CANNOT_GO.to_owned());
    }

    fn tell_of_left_calendar(&self, error: &RemoteError, lease: &mut Lease<'_>) {
        tracing::info!(connection = %self.at.id, error = %error, "a calendar that we made stays");
        let mut problems = Problems { map: &mut lease.release.problems, now: self.now };
        problems.set(About::LeftCalendar, ProblemKind::LeftBehind, CANNOT_GO);
    }
}

/// What becomes of one that is not to go, or not yet.
fn kept(id: &CalendarId, of: &Connection, others: &[Connection]) -> Option<Ended> {
    match made::fate(id, of, others) {
        Fate::Stays => Some(Ended::Stays),
        Fate::Waits => Some(Ended::Waits),
        Fate::Goes => None,
    }
}
