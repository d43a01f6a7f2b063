//! The vault: practice keys and credentials, and chance.
//! It caches nothing that it opened but practice keys on AWS, and it never shows or logs what it holds.

#[cfg(feature = "secrets_manager")]
mod aws_vault;
mod credentials_row;
#[cfg(feature = "secrets_manager")]
mod envelope;
mod key_files;
#[cfg(feature = "secrets_manager")]
mod managed_keys;
#[cfg(feature = "secrets_manager")]
mod manager;
mod practice_keys;
mod random;
mod seal;
mod sealer;
mod vault;

#[cfg(feature = "secrets_manager")]
pub use aws_vault::{AwsVault, TokenStore};
#[cfg(feature = "secrets_manager")]
pub use manager::Secrets;
pub use random::SystemRandom;
pub use vault::SealedVault;
