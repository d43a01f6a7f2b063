//! The cursor: Google's sync token, with the bounds that it keeps for ever. Opaque to everybody else.

use daybook_core::ids::Cursor;
use daybook_core::time::Interval;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Windows are opened wider than asked for, so that a month of days passes before one has to be opened anew.
const SLACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A token and the time that it speaks of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bookmark {
    pub token: String,
    from: Timestamp,
    to: Timestamp,
}

impl Bookmark {
    pub fn new(token: String, bounds: Interval) -> Self {
        Self { token, from: bounds.start(), to: bounds.end() }
    }

    /// `None` where it is none of ours, or does not speak of all of `within`.
    pub fn read(cursor: &Cursor, within: Interval) -> Option<Self> {
        let bookmark: Self = serde_json::from_str(cursor.as_str()).ok()?;
        let speaks_of_all = bookmark.from <= within.start() && within.end() <= bookmark.to;
        speaks_of_all.then_some(bookmark)
    }

    pub fn moved_to(self, token: String) -> Self {
        Self { token, ..self }
    }

    pub fn cursor(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor::new)
    }
}

/// The bounds with which a window is opened.
pub fn bounds(within: Interval) -> Interval {
    let from = within.start().checked_sub(SLACK).unwrap_or(within.start());
    let to = within.end().checked_add(SLACK).unwrap_or(within.end());
    Interval::between(from, to)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn e_028_a_window_that_has_left_the_bounds_asks_for_a_new_listing() {
        let day = SignedDuration::from_hours(24);
        let at = |days: i32| Timestamp::UNIX_EPOCH + day * days;
        let window = |from, to| Interval::new(at(from), at(to)).unwrap();
        let cursor = Bookmark::new("t".into(), bounds(window(100, 200))).cursor().unwrap();
        for (from, to, holds) in
            [(100, 200, true), (130, 230, true), (131, 231, false), (70, 200, true), (69, 200, false)]
        {
            assert_eq!(Bookmark::read(&cursor, window(from, to)).is_some(), holds, "{from} {to}");
        }
        for foreign in ["", "sync:1", "{}", "{\"token\":1}"] {
            assert_eq!(Bookmark::read(&foreign.into(), window(100, 200)), None, "{foreign}");
        }
    }
}
