//! What a listing holds, before it is cut into pages: what stands in a calendar, or what became of it since a sync
//! token. It renders nothing and knows no pages.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::cursor::{Cancelled, Series, Terms};
use crate::cloud::{Calendar, Item, World};
use crate::google::event::change::went_with_series;
use crate::google::event::series::{Kind, Occurrence, Shape, kind, series_of, shape, zone_of};

/// One line of a listing.
pub enum Entry<'a> {
    /// An event, or an occurrence of that series.
    Live(&'a Item, Option<Occurrence>),
    /// What is left of it.
    Gone(&'a Item, Option<Occurrence>),
}

impl<'a> Entry<'a> {
    /// The item behind it.
    pub fn item(&self) -> &'a Item {
        match self {
            Self::Live(item, _) | Self::Gone(item, _) => item,
        }
    }

    fn at(&self) -> Option<&Occurrence> {
        match self {
            Self::Live(_, at) | Self::Gone(_, at) => at.as_ref(),
        }
    }

    /// The id that a client sees.
    pub fn id(&self) -> &str {
        self.at().map_or(self.item().id.as_str(), |at| at.id.as_str())
    }

    /// Start and end.
    pub fn span(&self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        match self.at() {
            Some(at) => (at.start.instant(zone), at.end.instant(zone)),
            None => shape(self.item()).map_or((Timestamp::MIN, Timestamp::MIN), |shape| shape.span(zone)),
        }
    }
}

/// Entries by id; what lives wins over what is left of it.
pub type Entries<'a> = BTreeMap<String, Entry<'a>>;

fn live<'a>(into: &mut Entries<'a>, item: &'a Item, at: Option<Occurrence>) {
    let entry = Entry::Live(item, at);
    into.insert(entry.id().to_owned(), entry);
}

fn gone<'a>(into: &mut Entries<'a>, item: &'a Item, at: Option<Occurrence>) {
    let entry = Entry::Gone(item, at);
    into.entry(entry.id().to_owned()).or_insert(entry);
}

/// A calendar, looked at on certain terms.
pub struct Look<'a> {
    world: &'a World,
    calendar: &'a str,
    zone: TimeZone,
    terms: &'a Terms,
    /// Ids of occurrences that are events of their own, cancelled ones too.
    written: HashSet<&'a str>,
}

impl<'a> Look<'a> {
    pub fn new(world: &'a World, calendar: &'a Calendar, terms: &'a Terms) -> Self {
        let exceptions = world.items_of(&calendar.id);
        let exceptions =
            exceptions.filter(|one| kind(&one.body) == Kind::Exception && !went_with_series(one));
        let written = exceptions.map(|one| one.id.as_str()).collect();
        Self { world, calendar: &calendar.id, zone: zone_of(calendar), terms, written }
    }

    /// Everything that stands.
    pub fn standing(&self) -> Entries<'a> {
        let mut found = Entries::new();
        for item in self.items() {
            match kind(&item.body) {
                Kind::Single | Kind::Exception => self.standing_single(item, &mut found),
                Kind::Series => self.standing_series(item, &mut found),
            }
        }
        found
    }

    /// Everything that is different from what a listing at `since` gave.
    pub fn changed(&self, since: u64) -> Entries<'a> {
        let mut found = Entries::new();
        for item in self.items().filter(|item| item.seq > since) {
            match (kind(&item.body), self.terms.series) {
                (Kind::Exception, _) | (_, Series::Whole) => self.changed_whole(item, since, &mut found),
                (Kind::Single | Kind::Series, Series::Expanded) => {
                    self.changed_expanded(item, since, &mut found);
                }
            }
        }
        found
    }

    fn items(&self) -> impl Iterator<Item = &'a Item> {
        let all = self.world.items_of(self.calendar);
        all.filter(|item| {
            self.terms.types.is_empty() || self.terms.types.iter().any(|one| *one == type_of(item))
        })
    }

    fn standing_single(&self, item: &'a Item, found: &mut Entries<'a>) {
        if went_with_series(item) || !self.touches(item) {
            return;
        }
        let hole = self.terms.series == Series::Whole && self.is_hole(item);
        if !item.deleted {
            live(found, item, None);
        } else if hole || self.terms.cancelled == Cancelled::Shown {
            gone(found, item, None);
        }
    }

    /// A cancelled occurrence of a series that lives: clients must know of it whatever they ask for.
    fn is_hole(&self, item: &Item) -> bool {
        let series = series_of(&item.body).and_then(|id| self.world.item(self.calendar, id));
        item.deleted && series.is_some_and(|series| !series.deleted)
    }

    fn standing_series(&self, item: &'a Item, found: &mut Entries<'a>) {
        match (self.terms.series, item.deleted, self.terms.cancelled) {
            (Series::Whole, false, _) if self.touches(item) => live(found, item, None),
            (Series::Whole, true, Cancelled::Shown) => gone(found, item, None),
            (Series::Expanded, false, _) => {
                for at in self.occurrences(item, shape(item)) {
                    live(found, item, Some(at));
                }
            }
            _ => {}
        }
    }

    /// Told as it is now if it stood, or stands, inside the window.
    fn changed_whole(&self, item: &'a Item, since: u64, found: &mut Entries<'a>) {
        let stood = Shape::past_since(&item.body, since).into_iter();
        let mut stood = stood.map(|shape| shape.touches(&item.id, &self.zone, &self.terms.window));
        if !(self.touches(item) || stood.any(|inside| inside)) {
            return;
        }
        if item.deleted { gone(found, item, None) } else { live(found, item, None) }
    }

    /// Occurrences that stand now, and what is left of those that stood before.
    fn changed_expanded(&self, item: &'a Item, since: u64, found: &mut Entries<'a>) {
        let (now, past) = (shape(item), Shape::past_since(&item.body, since));
        let single = now.as_ref().is_some_and(|now| !now.repeats());
        if single && !past.iter().any(Shape::repeats) {
            return self.changed_whole(item, since, found);
        }
        if single && !item.deleted && self.touches(item) {
            live(found, item, None);
        } else if past.iter().any(|shape| !shape.repeats()) || (single && item.deleted) {
            gone(found, item, None);
        }
        let (standing, stood) =
            if item.deleted { (None, past.into_iter().chain(now).collect()) } else { (now, past) };
        for at in self.occurrences(item, standing) {
            live(found, item, Some(at));
        }
        for at in stood.into_iter().flat_map(|shape| self.occurrences(item, Some(shape))) {
            gone(found, item, Some(at));
        }
    }

    /// The occurrences that are no events of their own.
    fn occurrences(&self, item: &Item, shape: Option<Shape>) -> Vec<Occurrence> {
        let all = shape.map(|shape| shape.occurrences(&item.id, &self.zone, &self.terms.window));
        all.into_iter().flatten().filter(|at| !self.written.contains(at.id.as_str())).collect()
    }

    fn touches(&self, item: &Item) -> bool {
        shape(item).is_some_and(|shape| shape.touches(&item.id, &self.zone, &self.terms.window))
    }
}

fn type_of(item: &Item) -> &str {
    item.body.get("eventType").and_then(Value::as_str).unwrap_or("default")
}
