//! All-day entries that are marked free. They leave their day open, since that is what their mark says; a clinician who meant
//! otherwise says so for each of them, and takes it back. The entry itself is never changed.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::event::EventRef;
use crate::ids::CalendarId;
use crate::key::PracticeKey;

/// So many are closed by hand at most.
pub const MOST_CLOSED: usize = 200;

/// One such entry, on the days that it takes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FreeDay {
    pub first: Date,
    /// Not included.
    pub end: Date,
    pub calendar: CalendarId,
    /// Its name in the list of those that are closed by hand.
    pub mark: String,
    pub standing: Standing,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Standing {
    /// As its mark says.
    Open,
    /// The clinician wanted it so.
    ClosedByHand,
}

/// What an entry is called in the list: by what tells it from every other, and nothing of what it is about.
pub fn mark(key: &PracticeKey, event: &EventRef) -> String {
    key.item_digest(&event.calendar, &format!("day\n{}\n{}", event.item, event.occurrence))
}

/// The list with an answer in it. `None` where it is full.
pub fn with(closed: &BTreeSet<String>, mark: &str, wanted: Standing) -> Option<BTreeSet<String>> {
    let mut closed = closed.clone();
    match wanted {
        Standing::Open => drop(closed.remove(mark)),
        Standing::ClosedByHand => drop(closed.insert(mark.to_owned())),
    }
    (closed.len() <= MOST_CLOSED).then_some(closed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn each_occurrence_has_a_mark_of_its_own() {
        let key = PracticeKey::new(&[7; 32]);
        let event = |calendar: &str, item: &str, occurrence: &str| EventRef {
            calendar: calendar.into(),
            item: item.into(),
            series: "s".into(),
            occurrence: crate::ids::OccurrenceId::new(occurrence),
        };
        let all = [("a", "b", ""), ("a", "b", "1"), ("a", "c", ""), ("b", "b", "")];
        let marks: BTreeSet<String> =
            all.iter().map(|(calendar, item, one)| mark(&key, &event(calendar, item, one))).collect();
        assert_eq!(marks.len(), all.len());
        assert_eq!(mark(&key, &event("a", "b", "")), mark(&key, &event("a", "b", "")));
    }

    #[test]
    fn an_answer_is_taken_and_taken_back() {
        let empty = BTreeSet::new();
        let one = with(&empty, "a", Standing::ClosedByHand).unwrap();
        assert_eq!(one, ["a".to_owned()].into());
        assert_eq!(with(&one, "a", Standing::ClosedByHand), Some(one.clone()));
        assert_eq!(with(&one, "b", Standing::Open), Some(one.clone()));
        assert_eq!(with(&one, "a", Standing::Open), Some(empty));
        let full: BTreeSet<String> = (0..MOST_CLOSED).map(|number| number.to_string()).collect();
        assert_eq!(with(&full, "a", Standing::ClosedByHand), None);
        assert!(with(&full, "0", Standing::Open).is_some());
    }
}
