//! The names of rows. Ids of others are escaped, so that no id can reach into another's rows.
//! Only connection ids, which are ours, are known to hold no separator.

use std::fmt::Write;

use daybook_core::connection::{AccountName, Provider};
use daybook_core::ids::{AppointmentId, ItemId, PracticeId, PractitionerId, SubscriptionId};
use daybook_core::link::{Lane, Link};
use daybook_core::mirror::MirrorId;
use daybook_core::proof::Proof;
use daybook_engine::ports::{ConnectionRef, Due, NoticeRef};

use crate::schema::DUE_SHARDS;
use crate::words::Word;

pub const CONNECTION: &str = "CONN";
pub const PRACTICE: &str = "PRACTICE";
pub const TOKEN: &str = "TOKEN";
pub const REFRESH: &str = "REFRESH";
pub const IDEMPOTENT: &str = "IDEM";
pub const VISIT: &str = "VISIT";
pub const SUBSCRIPTION: &str = "SUB";
pub const QUOTA: &str = "QUOTA";
pub const FEED: &str = "FEED";
/// What the partitions of notices begin with.
const NOTICES: &str = "N#";
/// What the partitions of audit trails begin with.
const AUDIT: &str = "T#";
/// What all feeds of a practice begin with.
pub const FEEDS: &str = "F#";
/// What the partitions of connections begin with.
pub const CONNECTIONS: &str = "C#";
/// What all links of a connection begin with.
pub const LINKS: &str = "L#";
pub const APPOINTMENT_LINKS: &str = "L#A#";
pub const BUSY_LINKS: &str = "L#B#";

/// The table takes no hash key that is longer.
const MOST_HASH_BYTES: usize = 2_048;

/// A row's full name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RowKey {
    pub pk: String,
    pub sk: String,
}

impl RowKey {
    /// Whether there can be such a row. To be asked where the name comes from strangers.
    pub fn fits(&self) -> bool {
        self.pk.len() <= MOST_HASH_BYTES
    }
}

pub fn connection(at: &ConnectionRef) -> RowKey {
    RowKey { pk: partition(at), sk: CONNECTION.into() }
}

/// Where everything of a connection lives.
pub fn partition(at: &ConnectionRef) -> String {
    format!("{CONNECTIONS}{}#{}", escaped(at.practice.as_str()), escaped(at.id.as_str()))
}

pub fn token(at: &ConnectionRef) -> RowKey {
    RowKey { pk: partition(at), sk: TOKEN.into() }
}

pub fn refresh(at: &ConnectionRef) -> RowKey {
    RowKey { pk: partition(at), sk: REFRESH.into() }
}

/// The row that says that this connection uses the account.
pub fn account(at: &ConnectionRef, provider: Provider, account: &AccountName) -> RowKey {
    RowKey { pk: account_partition(provider, account), sk: partition(at) }
}

/// An account is told from others by its subject; its label may change.
pub fn account_partition(provider: Provider, account: &AccountName) -> String {
    format!("A#{}#{}", provider.word(), escaped(&account.subject))
}

pub fn visit(nonce: &str) -> RowKey {
    RowKey { pk: format!("S#{}", escaped(nonce)), sk: VISIT.into() }
}

pub fn subscription(provider: Provider, id: &SubscriptionId) -> RowKey {
    RowKey { pk: format!("W#{}#{}", provider.word(), escaped(id.as_str())), sk: SUBSCRIPTION.into() }
}

/// What is drawn from a provider's budget in one minute, counted since the epoch.
pub fn quota(provider: Provider, minute: i64) -> RowKey {
    RowKey { pk: format!("Q#{}#{minute}", provider.word()), sk: QUOTA.into() }
}

pub fn notice(at: &NoticeRef) -> RowKey {
    RowKey { pk: notice_partition(&at.practice), sk: at.id.clone() }
}

pub fn notice_partition(practice: &PracticeId) -> String {
    format!("{NOTICES}{}", escaped(practice.as_str()))
}

/// An entry of the audit trail.
pub fn audit(practice: &PracticeId, id: &str) -> RowKey {
    RowKey { pk: audit_partition(practice), sk: id.to_owned() }
}

pub fn audit_partition(practice: &PracticeId) -> String {
    format!("{AUDIT}{}", escaped(practice.as_str()))
}

pub fn practice(id: &PracticeId) -> RowKey {
    RowKey { pk: practice_partition(id), sk: PRACTICE.into() }
}

pub fn practice_partition(id: &PracticeId) -> String {
    format!("P#{}", escaped(id.as_str()))
}

/// A practitioner's feed.
pub fn feed(practice: &PracticeId, practitioner: &PractitionerId) -> RowKey {
    RowKey { pk: practice_partition(practice), sk: format!("{FEEDS}{}", escaped(practitioner.as_str())) }
}

/// Whose feed the row is.
pub fn practitioner_of_feed(sk: &str) -> Option<PractitionerId> {
    sk.strip_prefix(FEEDS).map(|id| unescaped(id).as_str().into())
}

/// What leads from a feed's secret to the feed.
pub fn feed_secret(secret: Proof) -> RowKey {
    let mut pk = String::from("F#");
    for byte in secret.to_bytes() {
        // Writing to a text does not fail.
        let _ = write!(pk, "{byte:02x}");
    }
    RowKey { pk, sk: FEED.into() }
}

/// The row by which a practitioner's connections are found.
pub fn roster(practitioner: &PractitionerId, at: &ConnectionRef) -> RowKey {
    RowKey {
        pk: practice_partition(&at.practice),
        sk: format!("{}{}", roster_prefix(Some(practitioner)), escaped(at.id.as_str())),
    }
}

pub fn roster_prefix(practitioner: Option<&PractitionerId>) -> String {
    practitioner.map_or_else(|| "R#".to_owned(), |id| format!("R#{}#", escaped(id.as_str())))
}

/// The connection that a roster row names.
pub fn connection_of_roster(practice: &PracticeId, sk: &str) -> Option<ConnectionRef> {
    let (_, id) = sk.strip_prefix("R#")?.split_once('#')?;
    Some(ConnectionRef { practice: practice.clone(), id: unescaped(id).as_str().into() })
}

pub fn idempotent(practice: &PracticeId, key: &str) -> RowKey {
    RowKey { pk: format!("I#{}#{}", escaped(practice.as_str()), escaped(key)), sk: IDEMPOTENT.into() }
}

pub fn link(at: &ConnectionRef, link: &Link) -> RowKey {
    match link.owner.lane() {
        Lane::Appointments => appointment_link(at, &link.mirror),
        Lane::Busy => {
            let item = link.item_digest.as_deref().unwrap_or_default();
            RowKey { pk: partition(at), sk: format!("{}{}", item_prefix(item), link.mirror) }
        }
    }
}

pub fn appointment_link(at: &ConnectionRef, mirror: &MirrorId) -> RowKey {
    RowKey { pk: partition(at), sk: format!("{APPOINTMENT_LINKS}{mirror}") }
}

/// What the links of one item begin with.
pub fn item_prefix(digest: &str) -> String {
    format!("{BUSY_LINKS}{}#", escaped(digest))
}

/// What a link's row is named after: in the busy lane the digest of the owner's item, and the mirror.
pub fn names_of_link(sk: &str) -> Option<(Option<String>, MirrorId)> {
    if let Some(mirror) = sk.strip_prefix(APPOINTMENT_LINKS) {
        return Some((None, MirrorId::parse(mirror)?));
    }
    let (digest, mirror) = sk.strip_prefix(BUSY_LINKS)?.split_once('#')?;
    Some((Some(unescaped(digest)), MirrorId::parse(mirror)?))
}

/// The key of the index from appointments to links.
pub fn appointment(practice: &PracticeId, appointment: &AppointmentId) -> String {
    format!("{}#{}", escaped(practice.as_str()), escaped(appointment.as_str()))
}

/// The key of the index from the other side's ids to links. `None` where an id is too long for an index.
pub fn remote(at: &ConnectionRef, remote: &ItemId) -> Option<String> {
    let key = format!("{}#{}", partition(at), escaped(remote.as_str()));
    (key.len() <= MOST_HASH_BYTES).then_some(key)
}

/// The connection whose partition this is.
pub fn connection_of(pk: &str) -> Option<ConnectionRef> {
    let (practice, id) = pk.strip_prefix(CONNECTIONS)?.split_once('#')?;
    Some(ConnectionRef { practice: unescaped(practice).as_str().into(), id: unescaped(id).as_str().into() })
}

/// What a row of the index of due work names.
pub fn due_of(pk: &str, sk: &str) -> Option<Due> {
    match sk {
        CONNECTION => connection_of(pk).map(Due::Connection),
        PRACTICE => pk.strip_prefix("P#").map(|id| Due::Practice(PracticeId::new(unescaped(id)))),
        id => {
            let practice = PracticeId::new(unescaped(pk.strip_prefix(NOTICES)?));
            Some(Due::Notice(NoticeRef { practice, id: id.to_owned() }))
        }
    }
}

/// Which partition of the index of due work a row belongs to: FNV-1a, since it must never change.
pub fn shard(pk: &str) -> u32 {
    let hash =
        pk.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % DUE_SHARDS
}

fn escaped(id: &str) -> String {
    id.replace('%', "%25").replace('#', "%23")
}

fn unescaped(id: &str) -> String {
    id.replace("%23", "#").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use daybook_core::policy::{AccountHome, AccountKind};

    #[test]
    fn names_come_back_as_they_went_in() {
        for (practice, id) in [("demo", "c1"), ("a#b", "c"), ("a", "b#c"), ("%23", "%"), ("ä%25#", "x")] {
            let at = ConnectionRef { practice: practice.into(), id: id.into() };
            assert_eq!(connection_of(&partition(&at)), Some(at.clone()), "{practice} {id}");
            let row = roster(&"p#q".into(), &at);
            assert_eq!(connection_of_roster(&at.practice, &row.sk), Some(at.clone()));
            assert_eq!(due_of(&partition(&at), CONNECTION), Some(Due::Connection(at.clone())));
            let practice = practice_partition(&at.practice);
            assert_eq!(due_of(&practice, PRACTICE), Some(Due::Practice(at.practice.clone())));
            let at = NoticeRef { practice: at.practice, id: "ntc_1".into() };
            let notice = notice(&at);
            assert_eq!(due_of(&notice.pk, &notice.sk), Some(Due::Notice(at)));
        }
    }

    #[test]
    fn no_id_reaches_into_the_rows_of_another() {
        let one = ConnectionRef { practice: "a".into(), id: "b#c".into() };
        let other = ConnectionRef { practice: "a#b".into(), id: "c".into() };
        assert_ne!(partition(&one), partition(&other));
        let longer = roster(&"p#q".into(), &one);
        assert!(!longer.sk.starts_with(&roster_prefix(Some(&"p".into()))));
        assert_ne!(remote(&one, &"x".into()), remote(&other, &"x".into()));
        assert_ne!(remote(&one, &"x#y".into()), remote(&one, &"x%23y".into()));
    }

    #[test]
    fn accounts_and_subscriptions_of_two_providers_never_meet() {
        let home = AccountHome::new(AccountKind::Private, "example.test");
        let name = |subject: &str| AccountName {
            subject: subject.into(),
            label: "label".into(),
            home: home.clone(),
        };
        let google = account_partition(Provider::Google, &name("a#1"));
        assert_ne!(google, account_partition(Provider::Microsoft, &name("a#1")));
        assert_ne!(google, account_partition(Provider::Google, &name("a")));
        let of = |provider| subscription(provider, &"s".into());
        assert_ne!(of(Provider::Google), of(Provider::Microsoft));
    }

    #[test]
    fn names_too_long_for_the_table_are_told() {
        assert!(visit(&"n".repeat(2_000)).fits());
        assert!(!visit(&"#".repeat(1_000)).fits());
        let at = ConnectionRef { practice: "demo".into(), id: "c1".into() };
        assert!(remote(&at, &"r".repeat(2_000).as_str().into()).is_some());
        assert_eq!(remote(&at, &"r".repeat(2_048).as_str().into()), None);
    }

    #[test]
    fn shards_never_move() {
        assert_eq!(["C#demo#a", "C#demo#b", "C#demo#c", "P#demo"].map(shard), [0, 1, 6, 3]);
    }
}
