//! What the page and the seed need from a provider, since only it can read and write its own JSON. It says nothing
//! of the wire.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde_json::Value;

use super::world::{Account, Item, World};

/// A provider, as the page and the seed see it. All of it is pure: what changes is returned, and put by the caller.
pub trait Face: Send + Sync {
    /// What an account sees in all calendars of its list between two moments, series expanded, nothing cancelled.
    fn shown(&self, world: &World, account: &str, from: Timestamp, to: Timestamp) -> Vec<Shown>;

    /// The body of a new item.
    fn draft(&self, new: &NewEvent) -> Value;

    /// The items to put when an item, or one occurrence of a series, moves.
    fn moved(&self, world: &World, item: &Item, occurrence: Option<&str>, when: &When) -> Vec<Item>;

    /// The items to put (tombstones, exceptions, a changed master) when an item, or one occurrence of a series, is
    /// deleted.
    fn removed(&self, world: &World, item: &Item, occurrence: Option<&str>) -> Vec<Item>;

    /// The body of an item after an account has answered its invitation.
    fn answered(&self, item: &Item, account: &Account, reply: Reply) -> Value;
}

/// One event, or one occurrence of a series, in the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub calendar: String,
    /// The key of the [`Item`] to act on: of an occurrence, its master or its exception.
    pub item: String,
    /// Names the occurrence to [`Face::moved`] and [`Face::removed`], in the face's own words; `None` for a single
    /// event or a whole series.
    pub occurrence: Option<String>,
    /// Empty where only busy times may be seen.
    pub title: String,
    pub when: When,
    pub standing: Standing,
}

/// How an event stands in the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Busy,
    Tentative,
    /// Shown as free or transparent.
    Free,
    /// An invitation that this account has not answered.
    Invited,
    /// An invitation that this account has declined.
    Declined,
}

/// Half-open: moments, or whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Timed {
        start: Timestamp,
        end: Timestamp,
    },
    /// The end day is the first one after.
    Days {
        start: Date,
        end: Date,
    },
}

/// An event that a person adds by the page, or the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The item's id, already chosen.
    pub id: String,
    pub calendar: String,
    /// Whose hand it is: the organiser, or the one invited.
    pub account: Account,
    pub title: String,
    pub when: When,
    /// IANA name in which it repeats.
    pub time_zone: String,
    pub repeat: Repeat,
    /// Takes no time: Google's `transparent`, Microsoft's `free`.
    pub is_free: bool,
    pub invited_by: Option<Person>,
}

/// How an event repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    Once,
    Daily { count: u32 },
    Weekly { on: Weekday, count: u32 },
}

/// Somebody outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
}

/// What an invited person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    Accept,
    Tentative,
    Decline,
}
