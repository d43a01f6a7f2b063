//! What we write on the other side: the mirror of an appointment, the block of an event.
//! These types hold exactly the fields that we write, so nothing else can leak into a calendar or an EHR.

use crate::ids::Revision;
use crate::link::Touch;
use crate::time::Interval;

/// The name that we derive for a mirror; see [`crate::key::PracticeKey::mirror_id`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MirrorId(pub(crate) String);

impl MirrorId {
    /// Reads a name found on the other side. Whether it is ours, only the key tells.
    pub fn parse(name: &str) -> Option<Self> {
        let ours = name.len() == Self::LENGTH
            && name.starts_with(Self::PREFIX)
            && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'v'));
        ours.then(|| Self(name.to_owned()))
    }

    /// Lower-case base32hex, which every provider accepts as a client's id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) const PREFIX: &str = "db1";
    pub(crate) const LENGTH: usize = 3 + 40;
}

impl std::fmt::Display for MirrorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The event that stands for an appointment in a clinician's calendar. Always private, opaque, without
/// attendees (E-088, E-089): those are no fields because they never vary.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MirrorContent {
    pub title: String,
    pub interval: Interval,
    pub certainty: Certainty,
    /// Only ever set at full detail.
    pub location: Option<String>,
    /// Minutes before the start at which our own reminder fires; `None` writes no reminder.
    pub reminder_minutes: Option<u32>,
}

/// Whether the time is settled or held.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Certainty {
    Confirmed,
    Tentative,
}

/// The time that an event closes in the EHR. It says nothing but when.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BlockContent {
    pub interval: Interval,
}

/// What we last knew of a mirror, and so on what condition it may be written over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected {
    /// It must not exist yet. If it does: a conflict.
    Absent,
    /// We may have written it, or not: where the other side chooses ids, it is looked for by name first. If it stands
    /// in a state that we did not want: a conflict, or written over.
    Doubtful,
    /// It stands in this state. If it does not: a conflict. A state that a person has decorated is read
    /// first, and what is theirs is kept.
    Revision(Revision, Touch),
    /// It stands in a state that we cannot name: read it first.
    Unversioned,
}

/// What the owner wants to stand on the other side, in either lane.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Content {
    Mirror(MirrorContent),
    Block(BlockContent),
}

impl Content {
    pub fn interval(&self) -> Interval {
        match self {
            Content::Mirror(mirror) => mirror.interval,
            Content::Block(block) => block.interval,
        }
    }
}
