//! The one busy policy: which events close a clinician's time, the same for every provider.
//!
//! | event | closes time |
//! |---|---|
//! | cancelled, or declined by the clinician | no |
//! | shown as free | no; if it lasts all day it is surfaced, since people forget that setting, and closes if they say so |
//! | unanswered, tentative, out of office, focus time | yes |
//! | working elsewhere | yes: somebody elsewhere cannot receive clients |
//! | working location | no: it says where, not whether |
//! | busy, all day or not | yes |
//! | of zero length | no |

use jiff::tz::TimeZone;

use crate::event::{Event, EventStatus, Response, ShownAs};
use crate::mirror::BlockContent;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Busy {
    Closes(BlockContent),
    Open(Open),
}

/// Why an event leaves the time open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Open {
    Cancelled,
    Declined,
    Free,
    /// "This day is still bookable": shown to the clinician, who may not have meant it (E-078, E-079).
    FreeAllDay,
    WorkingLocation,
    NoDuration,
}

/// What an event does to the clinician's time. Dates and floating times are read in the practice's zone.
pub fn busy(event: &Event, zone: &TimeZone) -> Busy {
    if event.status == EventStatus::Cancelled {
        return Busy::Open(Open::Cancelled);
    }
    if event.response == Response::Declined {
        return Busy::Open(Open::Declined);
    }
    match event.shown_as {
        ShownAs::Free if event.when.is_all_day() => Busy::Open(Open::FreeAllDay),
        ShownAs::Free => Busy::Open(Open::Free),
        ShownAs::WorkingLocation => Busy::Open(Open::WorkingLocation),
        ShownAs::Busy
        | ShownAs::Tentative
        | ShownAs::OutOfOffice
        | ShownAs::FocusTime
        | ShownAs::WorkingElsewhere => closes(event, zone),
    }
}

/// The same for an all-day entry of which the clinician has said that it closes its day, though it is marked free.
pub fn busy_by_hand(event: &Event, zone: &TimeZone) -> Busy {
    match busy(event, zone) {
        Busy::Open(Open::FreeAllDay) => closes(event, zone),
        told => told,
    }
}

fn closes(event: &Event, zone: &TimeZone) -> Busy {
    let interval = event.when.resolve(zone);
    if interval.is_empty() {
        return Busy::Open(Open::NoDuration);
    }
    Busy::Closes(BlockContent { interval })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::ids::OccurrenceId;
    use crate::time::{Interval, When};

    fn word(shown_as: ShownAs, status: EventStatus, response: Response, when: When) -> String {
        let event = Event { occurrence: OccurrenceId::single(), when, status, shown_as, response };
        match busy(&event, &TimeZone::UTC) {
            Busy::Closes(_) => "closes".into(),
            Busy::Open(why) => format!("{why:?}"),
        }
    }

    #[test]
    fn by_hand_only_what_is_free_all_day_closes() {
        use {EventStatus as S, Response as R, ShownAs as A};
        let day = When::AllDay { first: "2026-03-03".parse().unwrap(), end: "2026-03-04".parse().unwrap() };
        let hour = When::Timed(Interval::between(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX));
        let event = |when, shown_as, status, response| Event {
            occurrence: OccurrenceId::single(),
            when,
            status,
            shown_as,
            response,
        };
        for (event, closes) in [
            (event(day, A::Free, S::Confirmed, R::Own), true),
            (event(day, A::Free, S::Cancelled, R::Own), false),
            (event(day, A::Free, S::Confirmed, R::Declined), false),
            (event(day, A::WorkingLocation, S::Confirmed, R::Own), false),
            (event(hour, A::Free, S::Confirmed, R::Own), false),
            (event(day, A::Busy, S::Confirmed, R::Own), true),
        ] {
            let found = busy_by_hand(&event, &TimeZone::UTC);
            assert_eq!(matches!(found, Busy::Closes(_)), closes, "{event:?}");
        }
    }

    #[test]
    fn e_077_to_e_081_the_busy_table() {
        use {EventStatus as S, Response as R, ShownAs as A};
        let day = When::AllDay { first: "2026-03-03".parse().unwrap(), end: "2026-03-04".parse().unwrap() };
        let hour = |start: i64, end: i64| {
            When::Timed(
                Interval::new(
                    jiff::Timestamp::from_second(start).unwrap(),
                    jiff::Timestamp::from_second(end).unwrap(),
                )
                .unwrap(),
            )
        };
        for (shown_as, status, response, when, expected) in [
            (A::Busy, S::Confirmed, R::Own, hour(0, 60), "closes"),
            (A::Busy, S::Tentative, R::Own, hour(0, 60), "closes"),
            (A::Busy, S::Cancelled, R::Own, hour(0, 60), "Cancelled"),
            (A::Busy, S::Confirmed, R::Declined, hour(0, 60), "Declined"),
            (A::Busy, S::Confirmed, R::Declined, day, "Declined"),
            (A::Busy, S::Confirmed, R::Unanswered, hour(0, 60), "closes"),
            (A::Busy, S::Confirmed, R::Tentative, hour(0, 60), "closes"),
            (A::Busy, S::Confirmed, R::Accepted, hour(0, 60), "closes"),
            (A::Tentative, S::Confirmed, R::Own, hour(0, 60), "closes"),
            (A::OutOfOffice, S::Confirmed, R::Own, day, "closes"),
            (A::FocusTime, S::Confirmed, R::Own, hour(0, 60), "closes"),
            (A::WorkingElsewhere, S::Confirmed, R::Own, day, "closes"),
            (A::WorkingLocation, S::Confirmed, R::Own, day, "WorkingLocation"),
            (A::Free, S::Confirmed, R::Own, hour(0, 60), "Free"),
            (A::Free, S::Confirmed, R::Own, day, "FreeAllDay"),
            (A::Busy, S::Confirmed, R::Own, day, "closes"),
            (A::Busy, S::Confirmed, R::Own, hour(60, 60), "NoDuration"),
        ] {
            assert_eq!(
                word(shown_as, status, response, when),
                expected,
                "{shown_as:?} {status:?} {response:?}"
            );
        }
    }
}
