//! One calendar: items by the ids that their makers chose, a counter for revisions and cursors, tombstones, and what a
//! person adds to a mirror of ours.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};

use async_trait::async_trait;
use daybook_core::event::{Event, EventStatus, Response, Seen, ShownAs, Sighting};
use daybook_core::ids::{CalendarId, Cursor, ItemId, OccurrenceId};
use daybook_core::key::Target;
use daybook_core::link::Touch;
use daybook_core::mirror::{Certainty, Content, Expected, MirrorContent, MirrorId};
use daybook_core::time::{Interval, When};
use daybook_engine::ports::{
    Calendar, CalendarInfo, Completeness, Contents, Entry, Listing, MirrorRef, MirrorSighting, Mirrors,
    Naming, RemoteError, Step, Written,
};
use jiff::tz::TimeZone;

use super::ehr::{listed, revision};
use super::fault::{Ending, Fate, Plant, Point};
use super::{State, World};

pub struct CalendarState {
    pub info: CalendarInfo,
    /// Whether a listing tells items in full, or only that they are there.
    pub tells_in_full: bool,
    pub items: BTreeMap<ItemId, Item>,
    /// What is left of removed items.
    pub tombstones: BTreeMap<ItemId, Tombstone>,
    /// Grows with each change.
    pub changes: u64,
    /// Older bookmarks than this have expired.
    pub forgotten: u64,
}

/// One thing in a calendar.
pub struct Item {
    pub body: Body,
    /// What a person wrote on a mirror of ours.
    pub notes: Option<String>,
    pub changed: u64,
    /// Which step of the world changed it last.
    pub step: u64,
    /// Each time that it ever took, oldest first; a series has one list for all.
    pub history: Vec<Interval>,
}

/// What is left of a removed item.
pub struct Tombstone {
    pub changed: u64,
    pub step: u64,
    pub history: Vec<Interval>,
}

pub enum Body {
    Mirror(MirrorContent),
    Events(Vec<Event>),
    Unreadable,
}

impl CalendarState {
    pub fn new(info: CalendarInfo) -> Self {
        Self {
            info,
            tells_in_full: false,
            items: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            changes: 0,
            forgotten: 0,
        }
    }

    /// Stores an item as changed now.
    pub fn put(&mut self, id: ItemId, body: Body, notes: Option<String>, step: u64) {
        self.changes += 1;
        let before = self.tombstones.remove(&id).map(|left| left.history).unwrap_or_default();
        let mut history = self.items.remove(&id).map_or(before, |item| item.history);
        history.extend(body.spans());
        self.items.insert(id, Item { body, notes, changed: self.changes, step, history });
    }

    /// Removes an item; removing what is not there changes nothing.
    pub fn remove(&mut self, id: &ItemId, step: u64) {
        let Some(item) = self.items.remove(id) else { return };
        self.changes += 1;
        let tombstone = Tombstone { changed: self.changes, step, history: item.history };
        self.tombstones.insert(id.clone(), tombstone);
    }

    /// Every time that an item ever took, though it may be gone.
    pub fn history_of(&self, item: &str) -> Vec<Interval> {
        let id = ItemId::from(item);
        let standing = self.items.get(&id).map(|item| &item.history);
        let found = standing.or_else(|| self.tombstones.get(&id).map(|left| &left.history));
        found.cloned().unwrap_or_default()
    }

    fn sighting(&self, id: &ItemId, within: Interval) -> Sighting {
        let item = self.items.get(id);
        let seen = item.map_or(Seen::Gone, |item| item.body.seen(id, within));
        let revision = item.map(|item| revision(item.changed));
        Sighting { item: id.clone(), series: id.as_str().into(), revision, covers: within, seen }
    }

    fn entry(&self, id: &ItemId, within: Interval, plant: Option<Plant>) -> Entry {
        match self.items.get(id) {
            Some(item) if !self.tells_in_full => {
                let (item, revision) = (id.clone(), Some(revision(item.changed)));
                let name = named(&item, plant);
                Entry::Touched { item, revision, name }
            }
            _ => Entry::Seen(self.sighting(id, within)),
        }
    }
}

impl Body {
    pub fn spans(&self) -> Vec<Interval> {
        match self {
            Body::Mirror(content) => vec![content.interval],
            Body::Events(events) => events.iter().map(|event| event.when.resolve(&zone())).collect(),
            Body::Unreadable => Vec::new(),
        }
    }

    fn seen(&self, id: &ItemId, within: Interval) -> Seen {
        match self {
            Body::Mirror(content) => match MirrorId::parse(id.as_str()) {
                Some(mirror) => {
                    Seen::Named { mirror, content: content.clone(), events: vec![single(content.interval)] }
                }
                None => Seen::Events(vec![single(content.interval)]),
            },
            Body::Events(events) => {
                let inside =
                    |event: &&Event| events.len() == 1 || event.when.resolve(&zone()).overlaps(&within);
                Seen::Events(events.iter().filter(inside).cloned().collect())
            }
            Body::Unreadable => Seen::Unreadable { reason: "two masters".into() },
        }
    }
}

/// Where the clinic is.
pub fn zone() -> TimeZone {
    TimeZone::get("America/New_York").expect("zone data is built in")
}

/// A plain busy event.
pub fn single(at: Interval) -> Event {
    Event {
        occurrence: OccurrenceId::single(),
        when: When::Timed(at),
        status: EventStatus::Confirmed,
        shown_as: ShownAs::Busy,
        response: Response::Own,
    }
}

/// The name that an id carries; a copy's id is the mirror's behind a word.
fn named(item: &ItemId, plant: Option<Plant>) -> Option<MirrorId> {
    let id = item.as_str();
    MirrorId::parse(if plant == Some(Plant::CopiesAreMirrors) {
        id.strip_prefix("copy-").unwrap_or(id)
    } else {
        id
    })
}

pub(super) struct Remote {
    pub world: Arc<World>,
    pub label: String,
    pub id: CalendarId,
}

impl Remote {
    /// Works on the calendar under the lock, if the account lets us in.
    fn with<T>(
        &self,
        state: &mut State,
        work: impl FnOnce(&mut CalendarState) -> T,
    ) -> Result<T, RemoteError> {
        let calendar = state.standing(&self.label)?.calendars.get_mut(&self.id);
        let missing = || RemoteError::Missing { what: format!("calendar {}", self.id) };
        calendar.map(work).ok_or_else(missing)
    }

    /// One fault point, then the lock; the request is told.
    async fn read(
        &self,
        point: Point,
        what: impl FnOnce() -> String + Send,
    ) -> Result<MutexGuard<'_, State>, RemoteError> {
        let fate = self.world.point(point).await;
        let mut state = self.world.lock();
        state.tell_read(|| format!("{}: {}", self.id, what()));
        fate.of_remote("the calendar")?;
        Ok(state)
    }

    fn target(&self) -> Target {
        Target::Calendar(self.id.clone())
    }
}

#[async_trait]
impl Calendar for Remote {
    async fn list(&self, within: Interval) -> Result<Listing, RemoteError> {
        let mut state = self.read(Point::CalendarRead, || "list".into()).await?;
        let plant = state.plant;
        let listing = self.with(&mut state, |calendar| {
            let inside = |item: &Item| {
                matches!(item.body, Body::Unreadable)
                    || item.body.spans().iter().any(|span| span.overlaps(&within))
            };
            let ids: Vec<ItemId> =
                calendar.items.iter().filter(|(_, item)| inside(item)).map(|(id, _)| id.clone()).collect();
            calendar.listing(&ids, within, plant, calendar.changes)
        })?;
        Ok(planted(listing, plant))
    }

    async fn list_changes(&self, since: &Cursor, within: Interval) -> Result<Listing, RemoteError> {
        let mut state = self.read(Point::CalendarDelta, || "what has changed".into()).await?;
        let since: u64 = since.as_str().parse().unwrap_or_default();
        let plant = state.plant;
        let ahead = u64::from(state.is_planted(Plant::CursorAhead));
        let listing = self.with(&mut state, |calendar| {
            if since < calendar.forgotten {
                return Err(RemoteError::CursorLost { what: "the calendar".into() });
            }
            let standing = calendar.items.iter().map(|(id, item)| (item.changed, id));
            let removed = calendar.tombstones.iter().map(|(id, left)| (left.changed, id));
            let changed = standing.chain(removed).filter(|(changed, _)| *changed > since);
            let ids: Vec<ItemId> = changed.map(|(_, id)| id.clone()).collect();
            Ok(calendar.listing(&ids, within, plant, calendar.changes + ahead))
        })??;
        if state.is_planted(Plant::CursorFirst)
            && let (Some(claim), Some(cursor)) = (state.current_claim(), &listing.cursor)
            && let Ok(row) = state.row(&claim)
        {
            row.connection.schedule.cursors.insert(self.id.clone(), cursor.clone());
        }
        Ok(planted(listing, plant))
    }

    async fn list_once(&self, within: Interval) -> Result<Listing, RemoteError> {
        Ok(Listing { cursor: None, ..self.list(within).await? })
    }

    fn naming_of(&self, item: &ItemId) -> Naming {
        named(item, self.world.lock().plant).map_or(Naming::Foreign, Naming::Named)
    }

    async fn get(&self, items: &[ItemId], within: Interval) -> Result<Vec<Sighting>, RemoteError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let what = || format!("read {}", listed(items.iter().map(ItemId::as_str)));
        let mut state = self.read(Point::CalendarRead, what).await?;
        let plant = state.plant;
        let mut sightings: Vec<Sighting> = self.with(&mut state, |calendar| {
            items.iter().map(|item| calendar.sighting(item, within)).collect()
        })?;
        for sighting in &mut sightings {
            bend(sighting, plant);
        }
        Ok(sightings)
    }

    async fn contents(&self) -> Result<Contents, RemoteError> {
        let mut state = self.read(Point::CalendarRead, || "is anything there".into()).await?;
        let is_empty = self.with(&mut state, |calendar| calendar.items.is_empty())?;
        Ok(if is_empty { Contents::Nothing } else { Contents::Something })
    }
}

impl CalendarState {
    fn listing(&self, ids: &[ItemId], within: Interval, plant: Option<Plant>, cursor: u64) -> Listing {
        Listing {
            entries: ids.iter().map(|id| self.entry(id, within, plant)).collect(),
            cursor: Some(Cursor::new(cursor.to_string())),
            completeness: Completeness::Complete,
        }
    }
}

fn planted(mut listing: Listing, plant: Option<Plant>) -> Listing {
    for entry in &mut listing.entries {
        match entry {
            Entry::Seen(sighting) if sighting.seen != Seen::Gone => bend(sighting, plant),
            Entry::Touched { name, .. } if plant == Some(Plant::MirrorsAreEvents) => *name = None,
            Entry::Seen(_) | Entry::Touched { .. } => {}
        }
    }
    listing
}

/// Makes of a sighting what the plant wants.
fn bend(sighting: &mut Sighting, plant: Option<Plant>) {
    match plant {
        Some(Plant::ReadsSayGone) => sighting.seen = Seen::Gone,
        Some(Plant::MirrorsAreEvents) => forget_name(sighting),
        Some(Plant::CopiesAreMirrors) => take_for_mirror(sighting),
        _ => {}
    }
}

/// A copy of a mirror bears the mirror's name.
fn take_for_mirror(sighting: &mut Sighting) {
    let copied = sighting.item.as_str().strip_prefix("copy-").and_then(MirrorId::parse);
    if let (Some(mirror), Seen::Events(events)) = (copied, &sighting.seen)
        && let Some(span) = events.first().map(|event| event.when.resolve(&zone()))
    {
        let content = MirrorContent {
            title: "Busy".into(),
            interval: span,
            certainty: Certainty::Confirmed,
            location: None,
            reminder_minutes: None,
        };
        sighting.seen = Seen::Named { mirror, content, events: events.clone() };
    }
}

fn forget_name(sighting: &mut Sighting) {
    if let Seen::Named { events, .. } = &sighting.seen {
        sighting.seen = Seen::Events(events.clone());
    }
}

#[async_trait]
impl Mirrors for Remote {
    fn steps_per_request(&self) -> usize {
        1
    }

    async fn carry_out(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>> {
        let mut results = Vec::new();
        for step in steps {
            let fate = self.world.point(Point::CalendarWrite).await;
            results.push(self.carry_out_one(step, fate));
        }
        results
    }

    async fn find(&self, mirrors: &[MirrorRef]) -> Result<Vec<MirrorSighting>, RemoteError> {
        let what = || format!("find {} mirrors", mirrors.len());
        let mut state = self.read(Point::CalendarRead, what).await?;
        self.with(&mut state, |calendar| {
            let find = |at: &MirrorRef| {
                let item = calendar.items.get(&item_of(at));
                let content = item.and_then(|item| match &item.body {
                    Body::Mirror(content) => Some(Content::Mirror(content.clone())),
                    Body::Events(_) | Body::Unreadable => None,
                });
                let revision = item.map(|item| revision(item.changed));
                MirrorSighting { mirror: at.mirror.clone(), remote: None, revision, content }
            };
            mirrors.iter().map(find).collect()
        })
    }
}

fn item_of(at: &MirrorRef) -> ItemId {
    at.remote.clone().unwrap_or_else(|| ItemId::new(at.mirror.as_str()))
}

impl Remote {
    fn carry_out_one(&self, step: &Step, fate: Fate) -> Result<Written, RemoteError> {
        let ending = fate.of_remote("the mirror")?;
        let mut state = self.world.lock();
        self.with(&mut state, |_| ())?;
        let written = match step {
            Step::Put { at, expected, content } => {
                let Content::Mirror(content) = content else {
                    return Err(RemoteError::Rejected { what: "a block".into(), why: "no event".into() });
                };
                self.put(&mut state, at, expected, content, ending)
            }
            Step::Delete { at, .. } => self.delete(&mut state, at),
        };
        ending.remote("the mirror", written?)
    }

    fn put(
        &self,
        state: &mut State,
        at: &MirrorRef,
        expected: &Expected,
        content: &MirrorContent,
        ending: Ending,
    ) -> Result<Written, RemoteError> {
        let item = item_of(at);
        let blind = state.is_planted(Plant::PutsOverWhatStands);
        let deaf = state.is_planted(Plant::PutsOverOthersChanges);
        let lies = state.is_planted(Plant::ConflictIsSuccess) && ending == Ending::Told;
        let standing = self.with(state, |calendar| {
            calendar.items.get(&item).map(|item| (revision(item.changed), item.notes.clone()))
        })?;
        let keeps = match (expected, &standing) {
            (Expected::Absent | Expected::Doubtful, None) => None,
            (Expected::Absent | Expected::Doubtful, Some(_)) if blind => None,
            (Expected::Revision(known, touch), Some((revision, notes))) if known == revision || deaf => {
                notes.clone().filter(|_| *touch == Touch::Decorated)
            }
            (Expected::Unversioned, standing) => standing.as_ref().and_then(|(_, notes)| notes.clone()),
            _ if lies => return Ok(Written { revision: Some(revision(0)), ..Written::default() }),
            _ => return Err(RemoteError::Conflict { what: "the mirror".into() }),
        };
        state.check_put(&self.target(), &at.mirror, &Content::Mirror(content.clone()));
        state.check_notes(standing.and_then(|(_, notes)| notes), keeps.as_deref());
        state.check_hand(&self.label, &self.id, &item);
        let mut stored = content.clone();
        if state.is_planted(Plant::ContentDrifts) {
            stored.title.push('!');
        }
        let step = state.step();
        let touch = if keeps.is_some() { Touch::Decorated } else { Touch::OursAlone };
        let changed = self.with(state, |calendar| {
            calendar.put(item, Body::Mirror(stored), keeps, step);
            calendar.changes
        })?;
        Ok(Written { remote: None, revision: Some(revision(changed)), touch: Some(touch) })
    }

    fn delete(&self, state: &mut State, at: &MirrorRef) -> Result<Written, RemoteError> {
        let item = item_of(at);
        state.check_delete(&self.target(), &at.mirror);
        state.check_hand(&self.label, &self.id, &item);
        if !state.is_planted(Plant::RemovesNothing) {
            let step = state.step();
            self.with(state, |calendar| calendar.remove(&item, step))?;
        }
        Ok(Written::default())
    }
}
