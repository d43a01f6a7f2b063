//! Reading by id, many in one request. What is not answered is left out and never taken for deleted; a "not found"
//! counts only where the calendar itself is there; and what Google will not tell of one event, however often it is
//! asked, is an event that cannot be read.

use std::collections::BTreeMap;

use daybook_core::event::{Event, Seen, Sighting};
use daybook_core::ids::{ItemId, Revision};
use daybook_core::mirror::{Content, MirrorContent, MirrorId};
use daybook_core::time::Interval;
use daybook_engine::ports::{MirrorRef, MirrorSighting, RemoteError};

use super::{GoogleCalendar, sighting};
use crate::mirror;
use crate::translate::{self, Unreadable};
use crate::wire::events::{GetEvent, Line, ListInstances, Looked, Page, Probe};

/// Pages of 2,500 occurrences of one series: one that recurs hourly fills 53 in the longest window of 15 years. What has
/// more is not read by halves.
const MOST_PAGES: usize = 60;

/// The occurrences of a series, or that there is none.
type Occurrences = Option<Result<Vec<Event>, Unreadable>>;

impl GoogleCalendar {
    pub(super) async fn get_items(
        &self,
        items: &[ItemId],
        within: Interval,
    ) -> Result<Vec<Sighting>, RemoteError> {
        let ids: Vec<&str> = items.iter().map(ItemId::as_str).collect();
        let Told { mut answers, withheld, .. } = self.look_at(&ids).await?;
        let series: Vec<&str> = ids.iter().copied().filter(|id| is_series(answers.get(*id))).collect();
        let mut expanded = self.expand(&series, within).await?;
        let sighting = |id: &str| {
            let looked = answers.remove(id)?;
            if is_series(Some(&looked)) {
                let occurrences = expanded.remove(id)?;
                return Some(series_sighting(id, looked, occurrences, within));
            }
            Some(single_sighting(id, looked, within))
        };
        let told = ids.into_iter().filter_map(sighting).collect::<Vec<_>>();
        let withheld = withheld.iter().map(|id| withheld_sighting(id, within));
        Ok(told.into_iter().chain(withheld).collect())
    }

    pub(super) async fn find_mirrors(
        &self,
        mirrors: &[MirrorRef],
    ) -> Result<Vec<MirrorSighting>, RemoteError> {
        let names: Vec<&str> = mirrors.iter().map(|at| at.mirror.as_str()).collect();
        let mut answers = self.look_at(&names).await?.answers;
        let found = mirrors.iter().filter_map(|at| {
            let looked = answers.remove(at.mirror.as_str())?;
            Some(mirror_sighting(&at.mirror, looked))
        });
        Ok(found.collect())
    }

    /// What stands under each id.
    async fn look_at(&self, ids: &[&str]) -> Result<Told<Looked>, RemoteError> {
        let looks: Vec<GetEvent<'_>> =
            ids.iter().map(|event| GetEvent { calendar: &self.id, event }).collect();
        let told = told(ids, self.session.ask_all(&looks).await)?;
        let is_vague = told.answers.values().any(|looked| matches!(looked, Looked::NotFound));
        if is_vague || (told.answers.is_empty() && !told.withheld.is_empty()) {
            self.probe().await?;
        }
        told.unless_lost()
    }

    /// `Missing` where the calendar is not there any more (trap A-T16). One that was just made may not be known
    /// everywhere yet, so that the list of calendars has the last word.
    pub(super) async fn probe(&self) -> Result<(), RemoteError> {
        let probed = self.session.ask(&Probe { calendar: &self.id }).await;
        let Err(RemoteError::Missing { what }) = probed else { return probed };
        let entries = self.session.list_entries().await?;
        if entries.iter().any(|entry| entry.id == self.id) {
            let cause = Some("it is listed and cannot be opened yet".into());
            return Err(RemoteError::Later { what, retry_after: None, cause });
        }
        Err(RemoteError::Missing { what })
    }

    /// The occurrences of each series inside the time.
    async fn expand(
        &self,
        series: &[&str],
        within: Interval,
    ) -> Result<BTreeMap<String, Occurrences>, RemoteError> {
        let first: Vec<ListInstances<'_>> =
            series.iter().map(|series| self.instances(series, within, None)).collect();
        let Told { answers, withheld, .. } =
            told(series, self.session.ask_all(&first).await)?.unless_lost()?;
        let mut expanded = BTreeMap::new();
        for (series, page) in answers {
            let occurrences = match page {
                None => None,
                Some(page) => Some(self.rest_of(&series, page, within).await?),
            };
            expanded.insert(series, occurrences);
        }
        expanded.extend(withheld.into_iter().map(|series| (series, Some(Err(Unreadable::Withheld)))));
        Ok(expanded)
    }

    /// All of it or nothing: half a series would open times that are taken.
    async fn rest_of(
        &self,
        series: &str,
        first: Page,
        within: Interval,
    ) -> Result<Result<Vec<Event>, Unreadable>, RemoteError> {
        let mut lines = first.items;
        let mut next = first.next_page_token;
        for _ in 1..MOST_PAGES {
            let Some(token) = next else { break };
            let page = match self.session.ask(&self.instances(series, within, Some(&token))).await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(Err(Unreadable::Interrupted)),
                Err(error) if is_withheld(&error) => return Ok(Err(Unreadable::Withheld)),
                Err(error) => return Err(error),
            };
            lines.extend(page.items);
            next = page.next_page_token;
        }
        if next.is_some() {
            return Ok(Err(Unreadable::TooMany));
        }
        Ok(lines.iter().filter_map(occurrence).collect())
    }

    fn instances<'a>(
        &'a self,
        series: &'a str,
        within: Interval,
        page: Option<&'a str>,
    ) -> ListInstances<'a> {
        ListInstances { calendar: &self.id, series, within, page }
    }
}

/// Answers by id.
struct Told<T> {
    answers: BTreeMap<String, T>,
    /// What asking again would not tell either.
    withheld: Vec<String>,
    /// Why the first of those without an answer has none.
    lost: Option<RemoteError>,
}

impl<T> Told<T> {
    /// Where nothing at all was told, nothing is known.
    fn unless_lost(self) -> Result<Self, RemoteError> {
        match self.lost {
            Some(error) if self.answers.is_empty() && self.withheld.is_empty() => Err(error),
            _ => Ok(self),
        }
    }
}

/// One that fails is left out; where the account or the calendar fails, nothing is known.
fn told<T>(ids: &[&str], results: Vec<Result<T, RemoteError>>) -> Result<Told<T>, RemoteError> {
    let mut told = Told { answers: BTreeMap::new(), withheld: Vec::new(), lost: None };
    for (id, result) in ids.iter().zip(results) {
        match result {
            Ok(answer) => drop(told.answers.insert((*id).to_owned(), answer)),
            Err(error) if is_withheld(&error) => {
                tracing::warn!(%error, "one event cannot be read");
                told.withheld.push((*id).to_owned());
            }
            Err(error) if is_about_one(&error) => {
                tracing::warn!(%error, "one event is not told now");
                told.lost.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

/// Said of this one event, now and another time.
fn is_withheld(error: &RemoteError) -> bool {
    matches!(error, RemoteError::Forbidden { .. } | RemoteError::Rejected { .. })
}

fn is_about_one(error: &RemoteError) -> bool {
    match error {
        RemoteError::Later { .. }
        | RemoteError::Conflict { .. }
        | RemoteError::Forbidden { .. }
        | RemoteError::Rejected { .. }
        | RemoteError::Unintelligible { .. } => true,
        RemoteError::Refused { .. }
        | RemoteError::CursorLost { .. }
        | RemoteError::Missing { .. }
        | RemoteError::Unconfigured { .. } => false,
    }
}

fn is_series(looked: Option<&Looked>) -> bool {
    matches!(looked, Some(Looked::There { event, .. }) if event.is_master())
}

fn occurrence(line: &Line) -> Option<Result<Event, Unreadable>> {
    match line {
        Line::Event(event) if event.is_cancelled() => None,
        Line::Event(event) => Some(translate::occurrence(event)),
        Line::Unreadable { .. } => Some(Err(Unreadable::BadField)),
        Line::Nameless => None,
    }
}

fn single_sighting(id: &str, looked: Looked, within: Interval) -> Sighting {
    match looked {
        Looked::There { event, dress } => {
            let events = translate::single(&event).map(|event| vec![event]);
            let content = dress.map(|dress| mirror::content(&event, &dress));
            let named = named(id, content, event.named());
            sighting(id, event.etag, within, seen(named, events))
        }
        Looked::Deleted { .. } | Looked::NotFound => sighting(id, None, within, Seen::Gone),
        Looked::Unreadable => sighting(id, None, within, unreadable(Unreadable::BadField)),
    }
}

fn withheld_sighting(id: &str, within: Interval) -> Sighting {
    sighting(id, None, within, unreadable(Unreadable::Withheld))
}

fn series_sighting(id: &str, looked: Looked, occurrences: Occurrences, within: Interval) -> Sighting {
    match (looked, occurrences) {
        (Looked::There { event, dress }, Some(events)) => {
            let content = dress.map(|dress| mirror::content(&event, &dress));
            let named = named(id, content, event.named());
            sighting(id, event.etag, within, seen(named, events))
        }
        (_, None) => sighting(id, None, within, Seen::Gone),
        (looked, Some(_)) => single_sighting(id, looked, within),
    }
}

/// A mirror by its id; or a name of ours that the event brought with it, of which no more is read than of any other.
fn named(
    id: &str,
    content: Option<MirrorContent>,
    uid: Option<MirrorId>,
) -> Option<(MirrorId, MirrorContent)> {
    MirrorId::parse(id).zip(content).or_else(|| Some((uid?, mirror::ruined())))
}

/// A mirror that cannot be read as an event is a mirror all the same, to be written anew.
fn seen(named: Option<(MirrorId, MirrorContent)>, events: Result<Vec<Event>, Unreadable>) -> Seen {
    match (named, events) {
        (Some((mirror, content)), events) => {
            Seen::Named { mirror, content, events: events.unwrap_or_default() }
        }
        (None, Ok(events)) => Seen::Events(events),
        (None, Err(error)) => unreadable(error),
    }
}

fn unreadable(error: Unreadable) -> Seen {
    Seen::Unreadable { reason: error.to_string() }
}

fn mirror_sighting(name: &MirrorId, looked: Looked) -> MirrorSighting {
    let (revision, content) = match looked {
        Looked::There { event, dress } => {
            let content = dress.map_or_else(mirror::ruined, |dress| mirror::content(&event, &dress));
            (event.etag, Some(content))
        }
        Looked::Unreadable => (None, Some(mirror::ruined())),
        Looked::Deleted { .. } | Looked::NotFound => (None, None),
    };
    MirrorSighting {
        mirror: name.clone(),
        remote: content.is_some().then(|| ItemId::new(name.as_str())),
        revision: revision.map(Revision::new),
        content: content.map(Content::Mirror),
    }
}
