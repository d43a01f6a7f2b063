//! Listings: by name and revision only, so that what is known already is never read again.
//!
//! A cursor says how it was made. `sync:` is a sync token (RFC 6578). `ctag:` is a collection tag, for servers
//! without tokens: equal means that nothing changed, anything else asks for a full listing, because a tag does not
//! tell what changed. Without either there is no cursor.

use std::collections::BTreeMap;

use daybook_core::event::{Seen, Sighting};
use daybook_core::ids::{Cursor, ItemId, Revision, SeriesId};
use daybook_core::time::Interval;
use daybook_engine::ports::{Completeness, Contents, Entry, Listing, RemoteError};

use super::{CaldavCalendar, mirror_at};
use crate::discovery::only;
use crate::wire::multistatus::{Multistatus, Props, Response};
use crate::wire::read::{Propfind, Query, SyncCollection};
use crate::wire::{Depth, xml};

/// Passes of one delta. A server that cuts at 100 lines tells 20,000 changes in them.
const MAX_PASSES: usize = 200;

impl CaldavCalendar {
    /// The cursor first: what changes while we list is listed again by the next delta, and nothing is missed.
    pub(super) async fn list_all(&self, within: Interval) -> Result<Listing, RemoteError> {
        let cursor = cursor_of(&self.bookmarks().await?);
        Ok(Listing { cursor, ..self.list_without_cursor(within).await? })
    }

    pub(super) async fn list_without_cursor(&self, within: Interval) -> Result<Listing, RemoteError> {
        let (lines, completeness) = self.list_lines(within).await?;
        let entries = self.entries(lines, within);
        Ok(Listing { entries, cursor: None, completeness })
    }

    async fn list_lines(&self, within: Interval) -> Result<(Vec<Response>, Completeness), RemoteError> {
        match self.session.ask(&Query { path: &self.path, within }).await {
            Ok(found) if !found.cut_short => return Ok((found.responses, Completeness::Complete)),
            Err(error) if !is_about_the_query(&error) => return Err(error),
            // The server cannot filter by time, or not as much as this: every member then, by name.
            Ok(_) | Err(_) => {}
        }
        let properties = [&xml::GETETAG, &xml::RESOURCETYPE];
        let all = Propfind { path: &self.path, depth: Depth::One, properties: &properties };
        let lines = self.session.ask(&all).await?.responses;
        let cut_short = lines.iter().any(|line| line.path == self.path && line.status == Some(507));
        let completeness = if cut_short { Completeness::Incomplete } else { Completeness::Complete };
        Ok((lines, completeness))
    }

    pub(super) async fn list_since(&self, since: &Cursor, within: Interval) -> Result<Listing, RemoteError> {
        match since.as_str().split_once(':') {
            Some(("sync", token)) => self.follow(token, within).await,
            Some(("ctag", tag)) => self.compare(tag, since).await,
            _ => Err(self.lost()),
        }
    }

    /// One request where nothing changed, and as many as the server cuts the delta into.
    async fn follow(&self, token: &str, within: Interval) -> Result<Listing, RemoteError> {
        let mut token = token.to_owned();
        let mut lines = Vec::new();
        let mut completeness = Completeness::Incomplete;
        for _ in 0..MAX_PASSES {
            let delta = self.session.ask(&SyncCollection { path: &self.path, token: &token }).await?;
            lines.extend(delta.responses);
            let moved = delta.token != token;
            token = delta.token;
            if !delta.more {
                completeness = Completeness::Complete;
                break;
            }
            if !moved {
                break;
            }
        }
        let cursor = Some(Cursor::new(format!("sync:{token}")));
        Ok(Listing { entries: self.entries(lines, within), cursor, completeness })
    }

    async fn compare(&self, tag: &str, since: &Cursor) -> Result<Listing, RemoteError> {
        if self.bookmarks().await?.ctag.as_deref() != Some(tag) {
            return Err(self.lost());
        }
        let cursor = Some(since.clone());
        Ok(Listing { entries: Vec::new(), cursor, completeness: Completeness::Complete })
    }

    /// Whatever stands in it, tasks and folders too.
    pub(super) async fn look_inside(&self) -> Result<Contents, RemoteError> {
        let all = Propfind { path: &self.path, depth: Depth::One, properties: &[&xml::GETETAG] };
        Ok(inside(&self.path, &self.session.ask(&all).await?))
    }

    async fn bookmarks(&self) -> Result<Props, RemoteError> {
        let properties = [&xml::SYNC_TOKEN, &xml::GETCTAG, &xml::SUPPORTED_REPORT_SET];
        let request = Propfind { path: &self.path, depth: Depth::Zero, properties: &properties };
        Ok(only(self.session.ask(&request).await?, &self.path))
    }

    /// One entry a member, the last word about it: deltas may name one twice.
    fn entries(&self, lines: Vec<Response>, within: Interval) -> Vec<Entry> {
        let members = lines.into_iter().filter(|line| self.is_member(line));
        let last: BTreeMap<String, Response> = members.map(|line| (line.path.clone(), line)).collect();
        last.into_values().map(|line| entry(line, within)).collect()
    }

    /// Servers list the collection itself among its members (E-037), and collections inside it.
    fn is_member(&self, line: &Response) -> bool {
        let is_collection = line.props.types.iter().any(|kind| kind == "collection");
        line.path.starts_with(&self.path) && !line.path.ends_with('/') && !is_collection
    }

    fn lost(&self) -> RemoteError {
        RemoteError::CursorLost { what: self.path.clone() }
    }
}

/// Nothing, only where the answer is the collection itself, once and well. All else counts as something: a list that was cut
/// short, one without the collection, lines that name nothing on this server.
fn inside(path: &str, answer: &Multistatus) -> Contents {
    let is_well = |line: &Response| line.status.is_none_or(|status| status / 100 == 2);
    match answer.responses.as_slice() {
        [line] if answer.left_out == 0 && line.path == path && is_well(line) => Contents::Nothing,
        _ => Contents::Something,
    }
}

fn entry(line: Response, within: Interval) -> Entry {
    if matches!(line.status, Some(404 | 410)) {
        return Entry::Seen(gone(line.path, within));
    }
    Entry::Touched {
        name: mirror_at(&line.path),
        item: ItemId::new(line.path),
        revision: line.props.etag.map(Revision::new),
    }
}

/// What is not there any more; of its series only the name of the resource is left.
pub(super) fn gone(path: String, within: Interval) -> Sighting {
    Sighting {
        series: SeriesId::new(path.as_str()),
        item: ItemId::new(path),
        revision: None,
        covers: within,
        seen: Seen::Gone,
    }
}

/// A server may have the property and not the report.
fn cursor_of(bookmarks: &Props) -> Option<Cursor> {
    let follows =
        bookmarks.reports.as_ref().is_none_or(|names| names.iter().any(|name| name == "sync-collection"));
    let token = bookmarks.sync_token.as_ref().filter(|_| follows);
    let sync = token.map(|token| format!("sync:{token}"));
    sync.or_else(|| bookmarks.ctag.as_ref().map(|tag| format!("ctag:{tag}"))).map(Cursor::new)
}

/// The request was too much for the server; another one may do.
fn is_about_the_query(error: &RemoteError) -> bool {
    matches!(
        error,
        RemoteError::Rejected { .. }
            | RemoteError::Conflict { .. }
            | RemoteError::Forbidden { .. }
            | RemoteError::Unintelligible { .. }
            | RemoteError::CursorLost { .. }
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use url::Url;

    use super::*;
    use crate::wire::multistatus::parse;

    #[test]
    fn only_the_collection_alone_and_well_is_empty() {
        let line = |href: &str, status: &str| {
            let status = if status.is_empty() { String::new() } else { format!("<status>{status}</status>") };
            format!("<response><href>{href}</href>{status}</response>")
        };
        let itself = line("/u/c/", "");
        for (what, lines, expected) in [
            ("itself", itself.clone(), Contents::Nothing),
            ("itself, by its address", line("https://dav.example.org/u/c/", ""), Contents::Nothing),
            ("itself, well", line("/u/c/", "HTTP/1.1 200 OK"), Contents::Nothing),
            ("no line", String::new(), Contents::Something),
            ("cut short", line("/u/c/", "HTTP/1.1 507 Insufficient Storage"), Contents::Something),
            ("broken", line("/u/c/", "HTTP/1.1 500 Internal Server Error"), Contents::Something),
            ("gone", line("/u/c/", "HTTP/1.1 404 Not Found"), Contents::Something),
            ("twice", itself.repeat(2), Contents::Something),
            ("another", line("/u/d/", ""), Contents::Something),
            ("a member", format!("{itself}{}", line("/u/c/a.ics", "")), Contents::Something),
            ("a folder", format!("{itself}{}", line("/u/c/d/", "")), Contents::Something),
            ("another server's", format!("{itself}{}", line("https://b.example/a", "")), Contents::Something),
            ("one without a name", format!("{itself}<response/>"), Contents::Something),
        ] {
            let base = Url::parse("https://dav.example.org/u/c/").unwrap();
            let body = format!("<multistatus xmlns=\"DAV:\">{lines}</multistatus>");
            assert_eq!(inside("/u/c/", &parse(&base, body.as_bytes()).unwrap()), expected, "{what}");
        }
    }
}
