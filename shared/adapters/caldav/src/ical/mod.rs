//! iCalendar: a resource's text becomes events in our words, and a mirror becomes a resource. Everything that a
//! stranger can put into a calendar arrives here, so every loop is bounded and no text reaches an error.

mod component;
mod expand;
pub mod merge;
pub mod mirror;
mod moment;
mod occurrence;
mod rule;
mod shown;
pub mod write;
pub mod zone;

use std::panic::{AssertUnwindSafe, catch_unwind};

use calcard::icalendar::ICalendar;
use calcard::{Entry, Parser};
use daybook_core::event::Event;
use daybook_core::time::Interval;

pub use component::Component;

/// A larger resource is not read.
pub const MAX_BYTES: usize = 1024 * 1024;
const MAX_CALENDARS: usize = 100;

/// What a resource says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The UID of its event; the first of several. `None`: it holds none.
    pub uid: Option<String>,
    /// The occurrences inside the asked time, and overrides and single events wherever they are.
    pub events: Vec<Event>,
}

/// Why a resource cannot be understood. Never quotes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("it is larger than 1 MiB")]
    TooLarge,
    #[error("it is no iCalendar object")]
    NoCalendar,
    #[error("it is cut short")]
    CutShort,
    #[error("an event has no start that we understand")]
    NoStart,
    #[error("an event has no recurrence id that we understand")]
    NoRecurrenceId,
    #[error("its recurrence rule is not understood")]
    Rule,
    #[error("it recurs more often than we follow")]
    TooOften,
    #[error("two events share one UID")]
    SharedUid,
    #[error("reading it failed")]
    Failed,
}

/// Reads a resource. `addresses` are the clinician's, in lower case without `mailto:`.
///
/// A panic in a library is one unreadable resource and not the end of the calendar (E-040).
pub fn read(text: &str, within: Interval, addresses: &[String]) -> Result<Reading, Unreadable> {
    caught(|| {
        let components = parse(text)?;
        let uid = components.iter().find_map(|component| component.uid.clone());
        Ok(Reading { uid, events: expand::events(&components, within, addresses)? })
    })
}

/// The events of a resource, not expanded.
pub(crate) fn parse(text: &str) -> Result<Vec<Component>, Unreadable> {
    if text.len() > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let calendars = calendars(text);
    if calendars.is_empty() {
        return Err(Unreadable::NoCalendar);
    }
    // The parser forgives a missing end; but then a rule or an override may be missing, too.
    if !text.to_ascii_uppercase().contains("END:VCALENDAR") {
        return Err(Unreadable::CutShort);
    }
    Ok(calendars.iter().flat_map(component::all).collect())
}

fn calendars(text: &str) -> Vec<ICalendar> {
    let mut parser = Parser::new(text);
    let mut calendars = Vec::new();
    while calendars.len() < MAX_CALENDARS {
        match parser.entry() {
            Entry::ICalendar(calendar) => calendars.push(calendar),
            Entry::Eof => break,
            _ => {}
        }
    }
    calendars
}

pub(crate) fn caught<T>(read: impl FnOnce() -> Result<T, Unreadable>) -> Result<T, Unreadable> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(Unreadable::Failed))
}
