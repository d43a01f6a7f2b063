//! Names of things, one type each, so that a calendar's id can never be passed as a connection's.
//! All are opaque strings made by somebody else, except `ConnectionId`, which is ours.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(String);

        impl $name {
            /// Takes the id as the other side spells it.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as the other side spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }
    };
}

id! {
    /// A tenant, by the name in its URL.
    PracticeId
}
id! {
    /// A clinician, by the EHR's id (`prac-12`, without the resource type).
    PractitionerId
}
id! {
    /// One clinician's authorised tie to one account at one provider.
    ConnectionId
}
id! {
    /// An appointment, by the EHR's id.
    AppointmentId
}
id! {
    /// A practitioner's schedule in the EHR, by the EHR's id.
    ScheduleId
}
id! {
    /// A calendar, by the provider's id (for CalDAV the collection's path on the server).
    CalendarId
}
id! {
    /// The smallest thing that a provider reports as a whole: a CalDAV resource, a Google or Graph event.
    ItemId
}
id! {
    /// What a person thinks of as one event: a series with all its occurrences, or a single event.
    SeriesId
}
id! {
    /// One occurrence inside an item; empty for an item that happens once.
    OccurrenceId
}
id! {
    /// The other side's name for one state of one item: equal means unchanged.
    Revision
}
id! {
    /// The other side's bookmark for its next delta.
    Cursor
}
id! {
    /// A subscription, by the provider's id.
    SubscriptionId
}

impl OccurrenceId {
    /// The only occurrence of an item that does not recur.
    pub fn single() -> Self {
        Self(String::new())
    }
}
