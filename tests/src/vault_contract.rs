//! What every vault keeps, wherever its keys and its credentials are: each promise of the port is one function, given
//! a way to open the vault again and again over the same places. It knows no form.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test support: a failure here is a failed test"
)]

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::connection::Provider;
use daybook_core::ids::{AppointmentId, PractitionerId};
use daybook_core::key::{Owner, PracticeKey, Target};
use daybook_dynamodb::{Embedded, Table, embedded_client};
use daybook_engine::ports::vault::{SealedRow, SealedRows};
use daybook_engine::ports::{ConnectionRef, Credentials, StoreError, Stored, Vault, VaultError};
use futures_util::future::join_all;
use secrecy::ExposeSecret;

use crate::stand_in::Noon;

type Rows = Arc<dyn SealedRows>;
type Open = Box<dyn Fn(Rows) -> Arc<dyn Vault> + Send + Sync>;

/// The places of one vault.
pub struct Subject {
    pub rows: Arc<Table>,
    /// How many put at once where that is put to the test.
    pub rivals: usize,
    open: Open,
    _keep: Box<dyn Any + Send + Sync>,
    _embedded: Embedded,
}

impl Subject {
    /// A table of its own, and how a process opens a vault over it. `keep` lives as long.
    pub async fn new(open: Open, keep: impl Any + Send + Sync) -> Self {
        let (client, embedded) = embedded_client(None).unwrap();
        let table = Table::new(client, "daybook", Arc::new(Noon));
        table.create_if_missing().await.unwrap();
        Self { rows: Arc::new(table), rivals: 8, open, _keep: Box::new(keep), _embedded: embedded }
    }

    /// As another process opens it.
    pub fn vault(&self) -> Arc<dyn Vault> {
        self.vault_over(self.rows.clone())
    }

    /// Over rows with a fault.
    pub fn vault_over(&self, rows: Rows) -> Arc<dyn Vault> {
        (self.open)(rows)
    }
}

/// Rows that cannot be written: whoever puts is broken off just before.
pub struct Unwritable(pub Rows);

#[async_trait]
impl SealedRows for Unwritable {
    async fn find_sealed(&self, at: &ConnectionRef) -> Result<Option<SealedRow>, StoreError> {
        self.0.find_sealed(at).await
    }

    async fn put_sealed(&self, _: &ConnectionRef, _: &SealedRow, _: Option<u64>) -> Result<(), StoreError> {
        Err(StoreError::Later { what: "the row".into(), cause: None })
    }

    async fn delete_sealed(&self, _: &ConnectionRef) -> Result<(), StoreError> {
        Err(StoreError::Later { what: "the row".into(), cause: None })
    }
}

pub fn at(practice: &str, id: &str) -> ConnectionRef {
    ConnectionRef { practice: practice.into(), id: id.into() }
}

pub fn granted(token: &str) -> Credentials {
    Credentials::Granted { provider: Provider::Microsoft, refresh_token: token.to_owned().into() }
}

fn password(password: &str) -> Credentials {
    Credentials::Caldav {
        url: "https://dav.example.test/".into(),
        username: "ärztin".into(),
        password: password.to_owned().into(),
        home: None,
        addresses: vec!["ada@example.test".into(), "mailto:ä@example.test".into()],
    }
}

/// The secret and the version that a vault finds.
pub async fn found(vault: &Arc<dyn Vault>, at: &ConnectionRef) -> Option<(String, u64)> {
    let stored = vault.find_credentials(at).await.unwrap()?;
    Some((secret(&stored).to_owned(), stored.version))
}

/// What [`found`] should answer.
pub fn some(token: &str, version: u64) -> Option<(String, u64)> {
    Some((token.to_owned(), version))
}

fn secret(stored: &Stored) -> &str {
    match &stored.credentials {
        Credentials::Caldav { password, .. } => password.expose_secret(),
        Credentials::Granted { refresh_token, .. } => refresh_token.expose_secret(),
    }
}

pub fn is_stale<T>(put: &Result<T, VaultError>) -> bool {
    matches!(put, Err(VaultError::Stale { .. }))
}

/// What a key names, since a key shows nothing of itself.
pub fn name_by(key: &PracticeKey) -> String {
    let owner = Owner::Appointment(AppointmentId::new("a"));
    let target = Target::Calendar("c".into());
    format!("{:?}", key.mirror_id(&PractitionerId::from("p"), &owner, &target))
}

pub async fn what_was_put_is_found_by_another_process(subject: &Subject) {
    let c1 = at("demo", "c1");
    assert!(subject.vault().find_credentials(&c1).await.unwrap().is_none());
    assert_eq!(subject.vault().put_credentials(&c1, &password("pässword"), None).await.unwrap(), 1);
    let stored = subject.vault().find_credentials(&c1).await.unwrap().unwrap();
    assert_eq!((secret(&stored), stored.version), ("pässword", 1));
    let Credentials::Caldav { url, username, home, addresses, .. } = &stored.credentials else {
        panic!("{stored:?}")
    };
    assert_eq!((url.as_str(), username.as_str(), home), ("https://dav.example.test/", "ärztin", &None));
    assert_eq!(addresses, &["ada@example.test", "mailto:ä@example.test"]);
}

pub async fn a_rotation_names_what_it_replaces(subject: &Subject) {
    let (vault, c1) = (subject.vault(), at("demo", "c1"));
    let long = "0.AXgA-_~".repeat(400);
    for (replaces, token) in [(None, "one"), (Some(1), "two"), (Some(2), long.as_str())] {
        let version = vault.put_credentials(&c1, &granted(token), replaces).await.unwrap();
        assert_eq!(found(&vault, &c1).await, some(token, version));
    }
    for late in [None, Some(1), Some(2), Some(4)] {
        assert!(is_stale(&vault.put_credentials(&c1, &granted("late"), late).await), "{late:?}");
    }
    assert_eq!(found(&subject.vault(), &c1).await, some(&long, 3));
}

pub async fn of_many_that_rotate_at_once_one_wins(subject: &Subject) {
    let c1 = at("demo", "c1");
    for (before, replaces) in [None, Some(1), Some(2)].into_iter().enumerate() {
        let rivals: Vec<_> =
            (0..subject.rivals).map(|rival| (subject.vault(), format!("{before}-{rival}"))).collect();
        let puts = rivals
            .iter()
            .map(async |(vault, token)| (vault.put_credentials(&c1, &granted(token), replaces).await, token));
        let (won, lost): (Vec<_>, Vec<_>) =
            join_all(puts).await.into_iter().partition(|(put, _)| put.is_ok());
        assert!(lost.iter().all(|(put, _)| is_stale(put)), "{lost:?}");
        let [(Ok(version), token)] = won.as_slice() else { panic!("one wins: {won:?}") };
        assert_eq!(found(&subject.vault(), &c1).await, some(token, *version));
    }
}

pub async fn a_put_that_is_broken_off_stands_in_nobodys_way(subject: &Subject) {
    let c1 = at("demo", "c1");
    let broken = subject.vault_over(Arc::new(Unwritable(subject.rows.clone())));
    broken.put_credentials(&c1, &granted("never"), None).await.unwrap_err();
    assert_eq!(found(&subject.vault(), &c1).await, None, "nothing is connected yet");
    subject.vault().put_credentials(&c1, &granted("one"), None).await.unwrap();
    for _ in 0..2 {
        broken.put_credentials(&c1, &granted("broken"), Some(1)).await.unwrap_err();
    }
    assert!(found(&subject.vault(), &c1).await.is_some_and(|(_, version)| version == 1));
    assert_eq!(subject.vault().put_credentials(&c1, &granted("two"), Some(1)).await.unwrap(), 2);
    assert_eq!(found(&subject.vault(), &c1).await, some("two", 2));
}

pub async fn what_was_deleted_is_gone_and_may_be_put_again(subject: &Subject) {
    let (vault, c1) = (subject.vault(), at("demo", "c1"));
    vault.delete_credentials(&c1).await.unwrap();
    for token in ["one", "again"] {
        assert_eq!(vault.put_credentials(&c1, &granted(token), None).await.unwrap(), 1);
        assert_eq!(found(&subject.vault(), &c1).await, some(token, 1));
        vault.delete_credentials(&c1).await.unwrap();
        vault.delete_credentials(&c1).await.unwrap();
        assert_eq!(found(&subject.vault(), &c1).await, None);
        assert!(is_stale(&vault.put_credentials(&c1, &granted("late"), Some(1)).await));
    }
}

pub async fn connections_do_not_mix(subject: &Subject) {
    let vault = subject.vault();
    let places = [at("demo", "c1"), at("demo", "c2"), at("other", "c1")];
    for (number, place) in places.iter().enumerate() {
        vault.put_credentials(place, &granted(&format!("token {number}")), None).await.unwrap();
    }
    vault.delete_credentials(&places[1]).await.unwrap();
    let left = [some("token 0", 1), None, some("token 2", 1)];
    for (place, left) in places.iter().zip(left) {
        assert_eq!(found(&vault, place).await, left, "{place:?}");
    }
}

pub async fn a_row_of_another_place_does_not_open(subject: &Subject) {
    let (vault, c1, c2) = (subject.vault(), at("demo", "c1"), at("demo", "c2"));
    vault.put_credentials(&c1, &granted("one"), None).await.unwrap();
    vault.put_credentials(&c2, &granted("two"), None).await.unwrap();
    let row = subject.rows.find_sealed(&c1).await.unwrap().unwrap();
    subject.rows.put_sealed(&c2, &SealedRow { version: 2, ..row.clone() }, Some(1)).await.unwrap();
    subject.rows.put_sealed(&c1, &SealedRow { version: 2, ..row }, Some(1)).await.unwrap();
    for place in [c1, c2] {
        let found = vault.find_credentials(&place).await;
        assert!(matches!(found, Err(VaultError::Sealed { .. })), "{place:?}: {found:?}");
    }
}

pub async fn a_practice_keeps_its_key_whoever_asks_first(subject: &Subject) {
    let demo = "demo".into();
    let vaults: Vec<_> = (0..8).map(|_| subject.vault()).collect();
    let keys = join_all(vaults.iter().map(|vault| vault.practice_key(&demo))).await;
    let names: Vec<String> = keys.into_iter().map(|key| name_by(&key.unwrap())).collect();
    let later = name_by(&subject.vault().practice_key(&demo).await.unwrap());
    assert!(names.iter().all(|name| *name == later), "{names:?}");
    assert_ne!(name_by(&subject.vault().practice_key(&"other".into()).await.unwrap()), later);
    let unfit = subject.vault().practice_key(&"../demo".into()).await;
    assert!(matches!(unfit, Err(VaultError::Later { .. })));
}

pub async fn nothing_secret_is_shown(subject: &Subject) {
    let (vault, c1) = (subject.vault(), at("demo", "c1"));
    vault.put_credentials(&c1, &granted("hunter2"), None).await.unwrap();
    let stored = vault.find_credentials(&c1).await.unwrap();
    let row = subject.rows.find_sealed(&c1).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&row.sealed).contains("hunter2"));
    let stale = vault.put_credentials(&c1, &granted("hunter2"), None).await.unwrap_err();
    let broken = subject.vault_over(Arc::new(Unwritable(subject.rows.clone())));
    let later = broken.put_credentials(&c1, &granted("hunter2"), Some(1)).await.unwrap_err();
    let spoilt = SealedRow { version: 2, sealed: [row.sealed.as_slice(), b"x"].concat() };
    subject.rows.put_sealed(&c1, &spoilt, Some(1)).await.unwrap();
    let sealed = vault.find_credentials(&c1).await.unwrap_err();
    let shown = format!("{stored:?} {stale:?} {stale} {later:?} {later} {sealed:?} {sealed}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(matches!(sealed, VaultError::Sealed { .. }), "{sealed:?}");
}

/// Every promise as a test of its own, each over fresh places. `$fresh` is an async function that answers `None` where
/// there is nothing to test with.
#[macro_export]
macro_rules! every_vault_promise {
    ($fresh:path: $($promise:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $promise() {
            let Some(subject) = $fresh().await else { return };
            $crate::vault_contract::$promise(&subject).await;
        }
    )*};
    ($fresh:path) => {
        $crate::every_vault_promise! { $fresh:
            what_was_put_is_found_by_another_process,
            a_rotation_names_what_it_replaces,
            of_many_that_rotate_at_once_one_wins,
            a_put_that_is_broken_off_stands_in_nobodys_way,
            what_was_deleted_is_gone_and_may_be_put_again,
            connections_do_not_mix,
            a_row_of_another_place_does_not_open,
            a_practice_keeps_its_key_whoever_asks_first,
            nothing_secret_is_shown,
        }
    };
}
