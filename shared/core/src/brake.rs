//! The brake: a source that suddenly lacks many events loses nothing until a person has said yes.
//! It counts disappearances without evidence only; a tombstone, a cancelled status or a command never count.

/// Up to this many may go at once, however small the source.
const ALWAYS_ALLOWED: usize = 5;
/// Above that, one in so many.
const ONE_IN: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Brake {
    Released,
    /// Removals wait; writes go on.
    Engaged {
        missing: usize,
        of: usize,
    },
}

/// More than max(5, 20 %) of a source's events (a series is one) gone by absence engages it (E-042).
pub fn brake(missing: usize, of: usize) -> Brake {
    if missing > ALWAYS_ALLOWED.max(of / ONE_IN) { Brake::Engaged { missing, of } } else { Brake::Released }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_042_more_than_five_and_more_than_a_fifth() {
        for (missing, of, engaged) in [
            (0, 0, false),
            (5, 5, false),
            (6, 6, true),
            (6, 30, false),
            (8, 30, true),
            (200, 1000, false),
            (201, 1000, true),
        ] {
            assert_eq!(brake(missing, of) != Brake::Released, engaged, "{missing} of {of}");
        }
    }
}
