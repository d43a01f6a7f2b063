//! What stands where a process has nothing: it may not reach the part, and this says so.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_core::key::PracticeKey;
use daybook_core::notice::Notice;
use jiff::Timestamp;

use super::{
    ConnectionRef, Courier, Credentials, Ehr, Ehrs, Queue, RemoteError, Request, StoreError, Stored, Vault,
    VaultError,
};

/// Stands for a part that this process does not have.
pub struct Absent;

fn no_vault() -> VaultError {
    VaultError::Later { cause: Some("this process has no vault".into()) }
}

#[async_trait]
impl Vault for Absent {
    async fn practice_key(&self, _: &PracticeId) -> Result<PracticeKey, VaultError> {
        Err(no_vault())
    }

    async fn find_credentials(&self, _: &ConnectionRef) -> Result<Option<Stored>, VaultError> {
        Err(no_vault())
    }

    async fn put_credentials(
        &self,
        _: &ConnectionRef,
        _: &Credentials,
        _: Option<u64>,
    ) -> Result<u64, VaultError> {
        Err(no_vault())
    }

    async fn delete_credentials(&self, _: &ConnectionRef) -> Result<(), VaultError> {
        Err(no_vault())
    }
}

#[async_trait]
impl Queue for Absent {
    async fn send(&self, _: Request) -> Result<(), StoreError> {
        let cause = Some("this process has no queue".into());
        Err(StoreError::Later { what: "the queue".into(), cause })
    }
}

#[async_trait]
impl Ehrs for Absent {
    async fn open(&self, _: &PracticeId) -> Result<Arc<dyn Ehr>, RemoteError> {
        Err(RemoteError::Missing { what: "an EHR for this process".into() })
    }
}

#[async_trait]
impl Courier for Absent {
    async fn carry(&self, _: &Notice, _: &str, _: Timestamp) -> Result<(), RemoteError> {
        Err(RemoteError::Missing { what: "a courier for this process".into() })
    }
}
