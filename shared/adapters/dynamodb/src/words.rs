//! How our small enums are spelled in rows. A word, once written, is never given another meaning.
//! Domain types know nothing of this.

use daybook_core::access::{Reads, Writes};
use daybook_core::appointment::ProposedPolicy;
use daybook_core::connection::{
    AgedOut, BlockScope, Direction, Mirrors, ProblemKind, Provider, Start, State, Went,
};
use daybook_core::detail::{Detail, Part2};
use daybook_core::link::{Reason, Touch};
use daybook_core::policy::{AccountKind, Audience, Feed};
use daybook_core::succession::Afterwards;
use daybook_engine::ports::Stage;

use crate::item::{Broken, Row};

/// An enum with a word for each variant.
pub trait Word: Sized + Copy {
    fn word(self) -> &'static str;
    fn from_word(word: &str) -> Option<Self>;
}

macro_rules! words {
    ($($kind:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl Word for $kind {
            fn word(self) -> &'static str {
                match self { $($kind::$variant => $word),+ }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($kind::$variant),)+ _ => None }
            }
        }
    )+};
}

words! {
    Provider { Google = "google", Microsoft = "microsoft", Caldav = "caldav" }
    Direction { EhrToCalendar = "ehr_to_calendar", TwoWay = "two_way" }
    AgedOut { Remove = "remove", Keep = "keep" }
    BlockScope { All = "all", Hours = "hours" }
    Start { WhenAuthorised = "when_authorised", WhenConfirmed = "when_confirmed" }
    Went { Well = "well", Badly = "badly" }
    Mirrors { Remove = "remove", Keep = "keep" }
    Afterwards { Leaves = "leaves", ClosesTime = "closes_time" }
    Detail {
        Busy = "busy",
        Appointment = "appointment",
        Reference = "reference",
        Initials = "initials",
        Full = "full",
    }
    State {
        Authorising = "authorising",
        Ready = "ready",
        Syncing = "syncing",
        Active = "active",
        ReconnectRequired = "reconnect_required",
        Paused = "paused",
        Disconnecting = "disconnecting",
        Disconnected = "disconnected",
    }
    Part2 { No = "no", Yes = "yes" }
    ProposedPolicy { Ignore = "ignore", CountsAsBooked = "counts_as_booked" }
    Touch { OursAlone = "ours_alone", Decorated = "decorated" }
    Reason {
        Writing = "writing",
        Removing = "removing",
        Retry = "retry",
        Rejected = "rejected",
        Brake = "brake",
    }
    ProblemKind {
        CredentialsRefused = "credentials_refused",
        CalendarUnreachable = "calendar_unreachable",
        CalendarMissing = "calendar_missing",
        CalendarReadOnly = "calendar_read_only",
        EhrUnreachable = "ehr_unreachable",
        EhrRefused = "ehr_refused",
        BrakeEngaged = "brake_engaged",
        ItemsUnreadable = "items_unreadable",
        ItemsRejected = "items_rejected",
        TimeZoneMissing = "time_zone_missing",
        FreeAllDay = "free_all_day",
        LeftBehind = "left_behind",
        PermissionMissing = "permission_missing",
        ProviderMisconfigured = "provider_misconfigured",
        MirrorParked = "mirror_parked",
        NotAllowed = "not_allowed",
    }
    Writes { Nothing = "nothing", OwnCalendars = "own_calendars", AllCalendars = "all_calendars" }
    Reads { Nothing = "nothing", Names = "names", Events = "events" }
    AccountKind {
        Organisation = "organisation",
        Private = "private",
        Icloud = "icloud",
        Server = "server",
    }
    Audience { Own = "own", Shared = "shared", Public = "public", Unknown = "unknown" }
    Feed { Allowed = "allowed", Forbidden = "forbidden" }
    Stage { Opened = "opened", Sent = "sent", Ended = "ended" }
}

impl Row<'_> {
    pub fn word<T: Word>(self, name: &'static str) -> Result<T, Broken> {
        T::from_word(self.text(name)?).ok_or(Broken::Attribute(name))
    }
}

/// For fields of JSON rows: `#[serde(with = "crate::words")]`.
pub fn serialize<T: Word, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.word())
}

pub fn deserialize<'de, T: Word, D: serde::Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let word = <String as serde::Deserialize>::deserialize(deserializer)?;
    T::from_word(&word).ok_or_else(|| serde::de::Error::custom("a word that we do not know"))
}
