//! The vault on AWS. A connection's credentials are either a secret of their own or sealed in their row with a key that
//! is a secret (docs/adr/0011-where-tokens-live.md). It caches nothing but practice keys.
//!
//! Either form is read, whichever is chosen for writing, so that the choice can be changed at any time.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_core::key::PracticeKey;
use daybook_engine::chain;
use daybook_engine::ports::vault::{SealedRow, SealedRows};
use daybook_engine::ports::{ConnectionRef, Credentials, Stored, Vault, VaultError};

use crate::envelope::{Envelope, pointer_in, pointer_row, wrap};
use crate::managed_keys::ManagedKeys;
use crate::manager::Secrets;
use crate::practice_keys::is_plain;
use crate::sealer::{Sealer, damaged, meaning, unreachable};

/// How often a row is read again because it changed while its secret was fetched.
const LOOKS: usize = 3;

/// Where credentials are written to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TokenStore {
    /// One secret a connection; the table's row points to the version that counts.
    #[default]
    Secret,
    /// The table's row, sealed with the practice's key.
    Sealed,
}

/// Practice keys and credentials in Secrets Manager, rows in the table.
pub struct AwsVault {
    secrets: Secrets,
    sealer: Sealer,
    rows: Arc<dyn SealedRows>,
    store: TokenStore,
}

impl std::fmt::Debug for AwsVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AwsVault([redacted])")
    }
}

impl AwsVault {
    /// Asks nobody anything yet.
    pub fn new(secrets: Secrets, rows: Arc<dyn SealedRows>, store: TokenStore) -> Self {
        Self { sealer: Sealer::new(ManagedKeys::new(secrets.clone())), secrets, rows, store }
    }

    async fn row(&self, at: &ConnectionRef) -> Result<Option<SealedRow>, VaultError> {
        self.rows.find_sealed(at).await.map_err(|error| meaning(at, error))
    }

    /// `None` where what the row points to is not there.
    async fn open(&self, at: &ConnectionRef, row: &SealedRow) -> Result<Option<Credentials>, VaultError> {
        if let Some(version_id) = pointer_in(row) {
            return self.fetch(at, row, version_id).await;
        }
        // While a sealed row waits to be replaced by a secret, a put may have been broken off.
        if self.store == TokenStore::Secret
            && let Some(current) = self.secrets.find(&name_of(at)?, None).await?
            && let Some(newer) = newer_in(&current.value, row)
        {
            return Ok(Some(newer));
        }
        self.sealer.open(at, row).await.map(Some)
    }

    /// What the row points to, unless a put was broken off before it could write its row: the credentials that it
    /// stored may be the only ones that still open the account (E-002, E-003).
    async fn fetch(
        &self,
        at: &ConnectionRef,
        row: &SealedRow,
        version_id: &str,
    ) -> Result<Option<Credentials>, VaultError> {
        let name = name_of(at)?;
        let Some(mut found) = self.secrets.find(&name, None).await? else { return Ok(None) };
        if found.version_id != version_id {
            if let Some(newer) = newer_in(&found.value, row) {
                return Ok(Some(newer));
            }
            // Somebody who lost a race wrote last.
            let Some(pointed) = self.secrets.find(&name, Some(version_id)).await? else { return Ok(None) };
            found = pointed;
        }
        let credentials = Envelope::read(&found.value).and_then(|envelope| envelope.of_version(row.version));
        credentials.map(Some).ok_or_else(|| damaged(at))
    }

    /// The new version first, then the row that makes it count.
    async fn store(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
        version: u64,
        before: Option<&SealedRow>,
    ) -> Result<SealedRow, VaultError> {
        let value = wrap(credentials, version, before).map_err(unreachable)?;
        let version_id = self.secrets.put(&name_of(at)?, &value).await?;
        Ok(pointer_row(version, &version_id))
    }

    async fn delete_secret(&self, at: &ConnectionRef) -> Result<(), VaultError> {
        self.secrets.delete(&name_of(at)?).await
    }

    /// The credentials are in their row now. If this fails, the old secret stays until the connection ends.
    async fn drop_replaced(&self, at: &ConnectionRef) {
        if let Err(error) = self.delete_secret(at).await {
            tracing::warn!(connection = %at.id, error = chain(&error), "the secret of a connection that is sealed now could not be deleted");
        }
    }
}

#[async_trait]
impl Vault for AwsVault {
    async fn practice_key(&self, practice: &PracticeId) -> Result<PracticeKey, VaultError> {
        self.sealer.practice_key(practice).await
    }

    async fn find_credentials(&self, at: &ConnectionRef) -> Result<Option<Stored>, VaultError> {
        let mut row = self.row(at).await?;
        for _ in 0..LOOKS {
            let Some(seen) = row else { return Ok(None) };
            if let Some(credentials) = self.open(at, &seen).await? {
                return Ok(Some(Stored { credentials, version: seen.version }));
            }
            row = self.row(at).await?;
            if row.as_ref() == Some(&seen) {
                return Err(damaged(at));
            }
        }
        Err(VaultError::Later { cause: None })
    }

    /// A version whose row is refused stays behind as an orphan. It is harmless: no row points to it, and it
    /// replaces a row that no longer stands.
    async fn put_credentials(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
        replaces: Option<u64>,
    ) -> Result<u64, VaultError> {
        let before = self.row(at).await?;
        if before.as_ref().map(|row| row.version) != replaces {
            return Err(VaultError::Stale { connection: at.id.to_string() });
        }
        let version = replaces.unwrap_or_default() + 1;
        let row = match self.store {
            TokenStore::Secret => self.store(at, credentials, version, before.as_ref()).await?,
            TokenStore::Sealed => self.sealer.seal(at, credentials, version).await?,
        };
        self.rows.put_sealed(at, &row, replaces).await.map_err(|error| meaning(at, error))?;
        if self.store == TokenStore::Sealed && before.as_ref().is_some_and(|row| pointer_in(row).is_some()) {
            self.drop_replaced(at).await;
        }
        Ok(version)
    }

    /// The secret first: if the row went first, nobody would come back for the secret.
    async fn delete_credentials(&self, at: &ConnectionRef) -> Result<(), VaultError> {
        self.delete_secret(at).await?;
        self.rows.delete_sealed(at).await.map_err(|error| meaning(at, error))
    }
}

fn newer_in(value: &[u8], row: &SealedRow) -> Option<Credentials> {
    Envelope::read(value)?.in_place_of(row)
}

fn name_of(at: &ConnectionRef) -> Result<String, VaultError> {
    if is_plain(at.practice.as_str()) && is_plain(at.id.as_str()) {
        Ok(format!("connections/{}/{}", at.practice, at.id))
    } else {
        Err(unreachable("the connection's name is no name of a secret"))
    }
}
