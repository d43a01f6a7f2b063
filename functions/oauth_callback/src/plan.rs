//! What a sign-in is for, in a clinician's words: what will happen, what Daybook may then do, when it starts. All of it
//! follows from the settings; nothing is asked of the provider.

use daybook_core::access::{Access, Reads, Writes};
use daybook_core::connection::{Connection, Direction, MainCalendar, Provider, Settings, Start};
use daybook_core::detail::Detail;

/// A provider as people call it.
pub(crate) fn provider_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "Google",
        Provider::Microsoft => "Outlook",
        Provider::Caldav => "your calendar server",
    }
}

/// What is connected there.
pub(crate) fn calendar_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "Google Calendar",
        Provider::Microsoft => "Outlook / Microsoft 365",
        Provider::Caldav => "iCloud or another CalDAV server",
    }
}

/// What will happen, a sentence each.
pub(crate) fn happens(settings: &Settings) -> Vec<String> {
    let mut lines = vec![writes(&settings.main_calendar)];
    if settings.main_calendar != MainCalendar::None && settings.detail == Detail::Busy {
        lines.push("Each of these events says only “Busy”.".to_owned());
    }
    if settings.direction == Direction::TwoWay {
        lines.push("While you are busy in your own calendars, nobody can book you in the EHR.".to_owned());
    }
    lines
}

fn writes(main: &MainCalendar) -> String {
    let appear = "Your appointments appear in your calendar";
    match main {
        MainCalendar::Create(name) => format!("{appear} “{name}”, which Daybook makes in your account."),
        // Its name is learnt at the sign-in.
        MainCalendar::Existing(calendar) if calendar.name.is_empty() => format!("{appear}."),
        MainCalendar::Made(calendar) | MainCalendar::Existing(calendar) => {
            format!("{appear} “{}”.", calendar.name)
        }
        MainCalendar::None => "Nothing is written into your calendars.".to_owned(),
    }
}

/// What Daybook will be able to see and do, with what the provider's permissions open beyond that.
pub(crate) fn may(provider: Provider, access: Access) -> Vec<&'static str> {
    match provider {
        Provider::Google => permissions(access),
        Provider::Microsoft => {
            let wider = match access.writes {
                Writes::Nothing => {
                    "Microsoft has no smaller permission than reading your calendars, so that is what it will ask \
                     you for."
                }
                Writes::OwnCalendars | Writes::AllCalendars => {
                    "Microsoft has no smaller permission than reading and changing your calendars, so that is what \
                     it will ask you for."
                }
            };
            permissions(access).into_iter().chain([wider]).collect()
        }
        Provider::Caldav => {
            let wider = "A password opens everything in your calendars; Daybook keeps to the above, and changes only \
                         events that it wrote.";
            permissions(access).into_iter().chain([wider]).collect()
        }
    }
}

/// One line for each permission; also what is told when one was not ticked.
fn permissions(access: Access) -> Vec<&'static str> {
    let writes = match access.writes {
        Writes::Nothing => None,
        Writes::OwnCalendars => Some(
            "Make a calendar of its own and write your appointments there. Your other calendars stay as they are.",
        ),
        Writes::AllCalendars => Some(
            "Write your appointments into the calendar that you chose. Events that Daybook did not write stay as \
             they are.",
        ),
    };
    let reads = match access.reads {
        Reads::Nothing => None,
        Reads::Names => Some("See which calendars you have, and how they are called."),
        Reads::Events => Some(
            "See which calendars you have, and when you are busy in them. It keeps no title, place or guest.",
        ),
    };
    writes.into_iter().chain(reads).collect()
}

/// Which permissions are needed and were not given, in words that follow "to".
pub(crate) fn missing(needed: Access, granted: Access) -> Vec<&'static str> {
    let writes = (granted.writes < needed.writes).then_some(match needed.writes {
        Writes::Nothing | Writes::OwnCalendars => "make a calendar of its own and write there",
        Writes::AllCalendars => "make a calendar of its own and write events into your calendars",
    });
    let list = (granted.reads < Reads::Names && Reads::Names <= needed.reads)
        .then_some("see the list of your calendars");
    let busy = (granted.reads < Reads::Events && Reads::Events <= needed.reads)
        .then_some("see when you are busy in your calendars");
    writes.into_iter().chain(list).chain(busy).collect()
}

/// When it starts.
pub(crate) fn starts(connection: &Connection) -> &'static str {
    match (&connection.account, connection.evidence.started_at, connection.settings.start) {
        (Some(_), Some(_), _) => "It goes on where it stopped as soon as you have signed in.",
        (_, None, Start::WhenConfirmed) => {
            "Nothing is written when you have signed in: it starts once you say yes in your EHR."
        }
        (_, _, Start::WhenAuthorised | Start::WhenConfirmed) => "It starts as soon as you have signed in.",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn what_was_not_ticked_is_said() {
        let access = |writes, reads| Access { writes, reads };
        for (needed, granted, words) in [
            (Access::ALL, Access::ALL, vec![]),
            (
                access(Writes::OwnCalendars, Reads::Events),
                access(Writes::OwnCalendars, Reads::Names),
                vec!["see when you are busy in your calendars"],
            ),
            (
                access(Writes::OwnCalendars, Reads::Names),
                access(Writes::Nothing, Reads::Names),
                vec!["make a calendar of its own and write there"],
            ),
            (
                Access::ALL,
                access(Writes::OwnCalendars, Reads::Names),
                vec![
                    "make a calendar of its own and write events into your calendars",
                    "see when you are busy in your calendars",
                ],
            ),
            (
                access(Writes::OwnCalendars, Reads::Names),
                access(Writes::OwnCalendars, Reads::Nothing),
                vec!["see the list of your calendars"],
            ),
            (
                access(Writes::Nothing, Reads::Events),
                access(Writes::Nothing, Reads::Nothing),
                vec!["see the list of your calendars", "see when you are busy in your calendars"],
            ),
        ] {
            assert_eq!(missing(needed, granted), words);
        }
    }
}
