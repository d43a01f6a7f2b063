//! What we may do in a clinician's account: the least that the settings need, and what was granted.
//! Each provider's room translates it into its own permissions.

use crate::connection::{Direction, MainCalendar, Settings};

/// What an account lets us do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Access {
    pub writes: Writes,
    pub reads: Reads,
}

/// Where we may write, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Writes {
    Nothing,
    /// Only calendars that we made.
    OwnCalendars,
    AllCalendars,
}

/// What we may read beside the calendars that we made, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reads {
    /// Not even which calendars there are: nothing works with that.
    Nothing,
    /// Which calendars there are, and how they are called.
    Names,
    /// When something stands in them.
    Events,
}

impl Access {
    /// Everything: what a password opens.
    pub const ALL: Self = Self { writes: Writes::AllCalendars, reads: Reads::Events };

    /// The least with which these settings can be kept.
    pub fn needed(settings: &Settings) -> Self {
        let writes = match settings.main_calendar {
            MainCalendar::None => Writes::Nothing,
            MainCalendar::Create(_) | MainCalendar::Made(_) => Writes::OwnCalendars,
            MainCalendar::Existing(_) => Writes::AllCalendars,
        };
        let reads = match settings.direction {
            Direction::EhrToCalendar => Reads::Names,
            Direction::TwoWay => Reads::Events,
        };
        Self { writes, reads }
    }

    /// Whether whoever may do this may also do `needed`.
    pub fn covers(self, needed: Self) -> bool {
        self.writes >= needed.writes && self.reads >= needed.reads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_covers_less() {
        let all =
            [Writes::Nothing, Writes::OwnCalendars, Writes::AllCalendars].into_iter().flat_map(|writes| {
                [Reads::Nothing, Reads::Names, Reads::Events].map(|reads| Access { writes, reads })
            });
        for access in all {
            assert!(Access::ALL.covers(access), "{access:?}");
            assert_eq!(access.covers(Access::ALL), access == Access::ALL, "{access:?}");
        }
        let writer = Access { writes: Writes::AllCalendars, reads: Reads::Names };
        let reader = Access { writes: Writes::Nothing, reads: Reads::Events };
        assert!(!writer.covers(reader) && !reader.covers(writer));
        let blind = Access { writes: Writes::AllCalendars, reads: Reads::Nothing };
        assert!(!blind.covers(Access { writes: Writes::Nothing, reads: Reads::Names }));
    }
}
