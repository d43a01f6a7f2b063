//! Listings. In a full one all occurrences of a series are one sighting. In a delta whatever happened to a series is
//! told by its name only, and read by id: a delta tells occurrences one by one and leaves out those that stay.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::event::Seen;
use daybook_core::ids::{Cursor, ItemId, Revision};
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use daybook_engine::ports::{Completeness, Entry, Listing, RemoteError};

use super::cursor::{Bookmark, bounds};
use super::{GoogleCalendar, sighting};
use crate::mirror;
use crate::translate::{self, Unreadable};
use crate::wire::event::Event;
use crate::wire::events::{From, Line, ListEvents};

/// Pages of one listing. A page holds up to 2,500 events, or none at all.
const MOST_PAGES: usize = 500;

/// Pages, joined.
struct Joined {
    lines: Vec<Line>,
    /// From the last page; without it there may be more.
    token: Option<String>,
    completeness: Completeness,
}

impl GoogleCalendar {
    pub(super) async fn list_all(&self, within: Interval) -> Result<Listing, RemoteError> {
        let bounds = bounds(within);
        let joined = self.pages(From::Window(bounds)).await?;
        let cursor = joined.token.and_then(|token| Bookmark::new(token, bounds).cursor());
        let entries = told_in_full(joined.lines, within);
        Ok(Listing { entries, cursor, completeness: joined.completeness })
    }

    pub(super) async fn list_only(&self, within: Interval) -> Result<Listing, RemoteError> {
        let joined = self.pages(From::Window(within)).await?;
        let entries = told_in_full(joined.lines, within);
        Ok(Listing { entries, cursor: None, completeness: joined.completeness })
    }

    /// One request where nothing changed.
    pub(super) async fn list_since(&self, since: &Cursor, within: Interval) -> Result<Listing, RemoteError> {
        let lost = || RemoteError::CursorLost { what: "a Google calendar".into() };
        let bookmark = Bookmark::read(since, within).ok_or_else(lost)?;
        let joined = self.pages(From::Token(&bookmark.token)).await?;
        let token = joined.token.ok_or_else(lost)?;
        let cursor = bookmark.moved_to(token).cursor();
        Ok(Listing { entries: changes(joined.lines, within), cursor, completeness: joined.completeness })
    }

    /// Every page of a listing (trap A-T12): an empty one may be followed by more.
    async fn pages(&self, from: From<'_>) -> Result<Joined, RemoteError> {
        let mut lines = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let list = ListEvents { calendar: &self.id, from, page: next.as_deref() };
            let page = self.session.ask(&list).await?;
            lines.extend(page.items);
            next = page.next_page_token;
            if next.is_none() {
                return Ok(Joined {
                    lines,
                    token: page.next_sync_token,
                    completeness: Completeness::Complete,
                });
            }
        }
        Ok(Joined { lines, token: None, completeness: Completeness::Incomplete })
    }
}

/// What a listing says of one item.
#[derive(Default)]
struct Gathered {
    single: Option<Event>,
    /// By their ids: of what is told twice the last word counts.
    occurrences: BTreeMap<String, Event>,
    unreadable: bool,
}

fn told_in_full(lines: Vec<Line>, within: Interval) -> Vec<Entry> {
    let mut items: BTreeMap<String, Gathered> = BTreeMap::new();
    for line in lines {
        match line {
            Line::Event(event) => match event.recurring_event_id.clone() {
                Some(series) => {
                    drop(items.entry(series).or_default().occurrences.insert(event.id.clone(), *event));
                }
                None => single(&mut items, *event),
            },
            Line::Unreadable { id } => items.entry(id).or_default().unreadable = true,
            Line::Nameless => {}
        }
    }
    items.into_iter().map(|(item, gathered)| gathered.entry(&item, within)).collect()
}

fn single(items: &mut BTreeMap<String, Gathered>, event: Event) {
    let item = event.id.clone();
    items.entry(item).or_default().single = Some(event);
}

impl Gathered {
    fn entry(self, item: &str, within: Interval) -> Entry {
        let revision = self.single.as_ref().and_then(|event| event.etag.clone());
        let is_gone = self.single.as_ref().is_some_and(Event::is_cancelled) && self.occurrences.is_empty();
        if is_gone {
            return Entry::Seen(sighting(item, None, within, Seen::Gone));
        }
        if let Some(name) = MirrorId::parse(item) {
            let revision = revision.filter(|_| self.occurrences.is_empty());
            return touched(item, revision, Some(name));
        }
        let seen = self.seen().unwrap_or_else(|error| Seen::Unreadable { reason: error.to_string() });
        Entry::Seen(sighting(item, revision, within, seen))
    }

    fn seen(self) -> Result<Seen, Unreadable> {
        if self.unreadable {
            return Err(Unreadable::BadField);
        }
        let single = self.single.iter().map(translate::single);
        let events = single.chain(self.occurrences.values().map(translate::occurrence));
        let events = events.collect::<Result<_, _>>()?;
        Ok(match self.single.as_ref().and_then(Event::named) {
            Some(mirror) => Seen::Named { mirror, content: mirror::ruined(), events },
            None => Seen::Events(events),
        })
    }
}

/// Names of series that something happened to, and single events as they now are.
fn changes(lines: Vec<Line>, within: Interval) -> Vec<Entry> {
    let mut series: BTreeSet<String> = BTreeSet::new();
    let mut singles: BTreeMap<String, Gathered> = BTreeMap::new();
    for line in lines {
        match line {
            Line::Event(event) => {
                let told_of = series_of(&event).map(str::to_owned);
                let is_occurrence = event.recurring_event_id.is_some() || event.is_master();
                series.extend(told_of);
                if !is_occurrence {
                    single(&mut singles, *event);
                }
            }
            Line::Unreadable { id } => singles.entry(id).or_default().unreadable = true,
            Line::Nameless => {}
        }
    }
    singles.retain(|item, _| !series.contains(item));
    let told = singles.into_iter().map(|(item, gathered)| gathered.entry(&item, within));
    told.chain(series.iter().map(|item| touched(item, None, MirrorId::parse(item)))).collect()
}

/// The series that a change concerns. Deleting a whole series leaves one bare tombstone for each occurrence
/// (shapes A.5.3 a and d), which may name their series in their ids alone.
fn series_of(event: &Event) -> Option<&str> {
    if let Some(series) = event.recurring_event_id.as_deref() {
        return Some(series);
    }
    if event.is_master() {
        return Some(&event.id);
    }
    let (series, start) = event.id.rsplit_once('_').filter(|_| event.is_cancelled())?;
    let is_start = matches!(start.len(), 8 | 16)
        && start.starts_with(|first: char| first.is_ascii_digit())
        && start.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'T' | b'Z'));
    (is_start && !series.is_empty()).then_some(series)
}

fn touched(item: &str, revision: Option<String>, name: Option<MirrorId>) -> Entry {
    Entry::Touched { item: ItemId::new(item), revision: revision.map(Revision::new), name }
}
