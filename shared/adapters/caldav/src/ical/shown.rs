//! Whether an event takes place, how it is shown, and what its guests answered: one small function a field.

use calcard::icalendar::{
    ICalendarComponent, ICalendarParameterName, ICalendarParameterValue, ICalendarParticipationStatus,
    ICalendarProperty, ICalendarStatus, ICalendarTransparency, ICalendarValue,
};
use daybook_core::event::{EventStatus, Response, ShownAs};

use crate::discovery::address;

/// A guest, by each address that the event gives, and their answer.
#[derive(Clone, Debug)]
pub struct Attendee {
    addresses: Vec<String>,
    response: Response,
}

pub fn status(event: &ICalendarComponent) -> EventStatus {
    match event.status() {
        Some(ICalendarStatus::Cancelled) => EventStatus::Cancelled,
        Some(ICalendarStatus::Tentative) => EventStatus::Tentative,
        _ => EventStatus::Confirmed,
    }
}

/// TRANSP decides about free and busy, since people change it everywhere; Microsoft's property, which only its
/// own programs keep current, says which kind of busy, and decides alone where TRANSP is missing.
pub fn shown_as(event: &ICalendarComponent) -> ShownAs {
    let microsoft = microsoft_word(event);
    match (event.transparency(), microsoft) {
        (Some(ICalendarTransparency::Transparent), _) => ShownAs::Free,
        (Some(ICalendarTransparency::Opaque), Some(ShownAs::Free)) | (_, None) => ShownAs::Busy,
        (_, Some(word)) => word,
    }
}

fn microsoft_word(event: &ICalendarComponent) -> Option<ShownAs> {
    let name = ICalendarProperty::Other("X-MICROSOFT-CDO-BUSYSTATUS".into());
    let word = event.property(&name)?.values.first()?.as_text()?.trim().to_ascii_uppercase();
    match word.as_str() {
        "FREE" => Some(ShownAs::Free),
        "TENTATIVE" => Some(ShownAs::Tentative),
        "BUSY" => Some(ShownAs::Busy),
        "OOF" => Some(ShownAs::OutOfOffice),
        "WORKINGELSEWHERE" => Some(ShownAs::WorkingElsewhere),
        _ => None,
    }
}

pub fn attendees(event: &ICalendarComponent) -> Vec<Attendee> {
    event
        .properties(&ICalendarProperty::Attendee)
        .map(|entry| {
            let value = entry.values.first().and_then(ICalendarValue::as_text);
            let email = entry.parameter(&ICalendarParameterName::Email).and_then(|email| email.as_text());
            Attendee {
                addresses: value.into_iter().chain(email).map(address).collect(),
                response: response_from(entry.parameter(&ICalendarParameterName::Partstat)),
            }
        })
        .collect()
}

/// Who delegated is still expected to know; the time stays closed.
fn response_from(partstat: Option<&ICalendarParameterValue>) -> Response {
    use ICalendarParticipationStatus as Partstat;
    match partstat {
        Some(ICalendarParameterValue::Partstat(Partstat::Accepted | Partstat::Delegated)) => {
            Response::Accepted
        }
        Some(ICalendarParameterValue::Partstat(Partstat::Declined)) => Response::Declined,
        Some(ICalendarParameterValue::Partstat(Partstat::Tentative)) => Response::Tentative,
        _ => Response::Unanswered,
    }
}

/// The clinician's own answer: of the guest that one of their addresses names.
pub fn response(attendees: &[Attendee], own: &[String]) -> Response {
    let is_own = |attendee: &&Attendee| attendee.addresses.iter().any(|one| own.contains(one));
    attendees.iter().find(is_own).map_or(Response::Own, |attendee| attendee.response)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn event(lines: &str) -> ICalendarComponent {
        let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        super::super::calendars(&text)[0].components[1].clone()
    }

    #[test]
    fn e_077_e_081_how_an_event_is_shown() {
        for (lines, expected) in [
            ("X-A:1", ShownAs::Busy),
            ("TRANSP:OPAQUE", ShownAs::Busy),
            ("TRANSP:TRANSPARENT", ShownAs::Free),
            ("transp:transparent", ShownAs::Free),
            ("X-MICROSOFT-CDO-BUSYSTATUS:FREE", ShownAs::Free),
            ("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", ShownAs::Tentative),
            ("X-MICROSOFT-CDO-BUSYSTATUS:BUSY", ShownAs::Busy),
            ("X-MICROSOFT-CDO-BUSYSTATUS:OOF", ShownAs::OutOfOffice),
            ("X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", ShownAs::WorkingElsewhere),
            ("TRANSP:OPAQUE\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF", ShownAs::OutOfOffice),
            ("TRANSP:OPAQUE\r\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", ShownAs::Busy),
            ("TRANSP:TRANSPARENT\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY", ShownAs::Free),
        ] {
            assert_eq!(shown_as(&event(lines)), expected, "{lines}");
        }
    }

    #[test]
    fn e_080_the_clinicians_own_answer() {
        let own = ["ada@example.org".to_owned(), "/principals/ada/".to_owned()];
        for (lines, expected) in [
            ("X-A:1", Response::Own),
            ("ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.org", Response::Own),
            ("ATTENDEE;PARTSTAT=DECLINED:mailto:ada@example.org", Response::Declined),
            ("ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Ada@Example.org", Response::Accepted),
            ("ATTENDEE;PARTSTAT=TENTATIVE:/principals/ada/", Response::Tentative),
            ("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ada@example.org", Response::Unanswered),
            ("ATTENDEE:mailto:ada@example.org", Response::Unanswered),
            ("ATTENDEE;PARTSTAT=DECLINED;EMAIL=ada@example.org:urn:uuid:1", Response::Declined),
        ] {
            assert_eq!(response(&attendees(&event(lines)), &own), expected, "{lines}");
        }
    }

    #[test]
    fn whether_it_takes_place() {
        for (lines, expected) in [
            ("STATUS:CANCELLED", EventStatus::Cancelled),
            ("STATUS:TENTATIVE", EventStatus::Tentative),
            ("STATUS:CONFIRMED", EventStatus::Confirmed),
            ("STATUS:NONSENSE", EventStatus::Confirmed),
            ("X-A:1", EventStatus::Confirmed),
        ] {
            assert_eq!(status(&event(lines)), expected, "{lines}");
        }
    }
}
