//! How a secret that somebody must show us later is remembered without being kept: by its digest.

use sha2::{Digest, Sha256};

/// The digest of a random secret of at least 120 bits. Stored in the table; the secret itself is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proof([u8; 32]);

impl Proof {
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether this is the secret. Takes the same time for every wrong one.
    pub fn is_of(self, secret: &str) -> bool {
        let shown = Self::of(secret).0;
        self.0.iter().zip(shown).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
    }

    /// As stored.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// `None` where the length is not ours.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_itself_proves() {
        let proof = Proof::of("s3cret");
        assert!(proof.is_of("s3cret"));
        for wrong in ["", "s3cre", "s3cret ", "S3cret"] {
            assert!(!proof.is_of(wrong), "{wrong}");
        }
        assert_eq!(Proof::from_bytes(&proof.to_bytes()), Some(proof));
    }
}
