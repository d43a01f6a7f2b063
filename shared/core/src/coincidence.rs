//! Events that take place exactly when an appointment does: most likely the same thing, entered by hand before there was
//! a sync. They are told, and never touched.

use std::collections::HashSet;

use crate::time::Interval;

/// The times that are in both, in order, each once. A moment without length is no coincidence.
pub fn exact(appointments: &[Interval], events: &[Interval]) -> Vec<Interval> {
    let booked: HashSet<&Interval> = appointments.iter().collect();
    let mut both: Vec<Interval> =
        events.iter().filter(|event| !event.is_empty() && booked.contains(event)).copied().collect();
    both.sort_unstable();
    both.dedup();
    both
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn only_what_begins_and_ends_together() {
        let at = |from: i64, to: i64| {
            Interval::between(Timestamp::from_second(from).unwrap(), Timestamp::from_second(to).unwrap())
        };
        for (appointments, events, expected) in [
            (vec![], vec![at(0, 60)], vec![]),
            (vec![at(0, 60)], vec![], vec![]),
            (vec![at(0, 60)], vec![at(0, 50)], vec![]),
            (vec![at(0, 60)], vec![at(10, 60)], vec![]),
            (vec![at(0, 0)], vec![at(0, 0)], vec![]),
            (
                vec![at(90, 99), at(0, 60)],
                vec![at(90, 99), at(0, 60), at(0, 60)],
                vec![at(0, 60), at(90, 99)],
            ),
        ] {
            assert_eq!(exact(&appointments, &events), expected, "{appointments:?} {events:?}");
        }
    }
}
