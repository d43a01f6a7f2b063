//! Listings: a round of changes over a window that Graph freezes, and views without a bookmark. What the slack around
//! the window holds is told too.

use daybook_core::ids::Cursor;
use daybook_core::time::Interval;
use daybook_engine::ports::{Completeness, Listing, RemoteError};

use super::MicrosoftCalendar;
use super::cursor::{Bookmarks, Strip, opened, strips};
use super::series::{told_as_changed, told_in_full};
use crate::wire::Operation;
use crate::wire::event::Line;
use crate::wire::read::{Delta, View};

/// Pages of one stream: 100,000 events.
const MAX_PAGES: usize = 500;

impl MicrosoftCalendar {
    pub(super) async fn list_all(&self, within: Interval) -> Result<Listing, RemoteError> {
        let mut strips = Vec::new();
        let mut bookmarks = Vec::new();
        for window in opened(within) {
            let (told, link) = self.round(Delta::open(&self.id, window)).await.map_err(passing)?;
            strips.push(told);
            bookmarks.push(Strip::new(window, link));
        }
        Ok(complete(told_in_full(strips, within), Bookmarks::new(bookmarks).cursor()))
    }

    pub(super) async fn list_since(&self, since: &Cursor, within: Interval) -> Result<Listing, RemoteError> {
        let lost = || RemoteError::CursorLost { what: self.what() };
        let known = Bookmarks::read(since).filter(|known| known.cover(within)).ok_or_else(lost)?;
        let mut strips = Vec::new();
        let mut bookmarks = Vec::new();
        for strip in known.strips {
            let window = strip.window();
            let (told, link) = self.round(Delta::follow(&self.id, strip.link)).await?;
            strips.push(told);
            bookmarks.push(Strip::new(window, link));
        }
        Ok(complete(told_as_changed(strips, within), Bookmarks::new(bookmarks).cursor()))
    }

    /// One round, to its end; empty pages are no end. Returns the link at which the next one begins.
    async fn round(&self, mut page: Delta<'_>) -> Result<(Vec<Line>, String), RemoteError> {
        let mut lines = Vec::new();
        for _ in 0..MAX_PAGES {
            let told = self.session.ask(&page).await?;
            lines.extend(told.lines);
            match (told.next, told.delta) {
                (Some(next), _) => {
                    page = Delta::follow(&self.id, self.session.follow(&next, &page.what())?);
                }
                (None, Some(link)) => return Ok((lines, self.session.follow(&link, &page.what())?)),
                (None, None) => break,
            }
        }
        Err(RemoteError::Unintelligible { what: self.what(), cause: None })
    }

    pub(super) async fn list_view(&self, within: Interval) -> Result<Listing, RemoteError> {
        let mut views = Vec::new();
        for window in strips(within) {
            views.push(self.view(window).await?);
        }
        Ok(complete(told_in_full(views, within), None))
    }

    async fn view(&self, window: Interval) -> Result<Vec<Line>, RemoteError> {
        let mut page = View::open(&self.id, window);
        let mut lines = Vec::new();
        for _ in 0..MAX_PAGES {
            let told = self.session.ask(&page).await?;
            lines.extend(told.lines);
            let Some(next) = told.next else { return Ok(lines) };
            page.target = self.session.follow(&next, &page.what())?;
        }
        Err(RemoteError::Unintelligible { what: self.what(), cause: None })
    }
}

fn complete(entries: Vec<daybook_engine::ports::Entry>, cursor: Option<Cursor>) -> Listing {
    Listing { entries, cursor, completeness: Completeness::Complete }
}

/// A full listing has no bookmark to lose: what expired is one of its own pages.
fn passing(error: RemoteError) -> RemoteError {
    match error {
        RemoteError::CursorLost { what } => RemoteError::Later { what, retry_after: None, cause: None },
        other => other,
    }
}
