//! How an event is shown and answered: one small function a field. Words that we do not know close the time.

use daybook_core::event::{self, EventStatus, Response, Seen, ShownAs, Sighting};
use daybook_core::ids::{ItemId, SeriesId};
use daybook_core::time::Interval;

use super::time::{occurrence, when};
use crate::wire::event::Event;

/// `None` where its times cannot be read.
pub fn event(told: &Event) -> Option<event::Event> {
    let when = when(told)?;
    Some(event::Event {
        occurrence: occurrence(told, &when),
        when,
        status: status(told),
        shown_as: shown_as(told),
        response: response(told),
    })
}

/// The events of one item, or that one of them cannot be read.
pub fn seen<'a>(told: impl Iterator<Item = &'a Event>) -> Seen {
    let events: Option<Vec<event::Event>> = told.map(event).collect();
    events.map_or_else(unreadable, Seen::Events)
}

/// The reason holds nothing of the event.
pub fn unreadable() -> Seen {
    Seen::Unreadable { reason: "the event cannot be read".into() }
}

/// A sighting of an item that stands by itself.
pub fn sighting(id: &str, event: Option<&Event>, covers: Interval, seen: Seen) -> Sighting {
    Sighting {
        item: ItemId::new(id),
        series: SeriesId::new(id),
        revision: event.and_then(Event::revision),
        covers,
        seen,
    }
}

fn status(event: &Event) -> EventStatus {
    if event.is_cancelled == Some(true) { EventStatus::Cancelled } else { EventStatus::Confirmed }
}

fn shown_as(event: &Event) -> ShownAs {
    match event.show_as.as_deref() {
        Some("free") => ShownAs::Free,
        Some("tentative") => ShownAs::Tentative,
        Some("oof") => ShownAs::OutOfOffice,
        Some("workingElsewhere") => ShownAs::WorkingElsewhere,
        _ => ShownAs::Busy,
    }
}

fn response(event: &Event) -> Response {
    let answered = event.response_status.as_ref().and_then(|status| status.response.as_deref());
    match answered {
        Some("accepted") => Response::Accepted,
        Some("tentativelyAccepted") => Response::Tentative,
        Some("notResponded") => Response::Unanswered,
        Some("declined") => Response::Declined,
        _ => Response::Own,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "a literal is handed over")]
    fn told(fields: Value) -> Event {
        let mut event = json!({
            "id": "AAk1",
            "start": { "dateTime": "2026-03-03T12:00:00.0000000", "timeZone": "UTC" },
            "end": { "dateTime": "2026-03-03T13:00:00.0000000", "timeZone": "UTC" },
        });
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn e_077_e_081_how_it_is_shown() {
        for (word, expected) in [
            (json!("free"), ShownAs::Free),
            (json!("tentative"), ShownAs::Tentative),
            (json!("busy"), ShownAs::Busy),
            (json!("oof"), ShownAs::OutOfOffice),
            (json!("workingElsewhere"), ShownAs::WorkingElsewhere),
            (json!("unknown"), ShownAs::Busy),
            (json!("somethingOfNextYear"), ShownAs::Busy),
            (json!(null), ShownAs::Busy),
        ] {
            assert_eq!(event(&told(json!({ "showAs": word }))).unwrap().shown_as, expected, "{word}");
        }
    }

    #[test]
    fn e_080_what_the_clinician_answered() {
        for (word, expected) in [
            ("none", Response::Own),
            ("organizer", Response::Own),
            ("tentativelyAccepted", Response::Tentative),
            ("accepted", Response::Accepted),
            ("declined", Response::Declined),
            ("notResponded", Response::Unanswered),
        ] {
            let fields = json!({ "responseStatus": { "response": word, "time": "0001-01-01T00:00:00Z" } });
            assert_eq!(event(&told(fields)).unwrap().response, expected, "{word}");
        }
        assert_eq!(event(&told(json!({}))).unwrap().response, Response::Own);
    }

    #[test]
    fn whether_it_takes_place() {
        for (cancelled, expected) in [
            (json!(true), EventStatus::Cancelled),
            (json!(false), EventStatus::Confirmed),
            (json!(null), EventStatus::Confirmed),
        ] {
            assert_eq!(event(&told(json!({ "isCancelled": cancelled }))).unwrap().status, expected);
        }
    }
}
