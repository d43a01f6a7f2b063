//! The remembered pair: which owner, which mirror, and what both last agreed on. Ids and reasons, never content.

use jiff::Timestamp;

use crate::decide::Memory;
use crate::detail::Detail;
use crate::ids::{ItemId, Revision};
use crate::key::{Fingerprint, Owner, Target};
use crate::mirror::MirrorId;
use crate::restore::Restored;
use crate::time::Interval;

/// One of the two one-way syncs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lane {
    /// Appointments own; events mirror them.
    Appointments,
    /// Events own; busy blocks mirror them.
    Busy,
}

impl Owner {
    pub fn lane(&self) -> Lane {
        match self {
            Owner::Appointment(_) => Lane::Appointments,
            Owner::Event(_) => Lane::Busy,
        }
    }
}

/// A link is (lane, owner, target); the mirror's name follows from them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    pub owner: Owner,
    pub target: Target,
    pub mirror: MirrorId,
    /// The other side's own name for the mirror, where it chose one (Graph, an EHR's Slot id).
    pub remote: Option<ItemId>,
    /// In the busy lane, the digest of the owner's item: all links of an item are found by it.
    pub item_digest: Option<String>,
    /// The most that its mirror may tell as it stands: blocks tell nothing.
    pub told: Detail,
    pub state: LinkState,
    /// The generation of the lease under which this was written.
    pub generation: u64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkState {
    Agreed(Agreed),
    Owing(Owing),
}

/// Both sides held this.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreed {
    pub fingerprint: Fingerprint,
    /// When the mirror takes place: tells what passes the past edge and what a listing should have shown.
    pub span: Interval,
    /// The other side's name for the state that we left or found. `None` where it gives none.
    pub revision: Option<Revision>,
    /// Whose hand was last on it.
    pub touch: Touch,
    /// How often it was put back since. Another content begins anew.
    pub restored: Option<Restored>,
}

/// Who last wrote the mirror.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Touch {
    /// Our own write stands byte for byte: it may be overwritten without reading it first.
    OursAlone,
    /// A person added something of their own (an alert, notes, a colour): read before writing.
    Decorated,
}

/// Work that is still to be done for this pair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owing {
    pub reason: Reason,
    /// How often it was tried.
    pub attempts: u32,
    /// Not to be tried before this; `None` is at once.
    pub not_before: Option<Timestamp>,
    /// When the mirror was last known to take place.
    pub span: Option<Interval>,
}

/// Why a link owes work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// About to be written; found so only after a crash.
    Writing,
    /// About to be removed.
    Removing,
    /// The other side was busy or unreachable.
    Retry,
    /// The other side refuses this item; somebody must look.
    Rejected,
    /// The brake holds its removal until a person has answered.
    Brake,
}

impl Link {
    pub fn memory(&self) -> Memory {
        match &self.state {
            LinkState::Agreed(agreed) => Memory::Agreed(agreed.fingerprint),
            LinkState::Owing(_) => Memory::Owing,
        }
    }

    /// Whether the mirror stays as its reader left it, until its appointment changes or a person asks.
    pub fn is_parked(&self) -> bool {
        let LinkState::Agreed(agreed) = &self.state else { return false };
        agreed.restored.is_some_and(|restored| restored.is_parked())
    }

    /// When the mirror takes place, as far as we know.
    pub fn span(&self) -> Option<Interval> {
        match &self.state {
            LinkState::Agreed(agreed) => Some(agreed.span),
            LinkState::Owing(owing) => owing.span,
        }
    }

    /// Work put off until a time that has not come.
    pub fn waits(&self, now: Timestamp) -> bool {
        matches!(&self.state, LinkState::Owing(Owing { not_before: Some(at), .. }) if *at > now)
    }

    /// The same pair, now owing.
    #[must_use]
    pub fn owing(&self, reason: Reason, attempts: u32, not_before: Option<Timestamp>) -> Self {
        let state = LinkState::Owing(Owing { reason, attempts, not_before, span: self.span() });
        Self { state, ..self.clone() }
    }

    /// The same link, owing a mirror that is to stand here, whether or not it does already: by its old place it must
    /// not age out.
    #[must_use]
    pub fn to_stand_at(mut self, span: Interval) -> Self {
        if let LinkState::Owing(owing) = &mut self.state {
            owing.span = Some(span);
        }
        self
    }
}
