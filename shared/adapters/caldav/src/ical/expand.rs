//! Series become occurrences: rules run on the clock, then zones, RDATE, EXDATE and overrides are merged by what
//! makes occurrences the same, which is the instant (or the day, or the floating wall time). RFC 5545 3.8.5.

use std::collections::{BTreeMap, HashSet};

use daybook_core::event::Event;
use daybook_core::ids::OccurrenceId;
use daybook_core::time::Interval;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::component::{Component, Lasts, Recurrence, Rule};
use super::moment::{Key, Moment};
use super::occurrence::{Occurrence, overlaps, sized, span_of, when};
use super::rule::{self, MAX_OCCURRENCES, MAX_RULES, Walls};
use super::{Unreadable, shown};

/// The occurrences of every event in a resource. Usually that is one event; some servers keep several under one
/// name (E-037), and then those that can be read are.
pub fn events(
    components: &[Component],
    within: Interval,
    addresses: &[String],
) -> Result<Vec<Event>, Unreadable> {
    let mut groups: BTreeMap<&str, Vec<&Component>> = BTreeMap::new();
    for component in components {
        groups.entry(component.uid.as_deref().unwrap_or_default()).or_default().push(component);
    }
    let several = groups.len() > 1;
    let (mut events, mut failure) = (Vec::new(), None);
    for (uid, group) in groups {
        let prefix = if several { format!("{uid}/") } else { String::new() };
        match Series::of(&group).and_then(|series| series.events(within, addresses)) {
            Ok(found) => events.extend(found.into_iter().map(|event| prefixed(&prefix, event))),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if events.is_empty() => Err(error),
        _ => Ok(events),
    }
}

fn prefixed(prefix: &str, mut event: Event) -> Event {
    event.occurrence = OccurrenceId::new(format!("{prefix}{}", event.occurrence));
    event
}

/// What shares one UID.
struct Series<'a> {
    master: Option<&'a Component>,
    overrides: BTreeMap<Key, &'a Component>,
    /// Overrides that also hold for every later occurrence.
    from_then: BTreeMap<Key, &'a Component>,
    /// What EXDATE takes away.
    removed: HashSet<Key>,
}

impl<'a> Series<'a> {
    fn of(group: &[&'a Component]) -> Result<Self, Unreadable> {
        let mut masters = group.iter().filter(|one| matches!(one.recurrence, Recurrence::Master));
        let (master, second) = (masters.next().copied(), masters.next());
        if second.is_some() {
            return Err(Unreadable::SharedUid);
        }
        let removed = master.zip(master.and_then(|master| master.start.as_ref()));
        let removed =
            removed.map(|(master, start)| master.removed.iter().map(|one| one.key_in(start)).collect());
        let mut series = Self {
            master,
            overrides: BTreeMap::new(),
            from_then: BTreeMap::new(),
            removed: removed.unwrap_or_default(),
        };
        for component in group {
            series.take(component);
        }
        let lost = group.iter().any(|one| matches!(one.recurrence, Recurrence::Unread));
        if lost && series.overrides.is_empty() && master.is_none() {
            return Err(Unreadable::NoRecurrenceId);
        }
        Ok(series)
    }

    /// An override that says the same occurrence as another is the newer one (E-066).
    fn take(&mut self, component: &'a Component) {
        let (at, on) = match &component.recurrence {
            Recurrence::Override(at) => (at, None),
            Recurrence::From(at) => (at, Some(())),
            Recurrence::Master | Recurrence::Unread => return,
        };
        let key = self.start().map_or_else(|| at.key(), |start| at.key_in(start));
        let newest = |map: &mut BTreeMap<Key, &'a Component>| {
            let known = map.entry(key).or_insert(component);
            if component.age > known.age {
                *known = component;
            }
        };
        newest(&mut self.overrides);
        if on.is_some() {
            newest(&mut self.from_then);
        }
    }

    fn start(&self) -> Option<&'a Moment> {
        self.master.and_then(|master| master.start.as_ref())
    }

    fn events(&self, within: Interval, addresses: &[String]) -> Result<Vec<Event>, Unreadable> {
        let mut occurrences: Vec<Occurrence<'_>> = self.overridden().collect();
        if let Some(master) = self.master {
            let start = master.start.as_ref().ok_or(Unreadable::NoStart)?;
            if self.overrides.is_empty() && !recurs(master) {
                let event = event(&single(master, start), OccurrenceId::single(), addresses);
                return Ok(vec![event]);
            }
            occurrences.extend(self.regular(master, start, within)?);
        }
        let name = |one: &Occurrence<'_>| one.key.occurrence();
        Ok(occurrences.iter().map(|one| event(one, name(one), addresses)).collect())
    }

    /// Overrides stand wherever they are, also where no rule leads (E-065). One without a start of its own
    /// stands where it was. A deleted occurrence stays deleted, also where what it had been moved to was left
    /// behind (E-061).
    fn overridden(&self) -> impl Iterator<Item = Occurrence<'a>> + '_ {
        let stand = self.overrides.iter().filter(|(key, _)| !self.removed.contains(key));
        stand.filter_map(|(key, component)| {
            let (Recurrence::Override(at) | Recurrence::From(at)) = &component.recurrence else {
                return None;
            };
            let (start, lasts) = match (&component.start, self.master) {
                (Some(start), _) => (start.clone(), component.lasts.clone()),
                (None, Some(master)) => (at.clone(), sized(master)),
                (None, None) => (at.clone(), component.lasts.clone()),
            };
            Some(Occurrence { key: *key, start, lasts, says: component })
        })
    }

    /// What the rules and RDATEs give inside the window, without what is overridden or removed.
    fn regular(
        &self,
        master: &'a Component,
        start: &'a Moment,
        within: Interval,
    ) -> Result<Vec<Occurrence<'a>>, Unreadable> {
        if master.rules.len() + master.exception_rules.len() > MAX_RULES {
            return Err(Unreadable::TooOften);
        }
        let walls = walls(within, &span_of(start, &master.lasts), master.travel);
        let excluded = excluded(master, start, walls)?;
        let mut given: BTreeMap<Key, (Moment, Option<&'a Lasts>)> = BTreeMap::new();
        for wall in clock_times(master, start, walls)? {
            let moment = start.at_wall(wall);
            given.insert(moment.key(), (moment, None));
        }
        for added in &master.added {
            given.insert(added.start.key_in(start), (added.start.clone(), added.lasts.as_ref()));
        }
        let stands = |key: &Key| {
            !self.removed.contains(key) && !excluded.contains(key) && !self.overrides.contains_key(key)
        };
        let found: Vec<_> = given
            .into_iter()
            .filter(|(key, _)| stands(key))
            .map(|(key, (moment, lasts))| self.moved(master, key, moment, lasts))
            .filter(|one| overlaps(&when(one), within))
            .take(MAX_OCCURRENCES + 1)
            .collect();
        if found.len() > MAX_OCCURRENCES { Err(Unreadable::TooOften) } else { Ok(found) }
    }

    /// An occurrence after a THISANDFUTURE override moves by as much as that one did.
    fn moved(
        &self,
        master: &'a Component,
        key: Key,
        start: Moment,
        lasts: Option<&'a Lasts>,
    ) -> Occurrence<'a> {
        let own = lasts.cloned();
        let last = self.from_then.range(..key).next_back();
        let Some((from, (to, says))) =
            last.and_then(|(from, says)| Some((from, (says.start.as_ref()?, *says))))
        else {
            let lasts = own.unwrap_or_else(|| sized(master));
            return Occurrence { key, start, lasts, says: master };
        };
        let shift = to.wall().duration_since(to.wall_of(from));
        let start = to.at_wall(to.wall_of(&key).saturating_add(shift));
        Occurrence { key, start, lasts: own.unwrap_or_else(|| sized(says)), says }
    }
}

/// The wall times of all rules, and the start itself: it counts even where no rule leads to it, unless the
/// rule had ended before.
fn clock_times(master: &Component, start: &Moment, walls: Walls) -> Result<Vec<DateTime>, Unreadable> {
    let mut found = Vec::new();
    let mut ended = false;
    for rule in &master.rules {
        let Rule::Read(rule) = rule else { return Err(Unreadable::Rule) };
        let until = until(rule, start);
        ended |= until.is_some_and(|until| until < start.wall());
        found.extend(rule::run(rule, start.wall(), until, walls)?);
    }
    if !ended {
        found.push(start.wall());
    }
    Ok(found)
}

fn recurs(master: &Component) -> bool {
    !(master.rules.is_empty() && master.added.is_empty())
}

fn single<'a>(master: &'a Component, start: &Moment) -> Occurrence<'a> {
    Occurrence { key: start.key(), start: start.clone(), lasts: master.lasts.clone(), says: master }
}

fn event(one: &Occurrence<'_>, occurrence: OccurrenceId, addresses: &[String]) -> Event {
    Event {
        occurrence,
        when: when(one),
        status: one.says.status,
        shown_as: one.says.shown_as,
        response: shown::response(&one.says.attendees, addresses),
    }
}

/// Whole days around the window, since wall times and floating times differ from UTC by less than one.
fn walls(within: Interval, span: &Lasts, travel: SignedDuration) -> Walls {
    let day = SignedDuration::from_hours(24);
    let length = match span {
        Lasts::For { days, exact } => {
            SignedDuration::from_hours(24_i64.saturating_mul((*days).min(1_000_000))).saturating_add(*exact)
        }
        Lasts::Nothing | Lasts::Until(_) => SignedDuration::ZERO,
    };
    let wall = |instant: Timestamp| TimeZone::UTC.to_datetime(instant);
    Walls {
        from: wall(within.start()).saturating_add(-(day + day)).saturating_add(-length),
        to: wall(within.end()).saturating_add(day).saturating_add(travel),
    }
}

/// What EXRULE takes away.
fn excluded(master: &Component, start: &Moment, walls: Walls) -> Result<HashSet<Key>, Unreadable> {
    let mut excluded = HashSet::new();
    for rule in &master.exception_rules {
        let Rule::Read(rule) = rule else { return Err(Unreadable::Rule) };
        let walls = rule::run(rule, start.wall(), until(rule, start), walls)?;
        excluded.extend(walls.into_iter().map(|wall| start.at_wall(wall).key()));
    }
    Ok(excluded)
}

/// UNTIL on the start's clock: in UTC for zoned events. A bare date on a timed event, which the standard does not
/// allow, ends the series as that day begins, as widespread libraries have it.
fn until(rule: &calcard::icalendar::ICalendarRecurrenceRule, start: &Moment) -> Option<DateTime> {
    let until = Moment::from_parts(rule.until.as_ref()?, None)?;
    Some(match (&until, start) {
        (Moment::Utc(_), Moment::Zoned(..)) => start.wall_of(&until.key()),
        _ => until.wall(),
    })
}
