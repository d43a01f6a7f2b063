//! Reading by id, many in one request. What is not answered is left out and never taken for deleted; and a "not found"
//! counts only where the calendar itself is there.

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

/// Pages of one series. Within the longest window even one that recurs hourly has no more.
const MOST_PAGES: usize = 20;

/// By id; what has no answer is missing.
pub(super) type Answers = BTreeMap<String, Looked>;

/// The occurrences of a series, or that there is none.
type Occurrences = Option<Result<Vec<Event>, Unreadable>>;

impl GoogleCalendar {
    pub(super) async fn get_items(
        &self,
        items: &[ItemId],
        within: Interval,
    ) -> Result<Vec<Sighting>, RemoteError> {
        let ids: Vec<&str> = items.iter().map(ItemId::as_str).collect();
        let mut answers = self.look_at(&ids).await?;
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
        Ok(ids.into_iter().filter_map(sighting).collect())
    }

    pub(super) async fn find_mirrors(
        &self,
        mirrors: &[MirrorRef],
    ) -> Result<Vec<MirrorSighting>, RemoteError> {
        let names: Vec<&str> = mirrors.iter().map(|at| at.mirror.as_str()).collect();
        let mut answers = self.look_at(&names).await?;
        let found = mirrors.iter().filter_map(|at| {
            let looked = answers.remove(at.mirror.as_str())?;
            Some(mirror_sighting(&at.mirror, looked))
        });
        Ok(found.collect())
    }

    /// What stands under each id.
    pub(super) async fn look_at(&self, ids: &[&str]) -> Result<Answers, RemoteError> {
        let looks: Vec<GetEvent<'_>> =
            ids.iter().map(|event| GetEvent { calendar: &self.id, event }).collect();
        let told = self.session.ask_all(&looks).await;
        let answers = answered(ids, told)?;
        if answers.values().any(|looked| matches!(looked, Looked::NotFound)) {
            self.probe().await?;
        }
        Ok(answers)
    }

    /// `Missing` where the calendar is not there any more (trap A-T16).
    pub(super) async fn probe(&self) -> Result<(), RemoteError> {
        self.session.ask(&Probe { calendar: &self.id }).await
    }

    /// The occurrences of each series inside the time.
    async fn expand(
        &self,
        series: &[&str],
        within: Interval,
    ) -> Result<BTreeMap<String, Occurrences>, RemoteError> {
        let first: Vec<ListInstances<'_>> =
            series.iter().map(|series| self.instances(series, within, None)).collect();
        let pages = answered(series, self.session.ask_all(&first).await)?;
        let mut expanded = BTreeMap::new();
        for (series, page) in pages {
            let occurrences = match page {
                None => None,
                Some(page) => Some(self.rest_of(&series, page, within).await?),
            };
            expanded.insert(series, occurrences);
        }
        Ok(expanded)
    }

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
            let page = self.session.ask(&self.instances(series, within, Some(&token))).await?;
            let Some(page) = page else { break };
            lines.extend(page.items);
            next = page.next_page_token;
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

/// One that fails is left out; where the account, the calendar or everything fails, nothing is known.
fn answered<T>(ids: &[&str], told: Vec<Result<T, RemoteError>>) -> Result<BTreeMap<String, T>, RemoteError> {
    let mut answers = BTreeMap::new();
    let mut failure = None;
    for (id, told) in ids.iter().zip(told) {
        match told {
            Ok(answer) => drop(answers.insert((*id).to_owned(), answer)),
            Err(error) if is_about_one(&error) => {
                tracing::warn!(%error, "one event cannot be read");
                failure.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    match failure {
        Some(error) if answers.is_empty() => Err(error),
        _ => Ok(answers),
    }
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
        Line::Nameless(_) => None,
    }
}

fn single_sighting(id: &str, looked: Looked, within: Interval) -> Sighting {
    match looked {
        Looked::There { event, dress } => {
            let events = translate::single(&event).map(|event| vec![event]);
            let content = dress.map(|dress| mirror::content(&event, &dress));
            sighting(id, event.etag.clone(), within, seen(id, content, events))
        }
        Looked::Deleted { .. } | Looked::NotFound => sighting(id, None, within, Seen::Gone),
        Looked::Unreadable => sighting(id, None, within, unreadable(Unreadable::BadField)),
    }
}

fn series_sighting(id: &str, looked: Looked, occurrences: Occurrences, within: Interval) -> Sighting {
    match (looked, occurrences) {
        (Looked::There { event, dress }, Some(events)) => {
            let content = dress.map(|dress| mirror::content(&event, &dress));
            sighting(id, event.etag, within, seen(id, content, events))
        }
        (_, None) => sighting(id, None, within, Seen::Gone),
        (looked, Some(_)) => single_sighting(id, looked, within),
    }
}

/// A mirror that cannot be read as an event is a mirror all the same, to be written anew.
fn seen(id: &str, content: Option<MirrorContent>, events: Result<Vec<Event>, Unreadable>) -> Seen {
    match (MirrorId::parse(id).zip(content), events) {
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
