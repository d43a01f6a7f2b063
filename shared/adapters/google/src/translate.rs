//! Google's events in our words: one small function a field. What an event does to a clinician's time is decided
//! elsewhere; nothing is dropped here.

use daybook_core::event::{Event, EventStatus, Response, ShownAs};
use daybook_core::ids::OccurrenceId;
use daybook_core::time::{Interval, When};
use jiff::Timestamp;

use crate::wire::event::{self as wire, Moment};

/// Why an event cannot be understood. It holds no content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the event has no start or no end")]
    NoTimes,
    #[error("the event has a time that is none")]
    BadTime,
    #[error("the event has a field of another kind than Google documents")]
    BadField,
    #[error("the series has more occurrences than are read")]
    TooMany,
    #[error("the series changed while it was read")]
    Interrupted,
    #[error("Google does not let this event be read")]
    Withheld,
}

/// An event that happens once.
pub fn single(event: &wire::Event) -> Result<Event, Unreadable> {
    translated(event, OccurrenceId::single())
}

/// One of a series. Its id stays the same when it moves.
pub fn occurrence(event: &wire::Event) -> Result<Event, Unreadable> {
    translated(event, OccurrenceId::new(event.id.as_str()))
}

fn translated(event: &wire::Event, occurrence: OccurrenceId) -> Result<Event, Unreadable> {
    Ok(Event {
        occurrence,
        when: when(event)?,
        status: status(event),
        shown_as: shown_as(event),
        response: response(event),
    })
}

/// Dates stay dates: the practice's zone decides when they begin (E-069).
pub fn when(event: &wire::Event) -> Result<When, Unreadable> {
    let (Some(start), Some(end)) = (&event.start, &event.end) else { return Err(Unreadable::NoTimes) };
    match (instant(start)?, instant(end)?) {
        (Some(start), Some(end)) => Ok(When::Timed(Interval::between(start, end.max(start)))),
        (None, None) => {
            let date = |moment: &Moment| {
                let text = moment.date.as_deref().ok_or(Unreadable::NoTimes)?;
                text.parse().map_err(|_| Unreadable::BadTime)
            };
            Ok(When::AllDay { first: date(start)?, end: date(end)? })
        }
        _ => Err(Unreadable::BadTime),
    }
}

fn instant(moment: &Moment) -> Result<Option<Timestamp>, Unreadable> {
    let parsed = moment.date_time.as_deref().map(str::parse).transpose();
    parsed.map_err(|_| Unreadable::BadTime)
}

fn status(event: &wire::Event) -> EventStatus {
    match event.status.as_deref() {
        Some("cancelled") => EventStatus::Cancelled,
        Some("tentative") => EventStatus::Tentative,
        _ => EventStatus::Confirmed,
    }
}

/// Kinds that Google may add are as busy as they say they are.
fn shown_as(event: &wire::Event) -> ShownAs {
    let is_free = event.transparency.as_deref() == Some("transparent");
    match event.kind.as_deref() {
        Some("workingLocation") => ShownAs::WorkingLocation,
        Some("birthday") => ShownAs::Free,
        _ if is_free => ShownAs::Free,
        Some("outOfOffice") => ShownAs::OutOfOffice,
        Some("focusTime") => ShownAs::FocusTime,
        _ => ShownAs::Busy,
    }
}

/// Of the guests only this account counts (trap A-T14).
fn response(event: &wire::Event) -> Response {
    let guests = event.attendees.as_deref().unwrap_or_default();
    let Some(me) = guests.iter().find(|guest| guest.is_self == Some(true)) else { return Response::Own };
    match me.response_status.as_deref() {
        Some("accepted") => Response::Accepted,
        Some("declined") => Response::Declined,
        Some("tentative") => Response::Tentative,
        _ => Response::Unanswered,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn event(fields: &str) -> wire::Event {
        serde_json::from_str(&format!("{{\"id\":\"x\",{fields}}}")).unwrap()
    }

    const HOUR: &str = r#""start":{"dateTime":"2026-03-03T09:00:00+01:00","timeZone":"Europe/Berlin"},
        "end":{"dateTime":"2026-03-03T10:00:00+01:00"}"#;

    #[test]
    fn e_077_to_e_081_how_it_is_shown() {
        for (fields, expected) in [
            ("", ShownAs::Busy),
            (r#","transparency":"opaque""#, ShownAs::Busy),
            (r#","transparency":"transparent""#, ShownAs::Free),
            (r#","eventType":"outOfOffice""#, ShownAs::OutOfOffice),
            (r#","eventType":"focusTime""#, ShownAs::FocusTime),
            (r#","eventType":"workingLocation","transparency":"transparent""#, ShownAs::WorkingLocation),
            (r#","eventType":"birthday""#, ShownAs::Free),
            (r#","eventType":"fromGmail""#, ShownAs::Busy),
            (r#","eventType":"fromGmail","transparency":"transparent""#, ShownAs::Free),
            (r#","eventType":"somethingNew""#, ShownAs::Busy),
        ] {
            assert_eq!(single(&event(&format!("{HOUR}{fields}"))).unwrap().shown_as, expected, "{fields}");
        }
    }

    #[test]
    fn e_080_what_the_clinician_answered() {
        let me = |answer: &str| {
            format!(r#","attendees":[{{"email":"a@b","responseStatus":"accepted"}},{{"self":true{answer}}}]"#)
        };
        for (guests, expected) in [
            (String::new(), Response::Own),
            (r#","attendees":[{"responseStatus":"declined"}]"#.into(), Response::Own),
            (me(r#","responseStatus":"declined""#), Response::Declined),
            (me(r#","responseStatus":"accepted""#), Response::Accepted),
            (me(r#","responseStatus":"tentative""#), Response::Tentative),
            (me(r#","responseStatus":"needsAction""#), Response::Unanswered),
            (me(""), Response::Unanswered),
        ] {
            assert_eq!(single(&event(&format!("{HOUR}{guests}"))).unwrap().response, expected, "{guests}");
        }
    }

    #[test]
    fn e_069_e_070_e_076_times() {
        let timed = |from: &str, to: &str| {
            When::Timed(Interval::new(from.parse().unwrap(), to.parse().unwrap()).unwrap())
        };
        let fields = |start: &str, end: &str| format!(r#""start":{{{start}}},"end":{{{end}}}"#);
        for (fields, expected) in [
            (HOUR.to_owned(), Ok(timed("2026-03-03T08:00:00Z", "2026-03-03T09:00:00Z"))),
            (
                fields(
                    r#""dateTime":"2026-03-29T01:30:00+01:00""#,
                    r#""dateTime":"2026-03-29T03:30:00+02:00""#,
                ),
                Ok(timed("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z")),
            ),
            (
                fields(r#""dateTime":"2026-03-03T09:00:00Z""#, r#""dateTime":"2026-03-03T08:00:00Z""#),
                Ok(timed("2026-03-03T09:00:00Z", "2026-03-03T09:00:00Z")),
            ),
            (
                fields(r#""date":"2026-12-24""#, r#""date":"2026-12-27""#),
                Ok(When::AllDay { first: "2026-12-24".parse().unwrap(), end: "2026-12-27".parse().unwrap() }),
            ),
            (fields(r#""date":"2026-12-24""#, ""), Err(Unreadable::NoTimes)),
            (fields(r#""date":"24.12.""#, r#""date":"2026-12-27""#), Err(Unreadable::BadTime)),
            (fields(r#""dateTime":"soon""#, r#""dateTime":"later""#), Err(Unreadable::BadTime)),
            (r#""status":"confirmed""#.to_owned(), Err(Unreadable::NoTimes)),
        ] {
            assert_eq!(when(&event(&fields)), expected, "{fields}");
        }
    }

    #[test]
    fn an_occurrence_keeps_its_name() {
        let moved = event(&format!(
            r#"{HOUR},"status":"tentative","recurringEventId":"abc","originalStartTime":{{"date":"2026-03-10"}}"#
        ));
        let read = occurrence(&moved).unwrap();
        assert_eq!((read.occurrence.as_str(), read.status), ("x", EventStatus::Tentative));
        assert_eq!(single(&moved).unwrap().occurrence, OccurrenceId::single());
    }
}
