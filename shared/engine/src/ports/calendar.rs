//! Calendars at a provider: what stands in them, and the mirrors that we keep there.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::connection::Provider;
use daybook_core::detail::Detail;
use daybook_core::event::Sighting;
use daybook_core::ids::{CalendarId, Cursor, ItemId, Revision};
use daybook_core::link::Touch;
pub use daybook_core::mirror::Expected;
use daybook_core::mirror::{Content, MirrorId};
use daybook_core::time::Interval;

use super::{Credentials, RemoteError};

/// Opens accounts. Opening makes no request: credentials hold what discovery found.
#[async_trait]
pub trait Providers: Send + Sync {
    /// Proves the credentials, finds the account behind them, and returns them completed by what was found.
    async fn authorise(
        &self,
        credentials: Credentials,
    ) -> Result<(Credentials, AccountIdentity), RemoteError>;

    fn open(&self, credentials: &Credentials) -> Result<Arc<dyn Account>, RemoteError>;
}

/// Who signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountIdentity {
    pub provider: Provider,
    /// For people, and to tell one account from another: `ada@example.org`.
    pub label: String,
    pub kind: AccountKind,
}

/// What kind of account it is, as far as it limits the detail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountKind {
    /// An organisation's account, which an agreement may cover.
    Organisation,
    /// A private account, iCloud, or a server that we know nothing about.
    Uncovered,
}

impl AccountKind {
    /// The most that may be told to such an account without an attestation.
    pub fn detail_cap(self) -> Detail {
        match self {
            AccountKind::Organisation | AccountKind::Uncovered => Detail::Appointment,
        }
    }
}

/// One signed-in account.
#[async_trait]
pub trait Account: Send + Sync {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError>;

    /// Makes a calendar for events, or returns the one that we made before under the same `slug`, a name of
    /// ours that is fit for a path.
    async fn create_calendar(&self, name: &str, slug: &str) -> Result<CalendarInfo, RemoteError>;

    fn calendar(&self, id: &CalendarId) -> Arc<dyn Calendar>;
}

/// A calendar as its account shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that are independent of each other")]
pub struct CalendarInfo {
    pub id: CalendarId,
    pub name: String,
    pub time_zone: Option<String>,
    pub writable: bool,
    pub owned: bool,
    pub primary: bool,
    pub shared: bool,
}

/// One calendar: a place of events, and of our mirrors.
#[async_trait]
pub trait Calendar: Mirrors {
    /// Every item with an occurrence inside `within`, and the cursor from which changes can be followed.
    async fn list(&self, within: Interval) -> Result<Listing, RemoteError>;

    /// What changed since the cursor, at any time. `CursorLost` asks for a full listing.
    /// Costs one request where nothing changed.
    async fn list_changes(&self, since: &Cursor, within: Interval) -> Result<Listing, RemoteError>;

    /// The name of ours that an item's id carries, where the id alone tells.
    fn name_of(&self, item: &ItemId) -> Option<MirrorId>;

    /// Reads items by id. Each sighting lists the occurrences inside `within` (and overrides and single
    /// events wherever they are). An item that is not there is `Seen::Gone`; one for which there is no answer
    /// is left out.
    async fn get(&self, items: &[ItemId], within: Interval) -> Result<Vec<Sighting>, RemoteError>;
}

/// What a listing brought, pages already joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    pub entries: Vec<Entry>,
    /// `None` where the provider has no cursor: the next look lists in full.
    pub cursor: Option<Cursor>,
    pub completeness: Completeness,
}

/// Whether what is not in a full listing is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completeness {
    Complete,
    Incomplete,
}

/// One line of a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// Told in full.
    Seen(Sighting),
    /// Told by name only: read it by id, unless its revision is known.
    Touched { item: ItemId, revision: Option<Revision>, name: Option<MirrorId> },
}

/// A place where mirrors live: a calendar, or an EHR's schedule.
#[async_trait]
pub trait Mirrors: Send + Sync {
    /// How many steps fit into one request.
    fn steps_per_request(&self) -> usize;

    /// Carries out steps, at most `steps_per_request` of them; one result each, in order.
    async fn carry_out(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>>;

    /// Reads mirrors by the names that we gave (or by marker, where the other side chose the id). One
    /// sighting for each name for which there is an answer.
    async fn find(&self, mirrors: &[MirrorRef]) -> Result<Vec<MirrorSighting>, RemoteError>;
}

/// Both names of a mirror.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MirrorRef {
    pub mirror: MirrorId,
    pub remote: Option<ItemId>,
}

/// One remote write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    Put {
        at: MirrorRef,
        expected: Expected,
        content: Content,
    },
    /// Removing what is not there succeeds.
    Delete {
        at: MirrorRef,
        expected: Expected,
    },
}

/// How a put mirror stands now. For a delete both are `None`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Written {
    pub remote: Option<ItemId>,
    pub revision: Option<Revision>,
    pub touch: Option<Touch>,
}

/// What stands under one of our names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MirrorSighting {
    pub mirror: MirrorId,
    pub remote: Option<ItemId>,
    pub revision: Option<Revision>,
    /// `None`: it does not exist.
    pub content: Option<Content>,
}
