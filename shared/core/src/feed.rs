//! The read-only feed of a practitioner's appointments: how much it tells, how long it lives, what is noted of a fetch.
//! It does not know what a calendar file looks like.

use jiff::{SignedDuration, Timestamp};

use crate::detail::{Cap, Detail, Part2};
use crate::ids::{PracticeId, PractitionerId};
use crate::key::Fingerprint;
use crate::policy::{Feed as Feeds, Policy};
use crate::proof::Proof;

/// A feed that nobody fetches for so long is over: its address may have been forgotten where others find it.
pub const UNFETCHED_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A fetch is noted no more often than this.
pub const NOTED_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// The most that an address may tell which is its own only lock.
pub const MOST_DETAIL: Detail = Detail::Appointment;

/// A practitioner's feed. They have one at most.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Feed {
    pub practice: PracticeId,
    pub practitioner: PractitionerId,
    /// Of the secret in its address.
    pub secret: Proof,
    /// As chosen; see [`detail`].
    pub detail: Detail,
    pub made_at: Timestamp,
    pub fetched_at: Option<Timestamp>,
    pub shown: Option<Shown>,
}

/// What the feed showed last, and since when it shows that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shown {
    pub print: Fingerprint,
    pub since: Timestamp,
}

/// What becomes of a request for a feed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Active,
    /// Nobody fetched it for too long.
    Expired,
    /// The practice does not allow feeds.
    Forbidden,
}

impl Feed {
    pub fn state(&self, policy: &Policy, now: Timestamp) -> State {
        match policy.feed {
            Feeds::Forbidden => State::Forbidden,
            Feeds::Allowed if self.expires_at() <= now => State::Expired,
            Feeds::Allowed => State::Active,
        }
    }

    /// When it is over, unless somebody fetches it before.
    pub fn expires_at(&self) -> Timestamp {
        let last = self.fetched_at.unwrap_or(self.made_at).max(self.made_at);
        last.checked_add(UNFETCHED_FOR).unwrap_or(Timestamp::MAX)
    }

    /// The feed after a fetch at `now` that showed `print`, and since when it shows that.
    #[must_use]
    pub fn fetched(&self, print: Fingerprint, now: Timestamp) -> (Self, Timestamp) {
        let is_same = |shown: &Shown| shown.print == print;
        let since = self.shown.filter(is_same).map_or_else(|| self.next_stamp(now), |shown| shown.since);
        let fetched_at = self.fetched_at.filter(|last| !is_noted_again(*last, now)).unwrap_or(now);
        let after =
            Self { fetched_at: Some(fetched_at), shown: Some(Shown { print, since }), ..self.clone() };
        (after, since)
    }

    /// In whole seconds, as calendar files count, and later than the one before: a reader that compares stamps must see
    /// that something has changed.
    fn next_stamp(&self, now: Timestamp) -> Timestamp {
        let whole = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let after = self.shown.and_then(|shown| shown.since.checked_add(SignedDuration::from_secs(1)).ok());
        after.map_or(whole, |after| after.max(whole))
    }
}

/// A clock that went back is no reason to write.
fn is_noted_again(last: Timestamp, now: Timestamp) -> bool {
    last.checked_add(NOTED_EVERY).is_ok_and(|next| next <= now)
}

/// The level in force, and what lowered it, if anything did.
pub fn detail(policy: &Policy, wanted: Detail) -> (Detail, Option<Cap>) {
    let caps = [
        (policy.part2 == Part2::Yes).then_some((Detail::Busy, Cap::Part2)),
        Some((policy.detail_cap, Cap::Practice)),
        Some((MOST_DETAIL, Cap::Feed)),
    ];
    caps.into_iter().flatten().fold(
        (wanted, None),
        |(level, why), (cap, who)| {
            if cap < level { (cap, Some(who)) } else { (level, why) }
        },
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    const DAY: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn print(byte: u8) -> Fingerprint {
        Fingerprint::from_bytes(&[byte; 17]).unwrap()
    }

    fn feed(fetched_at: Option<i64>) -> Feed {
        Feed {
            practice: "demo".into(),
            practitioner: "p".into(),
            secret: Proof::of("secret"),
            detail: Detail::Busy,
            made_at: at(1_000),
            fetched_at: fetched_at.map(at),
            shown: None,
        }
    }

    #[test]
    fn the_level_is_the_least_of_three_caps_and_the_wish() {
        use Detail::{Appointment, Busy, Full, Reference};
        for (wanted, cap, part2, expected) in [
            (Busy, Full, Part2::No, (Busy, None)),
            (Appointment, Full, Part2::No, (Appointment, None)),
            (Reference, Full, Part2::No, (Appointment, Some(Cap::Feed))),
            (Full, Full, Part2::No, (Appointment, Some(Cap::Feed))),
            (Full, Reference, Part2::No, (Appointment, Some(Cap::Feed))),
            (Full, Appointment, Part2::No, (Appointment, Some(Cap::Practice))),
            (Appointment, Busy, Part2::No, (Busy, Some(Cap::Practice))),
            (Full, Full, Part2::Yes, (Busy, Some(Cap::Part2))),
            (Busy, Full, Part2::Yes, (Busy, None)),
        ] {
            let policy = Policy { detail_cap: cap, part2, ..Policy::default() };
            assert_eq!(detail(&policy, wanted), expected, "{wanted:?} {cap:?} {part2:?}");
        }
    }

    #[test]
    fn it_is_over_ninety_days_after_the_last_fetch() {
        let (allowed, forbidden) =
            (Policy::default(), Policy { feed: Feeds::Forbidden, ..Policy::default() });
        for (fetched, now, policy, expected) in [
            (None, 1_000, &allowed, State::Active),
            (None, 1_000 + 90 * DAY - 1, &allowed, State::Active),
            (None, 1_000 + 90 * DAY, &allowed, State::Expired),
            (Some(5 * DAY), 95 * DAY - 1, &allowed, State::Active),
            (Some(5 * DAY), 95 * DAY, &allowed, State::Expired),
            (Some(5 * DAY), 6 * DAY, &forbidden, State::Forbidden),
            (Some(5 * DAY), 95 * DAY, &forbidden, State::Forbidden),
        ] {
            assert_eq!(feed(fetched).state(policy, at(now)), expected, "{fetched:?} {now}");
        }
    }

    #[test]
    fn a_fetch_is_noted_once_an_hour_and_when_something_else_is_shown() {
        let (first, since) = feed(None).fetched(print(1), at(2_000));
        assert_eq!((first.fetched_at, since), (Some(at(2_000)), at(2_000)));
        for (shown, now, noted, stamp) in [
            (print(1), 2_001, 2_000, 2_000),
            (print(1), 2_000 + 3_599, 2_000, 2_000),
            (print(1), 2_000 + 3_600, 2_000 + 3_600, 2_000),
            (print(1), 1_500, 2_000, 2_000),
            (print(2), 2_001, 2_000, 2_001),
            (print(2), 2_000, 2_000, 2_001),
        ] {
            let (after, since) = first.fetched(shown, at(now));
            assert_eq!((after.fetched_at, since), (Some(at(noted)), at(stamp)), "{shown:?} {now}");
            assert_eq!(after == first, shown == print(1) && noted == 2_000, "nothing to write");
        }
    }
}
