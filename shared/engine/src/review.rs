//! The review: what a clinician should look at now and then. Account and calendars, who else may see the main one, how
//! much is told, how much stands, and a few entries as they stand at the provider. It changes nothing but the time of the
//! last review.

use daybook_core::connection::{CalendarRef, Connection, Provider};
use daybook_core::detail::{Cap, Detail};
use daybook_core::link::{Lane, Link};
use daybook_core::mirror::Content;
use daybook_core::policy::Audience;
use daybook_core::review;
use daybook_core::time::Interval;
use jiff::Timestamp;

use crate::Engine;
use crate::command::wrong_state;
use crate::error::EngineError;
use crate::ports::{Account, ConnectionRef, Counts, MirrorRef, Mirrors, RemoteError};
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
    pub entries: Vec<Entry>,
    pub reviewed_at: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
}

/// The calendar that is written to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MainCalendar {
    pub name: String,
    pub seen_by: Audience,
}

/// An event of ours as it stands at the provider.
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
    pub async fn review(&self, at: &ConnectionRef) -> Result<Review, EngineError> {
        let view = self.view(at).await?;
        let connection = view.connection;
        let Some(account) = self.accounts.open(at, connection.evidence.authorised_at).await? else {
            return Err(wrong_state(&connection));
        };
        let main_calendar = seen(&connection, account.as_ref()).await.map_err(EngineError::Calendar)?;
        let entries = self.entries(at, &connection, account.as_ref()).await?;
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

    /// The next few, asked for at the provider.
    async fn entries(
        &self,
        at: &ConnectionRef,
        connection: &Connection,
        account: &dyn Account,
    ) -> Result<Vec<Entry>, EngineError> {
        let Some(main) = connection.settings.main_calendar.known() else { return Ok(Vec::new()) };
        let links = next(self.store.list_links(at).await?, self.clock.now());
        let names: Vec<MirrorRef> = links
            .iter()
            .map(|(link, _)| MirrorRef { mirror: link.mirror.clone(), remote: link.remote.clone() })
            .collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let calendar = account.calendar(&main.id);
        let found = Mirrors::find(calendar.as_ref(), &names).await.map_err(EngineError::Calendar)?;
        let entry = |(link, at): &(Link, Interval)| {
            let sighting = found.iter().find(|sighting| sighting.mirror == link.mirror);
            let found = match sighting.and_then(|sighting| sighting.content.clone()) {
                Some(Content::Mirror(mirror)) => Some(Found { at: mirror.interval, title: mirror.title }),
                Some(Content::Block(_)) | None => None,
            };
            Entry { at: *at, found }
        };
        Ok(links.iter().map(entry).collect())
    }
}

/// The next few that stand, in order of time.
fn next(links: Vec<Link>, now: Timestamp) -> Vec<(Link, Interval)> {
    let mirrors = links.into_iter().filter(|link| link.owner.lane() == Lane::Appointments);
    let mut coming: Vec<(Link, Interval)> = mirrors
        .filter_map(|link| {
            let span = link.span().filter(|span| span.end() > now)?;
            Some((link, span))
        })
        .collect();
    coming.sort_unstable_by(|one, other| (one.1, &one.0.mirror).cmp(&(other.1, &other.0.mirror)));
    coming.truncate(ENTRIES);
    coming
}

async fn seen(connection: &Connection, account: &dyn Account) -> Result<Option<MainCalendar>, RemoteError> {
    let main = &connection.settings.main_calendar;
    let calendars = account.list_calendars().await?;
    let seen_by = audience_of(main, &calendars, account).await?;
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
