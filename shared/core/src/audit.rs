//! The audit trail: who did what, to which connection, and how it went. An entry holds ids, times and words of ours; it
//! never holds a name, a title, an address, a secret or anything of a patient. Nothing here stores one.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::connection::{Settings, State};
use crate::ids::{ConnectionId, PracticeId, PractitionerId};
use crate::launch::Role;
use crate::notice::News;
use crate::policy::{Attestation, Policy};

/// Six years, as 45 CFR 164.316(b)(2)(i) asks of such records, with a day for each leap year that may be among them.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(2_192 * 24);

const MOST_USER_BYTES: usize = 128;
const MOST_NONCE_BYTES: usize = 64;

/// One line of a practice's trail. It is written once and never changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub practice: PracticeId,
    pub at: Timestamp,
    /// Tells it from others of the same moment.
    pub nonce: String,
    pub who: Who,
    pub deed: Deed,
    /// What of it was changed, where that can be said.
    pub parts: BTreeSet<Part>,
    /// Whose accounts an attestation is about.
    pub domain: Option<String>,
    pub connection: Option<ConnectionId>,
    pub practitioner: Option<PractitionerId>,
    pub outcome: Outcome,
}

/// Who did it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    pub hand: Hand,
    /// The EHR's id of the person, where it says one that is opaque.
    pub user: Option<String>,
}

impl Who {
    /// What looks like an address of a person is no id, and is not kept.
    pub fn new(hand: Hand, user: &str) -> Self {
        let is_opaque = (1..=MOST_USER_BYTES).contains(&user.len())
            && user.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
        Self { hand, user: is_opaque.then(|| user.to_owned()) }
    }

    pub fn visitor(role: Role, user: &str) -> Self {
        let hand = match role {
            Role::Clinician => Hand::Clinician,
            Role::Admin => Hand::Administrator,
            Role::Delegate => Hand::Delegate,
        };
        Self::new(hand, user)
    }

    /// Nobody asked for it.
    pub fn daybook() -> Self {
        Self { hand: Hand::Daybook, user: None }
    }
}

/// An enum of which each variant has a word that never changes its meaning once it was written.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name { $($(#[$of])* $variant),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// In what capacity.
    Hand {
        Clinician = "clinician",
        Delegate = "delegate",
        Administrator = "administrator",
        /// Whoever holds the practice's key.
        PracticeKey = "practice_key",
        PlatformKey = "platform_key",
        /// Whoever opened a link to sign in, in the browser that opened it first.
        Browser = "browser",
        /// Somebody whom the EHR sent, and who did not come in.
        Stranger = "stranger",
        Daybook = "daybook",
    }
}

words! {
    /// What was done.
    Deed {
        LaunchOpened = "launch.opened",
        LaunchRefused = "launch.refused",
        LoggedOut = "session.ended",
        Connected = "connection.made",
        SignedIn = "connection.signed_in",
        Started = "connection.started",
        SettingsChanged = "connection.settings_changed",
        Paused = "connection.paused",
        Resumed = "connection.resumed",
        SyncAsked = "connection.sync_asked",
        DeletionsConfirmed = "connection.deletions_confirmed",
        Verified = "connection.verified",
        Reviewed = "connection.reviewed",
        /// Another connection takes its place.
        Switched = "connection.switched",
        Disconnected = "connection.disconnected",
        /// Nothing of it is left, or nothing that can be reached.
        Ended = "connection.ended",
        /// The provider no longer lets us in, or not far enough.
        AccessLost = "connection.access_lost",
        /// The brake holds them.
        DeletionsHeld = "connection.deletions_held",
        /// Entries that their reader had moved, changed or deleted stand again.
        EntriesPutBack = "connection.entries_put_back",
        FeedMade = "feed.made",
        FeedRevoked = "feed.revoked",
        PracticeSet = "practice.set",
        PracticeErased = "practice.erased",
        PolicyChanged = "policy.changed",
        AttestationGiven = "attestation.given",
        AttestationWithdrawn = "attestation.withdrawn",
        TrailExported = "audit.exported",
    }
}

words! {
    /// What of a connection's settings or of a practice's policy.
    Part {
        Direction = "direction",
        Window = "window",
        Detail = "detail",
        MainCalendar = "main_calendar",
        BlockingCalendars = "blocking_calendars",
        AgedOut = "aged_out",
        BlockScope = "block_scope",
        Reminder = "reminder_minutes",
        FreeDays = "free_days",
        DetailCap = "detail_cap",
        Part2 = "part2",
        Providers = "providers",
        AccountDomains = "account_domains",
        Bounds = "window_bounds",
        Feed = "feed",
        Attestations = "attestations",
    }
}

words! {
    /// How it went.
    Outcome {
        Done = "done",
        /// It may not be, or not now.
        Refused = "refused",
        /// Something broke.
        Failed = "failed",
    }
}

impl Entry {
    /// In the order of time among all of a practice.
    pub fn id(&self) -> String {
        format!("{}_{}", id_since(self.at), plain(&self.nonce))
    }
}

/// What the ids of entries of this moment and later are not less than.
pub fn id_since(at: Timestamp) -> String {
    format!("aud_{:017}", at.as_microsecond().max(0))
}

/// Whether a text has the form of an id of ours.
pub fn is_id(text: &str) -> bool {
    let rest = text.strip_prefix("aud_").unwrap_or_default();
    (17..=18 + MOST_NONCE_BYTES).contains(&rest.len()) && rest.chars().all(is_plain)
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-".contains(c)
}

fn plain(nonce: &str) -> String {
    nonce.chars().filter(|c| is_plain(*c)).take(MOST_NONCE_BYTES).collect()
}

impl Deed {
    /// What Daybook did or met by itself, as far as the trail keeps it, from what it tells the EHR.
    pub fn of_news(news: &News, state: State) -> Option<Self> {
        match news {
            News::StateChanged => (state == State::Disconnected).then_some(Self::Ended),
            News::ReconnectRequired(_) => Some(Self::AccessLost),
            News::BrakeEngaged => Some(Self::DeletionsHeld),
            News::MirrorRestored { .. } => Some(Self::EntriesPutBack),
            News::ConflictFound { .. } | News::ConflictCleared { .. } | News::ReviewDue => None,
        }
    }
}

/// What differs between two settings.
pub fn settings_parts(before: &Settings, after: &Settings) -> BTreeSet<Part> {
    differing([
        (Part::Direction, before.direction != after.direction),
        (Part::Window, before.window != after.window),
        (Part::Detail, before.detail != after.detail),
        (Part::MainCalendar, before.main_calendar != after.main_calendar),
        (Part::BlockingCalendars, before.blocking_calendars != after.blocking_calendars),
        (Part::AgedOut, before.aged_out != after.aged_out),
        (Part::BlockScope, before.block_scope != after.block_scope),
        (Part::Reminder, before.reminder_minutes != after.reminder_minutes),
    ])
}

/// What differs between two policies.
pub fn policy_parts(before: &Policy, after: &Policy) -> BTreeSet<Part> {
    differing([
        (Part::DetailCap, before.detail_cap != after.detail_cap),
        (Part::Part2, before.part2 != after.part2),
        (Part::Providers, before.providers != after.providers),
        (Part::AccountDomains, before.account_domains != after.account_domains),
        (Part::Bounds, before.window != after.window),
        (Part::Feed, before.feed != after.feed),
        (Part::Attestations, before.attestations != after.attestations),
    ])
}

/// For which domains a word was given, or given anew, and for which it was taken back.
pub fn attested(before: &Policy, after: &Policy) -> Vec<(Deed, String)> {
    let given = missing(&after.attestations, |one| before.attestations.contains(one));
    let kept = |one: &Attestation| after.attestations.iter().any(|other| other.domain == one.domain);
    let withdrawn = missing(&before.attestations, kept);
    let deed =
        |deed, all: Vec<&Attestation>| all.into_iter().map(move |one| (deed, one.domain.clone())).collect();
    let (given, withdrawn): (Vec<_>, Vec<_>) =
        (deed(Deed::AttestationGiven, given), deed(Deed::AttestationWithdrawn, withdrawn));
    given.into_iter().chain(withdrawn).collect()
}

fn missing(all: &[Attestation], has: impl Fn(&Attestation) -> bool) -> Vec<&Attestation> {
    all.iter().filter(|one| !has(one)).collect()
}

fn differing<const N: usize>(parts: [(Part, bool); N]) -> BTreeSet<Part> {
    parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::detail::{Detail, Part2};
    use crate::policy::Feed;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn entry(second: i64, nonce: &str) -> Entry {
        Entry {
            practice: "demo".into(),
            at: at(second),
            nonce: nonce.into(),
            who: Who::daybook(),
            deed: Deed::Started,
            parts: BTreeSet::new(),
            domain: None,
            connection: None,
            practitioner: None,
            outcome: Outcome::Done,
        }
    }

    fn given(domain: &str, until: i64) -> Attestation {
        Attestation {
            domain: domain.into(),
            attested_by: "Ada".into(),
            text_version: 1,
            given_at: at(0),
            expires_at: at(until),
        }
    }

    #[test]
    fn words_come_back_as_they_went() {
        assert!(Hand::ALL.iter().all(|one| Hand::from_word(one.word()) == Some(*one)));
        assert!(Deed::ALL.iter().all(|one| Deed::from_word(one.word()) == Some(*one)));
        assert!(Part::ALL.iter().all(|one| Part::from_word(one.word()) == Some(*one)));
        assert!(Outcome::ALL.iter().all(|one| Outcome::from_word(one.word()) == Some(*one)));
        assert_eq!(Deed::from_word("connection.stolen"), None);
    }

    #[test]
    fn an_address_is_no_users_id() {
        for (user, kept) in [
            ("User/9", true),
            ("prac-12", true),
            ("u=1,\"x\"", true),
            ("ada@example.org", false),
            ("Ada Lovelace", false),
            ("", false),
            ("käthe", false),
        ] {
            assert_eq!(Who::new(Hand::PracticeKey, user).user.is_some(), kept, "{user}");
        }
        assert_eq!(Who::new(Hand::Clinician, &"x".repeat(129)).user, None);
    }

    #[test]
    fn ids_are_in_the_order_of_time() {
        let ids = [entry(-5, "a"), entry(9, "z"), entry(10, "a#b"), entry(10, "b")].map(|entry| entry.id());
        assert!(ids.is_sorted(), "{ids:?}");
        assert_eq!(ids[2], "aud_00000000010000000_ab");
        assert!(ids.iter().all(|id| is_id(id)));
        assert!(is_id(&id_since(at(10))) && *id_since(at(10)) < *ids[2] && *ids[1] < *id_since(at(10)));
        for text in
            ["", "aud_", "ntc_00000000010000000_ab", "aud_00000000010000000_%23", &format!("aud_{:099}", 1)]
        {
            assert!(!is_id(text), "{text}");
        }
    }

    #[test]
    fn what_was_changed_is_named() {
        let before = Policy::default();
        let capped = Policy { detail_cap: Detail::Busy, ..before.clone() };
        let strict = Policy { part2: Part2::Yes, feed: Feed::Forbidden, ..before.clone() };
        let attested = Policy { attestations: vec![given("a.org", 9)], ..before.clone() };
        for (after, expected) in [
            (before.clone(), vec![]),
            (capped, vec![Part::DetailCap]),
            (strict, vec![Part::Part2, Part::Feed]),
            (attested, vec![Part::Attestations]),
        ] {
            assert_eq!(policy_parts(&before, &after), expected.into_iter().collect());
        }
    }

    #[test]
    fn a_word_given_given_anew_and_taken_back() {
        let with = |all: &[(&str, i64)]| Policy {
            attestations: all.iter().map(|(domain, until)| given(domain, *until)).collect(),
            ..Policy::default()
        };
        let (gave, took) = (Deed::AttestationGiven, Deed::AttestationWithdrawn);
        for (before, after, expected) in [
            (with(&[]), with(&[("a.org", 9)]), vec![(gave, "a.org")]),
            (with(&[("a.org", 9)]), with(&[("a.org", 9)]), vec![]),
            (with(&[("a.org", 9)]), with(&[("a.org", 10)]), vec![(gave, "a.org")]),
            (with(&[("a.org", 9)]), with(&[("b.org", 9)]), vec![(gave, "b.org"), (took, "a.org")]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(deed, domain)| (deed, domain.to_owned())).collect();
            assert_eq!(super::attested(&before, &after), expected);
        }
    }
}
