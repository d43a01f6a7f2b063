//! Our bookmark in a calendar's changes: Graph's own links with the windows that are frozen in them (trap B-T8).

use daybook_core::ids::Cursor;
use daybook_core::time::Interval;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Bookmarks of another format ask for a full listing.
const FORMAT: u8 = 1;
/// Frozen windows are opened this much wider on both sides, so that they need not be opened anew each day.
const SLACK: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Graph refuses views of more than 1,825 days.
const LONGEST: SignedDuration = SignedDuration::from_hours(1_800 * 24);

/// Where each strip of the window goes on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bookmarks {
    format: u8,
    pub strips: Vec<Strip>,
}

/// One stream of changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Strip {
    from: Timestamp,
    to: Timestamp,
    /// Path and query below Graph's root, so that it outlives a change of address.
    pub link: String,
}

impl Strip {
    pub fn new(window: Interval, link: String) -> Self {
        Self { from: window.start(), to: window.end(), link }
    }

    pub fn window(&self) -> Interval {
        Interval::between(self.from, self.to)
    }
}

impl Bookmarks {
    pub fn new(strips: Vec<Strip>) -> Self {
        Self { format: FORMAT, strips }
    }

    /// `None` where it is none of ours, or of another format.
    pub fn read(cursor: &Cursor) -> Option<Self> {
        let bookmarks: Self = serde_json::from_str(cursor.as_str()).ok()?;
        (bookmarks.format == FORMAT && !bookmarks.strips.is_empty()).then_some(bookmarks)
    }

    pub fn cursor(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor::new)
    }

    /// Whether the frozen windows still hold all of this one.
    pub fn cover(&self, window: Interval) -> bool {
        let from = self.strips.iter().map(|strip| strip.from).min();
        let to = self.strips.iter().map(|strip| strip.to).max();
        matches!((from, to), (Some(from), Some(to)) if from <= window.start() && window.end() <= to)
    }
}

/// The window with its slack, in strips that Graph accepts.
pub fn opened(window: Interval) -> Vec<Interval> {
    let start = window.start().checked_sub(SLACK).unwrap_or(Timestamp::MIN);
    let end = window.end().checked_add(SLACK).unwrap_or(Timestamp::MAX);
    strips(Interval::between(start, end))
}

/// A window in strips that Graph accepts, without a gap. At least one.
pub fn strips(window: Interval) -> Vec<Interval> {
    let mut strips = Vec::new();
    let mut from = window.start();
    loop {
        let to = from.checked_add(LONGEST).unwrap_or(Timestamp::MAX).min(window.end());
        strips.push(Interval::between(from, to));
        if to >= window.end() {
            return strips;
        }
        from = to;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn window(from: &str, to: &str) -> Interval {
        Interval::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_usual_window_is_one_strip_with_slack() {
        let wanted = window("2026-03-01T00:00:00Z", "2027-03-01T00:00:00Z");
        assert_eq!(opened(wanted), [window("2026-01-30T00:00:00Z", "2027-03-31T00:00:00Z")]);
    }

    #[test]
    fn a_window_of_fifteen_years_is_cut_without_a_gap() {
        let strips = opened(window("2016-03-01T00:00:00Z", "2031-03-01T00:00:00Z"));
        assert_eq!(strips.len(), 4);
        for pair in strips.windows(2) {
            assert_eq!(pair[0].end(), pair[1].start());
        }
        assert!(strips.iter().all(|strip| strip.end().duration_since(strip.start()) <= LONGEST));
    }

    #[test]
    fn a_bookmark_is_read_back_and_holds_its_window() {
        let frozen = window("2026-01-30T00:00:00Z", "2027-03-31T00:00:00Z");
        let bookmarks = Bookmarks::new(vec![Strip::new(frozen, "/me/x?$deltatoken=a".into())]);
        assert_eq!(Bookmarks::read(&bookmarks.cursor().unwrap()), Some(bookmarks.clone()));
        assert!(bookmarks.cover(window("2026-03-01T00:00:00Z", "2027-03-01T00:00:00Z")));
        assert!(!bookmarks.cover(window("2026-03-01T00:00:00Z", "2027-04-01T00:00:00Z")));
        assert!(!bookmarks.cover(window("2026-01-01T00:00:00Z", "2027-03-01T00:00:00Z")));
        for other in ["", "ctag:1", "{}", r#"{"format":2,"strips":[]}"#, r#"{"format":1,"strips":[]}"#] {
            assert_eq!(Bookmarks::read(&other.into()), None, "{other}");
        }
    }
}
