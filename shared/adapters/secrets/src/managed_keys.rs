//! One secret a practice in Secrets Manager. Deleting it shreds whatever was sealed with it, as soon as the processes
//! that have read it are gone. It never replaces a key, and never restores a deleted one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_engine::ports::VaultError;

use crate::manager::{Found, Meaning, Secrets};
use crate::practice_keys::{PracticeKeys, Secret, is_plain};
use crate::random::drawn;

/// The practices' secrets. Each is read once in a process's life: it never changes.
pub(crate) struct ManagedKeys {
    secrets: Secrets,
    known: Mutex<BTreeMap<PracticeId, Secret>>,
}

impl ManagedKeys {
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets, known: Mutex::default() }
    }

    fn known(&self, practice: &PracticeId) -> Option<Secret> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(practice).cloned()
    }

    fn remember(&self, practice: &PracticeId, secret: &Secret) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(practice.clone(), secret.clone());
    }
}

#[async_trait]
impl PracticeKeys for ManagedKeys {
    async fn secret(&self, practice: &PracticeId) -> Result<Secret, VaultError> {
        if let Some(secret) = self.find_secret(practice).await? {
            return Ok(secret);
        }
        let secret = Secret::new(drawn());
        match self.secrets.create(&key_name(practice)?, secret.as_slice()).await {
            Ok(_) => {
                self.remember(practice, &secret);
                Ok(secret)
            }
            // Whoever comes second uses the key of the first.
            Err(refusal) if refusal.meaning == Meaning::Exists => {
                self.find_secret(practice).await?.ok_or_else(|| refusal.into())
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    async fn find_secret(&self, practice: &PracticeId) -> Result<Option<Secret>, VaultError> {
        if let Some(secret) = self.known(practice) {
            return Ok(Some(secret));
        }
        let Some(found) = self.secrets.find(&key_name(practice)?, None).await? else { return Ok(None) };
        let secret = secret_in(&found)?;
        self.remember(practice, &secret);
        Ok(Some(secret))
    }
}

fn secret_in(found: &Found) -> Result<Secret, VaultError> {
    let bytes = <[u8; 32]>::try_from(found.value.as_slice());
    bytes.map(Secret::new).map_err(|_| unfit("the practice's key has not 32 bytes"))
}

fn key_name(practice: &PracticeId) -> Result<String, VaultError> {
    if is_plain(practice.as_str()) {
        Ok(format!("practices/{practice}/key"))
    } else {
        Err(unfit("the practice's name is no name of a secret"))
    }
}

fn unfit(why: &'static str) -> VaultError {
    VaultError::Later { cause: Some(why.into()) }
}
