//! Reading by id: each event with our marker, and of a series its occurrences inside the window. What cannot be read
//! is never taken for deleted.

use std::collections::BTreeMap;

use daybook_core::event::{Seen, Sighting};
use daybook_core::ids::ItemId;
use daybook_core::time::Interval;
use daybook_engine::ports::RemoteError;

use super::MicrosoftCalendar;
use super::cursor::strips;
use super::find;
use crate::translate::event::{seen, sighting, unreadable};
use crate::wire::Operation;
use crate::wire::event::{Event, Found, Kind, Line};
use crate::wire::read::{GetEvent, Instances};

/// Pages of the occurrences of one series: 20,000.
const MAX_PAGES: usize = 100;

/// What is known of the occurrences of a series.
#[derive(Default)]
enum Occurrences {
    #[default]
    Gone,
    There(Vec<Line>),
    Unreadable,
}

impl MicrosoftCalendar {
    pub(super) async fn get_items(
        &self,
        items: &[ItemId],
        within: Interval,
    ) -> Result<Vec<Sighting>, RemoteError> {
        let requests: Vec<GetEvent<'_>> =
            items.iter().map(|id| GetEvent { calendar: &self.id, id }).collect();
        let answers = self.session.ask_each(&requests).await;
        let mut sightings = Vec::with_capacity(items.len());
        let mut series = Vec::new();
        for (item, answer) in items.iter().zip(answers) {
            let alone = |seen| sighting(item.as_str(), None, within, seen);
            match settled(answer)? {
                Settled::Told(None) => sightings.push(alone(Seen::Gone)),
                Settled::Told(Some(found)) if found.event.kind() == Kind::Master => {
                    series.push((item, found));
                }
                Settled::Told(Some(found)) => {
                    sightings.push(read(item, &found, std::slice::from_ref(&found.event), within));
                }
                Settled::Unreadable => sightings.push(alone(unreadable())),
            }
        }
        sightings.extend(self.read_series(series, within).await?);
        Ok(sightings)
    }

    async fn read_series(
        &self,
        series: Vec<(&ItemId, Found)>,
        within: Interval,
    ) -> Result<Vec<Sighting>, RemoteError> {
        let masters: Vec<&ItemId> = series.iter().map(|(item, _)| *item).collect();
        let mut occurrences = self.occurrences(&masters, within).await?;
        let sighting = |(item, found): (&ItemId, Found)| {
            let alone = |seen| sighting(item.as_str(), Some(&found.event), within, seen);
            match occurrences.remove(item).unwrap_or_default() {
                Occurrences::Gone => alone(Seen::Gone),
                Occurrences::There(lines) => match events(lines) {
                    Some(events) => read(item, &found, &events, within),
                    None => alone(unreadable()),
                },
                Occurrences::Unreadable => alone(unreadable()),
            }
        };
        Ok(series.into_iter().map(sighting).collect())
    }

    /// The first pages together, further ones one by one.
    async fn occurrences(
        &self,
        masters: &[&ItemId],
        within: Interval,
    ) -> Result<BTreeMap<ItemId, Occurrences>, RemoteError> {
        let mut all: BTreeMap<ItemId, Occurrences> = BTreeMap::new();
        for window in strips(within) {
            let first: Vec<Instances<'_>> =
                masters.iter().map(|master| Instances::open(&self.id, master, window)).collect();
            for (master, answer) in masters.iter().zip(self.session.ask_each(&first).await) {
                let more = match settled(answer)? {
                    Settled::Told(None) => Occurrences::Gone,
                    Settled::Told(Some(page)) => {
                        Occurrences::There(self.to_the_end(page.lines, page.next).await?)
                    }
                    Settled::Unreadable => Occurrences::Unreadable,
                };
                let known = all.entry((*master).clone()).or_default();
                *known = std::mem::take(known).and(more);
            }
        }
        Ok(all)
    }

    async fn to_the_end(
        &self,
        mut lines: Vec<Line>,
        mut next: Option<String>,
    ) -> Result<Vec<Line>, RemoteError> {
        for _ in 0..MAX_PAGES {
            let Some(link) = next else { return Ok(lines) };
            let target = self.session.follow(&link, &self.what())?;
            let request = Instances { calendar: &self.id, target };
            let missing = || RemoteError::Missing { what: request.what() };
            let page = self.session.ask(&request).await?.ok_or_else(missing)?;
            lines.extend(page.lines);
            next = page.next;
        }
        Err(RemoteError::Unintelligible { what: self.what(), cause: None })
    }
}

impl Occurrences {
    /// With those of another strip of the window.
    fn and(self, more: Self) -> Self {
        match (self, more) {
            (Self::Unreadable, _) | (_, Self::Unreadable) => Self::Unreadable,
            (Self::There(mut lines), Self::There(more)) => {
                lines.extend(more);
                Self::There(lines)
            }
            (there @ Self::There(_), Self::Gone) | (Self::Gone, there) => there,
        }
    }
}

/// Of each occurrence one; `None` where one cannot be read.
fn events(lines: Vec<Line>) -> Option<Vec<Event>> {
    let mut events: BTreeMap<String, Event> = BTreeMap::new();
    for line in lines {
        match line {
            Line::Event(event) => drop(events.insert(event.id.clone(), *event)),
            Line::Unreadable { .. } => return None,
        }
    }
    Some(events.into_values().collect())
}

fn read(item: &ItemId, found: &Found, events: &[Event], within: Interval) -> Sighting {
    let seen = match (seen(events.iter()), found.event.name()) {
        (Seen::Events(events), Some(mirror)) => {
            Seen::Named { content: find::content(&mirror, found), mirror, events }
        }
        (seen, _) => seen,
    };
    sighting(item.as_str(), Some(&found.event), within, seen)
}

/// What one item's answer comes to.
enum Settled<T> {
    Told(T),
    /// Another answer is not to be expected, and none of the others waits for it (E-040).
    Unreadable,
}

/// What concerns the whole calendar, or passes, is an error.
fn settled<T>(answer: Result<T, RemoteError>) -> Result<Settled<T>, RemoteError> {
    let error = match answer {
        Ok(told) => return Ok(Settled::Told(told)),
        Err(error) => error,
    };
    if !is_about_one(&error) {
        return Err(error);
    }
    tracing::warn!(%error, "one event cannot be read");
    Ok(Settled::Unreadable)
}

/// Whether asking for this one again brings no other answer, while the rest of the calendar may be well.
pub(super) fn is_about_one(error: &RemoteError) -> bool {
    match error {
        RemoteError::Rejected { .. }
        | RemoteError::Unintelligible { .. }
        | RemoteError::Forbidden { .. }
        | RemoteError::Conflict { .. }
        | RemoteError::CursorLost { .. } => true,
        RemoteError::Later { .. }
        | RemoteError::Refused { .. }
        | RemoteError::Missing { .. }
        | RemoteError::Unconfigured { .. } => false,
    }
}
