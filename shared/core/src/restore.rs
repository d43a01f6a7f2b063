//! How often a mirror is put back that its reader drags or deletes: three times within a day; then it is parked, and a
//! person decides. Only mirrors of appointments: a block that is not put back would open closed time.
//! What counts as a reader's hand is the plan's to know.

use jiff::{SignedDuration, Timestamp};

/// So often a mirror is put back within [`WITHIN`].
pub const MOST: u32 = 3;
/// The time within which putting back is counted, from the first.
pub const WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// How often a mirror was put back while its appointment stayed the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restored {
    pub times: u32,
    /// When it was first put back.
    pub since: Timestamp,
    /// It was put back for the last time; the settings were of this version then. The next command of a person, which
    /// raises the version, ends the park.
    pub parked_at_version: Option<u64>,
}

/// What becomes of a mirror that its reader has touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Touched {
    /// It is put back, after which this is remembered.
    IsPutBack(Restored),
    /// It has just been touched once too often: it stays as its reader left it, and this is remembered.
    IsParked(Restored),
    /// It stays as its reader left it.
    StaysParked,
}

/// Decides about a mirror that a reader has touched, whose appointment is as agreed.
pub fn touched(before: Option<Restored>, version: u64, now: Timestamp) -> Touched {
    let first = Restored { times: 1, since: now, parked_at_version: None };
    match before {
        Some(Restored { parked_at_version: Some(then), .. }) if then == version => Touched::StaysParked,
        None | Some(Restored { parked_at_version: Some(_), .. }) => Touched::IsPutBack(first),
        Some(known) if now.duration_since(known.since) >= WITHIN => Touched::IsPutBack(first),
        Some(known) if known.times >= MOST => {
            Touched::IsParked(Restored { parked_at_version: Some(version), ..known })
        }
        Some(known) => Touched::IsPutBack(Restored { times: known.times + 1, ..known }),
    }
}

impl Restored {
    pub fn is_parked(&self) -> bool {
        self.parked_at_version.is_some()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn known(times: u32, since: i64, parked_at_version: Option<u64>) -> Restored {
        Restored { times, since: hour(since), parked_at_version }
    }

    #[test]
    fn e_043_put_back_three_times_a_day_then_parked() {
        for (before, version, now, expected) in [
            (None, 1, 0, "put back, 1 since 0"),
            (Some(known(1, 0, None)), 1, 1, "put back, 2 since 0"),
            (Some(known(2, 0, None)), 1, 23, "put back, 3 since 0"),
            (Some(known(3, 0, None)), 1, 23, "parked, 3 since 0"),
            (Some(known(3, 0, None)), 1, 24, "put back, 1 since 24"),
            (Some(known(1, 0, None)), 1, 30, "put back, 1 since 30"),
            (Some(known(3, 0, Some(1))), 1, 23, "stays"),
            (Some(known(3, 0, Some(1))), 1, 999, "stays"),
            (Some(known(3, 0, Some(1))), 2, 23, "put back, 1 since 23"),
        ] {
            let told = |restored: Restored| {
                format!("{} since {}", restored.times, restored.since.as_second() / 3600)
            };
            let decided = match touched(before, version, hour(now)) {
                Touched::IsPutBack(restored) => format!("put back, {}", told(restored)),
                Touched::IsParked(restored) => {
                    assert_eq!(restored.parked_at_version, Some(version));
                    format!("parked, {}", told(restored))
                }
                Touched::StaysParked => "stays".to_owned(),
            };
            assert_eq!(decided, expected, "{before:?} at version {version}, hour {now}");
        }
    }
}
