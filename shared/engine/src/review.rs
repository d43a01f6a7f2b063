//! The review: what a clinician should look at now and then. Account and calendars, who else may see the main one, how
//! much is told, how much stands, and a few entries as they stand at the provider. It changes nothing but the time of the
//! last review.

use daybook_core::connection::{CalendarRef, Connection, Provider};
use daybook_core::detail::{Cap, Detail};
use daybook_core::mirror::{Content, MirrorId};
use daybook_core::policy::Audience;
use daybook_core::review;
use daybook_core::time::Interval;
use jiff::Timestamp;

use crate::Engine;
use crate::error::EngineError;
use crate::ports::{ConnectionRef, Counts, MirrorRef, Mirrors, RemoteError};
use crate::preview::unleased;
use crate::sync::{Halt, Session};
use crate::view::audience_of;

/// So many entries are shown.
const ENTRIES: usize = 5;

/// What there is to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Review {
    pub provider: Provider,
    /// For people: `ada@example.org`.
    pub account: Option<String>,
    pub main_calendar: Option<MainCalendar>,
    pub blocking_calendars: Vec<CalendarRef>,
    pub detail: Detail,
    pub detail_reason: Option<Cap>,
    pub counts: Counts,
    /// The next few appointments. `None`: the EHR does not tell them now.
    pub entries: Option<Vec<Entry>>,
    pub reviewed_at: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
}

/// The calendar that is written to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MainCalendar {
    pub name: String,
    pub seen_by: Audience,
}

/// An appointment, and what stands for it at the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// When it should be.
    pub at: Interval,
    /// `None`: it is not there.
    pub found: Option<Found>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    pub at: Interval,
    pub title: String,
}

impl Engine {
    /// Reads what there is to review, the entries at the provider.
    pub async fn review(&self, connection: Connection) -> Result<Review, EngineError> {
        let view = self.view_of(connection).await?;
        let connection = view.connection;
        let mut lease = unleased(self, connection.clone())?;
        let session = Session::look_around(self, &mut lease).await.map_err(Halt::into_error)?;
        let main_calendar = seen(&session).await.map_err(EngineError::Calendar)?;
        let entries = match session.coming(ENTRIES).await {
            Ok(coming) => Some(self.entries(&session, coming).await?),
            Err(error) => {
                tracing::info!(connection = %connection.id, %error, "the next appointments cannot be read");
                None
            }
        };
        Ok(Review {
            provider: connection.provider,
            main_calendar,
            blocking_calendars: blocking(&connection),
            detail: view.effective_detail,
            detail_reason: view.effective_detail_reason,
            counts: view.counts,
            entries,
            reviewed_at: connection.evidence.reviewed_at,
            due_at: review::due_at(&connection.evidence),
            account: connection.account.map(|account| account.label),
        })
    }

    /// The clinician has looked, and it is as they want it.
    pub async fn reviewed(&self, at: &ConnectionRef) -> Result<Connection, EngineError> {
        let now = self.clock.now();
        self.command(at, None, |connection| {
            connection.evidence.reviewed_at = Some(now);
            Ok(())
        })
        .await
    }

    /// What stands for them at the provider.
    async fn entries(
        &self,
        session: &Session<'_>,
        coming: Vec<(MirrorId, Interval)>,
    ) -> Result<Vec<Entry>, EngineError> {
        let Some(main) = session.main_calendar() else { return Ok(Vec::new()) };
        let names: Vec<MirrorId> = coming.iter().map(|(mirror, _)| mirror.clone()).collect();
        let links = self.store.find_appointment_links(&session.at, &names).await?;
        let linked: Vec<MirrorRef> =
            links.into_iter().map(|link| MirrorRef { mirror: link.mirror, remote: link.remote }).collect();
        let mut found = Vec::new();
        if !linked.is_empty() {
            let calendar = session.account.calendar(main);
            found = Mirrors::find(calendar.as_ref(), &linked).await.map_err(EngineError::Calendar)?;
        }
        let entry = |(mirror, at): (MirrorId, Interval)| {
            let sighting = found.iter().find(|sighting| sighting.mirror == mirror);
            let found = match sighting.and_then(|sighting| sighting.content.clone()) {
                Some(Content::Mirror(mirror)) => Some(Found { at: mirror.interval, title: mirror.title }),
                Some(Content::Block(_)) | None => None,
            };
            Entry { at, found }
        };
        Ok(coming.into_iter().map(entry).collect())
    }
}

async fn seen(session: &Session<'_>) -> Result<Option<MainCalendar>, RemoteError> {
    let main = &session.settings.main_calendar;
    let seen_by = audience_of(main, session.list_calendars().await?, session.account.as_ref()).await?;
    Ok(main.known().zip(seen_by).map(|(main, seen_by)| MainCalendar { name: main.name.clone(), seen_by }))
}

fn blocking(connection: &Connection) -> Vec<CalendarRef> {
    use daybook_core::connection::{BlockingCalendars, Direction};
    match &connection.settings.blocking_calendars {
        BlockingCalendars::Chosen(chosen) if connection.settings.direction == Direction::TwoWay => {
            chosen.clone()
        }
        BlockingCalendars::Chosen(_) | BlockingCalendars::Owned => Vec::new(),
    }
}
