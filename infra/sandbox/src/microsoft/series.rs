//! Series and what became of them: occurrences by the rule, those that were moved or edited (exceptions) and those
//! that were cut out. Says what is where; shapes no answer.

use std::collections::BTreeSet;

use jiff::Span as Length;
use serde_json::Value;

use super::call::Window;
use super::ids;
use super::recurrence::Recurrence;
use super::stored::{self, Span};
use super::zone::{Moment, Zone};
use crate::cloud::{Item, World};

/// One regular occurrence, which exists nowhere but in the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Occurrence {
    /// The key that an exception in its place would have.
    pub key: String,
    pub span: Span,
}

/// What stands in a window: never a master.
#[derive(Clone, Debug)]
pub(super) enum Seen<'w> {
    /// A single event, or an exception.
    Whole(&'w Item, Span),
    Occurrence(&'w Item, Occurrence),
}

impl Seen<'_> {
    pub fn span(&self) -> &Span {
        match self {
            Self::Whole(_, span) | Self::Occurrence(_, Occurrence { span, .. }) => span,
        }
    }

    pub fn key(&self) -> &str {
        match self {
            Self::Whole(item, _) => &item.id,
            Self::Occurrence(_, occurrence) => &occurrence.key,
        }
    }
}

/// Everything in a calendar that touches the window, in order of time.
pub(super) fn seen<'w>(world: &'w World, calendar: &'w str, window: Window) -> Vec<Seen<'w>> {
    let mut found = Vec::new();
    for item in world.items_of(calendar).filter(|item| !item.deleted) {
        if stored::is_master(&item.body) {
            found.extend(instances(world, item, window));
        } else if stored::master_of(&item.body).is_none() {
            found.extend(whole(item, window));
        }
    }
    in_order(found)
}

/// The occurrences and exceptions of one series that touch the window, in order of time.
pub(super) fn instances<'w>(world: &'w World, master: &'w Item, window: Window) -> Vec<Seen<'w>> {
    let exceptions = exceptions(world, master).filter(|item| !item.deleted);
    let mut found: Vec<_> = exceptions.filter_map(|item| whole(item, window)).collect();
    found.extend(regular(world, master, window).into_iter().map(|one| Seen::Occurrence(master, one)));
    in_order(found)
}

fn in_order(mut found: Vec<Seen<'_>>) -> Vec<Seen<'_>> {
    found.sort_by_cached_key(|one| (one.span().start.instant(), one.key().to_owned()));
    found
}

fn whole(item: &Item, window: Window) -> Option<Seen<'_>> {
    let span = stored::span(&item.body)?;
    touches(&span, window).then_some(Seen::Whole(item, span))
}

pub(super) fn touches(span: &Span, window: Window) -> bool {
    window.touches(span.start.instant(), span.end.instant())
}

/// The items that stand for single occurrences of a series, tombstones too.
pub(super) fn exceptions<'w>(world: &'w World, master: &Item) -> impl Iterator<Item = &'w Item> {
    let key = |end: char| (master.calendar.clone(), format!("{}{end}", master.id));
    // All keys that go on with a point lie between the point and the sign after it.
    world.items.range(key('.')..key('/')).map(|(_, item)| item)
}

fn regular(world: &World, master: &Item, window: Window) -> Vec<Occurrence> {
    let taken: BTreeSet<&str> = exceptions(world, master)
        .filter(|item| !item.deleted || stored::is_cut(&item.body))
        .map(|item| item.id.as_str())
        .collect();
    let all = by_rule(master, window);
    all.into_iter().filter(|one| !taken.contains(one.key.as_str()) && touches(&one.span, window)).collect()
}

/// The regular occurrence that a key names, unless something stands in its place.
pub(super) fn occurrence<'w>(world: &'w World, calendar: &str, key: &str) -> Option<(&'w Item, Occurrence)> {
    let (master, _) = ids::split_occurrence(key)?;
    let master = world.item(calendar, master).filter(|item| !item.deleted)?;
    let taken = world.item(calendar, key).is_some_and(|item| !item.deleted || stored::is_cut(&item.body));
    let one = by_key(master, key)?;
    (!taken).then_some((master, one))
}

/// The occurrence as the rule has it, whatever became of it.
pub(super) fn by_key(master: &Item, key: &str) -> Option<Occurrence> {
    let (_, day) = ids::split_occurrence(key)?;
    let day = jiff::civil::Date::strptime("%Y%m%d", day).ok()?;
    let at = |days: i64| {
        Some(Zone::default().instant(day.checked_add(Length::new().days(days)).ok()?.at(0, 0, 0, 0)))
    };
    let window = Window { from: at(-2)?, to: at(3)? };
    by_rule(master, window).into_iter().find(|one| one.key == key)
}

/// What the rule gives up to the end of the window, and from a day before it.
fn by_rule(master: &Item, window: Window) -> Vec<Occurrence> {
    let recurrence = master.body.get("recurrence").and_then(Recurrence::stored);
    let (Some(recurrence), Some(first)) = (recurrence, stored::span(&master.body)) else { return Vec::new() };
    let first = on_series_clock(&first, &recurrence, &master.body);
    let lasts = first.end.wall.duration_since(first.start.wall);
    let to = first.start.zone.wall(window.to).saturating_add(Length::new().days(1));
    let walls = recurrence.walls(first.start.wall, to).into_iter().map(|wall| {
        let moment = |wall| Moment { wall, zone: first.start.zone.clone() };
        let span = Span { start: moment(wall), end: moment(wall.saturating_add(lasts)) };
        Occurrence { key: ids::occurrence(&master.id, &wall.strftime("%Y%m%d").to_string()), span }
    });
    walls.filter(|one| one.span.end.instant() >= window.from).collect()
}

/// A series keeps the clock of its own zone. Whole days belong to no clock, so they stay as they were written.
fn on_series_clock(first: &Span, recurrence: &Recurrence, body: &Value) -> Span {
    let all_day = stored::is_all_day(body);
    let zone = Zone::find(recurrence.zone_name()).filter(|_| !all_day);
    let zone = zone.unwrap_or_else(|| first.start.zone.clone());
    let moved = |moment: &Moment| {
        let wall = if all_day { moment.wall } else { zone.wall(moment.instant()) };
        Moment { wall, zone: zone.clone() }
    };
    Span { start: moved(&first.start), end: moved(&first.end) }
}
