//! From what an adapter saw of a calendar to what a plan needs: owners in the busy lane, mirrors in the
//! appointments lane.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::tz::TimeZone;

use super::{MirrorSight, OwnerSight};
use crate::busy::{Busy, Open, busy, busy_by_hand};
use crate::event::{Event, EventRef, Seen, Sighting};
use crate::free_day::{self, FreeDay, Standing};
use crate::hours::Hours;
use crate::ids::{CalendarId, OccurrenceId, PractitionerId};
use crate::key::{Owner, PracticeKey};
use crate::link::Link;
use crate::mirror::{BlockContent, Content, MirrorId};
use crate::time::{Interval, When};

/// Where owners come from. Each has its own cursor, completeness and brake.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    Ehr,
    Calendar(CalendarId),
}

pub fn source(owner: &Owner) -> Source {
    match owner {
        Owner::Appointment(_) => Source::Ehr,
        Owner::Event(event) => Source::Calendar(event.calendar.clone()),
    }
}

/// What a person thinks of as one event, for the brake.
pub(super) fn series(owner: &Owner) -> &str {
    match owner {
        Owner::Appointment(id) => id.as_str(),
        Owner::Event(event) => event.series.as_str(),
    }
}

pub(super) fn series_by_source<'a>(
    links: impl Iterator<Item = &'a Link>,
) -> HashMap<Source, HashSet<&'a str>> {
    let mut sources: HashMap<Source, HashSet<&str>> = HashMap::new();
    for link in links {
        sources.entry(source(&link.owner)).or_default().insert(series(&link.owner));
    }
    sources
}

/// How a clinician's events are read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub calendar: &'a CalendarId,
    pub practitioner: &'a PractitionerId,
    pub key: &'a PracticeKey,
    pub zone: &'a TimeZone,
    /// `None`: any busy time closes. Otherwise only what touches these hours.
    pub within_hours: Option<&'a Hours>,
    /// All-day entries marked free that close their days all the same.
    pub closed_days: &'a BTreeSet<String>,
    /// Whether `Gone` is a tombstone from the provider's delta, or an answer to our asking.
    pub gone_is: Gone,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gone {
    Tombstone,
    NotFound,
}

/// What one sighting says in both lanes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Observed {
    pub owners: Vec<(Owner, OwnerSight)>,
    /// A mirror of ours, standing in the calendar that was read.
    pub mirror: Option<(MirrorId, MirrorSight)>,
    /// All-day entries marked free: they look closed to a person, and are open to clients unless somebody said otherwise.
    pub free_days: Vec<FreeDay>,
    pub unreadable: bool,
}

/// Whether this item is a mirror of ours, by its name alone (E-046, E-047).
pub fn own_mirror<'a>(sighting: &'a Sighting, reading: &Reading) -> Option<&'a MirrorId> {
    match &sighting.seen {
        Seen::Named { mirror, .. } if reading.key.is_ours(reading.practitioner, mirror) => Some(mirror),
        _ => None,
    }
}

/// Reads one sighting. `links` are the busy links of this item.
pub fn observe(sighting: &Sighting, links: &[&Link], reading: &Reading) -> Observed {
    match &sighting.seen {
        Seen::Named { mirror, content, .. } if reading.key.is_ours(reading.practitioner, mirror) => {
            Observed {
                mirror: Some((
                    mirror.clone(),
                    MirrorSight::Holds {
                        content: Content::Mirror(content.clone()),
                        revision: sighting.revision.clone(),
                        remote: Some(sighting.item.clone()),
                    },
                )),
                // An item that once was an event of theirs and now bears our name owns nothing any more.
                owners: all(links, &OwnerSight::NotWanted),
                ..Observed::default()
            }
        }
        Seen::Named { events, .. } | Seen::Events(events) => observe_events(sighting, events, links, reading),
        Seen::Gone => Observed {
            owners: all(
                links,
                match reading.gone_is {
                    Gone::Tombstone => &OwnerSight::NotWanted,
                    Gone::NotFound => &OwnerSight::Absent,
                },
            ),
            ..Observed::default()
        },
        Seen::Unreadable { .. } => {
            Observed { owners: all(links, &OwnerSight::Unclear), unreadable: true, ..Observed::default() }
        }
    }
}

fn all(links: &[&Link], sight: &OwnerSight) -> Vec<(Owner, OwnerSight)> {
    links.iter().map(|link| (link.owner.clone(), sight.clone())).collect()
}

fn observe_events(sighting: &Sighting, events: &[Event], links: &[&Link], reading: &Reading) -> Observed {
    let mut observed = Observed::default();
    let mut owners: HashMap<Owner, OwnerSight> = HashMap::new();
    let is_over = |link: &&&Link| was_looked_for(link, sighting.covers) || is_of_another_kind(link, events);
    for link in links.iter().filter(is_over) {
        owners.insert(link.owner.clone(), OwnerSight::NotWanted);
    }
    for event in events {
        let at = at(sighting, event, reading);
        let free = free_day(&at, event, reading);
        let verdict = match &free {
            Some(FreeDay { standing: Standing::ClosedByHand, .. }) => busy_by_hand(event, reading.zone),
            _ => busy(event, reading.zone),
        };
        observed.free_days.extend(free);
        owners.insert(Owner::Event(at), wanted(verdict, reading));
    }
    observed.owners = owners.into_iter().collect();
    observed
}

/// An occurrence outside the time that was looked at is not missing.
fn was_looked_for(link: &Link, covers: Interval) -> bool {
    link.span().is_none_or(|span| span.overlaps(&covers))
}

/// Of an event that has become a series, or the other way round: nothing of what it was stands, wherever it stood.
fn is_of_another_kind(link: &Link, events: &[Event]) -> bool {
    let Owner::Event(known) = &link.owner else { return false };
    let single = OccurrenceId::single();
    events.first().is_some_and(|seen| (seen.occurrence == single) != (known.occurrence == single))
}

fn at(sighting: &Sighting, event: &Event, reading: &Reading) -> EventRef {
    EventRef {
        calendar: reading.calendar.clone(),
        item: sighting.item.clone(),
        series: sighting.series.clone(),
        occurrence: event.occurrence.clone(),
    }
}

/// `None`: it is no all-day entry that is marked free.
fn free_day(at: &EventRef, event: &Event, reading: &Reading) -> Option<FreeDay> {
    let When::AllDay { first, end } = event.when else { return None };
    if busy(event, reading.zone) != Busy::Open(Open::FreeAllDay) {
        return None;
    }
    let mark = free_day::mark(reading.key, at, end);
    let is_closed = free_day::is_closed(reading.closed_days, &mark);
    let standing = if is_closed { Standing::ClosedByHand } else { Standing::Open };
    Some(FreeDay { first, end, calendar: at.calendar.clone(), mark, standing })
}

fn wanted(verdict: Busy, reading: &Reading) -> OwnerSight {
    match verdict {
        Busy::Closes(block) if touches_hours(block, reading) => OwnerSight::Wanted(Content::Block(block)),
        Busy::Closes(_) | Busy::Open(_) => OwnerSight::NotWanted,
    }
}

fn touches_hours(block: BlockContent, reading: &Reading) -> bool {
    reading.within_hours.is_none_or(|hours| !hours.open(block.interval, reading.zone).is_empty())
}
