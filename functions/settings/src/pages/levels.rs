//! The detail levels as a person chooses among them: how an appointment will look, and what forbids a level. What caps
//! the detail is decided elsewhere; the person in the examples is invented.

use daybook_core::detail::{Cap, Detail, Disclosure};
use daybook_core::policy::{Policy, Tie};

/// One level to choose.
pub(crate) struct Level {
    pub word: &'static str,
    pub name: &'static str,
    /// How an appointment will look.
    pub title: String,
    pub place: Option<String>,
    pub is_chosen: bool,
    /// Why it may not be chosen.
    pub forbidden: Option<&'static str>,
    /// Why the calendar that is chosen now would show less.
    pub caution: Option<&'static str>,
}

const LEVELS: [(Detail, &str, &str); 5] = [
    (Detail::Busy, "busy", "Only that you are busy"),
    (Detail::Appointment, "appointment", "That it is an appointment, and whether by video"),
    (Detail::Reference, "reference", "The EHR's reference number"),
    (Detail::Initials, "initials", "The client's initials"),
    (Detail::Full, "full", "Client, service and place"),
];

pub(crate) fn detail(word: &str) -> Option<Detail> {
    LEVELS.iter().find(|(_, known, _)| *known == word).map(|(level, ..)| *level)
}

/// A level as forms spell it.
pub(crate) fn word(level: Detail) -> &'static str {
    LEVELS.iter().find(|(known, ..)| *known == level).map_or("", |(_, word, _)| word)
}

/// A level as people call it.
pub(crate) fn name(level: Detail) -> &'static str {
    LEVELS.iter().find(|(known, ..)| *known == level).map_or("", |(_, _, name)| name)
}

/// All levels, with those that are forbidden. Who sees the main calendar forbids none: on the same form another calendar
/// may be chosen.
pub(crate) fn levels(policy: &Policy, tie: &Tie<'_>, chosen: Detail) -> Vec<Level> {
    let mut levels = samples(chosen);
    for (shown, (level, ..)) in levels.iter_mut().zip(LEVELS) {
        let anywhere = Tie { audience: None, ..*tie };
        let lowered = |tie| policy.effective(level, tie).1.map(why);
        shown.forbidden = lowered(&anywhere);
        shown.caution = lowered(tie).filter(|_| shown.forbidden.is_none());
    }
    levels
}

/// All levels with what each looks like, whatever allows or forbids them.
pub(crate) fn samples(chosen: Detail) -> Vec<Level> {
    let levels = LEVELS.into_iter().map(|(level, word, name)| {
        let sample = sample(level);
        let place = match &sample {
            Disclosure::Full { location, .. } => location.clone(),
            _ => None,
        };
        Level {
            word,
            name,
            title: sample.title(),
            place,
            is_chosen: level == chosen,
            forbidden: None,
            caution: None,
        }
    });
    levels.collect()
}

/// Why no more may be told.
pub(crate) fn why(cap: Cap) -> &'static str {
    match cap {
        Cap::Practice => "Your practice allows no more.",
        Cap::Part2 => {
            "Your practice treats substance use disorders (42 CFR Part 2), so nothing more may leave the EHR."
        }
        Cap::Account => "No agreement about patient data is possible for a private or an iCloud account.",
        Cap::NoAgreement => {
            "No agreement covers patient data in this account. Your practice's administrator can record one."
        }
        Cap::AgreementOver => {
            "The agreement recorded for this account is over. Your practice's administrator can renew it."
        }
        Cap::SharedCalendar => "Others see this calendar too.",
        Cap::PublicCalendar => "Anybody can see this calendar.",
        Cap::UnknownAudience => {
            "Daybook cannot tell who sees this calendar. Sign in again and tick every box, or choose the calendar made for this."
        }
        Cap::NotAllowed => "Your practice no longer allows this kind of account.",
        Cap::Feed => "Whoever has the address of a subscription can read it, so it tells no more.",
    }
}

/// An appointment of somebody who does not exist.
pub(crate) fn sample(level: Detail) -> Disclosure {
    match level {
        Detail::Busy => Disclosure::Busy,
        Detail::Appointment => Disclosure::Appointment { modality: None },
        Detail::Reference => Disclosure::Reference { number: "C-1042".to_owned() },
        Detail::Initials => Disclosure::Initials { initials: "J.D.".to_owned() },
        Detail::Full => Disclosure::Full {
            patient: "Jane Doe".to_owned(),
            service: Some("Individual session".to_owned()),
            location: Some("Room 2".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use daybook_core::connection::Provider;
    use daybook_core::policy::{AccountHome, AccountKind, Audience};

    #[test]
    fn what_is_forbidden_says_why() {
        let policy = Policy { detail_cap: Detail::Initials, ..Policy::default() };
        let home = AccountHome::new(AccountKind::Private, "gmail.com");
        let now = jiff::Timestamp::UNIX_EPOCH;
        let tie = Tie { provider: Provider::Google, home: Some(&home), audience: None, now };
        let levels = levels(&policy, &tie, Detail::Busy);
        let open: Vec<&str> = levels.iter().filter(|l| l.forbidden.is_none()).map(|l| l.word).collect();
        assert_eq!(open, ["busy", "appointment"]);
        assert_eq!(levels[4].forbidden, Some(why(Cap::Account)));
        assert_eq!(levels[4].title, "Jane Doe – Individual session");
        assert!(levels[0].is_chosen && !levels[1].is_chosen);
    }

    #[test]
    fn who_sees_the_calendar_is_said_and_forbids_nothing() {
        let policy = Policy { detail_cap: Detail::Appointment, ..Policy::default() };
        let home = AccountHome::new(AccountKind::Private, "gmail.com");
        let now = jiff::Timestamp::UNIX_EPOCH;
        let audience = Some(Audience::Shared);
        let tie = Tie { provider: Provider::Google, home: Some(&home), audience, now };
        let told: Vec<_> = levels(&policy, &tie, Detail::Busy)
            .into_iter()
            .map(|level| (level.forbidden, level.caution))
            .collect();
        let (shared, practice) = (Some(why(Cap::SharedCalendar)), Some(why(Cap::Practice)));
        assert_eq!(told[..3], [(None, None), (None, shared), (practice, None)]);
    }
}
