//! What a provider knows: accounts, calendars, items, subscriptions, and what sign-in left behind. Plain data in
//! memory; it decides nothing, and only a [`Tx`](super::Tx) changes it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that one provider keeps.
#[derive(Default)]
pub struct World {
    /// By [`Account::id`].
    pub accounts: BTreeMap<String, Account>,
    /// By [`Calendar::id`]; deleted ones stay as tombstones.
    pub calendars: BTreeMap<String, Calendar>,
    /// By calendar and item id; deleted ones stay as tombstones.
    pub items: BTreeMap<(String, String), Item>,
    /// By [`Subscription::id`].
    pub subscriptions: BTreeMap<String, Subscription>,
    /// The newest sequence number given to a calendar or item.
    pub seq: u64,
    /// A cursor older than this is expired; see [`World::is_live_cursor`].
    pub oldest_cursor: u64,
    /// Mails that the provider would have sent to people, newest last.
    pub mails: BTreeMap<u64, Mail>,
    pub(super) counter: u64,
    pub(super) codes: BTreeMap<String, Code>,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) consents: BTreeMap<String, Consent>,
    pub(super) outbox: BTreeMap<u64, Message>,
}

/// Who runs an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Organisation {
    /// A work or school account.
    Organisation,
    /// A consumer account.
    Personal,
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Stable subject: Google's `sub`, Microsoft's object id.
    pub id: String,
    pub email: String,
    pub name: String,
    pub kind: Organisation,
    /// IANA name.
    pub time_zone: String,
}

/// What an account may do with a calendar, and why it stands in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The account's main calendar.
    Primary,
    /// Owned, besides the main one.
    Own,
    /// Somebody else's, which may be changed.
    SharedWriter,
    /// Somebody else's, with details, read only.
    SharedReader,
    /// Somebody else's, busy times only.
    FreeBusyOnly,
    /// A subscribed feed, read only.
    Subscribed,
    /// Public holidays, read only.
    Holiday,
}

impl Role {
    /// May events be written?
    pub fn may_write(self) -> bool {
        matches!(self, Self::Primary | Self::Own | Self::SharedWriter)
    }

    /// Does the account own the calendar?
    pub fn is_owner(self) -> bool {
        matches!(self, Self::Primary | Self::Own)
    }
}

/// One collection of items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    pub id: String,
    /// The account that owns it, by id; empty for public ones (feeds, holidays).
    pub account: String,
    pub name: String,
    /// What the owner may do with it.
    pub role: Role,
    /// IANA name.
    pub time_zone: String,
    /// The client id that made it by API, if one did.
    pub made_by_client: Option<String>,
    /// Others in whose list it stands, by account id, and what they may do.
    #[serde(default)]
    pub shared_with: BTreeMap<String, Role>,
    /// Whatever else the face keeps about it (description, colour, ...), as the face likes it.
    #[serde(default)]
    pub extra: Value,
    pub seq: u64,
    pub deleted: bool,
}

impl Calendar {
    /// May anybody look into it?
    pub fn is_public(&self) -> bool {
        self.extra.get(PUBLIC).and_then(Value::as_bool) == Some(true)
    }

    /// Lets everybody look into it.
    pub fn publish(&mut self) {
        let mut extra = self.extra.as_object().cloned().unwrap_or_default();
        extra.insert(PUBLIC.to_owned(), Value::Bool(true));
        self.extra = Value::Object(extra);
    }
}

const PUBLIC: &str = "public";

/// An event as the provider itself keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub id: String,
    pub calendar: String,
    pub seq: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub deleted: bool,
    /// The provider's own JSON: a master, an exception or a single event. The face derives what it answers.
    pub body: Value,
}

impl Item {
    /// A live item; sequence number and times are set when it is put.
    pub fn new(calendar: &str, id: &str, body: Value) -> Self {
        Self {
            id: id.to_owned(),
            calendar: calendar.to_owned(),
            seq: 0,
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
            deleted: false,
            body,
        }
    }
}

/// A standing request to be told of changes.
#[derive(Clone, Serialize, Deserialize)]
pub struct Subscription {
    /// Google's channel id, Graph's subscription id.
    pub id: String,
    /// The account that opened it, by id.
    pub account: String,
    pub client: String,
    pub calendar: String,
    pub url: String,
    pub lifecycle_url: Option<String>,
    /// Google's `token`, Graph's `clientState`: echoed with every message.
    pub secret: Option<String>,
    pub expires: Timestamp,
    /// Google's `resourceUri`, Graph's `resource`: echoed with every message.
    pub resource: String,
    /// The number of the last message; Google's numbers have gaps.
    pub sent: u64,
    /// Whatever else the face keeps. Google: `resourceId` (a string) is echoed with every message.
    pub extra: Value,
}

/// A mail that would have gone out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub number: u64,
    pub at: Timestamp,
    /// The client id of whoever's request caused it.
    #[serde(default)]
    pub client: String,
    pub from: String,
    pub to: Vec<String>,
    /// `invitation`, `update`, `cancellation` or `reply`.
    pub kind: String,
    /// The item that it is about.
    pub item: String,
}

/// An authorisation code that waits to be exchanged.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Code {
    pub(super) value: String,
    pub(super) account: String,
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: BTreeSet<String>,
    pub(super) challenge: Option<Challenge>,
    /// A refresh token goes with the answer.
    pub(super) keeps: Keeps,
    pub(super) nonce: Option<String>,
    pub(super) expires: Timestamp,
    pub(super) used: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Keeps {
    RefreshToken,
    Nothing,
}

/// What the verifier must match (RFC 7636).
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Challenge {
    S256(String),
    Plain(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TokenKind {
    Access,
    Refresh,
}

/// An access or refresh token.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) value: String,
    pub(super) kind: TokenKind,
    pub(super) account: String,
    pub(super) client: String,
    pub(super) scopes: BTreeSet<String>,
    pub(super) expires: Timestamp,
}

/// What an account has granted a client so far.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Consent {
    pub(super) account: String,
    pub(super) client: String,
    pub(super) scopes: BTreeSet<String>,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Saying {
    /// Google's greeting of a new channel.
    Hello,
    Changed {
        item: String,
        kind: ChangeKind,
        seq: u64,
    },
    /// The calendar is gone.
    Gone,
    /// Graph: `reauthorizationRequired`, `subscriptionRemoved`, `missed`.
    Lifecycle(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ChangeKind {
    Created,
    Updated,
    Deleted,
}

/// A message that waits to be posted. It carries a copy of the subscription, which may be gone by then.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) key: u64,
    pub(super) to: Subscription,
    pub(super) saying: Saying,
    pub(super) number: u64,
    pub(super) since: Timestamp,
    pub(super) due: Timestamp,
    pub(super) attempts: u32,
}

impl World {
    /// What an account may do with a calendar; `None` if it does not see it.
    pub fn role(&self, account: &str, calendar: &str) -> Option<Role> {
        let found = self.calendars.get(calendar).filter(|found| !found.deleted)?;
        found.role_of(account)
    }

    /// The calendars in an account's list, main one first, with what it may do.
    pub fn calendars_of(&self, account: &str) -> Vec<(&Calendar, Role)> {
        let live = self.calendars.values().filter(|calendar| !calendar.deleted);
        let mut listed: Vec<_> =
            live.filter_map(|calendar| Some((calendar, calendar.role_of(account)?))).collect();
        listed.sort_by_key(|(calendar, role)| (*role as u8, calendar.id.clone()));
        listed
    }

    /// The account's main calendar.
    pub fn primary(&self, account: &str) -> Option<&Calendar> {
        self.calendars.values().find(|calendar| {
            calendar.account == account && calendar.role == Role::Primary && !calendar.deleted
        })
    }

    /// All items of a calendar, tombstones too, by id.
    pub fn items_of<'a>(&'a self, calendar: &'a str) -> impl Iterator<Item = &'a Item> + 'a {
        let from = (calendar.to_owned(), String::new());
        self.items.range(from..).take_while(move |((of, _), _)| of == calendar).map(|(_, item)| item)
    }

    /// One item, also if it is deleted.
    pub fn item(&self, calendar: &str, id: &str) -> Option<&Item> {
        self.items.get(&(calendar.to_owned(), id.to_owned()))
    }

    /// An account by id or address.
    pub fn account(&self, who: &str) -> Option<&Account> {
        let by_email = || self.accounts.values().find(|account| account.email.eq_ignore_ascii_case(who));
        self.accounts.get(who).or_else(by_email)
    }

    /// May a cursor that was given out at this sequence number still be used?
    pub fn is_live_cursor(&self, seq: u64) -> bool {
        seq >= self.oldest_cursor
    }
}

impl Calendar {
    /// What an account may do with it; `None` if it is not in its list.
    pub fn role_of(&self, account: &str) -> Option<Role> {
        if self.account == account { Some(self.role) } else { self.shared_with.get(account).copied() }
    }
}

/// Something that is kept under a key, in memory and in the file.
pub(super) trait Row: Clone + Serialize + DeserializeOwned + 'static {
    /// The name of its kind in the file.
    const KIND: &'static str;
    type Key: Ord + Clone + 'static;
    fn key(&self) -> Self::Key;
    /// The key as the file writes it.
    fn key_text(key: &Self::Key) -> String;
    fn table(world: &mut World) -> &mut BTreeMap<Self::Key, Self>;
}

macro_rules! rows {
    ($($row:ty, $kind:literal, $key:ty, $field:ident, |$self:ident| $of:expr, |$as:ident| $text:expr;)*) => {$(
        impl Row for $row {
            const KIND: &'static str = $kind;
            type Key = $key;
            fn key(&self) -> $key {
                let $self = self;
                $of
            }
            fn key_text($as: &$key) -> String {
                $text
            }
            fn table(world: &mut World) -> &mut BTreeMap<$key, Self> {
                &mut world.$field
            }
        }
    )*};
}

rows! {
    Account, "account", String, accounts, |row| row.id.clone(), |key| key.clone();
    Calendar, "calendar", String, calendars, |row| row.id.clone(), |key| key.clone();
    Item, "item", (String, String), items, |row| (row.calendar.clone(), row.id.clone()), |key| format!("{}\n{}", key.0, key.1);
    Subscription, "subscription", String, subscriptions, |row| row.id.clone(), |key| key.clone();
    Mail, "mail", u64, mails, |row| row.number, |key| key.to_string();
    Code, "code", String, codes, |row| row.value.clone(), |key| key.clone();
    Token, "token", String, tokens, |row| row.value.clone(), |key| key.clone();
    Consent, "consent", String, consents, |row| Consent::key_of(&row.account, &row.client), |key| key.clone();
    Message, "message", u64, outbox, |row| row.key, |key| key.to_string();
}

impl Consent {
    pub(super) fn key_of(account: &str, client: &str) -> String {
        format!("{account}\n{client}")
    }
}
