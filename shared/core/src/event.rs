//! An event at a provider, in our words: when it is and how it is shown, never what it says.
//! Titles, places and people of a clinician's own events do not reach this crate.

use crate::ids::{CalendarId, ItemId, OccurrenceId, Revision, SeriesId};
use crate::mirror::{MirrorContent, MirrorId};
use crate::time::{Interval, When};

/// One occurrence in a clinician's calendar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    pub occurrence: OccurrenceId,
    pub when: When,
    pub status: EventStatus,
    pub shown_as: ShownAs,
    pub response: Response,
}

/// Whether it takes place at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventStatus {
    Confirmed,
    Tentative,
    Cancelled,
}

/// How its owner's time is shown to others; each provider's words are translated into these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShownAs {
    Busy,
    Free,
    Tentative,
    OutOfOffice,
    FocusTime,
    WorkingElsewhere,
    WorkingLocation,
}

/// What this clinician answered to the invitation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response {
    /// Their own event, or one without invitations.
    Own,
    Accepted,
    Tentative,
    Unanswered,
    Declined,
}

/// What one look at one item saw. Everything of the item that lies inside `covers` is listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    pub item: ItemId,
    pub series: SeriesId,
    pub revision: Option<Revision>,
    /// Where the item's occurrences were looked for; outside it nothing is reported.
    pub covers: Interval,
    pub seen: Seen,
}

/// What an item turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Occurrences that a person put into the calendar.
    Events(Vec<Event>),
    /// It goes by a name that we could have given; whether we did, the practice's key tells.
    /// `events` is what it is if not.
    Named { mirror: MirrorId, content: MirrorContent, events: Vec<Event> },
    /// The provider confirms that it does not exist.
    Gone,
    /// It exists and cannot be understood; the others go on (E-040). The reason holds no content.
    Unreadable { reason: String },
}

/// Where an event of a person lives: the owner in the busy lane.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EventRef {
    pub calendar: CalendarId,
    pub item: ItemId,
    pub series: SeriesId,
    pub occurrence: OccurrenceId,
}
