//! From what was seen to what is to be done, as data: one lane at a time, the same for both.
//!
//! The plan leaves no meaningful choice to whoever carries it out. It holds the rules around the decision table:
//! targets, the window, suspects, the brake. It reads nothing and writes nothing.

mod pairs;
pub mod sight;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::brake::{Brake, brake};
use crate::connection::AgedOut;
use crate::detail::Detail;
use crate::ids::{ItemId, PractitionerId, Revision};
use crate::key::{Fingerprint, Owner, PracticeKey, Target};
use crate::link::Link;
use crate::mirror::{Content, Expected, MirrorId};
use crate::restore::Restored;
use crate::time::Interval;

pub use pairs::plan;
pub use sight::Source;

/// What is known of an owner after this run's looks. An owner that is in no map is unreported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OwnerSight {
    /// It stands, and its mirror should hold this.
    Wanted(Content),
    /// Evidence item by item: cancelled, a tombstone, declined, no longer this practitioner's, free.
    NotWanted,
    /// Missing from a full listing, and not found by id either. Only this counts for the brake.
    Absent,
    /// It could not be read or understood: nothing happens on its account.
    Unclear,
}

/// What is known of a mirror after this run's looks. A mirror that is in no map is unreported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MirrorSight {
    /// It stands in the very state that the link remembers.
    Unchanged,
    Holds {
        content: Content,
        revision: Option<Revision>,
        remote: Option<ItemId>,
    },
    Gone,
}

/// Everything that a plan follows from.
pub struct Look<'a> {
    pub key: &'a PracticeKey,
    pub practitioner: &'a PractitionerId,
    pub links: &'a [&'a Link],
    pub owners: &'a HashMap<&'a Owner, &'a OwnerSight>,
    pub mirrors: &'a Mirrors,
    /// Where mirrors should stand. A link to any other target loses its mirror.
    pub targets: &'a [Target],
    /// Sources that were listed in full and completely, and over which time.
    pub listed: &'a HashMap<Source, Interval>,
    /// Targets whose mirrors were listed in full, and over which time.
    pub listed_targets: &'a HashMap<Target, Interval>,
    pub strays: Strays,
    pub rules: Rules,
}

/// What is known of the mirrors in each target.
pub type Mirrors = HashMap<Target, HashMap<MirrorId, MirrorSight>>;

/// What a mirror of ours is that no link and no owner explains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strays {
    /// Every source of the lane was listed completely: it belongs to nothing and goes.
    Remove,
    /// Its owner may be one that was not looked at: only a full comparison can tell.
    Unknown,
}

/// The settings that bear on a plan.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub window: Interval,
    pub aged_out: AgedOut,
    pub outside: Outside,
    pub unseen: Unseen,
    pub brake: BrakeRule,
    /// The settings' version, which each command of a person raises.
    pub version: u64,
    /// The level at which the owners of this lane were read: the most that a mirror written now tells.
    pub told: Detail,
    pub now: Timestamp,
}

/// What happens to a link whose owner has left the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outside {
    /// It is followed wherever it goes.
    Follow,
    /// The window itself was changed by a person: what is outside goes (E-098).
    Drop,
}

/// What a link is whose owner a full listing did not show because it lies outside the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unseen {
    /// As agreed.
    Rests,
    /// To be looked at by id: the settings changed, and the change reaches every mirror ever written.
    IsLookedAt,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BrakeRule {
    Armed,
    /// A person has said yes.
    Released,
}

/// What is to be done, in the order in which it is to be done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Owners to read by id, after which the plan is made anew.
    pub looks: Vec<Owner>,
    /// Links to remember as agreed: no remote work.
    pub agrees: Vec<Agree>,
    pub puts: Vec<Put>,
    pub deletes: Vec<Delete>,
    /// Links to drop: no remote work.
    pub forgets: Vec<Link>,
    /// Links whose mirror stays as its reader left it, to be remembered so: no remote work.
    pub parks: Vec<Link>,
    /// Links whose removal waits for a person's yes.
    pub holds: Vec<Link>,
    pub brakes: Vec<(Source, Brake)>,
    /// How many names of ours turned up whose owner only a full comparison can tell.
    pub unknown_mirrors: usize,
}

/// Both sides hold the same: remember it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agree {
    pub link: Link,
}

/// Make the mirror hold the content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Put {
    /// As remembered, or a fresh one that owes its first write.
    pub link: Link,
    pub novelty: Novelty,
    pub expected: Expected,
    pub content: Content,
    /// The most that the content tells.
    pub told: Detail,
    pub fingerprint: Fingerprint,
    /// Where it puts back what a reader dragged or deleted: what is remembered of that.
    pub restored: Option<Restored>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Novelty {
    /// There is no link yet: save it as owing before the write.
    New,
    Linked,
}

/// Remove the mirror, then the link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delete {
    pub link: Link,
    pub why: Why,
}

/// Why a mirror goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Why {
    /// The owner said so.
    Evidence,
    /// The owner is missing.
    Absence,
    /// A person changed where or how far we write. Waits until everything stands in its new place.
    Settings,
    /// Time passed.
    Aged,
    /// A mirror of ours that belongs to nothing.
    Stray,
}

impl Plan {
    /// Whether there is nothing to do, remotely or in the table.
    pub fn is_empty(&self) -> bool {
        self.looks.is_empty()
            && self.agrees.is_empty()
            && self.puts.is_empty()
            && self.deletes.is_empty()
            && self.forgets.is_empty()
            && self.parks.is_empty()
            && self.holds.is_empty()
    }

    /// Mirrors of ours without an owner are taken for rubbish only as long as they are few: many mean that the
    /// owners' listing is wrong.
    fn brake_strays(&mut self, links: usize, source: Option<&Source>) {
        let strays = self.deletes.iter().filter(|delete| delete.why == Why::Stray).count();
        let verdict = brake(strays, links + strays);
        if let (Brake::Engaged { .. }, Some(source)) = (verdict, source) {
            self.deletes.retain(|delete| delete.why != Why::Stray);
            self.brakes.push((source.clone(), verdict));
        }
    }

    /// Turns removals by absence into holds, source by source, where the brake says so.
    fn apply_brake(&mut self, links: &[&Link], rule: BrakeRule, now: Timestamp) {
        let is_absent = |delete: &&Delete| delete.why == Why::Absence;
        if rule == BrakeRule::Released || !self.deletes.iter().any(|delete| is_absent(&delete)) {
            return;
        }
        let linked = sight::series_by_source(links.iter().copied());
        let missing =
            sight::series_by_source(self.deletes.iter().filter(is_absent).map(|delete| &delete.link));
        let of = |source: &Source| linked.get(source).map_or(0, HashSet::len);
        let verdicts =
            missing.iter().map(|(source, series)| (source.clone(), brake(series.len(), of(source))));
        let mut engaged: Vec<_> = verdicts.filter(|(_, verdict)| *verdict != Brake::Released).collect();
        engaged.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        for (source, verdict) in engaged {
            let is_held =
                |delete: &Delete| delete.why == Why::Absence && sight::source(&delete.link.owner) == source;
            let (removals, rest) = std::mem::take(&mut self.deletes).into_iter().partition(is_held);
            self.deletes = rest;
            self.hold(&removals, now);
            self.brakes.push((source, verdict));
        }
    }

    fn hold(&mut self, removals: &[Delete], now: Timestamp) {
        self.holds.extend(removals.iter().map(|delete| pairs::held(&delete.link, now)));
    }
}

#[cfg(test)]
mod tests;
