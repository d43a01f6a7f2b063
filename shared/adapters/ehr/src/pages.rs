//! Follows a search through its pages. It never leaves the server, never goes in circles, and never ends
//! quietly where more was to come.

use std::collections::HashSet;

use daybook_engine::ports::RemoteError;
use jiff::Timestamp;

use crate::config::Base;
use crate::http::{Answer, Door, Prepared, unintelligible};
use crate::instant::parse_instant;
use crate::wire::{Bundle, Entry, Read, Resource};

const MOST_PAGES: usize = 200;

/// Everything that a search found.
pub(crate) struct Found<T> {
    pub(crate) items: Vec<T>,
    /// Ids of what does not have its type's shape.
    pub(crate) unreadable: Vec<String>,
    /// How many entries had not even an id.
    pub(crate) nameless: usize,
    pub(crate) extent: Extent,
    /// The server's time when it answered.
    pub(crate) as_of: Option<Timestamp>,
}

/// Whether all pages were read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extent {
    Whole,
    /// There were more pages than anybody should follow.
    Cut,
}

/// Reads a search to its end. A page that fails fails the whole.
pub(crate) async fn search<T: Resource>(
    door: &Door,
    base: &Base,
    first: Prepared,
) -> Result<Found<T>, RemoteError> {
    let mut found = Found::empty();
    let mut visited = HashSet::from([first.url.clone()]);
    let mut request = first;
    for _ in 0..MOST_PAGES {
        let page = parse_page::<T>(request.what, door.send(&request).await?)?;
        let next = page.next().map(str::to_owned);
        found.take(page);
        let Some(next) = next else { return Ok(found) };
        let next =
            base.follow(&next).ok_or_else(|| unintelligible(request.what, "a page on another server"))?;
        if !visited.insert(next.clone()) {
            return Err(unintelligible(request.what, "pages that lead in a circle"));
        }
        request = Prepared::get(request.what, next);
    }
    found.extent = Extent::Cut;
    Ok(found)
}

/// Reads one page and leaves the others.
pub(crate) async fn search_first<T: Resource>(
    door: &Door,
    request: Prepared,
) -> Result<Found<T>, RemoteError> {
    let mut found = Found::empty();
    found.take(parse_page(request.what, door.send(&request).await?)?);
    Ok(found)
}

/// One page. `as_of` comes from the answer if the bundle does not tell.
fn parse_page<T: Resource>(what: &str, answer: Answer) -> Result<Page<T>, RemoteError> {
    let answer = answer.accepted()?;
    let bundle = read_bundle::<T>(&answer)?;
    if bundle.resource_type.as_deref() != Some("Bundle") {
        return Err(unintelligible(what, "an answer that is no bundle"));
    }
    let updated = bundle.meta.as_ref().and_then(|meta| meta.last_updated.as_deref());
    let as_of = updated.and_then(parse_instant).or_else(|| answer.date());
    Ok(Page { bundle, as_of })
}

/// A page in order is read at one go; only where a resource is broken is each read for itself.
fn read_bundle<T: Resource>(answer: &Answer) -> Result<Bundle<Read<T>>, RemoteError> {
    let Some(Bundle { resource_type, meta, link, entry }) = answer.find_json::<Bundle<T>>() else {
        return answer.json();
    };
    let understood = |Entry { resource, search, response }| Entry {
        resource: resource.map(Read::Understood),
        search,
        response,
    };
    let entry = entry.map(|all| all.into_iter().map(|one| one.map(understood)).collect());
    Ok(Bundle { resource_type, meta, link, entry })
}

struct Page<T> {
    bundle: Bundle<Read<T>>,
    as_of: Option<Timestamp>,
}

impl<T> Page<T> {
    fn next(&self) -> Option<&str> {
        self.bundle.next()
    }
}

impl<T: Resource> Found<T> {
    fn empty() -> Self {
        Self { items: Vec::new(), unreadable: Vec::new(), nameless: 0, extent: Extent::Whole, as_of: None }
    }

    fn take(&mut self, page: Page<T>) {
        self.as_of = self.as_of.or(page.as_of);
        for entry in page.bundle.entry.into_iter().flatten().flatten() {
            let mode = entry.search.and_then(|search| search.mode);
            match entry.resource {
                Some(Read::Understood(item)) => self.take_item(item),
                Some(Read::Named(stub)) if is_kind::<T>(stub.resource_type.as_deref()) => {
                    self.unreadable.push(stub.id);
                }
                Some(Read::Nameless) if mode.as_deref() != Some("outcome") => self.nameless += 1,
                Some(Read::Named(_) | Read::Nameless) | None => {}
            }
        }
    }

    fn take_item(&mut self, item: T) {
        if !is_kind::<T>(item.resource_type()) {
            return;
        }
        match item.id() {
            Some(_) => self.items.push(item),
            None => self.nameless += 1,
        }
    }
}

/// Included resources and outcomes stand between those that we asked for.
fn is_kind<T: Resource>(resource_type: Option<&str>) -> bool {
    resource_type.is_none_or(|name| name == T::KIND)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::wire::ListedSlot;

    const TOLD: &str = r#"{"resourceType":"Slot","id":"told","meta":{"versionId":"4"}}"#;
    const SILENT: &str = r#"{"resourceType":"Slot","id":"silent"}"#;
    const MISSHAPEN: &str = r#"{"resourceType":"Slot","id":"misshapen","start":7}"#;
    const NAMELESS: &str = r#"{"resourceType":"Slot","start":7}"#;

    fn words(resources: &[&str]) -> Vec<String> {
        let entries: Vec<String> =
            resources.iter().map(|resource| format!(r#"{{"resource":{resource}}}"#)).collect();
        let body = format!(r#"{{"resourceType":"Bundle","entry":[{}]}}"#, entries.join(","));
        let bundle = read_bundle::<ListedSlot>(&Answer::of(200, &[], &body)).unwrap();
        let resources = bundle.entry.unwrap().into_iter().flatten().filter_map(|entry| entry.resource);
        let word = |read| match read {
            Read::Understood(ListedSlot { slot, text }) => {
                let way = if text.is_some() { "for itself" } else { "at one go" };
                format!("{} {way}", slot.id.unwrap())
            }
            Read::Named(stub) => format!("{} broken", stub.id),
            Read::Nameless => "broken".to_owned(),
        };
        resources.map(word).collect()
    }

    #[test]
    fn one_that_is_broken_stops_none_of_the_others() {
        assert_eq!(words(&[TOLD, TOLD]), ["told at one go", "told at one go"]);
        assert_eq!(words(&[TOLD, SILENT, "null"]), ["told for itself", "silent for itself"]);
        let all = words(&[MISSHAPEN, TOLD, NAMELESS, "7", SILENT]);
        assert_eq!(all, ["misshapen broken", "told for itself", "broken", "broken", "silent for itself"]);
    }
}
