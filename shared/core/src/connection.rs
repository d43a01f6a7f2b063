//! A connection: what the clinician chose, what has been learnt, and the state that follows from the evidence.
//! Nobody sets a state: it is computed each time it is asked for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::access::Access;
use crate::detail::Detail;
use crate::ids::{AppointmentId, CalendarId, ConnectionId, Cursor, PracticeId, PractitionerId, ScheduleId};
use crate::notice::Told;
use crate::policy::{AccountHome, Audience};
use crate::subscription::Telling;
use crate::succession::Succession;
use crate::window::WindowDays;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Provider {
    Google,
    Microsoft,
    Caldav,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Direction {
    #[default]
    EhrToCalendar,
    TwoWay,
}

/// What happens to a mirror that passes the past edge of the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AgedOut {
    #[default]
    Remove,
    Keep,
}

/// Which of a clinician's busy times become blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BlockScope {
    #[default]
    All,
    /// Only those that touch operational hours.
    Hours,
}

/// When the first sync may start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Start {
    #[default]
    WhenAuthorised,
    WhenConfirmed,
}

/// The calendar that we write to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MainCalendar {
    Existing(CalendarRef),
    /// One that we made, or made before and found again.
    Made(CalendarRef),
    /// To be created under this name, or found if we made one before.
    Create(String),
    /// Write nothing: the connection only closes time.
    None,
}

/// A calendar, with its name for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CalendarRef {
    pub id: CalendarId,
    pub name: String,
}

impl MainCalendar {
    /// The calendar, where it is known which one it is.
    pub fn known(&self) -> Option<&CalendarRef> {
        match self {
            MainCalendar::Existing(calendar) | MainCalendar::Made(calendar) => Some(calendar),
            MainCalendar::Create(_) | MainCalendar::None => None,
        }
    }
}

/// The calendars that we read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BlockingCalendars {
    /// Those that the account itself owns, once it is known which they are.
    Owned,
    Chosen(Vec<CalendarRef>),
}

/// What the clinician chose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    pub direction: Direction,
    pub window: WindowDays,
    pub detail: Detail,
    pub main_calendar: MainCalendar,
    pub blocking_calendars: BlockingCalendars,
    pub aged_out: AgedOut,
    pub block_scope: BlockScope,
    pub reminder_minutes: Option<u32>,
    pub start: Start,
}

/// Everything remembered about a connection except its links and its credentials.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connection {
    pub practice: PracticeId,
    pub id: ConnectionId,
    pub practitioner: PractitionerId,
    pub provider: Provider,
    /// The account at the provider; `None` until signed in.
    pub account: Option<AccountName>,
    pub settings: Settings,
    /// Grows with each command of a person; what `If-Match` compares. A run that used an older one is due again.
    pub version: u64,
    pub evidence: Evidence,
    pub schedule: Schedule,
    pub signals: Signals,
    pub progress: Option<Progress>,
    /// By source: `ehr`, or a calendar's id. Newest problem of each.
    pub problems: BTreeMap<String, Problem>,
    /// How far the practice's EHR has been told of all this.
    pub told: Told,
}

/// An account at a provider.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountName {
    /// What tells it from every other account of that provider, for ever.
    pub subject: String,
    /// For people: `ada@example.org`.
    pub label: String,
    pub home: AccountHome,
}

impl AccountName {
    /// For others than its owner: `a…@example.org`.
    pub fn masked(&self) -> String {
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        match self.label.rsplit_once('@') {
            Some((name, domain)) => format!("{}…@{domain}", first(name)),
            None => format!("{}…", first(&self.label)),
        }
    }
}

/// Facts from which the state follows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Evidence {
    pub created_at: Timestamp,
    pub authorised_at: Option<Timestamp>,
    /// The clinician's yes.
    pub started_at: Option<Timestamp>,
    pub paused_at: Option<Timestamp>,
    /// What the clinician has allowed us at the provider; `None` until signed in.
    pub granted: Option<Access>,
    /// What the settings need; `None` where nobody noted it.
    pub needed: Option<Access>,
    /// The provider refused our credentials, and has not accepted any since.
    pub refused_at: Option<Timestamp>,
    pub first_synced_at: Option<Timestamp>,
    pub last_synced_at: Option<Timestamp>,
    pub disconnect: Option<Disconnect>,
    pub disconnected_at: Option<Timestamp>,
    /// When a person last said yes to the removals that the brake holds.
    pub brake_released_at: Option<Timestamp>,
    /// Whose place it takes, since it was made.
    pub succeeds: Option<Succession>,
    /// When the connection whose place it takes was told to leave.
    pub handed_over_at: Option<Timestamp>,
    /// Calendars that we made and no longer write to: each goes once it is known that nobody needs it.
    pub left_calendars: Vec<CalendarRef>,
    /// All-day entries marked free that close their days all the same, by [`crate::free_day::mark`].
    pub closed_days: BTreeSet<String>,
    /// Calendars that were new, and about which the clinician has answered.
    pub answered_calendars: BTreeSet<CalendarId>,
    /// When the clinician last went through the review.
    pub reviewed_at: Option<Timestamp>,
    /// What became of mirrors that their reader dragged or deleted; `None` where none ever was.
    pub put_back: Option<PutBack>,
    /// How it went when both sides were last tried.
    pub verified: Option<Verified>,
    /// Mirrors that stand although the connection has ended, by how much each tells.
    pub left: BTreeMap<Detail, u64>,
}

/// The last trial of both sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verified {
    pub at: Timestamp,
    pub went: Went,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Went {
    Well,
    /// At least one step failed.
    Badly,
}

/// Mirrors that were put back after their reader had dragged or deleted them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PutBack {
    /// How many, ever.
    pub times: u64,
    pub last_at: Timestamp,
}

/// So long a clinician is told of what was put back.
const PUT_BACK_IS_NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A disconnect that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Disconnect {
    pub asked_at: Timestamp,
    pub mirrors: Mirrors,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mirrors {
    #[default]
    Remove,
    Keep,
}

/// What has been read, how far, and what is due when.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Schedule {
    /// Where each calendar's delta goes on. A calendar without one is listed in full.
    pub cursors: BTreeMap<CalendarId, Cursor>,
    /// When each calendar was last read.
    pub read_at: BTreeMap<CalendarId, Timestamp>,
    /// How each calendar's changes are told to us.
    pub tellings: BTreeMap<CalendarId, Telling>,
    /// The practice-local day to which the window was last rolled.
    pub rolled_to: Option<Date>,
    /// When both sides were last compared in full, and with which version of the settings.
    pub reconciled: Option<Reconciled>,
    /// What the EHR told about the practitioner, kept for a day.
    pub practitioner: Option<Known>,
    /// Who can see the main calendar, as it was when that was last looked at. Only where more is wanted than `busy`.
    pub onlookers: Option<Onlookers>,
    /// Calendars that the account had when it was first looked at; empty until then, and one-way.
    pub known_calendars: BTreeSet<CalendarId>,
    /// Own calendars that came later and are used for nothing.
    pub new_calendars: Vec<CalendarRef>,
    /// When the earliest work that was put off may be tried. `None` where nothing is owed.
    pub owing_at: Option<Timestamp>,
    /// When the sweep should next look at this connection. `None` where nothing is due.
    pub due_at: Option<Timestamp>,
    /// Consecutive runs in which a source could not be read.
    pub failures: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reconciled {
    pub at: Timestamp,
    /// What held then: a difference makes everything due anew.
    pub version: u64,
    pub detail: Detail,
    pub window: WindowDays,
}

/// Who can see one calendar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Onlookers {
    pub calendar: CalendarId,
    pub audience: Audience,
}

/// The EHR's facts about a practitioner, as far as a sync needs them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    pub at: Timestamp,
    /// IANA name; the practice's fallback is already applied.
    pub time_zone: Option<String>,
    pub schedules: Vec<ScheduleId>,
}

/// Signals received and answered. Counting makes lost, doubled and late ones harmless.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Signals {
    /// How many were ever received.
    pub received: u64,
    /// How many of them a finished run has answered.
    pub answered: u64,
    /// Since when a request is waiting in the queue; `None` where the queue owes us nothing.
    pub pending_since: Option<Timestamp>,
    pub marks: Marks,
}

/// What signals named since the last run took it up.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Marks {
    /// Appointments to read by id, each with the token of the signal that named it last: a run that is done
    /// with an appointment clears only the mark that it saw.
    pub appointments: BTreeMap<AppointmentId, String>,
    /// Calendars that changed, with tokens likewise.
    pub calendars: BTreeMap<CalendarId, String>,
    /// Calendars whose subscription is to be made anew, with tokens likewise.
    pub subscriptions: BTreeMap<CalendarId, String>,
    /// More were named than are worth keeping: look at everything. Holds the token likewise.
    pub everything: Option<String>,
}

/// More marks than this mean: look at everything.
pub const MOST_MARKS: usize = 50;

/// How far a long run has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

/// Something that a person should know, in the words of the catalogue; never content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub kind: ProblemKind,
    pub detail: String,
    /// How many things it is about, where they are counted.
    pub count: Option<u64>,
    pub since: Timestamp,
}

/// The catalogue; `docs/problems.md` says for each who must act.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ProblemKind {
    CredentialsRefused,
    CalendarUnreachable,
    CalendarMissing,
    CalendarReadOnly,
    EhrUnreachable,
    EhrRefused,
    BrakeEngaged,
    ItemsUnreadable,
    ItemsRejected,
    TimeZoneMissing,
    FreeAllDay,
    LeftBehind,
    PermissionMissing,
    ProviderMisconfigured,
    MirrorParked,
    /// The practice no longer allows this provider or this account's domain.
    NotAllowed,
}

impl ProblemKind {
    /// Whether it is told for its own sake: all is well, and nobody has to do anything. Birthdays and holidays are marked free
    /// as a rule, so that somebody has one every week.
    pub fn is_hint(self) -> bool {
        self == Self::FreeAllDay
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Authorising,
    Ready,
    Syncing,
    Active,
    ReconnectRequired,
    Paused,
    Disconnecting,
    Disconnected,
}

impl Evidence {
    /// What the connection is, in order of what matters most to a person (E-008).
    pub fn state(&self) -> State {
        match self {
            Evidence { disconnected_at: Some(_), .. } => State::Disconnected,
            Evidence { disconnect: Some(_), .. } => State::Disconnecting,
            Evidence { authorised_at: None, .. } => State::Authorising,
            _ if self.is_shut() || self.lacks_access() => State::ReconnectRequired,
            Evidence { paused_at: Some(_), .. } => State::Paused,
            Evidence { started_at: None, .. } => State::Ready,
            Evidence { first_synced_at: None, .. } => State::Syncing,
            _ => State::Active,
        }
    }

    /// Whether the provider keeps us out: nothing in the account can be read or written before the clinician has signed in
    /// again. A permission that is missing shuts nothing.
    pub fn is_shut(&self) -> bool {
        self.refused_at.is_some()
    }

    /// Whether the settings need more than the clinician has allowed: signing in again asks for it.
    pub fn lacks_access(&self) -> bool {
        matches!((self.granted, self.needed), (Some(granted), Some(needed)) if !granted.covers(needed))
    }

    /// Whether nothing but that stands in the way: then settings that need less let it go on as well, and what stands in
    /// the account can still be told less.
    pub fn lacks_access_only(&self) -> bool {
        !self.is_shut() && self.lacks_access()
    }

    /// What was put back, while it is news to whoever moved or deleted it.
    pub fn put_back_lately(&self, now: Timestamp) -> Option<PutBack> {
        self.put_back.filter(|put_back| now.duration_since(put_back.last_at) < PUT_BACK_IS_NEWS)
    }
}

impl Connection {
    /// Whether somebody has to do something before all is well.
    pub fn needs_attention(&self) -> bool {
        self.problems.values().any(|problem| !problem.kind.is_hint())
    }

    /// Whether its clinician still has to see it. One that has ended is seen while something of ours stands in its
    /// account, unless they have connected that account again.
    pub fn concerns_clinician(&self, all: &[Self]) -> bool {
        if self.evidence.state() != State::Disconnected {
            return true;
        }
        let is_again = |other: &Self| {
            let has_account = self.account.is_some() && other.account_key() == self.account_key();
            has_account && other.evidence.disconnect.is_none()
        };
        let has_left = self.problems.values().any(|problem| problem.kind == ProblemKind::LeftBehind);
        has_left && !all.iter().any(is_again)
    }

    fn account_key(&self) -> (Provider, Option<&str>) {
        (self.provider, self.account.as_ref().map(|account| account.subject.as_str()))
    }
}

impl Signals {
    /// Whether no signal received so far is waiting or running.
    pub fn settled(&self) -> bool {
        self.answered >= self.received
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::access::{Reads, Writes};
    use crate::sample;

    #[test]
    fn an_account_is_masked_for_others() {
        use crate::policy::AccountKind;
        for (label, expected) in [
            ("ada@example.org", "a…@example.org"),
            ("Äda.b@x@example.org", "Ä…@example.org"),
            ("@example.org", "…@example.org"),
            ("ada", "a…"),
            ("", "…"),
        ] {
            let home = AccountHome::of_address(AccountKind::Private, label);
            let account = AccountName { subject: "s".into(), label: label.into(), home };
            assert_eq!(account.masked(), expected);
        }
    }

    #[test]
    fn e_008_the_state_follows_from_the_evidence() {
        let t = Some(Timestamp::UNIX_EPOCH);
        let much = Some(Access::ALL);
        let little = Some(Access { writes: Writes::OwnCalendars, reads: Reads::Names });
        let gone = Some(Disconnect { asked_at: Timestamp::UNIX_EPOCH, mirrors: Mirrors::Remove });
        let none = Evidence::default();
        let signed_in = Evidence { authorised_at: t, ..none.clone() };
        let started = Evidence { started_at: t, ..signed_in.clone() };
        let active = Evidence { first_synced_at: t, ..started.clone() };
        for (evidence, state) in [
            (none.clone(), State::Authorising),
            (signed_in.clone(), State::Ready),
            (started.clone(), State::Syncing),
            (active.clone(), State::Active),
            (Evidence { paused_at: t, ..active.clone() }, State::Paused),
            (Evidence { granted: little, needed: much, ..active.clone() }, State::ReconnectRequired),
            (Evidence { granted: much, needed: little, ..active.clone() }, State::Active),
            (Evidence { needed: much, ..active.clone() }, State::Active),
            (Evidence { refused_at: t, paused_at: t, ..active.clone() }, State::ReconnectRequired),
            (Evidence { disconnect: gone, refused_at: t, ..active.clone() }, State::Disconnecting),
            (Evidence { disconnect: gone, disconnected_at: t, ..active }, State::Disconnected),
            (Evidence { disconnect: gone, ..none }, State::Disconnecting),
        ] {
            assert_eq!(evidence.state(), state);
        }
    }

    #[test]
    fn what_lacks_access_only_goes_on_with_settings_that_need_less() {
        let t = Some(Timestamp::UNIX_EPOCH);
        let much = Some(Access::ALL);
        let little = Some(Access { writes: Writes::OwnCalendars, reads: Reads::Names });
        for (granted, needed, refused_at, expected) in [
            (little, much, None, true),
            (little, much, t, false),
            (much, little, None, false),
            (None, much, None, false),
        ] {
            let evidence = Evidence { granted, needed, refused_at, ..Evidence::default() };
            assert_eq!(evidence.lacks_access_only(), expected, "{granted:?} {needed:?} {refused_at:?}");
            assert_eq!(evidence.is_shut(), refused_at.is_some());
        }
    }

    #[test]
    fn what_was_put_back_is_news_for_seven_days() {
        let hour = |hour: i64| Timestamp::from_second(hour * 3600).unwrap();
        let put_back = PutBack { times: 2, last_at: hour(0) };
        for (known, now, expected) in [
            (None, 1, false),
            (Some(put_back), 0, true),
            (Some(put_back), 7 * 24 - 1, true),
            (Some(put_back), 7 * 24, false),
        ] {
            let evidence = Evidence { put_back: known, ..Evidence::default() };
            assert_eq!(evidence.put_back_lately(hour(now)).is_some(), expected, "{now}");
        }
    }

    fn connection(id: &str, subject: Option<&str>, evidence: Evidence, told: &[ProblemKind]) -> Connection {
        let home = AccountHome::of_address(crate::policy::AccountKind::Private, "ada@example.org");
        let account = |subject: &str| AccountName { subject: subject.into(), label: subject.into(), home };
        let since = Timestamp::UNIX_EPOCH;
        let problem = |kind: &ProblemKind| Problem { kind: *kind, detail: String::new(), count: None, since };
        Connection {
            account: subject.map(account),
            evidence,
            problems: told.iter().map(|kind| (format!("{kind:?}"), problem(kind))).collect(),
            ..sample::connection(id)
        }
    }

    #[test]
    fn an_entry_marked_free_asks_nobody_for_anything() {
        let (free, unread) = (ProblemKind::FreeAllDay, ProblemKind::ItemsUnreadable);
        for (told, expected) in
            [(&[][..], false), (&[free], false), (&[unread], true), (&[free, unread], true)]
        {
            let connection = connection("c1", None, Evidence::default(), told);
            assert_eq!(connection.needs_attention(), expected, "{told:?}");
        }
    }

    #[test]
    fn one_that_has_ended_is_seen_while_something_stands() {
        let t = Timestamp::UNIX_EPOCH;
        let gone = Some(Disconnect { asked_at: t, mirrors: Mirrors::Remove });
        let leaving = Evidence { disconnect: gone, ..Evidence::default() };
        let ended = Evidence { disconnected_at: Some(t), ..leaving.clone() };
        let left = &[ProblemKind::LeftBehind][..];
        for (evidence, problems, subject, other, expected) in [
            (&Evidence::default(), &[][..], None, None, true),
            (&leaving, &[][..], Some("ada"), None, true),
            (&ended, &[][..], Some("ada"), None, false),
            (&ended, left, Some("ada"), None, true),
            (&ended, left, Some("ada"), Some((Evidence::default(), "ada")), false),
            (&ended, left, Some("ada"), Some((Evidence::default(), "eve")), true),
            (&ended, left, Some("ada"), Some((leaving.clone(), "ada")), true),
        ] {
            let one = connection("c1", subject, evidence.clone(), problems);
            let mut all = vec![one.clone()];
            all.extend(
                other.clone().map(|(evidence, subject)| connection("c2", Some(subject), evidence, &[])),
            );
            assert_eq!(one.concerns_clinician(&all), expected, "{subject:?} {other:?}");
        }
    }
}
