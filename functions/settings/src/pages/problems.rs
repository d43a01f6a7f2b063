//! The problems of a connection, for its clinician: what each is called, what to do, and what it is about, by its kind and
//! the calendar's name. No text of another system and no id is shown.

use daybook_core::connection::{BlockingCalendars, CalendarRef, Connection, Problem, ProblemKind};
use daybook_core::ids::CalendarId;
use daybook_engine::sync::Subject;

use super::words::{Zone, number};

/// A problem, with what to do.
pub(crate) struct Told {
    pub title: &'static str,
    pub what_to_do: &'static str,
    /// Which calendar, how many entries; empty where the title says it all.
    pub about: String,
    pub since: String,
}

pub(crate) fn problems(connection: &Connection, zone: &Zone) -> Vec<Told> {
    let tell = |(key, one): (&String, &Problem)| {
        let subject = Subject::of(key);
        let (title, what_to_do) = problem(one.kind, &subject);
        Told { title, what_to_do, about: about(connection, one, &subject), since: zone.time(one.since) }
    };
    connection.problems.iter().map(tell).collect()
}

/// The yes that the brake waits for, named by what it does. `None` where it waits for none.
pub(crate) fn confirmation(connection: &Connection) -> Option<String> {
    let held = connection.problems.iter().filter(|(_, one)| one.kind == ProblemKind::BrakeEngaged);
    let (calendars, ehr): (Vec<_>, Vec<_>) =
        held.partition(|(key, _)| matches!(Subject::of(key), Subject::Calendar(_)));
    let counted = |all: &[(&String, &Problem)]| all.iter().map(|(_, one)| one.count).sum::<Option<u64>>();
    let removed = match counted(&ehr) {
        Some(count) => number(count, "appointment", "appointments"),
        None => "these appointments".to_owned(),
    };
    match (ehr.is_empty(), calendars.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("Yes, remove {removed} from my calendar")),
        (true, false) => Some("Yes, open these times in the EHR".to_owned()),
        (false, false) => {
            Some(format!("Yes, remove {removed} from my calendar and open these times in the EHR"))
        }
    }
}

/// What it is about, as a sentence.
fn about(connection: &Connection, one: &Problem, subject: &Subject) -> String {
    let name = match subject {
        Subject::Calendar(id) => name_of(connection, id),
        _ => None,
    };
    let within = name.map(|name| format!(" in “{name}”")).unwrap_or_default();
    let entries = one.count.map(|count| number(count, "entry", "entries"));
    match one.kind {
        ProblemKind::BrakeEngaged => held(one.count, name, subject),
        ProblemKind::CalendarUnreachable | ProblemKind::CalendarMissing | ProblemKind::CalendarReadOnly => {
            name.map(|name| format!("It is “{name}”.")).unwrap_or_default()
        }
        ProblemKind::LeftBehind => match (subject, one.count) {
            (Subject::Plain, Some(count)) => {
                format!("{} in your calendar.", number(count, "event", "events"))
            }
            _ => String::new(),
        },
        ProblemKind::ItemsUnreadable
        | ProblemKind::ItemsRejected
        | ProblemKind::FreeAllDay
        | ProblemKind::MirrorParked => match (entries, within.is_empty()) {
            (Some(entries), _) => format!("{entries}{within}."),
            (None, false) => format!("Some{within}."),
            (None, true) => String::new(),
        },
        ProblemKind::CredentialsRefused
        | ProblemKind::EhrUnreachable
        | ProblemKind::EhrRefused
        | ProblemKind::TimeZoneMissing
        | ProblemKind::PermissionMissing
        | ProblemKind::ProviderMisconfigured
        | ProblemKind::NotAllowed => String::new(),
    }
}

/// What would go where, if the clinician said yes.
fn held(count: Option<u64>, name: Option<&str>, subject: &Subject) -> String {
    let of = |one, several| count.map_or_else(|| format!("Several {several}"), |n| number(n, one, several));
    if *subject == Subject::Plain {
        let appointments = of("appointment", "appointments");
        return format!("{appointments} suddenly missing in the EHR would leave your calendar.");
    }
    let entries = of("entry", "entries");
    let within = name.map_or_else(|| "your calendar".to_owned(), |name| format!("“{name}”"));
    format!(
        "{entries} suddenly missing in {within}: the times closed because of them would open again in the EHR."
    )
}

/// As its owner knows it.
fn name_of<'a>(connection: &'a Connection, id: &CalendarId) -> Option<&'a str> {
    let settings = &connection.settings;
    let blocking: &[CalendarRef] = match &settings.blocking_calendars {
        BlockingCalendars::Chosen(chosen) => chosen,
        BlockingCalendars::Owned => &[],
    };
    let all = settings.main_calendar.known().into_iter().chain(blocking);
    let found = all.into_iter().find(|calendar| calendar.id == *id);
    found.map(|calendar| calendar.name.as_str()).filter(|name| !name.is_empty())
}

/// What a problem is called, and what to do.
pub(crate) fn problem(kind: ProblemKind, subject: &Subject) -> (&'static str, &'static str) {
    match kind {
        ProblemKind::CredentialsRefused => ("You are signed out", "Sign in again."),
        ProblemKind::PermissionMissing => (
            "One permission is missing",
            "Sign in again, and tick every box that is asked for; or choose what needs less under “Change settings”.",
        ),
        ProblemKind::CalendarUnreachable => (
            "Your calendar does not answer",
            "Nothing to do: Daybook keeps trying. What is closed stays closed meanwhile.",
        ),
        ProblemKind::CalendarMissing => {
            ("A calendar is no longer there", "Choose another one under “Change settings”.")
        }
        ProblemKind::CalendarReadOnly => (
            "Your main calendar may not be written",
            "Choose another one under “Change settings”, or ask its owner to let you change it.",
        ),
        ProblemKind::EhrUnreachable => ("The EHR does not answer", "Nothing to do: Daybook keeps trying."),
        ProblemKind::EhrRefused if *subject == Subject::Schedules => (
            "The EHR gives no schedule of yours",
            "Tell your practice's administrator: without one no time can be closed.",
        ),
        ProblemKind::EhrRefused => (
            "The EHR refuses Daybook",
            "Tell your practice's administrator: the EHR's access must be renewed.",
        ),
        ProblemKind::BrakeEngaged => (
            "Unusually many deletions wait for your yes",
            "Look whether they are right. If so, say so below; if not, put back what is missing, and nothing is removed.",
        ),
        ProblemKind::ItemsUnreadable => (
            "Some entries cannot be understood",
            "Nothing is lost: everything else is synced. Tell support if it stays so.",
        ),
        ProblemKind::ItemsRejected => (
            "Some entries were not accepted",
            "Nothing is lost: everything else is synced. Tell support if it stays so.",
        ),
        ProblemKind::TimeZoneMissing => {
            ("No time zone is known", "Set your time zone in the EHR; without it no time can be closed.")
        }
        ProblemKind::FreeAllDay => (
            "All-day entries are marked as free",
            "They do not close your day. If one should, close it under “Your week as it stands”.",
        ),
        ProblemKind::LeftBehind if *subject == Subject::Grant => (
            "Daybook's access could not be ended",
            "Remove Daybook's access in your account's settings at the provider. The sign-in kept here is deleted.",
        ),
        ProblemKind::LeftBehind if *subject == Subject::MadeCalendar => (
            "A calendar could not be removed",
            "Daybook made it. Delete it by hand in your calendar program.",
        ),
        ProblemKind::LeftBehind => (
            "Some entries could not be removed",
            "Daybook no longer had access. Delete them by hand, or connect the account again to have them removed.",
        ),
        ProblemKind::ProviderMisconfigured => {
            ("The provider does not accept Daybook", "Tell whoever runs Daybook; it is nothing that you did.")
        }
        ProblemKind::MirrorParked => (
            "An entry was moved again and again",
            "Daybook no longer puts it back. Move the appointment in the EHR, or press “Sync now” to have it put back.",
        ),
        ProblemKind::NotAllowed => (
            "Your practice no longer allows this calendar",
            "Appointments show as “Busy” only. Ask your practice's administrator, or connect another calendar.",
        ),
    }
}
