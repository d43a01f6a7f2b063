//! Where an appointment and an event of the clinician's own take the same time: both stand, and a person must choose. It
//! changes neither.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::event::EventRef;
use crate::ids::AppointmentId;
use crate::key::PracticeKey;
use crate::time::Interval;

/// More pairs than this are not told of.
const MOST_PAIRS: usize = 1_000;

/// The names of all pairs that overlap and are not over. Events are those that close time: our own mirrors are none. A name
/// stays while the pair does, whenever it takes place, and tells nobody else which pair it is.
pub fn conflicts(
    key: &PracticeKey,
    appointments: &[(AppointmentId, Interval)],
    events: &[(EventRef, Interval)],
    now: Timestamp,
) -> BTreeSet<String> {
    let mut events: Vec<_> = events.iter().filter(|(_, at)| at.end() > now).collect();
    events.sort_by_key(|(_, at)| at.start());
    let ahead = appointments.iter().filter(|(_, at)| at.end() > now && !at.is_empty());
    let pairs = ahead.flat_map(|(appointment, at)| {
        let begun = events.partition_point(|(_, event)| event.start() < at.end());
        let overlapping =
            events.iter().take(begun).filter(|(_, event)| !event.is_empty() && event.overlaps(at));
        overlapping.map(move |(event, _)| key.conflict_name(appointment, event))
    });
    pairs.take(MOST_PAIRS).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn event(item: &str) -> EventRef {
        EventRef {
            calendar: "private".into(),
            item: item.into(),
            series: item.into(),
            occurrence: crate::ids::OccurrenceId::single(),
        }
    }

    fn found(appointments: &[(&str, i64, i64)], events: &[(&str, i64, i64)], now: i64) -> usize {
        named(appointments, events, now).len()
    }

    fn named(appointments: &[(&str, i64, i64)], events: &[(&str, i64, i64)], now: i64) -> BTreeSet<String> {
        let span = |from, to| Interval::between(at(from), at(to));
        let appointments: Vec<_> =
            appointments.iter().map(|(id, from, to)| ((*id).into(), span(*from, *to))).collect();
        let events: Vec<_> = events.iter().map(|(id, from, to)| (event(id), span(*from, *to))).collect();
        conflicts(&PracticeKey::new(&[1; 32]), &appointments, &events, at(now))
    }

    #[test]
    fn what_overlaps_and_is_not_over() {
        let a = ("a", 60, 120);
        for (case, appointments, events, now, expected) in [
            ("inside", vec![a], vec![("e", 70, 80)], 0, 1),
            ("one after the other", vec![a], vec![("e", 120, 180), ("f", 0, 60)], 0, 0),
            ("at its end", vec![a], vec![("e", 119, 300)], 0, 1),
            ("a long one before", vec![a], vec![("e", 0, 600), ("f", 10, 20)], 0, 1),
            ("two and two", vec![a, ("b", 100, 130)], vec![("e", 90, 110), ("f", 110, 140)], 0, 4),
            ("over", vec![a], vec![("e", 70, 80)], 120, 0),
            ("the event is over", vec![a], vec![("e", 70, 80)], 90, 0),
            ("without length", vec![a], vec![("e", 70, 70)], 0, 0),
        ] {
            assert_eq!(found(&appointments, &events, now), expected, "{case}");
        }
    }

    #[test]
    fn a_name_stays_when_the_pair_moves() {
        let before = named(&[("a", 60, 120)], &[("e", 70, 80)], 0);
        assert_eq!(named(&[("a", 600, 720)], &[("e", 610, 640)], 0), before);
        assert_ne!(named(&[("b", 60, 120)], &[("e", 70, 80)], 0), before);
    }
}
