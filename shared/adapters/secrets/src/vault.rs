//! The vault of one machine: the long-lived secret is a practice's key file, each connection's credentials are a sealed
//! row. It caches nothing that it opened.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_core::key::PracticeKey;
use daybook_engine::ports::vault::SealedRows;
use daybook_engine::ports::{ConnectionRef, Credentials, Stored, Vault, VaultError};

use crate::key_files::KeyFiles;
use crate::sealer::{Sealer, meaning};

/// Practice keys in a folder, credentials in sealed rows.
pub struct SealedVault {
    sealer: Sealer,
    rows: Arc<dyn SealedRows>,
}

impl std::fmt::Debug for SealedVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedVault([redacted])")
    }
}

impl SealedVault {
    /// Opens or makes the folder of keys.
    pub fn new(keys: &Path, rows: Arc<dyn SealedRows>) -> std::io::Result<Self> {
        Ok(Self { sealer: Sealer::new(KeyFiles::open(keys)?), rows })
    }
}

#[async_trait]
impl Vault for SealedVault {
    async fn practice_key(&self, practice: &PracticeId) -> Result<PracticeKey, VaultError> {
        self.sealer.practice_key(practice).await
    }

    async fn find_credentials(&self, at: &ConnectionRef) -> Result<Option<Stored>, VaultError> {
        let row = self.rows.find_sealed(at).await.map_err(|error| meaning(at, error))?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Stored { credentials: self.sealer.open(at, &row).await?, version: row.version }))
    }

    async fn put_credentials(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
        replaces: Option<u64>,
    ) -> Result<u64, VaultError> {
        let version = replaces.unwrap_or_default() + 1;
        let row = self.sealer.seal(at, credentials, version).await?;
        self.rows.put_sealed(at, &row, replaces).await.map_err(|error| meaning(at, error))?;
        Ok(version)
    }

    async fn delete_credentials(&self, at: &ConnectionRef) -> Result<(), VaultError> {
        self.rows.delete_sealed(at).await.map_err(|error| meaning(at, error))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use daybook_core::connection::Provider;
    use daybook_core::ids::AppointmentId;
    use daybook_core::key::{Owner, Target};
    use daybook_engine::ports::StoreError;
    use daybook_engine::ports::vault::SealedRow;
    use secrecy::ExposeSecret;
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    #[derive(Default)]
    struct MemoryRows(Mutex<BTreeMap<ConnectionRef, SealedRow>>);

    #[async_trait]
    impl SealedRows for MemoryRows {
        async fn find_sealed(&self, at: &ConnectionRef) -> Result<Option<SealedRow>, StoreError> {
            Ok(self.0.lock().unwrap().get(at).cloned())
        }

        async fn put_sealed(
            &self,
            at: &ConnectionRef,
            row: &SealedRow,
            replaces: Option<u64>,
        ) -> Result<(), StoreError> {
            let mut rows = self.0.lock().unwrap();
            if rows.get(at).map(|row| row.version) != replaces {
                return Err(StoreError::Stale { what: "row".into() });
            }
            rows.insert(at.clone(), row.clone());
            Ok(())
        }

        async fn delete_sealed(&self, at: &ConnectionRef) -> Result<(), StoreError> {
            self.0.lock().unwrap().remove(at);
            Ok(())
        }
    }

    struct Room {
        folder: tempfile::TempDir,
        rows: Arc<MemoryRows>,
        vault: SealedVault,
    }

    fn room() -> Room {
        let folder = tempfile::tempdir().unwrap();
        let rows = Arc::new(MemoryRows::default());
        let vault = SealedVault::new(folder.path(), rows.clone()).unwrap();
        Room { folder, rows, vault }
    }

    fn at(practice: &str, id: &str) -> ConnectionRef {
        ConnectionRef { practice: practice.into(), id: id.into() }
    }

    fn credentials(password: &str) -> Credentials {
        Credentials::Caldav {
            url: "https://dav.example.test/".into(),
            username: "dr".into(),
            password: password.to_owned().into(),
            home: Some("/dr/".into()),
            addresses: vec!["dr@example.test".into()],
        }
    }

    fn granted(provider: Provider, token: &str) -> Credentials {
        Credentials::Granted { provider, refresh_token: token.to_owned().into() }
    }

    fn secret(stored: &Stored) -> &str {
        match &stored.credentials {
            Credentials::Caldav { password, .. } => password.expose_secret(),
            Credentials::Granted { refresh_token, .. } => refresh_token.expose_secret(),
        }
    }

    fn is_sealed(found: &Result<Option<Stored>, VaultError>) -> bool {
        matches!(found, Err(VaultError::Sealed { .. }))
    }

    #[tokio::test]
    async fn what_was_put_is_found_also_after_reopening() {
        let room = room();
        let c1 = at("demo", "c1");
        assert!(room.vault.find_credentials(&c1).await.unwrap().is_none());
        assert_eq!(room.vault.put_credentials(&c1, &credentials("one"), None).await.unwrap(), 1);
        assert_eq!(room.vault.put_credentials(&c1, &credentials("two"), Some(1)).await.unwrap(), 2);
        for late in [None, Some(1), Some(3)] {
            let put = room.vault.put_credentials(&c1, &credentials("three"), late).await;
            assert!(matches!(put, Err(VaultError::Stale { .. })), "{late:?}");
        }
        let again = SealedVault::new(room.folder.path(), room.rows.clone()).unwrap();
        let stored = again.find_credentials(&c1).await.unwrap().unwrap();
        assert_eq!((secret(&stored), stored.version), ("two", 2));
        let Credentials::Caldav { url, username, home, addresses, .. } = &stored.credentials else {
            panic!("{stored:?}")
        };
        assert_eq!((url.as_str(), username.as_str()), ("https://dav.example.test/", "dr"));
        assert_eq!(
            (home.as_deref(), addresses.as_slice()),
            (Some("/dr/"), &["dr@example.test".to_owned()][..])
        );
        again.delete_credentials(&c1).await.unwrap();
        again.delete_credentials(&c1).await.unwrap();
        assert!(again.find_credentials(&c1).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_refresh_token_is_rotated_by_version() {
        for provider in [Provider::Google, Provider::Microsoft] {
            let room = room();
            let c1 = at("demo", "c1");
            let long = "0.AXgA-_~".repeat(400);
            assert_eq!(room.vault.put_credentials(&c1, &granted(provider, "one"), None).await.unwrap(), 1);
            assert_eq!(room.vault.put_credentials(&c1, &granted(provider, &long), Some(1)).await.unwrap(), 2);
            let late = room.vault.put_credentials(&c1, &granted(provider, "late"), Some(1)).await;
            assert!(matches!(late, Err(VaultError::Stale { .. })), "{late:?}");
            let stored = room.vault.find_credentials(&c1).await.unwrap().unwrap();
            assert_eq!((stored.credentials.provider(), secret(&stored)), (provider, long.as_str()));
            assert!(!format!("{stored:?}").contains("AXgA"), "{stored:?}");
        }
    }

    #[tokio::test]
    async fn a_refresh_token_opens_only_for_its_own_provider_and_version() {
        let room = room();
        let c1 = at("demo", "c1");
        room.vault.put_credentials(&c1, &granted(Provider::Google, "token"), None).await.unwrap();
        let row = room.rows.find_sealed(&c1).await.unwrap().unwrap();
        assert_eq!(row.sealed[1], b'g');
        for (letter, version) in [(b'm', 1), (b'c', 1), (b'g', 2), (b'g', 0)] {
            let mut sealed = row.sealed.clone();
            sealed[1] = letter;
            room.rows.0.lock().unwrap().insert(c1.clone(), SealedRow { sealed, version });
            assert!(is_sealed(&room.vault.find_credentials(&c1).await), "{letter} {version}");
        }
        room.rows.0.lock().unwrap().insert(c1.clone(), row);
        assert!(room.vault.find_credentials(&c1).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_row_opens_only_in_its_own_place() {
        let room = room();
        let c1 = at("demo", "c1");
        room.vault.put_credentials(&c1, &credentials("secret"), None).await.unwrap();
        room.vault.practice_key(&"other".into()).await.unwrap();
        let row = room.rows.find_sealed(&c1).await.unwrap().unwrap();
        let elsewhere = [
            (at("demo", "c2"), row.clone()),
            (at("other", "c1"), row.clone()),
            (at("keyless", "c1"), row.clone()),
            (c1.clone(), SealedRow { version: 2, ..row.clone() }),
        ];
        for (place, row) in elsewhere {
            room.rows.0.lock().unwrap().insert(place.clone(), row);
            assert!(is_sealed(&room.vault.find_credentials(&place).await), "{place:?}");
        }
        assert!(!room.folder.path().join("keyless.key").exists(), "looking makes no key");
    }

    #[tokio::test]
    async fn a_single_changed_bit_is_noticed() {
        let room = room();
        let c1 = at("demo", "c1");
        room.vault.put_credentials(&c1, &credentials("secret"), None).await.unwrap();
        let row = room.rows.find_sealed(&c1).await.unwrap().unwrap();
        for byte in 0..row.sealed.len() {
            let mut sealed = row.sealed.clone();
            sealed[byte] ^= 1;
            room.rows.0.lock().unwrap().insert(c1.clone(), SealedRow { sealed, ..row.clone() });
            assert!(is_sealed(&room.vault.find_credentials(&c1).await), "byte {byte}");
        }
        for length in [0, 1, 2, 13, 14, row.sealed.len() - 1] {
            let sealed = row.sealed[..length].to_vec();
            room.rows.0.lock().unwrap().insert(c1.clone(), SealedRow { sealed, ..row.clone() });
            assert!(is_sealed(&room.vault.find_credentials(&c1).await), "{length} bytes");
        }
    }

    #[tokio::test]
    async fn equal_credentials_are_sealed_differently_and_tell_nothing() {
        let room = room();
        let mut seen = Vec::new();
        for _ in 0..2 {
            room.vault.put_credentials(&at("demo", "c1"), &credentials("hunter2"), None).await.unwrap();
            let row = room.rows.find_sealed(&at("demo", "c1")).await.unwrap().unwrap();
            assert!(!String::from_utf8_lossy(&row.sealed).contains("hunter2"));
            seen.push(row.sealed);
            room.vault.delete_credentials(&at("demo", "c1")).await.unwrap();
        }
        assert_ne!(seen[0], seen[1]);
        let printed = format!("{:?} {:?}", room.vault, credentials("hunter2"));
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    #[tokio::test]
    async fn a_practice_keeps_its_key() {
        let room = room();
        let name = |key: &PracticeKey| {
            let owner = Owner::Appointment(AppointmentId::new("a"));
            key.mirror_id(&"p".into(), &owner, &Target::Calendar("c".into()))
        };
        let one = name(&room.vault.practice_key(&"demo".into()).await.unwrap());
        let again = SealedVault::new(room.folder.path(), room.rows.clone()).unwrap();
        assert_eq!(name(&again.practice_key(&"demo".into()).await.unwrap()), one);
        assert_ne!(name(&again.practice_key(&"other".into()).await.unwrap()), one);
        let unfit = again.practice_key(&"../demo".into()).await;
        assert!(matches!(unfit, Err(VaultError::Later { .. })));
    }
}
