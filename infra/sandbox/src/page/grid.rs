//! Where things stand in the week grid: rows of five minutes, and lanes side by side where things
//! overlap. The strict content policy allows no inline styles, so places are classes of a stylesheet.

use std::fmt::Write as _;

const ROW_MIN: i32 = 5;
const DAY_MIN: i32 = 24 * 60;
/// Lanes beyond this many lie on top of each other.
const LANES: usize = 3;

/// Minutes since midnight, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minutes {
    pub(crate) from: i32,
    pub(crate) to: i32,
}

/// The hours that the grid shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first_hour: i32,
    pub(crate) last_hour: i32,
}

impl Frame {
    /// The smallest frame of whole hours that shows all of these, and never less than 8 to 18.
    pub(crate) fn around(spans: impl Iterator<Item = Minutes>) -> Self {
        spans.fold(Self { first_hour: 8, last_hour: 18 }, |frame, span| Self {
            first_hour: frame.first_hour.min(span.from / 60),
            last_hour: frame.last_hour.max((span.to + 59) / 60).min(24),
        })
    }

    /// The classes that place a span, or `None` if it lies outside.
    pub(crate) fn place(self, span: Minutes) -> Option<String> {
        let from = span.from.max(self.first_hour * 60);
        let to = span.to.min(self.last_hour * 60);
        (from < to).then(|| {
            let first_row = (from - self.first_hour * 60) / ROW_MIN + 1;
            let end_row = (to - self.first_hour * 60 + ROW_MIN - 1) / ROW_MIN + 1;
            format!("from-{first_row} to-{}", end_row.max(first_row + 3))
        })
    }
}

/// Which lane each span takes, and of how many; spans are sorted by start.
pub(crate) fn lanes(spans: &[Minutes]) -> Vec<(usize, usize)> {
    let mut placed: Vec<(usize, usize)> = Vec::with_capacity(spans.len());
    let mut ends: Vec<i32> = Vec::new();
    let mut group_start = 0;
    for span in spans {
        if ends.iter().all(|end| *end <= span.from) {
            share(&mut placed, group_start, ends.len());
            group_start = placed.len();
            ends.clear();
        }
        let lane = ends.iter().position(|end| *end <= span.from).unwrap_or(ends.len());
        match ends.get_mut(lane) {
            Some(end) => *end = span.to,
            None => ends.push(span.to),
        }
        placed.push((lane, 0));
    }
    share(&mut placed, group_start, ends.len());
    placed
}

/// Tells a group of overlapping spans how many lanes they share.
fn share(placed: &mut [(usize, usize)], group_start: usize, lanes: usize) {
    let lanes = lanes.clamp(1, LANES);
    for (lane, of) in placed.iter_mut().skip(group_start) {
        *lane = (*lane).min(lanes - 1) + 1;
        *of = lanes;
    }
}

/// One rule for each row of a day.
pub(crate) fn stylesheet() -> String {
    (1..=DAY_MIN / ROW_MIN + 4).fold(String::new(), |mut css, row| {
        let _ = writeln!(css, ".from-{row}{{grid-row-start:{row}}}.to-{row}{{grid-row-end:{row}}}");
        css
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn span(from: i32, to: i32) -> Minutes {
        Minutes { from, to }
    }

    #[test]
    fn a_span_takes_its_rows() {
        let frame = Frame::around([span(9 * 60, 18 * 60 + 30)].into_iter());
        assert_eq!(frame, Frame { first_hour: 8, last_hour: 19 });
        assert_eq!(frame.place(span(9 * 60, 9 * 60 + 50)).unwrap(), "from-13 to-23");
        assert_eq!(frame.place(span(0, DAY_MIN)).unwrap(), "from-1 to-133");
        assert_eq!(frame.place(span(9 * 60 + 2, 9 * 60 + 4)).unwrap(), "from-13 to-16");
        assert_eq!(frame.place(span(0, 60)), None);
    }

    #[test]
    fn overlaps_stand_side_by_side() {
        for (spans, expected) in [
            (vec![span(0, 10), span(10, 20)], vec![(1, 1), (1, 1)]),
            (
                vec![span(0, 30), span(10, 20), span(20, 40), span(50, 60)],
                vec![(1, 2), (2, 2), (2, 2), (1, 1)],
            ),
            (vec![span(0, 9), span(0, 9), span(0, 9), span(0, 9)], vec![(1, 3), (2, 3), (3, 3), (3, 3)]),
        ] {
            assert_eq!(lanes(&spans), expected, "{spans:?}");
        }
    }
}
