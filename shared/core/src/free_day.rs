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

/// So long is the name in front of a mark.
const NAME_BYTES: usize = 24;
const DATE: &str = "%Y%m%d";

/// What an entry is called in the list: by what tells it from every other, and nothing of what it is about; and its end, so
/// that it is known when nobody needs the mark any more.
pub fn mark(key: &PracticeKey, event: &EventRef, end: Date) -> String {
    format!("{}{}", name(key, event), end.strftime(DATE))
}

/// What stays the same when an entry is moved.
pub fn name(key: &PracticeKey, event: &EventRef) -> String {
    key.item_digest(&event.calendar, &format!("day\n{}\n{}", event.item, event.occurrence))
}

/// Whether the entry of this mark or name was closed by hand, wherever it stood then.
pub fn is_closed(closed: &BTreeSet<String>, mark: &str) -> bool {
    closed.iter().any(|one| name_in(one) == name_in(mark))
}

/// The list with an answer in it. Where it would be too long, those that were over before `today` go; not sooner, since an
/// entry may have been moved to another day. `None` where it is full all the same.
pub fn with(
    closed: &BTreeSet<String>,
    mark: &str,
    wanted: Standing,
    today: Date,
) -> Option<BTreeSet<String>> {
    let mut closed = closed.clone();
    closed.retain(|one| name_in(one) != name_in(mark));
    match wanted {
        Standing::Open => {}
        Standing::ClosedByHand => {
            if closed.len() >= MOST_CLOSED {
                closed.retain(|one| end_in(one).is_none_or(|end| end >= today));
            }
            closed.insert(mark.to_owned());
        }
    }
    (closed.len() <= MOST_CLOSED).then_some(closed)
}

fn name_in(mark: &str) -> &str {
    mark.get(..NAME_BYTES).unwrap_or(mark)
}

fn end_in(mark: &str) -> Option<Date> {
    Date::strptime(DATE, mark.get(NAME_BYTES..)?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    const DAY: Date = jiff::civil::date(2026, 11, 26);

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
            all.iter().map(|(calendar, item, one)| mark(&key, &event(calendar, item, one), DAY)).collect();
        assert_eq!(marks.len(), all.len());
        let moved = DAY.tomorrow().unwrap();
        let one = mark(&key, &event("a", "b", ""), moved);
        assert!(marks.iter().any(|other| name_in(other) == name_in(&one)));
        assert_eq!((name_in(&one), end_in(&one)), (name(&key, &event("a", "b", "")).as_str(), Some(moved)));
        assert!(is_closed(&marks, &one) && is_closed(&marks, name_in(&one)));
        assert!(!is_closed(&marks, &mark(&key, &event("c", "b", ""), DAY)));
    }

    #[test]
    fn an_answer_is_taken_and_taken_back() {
        let empty = BTreeSet::new();
        let with = |closed: &BTreeSet<String>, mark: &str, wanted| with(closed, mark, wanted, DAY);
        let one = with(&empty, "a", Standing::ClosedByHand).unwrap();
        assert_eq!(one, ["a".to_owned()].into());
        assert_eq!(with(&one, "a", Standing::ClosedByHand), Some(one.clone()));
        assert_eq!(with(&one, "b", Standing::Open), Some(one.clone()));
        assert_eq!(with(&one, "a", Standing::Open), Some(empty));
        let full: BTreeSet<String> = (0..MOST_CLOSED).map(|number| number.to_string()).collect();
        assert_eq!(with(&full, "a", Standing::ClosedByHand), None);
        assert_eq!(with(&full, "0", Standing::ClosedByHand), Some(full.clone()));
        assert!(with(&full, "0", Standing::Open).is_some());
    }

    #[test]
    fn what_is_over_makes_room_and_nothing_else_does() {
        let day = |number: usize, end: Date| format!("{number:024}{}", end.strftime(DATE));
        let list =
            |count: usize, end: Date| (0..count).map(|number| day(number, end)).collect::<BTreeSet<_>>();
        let (before, after) = (DAY.yesterday().unwrap(), DAY.tomorrow().unwrap());
        for (what, closed, expected) in [
            ("room enough", list(5, before), Some(6)),
            ("full of what is over", list(MOST_CLOSED, before), Some(1)),
            ("full of today's", list(MOST_CLOSED, DAY), None),
            ("full of what is to come", list(MOST_CLOSED, after), None),
        ] {
            let found = with(&closed, &day(999, after), Standing::ClosedByHand, DAY);
            assert_eq!(found.map(|closed| closed.len()), expected, "{what}");
        }
        let moved = with(&list(1, before), &day(0, after), Standing::ClosedByHand, DAY);
        assert_eq!(moved, Some([day(0, after)].into()));
    }
}
