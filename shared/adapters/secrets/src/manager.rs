//! AWS Secrets Manager under one prefix: a few requests, and what their refusals mean. It does not know what a secret
//! is for, and it keeps none in memory.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::primitives::Blob;
use daybook_engine::ports::{Underlying, VaultError};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

/// How often a write is begun anew because the secret was made, deleted or restored meanwhile.
const MENDS: usize = 3;

/// The secrets below one prefix.
#[derive(Clone)]
pub struct Secrets {
    client: Client,
    prefix: String,
    kms_key: Option<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.prefix)
    }
}

/// One version of a secret.
pub(crate) struct Found {
    pub version_id: String,
    pub value: Zeroizing<Vec<u8>>,
}

/// Why a request was not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Meaning {
    Missing,
    Exists,
    /// Marked for deletion: it can be restored until it is gone.
    Leaving,
    /// Throttled, not allowed, its key is disabled, or nobody answers.
    Other,
}

#[derive(Debug)]
pub(crate) struct Refusal {
    pub meaning: Meaning,
    cause: Underlying,
}

impl From<Refusal> for VaultError {
    fn from(refusal: Refusal) -> Self {
        VaultError::Later { cause: Some(refusal.cause) }
    }
}

impl Secrets {
    /// `prefix` stands before every name, with a slash between. Secrets that are made here are encrypted under
    /// `kms_key`, or under the account's own key for Secrets Manager.
    pub fn new(client: Client, prefix: &str, kms_key: Option<String>) -> Self {
        Self { client, prefix: prefix.to_owned(), kms_key }
    }

    /// The text of a secret that somebody else made, `None` if there is none. `name` is what follows the prefix, such
    /// as `practices/demo/api`.
    pub async fn read(&self, name: &str) -> Result<Option<SecretString>, VaultError> {
        let Some(found) = self.find(name, None).await? else { return Ok(None) };
        let text =
            str::from_utf8(&found.value).map_err(|error| VaultError::Later { cause: Some(error.into()) })?;
        Ok(Some(SecretString::from(text)))
    }

    /// This version, or the current one.
    pub(crate) async fn find(&self, name: &str, version: Option<&str>) -> Result<Option<Found>, VaultError> {
        let request = self.client.get_secret_value().secret_id(self.full(name));
        let answer = match request.set_version_id(version.map(str::to_owned)).send().await.map_err(refusal) {
            Err(refusal) if refusal.meaning == Meaning::Missing => return Ok(None),
            answer => answer?,
        };
        let version_id = answer.version_id.unwrap_or_default();
        let text = answer.secret_string.map(String::into_bytes);
        let value = answer.secret_binary.map(Blob::into_inner).or(text).unwrap_or_default();
        Ok(Some(Found { version_id, value: Zeroizing::new(value) }))
    }

    /// Makes this the current version, whatever was there, also if somebody marked the secret for deletion. Returns
    /// the version's id.
    pub(crate) async fn put(&self, name: &str, value: &[u8]) -> Result<String, VaultError> {
        let mut put = self.put_version(name, value).await;
        for _ in 0..MENDS {
            let Err(refusal) = &put else { break };
            put = match refusal.meaning {
                Meaning::Missing => self.create(name, value).await,
                Meaning::Exists => self.put_version(name, value).await,
                Meaning::Leaving => {
                    self.restore(name).await?;
                    self.put_version(name, value).await
                }
                Meaning::Other => break,
            };
        }
        Ok(put?)
    }

    /// The token that the SDK draws for each request becomes the version's id, and makes its retries harmless.
    async fn put_version(&self, name: &str, value: &[u8]) -> Result<String, Refusal> {
        let request = self.client.put_secret_value().secret_id(self.full(name));
        let put = request.secret_binary(Blob::new(value)).send().await.map_err(refusal)?;
        Ok(put.version_id.unwrap_or_default())
    }

    pub(crate) async fn create(&self, name: &str, value: &[u8]) -> Result<String, Refusal> {
        let request = self.client.create_secret().name(self.full(name)).secret_binary(Blob::new(value));
        let made = request.set_kms_key_id(self.kms_key.clone()).send().await.map_err(refusal)?;
        Ok(made.version_id.unwrap_or_default())
    }

    /// At once and for good. Deleting what is not there succeeds.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), VaultError> {
        let mut deleted = self.delete_now(name).await;
        if deleted.as_ref().is_err_and(|refusal| refusal.meaning == Meaning::Leaving) {
            // It would stay readable to whoever restores it.
            self.restore(name).await?;
            deleted = self.delete_now(name).await;
        }
        match deleted {
            Err(refusal) if refusal.meaning == Meaning::Missing => Ok(()),
            deleted => Ok(deleted?),
        }
    }

    async fn delete_now(&self, name: &str) -> Result<(), Refusal> {
        let request = self.client.delete_secret().secret_id(self.full(name));
        request.force_delete_without_recovery(true).send().await.map(|_| ()).map_err(refusal)
    }

    async fn restore(&self, name: &str) -> Result<(), Refusal> {
        let request = self.client.restore_secret().secret_id(self.full(name));
        request.send().await.map(|_| ()).map_err(refusal)
    }

    fn full(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }
}

/// The cause is kept, the answer's body is not.
fn refusal<E, R>(error: SdkError<E, R>) -> Refusal
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let meaning = match error.code() {
        Some("ResourceNotFoundException") => Meaning::Missing,
        Some("ResourceExistsException") => Meaning::Exists,
        Some("InvalidRequestException") => Meaning::Leaving,
        _ => Meaning::Other,
    };
    let cause = error.into_source().unwrap_or_else(|error| error.to_string().into());
    Refusal { meaning, cause }
}
