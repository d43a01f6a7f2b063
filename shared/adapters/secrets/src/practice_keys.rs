//! Where practice keys come from: 32 random bytes a practice that are made once and never change. What keys are for
//! is said elsewhere.

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_engine::ports::VaultError;
use secrecy::zeroize::Zeroizing;

/// A practice's secret, wiped when dropped.
pub type Secret = Zeroizing<[u8; 32]>;

#[async_trait]
pub(crate) trait PracticeKeys: Send + Sync {
    /// The practice's secret, made now if there is none yet.
    async fn secret(&self, practice: &PracticeId) -> Result<Secret, VaultError>;

    /// Looking makes none.
    async fn find_secret(&self, practice: &PracticeId) -> Result<Option<Secret>, VaultError>;
}

/// Fit for one segment of a path, so that no name reaches into another's place.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.bytes().all(plain)
}
