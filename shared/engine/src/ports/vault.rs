//! Secrets: the practice's key and each connection's credentials. Nothing else keeps a secret.

use async_trait::async_trait;
use daybook_core::connection::Provider;
use daybook_core::ids::PracticeId;
use daybook_core::key::PracticeKey;
use secrecy::SecretString;

use super::{ConnectionRef, StoreError, Underlying};

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Somebody stored newer credentials meanwhile.
    #[error("the credentials of connection {connection} were replaced meanwhile")]
    Stale { connection: String },
    #[error("the vault cannot be reached")]
    Later {
        #[source]
        cause: Option<Underlying>,
    },
    /// Sealed with another key, or damaged.
    #[error("the credentials of connection {connection} cannot be opened")]
    Sealed { connection: String },
}

/// What opens an account. Prints nothing of itself.
#[derive(Clone, Debug)]
pub enum Credentials {
    Caldav {
        /// As the clinician gave it.
        url: String,
        username: String,
        password: SecretString,
        /// Where discovery found the calendars.
        home: Option<String>,
        /// By which addresses invitations know the clinician, as discovery found them; may be empty.
        addresses: Vec<String>,
    },
    /// What a sign-in on the provider's own page left us.
    Granted { provider: Provider, refresh_token: SecretString },
}

impl Credentials {
    pub fn provider(&self) -> Provider {
        match self {
            Credentials::Caldav { .. } => Provider::Caldav,
            Credentials::Granted { provider, .. } => *provider,
        }
    }
}

/// Credentials with the version that a rotation must name.
#[derive(Clone, Debug)]
pub struct Stored {
    pub credentials: Credentials,
    pub version: u64,
}

#[async_trait]
pub trait Vault: Send + Sync {
    /// The key from which a practice's mirror names and fingerprints follow; made at first use.
    async fn practice_key(&self, practice: &PracticeId) -> Result<PracticeKey, VaultError>;

    async fn find_credentials(&self, at: &ConnectionRef) -> Result<Option<Stored>, VaultError>;

    /// Stores version `replaces + 1` (1 for the first), if `replaces` is still the newest.
    async fn put_credentials(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
        replaces: Option<u64>,
    ) -> Result<u64, VaultError>;

    /// Deleting what is not there succeeds.
    async fn delete_credentials(&self, at: &ConnectionRef) -> Result<(), VaultError>;
}

/// What the table keeps of credentials: opaque, with their version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedRow {
    pub version: u64,
    /// Ciphertext that only the vault can open, or the vault's name for where it keeps them.
    pub sealed: Vec<u8>,
}

/// Where a vault that seals credentials keeps them, one row a connection.
#[async_trait]
pub trait SealedRows: Send + Sync {
    async fn find_sealed(&self, at: &ConnectionRef) -> Result<Option<SealedRow>, StoreError>;

    /// `Stale` unless the version stored is `replaces`; `None` means that none is stored.
    async fn put_sealed(
        &self,
        at: &ConnectionRef,
        row: &SealedRow,
        replaces: Option<u64>,
    ) -> Result<(), StoreError>;

    /// Deleting what is not there succeeds.
    async fn delete_sealed(&self, at: &ConnectionRef) -> Result<(), StoreError>;
}
