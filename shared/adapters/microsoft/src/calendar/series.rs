//! From the lines of a listing to entries: single events are told in full, a series is one item. Pure.

use std::collections::BTreeMap;

use daybook_core::event::Seen;
use daybook_core::ids::ItemId;
use daybook_core::time::Interval;
use daybook_engine::ports::Entry;

use crate::translate::event::{seen, sighting, unreadable};
use crate::wire::event::{Event, Kind, Line};

/// A series as a full listing tells it.
#[derive(Default)]
struct Series {
    master: Option<Event>,
    occurrences: Vec<Event>,
}

/// The entries of a full listing, which was read in strips of its window: all occurrences of a series come together.
pub fn told_in_full(strips: Vec<Vec<Line>>, within: Interval) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut series: BTreeMap<String, Series> = BTreeMap::new();
    for line in last_words(strips) {
        match line {
            Line::Unreadable { id } => entries.push(Entry::Seen(sighting(&id, None, within, unreadable()))),
            Line::Event(event) if event.is_removed() => {}
            Line::Event(event) => match (event.kind(), event.series().map(str::to_owned)) {
                (Kind::Master, Some(name)) => series.entry(name).or_default().master = Some(*event),
                (_, Some(name)) => series.entry(name).or_default().occurrences.push(*event),
                (_, None) => entries.push(single(&event, within)),
            },
        }
    }
    entries.extend(series.into_iter().map(|(id, one)| one.entry(&id, within)));
    entries
}

/// The entries of a delta, of one or more strips: of a series it tells too little, so the whole of it is to be read (trap B-T6).
pub fn told_as_changed(strips: Vec<Vec<Line>>, within: Interval) -> Vec<Entry> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for line in last_words(strips) {
        let (id, entry) = changed(line, within);
        let slot = entries.entry(id).or_insert_with(|| entry.clone());
        if rank(&entry) > rank(slot) {
            *slot = entry;
        }
    }
    entries.into_values().collect()
}

fn changed(line: Line, within: Interval) -> (String, Entry) {
    match line {
        Line::Unreadable { id } => {
            let entry = Entry::Seen(sighting(&id, None, within, unreadable()));
            (id, entry)
        }
        Line::Event(event) if event.is_removed() => {
            let entry = Entry::Seen(sighting(&event.id, None, within, Seen::Gone));
            (event.id, entry)
        }
        Line::Event(event) => match event.series() {
            Some(series) => {
                let master = (event.kind() == Kind::Master).then_some(event.as_ref());
                (series.to_owned(), touched(series, master))
            }
            None => (event.id.clone(), single(&event, within)),
        },
    }
}

/// Of what is told about one series, a name says most, and that it changed says more than that it went: it is read.
fn rank(entry: &Entry) -> u8 {
    match entry {
        Entry::Touched { name: Some(_), .. } => 2,
        Entry::Touched { name: None, .. } => 1,
        Entry::Seen(_) => 0,
    }
}

/// Of each item the last line of each strip: a round may tell one several times. What one strip removes may stand in
/// another, so whatever tells of it outweighs that.
fn last_words(strips: Vec<Vec<Line>>) -> impl Iterator<Item = Line> {
    strips.into_iter().map(last_lines).reduce(with_later).unwrap_or_default().into_values()
}

fn last_lines(strip: Vec<Line>) -> BTreeMap<String, Line> {
    strip.into_iter().map(|line| (line.id().to_owned(), line)).collect()
}

fn with_later(mut words: BTreeMap<String, Line>, later: BTreeMap<String, Line>) -> BTreeMap<String, Line> {
    for (id, line) in later {
        if !(line.is_removal() && words.contains_key(&id)) {
            words.insert(id, line);
        }
    }
    words
}

/// A mirror is told by name, so that one in the state that we left costs nothing.
fn single(event: &Event, within: Interval) -> Entry {
    if event.name().is_some() {
        return touched(&event.id, Some(event));
    }
    Entry::Seen(sighting(&event.id, Some(event), within, seen(std::iter::once(event))))
}

/// To be read, under the name that `bearer` bears.
fn touched(item: &str, bearer: Option<&Event>) -> Entry {
    let name = bearer.and_then(Event::name);
    let revision = bearer.filter(|_| name.is_some()).and_then(Event::revision);
    Entry::Touched { item: ItemId::new(item), revision, name }
}

impl Series {
    fn entry(self, id: &str, within: Interval) -> Entry {
        let Some(master) = &self.master else {
            let whole = self.occurrences.iter().all(|one| !one.is_sparse());
            return if whole { self.seen(id, within) } else { touched(id, None) };
        };
        if master.name().is_some() { touched(id, Some(master)) } else { self.seen(id, within) }
    }

    fn seen(self, id: &str, within: Interval) -> Entry {
        let Series { master, mut occurrences } = self;
        if let Some(master) = &master {
            occurrences = occurrences.into_iter().map(|one| one.filled_from(master)).collect();
        }
        Entry::Seen(sighting(id, master.as_ref(), within, seen(occurrences.iter())))
    }
}
