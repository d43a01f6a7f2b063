//! Credentials as rows that only the practice's key opens, in that connection's place, at that version. It does not
//! know where keys come from or where rows are kept.

use daybook_core::connection::Provider;
use daybook_core::ids::PracticeId;
use daybook_core::key::PracticeKey;
use daybook_engine::ports::vault::SealedRow;
use daybook_engine::ports::{ConnectionRef, Credentials, StoreError, Underlying, VaultError};

use crate::credentials_row::{from_bytes, to_bytes};
use crate::practice_keys::PracticeKeys;
use crate::seal::{Purpose, derive, open, seal};

/// The first byte of what is sealed.
const FORMAT: u8 = 1;

pub(crate) struct Sealer {
    keys: Box<dyn PracticeKeys>,
}

impl Sealer {
    pub fn new(keys: impl PracticeKeys + 'static) -> Self {
        Self { keys: Box::new(keys) }
    }

    pub async fn practice_key(&self, practice: &PracticeId) -> Result<PracticeKey, VaultError> {
        let secret = self.keys.secret(practice).await?;
        let key = derive(&secret, Purpose::Practice).map_err(unreachable)?;
        Ok(PracticeKey::new(&key))
    }

    pub async fn open(&self, at: &ConnectionRef, row: &SealedRow) -> Result<Credentials, VaultError> {
        let (header, sealed) = row.sealed.split_first_chunk::<2>().ok_or_else(|| damaged(at))?;
        let [FORMAT, letter] = *header else { return Err(damaged(at)) };
        let secret = self.keys.find_secret(&at.practice).await?.ok_or_else(|| damaged(at))?;
        let plain = open(&secret, &place(at, letter, row.version), sealed).map_err(|_| damaged(at))?;
        let credentials = from_bytes(&plain).map_err(|_| damaged(at))?;
        if letter_of(credentials.provider()) == letter { Ok(credentials) } else { Err(damaged(at)) }
    }

    pub async fn seal(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
        version: u64,
    ) -> Result<SealedRow, VaultError> {
        let letter = letter_of(credentials.provider());
        let secret = self.keys.secret(&at.practice).await?;
        let plain = to_bytes(credentials).map_err(unreachable)?;
        let sealed = seal(&secret, &place(at, letter, version), plain).map_err(unreachable)?;
        Ok(SealedRow { version, sealed: [&[FORMAT, letter], sealed.as_slice()].concat() })
    }
}

/// Each part behind its length, so that no two places read alike.
fn place(at: &ConnectionRef, provider: u8, version: u64) -> Vec<u8> {
    let (practice, connection) = (at.practice.as_str().as_bytes(), at.id.as_str().as_bytes());
    let parts = [practice, connection, &[provider], &version.to_be_bytes()];
    parts
        .into_iter()
        .flat_map(|part| {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes();
            length.into_iter().chain(part.iter().copied())
        })
        .collect()
}

fn letter_of(provider: Provider) -> u8 {
    match provider {
        Provider::Google => b'g',
        Provider::Microsoft => b'm',
        Provider::Caldav => b'c',
    }
}

pub(crate) fn unreachable(cause: impl Into<Underlying>) -> VaultError {
    VaultError::Later { cause: Some(cause.into()) }
}

pub(crate) fn damaged(at: &ConnectionRef) -> VaultError {
    VaultError::Sealed { connection: at.id.to_string() }
}

/// What the table's error means for the credentials in it.
pub(crate) fn meaning(at: &ConnectionRef, error: StoreError) -> VaultError {
    let connection = at.id.to_string();
    match error {
        StoreError::Stale { .. } | StoreError::Exists { .. } => VaultError::Stale { connection },
        // A row of a newer program is left alone: it is not lost, only not for this one to read.
        StoreError::Unreadable { .. } | StoreError::Missing { .. } | StoreError::Later { .. } => {
            unreachable(error)
        }
    }
}
