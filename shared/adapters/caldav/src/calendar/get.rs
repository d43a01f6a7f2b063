//! Reading by id: many resources in one request, one by one where a server stumbles over one of them. What is not
//! answered is left out and never taken for deleted (trap C-T10).

use std::collections::BTreeMap;

use daybook_core::event::{Seen, Sighting};
use daybook_core::ids::{ItemId, Revision, SeriesId};
use daybook_core::mirror::{Content, MirrorId};
use daybook_core::time::Interval;
use daybook_engine::ports::{MirrorRef, MirrorSighting, RemoteError};

use super::list::gone;
use super::{CaldavCalendar, mirror_at};
use crate::href;
use crate::ical::{self, Reading, Unreadable};
use crate::wire::multistatus::Response;
use crate::wire::read::{Get, Multiget, Resource};

/// Resources a request.
const BATCH: usize = 50;
/// Resources of one batch that may fail before it is the server that fails.
const MAX_STUMBLES: usize = 5;

/// What one look at a path brought.
enum Looked {
    There(Resource),
    Gone,
}

type Answers = BTreeMap<String, Looked>;

impl CaldavCalendar {
    pub(super) async fn get_items(
        &self,
        items: &[ItemId],
        within: Interval,
    ) -> Result<Vec<Sighting>, RemoteError> {
        let mut answers = self.look_at(items.iter().map(|item| item.as_str().to_owned()).collect()).await?;
        let sighting = |item: &ItemId| match answers.remove(&href::canonical(item.as_str()))? {
            Looked::Gone => Some(gone(item.as_str().to_owned(), within)),
            Looked::There(resource) => Some(self.sighting(item, &resource, within)),
        };
        Ok(items.iter().filter_map(sighting).collect())
    }

    pub(super) async fn find_mirrors(
        &self,
        mirrors: &[MirrorRef],
    ) -> Result<Vec<MirrorSighting>, RemoteError> {
        let paths: Vec<String> = mirrors.iter().map(|at| self.path_of(at)).collect();
        let mut answers = self.look_at(paths.clone()).await?;
        let found = mirrors.iter().zip(paths).filter_map(|(at, path)| {
            let looked = answers.remove(&href::canonical(&path))?;
            Some(mirror_sighting(at, path, looked))
        });
        Ok(found.collect())
    }

    async fn look_at(&self, paths: Vec<String>) -> Result<Answers, RemoteError> {
        let mut answers = Answers::new();
        for batch in paths.chunks(BATCH) {
            let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
            match self.session.ask(&Multiget { path: &self.path, items: &batch }).await {
                Ok(lines) => self.take(lines, &mut answers).await?,
                Err(error) if one_may_be_to_blame(&error) => self.look_at_each(&batch, &mut answers).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }

    /// A line that says that the resource is there, and not what it holds, is asked for alone.
    async fn take(&self, lines: Vec<Response>, answers: &mut Answers) -> Result<(), RemoteError> {
        let mut empty = Vec::new();
        for line in lines {
            match (line.status, line.props.calendar_data) {
                (Some(404 | 410), _) => drop(answers.insert(line.path, Looked::Gone)),
                (None | Some(200..=299), Some(text)) => {
                    let resource = Resource { etag: line.props.etag, text };
                    answers.insert(line.path, Looked::There(resource));
                }
                (None | Some(200..=299), None) if !line.path.ends_with('/') => empty.push(line.path),
                _ => {}
            }
        }
        let empty: Vec<&str> = empty.iter().map(String::as_str).collect();
        self.look_at_each(&empty, answers).await
    }

    async fn look_at_each(&self, paths: &[&str], answers: &mut Answers) -> Result<(), RemoteError> {
        let mut stumbles = 0;
        for path in paths {
            let looked = match self.session.ask(&Get { path }).await {
                Ok(Some(resource)) => Looked::There(resource),
                Ok(None) => Looked::Gone,
                Err(error) if one_may_be_to_blame(&error) && stumbles < MAX_STUMBLES => {
                    tracing::warn!(calendar = %self.path, %error, "one resource cannot be read");
                    stumbles += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            answers.insert(href::canonical(path), looked);
        }
        Ok(())
    }

    fn sighting(&self, item: &ItemId, resource: &Resource, within: Interval) -> Sighting {
        let read = ical::read(&resource.text, within, &self.addresses);
        let uid = read.as_ref().ok().and_then(|reading| reading.uid.clone());
        Sighting {
            item: item.clone(),
            series: SeriesId::new(uid.unwrap_or_else(|| item.as_str().to_owned())),
            revision: resource.etag.clone().map(Revision::new),
            covers: within,
            seen: read.map_or_else(unreadable, |reading| seen(item, &resource.text, reading)),
        }
    }
}

/// Our name is the resource's; where another program has brought a mirror here, it is left in the UID (E-046).
fn seen(item: &ItemId, text: &str, reading: Reading) -> Seen {
    let uid = reading.uid.as_deref().and_then(|uid| uid.split('@').next());
    match mirror_at(item.as_str()).or_else(|| MirrorId::parse(uid?)) {
        None => Seen::Events(reading.events),
        Some(mirror) => match ical::mirror::content(text) {
            Ok(content) => Seen::Named { mirror, content, events: reading.events },
            Err(error) => unreadable(error),
        },
    }
}

fn unreadable(error: Unreadable) -> Seen {
    Seen::Unreadable { reason: error.to_string() }
}

/// Whatever cannot be read where a mirror should stand is a mirror to be written anew.
fn mirror_sighting(at: &MirrorRef, path: String, looked: Looked) -> MirrorSighting {
    let mirror = at.mirror.clone();
    match looked {
        Looked::Gone => MirrorSighting { mirror, remote: None, revision: None, content: None },
        Looked::There(resource) => {
            let content = ical::mirror::content(&resource.text).unwrap_or_else(|_| ical::mirror::ruined());
            MirrorSighting {
                mirror,
                remote: Some(ItemId::new(path)),
                revision: resource.etag.map(Revision::new),
                content: Some(Content::Mirror(content)),
            }
        }
    }
}

/// Some servers fail a whole multiget over one bad resource. Neither refused credentials nor throttling nor a
/// missing calendar is one resource's fault; a server error may be.
fn one_may_be_to_blame(error: &RemoteError) -> bool {
    match error {
        RemoteError::Later { retry_after, cause, .. } => retry_after.is_none() && cause.is_none(),
        RemoteError::Rejected { .. }
        | RemoteError::Conflict { .. }
        | RemoteError::Forbidden { .. }
        | RemoteError::Unintelligible { .. } => true,
        RemoteError::Refused { .. }
        | RemoteError::CursorLost { .. }
        | RemoteError::Missing { .. }
        | RemoteError::Unconfigured { .. } => false,
    }
}
