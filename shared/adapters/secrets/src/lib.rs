//! The vault: practice keys in files, credentials sealed in rows, and chance.
//! It caches nothing that it opened, and it never shows or logs what it holds.

mod credentials_row;
mod key_files;
mod random;
mod seal;
mod vault;

pub use random::SystemRandom;
pub use vault::SealedVault;
