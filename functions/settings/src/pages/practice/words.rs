//! What an administrator is told, in words: how a connection is, what a level tells, what was done. It is told what is so,
//! and finds nothing out.

use daybook_core::audit::{Deed, Entry, Hand, Outcome, Part};
use daybook_core::connection::State;
use daybook_core::detail::{Cap, Detail};
use daybook_engine::roster::Member;
use daybook_engine::view::state_word;

use super::super::words::Zone;

/// Which colour stands for it.
pub(super) fn standing(member: &Member) -> &'static str {
    if member.state == State::Active && needs_attention(member) { "paused" } else { state_word(member.state) }
}

fn needs_attention(member: &Member) -> bool {
    member.problems.iter().any(|kind| !kind.is_hint())
}

/// How it is, and how fresh.
pub(super) fn sentence(member: &Member, zone: &Zone) -> String {
    let last = member.last_synced_at.map(|at| format!(" Last synced {}.", zone.time(at))).unwrap_or_default();
    let how = match member.state {
        State::Authorising => "Has not signed in yet.",
        State::Ready => "Signed in, and not started yet.",
        State::Syncing => "The first sync is at work.",
        State::Active if needs_attention(member) => "Working, but something needs attention.",
        State::Active if member.is_moving => "Something has changed, and is being synced now.",
        State::Active => "In step.",
        State::ReconnectRequired if member.lacks_access_only => {
            "Waiting: the clinician has to allow one more thing."
        }
        State::ReconnectRequired => "Stopped: the clinician has to sign in again.",
        State::Paused => "Paused.",
        State::Disconnecting => "Disconnecting.",
        State::Disconnected => "Disconnected.",
    };
    format!("{how}{last}")
}

/// The level in force, and what keeps it there.
pub(super) fn level(member: &Member) -> String {
    let tells = tells(member.detail);
    member.reason.map_or_else(|| tells.clone(), |cap| format!("{tells} {}", why(cap)))
}

/// A level, as a sentence.
pub(super) fn tells(level: Detail) -> String {
    format!("Tells: {}.", lower(name(level)))
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A level, as somebody who does not see the calendar says it.
pub(super) fn name(level: Detail) -> &'static str {
    match level {
        Detail::Busy => "Only that the clinician is busy",
        Detail::Appointment => "That it is an appointment, and whether by video",
        Detail::Reference => "The EHR's reference number",
        Detail::Initials => "The client's initials",
        Detail::Full => "Client, service and place",
    }
}

fn why(cap: Cap) -> &'static str {
    match cap {
        Cap::Practice => "The practice allows no more.",
        Cap::Part2 => "42 CFR Part 2 applies.",
        Cap::Account => "No agreement can cover a private or an iCloud account.",
        Cap::NoAgreement => "No agreement is on record for this account.",
        Cap::AgreementOver => "The agreement for this account is over.",
        Cap::SharedCalendar => "Others see the calendar too.",
        Cap::PublicCalendar => "Anybody can see the calendar.",
        Cap::UnknownAudience => "Nobody can tell who sees the calendar.",
        Cap::Feed => "Whoever has the address can read it.",
        Cap::NotAllowed => "The practice no longer allows this account.",
    }
}

/// What becomes of entries that tell too much.
pub(super) fn what_to_do(member: &Member) -> &'static str {
    match member.state {
        State::Disconnected => {
            "Daybook can no longer open it. Have them deleted there by hand, or have the account connected again."
        }
        State::ReconnectRequired if !member.lacks_access_only => {
            "Daybook cannot open it now. They are rewritten as soon as the clinician signs in again."
        }
        State::Authorising
        | State::Ready
        | State::Syncing
        | State::Active
        | State::ReconnectRequired
        | State::Paused
        | State::Disconnecting => "Daybook is rewriting them.",
    }
}

/// What was done, in a line.
pub(super) fn what(entry: &Entry) -> String {
    let parts: Vec<&str> = entry.parts.iter().map(|part| part_name(*part)).collect();
    let detail = entry.domain.clone().or_else(|| (!parts.is_empty()).then(|| parts.join(", ")));
    let deed = deed_name(entry.deed);
    detail.map_or_else(|| deed.to_owned(), |detail| format!("{deed}: {detail}"))
}

fn deed_name(deed: Deed) -> &'static str {
    match deed {
        Deed::LaunchOpened => "Came from the EHR",
        Deed::LaunchRefused => "Was sent by the EHR, and not let in",
        Deed::LoggedOut => "Logged out",
        Deed::Connected => "Began a connection",
        Deed::SignedIn => "Signed in to the calendar",
        Deed::Started => "Started the sync",
        Deed::SettingsChanged => "Changed settings",
        Deed::Paused => "Paused the sync",
        Deed::Resumed => "Resumed the sync",
        Deed::SyncAsked => "Asked for a sync",
        Deed::DeletionsConfirmed => "Confirmed held deletions",
        Deed::Verified => "Had both sides tried",
        Deed::Reviewed => "Reviewed the connection",
        Deed::Switched => "Switched to another account",
        Deed::Disconnected => "Disconnected",
        Deed::Ended => "Ended the connection",
        Deed::AccessLost => "Had to wait for the clinician to sign in or to allow more",
        Deed::DeletionsHeld => "Held unusually many deletions",
        Deed::EntriesPutBack => "Put entries back that were moved or deleted",
        Deed::FeedMade => "Made an address to subscribe to",
        Deed::FeedRevoked => "Ended an address to subscribe to",
        Deed::PracticeSet => "Set up the practice",
        Deed::PracticeErased => "Erased the practice",
        Deed::PolicyChanged => "Changed what is allowed",
        Deed::AttestationGiven => "Put an agreement on record",
        Deed::AttestationWithdrawn => "Withdrew an agreement",
        Deed::TrailExported => "Exported the audit trail",
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Direction => "direction",
        Part::Window => "time range",
        Part::Detail => "detail",
        Part::MainCalendar => "main calendar",
        Part::BlockingCalendars => "calendars that close time",
        Part::AgedOut => "past appointments",
        Part::BlockScope => "which times are closed",
        Part::Reminder => "reminder",
        Part::FreeDays => "days marked free",
        Part::DetailCap => "the most that is told",
        Part::Part2 => "42 CFR Part 2",
        Part::Providers => "which calendars",
        Part::AccountDomains => "whose accounts",
        Part::Bounds => "widest time range",
        Part::Feed => "subscribed calendars",
        Part::Attestations => "agreements",
    }
}

/// Who did it: the capacity, and the EHR's id of the person.
pub(super) fn who(entry: &Entry) -> String {
    let hand = match entry.who.hand {
        Hand::Clinician => "clinician",
        Hand::Delegate => "somebody acting for a clinician",
        Hand::Administrator => "administrator",
        Hand::PracticeKey => "the EHR, with the practice's key",
        Hand::PlatformKey => "whoever runs Daybook for you",
        Hand::Browser => "whoever opened the sign-in link",
        Hand::Stranger => "somebody unknown",
        Hand::Daybook => "Daybook",
    };
    entry.who.user.as_ref().map_or_else(|| hand.to_owned(), |user| format!("{hand} {user}"))
}

/// Whose it concerns.
pub(super) fn whose(entry: &Entry) -> String {
    let practitioner = entry.practitioner.as_ref().map(|id| format!("Clinician {id}"));
    let connection = entry.connection.as_ref().map(|id| format!("connection {id}"));
    practitioner.into_iter().chain(connection).collect::<Vec<_>>().join(", ")
}

/// Nothing where it went as it should.
pub(super) fn outcome(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Done => None,
        Outcome::Refused => Some("refused"),
        Outcome::Failed => Some("failed"),
    }
}

#[cfg(test)]
mod tests {
    use daybook_core::connection::Provider;

    use super::*;

    fn member(state: State, lacks_access_only: bool) -> Member {
        Member {
            connection: "c1".into(),
            practitioner: "ada".into(),
            provider: Provider::Google,
            account: None,
            home: None,
            state,
            lacks_access_only,
            is_moving: false,
            paused_at: None,
            last_synced_at: None,
            detail: Detail::Busy,
            reason: Some(Cap::Part2),
            problems: Vec::new(),
            above: 1,
            left_behind: 0,
        }
    }

    #[test]
    fn an_account_that_only_lacks_a_permission_is_not_called_shut() {
        for (state, lacks_access_only, expected) in [
            (State::Active, false, "is rewriting them"),
            (State::Paused, false, "is rewriting them"),
            (State::ReconnectRequired, true, "is rewriting them"),
            (State::ReconnectRequired, false, "cannot open it now"),
            (State::Disconnected, false, "can no longer open it"),
        ] {
            let told = what_to_do(&member(state, lacks_access_only));
            assert!(told.contains(expected), "{state:?} {lacks_access_only}: {told}");
        }
    }
}
