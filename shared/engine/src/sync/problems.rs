//! What a person should know about a connection, one line a source, kept until the source is well again.

use std::collections::BTreeMap;

use daybook_core::connection::{Problem, ProblemKind};
use daybook_core::ids::CalendarId;
use jiff::Timestamp;

/// The problems of one connection, by what they are about.
pub(crate) struct Problems<'a> {
    pub map: &'a mut BTreeMap<String, Problem>,
    pub now: Timestamp,
}

impl Problems<'_> {
    /// Remembers it; one that lasts keeps its beginning.
    pub fn set(&mut self, about: &str, kind: ProblemKind, detail: impl Into<String>) {
        let since =
            self.map.get(about).filter(|known| known.kind == kind).map_or(self.now, |known| known.since);
        self.map.insert(about.to_owned(), Problem { kind, detail: detail.into(), since });
    }

    pub fn clear(&mut self, about: &str) {
        self.map.remove(about);
    }

    /// Sets it where there is something to count, else clears it.
    pub fn count(
        &mut self,
        about: &str,
        kind: ProblemKind,
        count: usize,
        detail: impl FnOnce(usize) -> String,
    ) {
        if count == 0 { self.clear(about) } else { self.set(about, kind, detail(count)) }
    }
}

pub(crate) fn about_calendar(id: &CalendarId) -> String {
    format!("calendar {id}")
}

pub(crate) fn about_items(source: &str) -> String {
    format!("items of {source}")
}
