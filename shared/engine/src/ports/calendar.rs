//! Calendars at a provider: what stands in them, and the mirrors that we keep there.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::connection::CalendarRef;
use daybook_core::event::Sighting;
use daybook_core::ids::{CalendarId, Cursor, ItemId, Revision};
use daybook_core::link::Touch;
pub use daybook_core::made::Contents;
pub use daybook_core::mirror::Expected;
use daybook_core::mirror::{Content, MirrorId};
use daybook_core::policy::Onlooker;
use daybook_core::subscription::Subscription;
use daybook_core::time::Interval;
use jiff::Timestamp;
use secrecy::SecretString;

use super::{AccessTokens, Credentials, RemoteError, SignIn};

/// One provider: how to sign in there, and the accounts that a sign-in opens.
pub trait CalendarProvider: Send + Sync {
    fn sign_in(&self) -> SignIn<'_>;

    /// Opens an account. Makes no request: credentials hold what signing in found. `tokens` go unused where a
    /// password opens it.
    fn open(
        &self,
        credentials: &Credentials,
        tokens: Arc<dyn AccessTokens>,
    ) -> Result<Arc<dyn Account>, RemoteError>;
}

/// One signed-in account.
#[async_trait]
pub trait Account: Send + Sync {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError>;

    /// Makes a calendar for events, or returns the one that we made before under the same `slug`, a name of
    /// ours that is fit for a path.
    async fn create_calendar(&self, name: &str, slug: &str) -> Result<CalendarInfo, RemoteError>;

    /// Deletes a calendar with all that stands in it. Deleting one that is gone succeeds.
    async fn delete_calendar(&self, id: &CalendarId) -> Result<(), RemoteError>;

    /// Who beside the account may look into a calendar that it owns; `None` where the provider does not say, or was not
    /// allowed to.
    async fn onlookers(&self, _id: &CalendarId) -> Result<Option<Vec<Onlooker>>, RemoteError> {
        Ok(None)
    }

    fn calendar(&self, id: &CalendarId) -> Arc<dyn Calendar>;

    /// How to be told of changes, where the provider tells.
    fn subscriptions(&self) -> Option<&dyn Subscribing> {
        None
    }

    /// When the account is busy in these calendars, where the provider can say so in one request; `None` where
    /// it cannot. A calendar without an answer holds its error and is not free. Mirrors count as busy like
    /// everything else: never ask for a calendar that holds them.
    async fn busy_times(
        &self,
        _calendars: &[CalendarId],
        _within: Interval,
    ) -> Result<Option<BusyTimes>, RemoteError> {
        Ok(None)
    }
}

/// By calendar, when it is busy; merged and in order.
pub type BusyTimes = BTreeMap<CalendarId, Result<Vec<Interval>, RemoteError>>;

/// Subscriptions to the changes of calendars.
#[async_trait]
pub trait Subscribing: Send + Sync {
    /// `Rejected` or `Forbidden` where the provider does not tell of this calendar, or not to our address.
    async fn subscribe(
        &self,
        calendar: &CalendarId,
        wanted: &NewSubscription,
    ) -> Result<Subscription, RemoteError>;

    /// Lets it hold for longer, without a gap. Where a provider cannot, opens another, whose id differs: the old
    /// one is then to be ended. `Missing` where the provider no longer knows it.
    async fn renew(
        &self,
        calendar: &CalendarId,
        current: &Subscription,
        wanted: &NewSubscription,
    ) -> Result<Subscription, RemoteError>;

    /// Ending what has ended succeeds.
    async fn unsubscribe(&self, subscription: &Subscription) -> Result<(), RemoteError>;
}

/// What a subscription is to be like.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Fresh; its id where the subscriber chooses it.
    pub id: String,
    /// The provider shows it with each notification.
    pub secret: SecretString,
    /// Where notifications go to.
    pub url: String,
    /// Where notifications about the subscription itself go to, where a provider tells them apart.
    pub lifecycle_url: String,
    pub now: Timestamp,
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

impl From<&CalendarInfo> for CalendarRef {
    fn from(calendar: &CalendarInfo) -> Self {
        Self { id: calendar.id.clone(), name: calendar.name.clone() }
    }
}

/// One calendar: a place of events, and of our mirrors.
#[async_trait]
pub trait Calendar: Mirrors {
    /// Every item with an occurrence inside `within`, and the cursor from which changes can be followed.
    async fn list(&self, within: Interval) -> Result<Listing, RemoteError>;

    /// What changed since the cursor, at any time. `CursorLost` asks for a full listing.
    /// Costs one request where nothing changed.
    async fn list_changes(&self, since: &Cursor, within: Interval) -> Result<Listing, RemoteError>;

    /// As [`Self::list`], without a cursor: for a look from which nothing goes on. What lies outside `within` is not told.
    async fn list_once(&self, within: Interval) -> Result<Listing, RemoteError>;

    /// What an item's id alone tells about its name.
    fn naming_of(&self, item: &ItemId) -> Naming;

    /// Reads items by id. Each sighting lists the occurrences inside `within` (and overrides and single
    /// events wherever they are). An item that is not there is `Seen::Gone`; one for which there is no answer
    /// is left out.
    async fn get(&self, items: &[ItemId], within: Interval) -> Result<Vec<Sighting>, RemoteError>;

    /// Whether anything at all stands in it, of whomever and whenever. In doubt, something does.
    async fn contents(&self) -> Result<Contents, RemoteError>;
}

/// What an item's id tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Naming {
    /// It carries a name that we could have given.
    Named(MirrorId),
    /// It carries none: we did not make it.
    Foreign,
    /// The provider chooses ids: only a link or the item itself tells.
    Silent,
}

impl Naming {
    /// The name, where there is one.
    pub fn name(self) -> Option<MirrorId> {
        match self {
            Naming::Named(name) => Some(name),
            Naming::Foreign | Naming::Silent => None,
        }
    }
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
