//! Our bookmark in the EHR's changes: the youngest change that was seen, by the server's own clock, and what
//! was already told of the minutes before it. Those are read again each time, because servers let a change
//! become visible later than its time says.

use std::collections::BTreeSet;

use daybook_core::ids::Cursor;
use jiff::Timestamp;

use crate::digest::short_hash;

/// A bookmark holds at most so many marks; what it forgets is told again, which is harmless.
const MOST_MARKS: usize = 1000;
const FORMAT: &str = "1";

/// One state of one appointment, as eight bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn of(parts: &[&str]) -> Self {
        Self(short_hash(parts))
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bookmark {
    pub(super) watermark: Timestamp,
    pub(super) told: BTreeSet<Mark>,
}

impl Bookmark {
    /// `None` where it is none of ours, or of another format.
    pub(super) fn parse(cursor: &Cursor) -> Option<Self> {
        let mut words = cursor.as_str().split(' ');
        let watermark =
            words.next().filter(|format| *format == FORMAT).and_then(|_| words.next())?.parse().ok()?;
        Some(Self { watermark, told: words.map(|word| Mark(word.to_owned())).collect() })
    }

    pub(super) fn write(&self) -> Cursor {
        let mut text = format!("{FORMAT} {}", self.watermark);
        for mark in self.told.iter().take(MOST_MARKS) {
            text.push(' ');
            text.push_str(&mark.0);
        }
        Cursor::new(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_bookmark_survives_its_writing() {
        let marks = [Mark::of(&["a", "1"]), Mark::of(&["b", "1"])];
        for told in [BTreeSet::new(), BTreeSet::from(marks)] {
            let bookmark = Bookmark { watermark: "2026-10-12T13:05:11.204Z".parse().unwrap(), told };
            assert_eq!(Bookmark::parse(&bookmark.write()), Some(bookmark));
        }
        for foreign in ["", "2 2026-10-12T13:05:11Z", "1", "1 soon", "token"] {
            assert_eq!(Bookmark::parse(&foreign.into()), None, "{foreign}");
        }
    }

    #[test]
    fn a_bookmark_is_bounded() {
        let told = (0..3000).map(|n| Mark::of(&[&n.to_string()])).collect();
        let written = Bookmark { watermark: Timestamp::UNIX_EPOCH, told }.write();
        assert!(written.as_str().len() < 20_000);
    }
}
