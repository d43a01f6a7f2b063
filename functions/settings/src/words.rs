//! The words of the API for our enums, one table each way. Words only; what they mean is for `daybook-core`.

use daybook_core::connection as domain;
use daybook_core::detail as level;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident = $domain:path { $($word:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($word),+ }

        impl From<$name> for $domain {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word),+ }
            }
        }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                type Domain = $domain;
                match value { $(Domain::$word => Self::$word),+ }
            }
        }
    };
}

words! {
    Provider = domain::Provider { Google, Microsoft, Caldav }
}
words! {
    /// `two_way` also closes time in the EHR for events of the blocking calendars.
    Direction = domain::Direction { EhrToCalendar, TwoWay }
}
words! {
    /// How much of an appointment an event may tell, least first.
    Detail = level::Detail { Busy, Appointment, Reference, Initials, Full }
}
words! {
    /// What happens to events that pass the past edge of the window.
    AgedOut = domain::AgedOut { Remove, Keep }
}
words! {
    /// Whether all busy times close time in the EHR, or only those that touch operational hours.
    BlockScope = domain::BlockScope { All, Hours }
}
words! {
    /// Whether clinicians may make a read-only feed.
    Feed = daybook_core::policy::Feed { Allowed, Forbidden }
}
words! {
    Start = domain::Start { WhenAuthorised, WhenConfirmed }
}
words! {
    /// What happens to the events that we wrote.
    Mirrors = domain::Mirrors { Remove, Keep }
}
words! {
    /// What a connection is, computed from what is known of it.
    State = domain::State {
        Authorising, Ready, Syncing, Active, ReconnectRequired, Paused, Disconnecting, Disconnected,
    }
}
